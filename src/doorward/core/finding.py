"""Text at a place in a message, and what a detector recognised in it."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from itertools import repeat
from operator import attrgetter, is_
from types import MappingProxyType

import msgspec

Wholes = Mapping[tuple[str, str], frozenset[str]]
"""(entity, rule) of findings that are whole in themselves, and the entities of which one inside them is but a part."""

NO_WHOLES: Wholes = MappingProxyType({})


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


def resolve(findings: Iterable[Finding], wholes: Wholes = NO_WHOLES) -> list[Finding]:
    """Drop what overlaps: in one text the higher score wins, then the longer span, then the earlier one. What is a part
    of a finding by ``wholes`` gives way to it, whatever its score. What is left is in the order of its places.
    """
    kept: list[Finding] = []
    first = 0  # of a row in which each lies over one before it
    start = behind = -1
    ordered = _in_order(findings)
    last = ordered[0].text if ordered else None
    for count, finding in enumerate(ordered):
        text, here, end = finding.text, finding.start, finding.end
        if (here >= behind and here != start) or (text is not last and not _is_same(text, last)):
            if count - first > 1:
                kept += _best(ordered[first:count], wholes)
            elif count:
                kept.append(ordered[first])
            first, behind, last = count, -1, text
        start = here
        if end > behind:
            behind = end
    rest = ordered[first:]
    kept += rest if len(rest) < 2 else _best(rest, wholes)
    return kept


def _is_same(text: Text, other: Text | None) -> bool:
    return other is not None and text.pointer == other.pointer and text.key is other.key


def _in_order(findings: Iterable[Finding]) -> list[Finding]:
    """By pointer, a value before its name, then by start: one sort after the other, for to compare numbers or strings
    alone is several times cheaper than to compare tuples of them.
    """
    ordered = sorted(findings, key=_start_of)
    if not ordered or not all(map(is_, map(_text_of, ordered), repeat(ordered[0].text))):
        ordered.sort(key=_key_of)
        ordered.sort(key=_pointer_of)
    return ordered


_start_of, _text_of = attrgetter("start"), attrgetter("text")
_key_of, _pointer_of = attrgetter("text.key"), attrgetter("text.pointer")


def _best(findings: list[Finding], wholes: Wholes) -> list[Finding]:
    """The same for findings of one text that come in order."""
    if len(findings) == 2:
        return [_better(findings[0], findings[1], wholes)]
    taken: list[tuple[int, int, Finding]] = []
    parts: list[Finding] = []
    if wholes and len(findings) <= _FEW:
        around = [one for one in findings if (one.entity, one.rule) in wholes]
        parts = [one for one in findings if any(_is_part(one, of, wholes) for of in around)]
        findings = [one for one in findings if one not in parts] if parts else findings
    for finding in [*sorted(findings, key=_rank), *sorted(parts, key=_rank)]:
        at = bisect_left(taken, finding.start, key=_start)
        if at and taken[at - 1][1] > finding.start:
            continue
        if at < len(taken) and (taken[at][0] < finding.end or taken[at][0] == finding.start):
            continue
        taken.insert(at, (finding.start, finding.end, finding))
    return [entry[2] for entry in taken]


def _better(one: Finding, other: Finding, wholes: Wholes) -> Finding:
    """Of two that lie over each other, as most do that have to be settled."""
    if wholes:
        if _is_part(one, other, wholes):
            return other
        if _is_part(other, one, wholes):
            return one
    return one if _rank(one) <= _rank(other) else other


_FEW = 64  # findings that lie over each other: of more, each is weighed by itself


def _is_part(finding: Finding, of: Finding, wholes: Wholes) -> bool:
    """Whether it is shorter than the other, inside it, and of an entity that is a part of such a one."""
    return (
        of.start <= finding.start
        and finding.end <= of.end
        and of.end - of.start > finding.end - finding.start
        and finding.entity in wholes.get((of.entity, of.rule), ())
    )


def _rank(finding: Finding) -> tuple[float, int, int]:
    return -finding.score, finding.start - finding.end, finding.start


def _start(entry: tuple[int, int, Finding]) -> int:
    return entry[0]
