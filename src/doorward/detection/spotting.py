"""What every match of a long expression must hold: words, with what may stand beside them.

A list of hundreds of words is an automaton whose states lie all over memory, so that to run it over a message that
holds none of them costs more than anything else that is done with the message. Hyperscan looks for the words along with
all else in one pass, and the list itself is asked only where it found one.

An expression that this cannot read has no words to spot, and is asked always.
"""

import math
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from itertools import accumulate
from operator import or_
from typing import Any, Final, NamedTuple

try:  # how Python itself reads expressions, which has no public name
    from re import _constants as _op  # type: ignore[attr-defined]
    from re import _parser  # type: ignore[attr-defined]
except ImportError:
    _parser = _op = None

Octets = int
"""A set of octets, a bit for each: every word has two of them."""


def _set(octets: Iterable[int]) -> Octets:
    return sum(1 << octet for octet in set(octets))


_EDGE: Final = 256  # stands for the begin or the end of the text, beside the 256 octets
_OCTETS: Final[Octets] = (1 << 256) - 1
_ASCII: Final[Octets] = (1 << 128) - 1
_ANY: Final[Octets] = (1 << 257) - 1
_PLENTY: Final = 5
"""Letters of a word that is rare enough to be looked for whatever stands beside it."""
_ALIKE: Final = 20.0  # letters that are about as frequent as each other
_SELDOM: Final = 0.05  # of all places
_BETWEEN: Final = 4
"""Octets between two words that are spotted together."""
_TOGETHER: Final = 8000  # letters of words in one expression, as Hyperscan takes no more than 16,000 characters
# What RE2 reads otherwise than Python: classes by name, and bounds without a lower one.
_OTHERWISE: Final = re.compile(r"\[:\^?[a-z]+:\]|\{,[0-9]*\}")

_CATEGORIES: Final[dict[str, Octets]] = {  # as RE2 has them
    "DIGIT": _set(b"0123456789"),
    "SPACE": _set(b"\t\n\f\r "),
    "WORD": _set(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"),
}
_SMALL: Final = _set(b"abcdefghijklmnopqrstuvwxyz")
_LETTERS: Final = _SMALL | _set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ") | (_OCTETS & ~_ASCII)
_CASE: Final = 32  # from a capital to its small letter


class _Word(NamedTuple):
    """A word that must occur, as an expression, and the octets that may stand before it and behind it."""

    said: str
    letters: int  # and digits, at least
    caseless: bool
    before: Octets
    behind: Octets

    @property
    def tells(self) -> bool:
        """Whether it says anything to find it: marks are everywhere, and so is a letter that may stand amid others."""
        return self.letters > 1 or (self.letters == 1 and _ANY not in (self.before, self.behind))

    @property
    def chance(self) -> float:
        """Very roughly, at how many of all places it is met in vain."""
        beside = self.before.bit_count() * self.behind.bit_count() / _ANY.bit_count() ** 2
        return _ALIKE**-self.letters * beside if self.tells else math.inf


def spots(expression: str) -> tuple[str, ...]:
    """Expressions one of which is found wherever ``expression`` is; none where there are no words to look for, or they
    are met too often to be of use.
    """
    if _parser is None or _OTHERWISE.search(expression):
        return ()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of what it may take for sets of sets some day
            tree = _parser.parse(expression.encode())
    except re.error:
        return ()
    if tree.state.flags & ~re.IGNORECASE:
        return ()
    words = _words(list(tree), bool(tree.state.flags & re.IGNORECASE), _ANY, _ANY)
    if words is None or _chance(words) > _SELDOM:
        return ()
    return tuple(_expressions(words))


def _expressions(words: Iterable[_Word]) -> Iterable[str]:
    """The words as expressions, each once, those of one neighbourhood together."""
    beside: dict[tuple[str, bool, bool], tuple[Octets, Octets]] = {}
    for word in words:
        known = (word.said.lower() if word.caseless else word.said, word.caseless, word.letters >= _PLENTY)
        before, behind = beside.get(known, (0, 0))
        beside[known] = before | word.before, behind | word.behind
    kinds: dict[tuple[bool, Octets, Octets], list[str]] = {}
    for (said, caseless, rare), (before, behind) in sorted(beside.items()):
        kinds.setdefault((caseless, _ANY if rare else before, _ANY if rare else behind), []).append(said)
    for (caseless, before, behind), ways in kinds.items():
        while ways:
            some = [way for way, end in zip(ways, accumulate(map(len, ways)), strict=True) if end < _TOGETHER] or ways[
                :1
            ]
            del ways[: len(some)]
            yield f"{_beside(before, '^')}(?{'i' if caseless else ''}:{'|'.join(some)}){_beside(behind, '$')}"


def _beside(octets: Octets, edge: str) -> str:
    if octets == _ANY:
        return ""
    listed = _listed(octets)
    if not octets >> _EDGE & 1:
        return f"[{listed}]"
    return f"(?:{edge}|[{listed}])" if listed else edge


def _listed(octets: Octets) -> str:
    """What stands in the brackets of a class."""
    said = ""
    first = 0
    for octet in range(257):
        if octet < 256 and octets >> octet & 1:
            continue
        if first < octet:
            said += _QUOTED[first] if first == octet - 1 else f"{_QUOTED[first]}-{_QUOTED[octet - 1]}"
        first = octet + 1
    return said


_QUOTED: Final = tuple(
    chr(octet) if octet < 128 and chr(octet).isalnum() else f"\\x{octet:02x}" for octet in range(256)
)
"""Each octet as an expression."""


# --- words ------------------------------------------------------------------------------------------------------------


def _words(items: Sequence[Any], caseless: bool, before: Octets, behind: Octets) -> list[_Word] | None:
    """One of these occurs in every match of a sequence; ``before`` and ``behind`` it there are these octets. Of all its
    parts that must occur the one is taken that is met in vain the least.
    """
    best: list[_Word] | None = None
    parts = list(_parts(items))
    for (begin, stop), (gap, _), (go_on, end) in zip(parts, parts[1:], parts[2:], strict=False):
        two = _two(items[begin:stop], items[gap], items[go_on:end], caseless)
        if two is not None:
            left = _reach(reversed(items[:begin]), caseless, before, _last)
            right = _reach(items[end:], caseless, behind, _first)
            found = [_Word(*two, left, right)]
            if best is None or _chance(found) < _chance(best):
                best = found
    for begin, end in parts:
        if items[begin][0] not in (_op.LITERAL, _op.SUBPATTERN, _op.BRANCH):
            continue  # it holds no word, so what is beside it need not be known
        left = _reach(reversed(items[:begin]), caseless, before, _last)
        right = _reach(items[end:], caseless, behind, _first)
        either = _words_of(items[begin:end], caseless, left, right)
        if either and (best is None or _chance(either) < _chance(best)):
            best = either
    return best


def _parts(items: Sequence[Any]) -> Iterable[tuple[int, int]]:
    """Where each part begins and ends: letters in a row are one."""
    begin = 0
    for at in range(1, len(items) + 1):
        if at == len(items) or not (items[at][0] is _op.LITERAL and items[at - 1][0] is _op.LITERAL):
            yield begin, at
            begin = at


def _words_of(part: Sequence[Any], caseless: bool, before: Octets, behind: Octets) -> list[_Word] | None:
    kind, said = part[0]
    if kind is _op.LITERAL:
        text = bytes(octet for _, octet in part)
        if not text.isascii():  # it fires by itself, and has a case that only RE2 knows
            return None
        letters = sum(chr(octet).isalnum() for octet in text)
        return [_Word("".join([_QUOTED[octet] for octet in text]), letters, caseless, before, behind)]
    if kind is _op.SUBPATTERN:
        inner = _inside(said, caseless)
        return None if inner is None else _words(list(said[3]), inner, before, behind)
    if kind is _op.BRANCH:
        ways = [_words(list(way), caseless, before, behind) for way in said[1]]
        return None if None in ways else [word for way in ways if way is not None for word in way]
    return None


def _two(one: Sequence[Any], gap: Any, other: Sequence[Any], caseless: bool) -> tuple[str, int, bool] | None:
    """Two words that mean something together ("first_name"), with the few octets between them, as one: each may be
    everywhere. The expression, its letters, and whether case counts for nothing.
    """
    kind, said = gap
    if kind is not _op.MAX_REPEAT or said[1] > _BETWEEN or len(said[2]) != 1:
        return None
    between = said[2][0]
    if between[0] not in (_op.IN, _op.ANY):
        return None
    begun, gone_on = _spelt(one, caseless), _spelt(other, caseless)
    if begun is None or gone_on is None or begun[2] != gone_on[2]:
        return None
    octets = _octets(between, False)
    if octets & _LETTERS:
        octets = _octets(between, caseless)
    return f"{begun[0]}[{_listed(octets)}]{{{said[0]},{said[1]}}}{gone_on[0]}", begun[1] + gone_on[1], begun[2]


def _spelt(items: Sequence[Any], caseless: bool) -> tuple[str, int, bool] | None:
    """The same of letters, or a choice of words, that stand in a row; None where anything else is in it."""
    expression, letters = "", 0
    for kind, said in items:
        inner: bool | None = caseless
        if kind is _op.LITERAL and said < 128:
            found: tuple[str, int, bool] | None = (_QUOTED[said], int(chr(said).isalnum()), caseless)
        elif kind is _op.SUBPATTERN:
            inner = _inside(said, caseless)
            found = None if inner is None else _spelt(list(said[3]), inner)
        elif kind is _op.BRANCH:
            ways = [_spelt(list(way), caseless) for way in said[1]]
            known = [way for way in ways if way is not None and way[2] == caseless]
            each = "|".join(way for way, _, _ in known)
            found = (f"(?:{each})", min(number for _, number, _ in known), caseless) if known == ways else None
        else:
            found = None
        if found is None or (found[2] != caseless and len(items) > 1):
            return None
        expression, letters, caseless = expression + found[0], letters + found[1], found[2]
    return expression, letters, caseless


def _chance(words: Sequence[_Word]) -> float:
    return sum(word.chance for word in words)


def _inside(said: Any, caseless: bool) -> bool | None:
    """Whether case counts for nothing in a group; None where it changes something else."""
    _, added, taken, _ = said
    if (added | taken) & ~re.IGNORECASE:
        return None
    return (caseless or bool(added & re.IGNORECASE)) and not taken & re.IGNORECASE


# --- octets -----------------------------------------------------------------------------------------------------------

Reach = Callable[[Any, bool], tuple[Octets, bool]]


def _reach(items: Iterable[Any], caseless: bool, beyond: Octets, side: Reach) -> Octets:
    """The octets that come first in these items (or last, when they are given from behind), or ``beyond`` them."""
    octets, may_be_empty = _whole(items, caseless, side)
    return octets | beyond if may_be_empty else octets


def _whole(items: Iterable[Any], caseless: bool, side: Reach) -> tuple[Octets, bool]:
    found = 0
    for item in items:
        octets, may_be_empty = side(item, caseless)
        found |= octets
        if not may_be_empty:
            return found, False
    return found, True


def _first(item: Any, caseless: bool) -> tuple[Octets, bool]:
    return _at_the_side(item, caseless, _first, list)


def _last(item: Any, caseless: bool) -> tuple[Octets, bool]:
    return _at_the_side(item, caseless, _last, reversed)


def _at_the_side(item: Any, caseless: bool, side: Reach, order: Callable[[Any], Iterable[Any]]) -> tuple[Octets, bool]:
    """The octets at one side of an item, and whether it may be empty. All of them where it is not understood."""
    kind, said = item
    if kind in (_op.LITERAL, _op.NOT_LITERAL, _op.IN, _op.ANY):
        return _octets(item, caseless), False
    if kind is _op.AT:
        is_edge = said in (_op.AT_BEGINNING, _op.AT_BEGINNING_STRING, _op.AT_END, _op.AT_END_STRING)
        return (1 << _EDGE, False) if is_edge else (_ANY, True)
    if kind in (_op.MAX_REPEAT, _op.MIN_REPEAT):
        octets, empty = _whole(order(list(said[2])), caseless, side)
        return octets, empty or said[0] == 0
    if kind is _op.SUBPATTERN:
        inner = _inside(said, caseless)
        return (_ANY, True) if inner is None else _whole(order(list(said[3])), inner, side)
    if kind is _op.BRANCH:
        ways = [_whole(order(list(way)), caseless, side) for way in said[1]]
        return reduce(or_, (octets for octets, _ in ways)), any(empty for _, empty in ways)
    return _ANY, True


def _octets(item: Any, caseless: bool) -> Octets:
    """Those that one place takes."""
    kind, said = item
    if kind is _op.ANY:
        return _OCTETS & ~(1 << 10)
    parts = said if kind is _op.IN else [(_op.LITERAL, said)]
    found = 0
    for how, what in parts:
        if how is _op.LITERAL:
            found |= 1 << what
        elif how is _op.RANGE:
            found |= (2 << what[1]) - (1 << what[0])
        elif how is _op.CATEGORY:
            listed = _CATEGORIES[str(what).removeprefix("CATEGORY_").removeprefix("NOT_")]
            found |= _OCTETS & ~listed if "_NOT_" in str(what) else listed
    if caseless:
        found |= (found & _SMALL) >> _CASE | (found & _SMALL >> _CASE) << _CASE
    is_negative = kind is _op.NOT_LITERAL or (kind is _op.IN and said[0][0] is _op.NEGATE)
    taken = _OCTETS & ~found if is_negative else found
    return taken | (_OCTETS & ~_ASCII) if caseless else taken  # RE2 knows the case of letters beyond ASCII too
