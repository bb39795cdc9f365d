"""Which charsets of a ``Content-Type`` read other letters than we do; each that is refused is shown to do so."""

import json

import pytest

from doorward.transports.charset import reads_alike


@pytest.mark.parametrize(
    "value",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        'application/json; charset="utf-8"',
        "application/json; charset=utf8; x=y",
        "application/json; x=y; CharSet=Utf-8",
        "text/event-stream;charset=ISO-8859-1",  # what Java's servlets put there by themselves
        "text/html; charset=windows-1252",
        "text/plain; charset=us-ascii",
        "",
    ],
)
def test_those_that_read_alike(value: str) -> None:
    assert reads_alike(value.encode())


OTHERS = [
    "utf-7",
    "utf-16",
    "utf-16le",
    "utf-32",
    "iso-2022-jp",
    "iso-2022-kr",
    "hz",
    "shift_jis",
    "gbk",
    "big5",
    "cp037",
]


@pytest.mark.parametrize("name", OTHERS)
def test_those_that_do_not(name: str) -> None:
    assert not reads_alike(f"application/json; charset={name}".encode())


@pytest.mark.parametrize(
    "value",
    [
        "application/json; charset=utf-8; charset=utf-7",
        "application/json; charset=utf-7; charset=utf-8",
        'application/json; charset="ut\\f-7"',
        "application/json; charset*=us-ascii''utf-7",
        "application/json; charset*0=utf-; charset*1=7",
        "application/json; charset = utf-7",
        "application/json; charset=utf-8-x",
        "application/json; charset=utf-8utf-7",
        "application/json; charset=utf-8 utf-7",
        "application/json, charset=utf-7",
        "application/json; charset=",
    ],
)
def test_what_parsers_could_read_in_two_ways_is_another(value: str) -> None:
    assert not reads_alike(value.encode())


def test_what_others_make_of_the_same_bytes() -> None:
    """Why this matters: in UTF-7 a letter can end a string, in Shift_JIS the escape before a quote is part of one."""
    assert b'{"a":"+ACI-"}'.decode("utf-7") == '{"a":"""}'
    escaped = '["ッ\\", 1, "]'.encode()
    assert json.loads(escaped) == ['ッ", 1, ']
    assert "\\" not in escaped.decode("shift_jis")
