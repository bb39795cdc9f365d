"""Policy files into rules: each statement parsed alone, its annotations checked, its expressions read.

Nothing is compared with the schema here; ``control/policies/validate.py`` does that.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import cedarpy
import msgspec

from doorward.configtypes import Notice, Problem
from doorward.control.policies.expressions import (
    can_fail,
    compares_group,
    conjuncts,
    entities,
    prefix_patterns,
    reads,
    uid,
    unguarded_names,
    widened,
    without_arguments,
)
from doorward.control.policies.files import PolicyFiles
from doorward.control.policies.statements import Statement, statements
from doorward.core.policy import Mode, Severity
from doorward.core.rules import BUILT_IN, NAMESPACE, TOOL_CALL, Reads, Rule, Scope, Uid

ANNOTATIONS = ("id", "severity", "mode", "message")
AGENTS_PREFIX = "agents:"
MAX_MESSAGE = 500
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:/@-]{0,127}", re.ASCII)
_GROUP = Uid("Action", TOOL_CALL)
_ANY = {"op": "All"}


class Parsed(msgspec.Struct, frozen=True):
    """A rule, the entities that it names, and Cedar text of it that means the same and can be validated."""

    rule: Rule
    names: frozenset[Uid]
    cedar: str


def parse_files(files: PolicyFiles) -> tuple[list[Parsed], list[Problem], list[Notice]]:
    """All rules in the order of files and lines, with every problem and notice on the way."""
    parsed: list[Parsed] = []
    problems: list[Problem] = []
    notices: list[Notice] = []
    first: dict[str, Rule] = {}
    for name, text in sorted(files.files.items()):
        if not name.endswith(".cedar"):
            continue
        for statement in statements(text):
            made = _parse(statement, files.place(name))
            if isinstance(made, Problem):
                problems.append(made)
                continue
            rule = made.rule
            if rule.id in first:
                other = first[rule.id]
                problems.append(_at(rule, f"the id is used twice (first in {other.file}:{other.line})", "rename one"))
                continue
            first[rule.id] = rule
            parsed.append(made)
            notices += _notices(made)
    return parsed, problems, notices


def _parse(statement: Statement, file: str) -> Parsed | Problem:
    try:
        policy = _one_policy(statement)
        annotations = _annotations(policy)
        return parsed_rule(policy, annotations, text=statement.text, file=file, line=statement.line)
    except _Refused as refused:
        name = refused.id or _guess(statement.text)
        where = f'@id("{name}"): ' if name else ""
        return Problem(
            path="policies", message=where + refused.message, remedy=refused.remedy, file=file, line=statement.line
        )


class _Refused(ValueError):
    def __init__(self, message: str, remedy: str, name: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.id = name


def _one_policy(statement: Statement) -> dict[str, Any]:
    if statement.cut:
        raise _Refused("a string is not closed", 'close it with "')
    if not statement.ended:
        raise _Refused("the policy does not end with ;", "add the ; or remove the text")
    try:
        made = json.loads(cedarpy.policies_to_json_str(statement.text))
    except ValueError as fault:
        raise _Refused(f"this is not Cedar: {fault}", "look at this policy's syntax") from None
    if made["templates"]:
        raise _Refused("a template (?principal, ?resource) is not accepted", "name the principal and the resource")
    policies = list(made["staticPolicies"].values())
    if len(policies) != 1:
        raise _Refused("this is not one policy", "write permit(…) or forbid(…), and end it with ;")
    policy: dict[str, Any] = policies[0]
    return policy


def _guess(text: str) -> str:
    """The id that a policy seems to have, which cannot be read further."""
    found = re.search(r'@id\s*\(\s*"([A-Za-z0-9 ._:/@-]{1,128})"', text)
    return found.group(1) if found else ""


class Annotations(msgspec.Struct, frozen=True):
    id: str
    severity: Severity = Severity.HIGH
    mode: Mode | None = None
    message: str = ""


def _annotations(policy: dict[str, Any]) -> Annotations:
    given: dict[str, str | None] = policy.get("annotations", {})
    name = given.get("id") or ""
    if not name:
        raise _Refused("has no @id", 'write @id("a-name-of-its-own") before it')
    if not _ID.fullmatch(name):
        raise _Refused("the @id is not a name", "at most 128 of: letters, digits, space, . _ : / @ -")
    if name in BUILT_IN or name.startswith(AGENTS_PREFIX):
        raise _Refused("the id is the gateway's own", "choose another", name)
    for key in given:
        if key not in ANNOTATIONS:
            raise _Refused(f"@{key} is not known", f"known are {', '.join('@' + known for known in ANNOTATIONS)}", name)
    severity, mode, message = (given.get(key) for key in ("severity", "mode", "message"))
    if "severity" in given and (severity or "") not in _SEVERITIES:
        raise _Refused("@severity is not one", "write low, medium, high or critical", name)
    if "mode" in given and policy["effect"] != "forbid":
        raise _Refused("@mode is for forbid only", "remove it: a permit that does not permit is none", name)
    if "mode" in given and (mode or "") not in list(Mode):
        raise _Refused("@mode is not one", "write audit, warn, soft or enforce", name)
    if message and (len(message) > MAX_MESSAGE or not message.isprintable()):
        raise _Refused("@message is too long, or not one line", f"one line of at most {MAX_MESSAGE} characters", name)
    return Annotations(
        name, _SEVERITIES.get(severity or "", Severity.HIGH), Mode(mode) if mode else None, message or ""
    )


_SEVERITIES = {severity.name.lower(): severity for severity in Severity}


def parsed_rule(policy: dict[str, Any], notes: Annotations, *, text: str, file: str, line: int) -> Parsed:
    """A rule from Cedar's JSON form of one policy. Raises ``ValueError``."""
    conditions = [{**condition, "body": widened(condition["body"])} for condition in policy["conditions"]]
    action = _action(policy["action"])
    if any(compares_group(condition["body"]) for condition in conditions):
        remedy = f'write action in {NAMESPACE}::Action::"{TOOL_CALL}": the tools with a known schema have their own'
        raise _Refused("compares the action with a group", remedy, notes.id)
    parts = list(conjuncts(conditions))
    principal, resource = _scope(policy["principal"]), _scope(policy["resource"])
    found = Reads()
    for part in parts:
        found = found | reads(part)
    whole = _form(policy["effect"], conditions)
    best, worst = _bounds(policy["effect"], parts, found, whole)
    rule = Rule(
        id=notes.id, effect=policy["effect"], severity=notes.severity, mode=notes.mode, message=notes.message,
        file=file, line=line, text=text, principal=principal, action=action, resource=resource,
        reads=found, whole=whole, best=best, worst=worst,
    )  # fmt: skip
    named = principal.named | action.named | resource.named
    names = named.union(*(entities(condition["body"]) for condition in conditions))
    return Parsed(rule, names, _cedar(policy, action, conditions))


def _bounds(effect: str, parts: list[Any], read: Reads, whole: str) -> tuple[str | None, str | None]:
    """What is left of a policy at best and at worst, seen from the caller."""
    if not read.caller_text:
        return whole, whole
    left = _when(without_arguments(parts))
    failing = any(can_fail(part) for part in parts)
    if effect == "permit":
        # An error denies (contract.md, "Policies"): a permit that can fail is at worst a forbid.
        return _form("permit", left), _form("forbid", []) if failing else None
    return None, _form("forbid", [] if failing else left)


def _when(parts: list[Any]) -> list[Any]:
    return [{"kind": "when", "body": part} for part in parts]


def _form(effect: str, conditions: list[Any]) -> str:
    return json.dumps({"effect": effect, "principal": _ANY, "action": _ANY, "resource": _ANY, "conditions": conditions})


def _action(written: dict[str, Any]) -> Scope:
    scope = _scope(written)
    # A tool with a known schema has an action of its own below the group; == would silently miss it.
    return Scope(within=frozenset({_GROUP})) if scope.equals == _GROUP else scope


def _scope(written: dict[str, Any]) -> Scope:
    match written["op"]:
        case "All":
            return Scope()
        case "==":
            return Scope(equals=uid(written["entity"]))
        case "in":
            inside = written.get("entities") or ([written["entity"]] if "entity" in written else [])
            return Scope(within=frozenset(map(uid, inside)))
        case "is":
            kind = written["entity_type"].removeprefix(f"{NAMESPACE}::")
            within = frozenset({uid(written["in"]["entity"])}) if "in" in written else None
            return Scope(kind=kind, within=within)
    raise _Refused("its head cannot be read", "use ==, in or is")


def _cedar(policy: dict[str, Any], action: Scope, conditions: list[Any]) -> str:
    head = policy["action"]
    if action.within == frozenset({_GROUP}):
        head = {"op": "in", "entity": {"type": f"{NAMESPACE}::Action", "id": TOOL_CALL}}
    plain = {**policy, "action": head, "conditions": conditions}
    written = {"templates": {}, "staticPolicies": {"policy0": plain}, "templateLinks": []}
    return cedarpy.policies_from_json_str(json.dumps(written))


def _notices(parsed: Parsed) -> Iterator[Notice]:
    rule = parsed.rule
    conditions = json.loads(rule.whole)["conditions"]
    if any(prefix_patterns(condition["body"]) for condition in conditions):
        message = f"{rule.id!r} compares an argument with like and a beginning, which /data/../etc passes too"
        yield Notice(
            path="policies", message=message, remedy="use a fact with under_path", file=rule.file, line=rule.line
        )
    if _may_be_about_uris(rule) and unguarded_names(condition["body"] for condition in conditions):
        message = f"{rule.id!r} compares a URI with like and a beginning, which file:///data/../etc passes too"
        remedy = 'in a permit add !(resource.name like "*..*") && !(resource.name like "*%*"), in a forbid with ||'
        yield Notice(path="policies", message=message, remedy=remedy, file=rule.file, line=rule.line)


def _may_be_about_uris(rule: Rule) -> bool:
    """Only the name of a ``Resource`` is one."""
    actions = {uid.id for uid in rule.action.named}
    return rule.resource.kind in (None, "Resource") and (
        not actions or any(action.startswith("resources/") for action in actions)
    )


def _at(rule: Rule, message: str, remedy: str) -> Problem:
    return Problem(
        path="policies", message=f'@id("{rule.id}"): {message}', remedy=remedy, file=rule.file, line=rule.line
    )
