"""The way back from a copy of a text: where in the text each character of the copy began.

Most of a copy stands as it stood, so that a few runs say it all: what is done with them takes the time of the changes,
not of the text.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import overload


class Offsets(Sequence[int]):
    """One offset for each character of the copy, in order, and one for its end, as runs that count up by one."""

    __slots__ = ("_begins", "_places", "_size")

    def __init__(self) -> None:
        self._begins = array("L")  # where in the copy a run begins
        self._places = array("L")  # and where in the text
        self._size = 0

    def run(self, place: int, size: int) -> None:
        """``size`` further characters began at ``place`` and the places behind it."""
        if size > 0:
            made = self._size
            if not made or place - self._places[-1] != made - self._begins[-1]:
                self._begins.append(made)
                self._places.append(place)
            self._size = made + size

    def each(self, places: Iterable[int]) -> None:
        """One further character began at each of the ``places``."""
        for place in places:
            self.run(place, 1)

    def moved(self, by: int) -> "Offsets":
        """The same for a text of which this one begins ``by`` characters behind its beginning."""
        made = Offsets()
        made._begins, made._size = self._begins, self._size
        made._places = array("L", [place + by for place in self._places])
        return made

    def onto(self, outer: Sequence[int], skip: int = 0) -> "Offsets":
        """The way on, through ``outer`` from ``skip`` on: the text is itself a copy, or a part of one."""
        made = Offsets()
        if not isinstance(outer, Offsets):
            made.each([outer[skip + place] for place in self])
            return made
        begins = outer._begins
        for start, size in self._runs():
            start += skip
            end = start + size
            at = bisect_right(begins, start) - 1
            while start < end:
                behind = min(begins[at + 1], end) if at + 1 < len(begins) else end
                made.run(outer._places[at] + start - begins[at], behind - start)
                start = behind
                at += 1
        return made

    def _runs(self) -> Iterator[tuple[int, int]]:
        """(where it begins in the text, how many characters it has) of each run."""
        ends = chain(self._begins[1:], (self._size,))
        return ((place, end - begin) for begin, end, place in zip(self._begins, ends, self._places, strict=False))

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[int]:
        return chain.from_iterable(range(place, place + size) for place, size in self._runs())

    @overload
    def __getitem__(self, index: int) -> int: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[int]: ...

    def __getitem__(self, index: int | slice) -> int | Sequence[int]:
        if isinstance(index, slice):
            return list(self)[index]
        if index < 0:
            index += self._size
        if not 0 <= index < self._size:
            raise IndexError(index)
        at = bisect_right(self._begins, index) - 1
        return self._places[at] + index - self._begins[at]
