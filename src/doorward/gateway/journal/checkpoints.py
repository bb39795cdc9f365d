"""``checkpoints.jsonl``: the writer's signed word on how long its chain is (docs/guarantees.md, G5)."""

import contextlib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec

from doorward.core import audit_layout, checkpoint
from doorward.core.audit import timestamp
from doorward.core.checkpoint import Checkpoint, Open
from doorward.gateway.journal.files import NEW, Files, write_all
from doorward.gateway.journal.settings import Signer


class Mark(msgspec.Struct, frozen=True, gc=False):
    """A place in the journal behind a whole line. ``ticket``: all up to this one have met their fate."""

    descriptor: int
    segment: int
    offset: int
    count: int
    head: str
    ticket: int


class Checkpoints:
    """``count``, ``segment`` and ``offset`` are those of the last one; ``number`` is how many there are."""

    def __init__(self, place: Path, writer: str, signer: Signer, files: Files, wall: Callable[[], float]) -> None:
        """Raises ``OSError``."""
        self.number = 0
        self.count = 0
        self.segment = 0
        self.offset = 0
        self.policy_digest = ""
        self.manifest_digest = ""
        self._writer = writer
        self.signer = signer
        self._files = files
        self._wall = wall
        self._prev = ""
        self._size = 0
        self._file = files.open(place / audit_layout.CHECKPOINTS, NEW)

    def add(self, mark: Mark, still_open: tuple[Open, ...], *, final: bool = False) -> None:
        """Sign and write the next one. Raises ``OSError``; then there is none."""
        signer = self.signer  # another thread may change it
        body = checkpoint.unsigned(
            Checkpoint(
                writer=self._writer,
                number=self.number,
                count=mark.count,
                head=mark.head,
                segment=mark.segment,
                offset=mark.offset,
                timestamp=timestamp(self._wall()),
                prev=self._prev,
                policy_digest=self.policy_digest,
                manifest_digest=self.manifest_digest,
                open=still_open,
                final=final,
                key_id=signer.key_id,
            )
        )
        line = checkpoint.line(body, signer.sign(checkpoint.CONTEXT + body))
        # What an earlier failure left of a line, if it could not be cut off then, must go first.
        self._files.truncate(self._file, self._size)
        taken, fault = write_all(self._files, self._file, line)
        if fault is not None:
            if taken:
                with contextlib.suppress(OSError):
                    self._files.truncate(self._file, self._size)
            raise OSError(*fault.args)
        self.number += 1
        self.count, self.segment, self.offset = mark.count, mark.segment, mark.offset
        self._prev = sha256(line).hexdigest()
        self._size += len(line)

    def close(self, *, sync: bool) -> None:
        """Once, however often. Raises ``OSError`` where it was to be synced and could not be."""
        file, self._file = self._file, -1
        if file < 0:
            return
        try:
            if sync:
                self._files.sync(file)
        finally:
            self._files.close(file)
