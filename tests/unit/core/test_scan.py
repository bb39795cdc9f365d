import json

import pytest

from doorward.core import scan

TEXT = b' {"a" : [1, "]}\\"", {}] ,"b":{"c":[]},"d":-1.5e3 , "e":null} '


def test_members_and_elements_are_found_where_they_are():
    found: dict[str, object] = {}

    def visit(begin: int, end: int, value: int) -> int:
        behind = scan.skip(TEXT, value)
        found[scan.name_of(TEXT[begin:end])] = json.loads(TEXT[value:behind])
        return behind

    end = scan.each_member(TEXT, scan.start(TEXT), visit)
    assert found == json.loads(TEXT)
    assert TEXT[:end] == TEXT.rstrip()


@pytest.mark.parametrize("text", [b"", b"[", b'"', b'"\\"', b"{", b"?", b'["]'])
def test_a_value_without_an_end_is_an_error(text: bytes):
    with pytest.raises(ValueError):
        scan.skip(text, 0)


@pytest.mark.parametrize("text", [b"{", b"{1}", b'{"a"}', b'{"a":1', b'{"a":1 "b":2}', b'{"a":1,}'])
def test_a_broken_object_is_an_error(text: bytes):
    with pytest.raises(ValueError):
        scan.each_member(text, 0, lambda begin, end, value: scan.skip(text, value))


@pytest.mark.parametrize("text", [b"[", b"[1", b"[1 2]", b"[1,]"])
def test_a_broken_array_is_an_error(text: bytes):
    with pytest.raises(ValueError):
        scan.each_element(text, 0, lambda index, value: scan.skip(text, value))


def test_names_are_decoded():
    assert scan.name_of('"é"'.encode()) == scan.name_of(b'"\\u00e9"') == "é"


@pytest.mark.parametrize(
    "raw", [b"", b"\\", b"u", b"a\\u", b"\\u0041 at the start", b"\\n\\\\ and no other", b"\\" * 9 + b"u"]
)
def test_what_is_held_is_what_stands_in_it(raw: bytes):
    assert scan.holds_escapes(raw) is (b"\\u" in raw)
    for short in (b"", b"\\", b"at", b"start", b"\\u0041 at the start"):
        assert scan.holds(raw, short) is (short in raw)
