"""The user's own patterns. They run in RE2, whose time is linear in the text whatever the pattern."""

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import re2

from doorward.core.errors import DetectorFault
from doorward.core.finding import Finding
from doorward.core.leaf import Document

_LONGEST = 4096  # characters of a pattern
_MEMORY = 16 << 20  # bytes that RE2 may take for one pattern
_MOST = 10_000  # findings in one message; more is a pattern that fits everything
_OFTEN = 64  # matches or leaves between two looks at the clock
# What no pattern may find nothing in: "a*", "\b", "^" and their like fit everywhere, and there is nothing to replace.
_SAMPLES: Final = ("", "a", " ", "\n", "A-1 b_2.\n~é ")
_LONE: Final = re.compile("[\ud800-\udfff]")  # RE2 reads UTF-8, which cannot hold these


class Pattern(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What ``regex`` (RE2's syntax) finds is an ``entity``, with ``score`` from 0 to 1."""

    entity: str
    regex: str
    score: float = 0.85


class Custom:
    """The detector for all patterns of the configuration. Raises ValueError for one that cannot be used."""

    name = "patterns.custom"
    heavy = False
    triggers: Sequence[str] | None = None  # a pattern is about leaves, which the bytes may spell differently
    directions = frozenset({"arguments", "results"})

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._compiled = [
            (pattern, _compile(pattern, f"inspect.patterns[{index}] ({pattern.entity})"))
            for index, pattern in enumerate(patterns)
        ]

    def detect(self, document: Document) -> list[Finding]:
        """All that the patterns find in the leaves. Raises DetectorFault above 10,000 findings."""
        found: list[Finding] = []
        matches = 0
        for count, leaf in enumerate(document.leaves):
            if count % _OFTEN == 0:
                document.check()
            string = leaf.string if leaf.string.isascii() else _LONE.sub("�", leaf.string)
            for pattern, compiled in self._compiled:
                for match in compiled.finditer(string):
                    matches += 1
                    if matches % _OFTEN == 0:
                        document.check()
                    start, end = match.span()
                    if start == end:
                        continue
                    if len(found) == _MOST:
                        raise DetectorFault(f"the patterns of the configuration found more than {_MOST} values")
                    found.append(leaf.finding(start, end, pattern.entity, pattern.score, self.name, "custom"))
        return found


def _compile(pattern: Pattern, what: str) -> Any:
    """The pattern in RE2; ``what`` is how problems call it."""
    if not pattern.entity:
        raise ValueError(f"{what}: the entity is empty")
    if not 0 <= pattern.score <= 1:
        raise ValueError(f"{what}: the score is not between 0 and 1")
    if len(pattern.regex) > _LONGEST:
        raise ValueError(f"{what}: longer than {_LONGEST} characters")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        compiled = re2.compile(pattern.regex, options)
    except (re2.error, UnicodeEncodeError) as problem:
        raise ValueError(f"{what}: RE2 does not take it: {_said(problem)}") from None
    for sample in _SAMPLES:
        if any(match.start() == match.end() for match in compiled.finditer(sample)):
            raise ValueError(f"{what}: it matches the empty string")
    return compiled


def _said(problem: Exception) -> str:
    said = problem.args[0] if problem.args else ""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
