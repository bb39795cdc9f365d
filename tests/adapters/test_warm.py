"""A program in a warm interpreter is a process like any other: its streams, its surroundings, its end."""

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests import warm

SCRIPT = """
import json, os, sys

def main(what):
    print(json.dumps([what, os.environ.get("WARM"), os.getcwd(), os.getpid()]), flush=True)
    print("said on stderr", file=sys.stderr)
    if what == "echo":
        print(sys.stdin.read(), end="")
    elif what == "raise":
        raise ValueError("broken")
    elif what == "abort":
        os.abort()
    elif what == "hang":
        sys.stdin.read()
    else:
        sys.exit(int(what) if what.isdigit() else what)

if __name__ == "__main__":
    main(sys.argv[1])
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("script") / "warm_script.py"
    path.write_text(SCRIPT)
    return str(path)


def start(script: str, what: str, log: Path) -> warm.Process:
    with log.open("wb") as errors:
        return warm.Process(sys.executable, script, what, stderr=errors)


def ended(process: warm.Process) -> int:
    code = process.wait(20)
    process.stdin.close()
    process.stdout.close()
    return code


@pytest.mark.parametrize(
    ("what", "code", "told"),
    [
        ("0", 0, ""),
        ("3", 3, ""),
        ("a message", 1, "a message"),
        ("raise", 1, "ValueError: broken"),
        ("abort", warm.LOST, ""),
    ],
)
def test_the_exit_code_and_the_last_words_are_the_program_s(
    script: str, tmp_path: Path, what: str, code: int, told: str
) -> None:
    assert ended(start(script, what, tmp_path / "log")) == code
    said = (tmp_path / "log").read_text()
    assert "said on stderr" in said
    assert told in said


def test_streams_environment_and_directory_are_those_of_the_moment(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARM", "of this test")
    monkeypatch.chdir(tmp_path)
    process = start(script, "echo", tmp_path / "log")
    process.stdin.write(b"Gr\xc3\xbc\xc3\x9fe\n")
    process.stdin.close()
    first, second = process.stdout.read().decode().splitlines()
    assert first == f'["echo", "of this test", "{tmp_path}", {process.pid}]'
    assert second == "Grüße"
    assert process.pid != os.getpid()
    assert ended(process) == 0


def test_what_is_killed_is_gone(script: str, tmp_path: Path) -> None:
    process = start(script, "hang", tmp_path / "log")
    process.stdout.readline()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    process.kill()
    deadline = time.monotonic() + 20
    while Path(f"/proc/{process.pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not Path(f"/proc/{process.pid}").exists()
    assert ended(process) == warm.LOST


def test_a_command_ends_as_the_program_does(script: str) -> None:
    command = shlex.split(warm.command(script))
    done = subprocess.run([*command, "7"], capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stderr) == (7, "said on stderr\n")
    with subprocess.Popen([*command, "hang"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        pid = int(started.stdout.readline().rstrip("]\n").rpartition(" ")[2])
        started.kill()
    deadline = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not Path(f"/proc/{pid}").exists()
