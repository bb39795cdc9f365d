import json

import pytest
from tests.issuer import Provider, claims, compact, encoded

from doorward.control.jose.jws import MAX_TOKEN, header_fault, read
from doorward.control.jose.jws import compact as written

GOOD = {"alg": "ES256", "typ": "at+jwt"}


def parts(header: bytes = b"{}", payload: bytes = b"{}", signature: bytes = b"s") -> bytes:
    return b".".join(map(encoded, (header, payload, signature)))


def test_a_token_is_read_into_its_parts() -> None:
    jws = read(Provider().token())
    assert jws is not None
    assert jws.claims == claims()
    assert jws.header == {"alg": "ES256", "kid": "k-1", "typ": "at+jwt"}
    assert len(jws.signature) == 64
    assert "alice" not in repr(jws)


def test_what_is_written_is_read_again() -> None:
    token = written({"alg": "ES256"}, {"sub": "å"}, lambda signed: signed[::-1])
    found = read(token.encode())
    assert found is not None
    assert (found.header, found.claims) == ({"alg": "ES256"}, {"sub": "å"})
    assert token.startswith(found.signed.decode() + ".")
    assert found.signature == found.signed[::-1]


@pytest.mark.parametrize(
    "token",
    [
        b"",
        b"opaque",
        b"a.b",
        b"a.b.c.d",
        b"..",
        parts(signature=b""),
        parts(payload=b""),
        parts() + b"=",
        parts() + b"\n",
        b" " + parts(),
        parts(header=b"[]"),
        parts(payload=b'"text"'),
        parts(payload=b"\xff"),
        parts(payload=b"\xef\xbb\xbf{}"),
        parts(payload=b'{"sub":"a","sub":"b"}'),
        parts(header=b'{"alg":"ES256","alg":"none"}'),
        parts(payload=b"[" * 200 + b"]" * 200),
        parts(payload=b'{"a":NaN}'),
        parts(payload=json.dumps({"a": "x" * MAX_TOKEN}).encode()),
        "tökén.a.b".encode(),
        parts().replace(b"-", b"+").replace(b".", b"/.", 1),
    ],
)
def test_what_has_no_single_reading_is_no_token(token: bytes) -> None:
    assert read(token) is None


def test_a_second_spelling_of_the_same_bytes_is_no_token() -> None:
    token = parts(signature=b"s")  # two characters, of the second only the first two bits count
    assert token.endswith(b"cw")
    assert read(token) is not None
    assert read(token[:-1] + b"x") is None


@pytest.mark.parametrize(
    "more",
    [
        {"crit": ["exp"]},
        {"crit": ["b64"], "b64": False},
        {"crit": []},
        {"b64": False},
        {"b64": True},
        {"jku": "https://evil.example/keys"},
        {"jwk": {}},
        {"x5u": "https://evil.example/cert"},
        {"x5c": []},
        {"kid": 7},
        {"typ": ["at+jwt"]},
    ],
)
def test_a_header_that_no_token_may_have(more: dict[str, object]) -> None:
    jws = read(compact({**GOOD, **more}, claims(), None))
    assert jws is not None
    assert header_fault(jws)


def test_other_members_of_a_header_are_let_be() -> None:
    jws = read(compact({**GOOD, "x5t": "abc", "kid": "k"}, claims(), None))
    assert jws is not None
    assert header_fault(jws) == ""


@pytest.mark.parametrize(
    ("typ", "read_as"),
    [("JWT", "jwt"), ("application/AT+jwt", "at+jwt"), ("at+JWT", "at+jwt"), (None, ""), (7, "?")],
)
def test_the_kind_of_a_token(typ: object, read_as: str) -> None:
    header = {"alg": "ES256"} if typ is None else {"alg": "ES256", "typ": typ}
    jws = read(compact(header, claims(), None))
    assert jws is not None
    assert jws.typ == read_as
