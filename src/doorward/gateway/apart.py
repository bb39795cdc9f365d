"""The largest messages are looked through in a process of their own: its work keeps no other call waiting, and it can
be ended at the deadline whatever it does.

The process (``bootstrap/apart.py``) speaks frames over its pipes: four bytes of length, then msgpack. One question at
a time.
"""

import asyncio
import contextlib
import logging
import subprocess
from collections.abc import Sequence
from typing import IO

import msgspec

from doorward.core.errors import DetectorFault
from doorward.core.finding import Finding

log = logging.getLogger(__name__)

START = 30.0
"""Seconds in which the process must be ready; they are not the message's."""

MOST = 256 << 20
"""Bytes of one frame."""


class Question(msgspec.Struct, frozen=True):
    """Look through ``raw`` within ``seconds``."""

    raw: bytes
    direction: str
    seconds: float
    depth: int


class Answer(msgspec.Struct, frozen=True):
    """``fault``: the code of a ``DetectorFault``, or ""."""

    fault: str = ""
    findings: list[Finding] = []


class Apart:
    """One process for one set of detectors, started when it is first needed. ``setup`` is its first frame."""

    def __init__(self, command: Sequence[str], setup: bytes) -> None:
        self._command = tuple(command)
        self._setup = setup
        self._process: subprocess.Popen[bytes] | None = None
        self._busy: asyncio.Lock | None = None

    async def findings(self, raw: bytes, direction: str, seconds: float, depth: int) -> list[Finding]:
        """All findings, resolved. Raises ``DetectorFault``; a process that is late or broken has ended by then."""
        if self._busy is None:
            self._busy = asyncio.Lock()
        question = msgspec.msgpack.encode(Question(raw, direction, seconds, depth))
        async with self._busy:
            process = self._process
            try:
                if process is None or process.poll() is not None:
                    process = self._process = _started(self._command)
                    async with asyncio.timeout(START):
                        if await asyncio.to_thread(_asked, process, self._setup) != b"ready":
                            raise EOFError
                async with asyncio.timeout(seconds):
                    answer = msgspec.msgpack.decode(await asyncio.to_thread(_asked, process, question), type=Answer)
            except TimeoutError as late:
                self.close()
                raise DetectorFault("deadline", code="detector.timeout") from late
            except (OSError, EOFError, msgspec.MsgspecError) as broken:
                self.close()
                log.error("the process for the largest messages has broken: %s", type(broken).__name__)
                raise DetectorFault("apart") from broken
            except asyncio.CancelledError:  # its answer would be taken for the next one's
                self.close()
                raise
        if answer.fault:
            raise DetectorFault("apart", code=answer.fault)
        return answer.findings

    def close(self) -> None:
        """End the process now: a thread that waits for it sees its pipe end. The next question starts another."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what it did not take is lost with it
                    pipe.close()

    def __del__(self) -> None:
        self.close()


def _started(command: Sequence[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def _asked(process: "subprocess.Popen[bytes]", frame: bytes) -> bytes:
    """Send a frame and wait for one; in a thread. Raises ``OSError`` or ``EOFError`` when the process has ended."""
    assert process.stdin is not None
    assert process.stdout is not None
    send(process.stdin, frame)
    answer = receive(process.stdout)
    if answer is None:
        raise EOFError
    return answer


def send(sink: IO[bytes], frame: bytes) -> None:
    sink.write(len(frame).to_bytes(4, "big"))
    sink.write(frame)
    sink.flush()


def receive(source: IO[bytes]) -> bytes | None:
    """The next frame; None at the end, and for one that is longer than ``MOST``."""
    head = source.read(4)
    length = int.from_bytes(head, "big")
    if len(head) < 4 or length > MOST:
        return None
    frame = source.read(length)
    return frame if len(frame) == length else None
