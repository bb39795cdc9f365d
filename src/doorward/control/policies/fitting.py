"""Which of the tools that servers tell of the policies can take in: one that does not fit stands in no other's way.

A policy about many tools may read an argument that one server declares otherwise than all the others. Which tool it is
shows only when policies and tools are compiled together, so they are tried: each server's alone, then by halves.
"""

from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

MOST_TRIES = 16
"""For the tools of one server; those that are not told apart by then do not fit."""


def fitting(
    sure: Mapping[K, V], more: Mapping[K, V], server_of: Callable[[K], str], fits: Callable[[Mapping[K, V]], bool]
) -> dict[K, V]:
    """Those of ``more`` that fit with ``sure`` and with each other; ``more`` wins where both have something."""
    found: dict[K, V] = {}
    for server in dict.fromkeys(map(server_of, more)):
        halves = [[key for key in more if server_of(key) == server]]
        for _ in range(MOST_TRIES):
            if not halves:
                break
            keys = halves.pop()
            some = {key: more[key] for key in keys}
            if fits({**sure, **found, **some}):
                found.update(some)
            elif len(keys) > 1:
                half = len(keys) // 2
                halves += [keys[half:], keys[:half]]
    return found
