"""The official SDK 1.x with its OAuth clients as a player (see dialogue.py): the target's `oauth` says which, and with
what."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import dialogue
import httpx
import person
from mcp import McpError, types
from mcp.client.auth import OAuthClientProvider
from mcp.client.auth.extensions.client_credentials import (
    ClientCredentialsOAuthProvider,
    PrivateKeyJWTOAuthProvider,
    SignedJWTParameters,
)
from mcp.client.session import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata


def interactive(url: str, someone: person.Person, memory: person.Memory) -> httpx.Auth:
    async def come_back() -> tuple[str, str | None]:
        returned = await someone.come_back()
        return returned.code, returned.state

    metadata = OAuthClientMetadata.model_validate(
        {"redirect_uris": [person.REDIRECT], "client_name": "a test", "token_endpoint_auth_method": "none"}
    )
    return OAuthClientProvider(url, metadata, memory, someone.go, come_back)


def auth(target: dialogue.Json, someone: person.Person, memory: person.Memory) -> httpx.Auth:
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
    return interactive(url, someone, memory)


@asynccontextmanager
async def connect(target: dialogue.Json, heard: dialogue.Heard) -> AsyncIterator[tuple[Any, Any]]:
    someone, memory = person.Person(), person.Memory()
    http_client = httpx.AsyncClient(auth=auth(target, someone, memory), timeout=30)
    async with (
        streamable_http_client(target["url"], http_client=http_client) as (read, write, *_),
        ClientSession(read, write) as session,
    ):
        begun = await session.initialize()
        about = {"protocolVersion": begun.protocolVersion}
        yield about, {**dialogue.requests(session, types, heard), **person.verbs(someone, memory)}


if __name__ == "__main__":
    dialogue.run(connect, McpError)
