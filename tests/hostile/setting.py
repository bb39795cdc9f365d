"""A real gateway before scripted upstreams, and what every case asks of it afterwards."""

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.gateway import TOKEN, Gateway, Mode, merged
from tests.hostile.raw import Answer, Fields, Raw, post
from tests.hostile.scripted import Asked, Line, Script, Scripted, in_background
from tests.hostile.watch import metrics, records

IDENTIFIED: Fields = (("X-MCP-Token", TOKEN),)
AMPLE = {"limits": {"calls_per_minute": 100_000_000, "in_flight": 5000, "in_flight_per_identity": 5000}}


async def echo(asked: Asked, line: Line) -> bool:
    """The well-behaved one: the request's own id, and its own arguments as the result."""
    message = json.loads(asked.body)
    if "id" not in message:
        await line.say(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        return True
    text = json.dumps(message.get("params", {}).get("arguments"))
    result = {"content": [{"type": "text", "text": text}]}
    await line.whole(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}).encode())
    return True


async def sink(asked: Asked, line: Line) -> bool:
    """Takes whatever comes and answers as if it had been request 7."""
    await line.whole(b'{"jsonrpc":"2.0","id":7,"result":{}}')
    return True


class Setting:
    """A running gateway, its upstreams, and the records since the last look."""

    def __init__(self, gateway: Gateway, upstream: Scripted) -> None:
        self.gateway = gateway
        self.upstream = upstream
        self._seen = 0

    @property
    def port(self) -> int:
        return self.gateway.port

    def new_records(self) -> list[dict[str, Any]]:
        """All since the last look. A refusal at the edge does not wait for its record, so this does."""
        taken = metrics(self.gateway)["doorward_journal_records_total"]
        deadline = time.monotonic() + 10
        while len(everything := records(self.gateway)) < taken:
            assert time.monotonic() < deadline, f"{len(everything)} of {taken} records are in the journal"
            time.sleep(0.01)
        seen, self._seen = self._seen, len(everything)
        return everything[seen:]

    def call(
        self,
        server: str,
        *,
        ident: int | str = 7,
        fields: Fields = (),
        version: str | None = "2025-06-18",
        **arguments: Any,
    ) -> bytes:
        """The bytes of a tools/call."""
        body = message(ident, **arguments)
        return post(f"/mcp/{server}", body, port=self.port, fields=IDENTIFIED + fields, version=version)

    async def ask(self, data: bytes) -> Answer:
        """One request on a connection of its own."""
        async with Raw.to(self.port) as raw:
            await raw.say(data)
            return await raw.answer()

    async def good_call(self, raw: Raw, **arguments: Any) -> None:
        """The proof that all is well: a call on this connection is answered by the good upstream."""
        await raw.say(self.call("good", ident="good", **arguments))
        found = await raw.answer()
        assert found.status == 200, found
        assert found.json()["id"] == "good", found
        assert found.json()["result"]["content"][0]["text"] == json.dumps(arguments), found


def message(ident: int | str = 7, **arguments: Any) -> bytes:
    params = {"name": "echo", "arguments": arguments}
    return json.dumps({"jsonrpc": "2.0", "id": ident, "method": "tools/call", "params": params}).encode()


def reason_of(answer: Answer) -> str:
    """Where a refusal says why: in the edge's code, in an error's data, or in a tool result's `_meta`."""
    said = answer.messages()[-1]
    if "result" in said:
        return str(said["result"].get("_meta", {}).get("io.doorward/decision", {}).get("reason", ""))
    code = said["error"]["code"]
    return str(code if isinstance(code, str) else said["error"].get("data", {}).get("reason", ""))


@contextlib.contextmanager
def setting(
    directory: Path, scripts: Mapping[str, Script], *, mode: Mode, extra: Mapping[str, Any] | None = None
) -> Iterator[Setting]:
    with (
        in_background(Scripted({"good": echo, **scripts})) as upstream,
        Gateway(directory, upstream.servers(), mode=mode, extra=merged(AMPLE, extra or {})) as gateway,
    ):
        yield Setting(gateway, upstream)
