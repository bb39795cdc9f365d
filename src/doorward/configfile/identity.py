"""What ``identity`` may say: issuers, agents, and how each proves itself."""

from collections.abc import Iterator
from pathlib import Path

from doorward.config import Agent, Config
from doorward.configfile.decode import child, suggestion
from doorward.configfile.edge import on_loopback
from doorward.configfile.servers import enforcing
from doorward.configtypes import Notice, Problem, is_file

Found = Iterator[Problem]

LONGEST_GRANT = 900.0  # seconds
_PROOFS = ("token", "secret", "jwks", "match")


def examine_identity(config: Config, base_dir: Path) -> Found:
    """Everything below ``identity``."""
    yield from _lifetime(config)
    yield from _anonymous(config)
    yield from _issuers(config)
    yield from _agents(config, base_dir)


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


def _issuers(config: Config) -> Found:
    """What cannot be used is said by ``control.issuers``, which reads the URLs as they will be fetched."""
    for index, issuer in enumerate(config.identity.issuers):
        if issuer.audience is not None:
            message = "is one audience for all servers: a token for one of them is good for every other"
            remedy = "prefer an issuer that knows RFC 8707"
            yield Notice(path=f"identity.issuers[{index}].audience", message=message, remedy=remedy)


def _agents(config: Config, base_dir: Path) -> Found:
    seen: set[str] = set()
    for index, agent in enumerate(config.identity.agents):
        path = f"identity.agents[{index}]"
        if agent.id in seen:
            yield Problem(path=child(path, "id"), message="two agents have this id", remedy="give each its own")
        seen.add(agent.id)
        yield from _proof(agent, path, base_dir)
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


def _proof(agent: Agent, path: str, base_dir: Path) -> Found:
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
    if agent.jwks is not None and not (
        agent.jwks.startswith("file:") and is_file(base_dir / agent.jwks.removeprefix("file:"))
    ):
        remedy = "write file:PATH of a JWKS document"
        yield Problem(path=child(path, "jwks"), message="there is no such file", remedy=remedy)
