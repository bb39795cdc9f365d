"""``agents[].servers`` as Cedar: one policy for each agent and server, so that one engine decides."""

import json
from collections.abc import Iterator, Mapping, Sequence

import cedarpy

from doorward.config import Agent
from doorward.configtypes import Notice
from doorward.control.policies.parse import AGENTS_PREFIX, Annotations, Parsed, parsed_rule
from doorward.core.policy import names
from doorward.core.rules import NAMESPACE, TOOL_CALL, Uid

_GLOB = "*?["


def agent_rules(agents: Sequence[Agent], tools: Mapping[str, Sequence[str]]) -> tuple[list[Parsed], list[Notice]]:
    """The rules ``agents:AGENT:SERVER``, and a notice for each glob. ``tools``: server -> names seen so far."""
    made: list[Parsed] = []
    notices: list[Notice] = []
    for index, agent in enumerate(agents):
        for server, entries in agent.servers.items():
            text = _cedar(agent.id, server, entries, tools.get(server, ()))
            policy = next(iter(json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"].values()))
            notes = Annotations(f"{AGENTS_PREFIX}{agent.id}:{server}")
            made.append(parsed_rule(policy, notes, text=text, file="", line=0))
            notices += _notices(f"identity.agents[{index}].servers.{server}", entries, tools.get(server, ()))
    return made, notices


def _cedar(agent: str, server: str, entries: Sequence[str], seen: Sequence[str]) -> str:
    """Everything on the server but calls of tools that the list does not name."""
    head = (
        f'@id("{AGENTS_PREFIX}{agent}:{server}")\n'
        f"permit (\n  principal == {Uid('Agent', agent)},\n  action,\n  resource in {Uid('Server', server)}\n)"
    )
    if "*" in entries:
        return head + ";"
    inside = ", ".join(str(Uid("Tool", f"{server}/{name}")) for name in _named(entries, seen))
    calls = f'action in {NAMESPACE}::Action::"{TOOL_CALL}"'
    listed = f" || resource in [{inside}]" if inside else ""
    return f"{head}\nwhen {{ !({calls}){listed} }};"


def _named(entries: Sequence[str], seen: Sequence[str]) -> list[str]:
    """The names in a list, and those seen that a glob in it matches."""
    plain = {entry for entry in entries if not any(mark in entry for mark in _GLOB)}
    wanted = names(entries)
    return sorted(plain | {name for name in seen if name in wanted})


def _notices(path: str, entries: Sequence[str], seen: Sequence[str]) -> Iterator[Notice]:
    for entry in entries:
        if entry == "*" or not any(mark in entry for mark in _GLOB):
            continue
        count = sum(1 for name in seen if name in names([entry]))
        message = f"the glob {entry!r} matches {count} of the tools seen so far, and means only these"
        remedy = "tools that come later are added when the server lists them through the gateway"
        yield Notice(path=path, message=message, remedy=remedy)
