"""``doorward ship``"""

import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.audit_logs import Log
from tests.delivery.sinks import FAST
from tests.waiting import until_here

from doorward.bootstrap import shipping
from doorward.cli.ship import command
from doorward.shipping.shipper import Shipper

SERVERS = "servers: {crm: {url: http://127.0.0.1:9/mcp}}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "doorward.yaml"
    made.write_text(f"{SERVERS}audit: {{directory: audit, sinks: [{{use: file, path: out.jsonl, every: 10ms}}]}}\n")
    return made


def ship(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments))


def test_once_ships_what_is_there_and_ends(file: Path) -> None:
    writer = Log(file.parent / "audit").writer()
    writer.call()
    writer.close()
    done = ship("-c", str(file), "--once")
    assert (done.exit_code, done.output) == (0, "")
    assert len((file.parent / "out.jsonl").read_bytes().splitlines()) == 3
    assert ship("-c", str(file), "--once").exit_code == 0
    assert len((file.parent / "out.jsonl").read_bytes().splitlines()) == 3


def test_once_says_what_could_not_be_delivered(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Log(file.parent / "audit").writer()
    monkeypatch.setattr(shipping, "Shipper", partial(Shipper, pace=FAST))
    file.write_text(file.read_text().replace("out.jsonl", "missing/out.jsonl"))
    done = ship("-c", str(file), "--once")
    assert done.exit_code == 3
    assert "error: not delivered: file: " in done.output
    assert "No such file or directory" in done.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SERVERS, "audit.sinks is empty"),
        (f"{SERVERS}audit: {{sinks: [{{use: file}}]}}\n", "audit.sinks[0]"),
        (f"{SERVERS}audit: {{sinks: [{{use: nowhere}}]}}\n", "'nowhere' is not available"),
        (f"{SERVERS}audit: {{directory: none, sinks: [stdout]}}\n", "there is no log at"),
        ("servers: 7\n", "doorward.yaml"),
    ],
)
def test_what_is_wrong_use(file: Path, text: str, said: str) -> None:
    file.write_text(text)
    done = ship("-c", str(file), "--once")
    assert done.exit_code == 2
    assert said in done.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_runs_until_a_signal(file: Path, number: signal.Signals) -> None:
    writer = Log(file.parent / "audit").writer()
    out = file.parent / "out.jsonl"
    process = subprocess.Popen([sys.executable, "-m", "doorward", "ship", "-c", str(file)])
    try:
        until_here(lambda: out.exists() and len(out.read_bytes().splitlines()) == 1)
        writer.refusal()
        process.send_signal(number)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
    assert len(out.read_bytes().splitlines()) == 2  # what was there when it was told to end, too
