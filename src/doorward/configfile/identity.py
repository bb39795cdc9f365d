"""What ``identity`` may say: issuers, agents, and how each proves itself."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from doorward.config import Agent, Config, Issuer, Match
from doorward.configfile.decode import child, suggestion
from doorward.configfile.edge import is_loopback, on_loopback, site
from doorward.configfile.servers import enforcing
from doorward.configtypes import Notice, Problem

Found = Iterator[Problem]

LONGEST_GRANT = 900.0  # seconds
LONGEST_EXTERNAL = 86400.0
_PROOFS = ("token", "secret", "jwks", "match")


def examine_identity(config: Config, base_dir: Path) -> Found:
    """Everything below ``identity``."""
    yield from _lifetime(config)
    yield from _anonymous(config)
    yield from _issuers(config, base_dir)
    yield from _agents(config, base_dir)


def issuer_name(issuer: Issuer) -> str:
    """What stands for an issuer in policies and records: its ``name``, else the host of its URL."""
    return issuer.name or urlsplit(issuer.issuer).netloc


def _lifetime(config: Config) -> Found:
    if not 0 < config.identity.tokens.lifetime <= LONGEST_GRANT:
        remedy = "a grant lives at most 15 minutes: write 15m or less"
        yield Problem(path="identity.tokens.lifetime", message="is out of range", remedy=remedy)


def _anonymous(config: Config) -> Found:
    if config.identity.anonymous is not True:
        return
    for name, server in config.servers.items():
        if enforcing(config, server):
            message = f"lets nobody in to {name}, which is in an enforcing mode; it matters in audit and warn alone"
            yield Notice(path="identity.anonymous", message=message, remedy="give the callers of that server a token")
    if not on_loopback(config):
        yield Notice(
            path="identity.anonymous", message="whoever reaches this address may call every server in audit or warn"
        )


def _issuers(config: Config, base_dir: Path) -> Found:
    seen: dict[str, str] = {}
    for index, issuer in enumerate(config.identity.issuers):
        path = f"identity.issuers[{index}]"
        fault = _url_fault(issuer.issuer)
        if fault is not None:
            remedy = "write it as the provider does: https://idp.example.com"
            yield Problem(path=child(path, "issuer"), message=fault, remedy=remedy)
        for key, value in (("issuer", issuer.issuer), ("name", issuer_name(issuer))):
            if f"{key} {value}" in seen:
                yield Problem(path=child(path, key), message="two issuers have this", remedy="give each its own")
            seen[f"{key} {value}"] = path
        if not 0 < issuer.max_lifetime <= LONGEST_EXTERNAL:
            remedy = "write at most 1d; 90m or less is better"
            yield Problem(path=child(path, "max_lifetime"), message="is out of range", remedy=remedy)
        if issuer.jwks is not None:
            yield from _keys(issuer.jwks, child(path, "jwks"), base_dir, urls=True)
        if not issuer.algorithms:
            yield Problem(path=child(path, "algorithms"), message="is empty, so no token passes", remedy="name one")
        if issuer.audience is not None:
            message = "is one audience for all servers: a token for one of them is good for every other"
            yield Notice(path=child(path, "audience"), message=message, remedy="prefer an issuer that knows RFC 8707")


def _url_fault(url: str) -> str | None:
    parts = site(url)
    if parts is None:
        return "is not an https URL"
    if parts.query or parts.fragment or "@" in parts.netloc:
        return "holds a query, a fragment or a user name, which no issuer has (RFC 8414 §2)"
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        return "is not fetched over https"
    return None


def _keys(text: str, path: str, base_dir: Path, *, urls: bool) -> Found:
    if text.startswith("file:"):
        if not (base_dir / text.removeprefix("file:")).is_file():
            yield Problem(path=path, message="there is no such file", remedy="write file:PATH of a JWKS document")
    elif not urls or _url_fault(text.partition("?")[0]) is not None:
        remedy = "write file:PATH" + (" or an https URL" if urls else " of a JWKS document")
        yield Problem(path=path, message="is no reference to public keys", remedy=remedy)


def _agents(config: Config, base_dir: Path) -> Found:
    seen: set[str] = set()
    for index, agent in enumerate(config.identity.agents):
        path = f"identity.agents[{index}]"
        if agent.id in seen:
            yield Problem(path=child(path, "id"), message="two agents have this id", remedy="give each its own")
        seen.add(agent.id)
        yield from _proof(config, agent, path, base_dir)
        for name, tools in agent.servers.items():
            if name not in config.servers:
                remedy = suggestion(name, list(config.servers))
                yield Problem(path=f"{path}.servers.{name}", message=f"there is no server {name!r}", remedy=remedy)
            if not tools:
                yield Notice(
                    path=f"{path}.servers.{name}",
                    message="lists no tool, so none may be called",
                    remedy='write ["*"] for all',
                )
        if not agent.servers:
            yield Notice(path=path, message="may use no server", remedy="add servers: {NAME: [TOOL, …]}")


def _proof(config: Config, agent: Agent, path: str, base_dir: Path) -> Found:
    given = [name for name in _PROOFS if getattr(agent, name) is not None]
    if len(given) != 1:
        message = "needs exactly one of token, secret, jwks, match"
        yield Problem(path=path, message=message, remedy="write secret: env:NAME")
    for name, value in (("token", agent.token), ("secret", agent.secret)):
        if value is not None and not value.references():
            remedy = f"put it into the environment or a file, and write {name}: env:NAME or {name}: file:PATH"
            yield Problem(path=child(path, name), message=f"a {name} does not belong into this file", remedy=remedy)
    if agent.token is not None and agent.token.references():
        remedy = "prefer secret, jwks or match: the agent then gets grants of 15 minutes (docs/grants.md)"
        yield Notice(
            path=child(path, "token"), message="is a fixed token: whoever learns it has it for good", remedy=remedy
        )
    if agent.jwks is not None:
        yield from _keys(agent.jwks, child(path, "jwks"), base_dir, urls=False)
    if agent.match is not None:
        yield from _match(config, agent.match, child(path, "match"))


def _match(config: Config, match: Match, path: str) -> Found:
    known = [issuer.issuer for issuer in config.identity.issuers]
    if match.issuer not in known:
        remedy = "list it under identity.issuers"
        yield Problem(path=child(path, "issuer"), message="is no configured issuer", remedy=remedy)
    if match.sub is None and not match.claims:
        remedy = "write sub: VALUE, or claims: {NAME: VALUE}"
        yield Problem(path=path, message="names nobody: it would match every token of the issuer", remedy=remedy)
