"""How hard a rule is enforced, and which tools a setting names."""

import re
from collections.abc import Iterable
from enum import IntEnum, StrEnum
from fnmatch import translate
from functools import lru_cache

import msgspec


class Mode(StrEnum):
    """The four steps of a rollout; ``soft`` and ``enforce`` are the *enforcing modes*."""

    AUDIT = "audit"
    WARN = "warn"
    SOFT = "soft"
    ENFORCE = "enforce"

    @property
    def enforcing(self) -> bool:
        return self is Mode.SOFT or self is Mode.ENFORCE


_STRICTNESS = {mode: rank for rank, mode in enumerate(Mode)}


def strictness(mode: Mode) -> int:
    """A rank: of several modes that could hold, the one with the highest does."""
    return _STRICTNESS[mode]


class Severity(IntEnum):
    """How bad a violation is; ``soft`` refuses from ``HIGH`` on."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class Names(msgspec.Struct, frozen=True):
    """A set of names and globs, compiled once when a snapshot is made.

    ``exact`` holds plain names, ``pattern`` one anchored expression for all globs (``*``, ``?``, ``[…]``), or None.
    """

    exact: frozenset[str]
    pattern: re.Pattern[str] | None = None

    def __contains__(self, name: object) -> bool:
        if name in self.exact:
            return True
        return self.pattern is not None and isinstance(name, str) and self.pattern.fullmatch(name) is not None


def names(entries: Iterable[str]) -> Names:
    """Compile a list of names and globs, as a configuration writes them."""
    exact: set[str] = set()
    globs: list[str] = []
    for entry in entries:
        if any(mark in entry for mark in "*?["):
            globs.append(translate(entry))
        else:
            exact.add(entry)
    return Names(frozenset(exact), _union(tuple(globs)) if globs else None)


@lru_cache(maxsize=1024)
def _union(globs: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(globs), re.DOTALL)


class ToolRule(msgspec.Struct, frozen=True):
    """Settings of ``servers.X.tools.GLOB``; None means: not set here, the next nearest setting holds."""

    glob: str
    names: Names
    mode: Mode | None = None
    sensitivity: str | None = None
    strict: bool | None = None
    rate: int | None = None  # calls a minute of one caller
