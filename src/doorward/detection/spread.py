"""Who was found in one place of a message is found by the same words in the others: the customer of the record is named
in the note beside it.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final

import re2

from doorward.core.finding import Finding, Text
from doorward.core.leaf import Leaf
from doorward.detection import people
from doorward.detection.automata import Locate, automaton, locator, searcher
from doorward.detection.quiet import Reached

_MOST: Final = 500  # values
_ALIKE: Final = 24  # values that begin with the same word
_TOGETHER: Final = 1 << 16  # characters that are searched at once
_ONE_BY_ONE: Final = 1 << 17  # words times characters, for which an automaton is made as quickly
_IN_TURN: Final = 1 << 20  # values times characters
_BETWEEN: Final = "\x00"
_SCORE: Final = 0.7  # at which a finding is taken up
_WORD: Final = re.compile(r"\w+")
# Entities whose values mean the same wherever they stand.
_SPREAD: Final = frozenset(("PERSON", "CREDIT_CARD", "US_SSN", "ACCOUNT_ID", "PASSPORT", "DRIVER_LICENSE"))


def findings(
    leaves: Sequence[Leaf],
    found: Sequence[Finding],
    detector: str,
    check: Callable[[], None],
    shut: Sequence[Leaf] = (),
) -> list[Finding]:
    """More findings: values of ``found`` in other leaves, as whole words. Linear in the leaves that hold words. Raises
    ``Reached`` where one is in a text of ``shut``, be it as a part of a word.
    """
    values: dict[str, Finding] = {}
    for finding in found:
        if finding.entity in _SPREAD and finding.score >= _SCORE and len(values) < _MOST:
            value = finding.read
            if value not in values and _tells(value, finding.entity):
                values[value] = finding
    if not values:
        return []
    first: dict[str, list[str]] = {}
    for value in values:
        word = value.partition(" ")[0]
        if not word.isalnum():
            words = _WORD.match(value)
            if words is None:
                continue
            word = words[0]
        if word in first:
            first[word].append(value)
        else:
            first[word] = [value]
    if not first:
        return []
    for same in first.values():
        if len(same) > 1:
            same.sort(key=len, reverse=True)
            del same[_ALIKE:]
    if shut and _is_in(values, shut):
        raise Reached
    if shut:
        texts = {id(leaf.text) for leaf in shut}
        leaves = [leaf for leaf in leaves if not leaf.quiet or id(leaf.text) not in texts]
    more: list[Finding] = []
    taken: _Taken | None = None
    for index, start, value in _places(leaves, _Words(first), check):
        leaf = leaves[index]
        begin, _ = leaf.locate(start, start + len(value))
        if taken is None:
            taken = _Taken(found)
        if not taken.at(leaf.text, begin):
            source = values[value]
            more.append(leaf.finding(start, start + len(value), source.entity, 0.7, detector, source.rule + "+same"))
    return more


def _is_in(values: Iterable[str], leaves: Sequence[Leaf]) -> bool:
    """Whether one of the values stands in one of the leaves, which are of ASCII."""
    wanted = [value for value in values if value.isascii()]
    everything = _BETWEEN.join(leaf.string for leaf in leaves)
    if len(wanted) * len(everything) <= _IN_TURN:
        return any(value in everything for value in wanted)
    return searcher(automaton(b"|".join(re2.escape(value.encode()) for value in wanted)))(everything.encode())


class _Taken:
    """Where findings begin already. Few texts have many of them, so that starts are kept by text: numbers alone are
    cheaper to keep and to find than tuples with a place in them.
    """

    __slots__ = ("_names", "_values")

    def __init__(self, found: Sequence[Finding]) -> None:
        self._names: dict[str, set[int]] = {}
        self._values: dict[str, set[int]] = {}
        last: Text | None = None
        starts: set[int] = set()
        for finding in found:
            text = finding.text
            if text is not last:
                last = text
                kept = self._names if text.key else self._values
                starts = kept.get(text.pointer) or kept.setdefault(text.pointer, set())
            starts.add(finding.start)

    def at(self, text: Text, start: int) -> bool:
        """Whether one begins at ``start`` of ``text``."""
        return start in (self._names if text.key else self._values).get(text.pointer, ())


def _tells(value: str, entity: str) -> bool:
    """Whether a value is long enough to mean the same wherever it stands."""
    if _BETWEEN in value:
        return False
    if entity != "PERSON":
        return len(value) >= 6
    return len(value) >= 5 and people.likeness(value) >= 0.7


class _Words:
    """The words that values begin with, each with these values, the longest first."""

    __slots__ = ("_locate", "_sizes", "_words", "values")

    def __init__(self, values: dict[str, list[str]]) -> None:
        self._words = values
        self._sizes: dict[str, list[int]] = {}
        self.values = frozenset(chain.from_iterable(values.values()))
        self._locate: Locate | None = None

    def sizes(self, word: str) -> list[int]:
        """How long the values are that begin with ``word``, the longest first."""
        sizes = self._sizes.get(word)
        if sizes is None:
            sizes = self._sizes[word] = list(dict.fromkeys(map(len, self._words.get(word, ()))))
        return sizes

    def begins(self, text: str) -> Iterable[int]:
        """Where one of the words may begin in ``text``, in order. A few are looked for one by one: that is done before
        an automaton for them is made.
        """
        if len(self._words) * len(text) <= _ONE_BY_ONE:
            return sorted({start for word in self._words if word in text for start in _starts(word, text)})
        if self._locate is None:
            self._locate = locator(_any(self._words))
        return _begins(self._locate, text)


def _starts(word: str, text: str) -> Iterator[int]:
    start = text.find(word)
    while start >= 0:
        if not start or not _goes_on(text[start - 1]):
            yield start
        start = text.find(word, start + len(word))


def _begins(locate: Locate, text: str) -> Iterator[int]:
    """Where the words begin that an automaton of ``_any`` finds."""
    octets = text.encode("ascii", "replace")
    start, end = locate(octets, 0)
    while start >= 0:
        before = text[start]
        if not start and _goes_on(before):
            yield 0
        elif not _goes_on(before):  # else it is a letter that is not ASCII
            yield start + 1
        start, end = locate(octets, end)


def _goes_on(character: str) -> bool:
    """Whether a word goes on in it."""
    return character.isalnum() or character == "_"


def _any(words: Iterable[str]) -> Any:
    """One automaton for all words, over octets: other characters than ASCII are "?" there."""
    either = b"|".join(re2.escape(word.encode("ascii", "replace")) for word in words)
    return automaton(b"(?:^|[^0-9A-Za-z_])(?:" + either + b")")


def _places(leaves: Sequence[Leaf], words: _Words, check: Callable[[], None]) -> Iterator[tuple[int, int, str]]:
    """(index of the leaf, start, value) where values stand in the leaves, as whole words, in order; none overlap. Many
    leaves are searched together, but not those that are a value as a whole: most are where it was found.
    """
    values = words.values
    shortest = min(map(len, values))
    whole: list[tuple[int, int, str]] = []
    indices: list[int] = []
    strings: list[str] = []
    size = 0
    for index, leaf in enumerate(leaves):
        string = leaf.string
        if len(string) < shortest or leaf.number:
            continue
        if string in values:
            whole.append((index, 0, string))
        else:
            indices.append(index)
            strings.append(string)
        size += len(string)
        if size > _TOGETHER:
            check()
            yield from sorted([*whole, *_in(indices, strings, words)])
            whole, indices, strings, size = [], [], [], 0
    check()
    yield from sorted([*whole, *_in(indices, strings, words)])


def _in(indices: list[int], strings: list[str], words: _Words) -> Iterator[tuple[int, int, str]]:
    """The same in a few strings, with the index of each."""
    joined = _BETWEEN.join(strings)
    begins: list[int] = []
    behind = 0
    for start in words.begins(joined):
        if start < behind:
            continue
        word = _WORD.match(joined, start)
        for size in words.sizes(word[0]) if word is not None else ():
            value = joined[start : start + size]
            end = start + len(value)
            if value in words.values and not joined[end : end + 1].isalnum():
                if not begins:
                    place = 0
                    for string in strings:
                        begins.append(place)
                        place += len(string) + 1
                at = bisect_right(begins, start) - 1
                yield indices[at], start - begins[at], value
                behind = end
                break
