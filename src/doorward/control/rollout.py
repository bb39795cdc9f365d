"""What an override may be: one rule, one agent, one tool, a good reason, and an end (docs/rollout.md).

An override is looked at in mode ``soft`` alone (``core.decision.under``).
"""

import re

import msgspec

from doorward.config import Config, Server
from doorward.configtypes import Refused
from doorward.core.decision import Reason
from doorward.core.policy import Mode, names, strictness
from doorward.core.shared import Override

LONGEST = 7 * 86400.0
"""Seconds that an override may last."""

MOST_CHARACTERS = 500
"""The longest justification."""

UNWAIVABLE = frozenset(
    {
        # who calls
        "auth",
        "audience",
        "grant",
        "revocation",
        "relay",
        # the message is one clear message, and its headers say the same
        "one-reading",
        "batch",
        "header-law",
        # nobody can look into it
        "binary",
        "response-table",
        # what only the gateway may know
        "held-credential",
        # what one caller may use
        "limits",
        "calls_per_minute",
        "bytes_per_minute",
        # whose it is, and who may ask whom
        "task-owner",
        "server-requests",
        # what was approved, and that somebody could look at all
        "pin",
        "input-schema",
        "output-schema",
        "unknown-tool",
        "inspection",
        "policy-error",
        "unreadable-argument",
    }
)
"""Rules that no override waives: the closed list of docs/rollout.md."""

_RULE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:/@-]{0,127}", re.ASCII)  # as an @id, which a forbid is waived by
_WILD = re.compile(r"[*?\[\]{}]")
_LEAST_CHARACTERS, _LEAST_WORDS = 15, 3


def override(id: str, *, rule: str, agent: str, server: str, tool: str, lasts: float, why: str, now: float) -> Override:
    """The override, in force from ``now`` for ``lasts`` seconds. Raises ``Refused`` with what to do instead."""
    _check_rule(rule)
    for option, value in (("--agent", agent), ("--server", server), ("--tool", tool)):
        _check_name(option, value)
    if agent == "anonymous":
        raise Refused(
            "nobody in particular cannot be excepted", "give the caller an identity, and name that as --agent"
        )
    if not 0 < lasts <= LONGEST:
        raise Refused("an override lasts at most 7 days", "write --for 4h or the like; for longer change the policy")
    check_justification(why)
    return Override(id, rule, agent, server, tool, now + lasts)


def check_justification(why: str) -> None:
    """Some substance: words that somebody can read in a year. Raises ``Refused``."""
    words = {word.casefold() for word in re.findall(r"\w{2,}", why)}
    remedy = "say who needs it for what, and where that was agreed: --why 'CRM migration, ticket OPS-311, until Friday'"
    if len(why.strip()) < _LEAST_CHARACTERS or len(words) < _LEAST_WORDS:
        raise Refused("that is no justification", remedy)
    if len(why) > MOST_CHARACTERS or not why.isprintable():
        raise Refused(f"a justification is one line of at most {MOST_CHARACTERS} characters", remedy)


def tool_mode(config: Config, server: Server, tool: str) -> Mode:
    """The mode that holds for one tool (``core.snapshot.Server.mode_of``, before a snapshot is made)."""
    chosen = [each.mode for glob, each in server.tools.items() if each.mode is not None and tool in names([glob])]
    return max(chosen, key=strictness) if chosen else server.mode or config.mode


class ServerModes(msgspec.Struct, frozen=True):
    """The mode of one server, and of those of its tools that have one of their own."""

    id: str
    mode: Mode
    tools: dict[str, Mode] = {}  # glob -> mode


class Modes(msgspec.Struct, frozen=True):
    """All modes that a configuration sets, for people to look at."""

    mode: Mode
    servers: tuple[ServerModes, ...] = ()


def modes(config: Config) -> Modes:
    """What ``/api/v1/modes`` shows. (Rules may bring a mode of their own: ``policy show``.)"""
    return Modes(
        config.mode,
        tuple(
            ServerModes(
                name,
                server.mode or config.mode,
                {glob: tool.mode for glob, tool in server.tools.items() if tool.mode is not None},
            )
            for name, server in sorted(config.servers.items())
        ),
    )


def _check_rule(rule: str) -> None:
    if _WILD.search(rule) or rule in ("", "all", "any"):
        raise Refused("an override waives one rule", "name it as the record's `rules` does, without wildcards")
    if rule in UNWAIVABLE:
        raise Refused(
            f"the rule {rule!r} cannot be waived",
            "authentication, the law of messages, limits and pins hold for everybody (docs/rollout.md)",
        )
    if rule in set(Reason):
        raise Refused(f"{rule!r} is a reason, not a rule", "name what stands in `rules` of the record or the refusal")
    if not _RULE.fullmatch(rule):
        raise Refused("that is no rule's name", "copy it from `rules` of the record or the refusal")


def _check_name(option: str, value: str) -> None:
    if not value or len(value) > 256 or not value.isprintable() or value != value.strip():
        raise Refused(f"{option} needs a name", f"write {option} NAME, as it stands in the record")
    if _WILD.search(value):
        raise Refused(f"{option} takes no wildcards", "give one override for each agent and tool")
