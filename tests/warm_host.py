"""An interpreter that has imported its programs, and forks for each start of one.

    python warm_host.py ADDRESS [START]

Listens at ADDRESS, a Unix socket, until its stdin ends. A connection is one program: it brings what to run as JSON and
the three standard streams, gets the process's id, and at the end the exit code; if it is cut, the program is killed.
It runs under the interpreters of all peers, so it imports nothing of ours.
"""

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import struct
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

LENGTH = struct.Struct("!I")
REPLY = struct.Struct("!i")
STREAMS = 3


def preload(target: str) -> None:
    """Import what a program imports. A path is a script, all else a module; its own turn comes when it is run."""
    name = target
    if target.endswith(".py"):
        directory = str(Path(target).parent)
        if directory not in sys.path:
            sys.path.insert(0, directory)
        name = Path(target).stem
    importlib.import_module(name)
    del sys.modules[name]
    gc.collect()
    gc.freeze()  # what is imported stays, and no collection in a child shall touch, and so copy, its pages


def serve(address: str, first: list[str]) -> None:
    signal.signal(signal.SIGCHLD, _reap)
    with socket.socket(socket.AF_UNIX) as listener:
        known = set(first)
        for target in first:
            preload(target)
        listener.bind(address)  # who can connect need not wait for that
        listener.listen()
        while listener.fileno() in select.select([listener.fileno(), 0], [], [])[0]:
            with listener.accept()[0] as connection:
                _one(listener, connection, known)


def _reap(*_: object) -> None:
    """Not left to the kernel, which would not count their time as ours; whoever measures a test wants to see it."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _one(listener: socket.socket, connection: socket.socket, known: set[str]) -> None:
    data, streams, _, _ = socket.recv_fds(connection, LENGTH.size, STREAMS)
    try:
        if len(data) < LENGTH.size:
            return
        wanted = json.loads(_exactly(connection, *LENGTH.unpack(data)))
        if wanted["target"] not in known:
            preload(wanted["target"])
            known.add(wanted["target"])
        if os.fork() == 0:
            listener.close()
            _become(wanted, connection, streams)
    finally:
        for stream in streams:
            os.close(stream)


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count and (more := connection.recv(count - len(data))):
        data += more
    return data


def _become(wanted: dict[str, Any], connection: socket.socket, streams: list[int]) -> None:
    """Be the program, to its end."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        os.environ.clear()
        os.environ.update(wanted["environment"])
        os.chdir(wanted["directory"])
        sys.argv = [wanted["target"], *wanted["arguments"]]
        connection.sendall(REPLY.pack(os.getpid()))
        threading.Thread(target=_die_with, args=(connection,), daemon=True).start()
        code = _run(wanted["target"])
        sys.stdout.flush()
        sys.stderr.flush()
        connection.sendall(REPLY.pack(code))
    finally:
        os._exit(code)  # nothing of the host's own is to be ended here


def _run(target: str) -> int:
    try:
        if target.endswith(".py"):
            runpy.run_path(target, run_name="__main__")
        else:
            runpy.run_module(target, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if isinstance(end.code, int | None):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:  # noqa: BLE001  an interpreter, too, shows whatever it is and ends with 1
        traceback.print_exc()
        return 1
    return 0


def _die_with(connection: socket.socket) -> None:
    if not connection.recv(1):
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2:])
