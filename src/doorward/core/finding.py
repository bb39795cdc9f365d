"""Text at a place in a message, and what a detector recognised in it."""

from bisect import bisect_left
from collections.abc import Iterable

import msgspec


class Text(msgspec.Struct, frozen=True, gc=False):
    """One string, member name or number of a message. ``pointer`` is RFC 6901 from the top of the message.

    ``key`` says that the text is the *name* of the member at ``pointer``, not its value; ``number`` that it is a number
    in its JSON spelling.
    """

    pointer: str
    string: str
    key: bool = False
    number: bool = False


class Finding(msgspec.Struct, frozen=True, gc=False):
    """A recognised span: ``text.string[start:end]`` is an ``entity`` with ``score`` (0 to 1), says ``detector``.

    ``value`` is what was recognised once escapes and encodings are undone; "": the span as it stands. ``rule`` says by
    what (``luhn+key``, ``github-token``). ``number``: the span is a number of JSON, here or in JSON inside the text,
    and must stay one. ``name``: it is in a member name, here or in JSON inside the text.
    """

    text: Text
    start: int
    end: int
    entity: str
    score: float
    detector: str
    value: str = ""
    rule: str = ""
    number: bool = False
    name: bool = False

    @property
    def read(self) -> str:
        """The value as it is meant."""
        return self.value or self.text.string[self.start : self.end]


def resolve(findings: Iterable[Finding]) -> list[Finding]:
    """Drop what overlaps: in one text the higher score wins, then the longer span, then the earlier one."""
    ranked = sorted(findings, key=lambda f: (-f.score, f.start - f.end, f.start))
    taken: dict[tuple[str, bool], list[tuple[int, int, Finding]]] = {}
    for finding in ranked:
        place = taken.setdefault((finding.text.pointer, finding.text.key), [])
        at = bisect_left(place, finding.start, key=_start)
        if at and place[at - 1][1] > finding.start:
            continue
        if at < len(place) and (place[at][0] < finding.end or place[at][0] == finding.start):
            continue
        place.insert(at, (finding.start, finding.end, finding))
    kept = [entry[2] for place in taken.values() for entry in place]
    kept.sort(key=lambda f: (f.text.pointer, f.text.key, f.start))
    return kept


def _start(entry: tuple[int, int, Finding]) -> int:
    return entry[0]
