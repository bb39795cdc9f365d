import json
from pathlib import Path
from typing import Any

import pytest
from tests.issuer import ISSUER, Provider
from tests.pipes import pipe

from doorward.config import Issuer
from doorward.configtypes import Duration
from doorward.control.federation.fetch import FetchFault, FetchReason
from doorward.control.federation.issuers import Issuers, faults, metadata_urls, name_of
from doorward.control.jose.jws import Jws, read

OAUTH = "https://idp.example.com/.well-known/oauth-authorization-server"
OIDC = "https://idp.example.com/.well-known/openid-configuration"


class Web:
    """What is published, by URL; and who was asked, with which exceptions."""

    def __init__(self, documents: dict[str, Any]) -> None:
        self.documents = documents
        self.asked: list[tuple[str, frozenset[str]]] = []

    async def json(self, url: str, *, written: frozenset[str] = frozenset()) -> dict[str, Any]:
        self.asked.append((url, written))
        found = self.documents.get(url, FetchReason.STATUS)
        if isinstance(found, FetchReason):
            raise FetchFault(found, "idp.example.com")
        return dict(found)


class World:
    def __init__(self, base_dir: Path = Path(), **config: Any) -> None:
        self.provider = Provider()
        self.now = 1000.0
        self.web = Web({OIDC: self.provider.metadata(), self.provider.jwks_uri: self.provider.jwks()})
        self.config = Issuer(**{"issuer": ISSUER, **config})
        self.base_dir = base_dir
        self.issuers = self.made()

    def made(self, previous: Issuers | None = None, config: Issuer | None = None) -> Issuers:
        return Issuers(
            [config or self.config],
            self.web,
            base_dir=self.base_dir,
            monotonic=lambda: self.now,
            previous=previous,
        )

    async def kids(self, **header: Any) -> list[str]:
        issuer = self.issuers.named(ISSUER)
        assert issuer is not None
        return [key.kid for key in await issuer.keys(token(self.provider, **header), "ES256")]

    async def why(self) -> FetchReason:
        with pytest.raises(FetchFault) as caught:
            await self.kids()
        return caught.value.reason


def token(provider: Provider, **header: Any) -> Jws:
    jws = read(provider.token(header))
    assert jws is not None
    return jws


# --- where the keys come from


async def test_the_issuers_metadata_say_where_its_keys_are() -> None:
    world = World()
    assert await world.kids() == ["k-1"]
    assert [url for url, _ in world.web.asked] == [OAUTH, OIDC, "https://idp.example.com/keys"]
    assert {written for _, written in world.web.asked} == {frozenset(("idp.example.com:443",))}


async def test_a_keys_address_of_another_host_gets_no_exception() -> None:
    world = World()
    elsewhere = "https://10.0.0.1/keys"
    world.web.documents = {OAUTH: {"issuer": ISSUER, "jwks_uri": elsewhere}, elsewhere: world.provider.jwks()}
    await world.kids()
    assert world.web.asked[-1] == (elsewhere, frozenset(("idp.example.com:443",)))  # so not for 10.0.0.1


async def test_a_written_keys_address_is_asked_alone() -> None:
    world = World(jwks="https://keys.internal:8443/jwks")
    world.web.documents = {"https://keys.internal:8443/jwks": world.provider.jwks()}
    assert await world.kids() == ["k-1"]
    assert world.web.asked == [("https://keys.internal:8443/jwks", frozenset(("keys.internal:8443",)))]


@pytest.mark.parametrize(
    "said", ["https://idp.example.com/", "https://IDP.example.com", "https://evil.example", None, 7]
)
async def test_metadata_of_another_issuer_are_refused_byte_for_byte(said: object) -> None:
    world = World()
    world.web.documents = {OAUTH: {**world.provider.metadata(), "issuer": said}}
    assert await world.why() is FetchReason.ISSUER


@pytest.mark.parametrize("uri", [None, 7, ["https://idp.example.com/keys"]])
async def test_metadata_without_a_keys_address(uri: object) -> None:
    world = World()
    world.web.documents = {OAUTH: {"issuer": ISSUER, "jwks_uri": uri}}
    assert await world.why() is FetchReason.ISSUER


async def test_a_host_that_is_down_is_asked_once() -> None:
    world = World()
    world.web.documents = {OAUTH: FetchReason.TIMEOUT}
    assert await world.why() is FetchReason.TIMEOUT
    assert len(world.web.asked) == 1


async def test_a_document_that_is_no_key_set() -> None:
    world = World()
    world.web.documents[world.provider.jwks_uri] = {"keys": [{"kty": "oct", "k": "AAAA"}]}
    assert await world.why() is FetchReason.KEYS


@pytest.mark.parametrize(
    ("issuer", "urls"),
    [
        (ISSUER, (OAUTH, OIDC)),
        (f"{ISSUER}/", (OAUTH, OIDC)),
        (
            "http://127.0.0.1:9000/realms/a",
            (
                "http://127.0.0.1:9000/.well-known/oauth-authorization-server/realms/a",
                "http://127.0.0.1:9000/realms/a/.well-known/openid-configuration",
                "http://127.0.0.1:9000/.well-known/openid-configuration/realms/a",
            ),
        ),
    ],
)
def test_where_metadata_may_be(issuer: str, urls: tuple[str, ...]) -> None:
    assert metadata_urls(issuer) == urls


# --- rotation and outages


async def test_a_key_that_is_new_is_found_and_discovery_is_not_repeated() -> None:
    world = World()
    await world.kids()
    world.now += 10
    world.provider.rotate("k-2")
    world.web.documents[world.provider.jwks_uri] = world.provider.jwks()
    before = len(world.web.asked)
    assert await world.kids() == ["k-2"]
    assert [url for url, _ in world.web.asked[before:]] == [world.provider.jwks_uri]
    assert world.issuers.version == 2


async def test_a_thousand_unknown_key_ids_are_one_fetch() -> None:
    world = World()
    await world.kids()
    world.now += 10
    before = len(world.web.asked)
    for number in range(1000):
        assert await world.kids(kid=f"no-{number}") == []
    assert len(world.web.asked) == before + 1


async def test_a_token_without_kid_causes_no_fetch() -> None:
    world = World()
    world.provider.rotate("k-2")
    world.web.documents[world.provider.jwks_uri] = world.provider.jwks()
    await world.kids()
    world.now += 10
    before = len(world.web.asked)
    assert await world.kids(kid=None) == []
    assert len(world.web.asked) == before


async def test_keys_outlive_a_reload_of_the_configuration() -> None:
    world = World()
    await world.kids()
    world.web.documents = {}
    world.issuers = world.made(previous=world.issuers)
    assert await world.kids() == ["k-1"]
    world.issuers = world.made(previous=world.issuers, config=Issuer(issuer=ISSUER, jwks="https://other.example/keys"))
    assert await world.why() is FetchReason.STATUS


async def test_warming_says_who_could_not_be_had_and_harms_nothing() -> None:
    world = World()
    assert await world.issuers.warm() == {}
    world = World(name="corp")
    world.web.documents = {}
    assert list(await world.issuers.warm()) == ["corp"]
    await world.issuers.close()


async def test_a_defect_is_not_taken_for_an_outage() -> None:
    world = World()
    world.web.documents = {OAUTH: {"issuer": ISSUER, "jwks_uri": world.provider.jwks_uri}}
    world.web.json = None  # type: ignore[assignment,method-assign]
    with pytest.raises(TypeError):
        await world.issuers.warm()


# --- a file


async def test_a_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    world = World(base_dir=tmp_path, jwks="file:keys.json")
    (tmp_path / "keys.json").write_text(json.dumps(world.provider.jwks()))
    assert await world.kids() == ["k-1"]
    world.provider.rotate("k-2", keep=False)
    (tmp_path / "keys.json").write_text(json.dumps(world.provider.jwks()))
    world.now += 1
    assert await world.kids() == ["k-2"]
    assert await world.kids(kid="k-1") == []
    assert world.issuers.version == 2
    assert world.web.asked == []


async def test_a_damaged_file_keeps_the_last_good_keys_for_an_hour(tmp_path: Path) -> None:
    world = World(base_dir=tmp_path, jwks="file:keys.json")
    assert await world.why() is FetchReason.FILE
    (tmp_path / "keys.json").write_text(json.dumps(world.provider.jwks()))
    world.now += 1
    assert await world.kids() == ["k-1"]
    for text in ("", "{", '{"keys": []}', '{"keys": [], "keys": []}', " " * (2 << 20)):
        (tmp_path / "keys.json").write_text(text)
        world.now += 1
        assert await world.kids() == ["k-1"]
    world.now += 3600
    assert await world.why() is FetchReason.KEYS


async def test_a_pipe_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    world = World(base_dir=tmp_path, jwks="file:keys.json")
    with pipe(tmp_path / "keys.json", json.dumps(world.provider.jwks()).encode()):
        assert await world.why() is FetchReason.FILE


# --- the configuration


def test_an_issuer_is_known_by_its_exact_string() -> None:
    issuers = World().issuers
    assert issuers.named(ISSUER) is not None
    assert issuers.named(f"{ISSUER}/") is None
    assert issuers.named("https://IDP.example.com") is None


def test_an_issuer_is_called_by_its_name_or_its_host() -> None:
    assert name_of(Issuer(issuer="https://idp.example.com:8443/a")) == "idp.example.com"
    assert name_of(Issuer(issuer=ISSUER, name="corp")) == "corp"
    assert name_of(Issuer(issuer="nonsense")) == ""


@pytest.mark.parametrize(
    ("config", "path"),
    [
        (Issuer(issuer="idp.example.com"), "issuer"),
        (Issuer(issuer="http://idp.example.com"), "issuer"),
        (Issuer(issuer="https://idp.example.com/?a=b"), "issuer"),
        (Issuer(issuer="https://idp.example.com/#a"), "issuer"),
        (Issuer(issuer=ISSUER, jwks="http://idp.example.com/keys"), "jwks"),
        (Issuer(issuer=ISSUER, jwks="keys.json"), "jwks"),
        (Issuer(issuer=ISSUER, jwks="file:missing.json"), "jwks"),
        (Issuer(issuer=ISSUER, jwks=f"file:{'x' * 300}.json"), "jwks"),
        (Issuer(issuer=ISSUER, max_lifetime=Duration.parse("2d")), "max_lifetime"),
        (Issuer(issuer=ISSUER, max_lifetime=Duration.parse("0s")), "max_lifetime"),
        (Issuer(issuer=ISSUER, algorithms=()), "algorithms"),
        (Issuer(issuer="https://[2606:4700::1111]/"), "name"),
    ],
)
def test_what_check_finds(config: Issuer, path: str, tmp_path: Path) -> None:
    [problem] = [
        found for found in faults([config], tmp_path) if not (path == "issuer" and found.path.endswith("name"))
    ]
    assert problem.path == f"identity.issuers[0].{path}"
    assert problem.remedy


def test_what_check_lets_be(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text("{}")
    good = [
        Issuer(issuer=ISSUER),
        Issuer(issuer="https://idp.example.com/realms/b", name="b", jwks="file:keys.json"),
        Issuer(issuer="http://127.0.0.1:9000", jwks="http://localhost:9000/keys"),
        Issuer(issuer="http://[::1]:9000", name="six"),
    ]
    assert list(faults(good, tmp_path)) == []


def test_two_issuers_need_two_names(tmp_path: Path) -> None:
    found = faults([Issuer(issuer=ISSUER), Issuer(issuer=f"{ISSUER}/b")], tmp_path)
    assert [problem.path for problem in found] == ["identity.issuers[1].name"]
    assert any(problem.path.endswith("[1].issuer") for problem in faults([Issuer(issuer=ISSUER)] * 2, tmp_path))
