"""The server side of the HTTP edge, byte by byte (RFC 9110, RFC 9112)."""

import asyncio
import contextvars
import json
import logging
import socket
import sys

import pytest
from tests.waiting import PATIENCE, at_rest, until

HOST = b"Host: gateway.test\r\n"
GET = b"GET /x HTTP/1.1\r\n" + HOST + b"\r\n"
POST = b"POST /x HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


def post(body: bytes) -> bytes:
    return POST + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


# What is understood.


async def test_a_request_arrives_as_it_was_sent(edge):
    raw = await edge.connect(await edge.serve())
    await raw.send(
        b"POST /mcp/a%20b?x=1&y HTTP/1.1\r\nHost: gateway.test:80\r\nX-One:  v \t\r\nx-one: \xe9\r\nEmpty:\r\n"
        b"Content-Length: 3\r\n\r\nabc"
    )
    seen = json.loads((await raw.answer()).body)
    assert seen == {
        "method": "POST",
        "target": "/mcp/a%20b?x=1&y",
        "path": "/mcp/a%20b",
        "query": "x=1&y",
        "headers": [
            ["host", "gateway.test:80"],
            ["x-one", "v"],
            ["x-one", "\xe9"],
            ["empty", ""],
            ["content-length", "3"],
        ],
        "body": "abc",
        "client": "127.0.0.1",
        "tls": False,
    }


async def test_a_request_in_single_bytes(edge):
    raw = await edge.connect(await edge.serve())
    for byte in b"\r\n" + post(b"abc"):
        await raw.send(bytes([byte]))
        await asyncio.sleep(0)
    assert json.loads((await raw.answer()).body)["body"] == "abc"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 1000])
async def test_a_chunked_body_and_the_request_behind_it(edge, size):
    raw = await edge.connect(await edge.serve())
    data = (
        CHUNKED
        + b"3\r\nabc\r\n6;x=y\r\n\r\n\r\n\r\n\r\n00\r\nTrailer: dropped\r\n\r\n"
        + GET
        + CHUNKED
        + b"0\r\n\r\n"
        + GET
    )
    for start in range(0, len(data), size):
        await raw.send(data[start : start + size])
        await asyncio.sleep(0)
    seen = [json.loads((await raw.answer()).body) for _ in range(4)]
    assert [one["body"] for one in seen] == ["abc\r\n\r\n\r\n", "", "", ""]
    assert [one["method"] for one in seen] == ["POST", "GET", "POST", "GET"]
    assert "trailer" not in [name for name, _ in seen[0]["headers"]]


async def test_absolute_form_with_the_same_authority(edge):
    raw = await edge.connect(await edge.serve())
    await raw.send(b"GET http://Gateway.test/x?q HTTP/1.1\r\nHost: gateway.TEST\r\n\r\n")
    seen = json.loads((await raw.answer()).body)
    assert (seen["target"], seen["path"], seen["query"]) == ("http://Gateway.test/x?q", "/x", "q")


async def test_upgrade_is_ignored_with_the_body_read(edge):
    raw = await edge.connect(await edge.serve())
    await raw.send(
        POST
        + b"Connection: Upgrade, HTTP2-Settings\r\nUpGrade: h2c\r\nHTTP2-Settings: AAEA\r\nContent-Length: 3\r\n\r\nabc"
    )
    assert json.loads((await raw.answer()).body)["body"] == "abc"
    await raw.send(GET)
    assert (await raw.answer()).status == 200


async def test_head_has_no_body(edge):
    raw = await edge.connect(await edge.serve())
    await raw.send(b"HEAD /x HTTP/1.1\r\n" + HOST + b"\r\n" + GET)
    status, headers = await raw.head()
    assert status == 200
    assert int(headers["content-length"]) > 0
    assert (await raw.answer()).body.startswith(b"{")


async def test_http_1_0_is_served_and_closed(edge):
    raw = await edge.connect(await edge.serve())
    await raw.send(b"GET /x HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
    answer = await raw.answer()
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert await raw.ended()


@pytest.mark.parametrize("value", [b"close", b"Close", b"x, close"])
async def test_connection_close(edge, value):
    raw = await edge.connect(await edge.serve())
    await raw.send(b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: " + value + b"\r\n\r\n")
    assert (await raw.answer()).headers["connection"] == "close"
    assert await raw.ended()


async def test_expect_continue(edge):
    raw = await edge.connect(await edge.serve())
    await raw.send(POST + b"Content-Length: 3\r\nExpect: 100-Continue\r\n\r\n")
    assert (await raw.head())[0] == 100
    await raw.send(b"a")
    await raw.send(b"bc")
    assert json.loads((await raw.answer()).body)["body"] == "abc"
    await raw.send(POST + b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n")
    assert (await raw.head())[0] == 100
    await raw.send(b"0\r\n\r\n")
    assert (await raw.answer()).status == 200
    await raw.send(POST + b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\nabc")
    assert (await raw.answer()).status == 200


# What is refused.

BAD = {
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400, "http.bad_host"),
    "no host in 1.0": (b"GET / HTTP/1.0\r\n\r\n", 400, "http.bad_host"),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "http.bad_host"),
    "empty host": (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, "http.bad_host"),
    "host with path": (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "http.bad_host"),
    "host with user": (b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400, "http.bad_host"),
    "host with a list": (b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400, "http.bad_host"),
    "two lengths": (POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx", 400, "http.bad_framing"),
    "the same length twice": (POST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400, "http.bad_framing"),
    "length list": (POST + b"Content-Length: 1, 1\r\n\r\nx", 400, "http.bad_framing"),
    "signed length": (POST + b"Content-Length: +1\r\n\r\nx", 400, "http.bad_framing"),
    "negative length": (POST + b"Content-Length: -1\r\n\r\nx", 400, "http.bad_framing"),
    "hex length": (POST + b"Content-Length: 0x1\r\n\r\nx", 400, "http.bad_framing"),
    "empty length": (POST + b"Content-Length:\r\n\r\nx", 400, "http.bad_framing"),
    "split length": (POST + b"Content-Length: 1 1\r\n\r\nx", 400, "http.bad_framing"),
    "length of 25 digits": (POST + b"Content-Length: " + b"9" * 25 + b"\r\n\r\nx", 400, "http.bad_framing"),
    "length of 19 digits": (POST + b"Content-Length: " + b"0" * 18 + b"1\r\n\r\nx", 400, "http.bad_framing"),
    "length and chunked": (
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
        "http.bad_framing",
    ),
    "chunked and length": (
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        400,
        "http.bad_framing",
    ),
    "chunked twice": (POST + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n0\r\n\r\n", 400, "http.bad_framing"),
    "chunked list": (POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400, "http.bad_framing"),
    "gzip, chunked": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400, "http.bad_framing"),
    "identity": (POST + b"Transfer-Encoding: identity\r\n\r\n", 400, "http.bad_framing"),
    "xchunked": (POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400, "http.bad_framing"),
    "empty coding": (POST + b"Transfer-Encoding:\r\n\r\n", 400, "http.bad_framing"),
    "chunked in 1.0": (
        b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
        "http.bad_framing",
    ),
    "folded header": (b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n", 400, "http.bad_header"),
    "folded first header": (b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400, "http.bad_header"),
    "blank before colon": (b"GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n", 400, "http.bad_header"),
    "blank before colon of a length": (POST + b"Content-Length : 1\r\n\r\nx", 400, "http.bad_header"),
    "no colon": (b"GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", 400, "http.bad_header"),
    "empty name": (b"GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", 400, "http.bad_header"),
    "name with a control byte": (b"GET / HTTP/1.1\r\nHost: a\r\nX\x0b: 1\r\n\r\n", 400, "http.bad_header"),
    "name beyond ASCII": (b"GET / HTTP/1.1\r\nHost: a\r\nX\xe9: 1\r\n\r\n", 400, "http.bad_header"),
    "name with brackets": (b"GET / HTTP/1.1\r\nHost: a\r\nX(): 1\r\n\r\n", 400, "http.bad_header"),
    "NUL in a value": (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n", 400, "http.bad_header"),
    "DEL in a value": (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x7fb\r\n\r\n", 400, "http.bad_header"),
    "bare LF between headers": (b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400, "http.bad_header"),
    "bare CR in a value": (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400, "http.bad_header"),
    "bare LF as the end": (b"GET / HTTP/1.1\r\nHost: a\n\n", 400, "http.bad_header"),
    "bare LF everywhere": (b"GET / HTTP/1.1\nHost: a\n\n", 400, "http.bad_request_line"),
    "two empty lines before": (b"\r\n\r\n" + GET, 400, "http.bad_request_line"),
    "two blanks": (b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http.bad_request_line"),
    "blank behind the version": (b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400, "http.bad_request_line"),
    "tab": (b"GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", 400, "http.bad_request_line"),
    "lower-case method": (b"get / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http.bad_request_line"),
    "no version": (b"GET /\r\n\r\n", 400, "http.bad_request_line"),
    "a TLS hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "http.bad_request_line"),
    "HTTP/1.2": (b"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505, "http.bad_version"),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "http.bad_version"),
    "asterisk": (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http.bad_target"),
    "authority": (b"GET a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", 400, "http.bad_target"),
    "fragment": (b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http.bad_target"),
    "backslash": (b"GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http.bad_target"),
    "target beyond ASCII": (b"GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http.bad_target"),
    "another authority": (b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http.bad_target"),
    "another scheme": (b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http.bad_target"),
    "connect": (b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", 400, "http.bad_target"),
    "connect with a path": (b"CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", 501, "http.unknown_method"),
    "unknown method": (b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501, "http.unknown_method"),
    "other expectation": (POST + b"Expect: 200-ok\r\nContent-Length: 1\r\n\r\n", 417, "http.bad_expectation"),
    "long target": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414, "http.target_too_long"),
    "target one over": (b"GET /" + b"a" * 8192 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414, "http.target_too_long"),
    "endless target": (b"GET /" + b"a" * 9000, 414, "http.target_too_long"),
    "large head": (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 33000 + b"\r\n\r\n", 431, "http.head_too_large"),
    "endless head": (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 33000, 431, "http.head_too_large"),
    "101 headers": (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 100 + b"\r\n", 431, "http.head_too_large"),
    "large body": (POST + b"Content-Length: 4194305\r\n\r\n", 413, "http.body_too_large"),
    "large body, expected": (
        POST + b"Expect: 100-continue\r\nContent-Length: 4194305\r\n\r\n",
        413,
        "http.body_too_large",
    ),
    "chunk size 0x3": (CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n", 400, "http.bad_chunk"),
    "chunk size +3": (CHUNKED + b"+3\r\nabc\r\n0\r\n\r\n", 400, "http.bad_chunk"),
    "chunk size -1": (CHUNKED + b"-1\r\nabc\r\n0\r\n\r\n", 400, "http.bad_chunk"),
    "chunk size with a blank": (CHUNKED + b"3 \r\nabc\r\n0\r\n\r\n", 400, "http.bad_chunk"),
    "blank before the size": (CHUNKED + b" 3\r\nabc\r\n0\r\n\r\n", 400, "http.bad_chunk"),
    "empty size": (CHUNKED + b"\r\nabc\r\n0\r\n\r\n", 400, "http.bad_chunk"),
    "overflowing size": (CHUNKED + b"f" * 17 + b"\r\nabc", 400, "http.bad_chunk"),
    "size ended by LF": (CHUNKED + b"3\nabc\r\n0\r\n\r\n", 400, "http.bad_chunk"),
    "data ended by LF": (CHUNKED + b"3\r\nabc\n0\r\n\r\n", 400, "http.bad_chunk"),
    "too much data": (CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n", 400, "http.bad_chunk"),
    "control byte in an extension": (CHUNKED + b"3;\x01\r\nabc\r\n0\r\n\r\n", 400, "http.bad_chunk"),
    "LF in an extension": (CHUNKED + b"3;a\nb\r\nabc\r\n0\r\n\r\n", 400, "http.bad_chunk"),
    "long extension": (CHUNKED + b"3;" + b"a" * 20000 + b"\r\nabc\r\n0\r\n\r\n", 400, "http.bad_chunk"),
    "endless zeros": (CHUNKED + b"0" * 20000, 400, "http.bad_chunk"),
    "long trailers": (CHUNKED + b"0\r\n" + b"A: b\r\n" * 4000 + b"\r\n", 400, "http.bad_chunk"),
    "length as a trailer": (CHUNKED + b"0\r\nContent-Length: 5\r\n\r\n", 400, "http.bad_chunk"),
    "trailer ended by LF": (CHUNKED + b"0\r\nA: b\n\n", 400, "http.bad_chunk"),
}


@pytest.mark.parametrize("name", BAD)
async def test_refused(edge, name):
    data, status, code = BAD[name]
    handled = []

    async def handler(request, responder):
        handled.append(request)
        await responder.whole(200, [])

    raw = await edge.connect(await edge.serve(handler, linger=0.3))
    await raw.send(data)
    answer = await raw.answer()
    assert (answer.status, answer.code) == (status, code)
    assert answer.headers["connection"] == "close"
    assert await raw.ended()
    assert edge.refused == [(code, "127.0.0.1")]
    assert not handled


async def test_the_limits_themselves_are_accepted(edge):
    server = await edge.serve()
    raw = await edge.connect(server)
    await raw.send(b"GET /" + b"a" * 8191 + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (await raw.answer()).status == 200
    await raw.send(b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 99 + b"\r\n")
    assert (await raw.answer()).status == 200
    start = b"GET / HTTP/1.1\r\nHost: a\r\nX: "
    await raw.send(start + b"a" * (32 * 1024 - len(start) - 4) + b"\r\n\r\n")
    assert (await raw.answer()).status == 200
    await raw.send(post(b"b" * 4 * 1024 * 1024))
    assert len(json.loads((await raw.answer()).body)["body"]) == 4 * 1024 * 1024


async def test_a_chunked_body_over_the_limit(edge):
    raw = await edge.connect(await edge.serve(body_bytes=10))
    await raw.send(CHUNKED + b"a\r\n0123456789\r\n1\r\n")
    await raw.send(b"x")
    assert (await raw.answer()).status == 413


async def test_a_refused_client_that_goes_on_sending_still_reads_the_answer(edge):
    raw = await edge.connect(await edge.serve(linger=1.0))
    await raw.send(POST + b"Content-Length: 99999999\r\n\r\n" + b"x" * 3_000_000)
    assert (await raw.answer()).status == 413


async def test_a_refused_client_that_never_stops_is_cut(edge):
    server = await edge.serve(linger=0.05)
    raw = await edge.connect(server)
    await raw.send(b"nonsense\r\n\r\n")
    assert (await raw.answer()).status == 400
    await until(lambda: server.connections == 0)


# Time.


async def test_a_head_that_drips_is_timed_as_a_whole(edge):
    raw = await edge.connect(await edge.serve(head_timeout=0.15))
    await raw.send(b"GET / HTTP/1.1\r\n")
    dripping = asyncio.create_task(drip(raw, b"X: y\r\n"))
    answer = await raw.answer()
    dripping.cancel()
    assert (answer.status, answer.code) == (408, "http.head_timeout")


async def drip(raw, data):
    while True:
        await raw.send(data)
        await asyncio.sleep(0.02)


async def test_a_connection_that_never_says_a_word_is_closed_silently(edge):
    raw = await edge.connect(await edge.serve(head_timeout=0.05))
    assert await raw.ended()
    assert not edge.refused


@pytest.mark.parametrize("start", [POST + b"Content-Length: 10\r\n\r\nab", CHUNKED + b"5\r\nab", CHUNKED])
async def test_a_body_that_stops(edge, start):
    raw = await edge.connect(await edge.serve(body_timeout=0.05))
    await raw.send(start)
    answer = await raw.answer()
    assert (answer.status, answer.code) == (408, "http.body_timeout")


async def test_a_body_that_goes_on_is_not_timed_out(edge):
    raw = await edge.connect(await edge.serve(body_timeout=1.0))
    await raw.send(POST + b"Content-Length: 12\r\n\r\n")
    for _ in range(12):
        await asyncio.sleep(0.1)
        await raw.send(b"x")
    assert (await raw.answer()).status == 200


@pytest.mark.parametrize("start", [POST + b"Content-Length: 1000\r\n\r\n", CHUNKED + b"3e8\r\n"])
async def test_a_body_that_drips_is_timed_as_a_whole(edge, start):
    raw = await edge.connect(await edge.serve(body_timeout=5, body_total=0.15))
    await raw.send(start)
    dripping = asyncio.create_task(drip(raw, b"x"))
    answer = await raw.answer()
    dripping.cancel()
    assert (answer.status, answer.code) == (408, "http.body_timeout")


async def test_the_bound_of_a_body_begins_anew_with_each(edge):
    raw = await edge.connect(await edge.serve(body_timeout=5, body_total=1.0))
    for _ in range(3):
        await raw.send(POST + b"Content-Length: 2\r\n\r\na")
        await asyncio.sleep(0.4)
        await raw.send(b"b")
        assert (await raw.answer()).status == 200


async def test_an_idle_connection_is_closed(edge):
    raw = await edge.connect(await edge.serve(idle_timeout=0.05))
    await raw.send(GET)
    assert (await raw.answer()).status == 200
    assert await raw.ended()


async def test_a_slow_handler_is_not_timed_out(edge):
    async def handler(request, responder):
        await asyncio.sleep(0.7)
        await responder.whole(200, [])

    raw = await edge.connect(await edge.serve(handler, idle_timeout=0.05, head_timeout=0.6, body_timeout=0.6))
    await raw.send(GET)
    assert (await raw.answer()).status == 200


# Numbers.


async def test_connections_per_address(edge):
    server = await edge.serve(connections_per_address=2)
    first, second = await edge.connect(server), await edge.connect(server)
    await first.send(GET)
    await second.send(GET)
    assert [(await one.answer()).status for one in (first, second)] == [200, 200]
    third = await edge.connect(server)
    answer = await third.answer()
    assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "http.too_many_from_address", "1")
    assert await third.ended()
    first.cut()
    await until(lambda: server.connections == 1)
    again = await edge.connect(server)
    await again.send(GET)
    assert (await again.answer()).status == 200


async def test_a_proxy_may_have_as_many_as_its_clients_need(edge):
    """Each open stream behind it takes a connection of its own."""
    server = await edge.serve(connections_per_address=2, connections=4, proxies=("127.0.0.1",))
    several = [await edge.connect(server) for _ in range(4)]
    for one in several:
        await one.send(GET)
    assert [(await one.answer()).status for one in several] == [200] * 4
    assert (await (await edge.connect(server)).answer()).code == "http.too_many_connections"


async def test_connections_in_all(edge):
    server = await edge.serve(connections=1)
    first = await edge.connect(server)
    await first.send(GET)
    assert (await first.answer()).status == 200
    second = await edge.connect(server)
    assert (await second.answer()).code == "http.too_many_connections"


async def test_bytes_held_in_all(edge):
    server = await edge.serve(buffered_bytes=1000)
    first, second = await edge.connect(server), await edge.connect(server)
    await first.send(POST + b"Content-Length: 2000\r\n\r\n" + b"x" * 900)
    await until(lambda: server.buffered > 900)
    await second.send(post(b"y" * 200))
    answer = await second.answer()
    assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "http.overloaded", "1")
    first.cut()
    await until(lambda: server.buffered == 0)
    third = await edge.connect(server)
    await third.send(post(b"y" * 200))
    assert (await third.answer()).status == 200


@pytest.mark.skipif(sys.platform != "linux", reason="needs all of 127.0.0.0/8")
async def test_one_address_leaves_the_others_their_half_of_the_bytes(edge):
    """Bodies that are never finished need no token, and each may take its time."""
    server = await edge.serve(buffered_bytes=10_000)
    hog = [await edge.connect(server, local_addr=("127.0.0.9", 0)) for _ in range(3)]
    for number, raw in enumerate(hog[:2], 1):
        await raw.send(POST + b"Content-Length: 5000\r\n\r\n" + b"x" * 2600)
        await until(lambda held=2600 * number: server.buffered > held)
    await hog[2].send(post(b"y" * 10))
    assert (await hog[2].answer()).code == "http.overloaded"
    other = await edge.connect(server)
    for _ in range(2):
        await other.send(POST + b"Content-Length: 3000\r\n\r\n" + b"z" * 10)
        await until(lambda: server.buffered > 5200)
        await other.send(b"z" * 2990)
        assert (await other.answer()).status == 200
    hog[0].cut()
    await until(lambda: server.buffered < 3000)
    again = await edge.connect(server, local_addr=("127.0.0.9", 0))
    await again.send(post(b"y" * 10))
    assert (await again.answer()).status == 200
    hog[1].cut()
    await until(lambda: server.buffered == 0)
    assert not server._buffered_by


# Pipelining.


async def test_pipelined_requests_are_answered_in_order_one_at_a_time(edge):
    working = 0

    async def handler(request, responder):
        nonlocal working
        working += 1
        assert working == 1
        await asyncio.sleep(0.02 if request.path == "/0" else 0)
        working -= 1
        await responder.whole(200, [], request.path.encode())

    raw = await edge.connect(await edge.serve(handler))
    await raw.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % i for i in range(50)))
    assert [(await raw.answer()).body for _ in range(50)] == [b"/%d" % i for i in range(50)]


async def test_read_ahead_is_bounded_and_goes_on(edge):
    go = asyncio.Event()

    async def handler(request, responder):
        await go.wait()
        await responder.whole(200, [])

    server = await edge.serve(handler, read_ahead=1000)
    raw = await edge.connect(server)
    request = post(b"z" * 200_000)
    sending = asyncio.create_task(raw.send(request * 40))
    await until(lambda: server.buffered > 200_000)
    await at_rest(lambda: server.buffered)
    # One request, what one read of the transport may bring beyond the bound, and no more.
    assert server.buffered < 200_000 + 3 * 256 * 1024
    assert not sending.done()
    go.set()
    for _ in range(40):
        assert (await raw.answer()).status == 200
    await sending


async def test_a_client_that_pipelines_and_reads_nothing_is_not_served_on(edge):
    served = 0

    async def handler(request, responder):
        nonlocal served
        served += 1
        await responder.whole(200, [], b"x" * 1_000_000)

    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
    listener.setblocking(False)
    server = await edge.serve(handler, sock=listener, write_stall=0.3)
    raw = await edge.connect(server, limit=1024)
    await raw.send(GET * 1000)
    await until(lambda: server.connections == 0)
    assert served < 30


# The client goes away.


@pytest.mark.parametrize("how", ["eof", "reset"])
@pytest.mark.parametrize("streaming", [False, True])
async def test_the_handler_is_cancelled_when_its_client_goes(edge, how, streaming):
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def handler(request, responder):
        if streaming:
            await responder.start(200, [])
            await responder.write(b"one")
        started.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            assert responder.closed
            cancelled.set()
            raise

    server = await edge.serve(handler)
    raw = await edge.connect(server)
    await raw.send(GET)
    async with asyncio.timeout(PATIENCE):
        await started.wait()
        if how == "eof":
            raw.writer.write_eof()
        else:
            raw.cut()
        await cancelled.wait()


async def test_a_client_that_goes_while_reading_is_paused_is_noticed(edge):
    cancelled = asyncio.Event()

    async def handler(request, responder):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    server = await edge.serve(handler, read_ahead=10)
    raw = await edge.connect(server)
    await raw.send(GET)
    await until(lambda: server.buffered > 0)
    await raw.send(b"G" * 100)
    await until(lambda: server.buffered > 100)
    await raw.send(b"E" * 1000)
    raw.writer.write_eof()
    async with asyncio.timeout(PATIENCE):
        await cancelled.wait()


async def test_a_client_that_closes_behind_its_answer_cancels_nothing(edge):
    done = asyncio.Event()

    async def handler(request, responder):
        await responder.whole(200, [], b"ok")
        await asyncio.sleep(0.1)
        done.set()

    raw = await edge.connect(await edge.serve(handler))
    await raw.send(GET)
    assert (await raw.answer()).body == b"ok"
    raw.cut()
    async with asyncio.timeout(PATIENCE):
        await done.wait()


# Answers.


async def test_nothing_is_written_on_a_connection_that_was_cut(edge):
    seen = []

    async def handler(request, responder):
        await responder.start(200, [])
        responder._channel.abort()
        seen.append(responder.closed)
        with pytest.raises(ConnectionResetError):
            await responder.write(b"late")
        seen.append(True)

    raw = await edge.connect(await edge.serve(handler))
    await raw.send(GET)
    await raw.rest()
    assert seen == [True, True]


async def test_two_heads_alike_are_two_requests(edge):
    seen = []

    async def handler(request, responder):
        seen.append(request.body)
        await responder.whole(200, [(b"x", b"%d" % len(seen))], request.body)

    raw = await edge.connect(await edge.serve(handler))
    for body in (b"one", b"two"):
        await raw.send(post(body))
        assert (await raw.answer()).body == body
    assert seen == [b"one", b"two"]


async def test_a_streamed_answer_is_chunked(edge):
    async def handler(request, responder):
        assert not responder.started
        await responder.start(200, [(b"content-type", b"text/event-stream")])
        assert responder.started
        await responder.write(b"one")
        await responder.write(b"")
        await responder.write(b"x" * 17)
        await responder.end()
        await responder.end()
        assert responder.closed

    raw = await edge.connect(await edge.serve(handler))
    await raw.send(GET)
    _, headers = await raw.head()
    assert headers["transfer-encoding"] == "chunked"
    assert "content-length" not in headers
    wanted = b"3\r\none\r\n11\r\n" + b"x" * 17 + b"\r\n0\r\n\r\n"
    assert await raw.reader.readexactly(len(wanted)) == wanted
    await raw.send(GET)
    assert (await raw.head())[0] == 200


async def test_a_streamed_answer_to_http_1_0_ends_with_the_connection(edge):
    async def handler(request, responder):
        await responder.start(200, [])
        await responder.write(b"one")
        await responder.end()

    raw = await edge.connect(await edge.serve(handler))
    await raw.send(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n")
    _, headers = await raw.head()
    assert headers["connection"] == "close"
    assert "transfer-encoding" not in headers
    assert await raw.rest() == b"one"


@pytest.mark.parametrize("status", [204, 304])
async def test_statuses_without_a_body(edge, status):
    async def handler(request, responder):
        await responder.whole(status, [], b"ignored")

    raw = await edge.connect(await edge.serve(handler))
    await raw.send(GET + GET)
    for _ in range(2):
        got, headers = await raw.head()
        assert got == status
        assert "content-length" not in headers


async def test_framing_headers_of_a_handler_are_ours(edge):
    async def handler(request, responder):
        await responder.whole(
            200, [(b"Content-Length", b"99"), (b"Transfer-Encoding", b"chunked"), (b"X", b"y")], b"ok"
        )

    raw = await edge.connect(await edge.serve(handler))
    await raw.send(GET)
    answer = await raw.answer()
    assert answer.body == b"ok"
    assert "transfer-encoding" not in answer.headers
    assert answer.headers["x"] == "y"
    assert answer.headers["date"].endswith(" GMT")


@pytest.mark.parametrize(
    "header", [(b"X", b"a\r\nY: b"), (b"X", b"a\nb"), (b"X\r\nY", b"b"), (b"X", b"\x00"), (b"", b"x")]
)
async def test_an_answer_cannot_be_split(edge, header, caplog):
    async def handler(request, responder):
        await responder.whole(200, [header], b"ok")

    raw = await edge.connect(await edge.serve(handler))
    with caplog.at_level(logging.CRITICAL):
        await raw.send(GET)
        answer = await raw.answer()
    assert (answer.status, answer.code) == (500, "http.internal")


async def test_a_failing_handler_gives_500_and_the_connection_goes_on(edge, caplog):
    async def handler(request, responder):
        if request.path == "/x":
            raise RuntimeError("what the payload said")
        await responder.whole(200, [])

    raw = await edge.connect(await edge.serve(handler))
    await raw.send(GET)
    answer = await raw.answer()
    assert (answer.status, answer.code) == (500, "http.internal")
    assert "RuntimeError" in caplog.text
    assert "payload" not in caplog.text
    await raw.send(b"GET /y HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (await raw.answer()).status == 200


async def test_a_handler_that_forgets_to_answer_gives_500(edge, caplog):
    async def handler(request, responder):
        return

    raw = await edge.connect(await edge.serve(handler))
    await raw.send(GET)
    assert (await raw.answer()).status == 500


@pytest.mark.parametrize("fails", [True, False])
async def test_a_stream_that_is_not_completed_is_cut_short(edge, caplog, fails):
    async def handler(request, responder):
        await responder.start(200, [])
        await responder.write(b"one")
        if fails:
            raise RuntimeError

    raw = await edge.connect(await edge.serve(handler))
    await raw.send(GET)
    await raw.head()
    assert not (await raw.rest()).endswith(b"0\r\n\r\n")


async def test_a_handler_is_not_run_in_the_context_of_the_one_before(edge):
    trace = contextvars.ContextVar("trace", default="none")

    async def handler(request, responder):
        seen = trace.get()
        trace.set("first")
        await responder.whole(200, [], seen.encode())

    raw = await edge.connect(await edge.serve(handler))
    await raw.send(GET * 3)
    assert [(await raw.answer()).body for _ in range(3)] == [b"none"] * 3


# Back-pressure towards the client.


def narrow() -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
    listener.setblocking(False)
    return listener


async def test_write_waits_for_a_slow_reader(edge):
    written = 0

    async def handler(request, responder):
        nonlocal written
        await responder.start(200, [])
        for _ in range(200):
            await responder.write(b"x" * 100_000)
            written += 1
        await responder.end()

    raw = await edge.connect(await edge.serve(handler, sock=narrow()), limit=1024)
    await raw.send(GET)
    await at_rest(lambda: written)
    assert written < 150
    async with asyncio.timeout(10):
        await raw.reader.readuntil(b"\r\n\r\n")
        total = 0
        while total < 200 * 100_000:
            total += len(await raw.reader.read(1 << 20))
    assert written >= 199


@pytest.mark.parametrize("streaming", [False, True])
async def test_a_reader_that_stalls_is_cut(edge, streaming):
    ended = asyncio.Event()

    async def handler(request, responder):
        try:
            if not streaming:
                await responder.whole(200, [], b"x" * 20_000_000)
                return
            await responder.start(200, [])
            while True:
                await responder.write(b"x" * 100_000)
        finally:
            ended.set()

    server = await edge.serve(handler, sock=narrow(), write_stall=0.2)
    raw = await edge.connect(server, limit=1024)
    await raw.send(GET)
    await until(lambda: server.connections == 0 and ended.is_set())


async def test_a_reader_that_takes_an_answer_byte_by_byte_is_cut(edge):
    async def handler(request, responder):
        await responder.whole(200, [], b"x" * 20_000_000)

    server = await edge.serve(handler, sock=narrow(), write_total=0.5)
    raw = await edge.connect(server, limit=1024)
    await raw.send(GET)
    async with asyncio.timeout(PATIENCE):
        while server.connections:
            await raw.reader.read(1000)
            await asyncio.sleep(0.01)
    assert server.owed == 0


async def test_of_those_who_do_not_read_the_first_are_cut_where_they_are_too_many(edge):
    """A whole answer waits for no client: without a bound, clients that do not read would fill the memory."""

    async def handler(request, responder):
        await responder.whole(200, [], b"x" * 20_000_000)

    server = await edge.serve(handler, sock=narrow(), buffered_bytes=50_000_000)
    raws = [await edge.connect(server, limit=1024) for _ in range(4)]
    for raw, least, left in zip(raws, (18_000_000, 36_000_000, 36_000_000, 36_000_000), (4, 4, 3, 2), strict=True):
        await raw.send(GET)
        await until(lambda least=least: server.owed > least)
        await until(lambda left=left: server.connections == left)
        assert server.owed <= 50_000_000
    for raw in raws[2:]:
        assert len((await raw.answer()).body) == 20_000_000
    await until(lambda: server.owed == 0)


async def test_one_answer_may_be_larger_than_all_that_wait_together(edge):
    async def handler(request, responder):
        await responder.whole(200, [], b"x" * (20_000_000 if request.path == "/x" else 2))

    server = await edge.serve(handler, sock=narrow(), buffered_bytes=1_000_000)
    idle, slow = await edge.connect(server), await edge.connect(server, limit=1024)
    small = GET.replace(b"/x", b"/y")
    await idle.send(small)
    assert (await idle.answer()).status == 200
    await slow.send(GET)
    await asyncio.sleep(0.1)
    assert len((await slow.answer()).body) == 20_000_000
    await idle.send(small)
    assert (await idle.answer()).status == 200


# The end.


async def test_drain(edge):
    go = asyncio.Event()

    async def handler(request, responder):
        await go.wait()
        await responder.whole(200, [], b"done")

    server = await edge.serve(handler)
    idle, busy = await edge.connect(server), await edge.connect(server)
    await busy.send(GET)
    await until(lambda: server.buffered > 0 and server.connections == 2)
    port = server.port
    draining = asyncio.create_task(server.drain(5))
    assert await idle.ended()
    with pytest.raises(OSError):
        await asyncio.open_connection("127.0.0.1", port)
    go.set()
    answer = await busy.answer()
    assert (answer.body, answer.headers["connection"]) == (b"done", "close")
    await draining
    assert server.connections == 0


async def test_drain_gives_up(edge):
    cancelled = asyncio.Event()

    async def handler(request, responder):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    server = await edge.serve(handler)
    raw = await edge.connect(server)
    await raw.send(GET)
    await until(lambda: server.buffered > 0)
    async with asyncio.timeout(PATIENCE):
        await server.drain(0.05)
    assert cancelled.is_set()
    assert server.connections == 0


async def test_what_was_read_is_not_kept(edge):
    server = await edge.serve()
    raw = await edge.connect(server)
    await raw.send(b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: x\r\n\r\n")
    assert (await raw.answer()).status == 200
    await until(lambda: not server.heads)
