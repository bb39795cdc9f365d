"""The client side of the HTTP edge against scripted upstreams."""

import asyncio
import gzip
import zlib

import pytest
from tests.waiting import at_rest, until

from doorward.transports.http1 import Origin
from doorward.transports.http1.errors import (
    ConnectFailed,
    ConnectTimeout,
    FirstByteTimeout,
    IdleTimeout,
    PoolFull,
    ResponseTooLarge,
    TotalTimeout,
    UpstreamClosed,
    UpstreamFault,
    UpstreamGarbage,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
MIB = 1024 * 1024


def always(answer):
    """Answers every request on the connection alike."""

    async def script(peer):
        while True:
            await peer.request()
            await peer.say(answer)

    return script


def once(answer, *, stay=True):
    """Answers one request; then waits until the client is gone, or closes."""

    async def script(peer):
        await peer.request()
        await peer.say(answer)
        if stay:
            await peer.until_gone()

    return script


async def ask(pool, **options):
    response = await pool.request("POST", "/mcp", [(b"X-One", b"1")], b"body", **options)
    return response, await response.read(MIB)


# Requests.


async def test_what_goes_over_the_wire(upstream, pool):
    asked = []

    async def script(peer):
        while True:
            asked.append(await peer.request())
            await peer.say(OK)

    calls = pool((await upstream(script)).port)
    headers = [
        (b"X-One", b"1"),
        (b"Host", b"evil"),
        (b"Accept-Encoding", b"br"),
        (b"Connection", b"close"),
        (b"Transfer-Encoding", b"chunked"),
        (b"content-length", b"99"),
    ]
    for method, body in (("POST", b"body"), ("POST", b""), ("GET", b"")):
        response = await calls.request(method, "/mcp?x", headers, body)
        assert await response.read(10) == b"ok"
    fixed = b" /mcp?x HTTP/1.1\r\nhost: 127.0.0.1:%d\r\naccept-encoding: identity\r\nX-One: 1\r\n" % calls.origin.port
    assert asked == [
        b"POST" + fixed + b"content-length: 4\r\n\r\nbody",
        b"POST" + fixed + b"content-length: 0\r\n\r\n",
        b"GET" + fixed + b"\r\n",
    ]


async def test_a_large_request_body(upstream, pool):
    received = []

    async def script(peer):
        received.append(len(await peer.request()))
        await peer.say(OK)

    calls = pool((await upstream(script)).port)
    response = await calls.request("POST", "/", [], b"x" * 4 * MIB)
    assert await response.read(10) == b"ok"
    assert received[0] > 4 * MIB


@pytest.mark.parametrize(
    ("method", "target", "header"),
    [
        ("POST", "/", (b"X", b"a\r\nY: b")),
        ("POST", "/", (b"X", b"a\n")),
        ("POST", "/", (b"X", b"a\x00")),
        ("POST", "/", (b"X: y\r\nZ", b"a")),
        ("POST", "/", (b"X Y", b"a")),
        ("POST", "/", (b"", b"a")),
        ("POST", "/a b", (b"X", b"a")),
        ("POST", "/a\r\nX: y", (b"X", b"a")),
        ("POST", "http://b/", (b"X", b"a")),
        ("POST", "/\xe9", (b"X", b"a")),
        ("PO ST", "/", (b"X", b"a")),
        ("", "/", (b"X", b"a")),
    ],
)
async def test_nothing_can_be_injected(upstream, pool, method, target, header):
    server = await upstream(always(OK))
    with pytest.raises(ValueError):
        await pool(server.port).request(method, target, [header])
    assert server.connections == 0


# Answers.


async def test_an_answer(upstream, pool):
    server = await upstream(always(b"HTTP/1.1 404 \r\nX-A:  v \t\r\nx-a: w\r\nContent-Length: 3\r\n\r\nabc"))
    response, body = await ask(pool(server.port))
    assert (response.status, body) == (404, b"abc")
    assert response.headers == ((b"x-a", b"v"), (b"x-a", b"w"), (b"content-length", b"3"))
    assert response.get(b"x-a") == b"v"
    assert response.get(b"x-b") is None


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    "answer",
    [
        OK,
        CHUNKED + b"1\r\no\r\n1;x=y\r\nk\r\n0\r\n\r\n",
        CHUNKED + b"2\r\nok\r\n0\r\nTrailer: x\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: </x>\r\n\r\n" + OK,
    ],
)
async def test_an_answer_in_pieces(upstream, pool, answer, size):
    async def script(peer):
        while True:
            await peer.request()
            for start in range(0, len(answer), size):
                await peer.say(answer[start : start + size])
                await asyncio.sleep(0)

    server = await upstream(script)
    calls = pool(server.port)
    for _ in range(2):
        response, body = await ask(calls)
        assert (response.status, body) == (200, b"ok")
        assert response.get(b"trailer") is None
    assert server.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_answers_without_a_body(upstream, pool, answer):
    server = await upstream(always(answer))
    calls = pool(server.port)
    assert [(await ask(calls))[1] for _ in range(3)] == [b""] * 3
    assert server.connections == 1


async def test_head(upstream, pool):
    server = await upstream(always(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"))
    response = await pool(server.port).request("HEAD", "/", [])
    assert await response.read(5) == b""
    assert response.get(b"content-length") == b"10"


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.0 200 OK\r\nX: y\r\n\r\n"])
async def test_a_body_that_ends_with_the_connection(upstream, pool, head):
    server = await upstream(once(head + b"ok", stay=False))
    calls = pool(server.port)
    assert (await ask(calls))[1] == b"ok"
    assert calls.idle == 0


GARBAGE = {
    "nonsense": b"hello\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH\r\n",
    "status of two digits": b"HTTP/1.1 20 OK\r\n\r\n",
    "status 600": b"HTTP/1.1 600 OK\r\nContent-Length: 0\r\n\r\n",
    "status 000": b"HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/2": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.2": b"HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n",
    "bare LF": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "bare LF in the headers": b"HTTP/1.1 200 OK\r\nX: y\nContent-Length: 2\r\n\r\nok",
    "bare CR": b"HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 2\r\n\r\nok",
    "NUL": b"HTTP/1.1 200 OK\r\nX: \x00\r\nContent-Length: 2\r\n\r\nok",
    "folding": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok",
    "blank before the colon": b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok",
    "length and chunked": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked and length": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    "signed length": b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
    "length list": b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
    "gzip coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok",
    "gzip, chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked in 1.0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunk size": CHUNKED + b"zz\r\n",
    "chunk data": CHUNKED + b"2\r\nokk\r\n0\r\n\r\n",
    "chunk LF": CHUNKED + b"2\nok\r\n0\r\n\r\n",
    "chunk extension": CHUNKED + b"2;" + b"x" * 20000 + b"\r\nok\r\n0\r\n\r\n",
    "trailers": CHUNKED + b"2\r\nok\r\n0\r\n" + b"X: y\r\n" * 4000 + b"\r\n",
    "switching protocols": b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
    "interim with a body": b"HTTP/1.1 103 Hints\r\nContent-Length: 2\r\n\r\nok" + OK,
    "endless interims": b"HTTP/1.1 100 Continue\r\n\r\n" * 20 + OK,
    "unknown content coding": b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nok",
    "two content codings": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nContent-Length: 2\r\n\r\nok",
    "content coding twice": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Encoding: gzip\r\n\r\n",
    "not gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok",
}


@pytest.mark.parametrize("name", GARBAGE)
async def test_garbage(upstream, pool, name):
    server = await upstream(once(GARBAGE[name]))
    calls = pool(server.port, idle_life=0.1)  # where the body is what is wrong, the connection is idle first
    with pytest.raises(UpstreamGarbage) as caught:
        await ask(calls, resend=True)
    assert caught.value.code == "upstream.garbage"
    await until(lambda: server.gone == 1)
    assert (server.connections, calls.idle, calls.busy) == (1, 0, 0)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 40000,
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 40000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 101 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1048577,
        CHUNKED + b"200000\r\n" + b"x" * 1048577,
    ],
)
async def test_too_large(upstream, pool, answer):
    server = await upstream(once(answer))
    calls = pool(server.port)
    with pytest.raises(ResponseTooLarge):
        await ask(calls)
    await until(lambda: server.gone == 1)
    assert (calls.idle, calls.busy) == (0, 0)


async def test_the_pools_own_bound(upstream, pool):
    server = await upstream(always(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n" + b"x" * 11))
    with pytest.raises(ResponseTooLarge):
        await ask(pool(server.port, max_body=10))


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", CHUNKED + b"5\r\nok"]
)
async def test_an_answer_that_breaks_off(upstream, pool, answer):
    server = await upstream(once(answer, stay=False))
    with pytest.raises(UpstreamClosed):
        await ask(pool(server.port), resend=True)
    assert server.connections == 1


async def test_a_redirect_is_handed_over(upstream, pool):
    server = await upstream(always(b"HTTP/1.1 307 Moved\r\nLocation: http://b/\r\nContent-Length: 0\r\n\r\n"))
    response, _ = await ask(pool(server.port))
    assert (response.status, response.get(b"location")) == (307, b"http://b/")
    assert server.connections == 1


# Content codings.


async def drained(response):
    return [piece async for piece in response]


def coded(coding, body):
    return b"HTTP/1.1 200 OK\r\nContent-Encoding: %b\r\nX: y\r\nContent-Length: %d\r\n\r\n%b" % (
        coding,
        len(body),
        body,
    )


def bare_deflate(data):
    machine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return machine.compress(data) + machine.flush()


@pytest.mark.parametrize(
    ("coding", "encode"),
    [
        (b"gzip", gzip.compress),
        (b"X-GZIP", gzip.compress),
        (b"deflate", zlib.compress),
        (b"deflate", bare_deflate),
        (b"identity", lambda x: x),
    ],
)
@pytest.mark.parametrize("whole", [True, False])
async def test_a_content_coding_is_undone(upstream, pool, coding, encode, whole):
    text = b"some text " * 30_000
    server = await upstream(always(coded(coding, encode(text))))
    calls = pool(server.port)
    response = await calls.request("GET", "/", [])
    got = await response.read(MIB) if whole else b"".join([piece async for piece in response])
    assert got == text
    assert response.get(b"content-encoding") is None
    assert response.get(b"x") == b"y"
    assert (response.get(b"content-length") is None) == (coding != b"identity")
    assert calls.idle == 1


async def test_a_bomb_is_not_unpacked(upstream, pool):
    server = await upstream(always(coded(b"gzip", gzip.compress(b"0" * 50 * MIB))))
    with pytest.raises(ResponseTooLarge):
        await ask(pool(server.port))
    response = await pool(server.port).request("GET", "/", [])
    assert max([len(piece) async for piece in response]) <= 64 * 1024


@pytest.mark.parametrize("spoil", [lambda x: x[:-5], lambda x: x + b"more", lambda x: b"no" + x])
@pytest.mark.parametrize("whole", [True, False])
async def test_a_spoilt_coding(upstream, pool, spoil, whole):
    server = await upstream(always(coded(b"gzip", spoil(gzip.compress(b"text")))))
    response = await pool(server.port).request("GET", "/", [])
    with pytest.raises(UpstreamGarbage):
        await (response.read(MIB) if whole else drained(response))


# Reuse.


async def test_a_connection_is_reused(upstream, pool):
    server = await upstream(always(OK))
    calls = pool(server.port)
    for _ in range(5):
        assert (await ask(calls))[1] == b"ok"
        assert (calls.idle, calls.busy) == (1, 0)
    assert server.connections == 1


async def test_calls_at_once_have_a_connection_each(upstream, pool):
    server = await upstream(always(OK))
    calls = pool(server.port)
    for _ in range(3):
        assert [body for _, body in await asyncio.gather(*(ask(calls) for _ in range(20)))] == [b"ok"] * 20
    assert server.connections == 20
    assert (calls.idle, calls.busy) == (20, 0)


async def test_many_calls_interleaved(upstream, pool):
    async def script(peer):
        while True:
            body = (await peer.request()).split(b"\r\n\r\n")[1]
            await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    calls = pool((await upstream(script)).port)

    async def caller(name):
        for i in range(50):
            body = b"%d.%d" % (name, i)
            response = await calls.request("POST", "/", [], body)
            assert await response.read(100) == body

    await asyncio.gather(*(caller(name) for name in range(8)))


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nConnection: x, close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=0\r\nContent-Length: 2\r\n\r\nok",
        OK + b"x",
        OK + OK,
        CHUNKED + b"2\r\nok\r\n0\r\n\r\n" + OK,
    ],
)
async def test_a_connection_that_is_not_reused(upstream, pool, answer):
    server = await upstream(always(answer))
    calls = pool(server.port)
    assert [(await ask(calls))[1] for _ in range(2)] == [b"ok", b"ok"]
    assert server.connections == 2


async def test_a_length_on_204_spoils_the_connection(upstream, pool):
    server = await upstream(always(b"HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\nok"))
    calls = pool(server.port)
    assert (await ask(calls))[1] == b""
    assert (await ask(calls))[1] == b""
    assert server.connections == 2


async def test_an_early_answer_spoils_the_connection(upstream, pool):
    async def script(peer):
        await peer.reader.readuntil(b"\r\n\r\n")
        await peer.say(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        await peer.until_gone()

    server = await upstream(script)
    calls = pool(server.port)
    response = await calls.request("POST", "/", [], b"x" * 64 * MIB)
    assert (response.status, await response.read(10)) == (413, b"no")
    assert calls.idle == 0


async def test_idle_connections_age(upstream, pool):
    server = await upstream(always(OK))
    calls = pool(server.port, idle_life=0.05)
    await ask(calls)
    await until(lambda: calls.idle == 0)
    await ask(calls)
    assert server.connections == 2


async def test_an_aged_connection_is_not_taken_before_the_sweep(upstream, pool):
    server = await upstream(always(OK))
    calls = pool(server.port, idle_life=0.02, tick=60)
    await ask(calls)
    await asyncio.sleep(0.03)
    await ask(calls)
    assert server.connections == 2


async def test_the_upstreams_keep_alive_counts(upstream, pool):
    def says(seconds):
        return b"HTTP/1.1 200 OK\r\nKeep-Alive: max=5, timeout=%d\r\nContent-Length: 2\r\n\r\nok" % seconds

    longer = await upstream(always(says(60)))
    calls = pool(longer.port, idle_life=0.01)
    await ask(calls)
    await asyncio.sleep(0.05)  # our own bound would have ended it, at the next sweep at the latest
    await ask(calls)
    assert longer.connections == 1
    shorter = await upstream(always(says(2)))
    calls = pool(shorter.port, idle_margin=1.95)
    await ask(calls)
    await until(lambda: calls.idle == 0)


@pytest.mark.parametrize("late", [b"", b"late bytes", OK])
async def test_an_idle_connection_that_ends_or_speaks_is_dropped(upstream, pool, late):
    go = asyncio.Event()

    async def script(peer):
        await peer.request()
        await peer.say(OK)
        if server.connections == 1:
            await go.wait()
            await peer.say(late)
            if late:
                await peer.until_gone()
        else:
            await peer.until_gone()

    server = await upstream(script)
    calls = pool(server.port)
    await ask(calls)
    assert calls.idle == 1
    go.set()
    await until(lambda: calls.idle == 0)
    assert (await ask(calls))[1] == b"ok"
    assert server.connections == 2


async def test_an_idle_connection_that_was_cut_is_not_handed_out(upstream, pool):
    server = await upstream(always(OK))
    calls = pool(server.port)
    await ask(calls)
    calls._idle[0].data_received(b"unasked")  # cuts it; the loop tells of it only later
    assert calls.idle == 1
    assert (await ask(calls))[1] == b"ok"
    assert server.connections == 2


async def test_a_body_that_is_here_needs_no_waiting(upstream, pool):
    async def script(peer):
        await peer.request()
        await peer.say(OK)
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        await peer.until_gone()

    calls = pool((await upstream(script)).port)
    response = await calls.request("GET", "/", [])
    assert response.complete
    assert response.body_now(10) == b"ok"
    response = await calls.request("GET", "/", [])
    assert not response.complete
    with pytest.raises(RuntimeError):
        response.body_now(10)
    response.abort()


# Sending again.


def dies_at_second_request(before=b""):
    async def script(peer):
        await peer.request()
        await peer.say(OK)
        await peer.request()
        await peer.say(before)

    return script


@pytest.mark.parametrize("resend", [True, False])
async def test_a_reused_connection_that_dies_at_once(upstream, pool, resend):
    server = await upstream(dies_at_second_request())
    calls = pool(server.port)
    await ask(calls)
    if resend:
        assert (await ask(calls, resend=True))[1] == b"ok"
        assert server.connections == 2
    else:
        with pytest.raises(UpstreamClosed):
            await ask(calls)
        assert server.connections == 1


async def test_not_sent_again_once_a_byte_came(upstream, pool):
    server = await upstream(dies_at_second_request(b"H"))
    calls = pool(server.port)
    await ask(calls)
    with pytest.raises(UpstreamClosed):
        await ask(calls, resend=True)
    assert server.connections == 1


async def test_sent_again_once_only(upstream, pool):
    async def script(peer):
        await peer.request()
        if server.connections == 1:
            await peer.say(OK)
            await peer.request()

    server = await upstream(script)
    calls = pool(server.port)
    await ask(calls)
    with pytest.raises(UpstreamClosed):
        await ask(calls, resend=True)
    assert server.connections == 2


# Time.


async def test_nobody_listens(pool, unused_tcp_port):
    with pytest.raises(ConnectFailed) as caught:
        await ask(pool(unused_tcp_port))
    assert caught.value.code == "upstream.connect_failed"


async def test_no_such_name(pool):
    with pytest.raises(ConnectFailed):
        await ask(pool(1, host="no-such-name.invalid"))


async def test_a_connection_that_is_never_accepted(pool, monkeypatch):
    calls = pool(1, connect=0.05)
    loop = asyncio.get_running_loop()

    class Slow:
        time = staticmethod(loop.time)

        async def create_connection(self, *args, **options):
            await asyncio.sleep(60)

    monkeypatch.setattr("asyncio.get_running_loop", Slow)
    pending = ask(calls)
    with pytest.raises(ConnectTimeout):
        await pending
    assert calls.busy == 0


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"])
@pytest.mark.parametrize("stream", [True, False])
async def test_no_answer_in_time(upstream, pool, answer, stream):
    server = await upstream(once(answer))
    with pytest.raises(FirstByteTimeout):
        await ask(pool(server.port, first_byte=0.05, idle=0.02), stream=stream)
    await until(lambda: server.gone == 1)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", CHUNKED, CHUNKED + b"5\r\nab"])
async def test_an_answer_that_stops(upstream, pool, answer):
    server = await upstream(once(answer))
    with pytest.raises(IdleTimeout):
        await ask(pool(server.port, idle=0.05))
    await until(lambda: server.gone == 1)


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", CHUNKED, b"HTTP/1.1 200 OK\r\n"])
@pytest.mark.parametrize("stream", [True, False])
async def test_an_answer_that_drips_is_timed_as_a_whole(upstream, pool, start, stream):
    async def script(peer):
        await peer.request()
        await peer.say(start)
        while True:
            await peer.say(b"1\r\nx\r\n" if start is CHUNKED else b"X: y\r\n")
            await asyncio.sleep(0.01)

    server = await upstream(script)
    with pytest.raises(TotalTimeout) as caught:
        await ask(pool(server.port), stream=stream, total=0.15)
    assert caught.value.code == "upstream.total_timeout"
    await until(lambda: server.gone == 1)


async def test_the_bound_of_one_call_is_not_that_of_the_next(upstream, pool):
    async def script(peer):
        while True:
            await peer.request()
            await asyncio.sleep(1.3 if server.asked else 0)
            server.asked.append(b"")
            await peer.say(OK)

    server = await upstream(script)
    calls = pool(server.port)
    assert (await ask(calls, total=1.0))[1] == b"ok"
    assert (await ask(calls))[1] == b"ok"
    assert server.connections == 1


async def test_a_stream_may_be_silent(upstream, pool):
    async def script(peer):
        await peer.request()
        await peer.say(CHUNKED)
        await asyncio.sleep(0.7)
        await peer.say(b"2\r\nok\r\n0\r\n\r\n")

    calls = pool((await upstream(script)).port, first_byte=0.5, idle=0.05)
    response = await calls.request("GET", "/", [], stream=True)
    assert await response.chunk() == b"ok"
    assert await response.chunk() is None


# Streaming.


async def test_pieces_come_as_they_are_sent(upstream, pool):
    step = asyncio.Event()

    async def script(peer):
        while True:
            await peer.request()
            await peer.say(CHUNKED)
            for piece in (b"one", b"two"):
                await peer.say(b"3\r\n" + piece + b"\r\n")
                await step.wait()
                step.clear()
            await peer.say(b"0\r\n\r\n")

    server = await upstream(script)
    calls = pool(server.port)
    for _ in range(2):
        response = await calls.request("GET", "/", [], stream=True)
        assert await response.chunk() == b"one"
        step.set()
        assert await response.chunk() == b"two"
        step.set()
        assert await response.chunk() is None
        assert await response.chunk() is None
    assert server.connections == 1
    assert calls.idle == 1


async def test_a_slow_consumer_holds_the_upstream_back(upstream, pool):
    sent = 0

    async def script(peer):
        nonlocal sent
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n")
        for _ in range(500):
            await peer.say(b"x" * 100_000)
            sent += 1

    server = await upstream(script)
    response = await pool(server.port, idle=0.2).request("GET", "/", [])
    await at_rest(lambda: sent, 50)  # for longer than ``idle``
    assert sent < 300
    total = 0
    async for piece in response:
        total += len(piece)
    assert total == 50_000_000


async def test_a_stream_that_breaks_gives_what_came_first(upstream, pool):
    server = await upstream(once(CHUNKED + b"3\r\none\r\n", stay=False))
    response = await pool(server.port).request("GET", "/", [])
    assert await response.chunk() == b"one"
    with pytest.raises(UpstreamClosed):
        await response.chunk()


async def test_abort_closes_at_once(upstream, pool):
    server = await upstream(once(CHUNKED + b"3\r\none\r\n"))
    calls = pool(server.port)
    response = await calls.request("GET", "/", [], stream=True)
    assert await response.chunk() == b"one"
    response.abort()
    await until(lambda: server.gone == 1)
    assert (calls.idle, calls.busy) == (0, 0)
    with pytest.raises(UpstreamFault):
        await response.chunk()


async def test_abort_of_a_complete_answer_does_no_harm(upstream, pool):
    server = await upstream(always(OK))
    calls = pool(server.port)
    response, _ = await ask(calls)
    response.abort()
    assert (await ask(calls))[1] == b"ok"
    assert server.connections == 1


@pytest.mark.parametrize("answer", [b"", CHUNKED, CHUNKED + b"3\r\none\r\n"])
@pytest.mark.parametrize("whole", [True, False])
async def test_a_cancelled_call_closes_its_connection(upstream, pool, answer, whole):
    waiting = asyncio.Event()

    async def script(peer):
        await peer.request()
        await peer.say(answer)
        waiting.set()
        await peer.until_gone()

    async def call():
        response = await calls.request("GET", "/", [])
        if whole:
            await response.read(MIB)
        else:
            async for _ in response:
                pass

    server = await upstream(script)
    calls = pool(server.port)
    task = asyncio.create_task(call())
    await waiting.wait()
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: server.gone == 1)
    assert (calls.idle, calls.busy) == (0, 0)


# Numbers and the end.


async def test_connections_are_bounded(upstream, pool):
    server = await upstream(once(b""))
    calls = pool(server.port, connections=2)
    pending = [asyncio.create_task(ask(calls)) for _ in range(2)]
    await until(lambda: server.connections == 2)
    with pytest.raises(PoolFull):
        await ask(calls)
    await calls.close()
    for task in pending:
        with pytest.raises(UpstreamClosed):
            await task
    with pytest.raises(UpstreamClosed):
        await ask(calls)


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("http://a", "a"),
        ("http://a:80/x", "a"),
        ("http://a:8080", "a:8080"),
        ("https://a:443", "a"),
        ("http://[::1]:81", "[::1]:81"),
    ],
)
def test_origins(url, authority):
    assert Origin.parse(url).authority == authority


@pytest.mark.parametrize("url", ["ftp://a", "a", "http://", "http://u:p@a/", "http://a:99999/"])
def test_no_origins(url):
    with pytest.raises(ValueError):
        Origin.parse(url)


async def test_what_was_sent_and_read_is_not_kept(upstream, pool):
    calls = pool((await upstream(always(OK))).port)
    await ask(calls)
    assert calls._heads
    assert calls._answers
    await until(lambda: not calls._heads and not calls._answers)
