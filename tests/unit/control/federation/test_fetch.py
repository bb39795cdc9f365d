import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from tests.functional.edge.certificates import Authority
from tests.garbage import uncollected

from doorward.control.federation.fetch import MAX_BODY, Fetcher, FetchFault, FetchReason, locate

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HEAD = b"HTTP/1.1 200 OK\r\n"


@asynccontextmanager
async def server(talk: Talk, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server on loopback that lets ``talk`` answer; gives its port. It ends when everybody has left."""
    talks: list[asyncio.Future[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        done = asyncio.get_running_loop().create_future()
        talks.append(done)
        try:
            await talk(reader, writer)
        except OSError:
            pass  # the fetcher leaves as soon as it has seen enough
        finally:
            writer.transport.abort()
            done.set_result(None)

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls) as running:
        yield running.sockets[0].getsockname()[1]
        await asyncio.gather(*talks)


def answering(data: bytes, heads: list[bytes] | None = None) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if heads is not None:
            heads.append(head)
        writer.write(data)
        await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
        await reader.read()  # until the fetcher is gone

    return talk


def body(text: bytes) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(text), text)


def written(port: int, host: str = "127.0.0.1") -> frozenset[str]:
    return frozenset((f"{host}:{port}",))


async def fetched(data: bytes) -> dict[str, object]:
    async with server(answering(data)) as port:
        return await Fetcher().json(f"http://127.0.0.1:{port}/x", written=written(port))


async def why(data: bytes) -> FetchReason:
    with pytest.raises(FetchFault) as caught:
        await fetched(data)
    return caught.value.reason


@pytest.mark.parametrize(
    "data", [body(b'{"a": 1}'), HEAD, HEAD + b"Content-Length: 9\r\n\r\n{", b"HTTP/1.1 404 No\r\n\r\n"]
)
async def test_what_was_fetched_is_not_left_to_the_garbage_collector(data: bytes) -> None:
    with uncollected() as found, suppress(FetchFault):
        await fetched(data)
    assert not found


async def test_a_fetch_that_reached_nobody_is_not_left_to_the_garbage_collector() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with uncollected() as found:
        with suppress(FetchFault):
            await Fetcher().json(f"http://127.0.0.1:{port}/x", written=written(port))
        await asyncio.sleep(0)  # until then the loop holds on to the attempt
    assert not found


# --- the URL


@pytest.mark.parametrize(
    "url",
    [
        "ftp://idp.example.com/",
        "//idp.example.com/",
        "https://",
        "https://user@idp.example.com/",
        "https://user:word@idp.example.com/",
        "https://@idp.example.com/",
        "https://idp.example.com/#x",
        "https://idp.example.com/#",
        "https://idp.example.com:0/",
        "https://idp.example.com:99999/",
        "https://idp.example.com\\@evil.example/",
        "https://idp.example.com/ x",
        "https://idp.example.com/\r\nX: y",
        "https://idp..example.com/",
        "https://-idp.example.com/",
        "https://idp.example.com./",
        "https://ïdp.example.com/",
        "https://[::1%25lo]/",
        "https://%31%32%37.0.0.1/",
    ],
)
def test_a_url_with_anything_odd_is_refused(url: str) -> None:
    with pytest.raises(FetchFault) as caught:
        locate(url)
    assert caught.value.reason is FetchReason.URL


@pytest.mark.parametrize(
    "host",
    [
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "169.254.43518",
        "169.16689662",
        "0xa9.0xfe.0xa9.0xfe",
        "169.254.169.0xfe",
        "127.1",
        "0x7f.1",
        "0",
        "256.1.1.1",
        "169.254.169.254.",
    ],
)
def test_numbers_that_resolvers_read_as_addresses_are_no_hosts(host: str) -> None:
    with pytest.raises(FetchFault) as caught:
        locate(f"http://{host}/latest/meta-data")
    assert caught.value.reason is FetchReason.URL


@pytest.mark.parametrize(
    ("url", "host", "port", "target", "field"),
    [
        ("https://idp.example.com", "idp.example.com", 443, "/", "idp.example.com"),
        ("https://IDP.example.com/a?b=c", "idp.example.com", 443, "/a?b=c", "idp.example.com"),
        ("https://idp.example.com:8443/", "idp.example.com", 8443, "/", "idp.example.com:8443"),
        ("http://127.0.0.1:80/x", "127.0.0.1", 80, "/x", "127.0.0.1"),
        ("https://[2606:4700::1111]/x", "2606:4700::1111", 443, "/x", "[2606:4700::1111]"),
    ],
)
def test_a_url_is_taken_apart(url: str, host: str, port: int, target: str, field: str) -> None:
    location = locate(url)
    assert (location.host, location.port, location.target, location.host_field) == (host, port, target, field)


# --- the address


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::a9fe:a9fe]",
        "[fd00:ec2::254]",
        "[::169.254.169.254]",
    ],
)
async def test_the_metadata_address_is_refused_also_when_it_is_written(address: str) -> None:
    url = f"https://{address}/latest/meta-data"
    with pytest.raises(FetchFault) as caught:
        await Fetcher().json(url, written=frozenset((locate(url).authority,)))
    assert caught.value.reason is FetchReason.ADDRESS


async def test_loopback_is_refused_for_a_host_that_nobody_wrote() -> None:
    async with server(answering(body(b"{}"))) as port:
        for trusted in (frozenset[str](), written(port + 1), written(port, "localhost")):
            with pytest.raises(FetchFault) as caught:
                await Fetcher().json(f"http://127.0.0.1:{port}/", written=trusted)
            assert caught.value.reason is FetchReason.ADDRESS


async def test_plain_http_is_for_loopback_alone() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["10.1.2.3"]

    with pytest.raises(FetchFault) as caught:
        await Fetcher(resolve=resolve).json("http://idp.example.com/", written=written(80, "idp.example.com"))
    assert caught.value.reason is FetchReason.URL


async def test_a_name_is_resolved_once_and_all_of_its_addresses_are_judged() -> None:
    answers = [["127.0.0.1"], ["169.254.169.254"], ["169.254.169.254"]]
    asked: list[tuple[str, int]] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append((host, port))
        return answers[len(asked) - 1]

    heads: list[bytes] = []
    async with server(answering(body(b'{"a":1}'), heads)) as port:
        document = await Fetcher(resolve=resolve).json(
            f"http://idp.test:{port}/keys?x=1", written=written(port, "idp.test")
        )
        assert document == {"a": 1}
        assert asked == [("idp.test", port)]
        assert heads[0].startswith(b"GET /keys?x=1 HTTP/1.1\r\nHost: idp.test:%d\r\n" % port)
        answers[1] = ["127.0.0.1", "169.254.169.254"]
        with pytest.raises(FetchFault) as caught:
            await Fetcher(resolve=resolve).json(f"http://idp.test:{port}/", written=written(port, "idp.test"))
    assert caught.value.reason is FetchReason.ADDRESS
    assert len(heads) == 1


async def test_a_name_that_nobody_knows() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        raise OSError("no such name")

    with pytest.raises(FetchFault) as caught:
        await Fetcher(resolve=resolve).json("https://nowhere.example/")
    assert caught.value.reason is FetchReason.RESOLVE
    assert caught.value.code == "auth.unavailable"


async def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.2", "127.0.0.1"]  # the server listens on the second alone

    async with server(answering(body(b'{"a":1}'))) as port:
        assert await Fetcher(resolve=resolve).json(f"http://idp.test:{port}/", written=written(port, "idp.test"))


async def test_nobody_listens() -> None:
    async with server(answering(b"")) as port:
        pass
    with pytest.raises(FetchFault) as caught:
        await Fetcher().json(f"http://127.0.0.1:{port}/", written=written(port))
    assert caught.value.reason is FetchReason.CONNECT


# --- TLS


def contexts(directory: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    authority = Authority(directory)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(*authority.issue("idp"))
    return serving, ssl.create_default_context(cafile=str(authority.path))


async def test_the_certificate_is_that_of_the_name_and_not_of_the_address(tmp_path: Path) -> None:
    serving, trusting = contexts(tmp_path)
    names: list[str | None] = []
    serving.sni_callback = lambda _socket, name, _context: names.append(name)

    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    async with server(answering(body(b'{"a":1}')), serving) as port:
        fetcher = Fetcher(resolve=resolve, tls=trusting)
        assert await fetcher.json(f"https://localhost:{port}/", written=written(port, "localhost")) == {"a": 1}
        with pytest.raises(FetchFault) as caught:
            await fetcher.json(f"https://idp.test:{port}/", written=written(port, "idp.test"))
    assert caught.value.reason is FetchReason.TLS
    assert names == ["localhost", "idp.test"]


async def test_a_certificate_of_an_unknown_authority_is_refused(tmp_path: Path) -> None:
    serving, _ = contexts(tmp_path)
    async with server(answering(body(b"{}")), serving) as port:
        with pytest.raises(FetchFault) as caught:
            await Fetcher().json(f"https://localhost:{port}/", written=written(port, "localhost"))
    assert caught.value.reason is FetchReason.TLS


# --- the answer


async def test_a_body_with_a_length_in_chunks_or_up_to_the_end() -> None:
    assert await fetched(body(b'{"a":1}')) == {"a": 1}
    assert await fetched(HEAD + b'Transfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n') == {"a": 1}
    assert await fetched(HEAD + b'\r\n{"a":1}') == {"a": 1}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n", FetchReason.REDIRECT),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}", FetchReason.STATUS),
        (b"HTTP/1.1 204 No Content\r\n\r\n", FetchReason.STATUS),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" + body(b"{}"), FetchReason.STATUS),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", FetchReason.STATUS),
        (HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", FetchReason.ENCODING),
        (HEAD + b"Content-Length: 9\r\n\r\n{}", FetchReason.MALFORMED),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}", FetchReason.MALFORMED),
        (HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}", FetchReason.MALFORMED),
        (HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", FetchReason.MALFORMED),
        (b"", FetchReason.MALFORMED),
        (b"SSH-2.0-x\r\n", FetchReason.MALFORMED),
        (body(b"[]"), FetchReason.JSON),
        (body(b"not json"), FetchReason.JSON),
        (body(b'{"issuer":"a","issuer":"b"}'), FetchReason.JSON),
        (body(b'{"a":1} {}'), FetchReason.JSON),
        (body(b"[" * 40 + b"]" * 40), FetchReason.JSON),
    ],
)
async def test_what_is_no_plain_answer_is_refused(data: bytes, reason: FetchReason) -> None:
    assert await why(data) is reason


@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"Content-Length: %d\r\n\r\n" % (MAX_BODY + 1) + b" " * (MAX_BODY + 1),
        HEAD + b"\r\n" + b" " * (MAX_BODY + 1),
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * (MAX_BODY // 4),
        HEAD + b"".join(b"X-%d: y\r\n" % number for number in range(120_000)),
    ],
    ids=["length", "end", "small chunks", "head"],
)
async def test_no_more_than_a_mebibyte_is_read(data: bytes) -> None:
    assert await why(data) is FetchReason.TOO_LARGE


async def test_the_largest_body_is_read() -> None:
    assert await fetched(body(b" " * (MAX_BODY - 2) + b"{}")) == {}


@pytest.mark.parametrize("start", [HEAD[:-2], HEAD + b"X-Y: ", HEAD + b"\r\n"], ids=["first line", "head", "body"])
async def test_a_drip_is_bounded_as_a_whole(start: bytes) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while not reader.at_eof():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with server(drip) as port:
        with pytest.raises(FetchFault) as caught:
            await Fetcher(total=0.2).json(f"http://127.0.0.1:{port}/", written=written(port))
    assert caught.value.reason is FetchReason.TIMEOUT


async def test_a_resolver_that_hangs_is_bounded_too() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    with pytest.raises(FetchFault) as caught:
        await Fetcher(resolve=resolve, total=0.05).json("https://idp.example.com/")
    assert caught.value.reason is FetchReason.TIMEOUT


async def test_a_fault_repeats_neither_body_nor_query() -> None:
    word = "swordfish"
    data = body(json.dumps({"a": word}).encode() + b"!")
    async with server(answering(data)) as port:
        with pytest.raises(FetchFault) as caught:
            await Fetcher().json(f"http://127.0.0.1:{port}/{word}?{word}", written=written(port))
    assert word not in f"{caught.value!r} {caught.value} {caught.value.__context__!r}"
