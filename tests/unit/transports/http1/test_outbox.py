import asyncio

import pytest

from doorward.transports.http1.errors import UpstreamClosed
from doorward.transports.http1.limits import ClientLimits
from doorward.transports.http1.outbox import Outbox
from doorward.transports.http1.upstream import UpstreamConnection


class Noted:
    def __init__(self, log, name):
        self._log, self._name = log, name

    def flush(self):
        self._log.append(self._name)


async def test_writes_of_one_turn_are_made_together_in_order():
    log = []
    outbox = Outbox(asyncio.get_running_loop())
    outbox.add(Noted(log, "a"))
    asyncio.get_running_loop().call_soon(log.append, "other work of the next turn")
    outbox.add(Noted(log, "b"))
    assert log == []
    await asyncio.sleep(0)
    assert log == ["a", "b", "other work of the next turn"]
    outbox.add(Noted(log, "c"))
    await asyncio.sleep(0)
    assert log[3:] == ["c"]


class Transport:
    def __init__(self):
        self.written, self.aborted = [], False

    def get_extra_info(self, name):
        return None

    def write(self, data):
        self.written.append(data)

    def abort(self):
        self.aborted = True


class Owner:
    limits = ClientLimits()
    busy = 2

    def __init__(self, outbox):
        self.outbox = outbox


class Reader:
    headers = None

    def feed(self, data):
        raise AssertionError("not the answer to a request that has not gone out")

    def abandon(self):
        pass


async def test_a_request_alone_goes_out_at_once():
    loop = asyncio.get_running_loop()
    owner = Owner(Outbox(loop))
    owner.busy = 1
    connection = UpstreamConnection(owner, loop)
    transport = Transport()
    connection.connection_made(transport)
    connection.begin(Reader(), b"POST / HTTP/1.1\r\n\r\n", b"{}", False, 10.0).cancel()
    assert transport.written == [b"POST / HTTP/1.1\r\n\r\n{}"]


async def test_what_comes_before_the_request_went_out_is_not_its_answer():
    """Or a late word of the last exchange would be handed to the next caller."""
    loop = asyncio.get_running_loop()
    connection = UpstreamConnection(Owner(Outbox(loop)), loop)
    transport = Transport()
    connection.connection_made(transport)
    waiter = connection.begin(Reader(), b"POST / HTTP/1.1\r\n\r\n", b"{}", False, 10.0)
    connection.data_received(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
    with pytest.raises(UpstreamClosed):
        await waiter
    await asyncio.sleep(0)
    assert transport.aborted
    assert transport.written == []
    assert connection.untried
    assert not connection.touched
