"""A client for the official suite's auth scenarios, on the official SDK's OAuth clients.

    python -m tests.conformance.auth_client URL

The suite says by environment which scenario it plays and at which revision, and with which credentials. What is right
is judged by the suite.
"""

import asyncio
import json
import os
import sys
import warnings
from collections.abc import Callable, Generator
from typing import Any

import httpx2
from mcp.client.auth import OAuthClientProvider
from mcp.client.auth.extensions.client_credentials import (
    ClientCredentialsOAuthProvider,
    PrivateKeyJWTOAuthProvider,
    SignedJWTParameters,
)
from mcp.client.auth.extensions.identity_assertion import IdentityAssertionOAuthProvider
from mcp.client.auth.utils import (
    build_oauth_authorization_server_metadata_discovery_urls,
    build_protected_resource_metadata_discovery_urls,
    extract_resource_metadata_from_www_auth,
)
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import (
    JWT_BEARER_GRANT_TYPE,
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from tests.adapters.clients import browser

REDIRECT = "http://127.0.0.1:3333/callback"
METADATA_DOCUMENT = "https://conformance-test.local/client-metadata.json"  # the one that auth/basic-cimd knows

Json = dict[str, Any]
Address = Callable[[str], str]


class Memory:
    """The SDK's `TokenStorage`."""

    def __init__(self, client_info: OAuthClientInformationFull | None = None) -> None:
        self.client_info = client_info
        self.tokens: OAuthToken | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client_info

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client_info = client_info


class Workload(httpx2.Auth):
    """RFC 7523 with a workload's own token (SEP-1933), for which the SDK has no client: one request, no second try."""

    requires_response_body = True

    def __init__(self, url: str, client_id: str, assertion: str) -> None:
        self._url = url
        self._form = {"grant_type": JWT_BEARER_GRANT_TYPE, "client_id": client_id, "assertion": assertion}
        self._token: str | None = None

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        response = yield request
        if response.status_code != 401 or self._token is not None:
            return
        resource = (yield httpx2.Request("GET", metadata_urls(response, self._url)[0])).json()
        server = resource["authorization_servers"][0]
        where = build_oauth_authorization_server_metadata_discovery_urls(server, self._url)[0]
        metadata = (yield httpx2.Request("GET", where)).json()
        form = {**self._form, "resource": resource["resource"]}
        answer = yield httpx2.Request("POST", metadata["token_endpoint"], data=form)
        self._token = answer.raise_for_status().json()["access_token"]
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


def metadata_urls(challenge: httpx2.Response, url: str) -> list[str]:
    """Where the metadata of the resource at `url` may be (RFC 9728 section 5, and its fallbacks)."""
    return build_protected_resource_metadata_discovery_urls(extract_resource_metadata_from_www_auth(challenge), url)


async def published(url: str) -> Json:
    """The metadata of the resource."""
    async with httpx2.AsyncClient(timeout=30) as http:
        challenge = await http.post(url, json={"jsonrpc": "2.0", "id": 1, "method": "ping"})
        for where in metadata_urls(challenge, url):
            answer = await http.get(where)
            if answer.status_code == 200:
                found: Json = answer.json()
                return found
    raise SystemExit(f"{url} has no metadata")


def interactive(url: str, scenario: str, context: Json, address: Address) -> httpx2.Auth:
    """A client with a person, whose browser follows every redirect; `address` may alter where it is sent first."""
    returned: list[browser.Returned] = []

    async def go(where: str) -> None:
        returned.append(await asyncio.to_thread(browser.visit, address(where), REDIRECT))

    async def come_back() -> AuthorizationCodeResult:
        last = returned[-1]
        return AuthorizationCodeResult(code=last.code, state=last.state, iss=last.iss)

    known = None
    if "client_id" in context:
        credentials = {name: context[name] for name in ("client_id", "client_secret")}
        known = OAuthClientInformationFull.model_validate(
            {**credentials, "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "client_secret_basic"}
        )
    metadata = OAuthClientMetadata.model_validate({"redirect_uris": [REDIRECT], "client_name": "doorward-tests"})
    document = METADATA_DOCUMENT if scenario == "auth/basic-cimd" else None
    return OAuthClientProvider(url, metadata, Memory(known), go, come_back, client_metadata_url=document)


async def managed(url: str, context: Json, http: httpx2.AsyncClient) -> httpx2.Auth:
    """Both legs of SEP-990: the person's ID token for an assertion at their provider, the assertion for a token."""

    async def assertion(audience: str, resource: str) -> str:
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "requested_token_type": "urn:ietf:params:oauth:token-type:id-jag",
            "subject_token": context["idp_id_token"],
            "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
            "audience": audience,
            "resource": resource,
            "client_id": context["idp_client_id"],
        }
        answer = await http.post(context["idp_token_endpoint"], data=form, auth=None)
        return str(answer.raise_for_status().json()["access_token"])

    issuer = (await published(url))["authorization_servers"][0]
    client_id, secret = context["client_id"], context["client_secret"]
    return IdentityAssertionOAuthProvider(
        url, Memory(), client_id, secret, issuer, assertion, token_endpoint_auth_method="client_secret_basic"
    )


async def auth_of(url: str, scenario: str, context: Json, http: httpx2.AsyncClient, address: Address) -> httpx2.Auth:
    """The client that a scenario is about."""
    match scenario:
        case "auth/client-credentials-basic":
            return ClientCredentialsOAuthProvider(url, Memory(), context["client_id"], context["client_secret"])
        case "auth/client-credentials-jwt":
            parameters = SignedJWTParameters(
                issuer=context["client_id"],
                subject=context["client_id"],
                signing_key=context["private_key_pem"],
                signing_algorithm=context["signing_algorithm"],
            )
            return PrivateKeyJWTOAuthProvider(
                url, Memory(), context["client_id"], parameters.create_assertion_provider()
            )
        case "auth/enterprise-managed-authorization":
            return await managed(url, context, http)
        case "auth/wif-jwt-bearer":
            return Workload(url, context["client_id"], context["valid_jwt"])
    return interactive(url, scenario, context, address)


async def play(url: str, transport: httpx2.AsyncBaseTransport | None = None, address: Address = str) -> None:
    """The session that every scenario waits for: connect, list, call.

    `transport` and `address` are for who stands between the client and the suite.
    """
    scenario = os.environ["MCP_CONFORMANCE_SCENARIO"]
    context: Json = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT", "{}"))
    modern = os.environ["MCP_CONFORMANCE_PROTOCOL_VERSION"] in MODERN_PROTOCOL_VERSIONS
    async with httpx2.AsyncClient(transport=transport, timeout=30) as http:
        http.auth = await auth_of(url, scenario, context, http, address)
        async with Client(streamable_http_client(url, http_client=http), mode="auto" if modern else "legacy") as client:
            await client.list_tools()
            result = await client.call_tool("test-tool", {})
            assert not result.is_error, result


def main() -> None:
    # That they trust whichever authorization server the resource names is what these scenarios are about.
    warnings.simplefilter("ignore")
    asyncio.run(play(sys.argv[1]))


if __name__ == "__main__":
    main()
