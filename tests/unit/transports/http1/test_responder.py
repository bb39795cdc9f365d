"""What a responder writes, without a socket."""

import pytest

from doorward.transports.http1.responder import Responder
from doorward.transports.http1.wire import header_block


class Wire:
    closed = False
    congested = False
    last = False
    header_block = staticmethod(header_block)

    def __init__(self):
        self.writes = []

    def status_line(self, status):
        return b"HTTP/1.1 %d X\r\n" % status

    def send(self, data):
        self.writes.append(data)

    def send_soon(self, data):
        self.writes.append(data)

    def send_two(self, head, body):
        self.writes.append(head + body)

    async def drained(self):
        raise AssertionError("not congested")


@pytest.mark.parametrize("size", [0, 1, 64 * 1024, 64 * 1024 + 1])
async def test_a_whole_answer_is_one_write(size):
    wire = Wire()
    await Responder(wire, "GET", b"1", close=False).whole(200, [(b"x", b"y")], b"z" * size)
    assert wire.writes == [b"HTTP/1.1 200 X\r\nx: y\r\ncontent-length: %d\r\n\r\n%b" % (size, b"z" * size)]


async def test_whole_does_not_switch_tasks():
    coroutine = Responder(Wire(), "GET", b"1", close=False).whole(200, [])
    with pytest.raises(StopIteration):
        coroutine.send(None)


async def test_an_answer_begins_once():
    responder = Responder(Wire(), "GET", b"1", close=False)
    with pytest.raises(RuntimeError):
        await responder.write(b"early")
    with pytest.raises(RuntimeError):
        await responder.end()
    await responder.start(200, [])
    with pytest.raises(RuntimeError):
        await responder.whole(200, [])
    await responder.end()
    with pytest.raises(RuntimeError):
        await responder.write(b"late")


async def test_a_client_that_is_gone():
    wire = Wire()
    responder = Responder(wire, "GET", b"1", close=False)
    await responder.start(200, [])
    wire.closed = True
    assert responder.closed
    with pytest.raises(ConnectionResetError):
        await responder.write(b"x")
    await responder.end()
    with pytest.raises(ConnectionResetError):
        await Responder(wire, "GET", b"1", close=False).whole(200, [])
    assert len(wire.writes) == 1


async def test_headers_that_break_the_framing_leave_the_answer_unbegun():
    responder = Responder(Wire(), "GET", b"1", close=False)
    with pytest.raises(ValueError):
        await responder.start(200, [(b"x", b"y\r\nz: w")])
    assert not responder.started
