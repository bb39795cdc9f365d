"""The values of a long JSON text in half the time, for who needs no fractions; or None, and `decode` must say.

`decode` has jiter look for names that stand twice, which takes it as long as all the rest, and keep every fraction as
it is spelt, which is an object each. Here another parser makes plain values, and writes them again. Where that is the
text that came, or has as many colons, then no name was dropped: none stood twice.
"""

from functools import cache
from typing import Any

from doorward.core.decode import may_hold_long_number
from doorward.core.scan import holds_escapes

LEAST, _MOST = 4096, 1 << 20  # bytes; `decode` looks at how many values are in a longer one
_LOOKED_AT, _NAMES = 2048, 32  # bytes from the start, names in them; with fewer it is text, and jiter as quick
_WRITTEN_DEPTH = 254  # how many containers orjson writes around one another


def skim(raw: bytes, depth: int) -> Any:
    """What `decode` makes of `raw`, but that a fraction, and an integer of more than 64 bits, is a double.

    None: it is not for here. Accepts nothing that `decode` refuses: a text in which `\\u` stands is left to it.
    """
    if not LEAST <= len(raw) <= _MOST or _names(raw) < _NAMES:
        return None
    if holds_escapes(raw) or not _bounds_depth():
        return None
    import orjson  # not before there is such a message

    around = _WRITTEN_DEPTH - depth
    try:
        value = orjson.loads(raw)
        again = orjson.dumps(_nested(value, around))
    except (ValueError, TypeError):  # what cannot be read, and what is too deep
        return None
    if len(again) == len(raw) + 2 * around and again.startswith(raw, around):
        return value
    # A colon that is not behind a name is in a string, where nothing but `\u` hides one, and is written again with it.
    if again.count(b":") != raw.count(b":") or may_hold_long_number(raw):
        return None
    return value


def _names(raw: bytes) -> int:
    """How many names stand at its start; in a string of JSON they do not count."""
    return raw.count(b'":', 0, _LOOKED_AT) - raw.count(b'\\":', 0, _LOOKED_AT)


def _nested(value: Any, around: int) -> Any:
    for _ in range(around):
        value = [value]
    return value


@cache
def _bounds_depth() -> bool:
    """Whether the writer's own limit, by which the depth is held, is where it was."""
    import orjson

    orjson.dumps(_nested([], _WRITTEN_DEPTH - 1))
    try:
        orjson.dumps(_nested([], _WRITTEN_DEPTH))
    except TypeError:
        return True
    return False
