"""The public documents of the token service: authorization server (RFC 8414) and protected resources (RFC 9728)."""

from typing import Any
from urllib.parse import urlsplit

import msgspec

from doorward.config import Config
from doorward.configfile.edge import address
from doorward.control.oauth.clients import ALGORITHMS

CLIENT_CREDENTIALS = "client_credentials"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"

AUTHORIZATION_SERVER = "/.well-known/oauth-authorization-server"
PROTECTED_RESOURCE = "/.well-known/oauth-protected-resource"
_ID_JAG_PROFILE = "urn:ietf:params:oauth:grant-profile:id-jag"
_METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt"]


class Routes(msgspec.Struct, frozen=True):
    """The servers of the gateway: id -> URL (the audience), id -> the authorization servers to name for it."""

    urls: dict[str, str]
    authorization_servers: dict[str, tuple[str, ...]]


def public_url(config: Config, port: int | None = None) -> str:
    """Our issuer: ``listen.public_url``, else the address. ``port``: the one that is bound, where the file says 0."""
    listen = config.listen
    if listen.public_url is not None:
        return listen.public_url.rstrip("/")
    host, configured = address(listen.address)
    bracketed = f"[{host}]" if ":" in host else host
    return f"{'https' if listen.tls is not None else 'http'}://{bracketed}:{port or configured}"


def routes(config: Config, issuer: str) -> Routes:
    """``issuer`` is our public URL.

    ``servers.X.authorization_servers`` wins. Else: the issuers at which people log in, then ourselves. Those are the
    ones that no agent's ``match`` names: where workloads get their tokens nobody can be sent with a browser.
    """
    workloads = {agent.match.issuer for agent in config.identity.agents if agent.match is not None}
    usual = (*(each.issuer for each in config.identity.issuers if each.issuer not in workloads), issuer)
    return Routes(
        {name: f"{issuer}/mcp/{name}" for name in config.servers},
        {name: server.authorization_servers or usual for name, server in config.servers.items()},
    )


def authorization_server(issuer: str) -> dict[str, Any]:
    """Our metadata. ``authorization_endpoint`` is there because clients demand the member; it serves no one."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "jwks_uri": f"{issuer}/oauth/jwks",
        "response_types_supported": [],
        "grant_types_supported": [CLIENT_CREDENTIALS, JWT_BEARER, TOKEN_EXCHANGE],
        "authorization_grant_profiles_supported": [_ID_JAG_PROFILE],
        "token_endpoint_auth_methods_supported": _METHODS,
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "revocation_endpoint_auth_methods_supported": _METHODS,
        "revocation_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
    }


def protected_resource(server: str, found: Routes) -> dict[str, Any]:
    """Metadata of one server. No ``scopes_supported``: clients would ask for all of them (MCP, "Scope Selection")."""
    return {
        "resource": found.urls[server],
        "authorization_servers": list(found.authorization_servers[server]),
        "bearer_methods_supported": ["header"],
    }


def document(path: str, issuer: str, found: Routes) -> dict[str, Any] | None:
    """The document at a path, or None.

    Where our public URL has a path of its own, clients put it behind the well-known part (RFC 8414 §3.1, RFC 9728
    §3.1); both spellings are served, for the proxy before us may cut it out.
    """
    prefix = urlsplit(issuer).path
    if path in (AUTHORIZATION_SERVER, AUTHORIZATION_SERVER + prefix):
        return authorization_server(issuer)
    for start in (f"{PROTECTED_RESOURCE}{prefix}/mcp/", f"{PROTECTED_RESOURCE}/mcp/"):
        if path.startswith(start) and path.removeprefix(start) in found.urls:
            return protected_resource(path.removeprefix(start), found)
    return None
