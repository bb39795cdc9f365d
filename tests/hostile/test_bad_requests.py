"""What is refused before it is a message: each kind at the HTTP edge, said by a raw socket to a real gateway."""

import asyncio
import re
import sys
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from tests.gateway import TOKEN, Mode
from tests.hostile.raw import Raw, post
from tests.hostile.setting import IDENTIFIED, Setting, message, reason_of, setting, sink
from tests.hostile.watch import MIB, metrics, records, resident, until, worker_of

PING = b'{"jsonrpc":"2.0","id":7,"method":"ping"}'
ELSEWHERE = ("auth.ambiguous", "http.route")  # refused by the pipeline too, and recorded as exchanges
TOKEN_LINE = f"X-MCP-Token: {TOKEN}"


@pytest.fixture(scope="module", params=["enforce", "audit"])
def mode(request: pytest.FixtureRequest) -> Mode:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def hostile(mode: Mode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    with setting(tmp_path_factory.mktemp(f"edge-{mode}"), {"sink": sink}, mode=mode) as running:
        yield running


class Case(NamedTuple):
    """`lines` make up the head (HOST is replaced by the right one), `body` follows as it is."""

    lines: tuple[str, ...]
    status: int
    reason: str
    body: bytes = b""
    usable: bool = False  # the connection, afterwards


def head(
    *lines: str, line: str = "POST /mcp/sink HTTP/1.1", host: str = "Host: HOST", length: int | None = 40
) -> tuple[str, ...]:
    size = () if length is None else (f"Content-Length: {length}",)
    return (line, *([host] if host else []), "Content-Type: application/json", TOKEN_LINE, *size, *lines)


BAD: dict[str, Case] = {
    "no Host": Case(head(host=""), 400, "http.bad_host", PING),
    "two Hosts": Case(head("Host: HOST"), 400, "http.bad_host", PING),
    "a list of Hosts": Case(head(host="Host: HOST, HOST"), 400, "http.bad_host", PING),
    "a foreign Host": Case(head(host="Host: evil.example"), 403, "http.host", PING, True),
    "our Host as a prefix": Case(head(host="Host: HOST.evil.example"), 400, "http.bad_host", PING),
    "a foreign Origin": Case(head("Origin: https://evil.example"), 403, "http.origin", PING, True),
    "Origin null": Case(head("Origin: null"), 403, "http.origin", PING, True),
    "our Origin as a prefix": Case(head("Origin: http://HOST.evil.example"), 403, "http.origin", PING, True),
    "two Origins": Case(head("Origin: http://HOST", "Origin: http://HOST"), 403, "http.origin", PING, True),
    "a length and a coding": Case(head("Transfer-Encoding: chunked"), 400, "http.bad_framing", PING),
    "two lengths": Case(head("Content-Length: 40"), 400, "http.bad_framing", PING),
    "two lengths in one line": Case(head("Content-Length: 40, 40", length=None), 400, "http.bad_framing", PING),
    "a length with a sign": Case(head("Content-Length: +40", length=None), 400, "http.bad_framing", PING),
    "a negative length": Case(head("Content-Length: -1", length=None), 400, "http.bad_framing", PING),
    "a hexadecimal length": Case(head("Content-Length: 0x28", length=None), 400, "http.bad_framing", PING),
    "a length beyond all": Case(head("Content-Length: " + "9" * 40, length=None), 400, "http.bad_framing", PING),
    "an unknown coding": Case(head("Transfer-Encoding: gzip, chunked", length=None), 400, "http.bad_framing", PING),
    "a coding that looks like one": Case(
        head("Transfer-Encoding: xchunked", length=None), 400, "http.bad_framing", PING
    ),
    "a coding with a tab": Case(head("Transfer-Encoding:\tchunked\x0b", length=None), 400, "http.bad_header", PING),
    "a chunk that is none": Case(
        head("Transfer-Encoding: chunked", length=None), 400, "http.bad_chunk", b"zz\r\n{}\r\n0\r\n\r\n"
    ),
    "a chunk longer than said": Case(
        head("Transfer-Encoding: chunked", length=None), 400, "http.bad_chunk", b"1\r\n{}\r\n0\r\n\r\n"
    ),
    "a chunk with a long extension": Case(
        head("Transfer-Encoding: chunked", length=None), 400, "http.bad_chunk", b"1;" + b"x" * 20_000 + b"\r\n{\r\n"
    ),
    "a folded header": Case(head("X-One: a", " b"), 400, "http.bad_header", PING),
    "a space before the colon": Case(head("X-One : a"), 400, "http.bad_header", PING),
    "a header without a name": Case(head(": a"), 400, "http.bad_header", PING),
    "a header without a colon": Case(head("X-One"), 400, "http.bad_header", PING),
    "a NUL in a header": Case(head("X-One: a\0b"), 400, "http.bad_header", PING),
    "a bare LF in a header": Case(head("X-One: a\nX-Two: b"), 400, "http.bad_header", PING),
    "a bare CR in a header": Case(head("X-One: a\rX-Two: b"), 400, "http.bad_header", PING),
    "another version": Case(head(line="POST /mcp/sink HTTP/2.0"), 505, "http.bad_version", PING),
    "no version": Case(head(line="POST /mcp/sink"), 400, "http.bad_request_line", PING),
    "two spaces in the request line": Case(head(line="POST  /mcp/sink HTTP/1.1"), 400, "http.bad_request_line", PING),
    "a method in lower case": Case(head(line="post /mcp/sink HTTP/1.1"), 400, "http.bad_request_line", PING),
    "a method that nobody knows": Case(head(line="FROB /mcp/sink HTTP/1.1"), 501, "http.unknown_method", PING),
    "CONNECT": Case(head(line="CONNECT HOST HTTP/1.1"), 400, "http.bad_target", PING),
    "a method that is not served": Case(head(line="PUT /mcp/sink HTTP/1.1"), 405, "http.method", PING, True),
    "TRACE": Case(head(line="TRACE /mcp/sink HTTP/1.1"), 405, "http.method", PING, True),
    "another authority in the target": Case(
        head(line="POST http://evil.example/mcp/sink HTTP/1.1"), 400, "http.bad_target", PING
    ),
    "a fragment in the target": Case(head(line="POST /mcp/sink#x HTTP/1.1"), 400, "http.bad_target", PING),
    "a target without a slash": Case(head(line="POST mcp/sink HTTP/1.1"), 400, "http.bad_target", PING),
    "a long target": Case(head(line="POST /mcp/" + "a" * 9000 + " HTTP/1.1"), 414, "http.target_too_long", PING),
    "no such path": Case(head(line="POST /nowhere HTTP/1.1"), 404, "http.route", PING, True),
    "no such server": Case(head(line="POST /mcp/nobody HTTP/1.1"), 404, "http.route", PING, True),
    "a path with dots": Case(head(line="POST /mcp/sink/../good HTTP/1.1"), 404, "http.route", PING, True),
    "a path with coded dots": Case(head(line="POST /mcp/%2e%2e/admin HTTP/1.1"), 404, "http.route", PING, True),
    "a path with a coded slash": Case(head(line="POST /mcp/sink%2f..%2fgood HTTP/1.1"), 404, "http.route", PING, True),
    "a path with another case": Case(head(line="POST /MCP/sink HTTP/1.1"), 404, "http.route", PING, True),
    "a header of 1 MB": Case(head("X-One: " + "a" * MIB), 431, "http.head_too_large", PING),
    "200 headers": Case(head(*(f"X-{n}: a" for n in range(200))), 431, "http.head_too_large", PING),
    "an unknown expectation": Case(head("Expect: a-miracle"), 417, "http.bad_expectation", PING),
    "a gzip body": Case(head("Content-Encoding: gzip"), 415, "http.media_type", PING, True),
    "a body of 64 MB, announced": Case(head(length=64 * MIB), 413, "http.body_too_large", PING),
    "a body of 64 MB, in chunks": Case(
        head("Transfer-Encoding: chunked", length=None),
        413,
        "http.body_too_large",
        (b"100000\r\n" + b" " * MIB + b"\r\n") * 6,
    ),
    "a token twice": Case(head(TOKEN_LINE), 400, "auth.ambiguous", PING, True),
}


def said(case: Case, port: int) -> bytes:
    text = "\r\n".join(case.lines).replace("HOST", f"127.0.0.1:{port}")
    return text.encode("latin-1") + b"\r\n\r\n" + case.body


@pytest.mark.parametrize("name", BAD)
async def test_bad_requests_are_refused_in_every_mode(hostile: Setting, name: str) -> None:
    case = BAD[name]
    before = hostile.upstream.asked["sink"]
    async with Raw.to(hostile.port) as raw:
        await raw.say(said(case, hostile.port))
        found = await raw.answer()
        assert (found.status, reason_of(found)) == (case.status, case.reason)
        if case.usable:
            await hostile.good_call(raw)
        else:
            assert found["connection"] == "close"
            assert await raw.ended()
    assert hostile.upstream.asked["sink"] == before
    async with Raw.to(hostile.port) as raw:
        await hostile.good_call(raw)


async def test_every_bad_request_is_in_the_journal(hostile: Setting) -> None:
    """G1: singly up to 20 a second and source; beyond that as the count of a gap record."""
    expected = Counter(case.reason for case in BAD.values() if case.reason not in ELSEWHERE)
    before = refused(hostile)
    for case in BAD.values():
        await hostile.ask(said(case, hostile.port))
    counted = refused(hostile)
    assert counted - before == expected
    found: Counter[str] = Counter()

    def all_there() -> bool:
        entries = [entry for entry in records(hostile.gateway) if entry["reason"] in counted]
        assert all((entry["decision"], entry["client_ip"]) == ("deny", "127.0.0.1") for entry in entries)
        found.clear()
        for entry in entries:
            found[entry["reason"]] += 1 if entry["kind"] == "exchange" else int(entry["detail"].split(" ")[0])
        return found == counted

    await until(all_there, lambda: f"missing {counted - found}, too many {found - counted}", 5)


def refused(hostile: Setting) -> Counter[str]:
    """What the edge has refused so far, by reason."""
    samples = metrics(hostile.gateway).items()
    names = {re.sub(r'.*reason="(.*)"}', r"\1", name): int(n) for name, n in samples if "edge_refused_total{" in name}
    return Counter({name: number for name, number in names.items() if name not in ELSEWHERE})


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2,  # TLS, to a plain port
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /\r\n\r\n",
        b"\r\n\r\n\r\n\r\n",
        b"\0" * 4096,
        bytes(range(256)) * 64,
        b"SSH-2.0-client\r\n\r\n",
        b"EHLO there\r\n\r\n",
    ],
    ids=["tls", "http2", "http0.9", "empty lines", "zeros", "all bytes", "ssh", "smtp"],
)
async def test_what_is_no_http_is_answered_and_closed(hostile: Setting, data: bytes) -> None:
    async with Raw.to(hostile.port) as raw:
        await raw.say(data)
        found = await raw.answer()
        assert (found.status, reason_of(found)) in {
            (400, "http.bad_request_line"),
            (400, "http.bad_header"),
            (400, "http.bad_target"),
            (414, "http.target_too_long"),
            (505, "http.bad_version"),
        }
        assert await raw.ended()


@pytest.mark.parametrize(
    ("fields", "status", "reason"),
    [
        ((("X-MCP-Token", "wrong"),), 401, "auth.invalid"),
        ((("Authorization", "Bearer wrong"),), 401, "auth.invalid"),
        ((("Authorization", f"Bearer {TOKEN}"), ("Authorization", f"Bearer {TOKEN}")), 400, "auth.ambiguous"),
        ((*IDENTIFIED, ("Mcp-Session-Id", "unknown")), 404, "session.unknown"),
        ((*IDENTIFIED, ("Mcp-Session-Id", "A" * 200)), 404, "session.unknown"),
    ],
)
async def test_bad_tokens_and_sessions_are_refused_in_every_mode(
    hostile: Setting, fields: tuple[tuple[str, str], ...], status: int, reason: str
) -> None:
    hostile.new_records()
    before = hostile.upstream.asked["sink"]
    async with Raw.to(hostile.port) as raw:
        recorded: list[str] = []
        while not recorded:
            await raw.say(post("/mcp/sink", message(), port=hostile.port, fields=fields))
            found = await raw.answer()
            assert (found.status, reason_of(found)) == (status, reason)
            assert (found.status == 401) == bool(found["www-authenticate"])
            recorded = [entry["reason"] for entry in hostile.new_records() if entry["kind"] == "exchange"]
            if not recorded:  # the cases before have used up what is recorded singly in this second: then it is counted
                await asyncio.sleep(1.0)
        assert recorded == [reason]
        await hostile.good_call(raw)
    assert hostile.upstream.asked["sink"] == before


async def test_a_token_is_asked_for_where_nobody_may_be_anonymous(hostile: Setting, mode: Mode) -> None:
    found = await hostile.ask(post("/mcp/sink", message(), port=hostile.port))
    if mode == "audit":
        assert found.status == 200
    else:
        assert (found.status, reason_of(found)) == (401, "auth.required")


async def test_pipelined_requests_after_a_refused_one_are_not_served(hostile: Setting) -> None:
    """What follows ambiguous framing is nobody's request (RFC 9112 §11.2)."""
    before = dict(hostile.upstream.asked)
    async with Raw.to(hostile.port) as raw:
        await raw.say(said(BAD["a length and a coding"], hostile.port) + hostile.call("good"))
        assert (await raw.answer()).status == 400
        assert await raw.ended()
    assert hostile.upstream.asked == before


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
async def test_64_megabytes_leave_no_trace_in_memory(hostile: Setting) -> None:
    """Fault 19: refused long before the end, the worker lives and has not grown."""
    worker = worker_of(hostile.gateway)
    before = resident(worker)
    for name in ("a body of 64 MB, announced", "a body of 64 MB, in chunks", "a header of 1 MB"):
        async with Raw.to(hostile.port) as raw:
            await raw.say(said(BAD[name], hostile.port) + b" " * (8 * MIB))
            assert (await raw.answer()).status == BAD[name].status
    assert resident(worker) - before < 64 * MIB
    async with Raw.to(hostile.port) as raw:
        await hostile.good_call(raw)
    assert worker_of(hostile.gateway) == worker


def test_the_gateway_says_nothing_of_what_it_refused(hostile: Setting) -> None:
    assert not re.search(r"evil|frob|Traceback", hostile.gateway.log(), re.IGNORECASE)
