import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from doorward.cli.audit import command
from doorward.control.audit.verify import progress as bar

GOLDEN = Path(__file__).parents[3] / "golden" / "audit"
LOG, EXPORTED, KEY = (str(GOLDEN / name) for name in ("log", "exported", "public.pem"))


def verify(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["verify", *arguments])


@pytest.fixture
def configured(tmp_path: Path) -> Path:
    """A configuration beside the golden log and its key."""
    shutil.copytree(GOLDEN / "log", tmp_path / "audit")
    shutil.copytree(GOLDEN / "exported", tmp_path / "elsewhere")
    (tmp_path / "keys").mkdir(mode=0o700)
    shutil.copy(KEY, tmp_path / "keys" / "audit-0123456789abcdef.pub")
    file = tmp_path / "doorward.yaml"
    file.write_text(
        "servers: {crm: {url: http://127.0.0.1:9/mcp}}\n"
        "audit: {directory: audit, checkpoints: elsewhere}\nkeys: {directory: keys}\n"
    )
    return file


def test_as_configured(configured: Path) -> None:
    done = verify("-c", str(configured))
    assert done.exit_code == 0, done.output
    assert "INTACT: every record" in done.stdout
    assert "exported checkpoints of 3 of 3 writers" in done.stdout
    assert "\033" not in done.stdout


def test_a_copy_elsewhere_needs_no_configuration() -> None:
    assert verify("--directory", LOG, "--public-key", KEY).exit_code == 0
    done = verify("--directory", LOG, "--public-key", KEY, "--checkpoints", EXPORTED, "--json")
    assert (done.exit_code, json.loads(done.stdout)["complete"]) == (0, True)


def test_a_log_that_is_not_complete(configured: Path) -> None:
    shutil.rmtree(configured.parent / "audit" / ("b2" * 16))
    done = verify("-c", str(configured))
    assert done.exit_code == 1
    assert f"writer {'b2' * 16}, record 0: the whole writer is missing" in done.stdout
    assert "NOT COMPLETE: see above" in done.stdout


def test_without_keys(configured: Path) -> None:
    (configured.parent / "keys" / "audit-0123456789abcdef.pub").unlink()
    done = verify("-c", str(configured))
    assert done.exit_code == 2
    assert "give --public-key FILE" in done.stderr
    assert verify("--directory", LOG, "--public-key", str(configured)).exit_code == 2
    assert verify("--directory", LOG, "--public-key", "nothing.pem").exit_code == 2


def test_without_a_configuration_or_a_log(tmp_path: Path) -> None:
    done = verify("-c", str(tmp_path / "none.yaml"))
    assert (done.exit_code, "--directory and --public-key" in done.stderr) == (2, True)
    assert verify("--directory", str(tmp_path / "none"), "--public-key", KEY).exit_code == 2
    assert verify("--directory", LOG, "--public-key", KEY, "--checkpoints", str(tmp_path / "none")).exit_code == 2


def test_a_log_that_cannot_be_read(configured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from doorward.control.audit.verify import main

    def fails(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error", "journal-000001.jsonl")

    monkeypatch.setattr(main, "verify", fails)
    done = verify("-c", str(configured))
    assert done.exit_code == 3
    assert "journal-000001.jsonl cannot be read: Input/output error" in done.stderr


def test_the_single_file() -> None:
    done = verify("--print-verifier")
    assert done.exit_code == 0
    compile(done.stdout, "verify.py", "exec")


class Terminal:
    def __init__(self) -> None:
        self.written = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.written += text
        return len(text)

    def flush(self) -> None:
        return


def test_a_bar_appears_after_a_second_and_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(bar.time, "monotonic", lambda: now)
    terminal = Terminal()
    progress = bar.Progress(terminal)  # type: ignore[arg-type]
    progress(1, 4)
    assert terminal.written == ""
    now = 102.0
    progress(2 << 20, 4 << 20)
    assert "] " in terminal.written
    assert " 50%  2 of 4 MiB, 2 s left" in terminal.written
    progress.end()
    assert terminal.written.endswith("\r\033[K")
