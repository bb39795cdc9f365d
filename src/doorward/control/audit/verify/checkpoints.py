"""A writer's checkpoints: each signed, each naming the one before.

A signature vouches for all lines before its own, through the chain of ``prev``, as long as they are by the same key.
So only the last line of each unbroken run is verified, and each line where that fails: a log of little traffic has
nearly as many checkpoints as records, and a signature takes ten times as long as a record.
"""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from doorward.control.audit.verify.places import File
from doorward.control.audit.verify.public_keys import PublicKeys
from doorward.control.audit.verify.strict import Unclear, is_count, strict

LONGEST_CHECKPOINT = 64 << 20  # it lists exchanges that take long

_MARK = b',"signature":"'
_SIGNATURE = re.compile(rb'([A-Za-z0-9_-]{86})"\}\n', re.ASCII)
_TEXTS = ("writer", "head", "timestamp", "prev", "key_id")
_COUNTS = ("number", "count", "segment", "offset")


@dataclass(slots=True, frozen=True)
class Mark:
    """What a checkpoint says: the chain had ``count`` records, and this was its head."""

    writer: str
    number: int
    count: int
    head: str
    segment: int
    offset: int
    timestamp: str
    prev: str
    final: bool
    key_id: str
    body: bytes
    signature: bytes


@dataclass(slots=True)
class Proven:
    """The lines of a file that are vouched for, from its beginning: ``end`` bytes, ``lines`` checkpoints.

    ``fault``: what is wrong with the line after them. ``torn``: bytes of a line without an end. ``segments``: for each
    segment, where in the file the checkpoints made in it begin and end. ``within``: the last one among the first
    ``watched`` bytes.
    """

    path: Path | None = None
    end: int = 0
    lines: int = 0
    last: Mark | None = None
    within: Mark | None = None
    fault: str = ""
    torn: int = 0
    segments: dict[int, tuple[int, int]] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)

    def marks(self, segment: int | None = None) -> Iterator[Mark]:
        """The checkpoints that were made in one segment, or all of them."""
        start, end = (0, self.end) if segment is None else self.segments.get(segment, (0, 0))
        if self.path is not None and end > start:
            for line in _lines(File(self.path, end), start):
                yield _parted(line)


def prove(file: File, writer: str, keys: PublicKeys, watched: int = 0) -> Proven:
    """How far a file of checkpoints can be believed."""
    proven = _walked(file, writer, keys, watched, every=False)
    return proven if proven is not None else _walked(file, writer, keys, watched, every=True) or Proven(file.path)


def _walked(file: File, writer: str, keys: PublicKeys, watched: int, every: bool) -> Proven | None:
    """None: a signature that vouches for others is not right, and it must be seen which is the first."""
    proven = Proven(file.path)
    digest = ""
    for line in _lines(file):
        if not line.endswith(b"\n") and len(line) <= LONGEST_CHECKPOINT:
            proven.torn = len(line)
            break
        try:
            mark = _parted(line)
            _follows(mark, proven.last, writer, digest)
            if mark.key_id not in keys:
                raise Unclear(f"it is signed by the key {mark.key_id!r}, which is not among the public keys")
            if every and not _genuine(mark, keys):
                raise Unclear(f"its signature is not by the key {mark.key_id}")
        except Unclear as fault:
            proven.fault = f"line {proven.lines + 1} of its checkpoints: {fault}"
            break
        if proven.last is not None and mark.key_id != proven.last.key_id and not _genuine(proven.last, keys):
            return None
        begin, _ = proven.segments.get(mark.segment, (proven.end, 0))
        proven.end += len(line)
        proven.segments[mark.segment] = begin, proven.end
        proven.lines += 1
        proven.last = mark
        proven.keys.add(mark.key_id)
        if proven.end <= watched:
            proven.within = mark
        digest = sha256(line).hexdigest()
    if not every and proven.last is not None and not _genuine(proven.last, keys):
        return None
    return proven


def _lines(file: File, start: int = 0) -> Iterator[bytes]:
    place = start
    with file.path.open("rb") as opened:
        opened.seek(start)
        while place < file.size:
            line = opened.readline(min(LONGEST_CHECKPOINT + 1, file.size - place))
            if not line:
                return
            place += len(line)
            yield line


def _parted(line: bytes) -> Mark:
    """A line, taken apart: what is signed is what is read. Raises ``Unclear``."""
    head, mark, rest = line.rpartition(_MARK)
    signature = _SIGNATURE.fullmatch(rest)
    if not mark or signature is None:
        raise Unclear("it has no signature")
    body = head + b"}"
    value = strict(body)
    for name in _TEXTS:
        if not isinstance(value.get(name), str):
            raise Unclear(f"its {name} is not a text")
    for name in _COUNTS:
        if not is_count(value.get(name)):
            raise Unclear(f"its {name} is not a count")
    return _mark(value, body, base64.urlsafe_b64decode(signature[1] + b"=="))


def _mark(value: dict[str, Any], body: bytes, signature: bytes) -> Mark:
    if type(value.get("v")) is not int or value["v"] != 1 or value.get("kind") != "checkpoint":
        raise Unclear("it is no checkpoint of version 1")
    if not isinstance(value.get("final"), bool):
        raise Unclear("it does not say whether it is the last")
    return Mark(**{name: value[name] for name in (*_TEXTS, *_COUNTS, "final")}, body=body, signature=signature)


def _follows(mark: Mark, last: Mark | None, writer: str, digest: str) -> None:
    """Whether a checkpoint can stand behind ``last``, whose line has that digest. Raises ``Unclear``."""
    if mark.writer != writer:
        raise Unclear("it is another writer's")
    if mark.prev != digest:
        raise Unclear("it does not name the line before it: one was changed, removed, added or moved")
    if last is None:
        return
    if last.final:
        raise Unclear("it stands behind the last one")
    if mark.number != last.number + 1:
        raise Unclear(f"its number is {mark.number} and not {last.number + 1}")
    if mark.count < last.count or mark.segment < last.segment:
        raise Unclear("it goes back")


def _genuine(mark: Mark, keys: PublicKeys) -> bool:
    return keys.signed(mark.key_id, mark.body, mark.signature)
