"""A hash key that is erased while the gateway runs: gone with the next reload, and the log as provable as before."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.adapters.journal import Journal
from tests.functional.gateway_process import doorward
from tests.functional.test_serve import call, configuration, upstream
from tests.waiting import PATIENCE, until_here


def audit(directory: Path, verb: str, *arguments: str) -> str:
    command = [sys.executable, "-m", "doorward", "audit", verb, "-c", str(directory / "doorward.yaml"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE * 3)
    assert done.returncode == 0, done.stderr
    return done.stdout


def hashed(directory: Path) -> list[Any]:
    """Key and hash of the arguments of each call, in order."""
    records = Journal(directory / ".doorward" / "audit").all()
    ordered = sorted((record for record in records if record["phase"] == "intent"), key=lambda found: found["seq"])
    return [(record["hash_key_id"], record["args_hash"]) for record in ordered]


def test_after_an_erased_key_and_a_reload_records_name_another(tmp_path: Path) -> None:
    keys = tmp_path / ".doorward" / "keys"
    with upstream() as (url, _), doorward(tmp_path, configuration(url)) as running:
        running.ready()
        assert call(running)[0] == 200
        ((erased, before),) = hashed(tmp_path)
        secret = (keys / "hashing-1.key").read_bytes()
        assert f"{erased}  20" in audit(tmp_path, "erase-key")
        assert "  erased 20" in audit(tmp_path, "erase-key", erased, "--yes", "--why", "Erasure of today, DPO-7")
        assert all(secret not in path.read_bytes() for path in keys.iterdir())
        running.signal(signal.SIGHUP)
        until_here(lambda: running.serves(2))
        assert call(running)[0] == 200
        _, (now, after) = hashed(tmp_path)
        running.signal(signal.SIGTERM)
        assert running.end() == 0
    assert now != erased
    assert after != before
    admin = [record for record in Journal(tmp_path / ".doorward" / "audit").all() if record["kind"] == "admin"]
    assert [record["detail"] for record in admin] == [f"{erased}: Erasure of today, DPO-7"]
    audit(tmp_path, "verify")
