"""The MCP server behind every target: answers ``tools/call`` at once with a canned result and the request's id.

Costs some 20 us a call, so that what is measured is what stands before it.
"""

import argparse
import asyncio
from typing import cast

import httptools
import orjson
import uvloop

from bench.payloads import MODERN, SERVED, template

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
_MODERN_MARK = f'protocolVersion": "{MODERN}"'.encode()

Canned = dict[tuple[str, bool], tuple[bytes, bytes]]


class Answering(asyncio.Protocol):
    """One connection; requests are answered in order."""

    def __init__(self, canned: Canned) -> None:
        self._canned = canned
        self._parser = httptools.HttpRequestParser(self)
        self._body = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's has the methods but not the base class

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        assert self._transport is not None
        body, self._body = self._body, b""
        self._transport.write(self._answer(body))

    def _answer(self, body: bytes) -> bytes:
        call = orjson.loads(body)
        canned = self._canned.get((call["params"]["name"], _MODERN_MARK in body))
        if canned is None:
            return _NOT_FOUND
        before, after = canned
        number = b"%d" % call["id"]
        return b"".join((_HEAD % (len(before) + len(number) + len(after)), before, number, after))


async def serve(port: int) -> None:
    """Serve on loopback until cancelled."""
    canned: Canned = {(case.tool, case.era == MODERN): template(case) for case in SERVED}
    server = await asyncio.get_running_loop().create_server(lambda: Answering(canned), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    uvloop.run(serve(parser.parse_args().port))
