"""Child processes, without an event loop."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.processes import alive, children_of
from tests.waiting import until_here

from doorward.transports.child import Child, child_environment, served_environment, spawn

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

SLEEP = [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(300)"]


def close(child: Child) -> None:
    child.reap()
    for pipe in (child.stdin, child.stdout, child.stderr):
        if pipe is not None:
            pipe.close()


def test_our_variables_are_never_handed_on() -> None:
    base = {"PATH": "/bin", "DOORWARD_TOKEN": "x", "doorward_lower": "y"}
    assert child_environment(base, {"A": "1", "DOORWARD_B": "2"}) == {"PATH": "/bin", "doorward_lower": "y", "A": "1"}


def test_a_served_child_gets_little_of_ours_and_all_of_its_own() -> None:
    base = {"PATH": "/bin", "LC_ALL": "C", "http_proxy": "p", "CRM_KEY": "secret", "HOME": "/h", "LD_PRELOAD": "x"}
    assert served_environment(base, {"CRM_URL": "u", "PATH": "/own"}) == {
        "PATH": "/own",
        "LC_ALL": "C",
        "http_proxy": "p",
        "HOME": "/h",
        "CRM_URL": "u",
    }


def test_a_child_leads_a_session_of_its_own_in_our_directory_with_its_environment() -> None:
    program = "import os; print(os.getpid() == os.getsid(0) == os.getpgid(0), os.getcwd(), sorted(os.environ))"
    child = spawn([sys.executable, "-c", program], {"A": "1", "LC_CTYPE": "C.UTF-8"})
    assert child.stdout.read(1000) == f"True {os.getcwd()} ['A', 'LC_CTYPE']\n".encode()
    until_here(child.exited)
    assert child.returncode is None
    assert child.reap() == 0
    assert child.reap() == 0
    close(child)


def test_a_working_directory_can_be_given(tmp_path: Path) -> None:
    child = spawn([sys.executable, "-c", "import os; print(os.getcwd())"], os.environ, cwd=str(tmp_path))
    assert child.stdout.read(1000).decode().strip() == str(tmp_path)
    close(child)


def test_reaping_kills_whoever_is_left_of_the_group() -> None:
    program = (
        "import subprocess, sys, time\n"
        f"p = subprocess.Popen({SLEEP!r}, stdout=subprocess.DEVNULL)\nprint(p.pid, flush=True)\ntime.sleep(300)"
    )
    child = spawn([sys.executable, "-c", program], os.environ)
    grandchild = int(child.stdout.read(1000))
    assert not child.exited()
    assert child.reap() == -signal.SIGKILL
    until_here(lambda: not alive(grandchild))
    assert child.pid not in children_of(os.getpid())
    child.signal(signal.SIGTERM)  # nobody is there: harmless
    close(child)


def test_a_command_that_cannot_be_started_leaves_nothing() -> None:
    before = set(children_of(os.getpid()))
    with pytest.raises(FileNotFoundError):
        spawn(["/nowhere/at-all"], {})
    assert set(children_of(os.getpid())) == before


def run(ending: str) -> int:
    """Another process starts a child, says its id and ends as told; returns the id of the child."""
    program = (
        "import os, signal, sys\nfrom doorward.transports.child import spawn\n"
        f"child = spawn({SLEEP!r}, os.environ)\nchild.stdout.read(1)\nprint(child.pid, flush=True)\n{ending}\n"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=30, check=False)
    return int(found.stdout)


@pytest.mark.parametrize(
    "ending",
    [
        "",
        "sys.exit(3)",
        "raise ValueError",
        "os.kill(os.getpid(), signal.SIGKILL)",
        "os._exit(0)",
    ],
)
def test_however_we_end_the_child_ends(ending: str) -> None:
    pid = run(ending)
    until_here(lambda: not alive(pid))
