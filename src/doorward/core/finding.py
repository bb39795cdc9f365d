"""Text at a place in a message, and what a detector recognised in it."""

from collections.abc import Iterable

import msgspec


class Text(msgspec.Struct, frozen=True):
    """One string or member name of a message. ``pointer`` is RFC 6901 from the top of the message.

    ``key`` says that the text is the *name* of the member at ``pointer``, not its value.
    """

    pointer: str
    string: str
    key: bool = False


class Finding(msgspec.Struct, frozen=True):
    """A recognised span: ``text.string[start:end]`` is an ``entity`` with ``score`` (0 to 1), says ``detector``."""

    text: Text
    start: int
    end: int
    entity: str
    score: float
    detector: str


def resolve(findings: Iterable[Finding]) -> list[Finding]:
    """Drop what overlaps: in one text the higher score wins, then the longer span, then the earlier one."""
    ranked = sorted(findings, key=lambda f: (-f.score, f.start - f.end, f.start))
    taken: dict[tuple[str, bool], list[Finding]] = {}
    for finding in ranked:
        place = taken.setdefault((finding.text.pointer, finding.text.key), [])
        if all(finding.end <= other.start or other.end <= finding.start for other in place):
            place.append(finding)
    kept = [finding for place in taken.values() for finding in place]
    kept.sort(key=lambda f: (f.text.pointer, f.text.key, f.start))
    return kept
