"""What decides, as one hash: two records with the same ``policy_digest`` were judged by the same rules."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from doorward.config import Config, Issuer, NearerInspect
from doorward.config import Server as ServerSection
from doorward.configfile.servers import mode_of
from doorward.core.identity import Grant
from doorward.core.snapshot import Keys


def policy_digest(config: Config, keys: Keys, agents: Mapping[bytes, Grant], policies: str) -> str:
    """SHA-256 in hexadecimal. ``policies`` is the digest of the compiled ones. Tokens and detector options enter keyed
    only, credentials not at all.
    """
    canonical = {
        "anonymous": config.identity.anonymous,
        "address": config.listen.address,
        "agents": sorted(_agent(config, keys, agents), key=lambda agent: str(agent["id"])),
        "servers": {name: _server(config, keys, server) for name, server in config.servers.items()},
        "policies": policies,
        "issuers": [_issuer(issuer) for issuer in config.identity.issuers],
        "detectors": [
            [spec.use, _keyed(keys, msgspec.json.encode(spec.options, order="sorted"))]
            for spec in config.inspect.detectors
        ],
        "entities": config.inspect.entities,
        "replace": config.inspect.replace,
        "on_timeout": config.inspect.on_timeout,
        "patterns": config.inspect.patterns,
        "allow": _allowed(keys, config.inspect.allow),
        "binary": config.inspect.binary,
        "limits": {name: int(getattr(config.limits, name)) for name in config.limits.__struct_fields__},
    }
    return hashlib.sha256(msgspec.json.encode(canonical, order="sorted")).hexdigest()


def _issuer(issuer: Issuer) -> dict[str, Any]:
    return {name: getattr(issuer, name) for name in issuer.__struct_fields__} | {
        "max_lifetime": float(issuer.max_lifetime)
    }


def _agent(config: Config, keys: Keys, agents: Mapping[bytes, Grant]) -> list[dict[str, Any]]:
    tokens = {grant.principal.subject: _keyed(keys, token) for token, grant in agents.items()}
    return [
        {
            "id": agent.id,
            "token": tokens.get(agent.id),
            "servers": {name: sorted(set(tools)) for name, tools in agent.servers.items()},
            "groups": agent.groups,
            "match": agent.match,
        }
        for agent in config.identity.agents
    ]


def _server(config: Config, keys: Keys, server: ServerSection) -> dict[str, Any]:
    return {
        "mode": mode_of(config, server),
        "sensitivity": server.sensitivity,
        "credentials": server.credentials.use,
        "headers": server.headers,
        "inspect": _inspect(keys, server.inspect),
        "tools": [
            [glob, msgspec.structs.replace(tool, inspect=None), _inspect(keys, tool.inspect)]
            for glob, tool in server.tools.items()
        ],
        "server_requests": server.server_requests,
        "kind": "stdio" if server.command is not None else server.transport,
    }


def _inspect(keys: Keys, inspect: NearerInspect | None) -> Any:
    if inspect is None:
        return None
    return [inspect.entities, _allowed(keys, inspect.allow), inspect.binary]


def _allowed(keys: Keys, entries: Iterable[str]) -> list[str]:
    """Allowed values as keyed digests: a value in ``inspect.allow`` may be personal data itself."""
    return sorted(_keyed(keys, entry.encode()) for entry in entries)


def _keyed(keys: Keys, data: bytes) -> str:
    return hmac.digest(keys.lasting, data, "sha256").hex()
