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
    """Drop what overlaps: in one text the higher score wins, then the longer span, then the earlier one. A name inside
    of an address ("12 Rosa Parks Street") is a part of that. What is left is in the order of its places.
    """
    kept: list[Finding] = []
    together: list[Finding] = []  # in a row, each over one before it
    pointer, key, start, behind = "", False, -1, -1
    for finding in sorted(findings, key=_place):
        text = finding.text
        alone = finding.start >= behind and finding.start != start
        if alone or text.pointer != pointer or text.key is not key:
            kept += together if len(together) < 2 else _best(together)
            together = []
            pointer, key, behind = text.pointer, text.key, -1
        together.append(finding)
        start, behind = finding.start, max(behind, finding.end)
    kept += together if len(together) < 2 else _best(together)
    return kept


def _best(findings: list[Finding]) -> list[Finding]:
    """The same for findings of one text that come in order."""
    taken: list[tuple[int, int, Finding]] = []
    last: list[Finding] = []
    if len(findings) <= _FEW:
        places = [one for one in findings if one.entity == "LOCATION" and one.rule in _LINES]
        last = [one for one in findings if one.entity == "PERSON" and any(_is_part(one, of) for of in places)]
        findings = [one for one in findings if one not in last] if last else findings
    for finding in [*sorted(findings, key=_rank), *sorted(last, key=_rank)]:
        at = bisect_left(taken, finding.start, key=_start)
        if at and taken[at - 1][1] > finding.start:
            continue
        if at < len(taken) and (taken[at][0] < finding.end or taken[at][0] == finding.start):
            continue
        taken.insert(at, (finding.start, finding.end, finding))
    return [entry[2] for entry in taken]


_LINES = ("street", "postbox")
_FEW = 64  # findings that lie over each other: of more, each is weighed by itself


def _is_part(finding: Finding, of: Finding) -> bool:
    """Whether it is a shorter part of the other."""
    return of.start <= finding.start and finding.end <= of.end and of.end - of.start > finding.end - finding.start


def _place(finding: Finding) -> tuple[str, bool, int]:
    return finding.text.pointer, finding.text.key, finding.start


def _rank(finding: Finding) -> tuple[float, int, int]:
    return -finding.score, finding.start - finding.end, finding.start


def _start(entry: tuple[int, int, Finding]) -> int:
    return entry[0]
