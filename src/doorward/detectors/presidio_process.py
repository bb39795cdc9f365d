"""The worker process of the Presidio detector, as its owner sees it: one question, one answer, and a hard stop.

It loads for seconds what then takes milliseconds, so it is started once, in good time, and kept. Whoever runs out of
time while it still loads leaves it loading; whoever runs out of time while it answers kills it, for nothing else stops
an expression that runs away, and the next one is started at once.
"""

import json
import logging
import os
import select
import signal
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

from doorward.core.errors import DetectorFault

log = logging.getLogger(__name__)

MOST_BYTES = 64 << 20
_TICK_MS = 5
_PIECE = 1 << 16
_PAUSE_S = 10.0
_HANDED_ON = frozenset({"HOME", "LANG", "LANGUAGE", "PATH", "PYTHONPATH", "TMPDIR", "TZ", "VIRTUAL_ENV"})
_MODELS = ("LC_", "XDG_", "HF_", "TRANSFORMERS_", "STANZA_", "TORCH_", "SPACY_", "NLTK_")  # where their caches lie

Check = Callable[[], None]


def environment(base: Mapping[str, str]) -> dict[str, str]:
    """What the worker sees: where things lie, and that it is offline. The gateway's own environment holds secrets."""
    few = {name: value for name, value in base.items() if name in _HANDED_ON or name.startswith(_MODELS)}
    few = {name: value for name, value in few.items() if not name.endswith(("TOKEN", "KEY", "SECRET"))}
    return few | {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "REGEX_TIMEOUT_SECONDS": "5"}


class Process:
    """One worker at a time, asked by one thread at a time. ``argv`` starts it, ``settings`` is its first frame.

    ``start_s``: seconds after which a worker that does not get ready is given up.
    """

    def __init__(self, argv: Sequence[str], settings: Mapping[str, Any], *, start_s: float = 120.0) -> None:
        self._argv = list(argv)
        self._settings = dict(settings)
        self._start_s = start_s
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = False
        self._began = 0.0
        self._not_before = 0.0
        self._inbox = bytearray()

    def start(self) -> None:
        """Begin to load, and do not wait for it. Raises ``DetectorFault``."""
        with self._lock:
            self._running()

    def ask(self, questions: Any, check: Check) -> Any:
        """The answer to one frame. ``check`` raises when there is no time left. Raises ``DetectorFault``."""
        while not self._lock.acquire(timeout=_TICK_MS / 1000):
            self._in_time(check)
        try:
            process = self._running()
            self._await_ready(process, check)
            return self._exchange(process, _frame(questions), check)
        finally:
            self._lock.release()

    def close(self) -> None:
        """End the worker, whatever it does."""
        with self._lock:
            self._kill()

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is not None:
            return self._process
        if time.monotonic() < self._not_before:
            raise DetectorFault("the Presidio worker did not start; see the log")
        self._began, self._ready = time.monotonic(), False
        try:
            self._process = process = subprocess.Popen(
                self._argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # Presidio's log may quote the text
                env=environment(os.environ),
                start_new_session=True,
                bufsize=0,
            )
        except OSError as error:
            raise self._given_up(f"{self._argv[0]}: {error.strerror}") from error
        for pipe in (_in(process), _out(process)):
            os.set_blocking(pipe.fileno(), False)
        try:
            os.write(_in(process).fileno(), _frame(self._settings))  # less than a pipe holds
        except OSError:
            pass  # it has ended; whoever waits for its first frame will see that
        return process

    def _await_ready(self, process: "subprocess.Popen[bytes]", check: Check) -> None:
        """Wait for the first frame. A message's time may end before; the worker goes on loading for the next one."""
        if self._ready:
            return

        def in_time() -> None:
            if time.monotonic() > self._began + self._start_s:
                raise self._given_up(f"not ready within {self._start_s:g} s")
            self._in_time(check)

        try:
            first = self._receive(process, in_time)
        except (EOFError, OSError, ValueError) as error:
            raise self._given_up("it ended, or said what no worker says, before it was ready") from error
        if not isinstance(first, dict) or "ready" not in first:
            raise self._given_up(str(first.get("error", "")) if isinstance(first, dict) else "not our worker")
        self._ready = True
        log.info("presidio-analyzer %s is ready, after %.1f s", first["ready"], time.monotonic() - self._began)

    def _exchange(self, process: "subprocess.Popen[bytes]", frame: bytes, check: Check) -> Any:
        try:
            self._send(process, frame, lambda: self._in_time(check))
            answer = self._receive(process, lambda: self._in_time(check))
        except (DetectorFault, OSError, EOFError, ValueError) as error:
            self._kill()
            self._running()
            if isinstance(error, DetectorFault):
                raise
            raise DetectorFault(f"the Presidio worker broke off: {type(error).__name__}") from error
        if not isinstance(answer, dict) or "found" not in answer:
            raise DetectorFault(f"Presidio raised {answer.get('error') if isinstance(answer, dict) else 'nothing'}")
        return answer["found"]

    def _send(self, process: "subprocess.Popen[bytes]", frame: bytes, in_time: Check) -> None:
        pipe, view = _in(process).fileno(), memoryview(frame)
        while view:
            _await(pipe, select.POLLOUT, in_time)
            view = view[os.write(pipe, view[:_PIECE]) :]

    def _receive(self, process: "subprocess.Popen[bytes]", in_time: Check) -> Any:
        """The next frame out; what came of it so far is kept when ``in_time`` raises."""
        pipe, inbox = _out(process).fileno(), self._inbox
        while True:
            if len(inbox) >= 4:
                (length,) = struct.unpack_from(">I", inbox)
                if length > MOST_BYTES:
                    raise ValueError("frame too long")
                if len(inbox) >= 4 + length:
                    body = bytes(inbox[4 : 4 + length])
                    del inbox[: 4 + length]
                    return json.loads(body)
            _await(pipe, select.POLLIN, in_time)
            piece = os.read(pipe, _PIECE)
            if not piece:
                raise EOFError
            inbox += piece

    def _in_time(self, check: Check) -> None:
        try:
            check()
        except DetectorFault as fault:
            raise DetectorFault("presidio: no time left", code="detector.timeout") from fault

    def _given_up(self, why: str) -> DetectorFault:
        """A worker that does not get ready is not tried anew for every message."""
        self._kill()
        self._not_before = time.monotonic() + _PAUSE_S
        log.error("the Presidio worker did not start: %s", why)
        return DetectorFault("the Presidio worker did not start; see the log")

    def _kill(self) -> None:
        process, self._process = self._process, None
        self._ready = False
        self._inbox.clear()
        if process is None:
            return
        try:
            os.killpg(process.pid, signal.SIGKILL)  # not reaped yet, so that the number is still its own
        except (ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
            pass
        for pipe in (_in(process), _out(process)):
            pipe.close()
        process.wait()


def _frame(value: Any) -> bytes:
    body = json.dumps(value).encode()
    if len(body) > MOST_BYTES:
        raise DetectorFault("presidio: the text is too long")
    return struct.pack(">I", len(body)) + body


def _await(pipe: int, event: int, in_time: Check) -> None:
    """Until the pipe is ready (or at its end)."""
    poll = select.poll()
    poll.register(pipe, event)
    while not poll.poll(_TICK_MS):
        in_time()


def _in(process: "subprocess.Popen[bytes]") -> IO[bytes]:
    assert process.stdin is not None
    return process.stdin


def _out(process: "subprocess.Popen[bytes]") -> IO[bytes]:
    assert process.stdout is not None
    return process.stdout
