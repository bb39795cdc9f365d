"""A page of a list x what the caller may use -> the page without the rest; every byte that stays is as it came.

MCP 2026-07-28 server/tools lets a list vary by the authorization that is presented. Then nobody else may get the page
from a cache (server/utilities/caching), and it must not outlive the grant that it was cut for.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from doorward.core import scan
from doorward.core.message import Response
from doorward.core.methods import fold

LISTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "tools/list": ("tools", "name"),
        "prompts/list": ("prompts", "name"),
        "resources/list": ("resources", "uri"),
        "resources/templates/list": ("resourceTemplates", "uriTemplate"),
        "tasks/list": ("tasks", "taskId"),
    }
)
"""method -> the member of its result that holds the entries, and the member of an entry that names it."""

LONGEST_TTL_MS = 60_000

MOST_ENTRIES = 10_000
"""Of one page that are looked at. A longer page that would be cut is refused: to judge an entry takes a fraction of a
millisecond.
"""

_Cut = tuple[int, int, bytes]


class TooMany(ValueError):
    """The page has more than ``MOST_ENTRIES`` entries."""


def entries(message: Response, method: str) -> list[str]:
    """The names that ``filter_list`` asks for, in their order. Raises ``TooMany``."""
    member, key = LISTS[method]
    listed = message.result.get(member) if isinstance(message.result, dict) else None
    if not isinstance(listed, list):
        return []
    if len(listed) > MOST_ENTRIES:
        raise TooMany("the list has too many entries")
    return [entry[key] for entry in listed if isinstance(entry, dict) and isinstance(entry.get(key), str)]


def filter_list(
    message: Response, method: str, allowed: Callable[[str], bool], *, modern: bool, ttl_ms: int | None = None
) -> bytes:
    """The response with only those entries whose name is ``allowed``; ``message.raw`` itself if nothing changed.

    ``method`` is one of ``LISTS``. An entry without one readable name is dropped. Order and ``nextCursor`` stay, an
    empty page is a page. ``modern``: ``cacheScope`` becomes ``private`` and ``ttlMs`` at most ``LONGEST_TTL_MS`` and
    ``ttl_ms``, what the grant has left to live (None: it does not end). Raises ValueError where two clients could
    read two lists, or something that is no list: the caller refuses the result.
    """
    result = message.result
    if not isinstance(result, dict):
        return message.raw
    member, key = LISTS[method]
    folded = fold(member)
    if any(name != member and fold(name) == folded for name in result):
        raise ValueError("a second member could be read as the list")
    raw = message.raw
    at = _values(raw, _values(raw, scan.start(raw))["result"])
    cuts: list[_Cut] = []
    if member in result:
        if not isinstance(result[member], list):
            raise ValueError("the list is no array")
        cuts += _cut(raw, at[member], [_is_kept(entry, key, allowed) for entry in result[member]])
    if modern and method != "tasks/list":  # tasks are not cached
        cuts += _private(raw, result, at, LONGEST_TTL_MS if ttl_ms is None else ttl_ms)
    return _apply(raw, cuts) if cuts else raw


def _is_kept(entry: Any, key: str, allowed: Callable[[str], bool]) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get(key), str):
        return False
    if any(name != key and fold(name) == fold(key) for name in entry):
        return False  # a reader that ignores case could take the other name
    return allowed(entry[key])


def _cut(raw: bytes, array: int, kept: list[bool]) -> list[_Cut]:
    """What to take out of the array at this offset: the elements, each with one of the commas beside it."""
    begins: list[int] = []
    ends: list[int] = []

    def visit(index: int, position: int) -> int:
        begins.append(position)
        ends.append(scan.skip(raw, position))
        return ends[-1]

    if all(kept):
        return []
    scan.each_element(raw, array, visit)
    cuts: list[_Cut] = []
    is_after_kept = False
    for index, keep in enumerate(kept):
        if keep:
            is_after_kept = True
        elif is_after_kept:
            cuts.append((ends[index - 1], ends[index], b""))
        else:
            behind = begins[index + 1] if index + 1 < len(kept) else ends[index]
            cuts.append((begins[index], behind, b""))
    return cuts


def _private(raw: bytes, result: dict[str, Any], at: Mapping[str, int], ttl_ms: int) -> list[_Cut]:
    """The caching members as a page for one caller must have them, with the top of the result for missing ones."""
    stated = result.get("ttlMs")
    longest = max(0, min(LONGEST_TTL_MS, ttl_ms))
    # What the server did not offer clearly is not offered by us either: such a page may not be kept at all.
    ttl = min(stated, longest) if type(stated) is int and stated >= 0 else 0
    wanted: dict[str, tuple[Any, bytes]] = {
        "cacheScope": ("private", b'"private"'),
        "ttlMs": (ttl, b"%d" % ttl),
    }
    cuts: list[_Cut] = []
    missing: list[bytes] = []
    for name, (value, spelt) in wanted.items():
        if name not in result:
            missing.append(b'"%b":%b' % (name.encode(), spelt))
        elif type(result[name]) is not type(value) or result[name] != value:
            cuts.append((at[name], scan.skip(raw, at[name]), spelt))
    if missing:
        inside = at[""] + 1
        cuts.append((inside, inside, b",".join(missing) + (b"," if result else b"")))
    return cuts


def _values(raw: bytes, position: int) -> dict[str, int]:
    """The offsets of the values of an object's members; under the name "" that of the object itself.

    A member may have an empty name, but none that is looked for here has.
    """
    found: dict[str, int] = {}

    def visit(begin: int, end: int, value: int) -> int:
        found[scan.name_of(raw[begin:end])] = value
        return scan.skip(raw, value)

    scan.each_member(raw, position, visit)
    found[""] = position
    return found


def _apply(raw: bytes, cuts: list[_Cut]) -> bytes:
    pieces: list[bytes] = []
    done = 0
    for begin, end, new in sorted(cuts):
        pieces += (raw[done:begin], new)
        done = end
    pieces.append(raw[done:])
    return b"".join(pieces)
