"""The official SDK 2.x with its OAuth clients as a player (see dialogue.py): the target's `oauth` says which, and with
what."""

import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import dialogue
import httpx2
import mcp_types as types
import person
from mcp.client.auth import OAuthClientProvider
from mcp.client.auth.extensions.client_credentials import (
    ClientCredentialsOAuthProvider,
    PrivateKeyJWTOAuthProvider,
    SignedJWTParameters,
)
from mcp.client.auth.extensions.identity_assertion import IdentityAssertionOAuthProvider
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata
from mcp.shared.exceptions import MCPError


def interactive(url: str, someone: person.Person, memory: person.Memory) -> httpx2.Auth:
    async def come_back() -> AuthorizationCodeResult:
        returned = await someone.come_back()
        return AuthorizationCodeResult(code=returned.code, state=returned.state, iss=returned.iss)

    metadata = OAuthClientMetadata.model_validate(
        {"redirect_uris": [person.REDIRECT], "client_name": "a test", "token_endpoint_auth_method": "none"}
    )
    return OAuthClientProvider(url, metadata, memory, someone.go, come_back)


def auth(target: dialogue.Json, someone: person.Person, memory: person.Memory) -> httpx2.Auth:
    url, oauth = target["url"], target["oauth"]
    match oauth["flow"]:
        case "secret":
            return ClientCredentialsOAuthProvider(
                url,
                memory,
                oauth["client_id"],
                oauth["secret"],
                oauth.get("method", "client_secret_basic"),
                oauth.get("scope"),
                issuer=oauth["issuer"],
            )
        case "key":
            parameters = SignedJWTParameters(
                issuer=oauth["client_id"],
                subject=oauth["client_id"],
                signing_key=oauth["key"],
                signing_algorithm=oauth["algorithm"],
            )
            return PrivateKeyJWTOAuthProvider(
                url,
                memory,
                oauth["client_id"],
                parameters.create_assertion_provider(),
                oauth.get("scope"),
                issuer=oauth["issuer"],
            )
        case "assertion":

            async def assertion(audience: str, resource: str) -> str:
                return str(oauth["assertion"])

            return IdentityAssertionOAuthProvider(
                url, memory, oauth["client_id"], oauth["secret"], oauth["issuer"], assertion
            )
    return interactive(url, someone, memory)


@asynccontextmanager
async def connect(target: dialogue.Json, heard: dialogue.Heard) -> AsyncIterator[tuple[Any, Any]]:
    someone, memory = person.Person(), person.Memory()
    http_client = httpx2.AsyncClient(auth=auth(target, someone, memory), timeout=30)
    async with Client(
        streamable_http_client(target["url"], http_client=http_client), mode=target["mode"], cache=None
    ) as client:
        about = {"protocolVersion": client.protocol_version}
        yield about, {**dialogue.requests(client, types, heard), **person.verbs(someone, memory)}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    dialogue.run(connect, MCPError)
