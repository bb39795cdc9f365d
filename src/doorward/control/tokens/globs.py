"""Whether one list of tool names and globs (``*``, ``?``, ``[…]``; ``core.policy.names``) lies within another.

Never says yes wrongly. It may say no where only several globs together would cover one: then nothing is granted.
"""

import re
from collections.abc import Sequence
from fnmatch import translate

from doorward.core.policy import names

# A class as ``fnmatch`` reads it, or one character. Possessive: "[]" and "[!]" are no classes, for it finds no end.
_TOKEN = re.compile(r"\[!?+\]?+[^\]]*\]|.", re.DOTALL)


def covers(allowed: Sequence[str], entry: str) -> bool:
    """Whether every name that ``entry`` means is meant by ``allowed``."""
    if not any(mark in entry for mark in "*?["):
        return entry in names(allowed)
    return any(_within(_TOKEN.findall(entry), _TOKEN.findall(glob)) for glob in allowed)


def meet(first: Sequence[str], second: Sequence[str]) -> tuple[str, ...]:
    """Entries that both lists cover: those of either that lie within the other, in order, each once."""
    found = [entry for entry in first if covers(second, entry)]
    found += [entry for entry in second if covers(first, entry)]
    return tuple(dict.fromkeys(found))


def _within(narrow: list[str], wide: list[str]) -> bool:
    """Whether the tokens of ``narrow`` can be laid onto those of ``wide``: quadratic, no back-tracking.

    ``reached`` holds the places in ``wide`` that what has been read of ``narrow`` can end at, as with an automaton.
    """
    reached = _skipping({0}, wide)
    for token in narrow:
        onward = {at if wide[at] == "*" else at + 1 for at in reached if at < len(wide) and _lies_on(token, wide[at])}
        reached = _skipping(onward, wide)
    return len(wide) in reached


def _skipping(places: set[int], wide: list[str]) -> set[int]:
    """A ``*`` may also stand for nothing."""
    found = set(places)
    for at in sorted(places):
        while at < len(wide) and wide[at] == "*":
            at += 1
            found.add(at)
    return found


def _lies_on(token: str, wide: str) -> bool:
    if wide == "*" or token == wide:
        return True
    if token == "*":
        return False
    if wide == "?":
        return True
    is_class = len(wide) > 1
    return is_class and len(token) == 1 and token != "?" and re.fullmatch(translate(wide), token) is not None
