"""The provider of these tests is a real one: discovery, keys, machines' tokens, people's tokens."""

import base64
import hashlib
import json
import secrets
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.adapters.clients.browser import visit
from tests.oidc.provider import PERSON, Algorithm, Provider, machine, running_provider

pytestmark = pytest.mark.peers

MACHINE = "a-machine"
SECRET = secrets.token_urlsafe(24)
SCOPES = ("crm:lookup", "crm:delete")
RESOURCE = "https://mcp.example.com/mcp/crm"
REDIRECT = "http://127.0.0.1:3333/callback"
LIFETIME = 120

Json = dict[str, Any]


@pytest.fixture(scope="module", params=["ES256", "RS256"])
def provider(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    algorithm: Algorithm = request.param
    with running_provider(
        tmp_path_factory.mktemp("provider") / "log",
        scopes=SCOPES,
        clients=[machine(MACHINE, SECRET, SCOPES)],
        groups=["sales"],
        algorithm=algorithm,
        lifetime=LIFETIME,
        path="/tenant" if algorithm == "RS256" else "",
    ) as running:
        yield running


def fetch(url: str, form: Json | None = None, **headers: str) -> Json:
    data = urllib.parse.urlencode(form).encode() if form is not None else None
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=20) as answer:
        found: Json = json.load(answer)
        return found


def metadata(provider: Provider) -> Json:
    return fetch(f"{provider.issuer}/.well-known/openid-configuration")


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def verified(provider: Provider, token: str) -> jwt.Token:
    keys = KeySet.import_key_set(fetch(metadata(provider)["jwks_uri"]))
    return jwt.decode(token, keys, algorithms=[provider.algorithm])


def test_it_says_what_it_is(provider: Provider) -> None:
    found = metadata(provider)
    assert found["issuer"] == provider.issuer
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["authorization_response_iss_parameter_supported"] is True
    assert found["scopes_supported"] == ["openid", "offline_access"]
    assert found["registration_endpoint"].startswith(provider.issuer)


def test_it_shows_public_keys_only(provider: Provider) -> None:
    keys = fetch(metadata(provider)["jwks_uri"])["keys"]
    assert {key["kid"] for key in keys} == {key.kid for key in provider.keys.values()}
    assert all("d" not in key for key in keys)


def machine_token(provider: Provider, **form: str) -> Json:
    asked = {"grant_type": "client_credentials", "resource": RESOURCE, **form}
    return fetch(metadata(provider)["token_endpoint"], asked, Authorization=basic(MACHINE, SECRET))


def test_a_machine_gets_a_token_for_the_resource_that_it_asked_for(provider: Provider) -> None:
    answer = machine_token(provider, scope=SCOPES[0])
    token = verified(provider, answer["access_token"])
    assert token.header["typ"] == "at+jwt"
    assert token.header["alg"] == provider.algorithm
    assert token.claims["iss"] == provider.issuer
    assert token.claims["aud"] == RESOURCE
    assert token.claims["client_id"] == MACHINE
    assert token.claims["scope"] == SCOPES[0]
    assert token.claims["groups"] == ["sales"]
    assert token.claims["exp"] - token.claims["iat"] == LIFETIME


def test_a_wrong_secret_gets_none(provider: Provider) -> None:
    form = {"grant_type": "client_credentials", "resource": RESOURCE}
    with pytest.raises(urllib.error.HTTPError) as refused:
        fetch(metadata(provider)["token_endpoint"], form, Authorization=basic(MACHINE, "not the secret"))
    with refused.value as answer:
        assert json.load(answer)["error"] == "invalid_client"


def test_a_person_gets_one_through_a_client_that_registered_itself(provider: Provider) -> None:
    found = metadata(provider)
    registration = {
        "redirect_uris": [REDIRECT],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "native",
        "scope": "openid offline_access",
    }
    request = urllib.request.Request(
        found["registration_endpoint"], json.dumps(registration).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        client_id = json.load(answer)["client_id"]
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": REDIRECT,
        "scope": f"openid offline_access {SCOPES[1]}",  # more than was registered: how a step-up begins
        "state": "a-state",
        "resource": RESOURCE,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "prompt": "consent",
    }
    returned = visit(f"{found['authorization_endpoint']}?{urllib.parse.urlencode(asked)}", REDIRECT)
    assert returned.error is None
    assert (returned.state, returned.iss) == ("a-state", provider.issuer)

    code = {"grant_type": "authorization_code", "code": returned.code, "redirect_uri": REDIRECT, "resource": RESOURCE}
    tokens = fetch(found["token_endpoint"], {**code, "client_id": client_id, "code_verifier": verifier})
    access, identity = (verified(provider, tokens[kind]).claims for kind in ("access_token", "id_token"))
    assert (access["sub"], access["aud"], access["client_id"]) == (PERSON, RESOURCE, client_id)
    assert access["scope"].split() == [SCOPES[1]]
    assert (identity["sub"], identity["aud"]) == (PERSON, client_id)

    renewal = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "resource": RESOURCE}
    renewed = fetch(found["token_endpoint"], {**renewal, "client_id": client_id})
    assert verified(provider, renewed["access_token"]).claims["aud"] == RESOURCE


def test_a_code_without_its_verifier_is_worth_nothing(provider: Provider) -> None:
    form = {"grant_type": "authorization_code", "code": "none", "redirect_uri": REDIRECT, "client_id": MACHINE}
    with pytest.raises(urllib.error.HTTPError) as refused:
        fetch(metadata(provider)["token_endpoint"], form, Authorization=basic(MACHINE, SECRET))
    refused.value.close()
    assert refused.value.code == 400


def test_what_a_test_signs_is_as_good_as_the_providers_own(provider: Provider) -> None:
    own = verified(provider, machine_token(provider)["access_token"])
    ours = verified(provider, provider.sign(provider.claims(RESOURCE)))
    assert ours.header == own.header
    assert own.claims.keys() - ours.claims.keys() == {"groups"}
