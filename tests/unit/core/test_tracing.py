import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.core import tracing
from doorward.core.message import Batch, Request, Unreadable, read
from doorward.core.tracing import Context, context_of, ids_of, parse, span_id_of, trace_id_of

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"00-{TRACE}-{SPAN}-01", Context(TRACE, SPAN, "01")),
        (f"00-{TRACE}-{SPAN}-00", Context(TRACE, SPAN, "00")),
        (f"cc-{TRACE}-{SPAN}-03", Context(TRACE, SPAN, "03")),
        (f"ff-{TRACE}-{SPAN}-01", None),
        (f"00-{'0' * 32}-{SPAN}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE.upper()}-{SPAN}-01", None),
        (f"00-{TRACE}-{SPAN}-01-x", None),
        (f"00-{TRACE}-{SPAN}-01\n", None),
        (f"00-{TRACE}-{SPAN}", None),
        ("", None),
    ],
)
def test_what_a_traceparent_says(text: str, found: Context | None) -> None:
    assert parse(text) == found


def test_a_context_is_written_as_version_00() -> None:
    context = parse(f"cc-{TRACE}-{SPAN}-01")
    assert context is not None
    assert context.traceparent() == f"00-{TRACE}-{SPAN}-01"


PARENT = f"00-{'a' * 32}-{'b' * 16}-01"


def request(meta: object) -> Request:
    found = read(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"_meta": meta}}).encode())
    assert isinstance(found, Request)
    return found


@pytest.mark.parametrize(
    ("meta", "header", "trace"),
    [
        ({"traceparent": PARENT}, None, "a"),
        ({"traceparent": PARENT}, PARENT.replace("a", "c").encode(), "a"),
        ({}, PARENT.encode(), "a"),
        ({"traceparent": 7}, PARENT.encode(), "a"),
        ({"traceparent": "00-xyz"}, PARENT.encode(), "a"),
        ({"traceparent": PARENT.replace("a", "0")}, PARENT.encode(), "a"),
        ({"traceparent": PARENT + "x"}, None, ""),
        ({"traceparent": PARENT.upper()}, None, ""),
        ({}, b"\xff" * 55, ""),
        ({}, None, ""),
    ],
)
def test_trace_context(meta: object, header: bytes | None, trace: str) -> None:
    """Of ``_meta`` before the header; what is not valid counts as nothing."""
    assert ids_of(request(meta), header) == (trace * 32, "b" * 16 if trace else "")
    context = context_of(request(meta), header)
    assert context == (Context(trace * 32, "b" * 16, "01") if trace else None)


def test_a_response_and_a_body_without_a_message_have_the_headers_alone() -> None:
    response = read(json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"_meta": {"traceparent": PARENT}}}).encode())
    assert not isinstance(response, Batch | Unreadable)
    for message in (response, None):
        assert ids_of(message, None) == ("", "")
        assert ids_of(message, PARENT.encode()) == ("a" * 32, "b" * 16)


def test_the_ids_of_an_exchange_never_change() -> None:
    """Other programs tell them from records; so these are vectors."""
    assert span_id_of("f5e87cdab49420a5261e00000000000c") == "5b746d4ca42194b7"
    assert trace_id_of("f5e87cdab49420a5261e00000000000c") == "96adfd4ca40b414d2245a817d70b42d5"


@given(st.text())
def test_every_text_has_ids(exchange_id: str) -> None:
    for digits, length in ((span_id_of(exchange_id), 16), (trace_id_of(exchange_id), 32)):
        assert re.fullmatch(rf"[0-9a-f]{{{length}}}", digits)
        assert digits.strip("0")
    assert span_id_of(exchange_id) != trace_id_of(exchange_id)[:16]


class Zeros:
    def __init__(self, data: bytes) -> None: ...

    def hexdigest(self) -> str:
        return "0" * 64


def test_an_id_is_never_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "sha256", Zeros)
    assert span_id_of("x") == "0" * 15 + "1"
    assert trace_id_of("x") == "0" * 31 + "1"
