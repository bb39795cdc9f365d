"""The public documents."""

import pytest
from mcp.shared.auth import OAuthMetadata, ProtectedResourceMetadata

from doorward.config import Agent, Config, Identity, Issuer, Listen, Match, Server, Tls
from doorward.configtypes import Text
from doorward.control.oauth.documents import authorization_server, document, public_url, routes

PUBLIC = "https://mcp.example.com"


def server(**more: object) -> Server:
    return Server(url=Text("http://127.0.0.1:1/mcp"), **more)  # type: ignore[arg-type]


def config() -> Config:
    people, builds = Issuer(issuer="https://idp.example.com"), Issuer(issuer="https://ci.example.com")
    agent = Agent(id="agent:ci", match=Match(issuer=builds.issuer, sub="x"))
    own = server(authorization_servers=("https://other.example.com",))
    return Config(servers={"a": server(), "b": own}, identity=Identity(issuers=(builds, people), agents=(agent,)))


def test_people_are_sent_to_their_issuer_first_and_to_us_last() -> None:
    found = routes(config(), PUBLIC)
    assert found.urls == {"a": f"{PUBLIC}/mcp/a", "b": f"{PUBLIC}/mcp/b"}
    assert found.authorization_servers["a"] == ("https://idp.example.com", PUBLIC)


def test_a_server_may_name_its_own() -> None:
    assert routes(config(), PUBLIC).authorization_servers["b"] == ("https://other.example.com",)


def test_a_resource_is_its_exact_url() -> None:
    found = document("/.well-known/oauth-protected-resource/mcp/a", PUBLIC, routes(config(), PUBLIC))
    assert found == {
        "resource": f"{PUBLIC}/mcp/a",
        "authorization_servers": ["https://idp.example.com", PUBLIC],
        "bearer_methods_supported": ["header"],
    }


def test_what_clients_demand_of_an_authorization_server() -> None:
    found = authorization_server(PUBLIC)
    assert found["issuer"] == PUBLIC
    for member in ("authorization_endpoint", "token_endpoint", "revocation_endpoint", "jwks_uri"):
        assert found[member].startswith(PUBLIC + "/oauth/")
    assert found["response_types_supported"] == []
    assert "none" not in found["token_endpoint_auth_signing_alg_values_supported"]
    assert not any(name.startswith("HS") for name in found["token_endpoint_auth_signing_alg_values_supported"])


def test_the_official_sdk_reads_them() -> None:
    described = OAuthMetadata.model_validate(authorization_server(PUBLIC))
    assert str(described.issuer) == PUBLIC
    assert str(described.token_endpoint) == f"{PUBLIC}/oauth/token"
    found = document("/.well-known/oauth-protected-resource/mcp/a", PUBLIC, routes(config(), PUBLIC))
    assert str(ProtectedResourceMetadata.model_validate(found).resource) == f"{PUBLIC}/mcp/a"


@pytest.mark.parametrize(
    ("listen", "port", "url"),
    [
        (Listen(), None, "http://127.0.0.1:8080"),
        (Listen(address="[::1]:0"), 4000, "http://[::1]:4000"),
        (Listen(address="127.0.0.1:1", tls=Tls(certificate="c", key="k")), None, "https://127.0.0.1:1"),
        (Listen(public_url="https://mcp.example.com/gw/"), 4000, "https://mcp.example.com/gw"),
    ],
)
def test_our_issuer_is_the_public_url_without_a_slash(listen: Listen, port: int | None, url: str) -> None:
    assert public_url(Config(listen=listen), port) == url


def test_a_public_url_with_a_path_has_two_spellings() -> None:
    public = PUBLIC + "/gw"
    found = routes(config(), public)
    for path in ("/.well-known/oauth-protected-resource/gw/mcp/a", "/.well-known/oauth-protected-resource/mcp/a"):
        assert document(path, public, found) is not None
    for path in ("/.well-known/oauth-authorization-server/gw", "/.well-known/oauth-authorization-server"):
        assert document(path, public, found) == authorization_server(public)


def test_other_paths_have_none() -> None:
    found = routes(config(), PUBLIC)
    for path in (
        "/",
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/mcp/a/",
        "/x/mcp/a",
    ):
        assert document(path, PUBLIC, found) is None
