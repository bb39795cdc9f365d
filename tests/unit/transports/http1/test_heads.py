"""Heads, held against llhttp: whatever we accept it must accept as well, and read alike."""

import httptools
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from doorward.transports.http1.errors import ResponseTooLarge, UpstreamGarbage
from doorward.transports.http1.heads import AnswerHeads, RequestHeads
from doorward.transports.http1.limits import ClientLimits, ServerLimits
from doorward.transports.http1.refusals import Refusal
from doorward.transports.http1.wire import CHUNKED, UNTIL_EOF


class Peer:
    """What llhttp makes of a head."""

    def __init__(self):
        self.url = b""
        self.headers = []
        self.head_complete = False

    def on_url(self, url):
        self.url += url

    def on_header(self, name, value):
        self.headers.append((name.lower(), value.rstrip(b" \t")))

    def on_headers_complete(self):
        self.head_complete = True


def read_by_llhttp(parser_of, head):
    peer = Peer()
    parser = parser_of(peer)
    try:
        parser.feed_data(head + b"\r\n\r\n")
    except httptools.HttpParserUpgrade:
        pass  # it saw the whole head, and stops before a body that is not ours to read
    return peer, parser


REQUESTS = [
    b"GET / HTTP/1.1\r\nHost: a",
    b"POST /mcp/a%20b?x=[1]&y HTTP/1.1\r\nHost: a.b-c:80\r\nContent-Length: 3\r\nX-One:\t v w \t\r\nEmpty:\r\nX: \xe9",
    b"POST http://a/x HTTP/1.1\r\nhost: A\r\nTransfer-Encoding: Chunked\r\nConnection: close, x",
    b"DELETE https://[::1]:443/x?y HTTP/1.0\r\nHost: [::1]:443\r\nConnection: keep-alive",
    b"\r\nPUT /~a;b@c!$&'()*+,=: HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 007",
    b"OPTIONS / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEA",
    b"PATCH / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nConnection: upgrade\r\nUpgrade: websocket",
    b"TRACE / HTTP/1.1\r\nHost: a\r\n!#$%&'*+-.^_`|~: x",
    b"HEAD / HTTP/1.1\r\nHost: a",
]
ANSWERS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain",
    b"HTTP/1.0 404 \r\nX-A:  v \t\r\nx-a: \xff",
    b"HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\nKeep-Alive: timeout=5\r\nConnection: Close",
    b"HTTP/1.1 100 Continue",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\nContent-Encoding: gzip",
    b"HTTP/1.1 599 \xe9\tx\r\nConnection: upgrade\r\nUpgrade: h2c",
]
BYTES = st.one_of(
    st.sampled_from([b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b",", b"\0", b"\x7f", b"\x80", b"/", b"?", b"@", b"#"]),
    st.sampled_from([b"\r\nContent-Length: 3", b"\r\nTransfer-Encoding: chunked", b"\r\nHost: a", b"\r\n x", b"\r\nX"]),
    st.binary(min_size=1, max_size=2),
)
CHANGES = st.lists(st.tuples(st.integers(0, 150), st.integers(0, 2), BYTES), max_size=3)


def changed(head, changes):
    for place, gone, new in changes:
        place %= len(head) + 1
        head = head[:place] + new + head[place + gone :]
    return head.split(b"\r\n\r\n")[0]  # what a reader would take for the head


@pytest.mark.parametrize("head", REQUESTS)
def test_these_requests_are_accepted(head):
    assert RequestHeads(ServerLimits())[head].line.refused is None


@settings(max_examples=1500, deadline=None)
@given(st.sampled_from(REQUESTS), CHANGES)
@example(REQUESTS[0], [(3, 0, b" ")])
@example(REQUESTS[2], [(145, 0, b"\t")])
def test_an_accepted_request_is_read_alike_by_llhttp(head, changes):
    head = changed(head, changes)
    try:
        ours = RequestHeads(ServerLimits())[head]
    except Refusal:
        return
    peer, parser = read_by_llhttp(httptools.HttpRequestParser, head)
    assert peer.head_complete
    assert parser.get_method().decode() == ours.line.method
    assert parser.get_http_version().encode() == b"1." + ours.line.minor
    assert peer.url.decode() == ours.line.target
    assert tuple(peer.headers) == ours.headers
    assert ours.framing.close or parser.should_keep_alive()


@settings(max_examples=1500, deadline=None)
@given(st.sampled_from(ANSWERS), CHANGES)
def test_an_accepted_answer_is_read_alike_by_llhttp(head, changes):
    head = changed(head, changes)
    try:
        ours = AnswerHeads(ClientLimits())[head]
    except (UpstreamGarbage, ResponseTooLarge):
        return
    if ours.status == 101:
        return  # refused by the reader, whatever its head says
    peer, parser = read_by_llhttp(httptools.HttpResponseParser, head)
    assert peer.head_complete
    assert parser.get_status_code() == ours.status
    assert tuple(peer.headers) == ours.headers


@pytest.mark.parametrize(
    ("head", "length", "close"),
    [
        (ANSWERS[0], 2, False),
        (ANSWERS[1], UNTIL_EOF, True),
        (ANSWERS[2], CHUNKED, True),
        (ANSWERS[4], 10, False),
    ],
)
def test_the_framing_of_answers(head, length, close):
    read = AnswerHeads(ClientLimits())[head]
    assert (read.length, read.close) == (length, close)


@pytest.mark.parametrize("memory", [RequestHeads(ServerLimits()), AnswerHeads(ClientLimits())])
def test_what_is_remembered_is_bounded_and_can_be_forgotten(memory):
    start = b"GET / HTTP/1.1\r\nHost: a" if isinstance(memory, RequestHeads) else b"HTTP/1.1 200 OK"
    for i in range(2000):
        assert memory[start + b"\r\nX-N: %d" % i].headers[-1] == (b"x-n", b"%d" % i)
    assert len(memory) <= 512
    assert memory[start + b"\r\nX: " + b"y" * 5000].headers[-1] == (b"x", b"y" * 5000)
    assert max(len(head) for head in memory) <= 2048
    memory.forget()
    assert not memory


def test_what_is_refused_is_refused_again():
    memory = RequestHeads(ServerLimits())
    for _ in range(2):
        with pytest.raises(Refusal):
            memory[b"GET / HTTP/1.1\r\nHost: a\r\nHost: a"]
    assert not memory
