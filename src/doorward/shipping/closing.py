"""Whether a writer that is marked as closed is all there.

While one is put back from a backup, its marker may be there before its records are: if that were taken for its end,
they would never be looked at.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec

from doorward.control.audit.read import LONGEST_LINE
from doorward.core import audit_layout

_PIECE = 16 << 10


class _Closed(msgspec.Struct):
    count: int


class _Last(msgspec.Struct):
    seq: Annotated[int, msgspec.Meta(ge=0, le=audit_layout.MOST_SEQ)]


_closed = msgspec.json.Decoder(_Closed).decode
_last = msgspec.json.Decoder(_Last).decode


def whole(place: Path, segments: Sequence[tuple[int, int]]) -> bool:
    """``segments``: number and bytes of each. What cannot be told counts as whole. Raises ``OSError``."""
    try:
        count = _closed(_bytes(place / audit_layout.CLOSED, 0, _PIECE)).count
        for number, size in reversed(segments):
            line = _last_line(place / audit_layout.segment(number), size)
            if line:
                return _last(line).seq + 1 >= count
    except (ValueError, RecursionError):
        return True  # damaged: nothing comes of waiting
    return count <= 0


def _last_line(path: Path, size: int) -> bytes:
    """Without its end; empty where there is none. Raises ``ValueError`` for one that is too long."""
    wanted = _PIECE
    while True:
        begin = max(0, size - wanted)
        lines = _bytes(path, begin, size - begin).split(b"\n")[:-1]
        if begin == 0 or len(lines) > 1:
            return lines[-1] if lines else b""
        if wanted >= LONGEST_LINE:
            raise ValueError("no line ends here")
        wanted *= 4


def _bytes(path: Path, offset: int, size: int) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe would hold us
    try:
        return os.pread(descriptor, size, offset)
    finally:
        os.close(descriptor)
