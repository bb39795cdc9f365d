import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from doorward.cli.main import VERBS, main

HEAVY = {
    "asyncio",
    "importlib.metadata",
    "msgspec",
    "orjson",
    "prometheus_client",
    "starlette",
    "uvicorn",
    "uvloop",
    "yaml",
}


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_help_names_every_verb_without_importing_any(arguments: list[str]) -> None:
    code = "import sys; from doorward.cli.main import main; main(standalone_mode=False); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60)
    imported = set(done.stdout.split())
    assert not imported & HEAVY
    assert {name for name in imported if name.startswith("doorward")} <= {
        "doorward",
        "doorward.cli",
        "doorward.cli.lazy",
        "doorward.cli.main",
    }
    for verb in VERBS:
        assert f"\n  {verb} " in done.stdout + done.stderr


def test_the_version_is_told() -> None:
    told = CliRunner().invoke(main, ["--version"])
    assert told.exit_code == 0
    assert told.output.startswith("doorward ")


@pytest.mark.parametrize(
    "verb", [["check"], ["doctor"], ["ship"], ["audit", "tail"], ["policy", "show"], ["override", "list"]]
)
def test_who_has_no_configuration_yet_is_told_where_to_begin(
    verb: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(main, verb)
    assert told.exit_code == 2
    assert "File 'doorward.yaml' does not exist: give its path with -c, or write one (README.md" in told.stderr


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (PermissionError(13, "Permission denied", "/log"), "/log: Permission denied (run this as the gateway's user)"),
        (OSError(28, "No space left on device"), "No space left on device"),
    ],
)
def test_what_the_system_refuses_is_one_line_and_no_answer(
    fault: OSError, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: Path) -> None:
        raise fault

    monkeypatch.setattr("doorward.cli.check.examine", fails)
    (tmp_path / "doorward.yaml").write_text("")
    told = CliRunner().invoke(main, ["check", "-c", str(tmp_path / "doorward.yaml")])
    assert (told.exit_code, told.stderr) == (3, f"error: {said}\n")


def test_who_read_enough_of_it_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: Path) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("doorward.cli.check.examine", fails)
    (tmp_path / "doorward.yaml").write_text("")
    told = CliRunner().invoke(main, ["check", "-c", str(tmp_path / "doorward.yaml")])
    assert (told.exit_code, told.stderr) == (1, "")


@pytest.mark.parametrize("group", ["token", "policy", "override", "audit"])
def test_what_a_verb_does_is_told_whole_in_80_columns(group: str) -> None:
    told = CliRunner().invoke(main, [group, "--help"], terminal_width=80)
    assert "..." not in told.output.partition("Commands:")[2]


def test_an_option_of_run_that_is_not_there_is_no_server() -> None:
    told = CliRunner().invoke(main, ["run", "--mod", "enforce", "--", "cat"])
    assert told.exit_code == 2
    assert "No such option: --mod (the server's command comes after --)." in told.stderr


def test_an_unknown_verb_is_wrong_use() -> None:
    assert CliRunner().invoke(main, ["destroy"]).exit_code == 2
