"""What a grant may hold: what is asked for, within what its client, and its parent, may have.

Servers are named by id, tools by name or glob, audiences by URL. A scope is ``SERVER:TOOL``, split at the first ``:``,
the tool's name percent-encoded where a scope may not hold its characters (RFC 6749 §3.3).
"""

import re
from collections.abc import Mapping, Sequence
from functools import reduce
from urllib.parse import quote, unquote

import msgspec

from doorward.control.jose.claims import OAuthRefusal
from doorward.control.tokens.globs import covers, meet
from doorward.core.decision import Reason

Servers = Mapping[str, Sequence[str]]
"""Server id -> names and globs of its tools."""

_SCOPE = re.compile(r"([a-z0-9-]{1,63}):([\x21\x23-\x5b\x5d-\x7e]+)", re.ASCII)
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PLAIN = "*?[]!/:@-._~()$&'+,;="


class Asked(msgspec.Struct, frozen=True):
    """What a request asks for. None: whatever there is. ``resources`` are URLs, ``scopes`` (server id, tool) pairs."""

    resources: tuple[str, ...] | None = None
    scopes: tuple[tuple[str, str], ...] | None = None


class Rights(msgspec.Struct, frozen=True):
    """What comes of it: the URLs for ``aud``, and the tools by server id."""

    audience: tuple[str, ...]
    servers: dict[str, tuple[str, ...]]


def parse_scope(value: str) -> tuple[tuple[str, str], ...]:
    """The pairs in a ``scope`` parameter. Raises ``OAuthRefusal``."""
    pairs = []
    for scope in value.split(" "):
        found = _SCOPE.fullmatch(scope)
        if found is None or _PERCENT.search(found[2]):
            raise OAuthRefusal(
                "invalid_scope", "a scope is SERVER:TOOL, other characters percent-encoded", _SCOPE_WRONG
            )
        try:
            tool = unquote(found[2], errors="strict")
        except UnicodeDecodeError:
            raise OAuthRefusal("invalid_scope", "a scope holds bytes that are not UTF-8", _SCOPE_WRONG) from None
        if "\0" in tool:
            raise OAuthRefusal("invalid_scope", "a scope holds a NUL", _SCOPE_WRONG)
        pairs.append((found[1], tool))
    return tuple(dict.fromkeys(pairs))


def spell_scope(servers: Servers) -> str:
    """The same as one ``scope`` value."""
    return " ".join(f"{server}:{quote(tool, safe=_PLAIN)}" for server, tools in servers.items() for tool in tools)


def within(asked: Asked, held: Sequence[Servers], urls: Mapping[str, str]) -> Rights:
    """What is ``asked`` for, each part of it within every one of ``held``; ``urls``: server id -> URL.

    With ``resources`` the audience is exactly those (RFC 8707 §2.2). Raises ``OAuthRefusal``: nothing is dropped
    silently that was asked for by name.
    """
    reachable = [server for server in held[0] if server in urls and all(server in each for each in held)]
    chosen = reachable if asked.resources is None else _targets(asked.resources, reachable, urls)
    if asked.scopes is None:
        servers = {server: reduce(meet, [tuple(each[server]) for each in held]) for server in chosen}
    else:
        servers = _scoped(asked.scopes, held, chosen)
    audience = chosen if asked.resources is not None else [server for server in chosen if server in servers]
    if not audience:
        raise OAuthRefusal("invalid_target", "there is no server that this client may use", Reason.AUTH_AUDIENCE)
    return Rights(tuple(urls[server] for server in audience), servers)


def _targets(resources: Sequence[str], reachable: Sequence[str], urls: Mapping[str, str]) -> list[str]:
    by_url = {urls[server]: server for server in reachable}
    for resource in resources:
        if resource not in by_url:
            detail = "a resource is not the URL of a server that this client may use"
            raise OAuthRefusal("invalid_target", detail, Reason.AUTH_AUDIENCE)
    return list(dict.fromkeys(by_url[resource] for resource in resources))


def _scoped(
    scopes: Sequence[tuple[str, str]], held: Sequence[Servers], chosen: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    servers: dict[str, tuple[str, ...]] = {}
    for server, tool in scopes:
        if server not in chosen or not all(covers(each[server], tool) for each in held):
            detail = "a scope names a server or tool that this client may not have here"
            raise OAuthRefusal("invalid_scope", detail, _SCOPE_WRONG)
        servers[server] = (*servers.get(server, ()), tool)
    return servers


_SCOPE_WRONG = Reason.AUTH_SCOPE
