"""Where in a long text an exact expression is worth trying.

Python's ``re`` tries every alternative at every character; one automaton of RE2 goes over the same text a hundred times
faster, but knows no Unicode classes and no look-around. So it finds the words that any of the forms needs, and the
exact forms are tried only around them.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Final

from doorward.detection.automata import Locate, automaton, locator

_MOST: Final = 1024  # characters that one expression is tried over at a time
# Beyond U+00FF, and of a case with a letter up to that.
_FOLDED: Final = re.compile("[\u0130\u0131\u0178\u017f\u039c\u03bc\u1e9e\u212a\u212b]").search


class Anchors:
    """``expressions`` in RE2's syntax over characters up to U+00FF; all others are "?" in the text, and "." in an
    expression. None matches where there is nothing. ``before`` and ``after``: how far from an anchor's begin and end
    the exact form may reach.
    """

    def __init__(self, expressions: Sequence[str], before: int = 0, after: int = 0) -> None:
        self._expressions = expressions
        self._before = before
        self._after = after

    @cached_property
    def _compiled(self) -> Any:
        together = "|".join(f"(?:{expression})" for expression in self._expressions)
        return automaton("".join(c if c < "\u0100" else "." for c in together).encode("latin-1"))

    @cached_property
    def _locate(self) -> Locate:
        return locator(self._compiled)

    def prepare(self) -> None:
        """Compile now what would else be compiled with the first text."""
        _ = self._locate

    def any(self, string: str) -> bool:
        """Whether there is an anchor at all."""
        return self._locate(string.encode("latin-1", "replace"), 0)[0] >= 0

    def may_be(self, string: str) -> bool:
        """Whether a form that always holds an anchor may be in ``string``. Python folds letters to each other of which
        the automaton sees "?", and of those beyond ASCII it folds none.
        """
        if self.any(string):
            return True
        return not string.isascii() and (_FOLDED(string) is not None or self.any(string.lower()))

    def hits(self, string: str) -> Iterator[tuple[int, int]]:
        """(start, end) of each anchor."""
        octets = string.encode("latin-1", "replace")
        locate = self._locate
        start, end = locate(octets, 0)
        while start >= 0:
            yield start, end
            start, end = locate(octets, end)

    def regions(self, string: str) -> Iterator[tuple[int, int, int]]:
        """(begin, behind, end): a form that begins in ``string[begin:behind]`` can go on until ``end``. In order;
        begins do not overlap.
        """
        begin = behind = -1
        for start, end in self.hits(string):
            start = max(0, start - self._before)
            if start > behind:
                if behind >= 0:
                    yield from self._cut(begin, behind, len(string))
                begin = start
            behind = end
        if behind >= 0:
            yield from self._cut(begin, behind, len(string))

    def _cut(self, begin: int, behind: int, size: int) -> Iterator[tuple[int, int, int]]:
        for start in range(begin, behind + 1, _MOST):
            stop = min(start + _MOST, behind + 1)
            yield start, stop, min(size, stop + self._after)


def found(form: Any, string: str, region: tuple[int, int, int]) -> Iterator[Any]:
    """The matches of an exact expression that begin in a region."""
    begin, behind, end = region
    for match in form.finditer(string, begin, end):
        if match.start() >= behind:
            return
        yield match
