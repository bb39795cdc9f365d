import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from doorward.bootstrap.doctor.examination import Report
from doorward.bootstrap.doctor.line import Line
from doorward.cli import doctor as verb

OK, WARN = Line("ok", "keys", "private"), Line("warn", "checkpoints", "beside the log only", "set audit.checkpoints")
FAIL = Line("fail", "server crm", "no connection: \x1b[31mred", "start it")


def doctor(file: Path, *arguments: str) -> Result:
    return CliRunner().invoke(verb.command, ["-c", str(file), *arguments])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "doorward.yaml"
    made.write_text("{}")
    return made


@pytest.mark.parametrize(
    ("usable", "lines", "code"),
    [(True, [OK], 0), (True, [OK, WARN], 0), (True, [OK, WARN, FAIL], 1), (False, [FAIL], 2), (False, [OK], 2)],
)
def test_the_exit_code(file: Path, monkeypatch: pytest.MonkeyPatch, usable: bool, lines: list[Line], code: int) -> None:
    monkeypatch.setattr(verb, "examined", lambda path: Report(str(path), usable, lines))
    assert doctor(file).exit_code == code
    done = doctor(file, "--json")
    assert done.exit_code == code
    said = json.loads(done.stdout)
    assert said["ok"] == (FAIL not in lines)
    assert [line["state"] for line in said["lines"]] == [line.state for line in lines]


def test_a_line_for_each(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verb, "examined", lambda path: Report("doorward.yaml", True, [OK, WARN, FAIL]))
    assert doctor(file).stdout == (
        "ok    keys         private\n"
        "warn  checkpoints  beside the log only (set audit.checkpoints)\n"
        "fail  server crm   no connection: \N{REPLACEMENT CHARACTER}[31mred (start it)\n"
        "doorward.yaml: 1 fail, 1 warn, 1 ok\n"
    )


def test_a_real_file(file: Path) -> None:
    file.write_text('{"admin": {"address": "127.0.0.1:0"}, "listen": {"address": "127.0.0.1:0"}}')
    done = doctor(file)
    assert done.exit_code in (0, 1)  # how much room there is, nobody knows
    assert "keys" in done.stdout


def test_a_file_that_cannot_be_used(file: Path) -> None:
    file.write_text("mod: audit\n")
    done = doctor(file)
    assert done.exit_code == 2
    assert "did you mean mode?" in done.stdout


def test_no_file(tmp_path: Path) -> None:
    assert doctor(tmp_path / "gone.yaml").exit_code == 2
