"""A filtered page, read again, is the decoded list without what was refused; nothing else differs."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorward.core.message import Response, read
from doorward.stages.listing import LISTS, LONGEST_TTL_MS, filter_list

STEADY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=6) | st.sampled_from(['a"]},{', "\\", "é", "[{"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT.map("~".__add__), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from("abcd") | TEXT
SPACE = st.text(" \t\r\n", max_size=2)


def entries(key: str) -> st.SearchStrategy[Any]:
    named = st.builds(
        lambda before, name, after: before | {key: name} | after,
        st.dictionaries(TEXT.map("~".__add__), VALUES, max_size=2),
        NAMES | VALUES,
        st.dictionaries(TEXT.map("^".__add__), VALUES, max_size=2),
    )
    return named | VALUES


@st.composite
def spelt(draw: st.DrawFn, value: Any) -> str:
    """``value`` as JSON text, with whitespace and escapes wherever they may stand."""
    before, after = draw(SPACE), draw(SPACE)
    if isinstance(value, dict):
        members = [
            draw(SPACE) + json.dumps(name) + draw(SPACE) + ":" + draw(spelt(held)) for name, held in value.items()
        ]
        inner = "{" + (",".join(members) or draw(SPACE)) + "}"
    elif isinstance(value, list):
        inner = "[" + (",".join(draw(spelt(held)) for held in value) or draw(SPACE)) + "]"
    else:
        inner = json.dumps(value, ensure_ascii=draw(st.booleans()))
    return before + inner + after


@st.composite
def pages(draw: st.DrawFn) -> tuple[str, Response]:
    method = draw(st.sampled_from(sorted(LISTS)))
    member, key = LISTS[method]
    more = st.dictionaries(TEXT.map("~".__add__), VALUES, max_size=2)
    result = draw(more) | {member: draw(st.lists(entries(key), max_size=6))}
    result |= draw(st.sampled_from([{}, {"nextCursor": "a/b"}, {"ttlMs": 70_000, "cacheScope": "public"}]))
    result |= draw(st.dictionaries(TEXT.map("^".__add__), VALUES, max_size=2))
    raw = draw(spelt({"jsonrpc": "2.0", "id": 1, "result": result})).encode()
    message = read(raw, depth=200)
    assert isinstance(message, Response)
    return method, message


@STEADY
@given(pages(), st.frozensets(NAMES, max_size=4))
def test_what_is_left_is_the_list_without_the_refused(page: tuple[str, Response], refused: frozenset[str]) -> None:
    method, message = page
    member, key = LISTS[method]
    again = read(filter_list(message, method, lambda name: name not in refused, modern=False), depth=200)
    assert isinstance(again, Response)
    assert isinstance(message.result, dict)
    left = [
        entry
        for entry in message.result[member]
        if isinstance(entry, dict) and isinstance(entry.get(key), str) and entry[key] not in refused
    ]
    assert again.result == message.result | {member: left}
    assert list(again.result) == list(message.result)


@STEADY
@given(pages(), st.integers(-10, 100_000) | st.none())
def test_a_modern_page_differs_in_its_caching_members_alone(page: tuple[str, Response], left: int | None) -> None:
    method, message = page
    again = read(filter_list(message, method, lambda name: True, modern=True, ttl_ms=left), depth=200)
    before = read(filter_list(message, method, lambda name: True, modern=False), depth=200)
    assert isinstance(again, Response)
    assert isinstance(before, Response)
    changed = dict(again.result)
    if method != "tasks/list":
        assert changed.pop("cacheScope") == "private"
        assert 0 <= changed.pop("ttlMs") <= min(LONGEST_TTL_MS, max(0, LONGEST_TTL_MS if left is None else left))
    assert changed == {
        name: value
        for name, value in before.result.items()
        if method == "tasks/list" or name not in ("cacheScope", "ttlMs")
    }
