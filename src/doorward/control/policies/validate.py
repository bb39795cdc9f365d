"""Rules against the schema: what a policy names must exist, and its expressions must have types that fit.

A policy may name a tool whose schema is not known (its server was never reached). That is a notice, and the tool stays
denied. If the policy cannot be checked without that schema, a permit is left out, and a forbid forbids all that its
head covers.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import cedarpy
import msgspec

from doorward.configtypes import Notice, Problem
from doorward.control.policies.parse import Parsed
from doorward.control.policies.schema import validation_schema
from doorward.core.rules import NO_ARGUMENTS, TOOL_CALL, Reads, Rule, Shape, ToolFacts, Uid, tool_action
from doorward.stages.slices import servers_of

_CHILD = f"{TOOL_CALL}/"
_MAX_ERRORS = 3
Tool = tuple[str, str]


class Validator:
    """Checks rule by rule; ``problems``, ``notices``, ``rules`` and ``blocked`` gather what comes of it."""

    def __init__(self, tools: Mapping[Tool, ToolFacts], servers: Iterable[str], facts: Iterable[str]) -> None:
        self.problems: list[Problem] = []
        self.notices: list[Notice] = []
        self.rules: list[Rule] = []
        self.blocked: set[Tool] = set()
        self._tools = tools
        self._listed = {server for server, _ in tools}
        self._servers = frozenset(servers)
        self._facts = frozenset(facts)
        self._schemas: dict[frozenset[tuple[Uid, str]], cedarpy.Schema] = {}

    def examine(self, parsed: Parsed) -> None:
        """One rule from a file."""
        rule = parsed.rule
        missing = sorted(name for name in rule.reads.facts if name is not None and name not in self._facts)
        if missing:
            self._problem(rule, f"there is no fact {missing[0]!r}", "define it in facts.yaml, or correct its name")
        unknown = self._unknown_actions(parsed)
        self._name_tools(parsed, unknown)
        errors = self._errors(parsed, unknown)
        if not errors:
            self.rules.append(rule)
        elif unknown:
            self._without_schema(rule)
        else:
            self._problem(rule, "; ".join(errors[:_MAX_ERRORS]), _remedy(errors))

    def _unknown_actions(self, parsed: Parsed) -> list[Tool]:
        named = (uid.id.removeprefix(_CHILD) for uid in parsed.names if uid.type == "Action" and _is_child(uid))
        tools = [_split(each) for each in named]
        return sorted(tool for tool in tools if tool not in self._tools)

    def _name_tools(self, parsed: Parsed, unknown: Sequence[Tool]) -> None:
        """Notices for what is named and not known; ``blocked`` for tools that stay denied."""
        rule = parsed.rule
        self.blocked |= set(unknown)
        for server, tool in unknown:
            self._notice(rule, f"the schema of the tool {server}/{tool} is not known", "it stays denied until it is")
        for uid in sorted(parsed.names, key=lambda uid: uid.id):
            server, name = _split(uid.id)
            if uid.type in ("Server", "Tool", "Prompt", "Resource", "Task") and server not in self._servers:
                self._notice(rule, f"there is no server {server!r}", "correct the name, or add it to servers")
            elif uid.type == "Tool" and (server, name) not in self._tools and (server, name) not in unknown:
                self._unseen(rule, server, name)

    def _unseen(self, rule: Rule, server: str, name: str) -> None:
        if server in self._listed:
            self.blocked.add((server, name))
            self._notice(rule, f"the server {server!r} has no tool {name!r}", "it stays denied; correct the name")
        else:
            remedy = "its arguments can be reached by facts only until then"
            self._notice(rule, f"the tools of {server!r} have not been seen yet", remedy)

    def _errors(self, parsed: Parsed, unknown: Sequence[Tool]) -> list[str]:
        result = cedarpy.validate_policies(parsed.cedar, self._schema(parsed, unknown))
        if result.validation_passed:
            return []
        words = {error.error.removeprefix("for policy `policy0`, ") for error in result.errors}
        return sorted(words, key=lambda text: (len(text), text)) or ["it does not fit the schema"]

    def _schema(self, parsed: Parsed, unknown: Sequence[Tool]) -> cedarpy.Schema:
        """With the actions that this rule can be asked about; of those alike, one will do.

        A rule about one tool alone is not asked about others, whatever their arguments are.
        """
        chosen: dict[Uid, Shape] = {tool_action(*tool): NO_ARGUMENTS for tool in unknown}
        servers = servers_of(parsed.rule)
        only = parsed.rule.resource.equals
        shapes: dict[bytes, Uid] = {}
        for (server, name), facts in self._tools.items():
            uid = tool_action(server, name)
            spelt = msgspec.json.encode(facts.shape, order="sorted")
            if uid in parsed.names:
                chosen[uid] = facts.shape
            elif only is not None and only.type == "Tool" and only.id != f"{server}/{name}":
                continue
            elif (servers is None or server in servers) and spelt not in shapes:
                shapes[spelt] = uid
                chosen[uid] = facts.shape
        key = frozenset((uid, msgspec.json.encode(shape, order="sorted").decode()) for uid, shape in chosen.items())
        if key not in self._schemas:
            self._schemas[key] = cedarpy.Schema.from_json_str(validation_schema(chosen.items()))
        return self._schemas[key]

    def _without_schema(self, rule: Rule) -> None:
        if rule.effect == "permit":
            self._notice(rule, "is left out: it cannot be checked without that schema", "it permits nothing until then")
            return
        everything = _unconditional(rule)
        self._notice(rule, "cannot be checked without that schema", "until then it forbids all that its head covers")
        self.rules.append(everything)

    def _problem(self, rule: Rule, message: str, remedy: str) -> None:
        self.problems.append(Problem(**_place(rule, message, remedy)))

    def _notice(self, rule: Rule, message: str, remedy: str) -> None:
        self.notices.append(Notice(**_place(rule, message, remedy)))


def _place(rule: Rule, message: str, remedy: str) -> dict[str, Any]:
    return {
        "path": "policies",
        "message": f'@id("{rule.id}"): {message}',
        "remedy": remedy,
        "file": rule.file,
        "line": rule.line,
    }


def _unconditional(rule: Rule) -> Rule:
    anything = {"op": "All"}
    form = {"effect": "forbid", "principal": anything, "action": anything, "resource": anything, "conditions": []}
    written = msgspec.json.encode(form).decode()
    return msgspec.structs.replace(rule, reads=Reads(), whole=written, best=written, worst=written)


def _is_child(uid: Uid) -> bool:
    return uid.id.startswith(_CHILD)


def _split(name: str) -> Tool:
    server, _, tool = name.partition("/")
    return server, tool


def _remedy(errors: Sequence[str]) -> str:
    if any("unrecognized entity type" in error or "unrecognized action" in error for error in errors):
        return 'entities are written in full, as Doorward::Agent::"agent:a"; docs/policies.md names the actions'
    if any("optional attribute" in error for error in errors):
        return "ask first: context.arguments has NAME && context.arguments.NAME …"
    return "compare with docs/policies.md, and with the tool's inputSchema"
