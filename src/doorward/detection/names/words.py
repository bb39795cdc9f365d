"""Text cut into tokens, and what the model looks at in one token.

Everything the model knows of a position is a sum over the tokens around it, each seen alone (so that it can be cached
by word), plus what the *classes* of two or three neighbours say together. Training and running share this file.
"""

import re
from itertools import islice

from doorward.detection.names import lexicon

EDGE = "\n"
"""The token before the first, after the last, and between two lines."""

_TOKEN = re.compile(r"['’]s\b|[@#]\w+|[^\W\d_a-zß-öø-ÿ]\.|\w+(?:['’](?!s\b)\w+)*+|[^\w\s]")
_LONGEST = 60
OPAQUE = "\x00"
"""Stands for a URL, an address or anything else too long for a word."""

_SIGNS = {EDGE: "¶", OPAQUE: "¶u"}

GIVEN, SURNAME, PLACE, COMMON, ORG = 1, 2, 4, 8, 16
"""What training says that a word often is; flags of one number."""


def tokens(chunk: str) -> tuple[str, ...]:
    """The tokens of one run without blanks."""
    if len(chunk) > _LONGEST or "://" in chunk or chunk.startswith("www."):
        return (OPAQUE,)
    if "@" in chunk:
        before, _, behind = chunk.partition("@")
        if before[-1:].isalnum() and "." in behind:
            return (OPAQUE,)
    return tuple(_TOKEN.findall(chunk))


def place(chunk: str) -> list[tuple[int, int]]:
    """Where each of ``tokens(chunk)`` begins and ends in it."""
    found = tokens(chunk)
    if found == (OPAQUE,):
        return [(0, len(chunk))]
    return [match.span() for match in _TOKEN.finditer(chunk)]


def span(chunk: str, index: int) -> tuple[int, int]:
    """``place(chunk)[index]``, if the tokens are several."""
    return next(islice(_TOKEN.finditer(chunk), index, None)).span()


def spread(text: str) -> list[str]:
    """The tokens of ``text``, with ``EDGE`` between lines."""
    result: list[str] = []
    for line in text.splitlines():
        if result:
            result.append(EDGE)
        for chunk in line.split():
            result.extend(tokens(chunk))
    return result


_FUNCTION = (
    (lexicon.TITLES, "T"),
    (lexicon.MONTHS, "M"),
    (lexicon.SPEECH, "V"),
    (lexicon.ROLES, "R"),
    (lexicon.GREETINGS, "H"),
    (lexicon.PARTICLES, "q"),
    (lexicon.PLACE_BEFORE, "I"),
    (lexicon.BEFORE, "F"),
    (lexicon.AND, "&"),
    (lexicon.DETERMINERS, "D"),
    (lexicon.PRONOUNS, "N"),
    (lexicon.ORG_SUFFIXES, "O"),
    (lexicon.PLACE_SUFFIXES, "S"),
    (lexicon.PEOPLES, "E"),
    (lexicon.PLACES, "L"),
)
_FUNCTIONS: dict[str, str] = {}
for _words, _mark in reversed(_FUNCTION):
    for _word in _words:
        _FUNCTIONS[_word] = _mark


def function(lower: str) -> str:
    """What a word of a closed class does, or nothing."""
    return _FUNCTIONS.get(lower, "")


def lower(word: str) -> str:
    """The token as the model knows it."""
    return _SIGNS.get(word) or word.lower()


def case(word: str) -> str:
    """l lower, C capitalised, A all capitals, I an initial, m mixed, 0 has digits, else the sign itself."""
    if word.isalpha():
        if word.islower():
            return "l"
        if word.istitle():
            return "C" if len(word) > 1 else "I"
        if word.isupper():
            return "A" if len(word) > 1 else "I"
        return "C" if word[0].isupper() and word[1:2].islower() else "m"
    first = word[0]
    if word == OPAQUE:
        return "u"
    if first in "@#" and len(word) > 1:
        return first
    if word.isdigit():
        return "0"
    if first.isalpha():
        if len(word) == 2 and word[1] == ".":
            return "I"
        if "'" in word or "’" in word:
            return "C" if first.isupper() else "l"
        return "a"
    if first.isdigit():
        return "a"
    if word == EDGE:
        return "^"
    if len(word) == 2:
        return "'s"
    return first if first in ".,:;!?()'\"“”‘’-–—/&|<>*_[]{}=+$%" else "¤"


def gazetteer(flags: int) -> str:
    """One letter for what the learned list says of a word."""
    if flags & GIVEN:
        return "b" if flags & SURNAME else "g"
    if flags & SURNAME:
        return "s"
    if flags & PLACE:
        return "p"
    if flags & ORG:
        return "o"
    return "k" if flags & COMMON else "-"


def kind(word: str, flags: int) -> str:
    """The class of a token, for what neighbours say together."""
    look = case(word)
    if look not in ("l", "C", "A", "m", "I"):
        return look
    lower = word.lower()
    mark = _FUNCTIONS.get(lower, "")
    if look == "l":
        return "l" + (mark or gazetteer(flags & ~(PLACE | ORG)))
    if look == "I":
        return "I"
    if mark in ("T", "M", "O", "S", "E", "L", "R", "H"):
        return look + mark
    extra = "k" if flags & COMMON and flags & (GIVEN | SURNAME) else ""
    if mark:
        return look + "f"
    return look + gazetteer(flags) + extra


def attributes(word: str, flags: int) -> tuple[list[str], list[str], list[str], str]:
    """What is looked at in the token itself, in one beside it, and in one two away; and the token's class."""
    look = case(word)
    lower = _SIGNS.get(word) or word.lower()
    own = kind(word, flags)
    near = ["w" + lower, "k" + own]
    far = ["w" + lower, "k" + own]
    here = ["w" + lower, "k" + own]
    if look in ("l", "C", "A", "m"):
        size = len(lower)
        c = look if look != "m" else "C"
        here.append(f"z{c}{min(size, 9)}")
        if look != "l" or flags != COMMON:  # a common word says all by itself
            for n in (1, 2, 3, 4):
                if size > n:
                    here.append("p" + lower[:n])
                    here.append(f"s{c}{lower[-n:]}")
            near.append(f"s{c}{lower[-2:]}")
            near.append(f"s{c}{lower[-3:]}")
        if flags & COMMON:
            here.append("c" + c)
        if flags & PLACE:
            here.append("l" + c)
            near.append("l" + c)
        if flags & GIVEN:
            here.append("g" + c)
        if flags & SURNAME:
            here.append("f" + c)
        mark = _FUNCTIONS.get(lower)
        if mark:
            here.append("m" + mark)
            near.append("m" + mark)
    return here, near, far, own
