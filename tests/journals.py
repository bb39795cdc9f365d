"""Journals for tests: one that signs with a key of its own, and what it wrote, read back and checked."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from doorward.core import audit_layout, checkpoint
from doorward.core.audit import AuditRecord
from doorward.gateway.journal import FileJournal, Files, Settings
from tests.waiting import PATIENCE

SETTINGS = Settings(stuck_after=PATIENCE, close_within=PATIENCE, retry_after=0.005, reserve_bytes=8192)


class Clock:
    """Stands still until it is moved: by it, a machine that is busy does not count as a disk that hangs."""

    def __init__(self) -> None:
        self.now = 1.0

    def __call__(self) -> float:
        return self.now


class Key:
    """Signs, and knows what it has signed."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        self.public = self._key.public_key()
        self.key_id = hashlib.sha256(self.public.public_bytes_raw()).hexdigest()[:16]

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)


class Told:
    """What a journal says of itself, in order."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def __call__(self, why: str) -> None:
        self.said.append(why)

    @property
    def again(self) -> bool:
        """It stopped and works again."""
        return self.said[-1:] == [""]


def journal(directory: Path, *, files: Files | None = None, settings: Settings = SETTINGS, **more: Any) -> FileJournal:
    more.setdefault("signer", Key())
    return FileJournal(directory, files=files or Files(), settings=settings, **more)


def record(name: str = "e", phase: str = "", exchange: str = "x", kind: str = "exchange") -> AuditRecord:
    return AuditRecord(
        event_id=name, exchange_id=exchange, kind=kind, phase=phase, timestamp="2026-01-01T00:00:00.000Z"
    )


def lines(directory: Path, writer: str) -> list[bytes]:
    """All lines of a writer, over its segments."""
    found = []
    for path in segments(directory, writer):
        found += path.read_bytes().splitlines(keepends=True)
    return found


def segments(directory: Path, writer: str) -> list[Path]:
    found = [path for path in (directory / writer).iterdir() if audit_layout.segment_number(path.name)]
    return sorted(found, key=lambda path: audit_layout.segment_number(path.name) or 0)


def chain(directory: Path, writer: str) -> list[dict[str, Any]]:
    """The records of a writer behind its opening; every line whole and in its place."""
    prev, found = "", []
    for number, line in enumerate(lines(directory, writer)):
        shown = json.loads(line)
        assert line.endswith(b"\n")
        assert (shown["writer"], shown["seq"], shown["prev"]) == (writer, number, prev)
        prev = hashlib.sha256(line).hexdigest()
        found.append(shown)
    assert (found[0]["kind"], found[0]["phase"]) == ("checkpoint", "opened")
    return found[1:]


def names(directory: Path, writer: str) -> list[str]:
    """The records by name; the journal's own by their reason."""
    return [shown["reason"] if shown["kind"] == "gap" else shown["event_id"] for shown in chain(directory, writer)]


def checkpoints(directory: Path, writer: str, key: Key) -> list[checkpoint.Checkpoint]:
    """All of them; each is signed, and says what the chain says."""
    text = (directory / writer / audit_layout.CHECKPOINTS).read_bytes()
    kept, prev, found = lines(directory, writer), "", []
    for number, line in enumerate(text.splitlines(keepends=True)):
        body, signature = _parted(line)
        key.public.verify(signature, checkpoint.CONTEXT + body)
        said = checkpoint.read(line)
        assert (said.writer, said.number, said.prev, said.key_id) == (writer, number, prev, key.key_id)
        assert said.head == hashlib.sha256(kept[said.count - 1]).hexdigest()
        prev = hashlib.sha256(line).hexdigest()
        found.append(said)
    return found


def _parted(written: bytes) -> tuple[bytes, bytes]:
    """(signed bytes, signature) of a line of checkpoints."""
    body, mark, encoded = written.removesuffix(b'"}\n').rpartition(b',"signature":"')
    assert mark
    return body + b"}", base64.b64decode(encoded + b"=" * (-len(encoded) % 4), altchars=b"-_", validate=True)


def whole_lines(file: Path) -> list[bytes]:
    """What is there of a file that grows. Behind the last line end is what is being written: half of a ``write``."""
    data = file.read_bytes()
    return data[: data.rfind(b"\n") + 1].splitlines()
