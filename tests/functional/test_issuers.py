"""Tokens of an identity provider, from its HTTPS address on loopback to the grant; only the clock is replaced."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.functional.edge.certificates import Authority
from tests.issuer import NOW, Provider

from doorward.config import Issuer
from doorward.control.federation.external import External
from doorward.control.federation.fetch import Fetcher
from doorward.control.federation.issuers import Issuers
from doorward.control.jose.claims import InvalidToken
from doorward.control.tokens.verifier import Verifier
from doorward.core.decision import Decision, Reason
from doorward.core.identity import Grant
from doorward.core.shared import Revocations
from doorward.gateway.tokens import HOLD, TokenCache

GATEWAY = "https://gw.example.com"
NOBODY = Revocations()
URLS = {f"{GATEWAY}/mcp/{name}": name for name in ("crm", "files")}
FOUND = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"


class Site:
    """An HTTPS server. ``pages``: path -> a document, or the bytes of a whole answer."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self.pages: dict[str, Any] = {}
        self.asked: list[str] = []
        self.up = True
        self.port = 0
        self._tls = tls
        self._talks: list[asyncio.Future[None]] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with await asyncio.start_server(self._talk, "127.0.0.1", 0, ssl=self._tls) as server:
            self.port = server.sockets[0].getsockname()[1]
            yield
            await asyncio.gather(*self._talks)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        done = asyncio.get_running_loop().create_future()
        self._talks.append(done)
        try:
            path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
            self.asked.append(path)
            if self.up:
                writer.write(self._answer(path))
                await writer.drain()
        except OSError:
            pass  # the fetcher has seen enough
        finally:
            writer.transport.abort() if not self.up else writer.close()
            done.set_result(None)

    def _answer(self, path: str) -> bytes:
        page = self.pages.get(path, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        if isinstance(page, bytes):
            return page
        text = json.dumps(page).encode()
        return FOUND % (len(text), text)


class World:
    """A provider at a site, and the gateway's part that judges its tokens."""

    def __init__(self, site: Site, fetcher: Fetcher, base_dir: Path) -> None:
        self.site = site
        self.provider = Provider(f"https://localhost:{site.port}/realm")
        self.seconds = 0.0
        self.fetcher = fetcher
        self.base_dir = base_dir
        self.trust()
        self.publish()

    def publish(self) -> None:
        self.site.pages = {
            "/realm/.well-known/openid-configuration": self.provider.metadata(),
            "/realm/keys": self.provider.jwks(),
        }

    def trust(self, **config: Any) -> None:
        config = {"issuer": self.provider.issuer, "name": "idp", **config}
        self.issuers = Issuers([Issuer(**config)], self.fetcher, base_dir=self.base_dir, monotonic=lambda: self.seconds)
        self.external = External(self.issuers, GATEWAY)
        verifier = Verifier(self.external, self.no_grant_of_ours, URLS)
        self.cache = TokenCache(verifier, lambda: self.issuers.version)

    def no_grant_of_ours(self, token: str, now: float) -> Grant:
        raise InvalidToken("is not ours")

    async def verdict(self, token: bytes, revoked: Revocations = NOBODY) -> Grant | Reason:
        result = await self.cache.check(token, NOW + self.seconds, 0, revoked)
        return result.reason if isinstance(result, Decision) else result

    def fetches(self, path: str = "/realm/keys") -> int:
        return self.site.asked.count(path)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    authority = Authority(tmp_path)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(*authority.issue("idp"))
    fetcher = Fetcher(tls=ssl.create_default_context(cafile=str(authority.path)))
    site = Site(serving)
    async with site.running():
        made = World(site, fetcher, tmp_path)
        yield made
        await made.issuers.close()


async def test_a_token_is_verified_by_the_keys_that_its_issuer_publishes(world: World) -> None:
    token = world.provider.token()
    grant = await world.verdict(token)
    assert isinstance(grant, Grant)
    assert (grant.principal.issuer, grant.principal.subject) == ("idp", "alice")
    assert grant.audience == {"crm"}  # shown to another server, the same grant is refused there
    assert world.site.asked == [
        "/.well-known/oauth-authorization-server/realm",
        "/realm/.well-known/openid-configuration",
        "/realm/keys",
    ]
    for _ in range(10):
        assert isinstance(await world.verdict(token), Grant)
    assert len(world.site.asked) == 3


async def test_each_bad_token_has_its_reason(world: World) -> None:
    provider = world.provider
    cases = {
        provider.token(aud="https://gw.example.com/mcp/other"): Reason.AUTH_AUDIENCE,
        provider.token(iss="https://evil.example"): Reason.AUTH_ISSUER,
        provider.token(exp=int(NOW) - 1): Reason.AUTH_EXPIRED,
        provider.token(exp=int(NOW) + 86400): Reason.AUTH_LIFETIME,
        provider.token({"typ": "JWT"}, nonce="n"): Reason.AUTH_KIND,
        provider.token({"jku": f"{provider.issuer}/keys"}): Reason.AUTH_INVALID,
        Provider(provider.issuer).token(): Reason.AUTH_INVALID,
    }
    assert {token: await world.verdict(token) for token in cases} == cases


async def test_metadata_of_another_issuer_open_nothing(world: World) -> None:
    world.site.pages["/realm/.well-known/openid-configuration"]["issuer"] = f"{world.provider.issuer}/"
    assert await world.verdict(world.provider.token()) is Reason.AUTH_UNAVAILABLE
    assert world.fetches() == 0


@pytest.mark.parametrize(
    "uri", ["https://169.254.169.254/keys", "https://localhost:1/keys", "http://localhost/keys", "file:///etc/passwd"]
)
async def test_a_keys_address_elsewhere_gets_no_exception(world: World, uri: str) -> None:
    world.site.pages["/realm/.well-known/openid-configuration"]["jwks_uri"] = uri
    assert await world.verdict(world.provider.token()) is Reason.AUTH_UNAVAILABLE


async def test_a_redirect_is_not_followed(world: World) -> None:
    redirect = b"HTTP/1.1 302 Found\r\nLocation: /realm/elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    world.site.pages["/realm/keys"] = redirect
    world.site.pages["/realm/elsewhere"] = world.provider.jwks()
    assert await world.verdict(world.provider.token()) is Reason.AUTH_UNAVAILABLE
    assert "/realm/elsewhere" not in world.site.asked


async def test_a_rotation_without_a_gap(world: World) -> None:
    old = world.provider.token()
    await world.verdict(old)
    world.seconds += 10
    world.provider.rotate("k-2")
    world.publish()
    assert isinstance(await world.verdict(world.provider.token()), Grant)
    assert isinstance(await world.verdict(old), Grant)
    assert world.fetches() == 2


async def test_a_key_that_was_withdrawn_opens_nothing_as_soon_as_that_is_known(world: World) -> None:
    old = world.provider.token()
    await world.verdict(old)
    world.seconds += 10
    world.provider.rotate("k-2", keep=False)
    world.publish()
    assert isinstance(await world.verdict(world.provider.token()), Grant)
    assert await world.verdict(old) is Reason.AUTH_INVALID


async def test_a_thousand_unknown_keys_are_at_most_three_fetches(world: World) -> None:
    await world.verdict(world.provider.token())
    world.seconds += 10
    before = world.fetches()
    tokens = [world.provider.token({"kid": f"no-{number}"}) for number in range(1000)]
    for part in range(0, 1000, 100):
        verdicts = await asyncio.gather(*map(world.verdict, tokens[part : part + 100]))
        assert set(verdicts) == {Reason.AUTH_INVALID}
        world.seconds += 1
    assert 1 <= world.fetches() - before <= 3


async def test_a_provider_that_is_down_is_not_noticed_for_an_hour_and_then_refused(world: World) -> None:
    token = world.provider.token(exp=int(NOW) + 5000)
    await world.verdict(token)
    world.site.up = False
    for _ in range(11):
        world.seconds += HOLD - 1
        assert isinstance(await world.verdict(token), Grant)
    world.seconds = 3600
    assert await world.verdict(token) is Reason.AUTH_UNAVAILABLE
    world.site.up = True
    world.seconds += 60
    assert isinstance(await world.verdict(token), Grant)


async def test_a_key_file_is_read_again_when_it_changes(world: World, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(world.provider.jwks()))
    world.trust(jwks="file:keys.json")
    old = world.provider.token()
    assert isinstance(await world.verdict(old), Grant)
    world.seconds += 2
    world.provider.rotate("k-2", keep=False)
    path.write_text(json.dumps(world.provider.jwks()))
    assert isinstance(await world.verdict(world.provider.token()), Grant)
    assert await world.verdict(old) is Reason.AUTH_INVALID
    assert world.site.asked == []


async def test_an_assertion_for_the_token_service(world: World) -> None:
    token = world.provider.token({"typ": "JWT"}, aud=GATEWAY)
    accepted = await world.external.verify_assertion(token.decode(), NOW)
    assert accepted.claims["sub"] == "alice"
    with pytest.raises(InvalidToken):
        await world.external.verify_assertion(world.provider.token().decode(), NOW)


async def test_a_revoked_person_is_refused(world: World) -> None:
    token = world.provider.token()
    revoked = Revocations(external=frozenset((("idp", "sub", "alice"),)))
    assert await world.verdict(token, revoked) is Reason.AUTH_REVOKED
