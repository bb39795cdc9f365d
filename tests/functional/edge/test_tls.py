"""TLS on both sides of the HTTP edge."""

import asyncio
import json
import ssl

import pytest
from tests.waiting import PATIENCE

from doorward.transports.http1.errors import ConnectFailed, ConnectTimeout, TlsFailed, UpstreamClosed
from doorward.transports.tls import ServerCertificate, upstream_context

from .certificates import Authority

GET = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


async def test_both_sides(edge, pool, authority):
    server = await edge.serve(ssl=ServerCertificate(*authority.issue("server")).context)
    calls = pool(server.port, scheme="https", ssl=upstream_context(authority.path))
    for _ in range(3):
        response = await calls.request("POST", "/x", [], b"y" * 200_000)
        seen = json.loads(await response.read(1_000_000))
        assert (len(seen["body"]), seen["tls"], seen["client"]) == (200_000, True, "127.0.0.1")
    assert (server.connections, calls.idle) == (1, 1)


async def test_a_refusal_reaches_the_client(edge, authority):
    server = await edge.serve(ssl=ServerCertificate(*authority.issue("server")).context, linger=0.2)
    raw = await edge.connect(server, ssl=upstream_context(authority.path))
    await raw.send(b"GET / HTTP/1.1\r\n\r\n")
    assert (await raw.answer()).code == "http.bad_host"
    assert await raw.ended()


async def test_a_client_that_goes_is_noticed(edge, authority):
    cancelled = asyncio.Event()
    started = asyncio.Event()

    async def handler(request, responder):
        await responder.start(200, [])
        started.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    server = await edge.serve(handler, ssl=ServerCertificate(*authority.issue("server")).context)
    raw = await edge.connect(server, ssl=upstream_context(authority.path))
    await raw.send(GET)
    async with asyncio.timeout(PATIENCE):
        await started.wait()
        raw.writer.close()
        await cancelled.wait()


async def test_a_stranger_is_not_believed(edge, pool, authority, tmp_path):
    server = await edge.serve(ssl=ServerCertificate(*authority.issue("server")).context)
    other = Authority(tmp_path, "another authority")
    with pytest.raises(TlsFailed) as caught:
        await pool(server.port, scheme="https", ssl=upstream_context(other.path)).request("GET", "/", [])
    assert caught.value.code == "upstream.tls_failed"


async def test_no_tls_at_the_other_end(upstream, pool, authority):
    async def script(peer):
        await peer.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await peer.until_gone()

    server = await upstream(script)
    with pytest.raises((TlsFailed, ConnectFailed)):
        await pool(server.port, scheme="https", ssl=upstream_context(authority.path)).request("GET", "/", [])


async def test_a_handshake_that_hangs_towards_us(upstream, pool, authority):
    async def script(peer):
        await peer.until_gone()

    server = await upstream(script)
    with pytest.raises(ConnectTimeout):
        await pool(server.port, scheme="https", ssl=upstream_context(authority.path), connect=0.1).request(
            "GET", "/", []
        )


async def test_plain_http_on_a_tls_port(edge, authority):
    server = await edge.serve(ssl=ServerCertificate(*authority.issue("server")).context)
    raw = await edge.connect(server)
    await raw.send(GET)
    assert b"HTTP" not in await raw.rest()


async def test_handshakes_are_timed_and_counted(edge, authority):
    server = await edge.serve(
        ssl=ServerCertificate(*authority.issue("server")).context, head_timeout=1.0, connections_per_address=2
    )
    silent = [await edge.connect(server) for _ in range(2)]
    third = await edge.connect(server)
    assert await third.ended()
    assert edge.refused == [("http.too_many_from_address", "127.0.0.1")]
    assert [await one.ended() for one in silent] == [True, True]
    assert await served_at_last(edge, server, authority)


async def test_handshakes_of_a_proxy_are_not_counted_for_its_address(edge, authority):
    context = ServerCertificate(*authority.issue("server")).context
    server = await edge.serve(ssl=context, connections_per_address=2, proxies=("127.0.0.1",))
    for _ in range(3):
        await edge.connect(server)
    raw = await edge.connect(server, ssl=upstream_context(authority.path))
    await raw.send(GET)
    assert (await raw.answer()).status == 200


async def served_at_last(edge, server, authority):
    """A place is free a moment after its holder has seen the end."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                raw = await edge.connect(server, ssl=upstream_context(authority.path))
                await raw.send(GET)
                return (await raw.answer()).status == 200
            except (ConnectionError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.01)


async def test_client_certificates(edge, pool, authority):
    server = await edge.serve(ssl=ServerCertificate(*authority.issue("server"), client_ca=authority.path).context)
    known = upstream_context(authority.path)
    known.load_cert_chain(*authority.issue("client"))
    response = await pool(server.port, scheme="https", ssl=known).request("GET", "/", [])
    assert response.status == 200
    response.abort()
    unknown = pool(server.port, scheme="https", ssl=upstream_context(authority.path))
    with pytest.raises((UpstreamClosed, TlsFailed, ConnectFailed)):
        await unknown.request("GET", "/", [])


async def serial(server, authority):
    _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=upstream_context(authority.path))
    found = writer.get_extra_info("peercert")["serialNumber"]
    writer.close()
    await writer.wait_closed()
    return found


async def test_a_new_certificate_is_taken_up_live(edge, authority):
    certificate = ServerCertificate(*authority.issue("server"))
    server = await edge.serve(ssl=certificate.context)
    before = await serial(server, authority)
    assert certificate.reload() is False
    authority.issue("server")
    assert certificate.reload() is True
    assert await serial(server, authority) != before


async def test_half_a_new_certificate_changes_nothing(edge, authority):
    paths = authority.issue("server")
    certificate = ServerCertificate(*paths)
    server = await edge.serve(ssl=certificate.context)
    before = await serial(server, authority)
    key = paths[1].read_bytes()
    authority.issue("server")
    new_key = paths[1].read_bytes()
    paths[1].write_bytes(key)
    with pytest.raises(ssl.SSLError):
        certificate.reload()
    assert await serial(server, authority) == before
    paths[1].write_bytes(new_key)
    assert certificate.reload() is True
    assert await serial(server, authority) != before
