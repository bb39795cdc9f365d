"""A byte relay that adds one header to every HTTP request, for clients that cannot be told to send a token.

Everything else passes as it came, the client's own Host and Origin included. Responses are not looked at.
"""

import asyncio
import contextlib
import re
import threading
from collections.abc import Coroutine
from typing import Any

LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)


class HeaderRelay:
    """Listens on a free port of 127.0.0.1 (`port`) from construction on; forwards to `target` once that is set."""

    def __init__(self, header: str, value: str) -> None:
        self.target = 0
        self._line = f"\r\n{header}: {value}".encode()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay")
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._serve, "127.0.0.1", 0, limit=256 * 1024))
        self.port: int = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _stop(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection("127.0.0.1", self.target)
        ways = {
            asyncio.ensure_future(self._requests(client, to_server)),
            asyncio.ensure_future(_copy(server, to_client)),
        }
        try:
            # Whichever side goes, the other is to notice at once.
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for writer in (to_client, to_server):
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()

    async def _requests(self, client: asyncio.StreamReader, to_server: asyncio.StreamWriter) -> None:
        while True:
            try:
                head = await client.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError as end:
                to_server.write(end.partial)
                return None
            first, rest = head.split(b"\r\n", 1)
            to_server.write(first + self._line + b"\r\n" + rest)
            if CHUNKED.search(head):
                # The end of such a body is not looked for: the connection carries this one request.
                return await _copy(client, to_server)
            length = LENGTH.search(head)
            to_server.write(await client.readexactly(int(length[1]) if length else 0))
            await to_server.drain()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        sink.write(data)
        await sink.drain()
