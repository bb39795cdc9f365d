"""Makes the golden log beside it: `python -m tests.golden.audit.make`. It was run once; the files are what counts.

If this no longer makes the same bytes, the format has changed: then its version must change too.
"""

import shutil
import sys
from pathlib import Path

from tests.audit_logs import Key, Log

HERE = Path(__file__).parent


def make(directory: Path) -> Log:
    """Three writers: the first ended in order, the second was killed, the third put that in order and ended."""
    log = Log(directory / "log", exported=directory / "exported", key=Key("golden"), seed=5)
    first = log.writer(name="a1" * 16, segment_records=10)
    second = log.writer(name="b2" * 16, segment_records=10)
    for number in range(12):
        first.call(rules=(f"rule-{number % 3}",))
        if number % 4 == 3:
            first.checkpoint()
        second.call(tool_name="list_customers")
        if number % 5 == 4:
            second.checkpoint()
    first.refusal()
    first.close()
    second.intent()
    second.kill(b'{"v":1,"event_id":"0')
    third = log.writer(name="c3" * 16)
    third.recover(second)
    third.record("gap", decision="error", reason="journal.unavailable", detail="12 records could not be kept")
    for _ in range(5):
        third.call(identity="corp|alice")
    third.close()
    (directory / "public.pem").write_bytes(log.key.pem)
    return log


if __name__ == "__main__":
    for old in ("log", "exported"):
        shutil.rmtree(HERE / old, ignore_errors=True)
    make(HERE)
    sys.stdout.write(f"made in {HERE.name}\n")
