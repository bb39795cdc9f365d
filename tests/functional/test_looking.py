"""``doorward inspect`` and ``doorward audit report``, as processes."""

import json
import subprocess
import sys
from pathlib import Path

from tests.functional.test_check import doorward

MAIL = "ines@fjordlight.example"


def piped(text: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "doorward", *arguments], input=text, capture_output=True, text=True, timeout=120
    )


def test_a_text_on_standard_input_and_the_usual_detectors() -> None:
    done = piped(f"Yesterday Ines Halvorsen wrote from {MAIL}.\n", "inspect", "-", "--json")
    assert (done.returncode, done.stderr) == (1, "")
    assert [(one["entity"], one["value"]) for one in json.loads(done.stdout)] == [
        ("PERSON", "In***"),
        ("EMAIL_ADDRESS", "in***"),
    ]


def test_a_file_and_a_configuration(tmp_path: Path) -> None:
    (tmp_path / "doorward.yaml").write_text("inspect: {detectors: [{use: stub, texts: {PERSON: [Ines]}}]}\n")
    (tmp_path / "said.txt").write_text("Jun and Ines")
    done = doorward("inspect", "-c", "doorward.yaml", "--values", "said.txt", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[1].split() == ["1", "/", "8-12", "PERSON", "1.00", "redact", "stub", "Ines"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["doorward.yaml", "said.txt"]


def test_a_report_wants_a_log(tmp_path: Path) -> None:
    (tmp_path / "doorward.yaml").write_text("servers: {crm: {url: http://127.0.0.1:9/mcp}}\n")
    done = doorward("audit", "report", "--pii", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no log at" in done.stderr
    (tmp_path / ".doorward" / "audit").mkdir(parents=True)
    done = doorward("audit", "report", "--pii", "--since", "24h", cwd=tmp_path)
    assert done.returncode == 0
    assert "Found 0: " in done.stdout
