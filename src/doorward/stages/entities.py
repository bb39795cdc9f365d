"""Who, what and on what, as Cedar entities (docs/policies.md, "The vocabulary")."""

from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import msgspec

from doorward.core.identity import ANONYMOUS, Principal
from doorward.core.question import Question
from doorward.core.rules import NAMESPACE, NO_ARGUMENTS, TOOL_CALL, Shape, ToolFacts, Uid, action_of, tool_action

_NOT_A_TOOL = ToolFacts(NO_ARGUMENTS, read_only=False, destructive=False)
_A_READ = ToolFacts(NO_ARGUMENTS, read_only=True, destructive=False)
_UNKNOWN = ToolFacts()
_GROUP = Uid("Action", TOOL_CALL)


class Parties(msgspec.Struct, frozen=True):
    """One question in Cedar's words: each entity with all that it is in, and the resource's attributes."""

    principal: Uid
    groups: frozenset[Uid]
    action: Uid
    actions: frozenset[Uid]
    resource: Uid
    servers: frozenset[Uid]
    facts: ToolFacts
    shape: Shape


def parties(question: Question, tools: Mapping[tuple[str, str], ToolFacts]) -> Parties:
    """Who asks for what."""
    principal, groups = principal_of(question.grant.principal)
    server = Uid("Server", question.server)
    resource = Uid(question.kind, f"{question.server}/{question.name}") if question.kind else server
    action, actions = Uid("Action", action_of(question.action)), frozenset[Uid]()
    known = tools.get((question.server, question.name)) if question.kind == "Tool" else None
    if action == _GROUP and known is not None:
        action, actions = tool_action(question.server, question.name), frozenset({_GROUP})
    return Parties(
        principal, groups, action, actions, resource,
        servers=frozenset() if resource == server else frozenset({server}),
        facts=known or _by_kind(question.kind),
        shape=known.shape if known is not None and actions else NO_ARGUMENTS,
    )  # fmt: skip


def with_action(asked: Parties, action: Uid) -> Parties:
    """The same question as it would be if the tool's schema, and so its own action, were known."""
    return msgspec.structs.replace(asked, action=action, actions=frozenset({_GROUP}))


def _by_kind(kind: str) -> ToolFacts:
    if kind in ("Prompt", "Resource"):
        return _A_READ
    return _UNKNOWN if kind in ("Tool", "Task") else _NOT_A_TOOL


def principal_of(principal: Principal) -> tuple[Uid, frozenset[Uid]]:
    """The immediate caller and its groups. An issuer's names stand behind its own, so no issuer speaks for another."""
    if principal == ANONYMOUS:
        return Uid("Anonymous", "anonymous"), frozenset()
    issuer = principal.issuer
    if issuer:
        groups = frozenset(Uid("Group", f"{issuer}|{group}") for group in principal.groups)
        return Uid("User", f"{issuer}|{principal.subject}"), groups
    groups = frozenset(Uid("Group", group if "|" not in group else f"|{group}") for group in principal.groups)
    if principal.subject.startswith("agent:"):
        return Uid("Agent", principal.subject), groups
    own = principal.subject if "|" not in principal.subject else f"|{principal.subject}"
    return Uid("User", own), groups


def entities_json(asked: Parties, question: Question, sensitivity: str, server_sensitivity: str) -> str:
    """The entities of one question in Cedar's JSON format, whether a manifest knows them or not."""
    server = Uid("Server", question.server)
    known = [
        {"uid": named(asked.principal), "attrs": {}, "parents": [named(group) for group in asked.groups]},
        {"uid": named(server), "attrs": _attributes(question.server, server_sensitivity, _NOT_A_TOOL), "parents": []},
    ]
    if asked.resource != server:
        attributes = _attributes(question.name, sensitivity, asked.facts)
        known.append({"uid": named(asked.resource), "attrs": attributes, "parents": [named(server)]})
    return msgspec.json.encode(known).decode()


def _attributes(name: str, sensitivity: str, facts: ToolFacts) -> dict[str, Any]:
    return {
        "name": name,
        "sensitivity": sensitivity,
        "read_only": facts.read_only,
        "destructive": facts.destructive,
    }


def named(uid: Uid) -> dict[str, str]:
    return {"type": f"{NAMESPACE}::{uid.type}", "id": uid.id}


def context(question: Question, members: frozenset[str]) -> dict[str, Any]:
    """The members of the context that are read, but for ``arguments`` and ``facts``."""
    made: dict[str, Any] = {}
    who = question.grant.principal
    if "subject" in members:
        made["subject"] = question.grant.subject or principal_of(who)[0].id
    if "chain" in members:
        made["chain"] = list(who.act)
    if "client_id" in members:
        made["client_id"] = who.client
    if "time" in members:
        made["time"] = _extension("datetime", _moment(question))
    if "source_ip" in members and (address := _address(question.source_ip)) is not None:
        made["source_ip"] = _extension("ip", str(address))
    return made


def _moment(question: Question) -> str:
    """When it was asked, as Cedar's ``datetime`` wants it. (A pattern, for an attribute would look like a clock.)"""
    match question:
        case Question(now=seconds):
            return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _extension(function: str, argument: str) -> dict[str, Any]:
    return {"__extn": {"fn": function, "arg": argument}}


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """The caller's address, an IPv4 one written as IPv6 as itself; None where there is none (a pipe)."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
