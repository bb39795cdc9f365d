"""Upstreams that do everything wrong, each by its name: the server of that name in the configuration has the script."""

import asyncio
import contextlib
import json
import struct
import zlib
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from tests.hostile.scripted import Asked, Line, Script

MIB = 1 << 20
SSE = "text/event-stream"


def _packed(mebibytes: int) -> bytes:
    """So many of spaces, as gzip packs them. One is packed, and stands there again and again: none needs another."""
    mebibyte, checksum = b" " * MIB, 0
    for _ in range(mebibytes):
        checksum = zlib.crc32(mebibyte, checksum)
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    block = packer.compress(mebibyte) + packer.flush(zlib.Z_FULL_FLUSH)
    head, end = b"\x1f\x8b\x08" + bytes(7), b"\x03\x00"
    return head + mebibytes * block + end + struct.pack("<II", checksum, mebibytes * MIB)


BOMB = _packed(256)  # some 256 KiB
COMMENT = b":" + b"x" * 1000 + b"\n\n"
NOTE = b'{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}'


class Wrong(NamedTuple):
    """`enforce` is the reason that the client gets; `audit` the same, or the body that passes as it is."""

    script: Script
    enforce: str
    audit: str | bytes
    slow: bool = False  # ends by a time-out of the configuration


def result(ident: object, text: str = "late") -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": ident, "result": {"content": [{"type": "text", "text": text}]}}).encode()


def own(asked: Asked) -> bytes:
    """A right answer, or two to a batch."""
    told = json.loads(asked.body or b"{}")
    if isinstance(told, list):
        return b"[" + b",".join(result(one["id"]) for one in told) + b"]"
    return result(told.get("id"))


def body(data: bytes, **how: str) -> Script:
    async def script(asked: Asked, line: Line) -> bool:
        await line.whole(data, **how)
        return True

    return script


def bytes_of(*parts: bytes, hold: bool = False) -> Script:
    """Exactly these bytes, then the end of the connection, or nothing more at all."""

    async def script(asked: Asked, line: Line) -> None:
        for part in parts:
            await line.say(part)
        if hold:
            await line.gone()

    return script


def events(*data: bytes, end: bool = True) -> Script:
    async def script(asked: Asked, line: Line) -> None:
        await line.events()
        for one in data:
            await line.event(one)
        if end:
            await line.last()
        else:
            await line.gone()

    return script


def endless(piece: bytes, *, kind: str = SSE, pause: float = 0.0) -> Script:
    async def script(asked: Asked, line: Line) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n"
        await line.say(head.encode())
        while True:
            await line.chunk(piece)
            await asyncio.sleep(pause)

    return script


def own_body(answer: Callable[[Asked, Line], Awaitable[None]]) -> Script:
    async def script(asked: Asked, line: Line) -> None:
        await answer(asked, line)

    return script


async def reset(asked: Asked, line: Line) -> None:
    line.writer.transport.abort()


async def reset_in_the_body(asked: Asked, line: Line) -> None:
    await line.say(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{")
    await asyncio.sleep(0.05)
    line.writer.transport.abort()


async def cut_body(asked: Asked, line: Line) -> None:
    right = own(asked)
    await line.say(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n" + right)


async def cut_chunks(asked: Asked, line: Line) -> None:
    await line.say(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    await line.chunk(own(asked))


async def twice_in_a_body(asked: Asked, line: Line) -> None:
    await line.whole(own(asked) + own(asked))


async def two_framings(asked: Asked, line: Line) -> None:
    right = own(asked)
    await line.say(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"%x\r\n%b\r\n0\r\n\r\n" % (len(right), len(right), right)
    )


async def two_lengths(asked: Asked, line: Line) -> None:
    await line.whole(own(asked), more="Content-Length: 5\r\n")


async def interims(asked: Asked, line: Line) -> None:
    with contextlib.suppress(OSError):
        while True:
            await line.say(b"HTTP/1.1 100 Continue\r\n\r\n" * 50)


async def upgrade(asked: Asked, line: Line) -> None:
    await line.say(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
    await line.gone()


async def many_headers(asked: Asked, line: Line) -> None:
    await line.whole(own(asked), more="".join(f"X-{n}: a\r\n" for n in range(500)))


async def endless_headers(asked: Asked, line: Line) -> None:
    await line.say(b"HTTP/1.1 200 OK\r\n")
    while True:
        await line.say(b"X-One: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 100)


async def drip(asked: Asked, line: Line) -> None:
    """One byte every 50 ms: never idle, never done."""
    await line.say(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
    while True:
        await line.say(b" ")
        await asyncio.sleep(0.05)


async def drip_head(asked: Asked, line: Line) -> None:
    await line.say(b"HTTP/1.1 200 OK\r\nX-One: ")
    while True:
        await line.say(b"a")
        await asyncio.sleep(0.05)


def bomb(kind: str) -> Script:
    return body(BOMB, kind=kind, more="Content-Encoding: gzip\r\n")


async def announced_giant(asked: Asked, line: Line) -> None:
    await line.say(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n{")
    await line.gone()


async def cut_event(asked: Asked, line: Line) -> None:
    await line.events()
    await line.say(b"5\r\nda")


async def brotli(asked: Asked, line: Line) -> None:
    await line.whole(own(asked), more="Content-Encoding: br\r\n")


async def one_giant_event(asked: Asked, line: Line) -> None:
    await line.events()
    await line.chunk(b"data: ")
    while True:
        await line.chunk(b"x" * 65536)


async def a_giant_event_in_lines(asked: Asked, line: Line) -> None:
    await line.events()
    while True:
        await line.chunk(b"data: x\n" * 8192)


async def unannounced(asked: Asked, line: Line) -> None:
    """A right answer with another one behind it, for whoever comes next on this connection."""
    right = own(asked)
    await line.say(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(right), right)
        + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    )
    await line.gone()


FRAMING: dict[str, Wrong] = {
    name: Wrong(script, reason, reason)
    for name, script, reason in [
        ("reset", reset, "upstream.closed"),
        ("closed", bytes_of(), "upstream.closed"),
        ("half-a-head", bytes_of(b"HTTP/1.1 200 OK\r\nContent-Ty"), "upstream.closed"),
        ("reset-in-the-body", reset_in_the_body, "upstream.closed"),
        ("cut-body", cut_body, "upstream.closed"),
        ("cut-chunks", cut_chunks, "upstream.closed"),
        ("not-http", bytes_of(b"SSH-2.0-server\r\n\r\n", hold=True), "upstream.garbage"),
        ("noise", bytes_of(bytes(range(256)), hold=True), "upstream.garbage"),
        ("http2", bytes_of(b"HTTP/2.0 200 OK\r\n\r\n", hold=True), "upstream.garbage"),
        ("bare-lf", bytes_of(b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}", hold=True), "upstream.garbage"),
        ("two-framings", two_framings, "upstream.garbage"),
        ("two-lengths", two_lengths, "upstream.garbage"),
        (
            "bad-chunk",
            bytes_of(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", hold=True),
            "upstream.garbage",
        ),
        ("interims", interims, "upstream.garbage"),
        ("upgrade", upgrade, "upstream.garbage"),
        ("many-headers", many_headers, "upstream.too_large"),
        ("endless-headers", endless_headers, "upstream.too_large"),
        ("endless-body", endless(b"[" * 65536, kind="application/json"), "upstream.too_large"),
        ("announced-giant", announced_giant, "upstream.too_large"),
        ("bomb", bomb("application/json"), "upstream.too_large"),
        ("brotli", brotli, "upstream.garbage"),
        ("not-gzip", body(b'{"jsonrpc"', more="Content-Encoding: gzip\r\n"), "upstream.garbage"),
        ("status-401", body(b"{}", status="401 No", more="WWW-Authenticate: Bearer x\r\n"), "upstream.unauthorized"),
        ("status-401-bare", body(b"{}", status="401 No"), "upstream.unauthorized"),
        ("status-403", body(b"{}", status="403 No", more="WWW-Authenticate: Bearer x\r\n"), "upstream.unauthorized"),
        ("status-301", body(b"{}", status="301 Away", more="Location: http://127.0.0.1:1/\r\n"), "upstream.redirect"),
        ("status-302", body(b"{}", status="302 Away", more="Location: /elsewhere\r\n"), "upstream.redirect"),
        ("status-307", body(b"{}", status="307 Away", more="Location: /elsewhere\r\n"), "upstream.redirect"),
    ]
}
FRAMING |= {
    name: Wrong(script, "upstream.timeout", "upstream.timeout", slow=True)
    for name, script in [
        ("silent", bytes_of(hold=True)),
        ("half-a-head-held", bytes_of(b"HTTP/1.1 200 OK\r\nContent-Ty", hold=True)),
        ("head-without-body", bytes_of(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", hold=True)),
        ("drip", drip),
        ("drip-head", drip_head),
    ]
}

HTML = b"<html><body>It works!</body></html>"
DUPLICATE = b'{"jsonrpc":"2.0","id":7,"result":{"content":[],"a":1,"a":2}}'
INVALID_UTF8 = b'{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":"\xff"}]}}'

BODIES: dict[str, Wrong] = {
    name: Wrong(body(data, **how), reason, data)
    for name, data, reason, how in [
        ("garbage", b'{"jsonrpc":', "upstream.garbage", {}),
        ("text-as-json", b"OK", "upstream.garbage", {}),
        ("empty", b"", "upstream.no_answer", {}),
        ("null", b"null", "upstream.garbage", {}),
        ("invalid-utf8", INVALID_UTF8, "upstream.garbage", {}),
        ("bom", b"\xef\xbb\xbf" + result(7), "upstream.garbage", {}),
        ("duplicate-key", DUPLICATE, "upstream.garbage", {}),
        ("case-variant", b'{"jsonrpc":"2.0","id":7,"result":{},"Result":{}}', "upstream.garbage", {}),
        ("nan", b'{"jsonrpc":"2.0","id":7,"result":{"a":NaN}}', "upstream.garbage", {}),
        ("wrong-id", result(8), "upstream.garbage", {}),
        ("id-as-text", result("7"), "upstream.garbage", {}),
        ("id-rounded", b'{"jsonrpc":"2.0","id":7.0,"result":{}}', "upstream.garbage", {}),
        ("twice", result(7) + result(7), "upstream.garbage", {}),
        ("twice-in-an-array", b"[" + result(7) + b"," + result(7) + b"]", "upstream.garbage", {}),
        ("neither", b'{"jsonrpc":"2.0","id":7}', "upstream.garbage", {}),
        ("both", b'{"jsonrpc":"2.0","id":7,"result":{},"error":{"code":1,"message":"x"}}', "upstream.garbage", {}),
        ("html", HTML, "upstream.garbage", {"kind": "text/html"}),
        ("wrong-type", result(7), "upstream.garbage", {"kind": "text/plain"}),
    ]
}

STREAMS: dict[str, Wrong] = {
    "sse-garbage": Wrong(events(b"{", end=True), "upstream.garbage", b"data: {\n\n"),
    "sse-wrong-id": Wrong(events(result(8)), "upstream.no_answer", b"data: " + result(8) + b"\n\n"),
    "sse-nothing": Wrong(events(), "upstream.no_answer", "upstream.no_answer"),
    "sse-cut": Wrong(cut_event, "upstream.closed", "upstream.closed"),
    "sse-not-announced": Wrong(events(NOTE), "upstream.no_answer", "upstream.no_answer"),
    "sse-silent": Wrong(events(end=False), "upstream.timeout", "upstream.timeout", slow=True),
    "sse-comments": Wrong(endless(b":\n\n", pause=0.05), "upstream.timeout", "upstream.timeout", slow=True),
    "sse-flood-of-comments": Wrong(
        endless((b":" + b"x" * 1000 + b"\n\n") * 60), "upstream.timeout", "upstream.timeout", slow=True
    ),
    "sse-no-blank-line": Wrong(endless(b"data: x\n", pause=0.05), "upstream.timeout", "upstream.timeout", slow=True),
    "sse-giant-event": Wrong(one_giant_event, "upstream.too_large", "upstream.too_large"),
    "sse-giant-event-in-lines": Wrong(a_giant_event_in_lines, "upstream.too_large", "upstream.too_large"),
    "sse-bomb": Wrong(bomb(SSE), "upstream.too_large", "upstream.too_large"),
}

ALL = FRAMING | BODIES | STREAMS
