"""One child process: started in a session of its own, and ended whole. Nothing here waits or needs an event loop.

``run`` starts its child with this file before it imports anything heavy; keep it that light.

The group outlives its leader as long as one member lives, and a leader that was not reaped keeps the number from being
given to somebody else. Hence the order in ``reap``: first the group is killed, then the leader is reaped.
"""

import atexit
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import IO

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_OURS = "DOORWARD_"
_INHERITED = frozenset(
    {
        "HOME",
        "LOGNAME",
        "USER",
        "SHELL",
        "PATH",
        "TERM",
        "LANG",
        "LANGUAGE",
        "TZ",
        "TMPDIR",
        "TEMP",
        "TMP",
        "SYSTEMROOT",
    }
    | {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS"}
)


def child_environment(base: Mapping[str, str], extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """``base`` and ``extra`` together, without every ``DOORWARD_*`` variable: those are for us alone."""
    return {name: value for name, value in {**base, **(extra or {})}.items() if not name.startswith(_OURS)}


def served_environment(base: Mapping[str, str], extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a server behind ``serve``: what every program needs, and what its configuration gives it.

    The gateway's own environment holds the secrets of all servers (``env:NAME``), so it is not handed on.
    """
    few = {k: v for k, v in base.items() if k.upper() in _INHERITED or k.startswith(("LC_", "XDG_"))}
    return child_environment(few, extra)


class Child:
    """A running process and the group it leads. ``stdin``, ``stdout`` and ``stderr`` are unbuffered pipe ends.

    ``returncode`` is None until ``reap``; below zero it is the number of the signal that ended the process.
    """

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.pid = process.pid
        self.returncode: int | None = None
        self.stdin: IO[bytes] = process.stdin
        self.stdout: IO[bytes] = process.stdout
        self.stderr: IO[bytes] | None = process.stderr
        self._process = process
        self._reaped = False
        atexit.register(self.reap)

    def signal(self, number: int) -> None:
        """Send a signal to the whole group. Harmless once it is gone."""
        if self._reaped:
            return
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
            pass

    def exited(self) -> bool:
        """Whether the leader has ended. It is left unreaped where the system can tell without reaping (Linux)."""
        if self._reaped:
            return True
        if hasattr(os, "waitid"):
            found = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            return found is not None
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid:
            self._ended(status)
        return pid != 0

    def reap(self) -> int:
        """Kill what is left of the group and collect the leader. Returns ``returncode``; repeatable.

        Our ends of the pipes stay open: whoever reads them closes them.
        """
        if not self._reaped:
            self.signal(signal.SIGKILL)
            self._ended(os.waitpid(self.pid, 0)[1])
        assert self.returncode is not None
        return self.returncode

    def _ended(self, status: int) -> None:
        if not hasattr(os, "waitid"):  # reaped before we knew: the group is killed at once, while its number is fresh
            self.signal(signal.SIGKILL)
        self._reaped = True
        self.returncode = self._process.returncode = os.waitstatus_to_exitcode(status)
        atexit.unregister(self.reap)


def spawn(argv: Sequence[str], env: Mapping[str, str], *, cwd: str | None = None, stderr_piped: bool = False) -> Child:
    """Start ``argv`` (no shell) in a new session. Raises ``OSError`` if it cannot be executed.

    Call it from a thread that lives as long as the child may: on Linux, PDEATHSIG is about the thread that forked.
    """
    process = subprocess.Popen(
        list(argv),
        env=dict(env),
        cwd=cwd,
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if stderr_piped else None,
        start_new_session=True,
        preexec_fn=_bound_to(os.getpid()),
    )
    return Child(process)


@lru_cache(maxsize=1)
def _prctl() -> Callable[..., object]:
    """Looked up once: each time it would be a new class, which only the garbage collector frees."""
    return ctypes.CDLL(None).prctl


def _bound_to(parent: int) -> Callable[[], None] | None:
    """Ask the kernel, between fork and exec, to end the child when we are gone, even by SIGKILL.

    Everything is looked up before the fork. What runs after it are two system calls that take no lock of ours, which is
    what makes it safe beside other threads. If the parent died before the kernel knew, nobody would be told any more.
    """
    if sys.platform != "linux":
        return None
    prctl = _prctl()
    number, terminate, getppid, leave = _PR_SET_PDEATHSIG, int(signal.SIGTERM), os.getppid, os._exit

    def bind() -> None:
        prctl(number, terminate, 0, 0, 0)
        if getppid() != parent:
            leave(127)

    return bind
