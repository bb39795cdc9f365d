"""What a gateway has written into its audit log, for tests to look at."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.waiting import PATIENCE

Record = dict[str, Any]


class Journal:
    """`journal.mark()`, then do something, then `journal.since()` is what was recorded of it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._seen = 0

    def all(self) -> list[Record]:
        files = sorted(self._directory.rglob("journal-*.jsonl"))
        # The last line may be being written.
        lines = [line for file in files for line in file.read_text().split("\n")[:-1] if line]
        read = [json.loads(line) for line in lines]
        return [record for record in read if record["kind"] != "checkpoint"]  # a writer's first says who else is there

    def mark(self) -> None:
        self._seen = len(self.all())

    def since(self) -> list[Record]:
        return self.all()[self._seen :]

    def outcomes(self) -> list[Record]:
        return [record for record in self.since() if record["phase"] == "outcome"]

    def of(self, **members: Any) -> list[Record]:
        """The records since the mark with these members."""
        return [record for record in self.since() if all(record.get(name) == v for name, v in members.items())]

    def all_ended(self) -> bool:
        """Whether no request is under way; streams are not asked after."""
        records = self.all()
        ended = {record["exchange_id"] for record in records if record["phase"] == "outcome"}
        return ended >= {
            record["exchange_id"] for record in records if record["phase"] == "intent" and record["kind"] == "exchange"
        }

    def until(self, found: Callable[[], Any], patience: float = PATIENCE, pause: float = 0.02) -> Any:
        """Waits for what is recorded after the client has its answer, such as the end of a stream."""
        deadline = time.monotonic() + patience
        while not (value := found()):
            assert time.monotonic() < deadline, f"it did not come within {patience} s; there is: {self.since()}"
            time.sleep(pause)
        return value
