"""Held credentials are found in every spelling, as whole tokens, and stand nowhere else."""

import base64
import html
import json
import pickle
import re
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorward.detection.secrets.held import Held

VALUE = "Zq7/" + "w+L2" + '"N&x' + "9=kT"


def _spellings(value: str, before: str) -> list[str]:
    data = value.encode()
    return [
        value,
        base64.b64encode(before.encode() + data + b"tail").decode(),
        base64.urlsafe_b64encode(before.encode() + data).decode(),
        data.hex(),
        data.hex().upper(),
        quote(value, safe=""),
        quote(value),
        "".join(f"%{octet:02x}" for octet in data),
        json.dumps(value)[1:-1],
        html.escape(value),
    ]


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(min_codepoint=33, max_codepoint=255), min_size=8, max_size=40), st.integers(0, 4))
def test_every_spelling(value: str, shift: int) -> None:
    held = Held([value])
    for spelling in _spellings(value, "ab:!"[:shift]):
        string = f"({spelling})"
        found = held.find(string)
        assert found
        assert held.in_bytes(json.dumps({"a": string}, ensure_ascii=False).encode())


def test_the_whole_token() -> None:
    held = Held([VALUE])
    coded = base64.b64encode(b"user:" + VALUE.encode() + b" and more").decode()
    assert [f"x {coded} y"[a:b] for a, b in held.find(f"x {coded} y")] == [coded]
    hexed = b"user".hex() + VALUE.encode().hex() + "00"
    assert held.find(f" {hexed} ") == [(1, 1 + len(hexed))]


def test_with_and_without_the_scheme() -> None:
    held = Held([b"Bearer " + VALUE.encode()])
    assert held.find(f"a {VALUE}") == [(2, 2 + len(VALUE))]
    assert held.find(f"Bearer {VALUE}") == [(7, 7 + len(VALUE))]


def test_several_and_none() -> None:
    held = Held([VALUE, "other-value-1"])
    string = f"{VALUE} other-value-1 {VALUE}"
    assert [string[a:b] for a, b in held.find(string)] == [VALUE, "other-value-1", VALUE]
    assert held.find("nothing here") == []
    assert not held.in_bytes(b"nothing here")


def test_short_values_are_told() -> None:
    held = Held(["short", VALUE, b"Basic abc"])
    assert held.ignored == (0, 2)
    assert held.find("short abc") == []


def test_nothing_held() -> None:
    held = Held([])
    assert not held
    assert held.find("x") == []
    assert not held.in_bytes(b"x")


def test_values_stay_inside() -> None:
    held = Held([VALUE])
    assert VALUE not in repr(held) + str(held)
    with pytest.raises(TypeError):
        pickle.dumps(held)


@given(st.text(alphabet="aZ9+/_-= .", max_size=40), st.sampled_from(["", "a" * 4000 + " ", "b" * 5000]))
def test_a_token_reaches_back_as_far_as_its_alphabet(before: str, far: str) -> None:
    credential = "hunter2-" + "hunter3-hunter4"
    token = base64.b64encode(credential.encode()).decode().rstrip("=")
    string = far + before + token
    reach = re.compile(r"[A-Za-z0-9+/_\-]{0,4096}\Z").search(
        string, max(0, len(far + before) - 4096), len(far + before)
    )
    assert reach is not None
    assert Held([credential]).find(string) == [(reach.start(), len(string))]
