import pytest

from doorward.transports.http1.memory import (
    FieldLines,
    HeaderBlocks,
    RequestLines,
    StatusLines,
    Unreadable,
    UpstreamHeads,
)

METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"]


@pytest.mark.parametrize("method", [*METHODS, "BREW", "CONNECT", "PROPFIND"])
def test_methods(method):
    line = RequestLines(100)[b"%b /x HTTP/1.1" % method.encode()]
    assert (line.method, line.refused is None) == (method, method in METHODS)


@pytest.mark.parametrize("authority", [b"", b"\x80", b"u@a", b"a:", b"a b", b"[::1"])
def test_no_authorities(authority):
    with pytest.raises(Unreadable):
        RequestLines(100)[b"GET http://%b/ HTTP/1.1" % authority]


@pytest.mark.parametrize("line", [b"", b"X", b"X :y", b": y", b" X: y", b"X: \0", b"X: a\rb", b"X: a\nb", b"X\xe9: y"])
def test_no_fields(line):
    memory = FieldLines()
    with pytest.raises(Unreadable):
        memory[line]
    assert not memory


@pytest.mark.parametrize("line", [b"", b"HTTP/1.1 20 OK", b"HTTP/1.1 600 OK", b"HTTP/1.1 200OK", b"HTTP/1.2 200 OK"])
def test_no_status_lines(line):
    with pytest.raises(Unreadable):
        StatusLines()[line]


def test_a_block_with_a_broken_header_is_never_remembered():
    blocks, heads = HeaderBlocks(), UpstreamHeads(b"host: a\r\n")
    for _ in range(2):
        with pytest.raises(ValueError):
            blocks[((b"x", b"y\r\nz: w"),)]
        with pytest.raises(ValueError):
            heads["GET", "/", ((b"x", b"y\n"),)]
    assert not blocks
    assert not heads


def test_blocks_are_bounded():
    blocks = HeaderBlocks()
    for i in range(2000):
        assert blocks[((b"x", b"%d" % i),)] == b"x: %d\r\n" % i
    assert len(blocks) <= 512
    blocks[((b"x", b"y" * 5000),)]
    assert max(map(len, blocks.values())) <= 2048
