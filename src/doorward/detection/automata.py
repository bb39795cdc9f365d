"""Expressions in RE2 over octets, of characters as latin-1 or of a message's bytes, and the quickest way to ask one."""

from collections.abc import Callable
from typing import Any, Final

import re2

_NOWHERE: Final = (-1, -1)

Search = Callable[[bytes], bool]
"""Whether an expression is found."""

Locate = Callable[[bytes, int], tuple[int, int]]
"""Where an expression is found first from an index on: start and end; both are -1 where it is not."""


def automaton(expression: bytes, memory: int | None = None, *, case_sensitive: bool = True) -> Any:
    """Compiled; it says where it matches, and captures nothing. ``memory``: bytes that it may take. Raises
    ``re2.error``.
    """
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1  # octets, not characters
    options.never_capture = True
    options.log_errors = False
    options.case_sensitive = case_sensitive
    if memory is not None:
        options.max_mem = memory
    return re2.compile(expression, options)


def searcher(compiled: Any) -> Search:
    """By what ``compiled.search`` calls in the end, which has no public name: what it does around that takes half as
    long again. Where the name is another one, by itself.
    """
    try:
        match, anywhere = compiled._regexp.Match, re2._Anchor.UNANCHORED
    except AttributeError:
        return lambda raw: compiled.search(raw) is not None
    return lambda raw: match(anywhere, raw, 0, len(raw))[0] != _NOWHERE


def locator(compiled: Any) -> Locate:
    """As ``searcher``, for where it matches first."""
    try:
        match, anywhere = compiled._regexp.Match, re2._Anchor.UNANCHORED
    except AttributeError:
        return lambda raw, begin: found.span() if (found := compiled.search(raw, begin)) is not None else _NOWHERE
    return lambda raw, begin: match(anywhere, raw, begin, len(raw))[0]
