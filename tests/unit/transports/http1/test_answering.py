import sys

import pytest

from doorward.transports.http1.answering import ResponseReader
from doorward.transports.http1.errors import ResponseTooLarge, UpstreamGarbage
from doorward.transports.http1.heads import AnswerHeads
from doorward.transports.http1.limits import ClientLimits

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def read(data, *, size=1 << 20, head_only=False):
    reader = ResponseReader(ClientLimits(), head_only, AnswerHeads(ClientLimits()))
    for start in range(0, len(data), size):
        reader.feed(data[start : start + size])
    return reader


def test_tiny_pieces_do_not_multiply_in_memory():
    reader = read(CHUNKED + b"2\r\nab\r\n" * 50_000)
    assert b"".join(reader.parts) == b"ab" * 50_000
    assert sum(sys.getsizeof(part) for part in reader.parts) + sys.getsizeof(reader.parts) < 4 * 100_000


@pytest.mark.parametrize(
    ("data", "complete", "reusable"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", True, True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no", False, True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokk", True, False),
        (b"HTTP/1.1 200 OK\r\n\r\nok", False, False),
        (CHUNKED + b"0\r\n\r\n", True, True),
        (CHUNKED + b"0\r\n", False, True),
        (CHUNKED + b"0\r\n\r\nx", True, False),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_completeness_and_reuse(data, complete, reusable, size):
    reader = read(data, size=size)
    assert (reader.complete, reader.reusable) == (complete, reusable)


def test_only_an_undeclared_length_ends_with_the_connection():
    assert read(b"HTTP/1.1 200 OK\r\n\r\nok").eof() is True
    assert read(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok").eof() is False
    assert read(CHUNKED + b"2\r\nok\r\n").eof() is False
    assert read(b"HTTP/1.1 200 OK\r\n").eof() is False


def test_trailers_are_no_headers():
    reader = read(CHUNKED + b"0\r\nSet-Cookie: a\r\n\r\n")
    assert reader.headers == ((b"transfer-encoding", b"chunked"),)


def test_an_answer_to_head_has_no_body():
    reader = read(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", head_only=True)
    assert (reader.complete, reader.reusable, reader.size) == (True, False, 0)


@pytest.mark.parametrize("data", [b"X", b"HTTP/2", b"HTTP/1.1 2x0 OK\r\n\r\n", b"HTTP/1.1 200 OK\nX"])
def test_garbage_is_seen_at_once(data):
    with pytest.raises(UpstreamGarbage):
        read(data)


def test_an_endless_head():
    with pytest.raises(ResponseTooLarge):
        read(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 33_000, size=1000)
