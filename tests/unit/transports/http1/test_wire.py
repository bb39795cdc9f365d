import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.transports.http1.refusals import Refusal
from doorward.transports.http1.wire import (
    _OURS_IN_REQUESTS,
    CHUNKED,
    FIELD_LINE,
    REQUEST_LINE,
    has_token,
    header_block,
    request_block,
    request_framing,
    request_line,
)

HOST = (b"host", b"a")


@pytest.mark.parametrize(
    ("headers", "minor", "length", "close", "expects"),
    [
        ([HOST], b"1", 0, False, False),
        ([HOST], b"0", 0, True, False),
        ([HOST, (b"content-length", b"007")], b"1", 7, False, False),
        ([HOST, (b"transfer-encoding", b"Chunked")], b"1", CHUNKED, False, False),
        ([HOST, (b"connection", b"keep-alive"), (b"connection", b"CLOSE")], b"1", 0, True, False),
        ([HOST, (b"expect", b"100-Continue")], b"1", 0, False, True),
        ([HOST, (b"expect", b"100-continue")], b"0", 0, True, False),
    ],
)
def test_request_framing(headers, minor, length, close, expects):
    framing = request_framing(headers, minor)
    assert (framing.length, framing.close, framing.expects, framing.host) == (length, close, expects, b"a")


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([], "http.bad_host"),
        ([HOST, HOST], "http.bad_host"),
        ([(b"host", b"[::1")], "http.bad_host"),
        ([(b"host", b"a:")], "http.bad_host"),
        ([(b"host", b"a:123456")], "http.bad_host"),
        ([HOST, (b"content-length", b"1"), (b"transfer-encoding", b"chunked")], "http.bad_framing"),
        ([HOST, (b"content-length", b"1"), (b"content-length", b"1")], "http.bad_framing"),
        ([HOST, (b"transfer-encoding", b"chunked,")], "http.bad_framing"),
        ([HOST, (b"expect", b"")], "http.bad_expectation"),
    ],
)
def test_refused_framing(headers, code):
    with pytest.raises(Refusal) as caught:
        request_framing(headers, b"1")
    assert caught.value.code == code


@pytest.mark.parametrize("host", [b"a", b"a.b-c_d:80", b"127.0.0.1:8080", b"[::1]", b"[::1]:80"])
def test_hosts(host):
    assert request_framing([(b"host", host)], b"1").host == host


@pytest.mark.parametrize("value", [b"", b" 1", b"1 ", b"+1", b"-1", b"1_0", b"\xb2", b"1" * 19])
def test_no_lengths(value):
    with pytest.raises(Refusal):
        request_framing([HOST, (b"content-length", value)], b"1")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"close", True),
        (b"Close", True),
        (b"a,\tCLOSE ,b", True),
        (b"closed", False),
        (b"close;x", False),
        (b"", False),
    ],
)
def test_tokens(value, found):
    assert has_token(value, b"close") is found


@given(st.lists(st.tuples(st.binary(max_size=6), st.binary(max_size=6)), max_size=4))
def test_a_block_has_one_line_for_each_header(headers):
    """Whatever bytes a caller passes: either one clean line each, or nothing at all."""
    try:
        block = request_block(headers)
    except ValueError:
        return
    theirs = [(name, value) for name, value in headers if name.lower() not in _OURS_IN_REQUESTS]
    assert block == b"".join(name + b": " + value + b"\r\n" for name, value in theirs)
    assert not any(set(name + value) & set(b"\r\n\0") or not name for name, value in headers)
    assert all(FIELD_LINE.fullmatch(line) for line in block.split(b"\r\n")[:-1])


def test_ours_are_left_out():
    given_headers = [(b"Date", b"x"), (b"Connection", b"x"), (b"X-Y", b"z"), (b"Host", b"h")]
    assert header_block(given_headers) == b"X-Y: z\r\nHost: h\r\n"
    assert request_block(given_headers) == b"X-Y: z\r\n"


@given(st.text(max_size=12))
def test_a_request_line_is_one_line(target):
    try:
        line = request_line("GET", target)
    except ValueError:
        return
    assert line == f"GET {target} HTTP/1.1\r\n".encode()
    assert REQUEST_LINE.fullmatch(line[:-2])
