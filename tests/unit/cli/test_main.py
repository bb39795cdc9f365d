import subprocess
import sys

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


def test_an_unknown_verb_is_wrong_use() -> None:
    assert CliRunner().invoke(main, ["destroy"]).exit_code == 2
