"""The reader of requests: cut as the wire may, and held against an independent parser."""

from itertools import pairwise

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorward.transports.http1.heads import RequestHeads
from doorward.transports.http1.limits import ServerLimits
from doorward.transports.http1.reading import HEAD, READY, RequestReader
from doorward.transports.http1.refusals import Refusal

LIMITS = ServerLimits()


def request_reader(limits=LIMITS):
    return RequestReader(limits, RequestHeads(limits))


def read_all(data, cuts=()):
    """The requests in `data`, fed piece by piece, and the code of the refusal that ended it, if any."""
    reader, kept, seen = request_reader(), b"", []
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    for start, end in pairwise(edges):
        kept += data[start:end]
        while kept:
            try:
                kept = reader.feed(kept)
            except Refusal as why:
                return seen, why.code
            if reader.phase != READY:
                kept = kept if reader.phase == HEAD else b""
                break
            request = reader.request("peer", False)
            seen.append((request.method, request.target, request.headers, request.body))
    return seen, None


def chunked(parts):
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts if part) + b"0\r\n\r\n"


BODIES = st.binary(max_size=20) | st.just(b"0\r\n\r\n") | st.just(b"\r\n\r\nGET /evil HTTP/1.1\r\nHost: a\r\n\r\n")
HEADERS = b"POST /x?y HTTP/1.1\r\nHost: a\r\n"
REQUESTS = st.one_of(
    BODIES.map(lambda body: (HEADERS + b"Content-Length: %d\r\n\r\n%b" % (len(body), body), body)),
    st.lists(BODIES, max_size=4).map(
        lambda parts: (HEADERS + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(parts), b"".join(parts))
    ),
    st.just((b"GET / HTTP/1.1\r\nhost: a\r\n\r\n", b"")),
)


@given(st.lists(REQUESTS, min_size=1, max_size=4), st.lists(st.integers(1, 400), max_size=8))
def test_requests_are_told_apart_however_they_are_cut(requests, cuts):
    seen, code = read_all(b"".join(raw for raw, _ in requests), cuts)
    assert code is None
    assert [body for *_, body in seen] == [body for _, body in requests]


LINES = st.sampled_from(
    [
        b"Host: a",
        b"Host : a",
        b"Content-Length: 3",
        b"Content-Length: 03",
        b"content-length: 4",
        b"Content-Length:\t3 ",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: xchunked",
        b"transfer-encoding: Chunked",
        b"X: y",
        b" folded",
        b"X:\x00",
        b"X: \xff",
        b"X",
        b"Connection: close",
        b"Upgrade: h2c",
    ]
)
ENDS = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r"])


def h11_reads(data):
    """Method, target, body of the first request as h11 reads it; None where h11 refuses or waits."""
    peer = h11.Connection(h11.SERVER)
    peer.receive_data(data)
    found, body = None, b""
    try:
        while True:
            event = peer.next_event()
            if isinstance(event, h11.Request):
                found = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                assert found is not None
                return found.method.decode(), found.target.decode(), body
            else:
                return None
    except h11.RemoteProtocolError:
        return None


@settings(max_examples=400)
@given(
    st.sampled_from([b"POST /x HTTP/1.1", b"POST /x HTTP/1.0", b"GET /x HTTP/1.1", b"GET  /x HTTP/1.1"]),
    st.lists(st.tuples(LINES, ENDS), max_size=5),
    st.sampled_from([b"", b"abc", b"abcd", b"3\r\nabc\r\n0\r\n\r\n", b"3\nabc\r\n0\r\n\r\n", b"0\r\nX: y\r\n\r\n"]),
)
def test_what_is_accepted_is_read_alike_by_another_parser(line, lines, body):
    data = line + b"\r\n" + b"".join(text + end for text, end in lines) + b"\r\n" + body
    seen, _ = read_all(data)
    if seen:
        method, target, _, content = seen[0]
        assert h11_reads(data) == (method, target, content)


def test_limits_are_the_readers_own():
    reader = request_reader(ServerLimits(body_bytes=2))
    with pytest.raises(Refusal) as caught:
        reader.feed(HEADERS + b"Content-Length: 3\r\n\r\n")
    assert (caught.value.status, caught.value.code) == (413, "http.body_too_large")
