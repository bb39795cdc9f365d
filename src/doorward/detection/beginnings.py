"""Where in a text an exact form can begin, or what it must hold can stand.

Python's ``re`` tries a form at every character. An automaton of RE2 names the few places worth trying: it is asked for
the next one, so that a text without any is gone over once, however many regions of it are looked at.

An expression is over characters up to U+00FF; all others are "?" in the text, and "." in an expression. It must match
wherever the form does, and may match more: where the form folds case, ``anycase``; where it has a class of characters
beyond U+00FF, "?" in it. What the form says of characters behind it has no place in it, as the form is tried in a part
of the text and sees an end where the text goes on.
"""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Final

from doorward.detection.anchors import found
from doorward.detection.automata import Locate, automaton, locator

UPPER: Final = "[A-Z?\u00c0-\u00de]"  # of all alphabets
LETTER: Final = "[A-Za-z?\u0080-\u00ff]"
# To these of ASCII alone Python folds letters beyond U+00FF: dotless and dotted i, the sign of Kelvin, the long s.
_FOLDS: Final = {letter: f"[{letter}?]" for letter in "iks"}


def anycase(words: str) -> str:
    """Words, with groups and options, in small letters or capitals."""
    return "(?i:" + "".join(_FOLDS.get(c, c) if c.isascii() else "." for c in words) + ")"


class Beginnings:
    """``expression`` begins with one character: the one that goes before the form, a newline before all of the text."""

    def __init__(self, expression: str) -> None:
        self.expression = expression

    @cached_property
    def _locate(self) -> Locate:
        return _located(self.expression)

    def prepare(self) -> None:
        """Compile now what would else be compiled with the first text."""
        _ = self._locate

    def of(self, octets: bytes) -> "Cursor":
        """In a text as ``padded`` gives it."""
        return Cursor(self._locate, octets)


def padded(string: str) -> bytes:
    """``string`` as the automata read it."""
    return b"\n" + string.encode("latin-1", "replace")


class Together:
    """The beginnings of forms of which most texts have none: they are asked for all at once first."""

    def __init__(self, *each: Beginnings) -> None:
        self._each = each

    @cached_property
    def _locate(self) -> Locate:
        return _located("|".join(f"(?:{beginnings.expression})" for beginnings in self._each))

    def prepare(self) -> None:
        """Compile now what would else be compiled with the first text."""
        _ = self._locate
        for beginnings in self._each:
            beginnings.prepare()

    def of(self, octets: bytes) -> "list[Cursor]":
        """For each of them; none where there is nothing of any."""
        if self._locate(octets, 0)[0] < 0:
            return []
        return [beginnings.of(octets) for beginnings in self._each]


def _located(expression: str) -> Locate:
    return locator(automaton("".join(c if c < "\u0100" else "." for c in expression).encode("latin-1")))


class Cursor:
    """The beginnings of one text, in order."""

    __slots__ = ("_at", "_locate", "_octets", "end")

    def __init__(self, locate: Locate, octets: bytes) -> None:
        self._locate = locate
        self._octets = octets
        self._at = -1
        self.end = -1
        """Of what was matched at the last one, in the string."""

    def next(self, position: int) -> int:
        """The first at ``position`` or behind it, which is never before one that was asked for; the text's size if
        there is none.
        """
        if self._at < position:
            # What goes before a character of the string has its index in what is padded.
            self._at, end = self._locate(self._octets, position)
            self.end = end - 1
            if self._at < 0:
                self._at = self.end = len(self._octets)
        return self._at


def begun(form: re.Pattern[str], string: str, region: tuple[int, int, int], cursor: Cursor) -> Iterator[Any]:
    """The matches of ``form`` that begin in a region of ``anchors``: those that ``anchors.found`` finds."""
    begin, behind, end = region
    while begin < behind:
        at = cursor.next(begin)
        if at >= behind:
            return
        match = form.match(string, at, end)
        if match is None:
            begin = at + 1
        else:
            yield match
            begin = match.end()


def holding(form: re.Pattern[str], string: str, region: tuple[int, int, int], cursor: Cursor) -> Iterator[Any]:
    """As ``begun``, where the cursor names what ``form`` must hold, and not where it begins."""
    if cursor.next(region[0]) < region[2]:
        yield from found(form, string, region)
