"""A real client: the official SDK, over HTTP and stdio, in both eras, with a tap on the bytes that arrive."""

import json
import shutil
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, TextContent

LEGACY = "2025-11-25"
MODERN = "2026-07-28"
ERAS = (LEGACY, MODERN)

_TIMEOUT_S = 10.0
_MODES = {LEGACY: "legacy", MODERN: MODERN}


@dataclass
class Tap:
    """The bytes of the answers to ``tools/call``, in order, as they came off the wire."""

    answers: list[bytearray] = field(default_factory=list)

    def fingerprint(self) -> str:
        """SHA-256 over all of them, shortened for people."""
        return sha256(b"".join(self.answers)).hexdigest()[:16]

    def size(self) -> int:
        """Bytes in all."""
        return sum(map(len, self.answers))


@dataclass(frozen=True)
class Session:
    """A connected client, the protocol revision that it agreed on with the server, and what its wire carried."""

    client: Client
    tap: Tap
    version: str

    async def call(self, tool: str, **arguments: Any) -> CallToolResult:
        """One ``tools/call``."""
        return await self.client.call_tool(tool, arguments)


def text_of(result: CallToolResult) -> str:
    """The text blocks of a result, as a model reads them."""
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


@asynccontextmanager
async def over_http(url: str, era: str, token: str | None = None) -> AsyncIterator[Session]:
    """A client of the Streamable HTTP endpoint ``url``; ``token`` is sent as a bearer token."""
    tap = Tap()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        httpx2.AsyncClient(transport=_Tapped(tap), headers=headers, timeout=_TIMEOUT_S) as http,
        Client(
            streamable_http_client(url, http_client=http), mode=_MODES[era], read_timeout_seconds=_TIMEOUT_S
        ) as client,
    ):
        yield Session(client, tap, client.protocol_version)


@asynccontextmanager
async def over_stdio(
    command: Sequence[str], era: str, copy: Path, errors: Path, env: Mapping[str, str]
) -> AsyncIterator[Session]:
    """A client of the server that ``command`` starts with the environment ``env``.

    Its stdout is copied to the file ``copy`` by ``tee``, which passes bytes on as they come; its stderr goes to
    ``errors``. The tap is filled when the session ends.
    """
    tap = Tap()
    shell, *rest = _teed(command, copy)
    with errors.open("w") as log:
        transport = stdio_client(StdioServerParameters(command=shell, args=rest, env=dict(env)), errlog=log)
        async with Client(transport, mode=_MODES[era], read_timeout_seconds=_TIMEOUT_S) as client:
            yield Session(client, tap, client.protocol_version)
    tap.answers += _answers(copy)


def _teed(command: Sequence[str], copy: Path) -> list[str]:
    return [shutil.which("sh") or "/bin/sh", "-c", '"$@" | tee "$0"', str(copy), *command]


def _answers(copy: Path) -> list[bytearray]:
    lines = copy.read_bytes().splitlines(keepends=True)
    return [bytearray(line) for line in lines if "content" in json.loads(line).get("result", {})]


class _Tapped(httpx2.AsyncHTTPTransport):
    """The SDK's HTTP transport, with a copy of each answer to ``tools/call``."""

    def __init__(self, tap: Tap) -> None:
        super().__init__()
        self._tap = tap

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        if request.method == "POST" and json.loads(request.content).get("method") == "tools/call":
            answer = bytearray()
            self._tap.answers.append(answer)
            assert isinstance(response.stream, httpx2.AsyncByteStream)
            response.stream = _Copying(response.stream, answer)
        return response


class _Copying(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream, into: bytearray) -> None:
        self._inner = inner
        self._into = into

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._inner:
            self._into += chunk
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()


def crm_command(*arguments: str) -> list[str]:
    """How to start the sample server with this Python."""
    return [sys.executable, "-m", "doorward.demo.crm", *arguments]
