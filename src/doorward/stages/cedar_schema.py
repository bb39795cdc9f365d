"""The part of the Cedar schema that one decision needs; small, because Cedar checks each request against it.

The members of the context are optional here, and only what the slice reads is given. Policies were validated against
the whole schema, where they are required (``control/policies/schema.py``).
"""

from typing import Any

import msgspec

from doorward.core.rules import NAMESPACE, TOOL_CALL, Shape, Uid

RESERVED = frozenset({"__entity", "__extn", "__expr"})
"""Members that Cedar's JSON format gives a meaning of its own."""

ATTRIBUTES: dict[str, Any] = {
    "name": {"type": "String"},
    "sensitivity": {"type": "String"},
    "read_only": {"type": "Boolean"},
    "destructive": {"type": "Boolean"},
}


def record(shape: Shape) -> dict[str, Any]:
    """A record type with these members, all optional."""
    return {
        "type": "Record",
        "attributes": {name: {**_type(member), "required": False} for name, member in shape.members.items()},
    }


def _type(shape: Shape) -> dict[str, Any]:
    if shape.kind == "Record":
        return record(shape)
    if shape.kind == "Set":
        return {"type": "Set", "element": {"type": shape.item}}
    return {"type": shape.kind}


def request_schema(principal: str, action: Uid, resource: str, shape: Shape) -> str:
    """A schema in Cedar's JSON format for requests of one kind of principal and resource, and one action."""
    kinds: dict[str, Any] = {
        "Group": {},
        principal: {"memberOfTypes": ["Group"]},
        "Server": {"shape": {"type": "Record", "attributes": ATTRIBUTES}},
    }
    if resource != "Server":
        kinds[resource] = {"memberOfTypes": ["Server"], **kinds["Server"]}
    applies = {"principalTypes": [principal], "resourceTypes": [resource], "context": _context(shape)}
    actions: dict[str, Any] = {action.id: {"appliesTo": applies}}
    if action.id.startswith(f"{TOOL_CALL}/"):
        actions[action.id]["memberOf"] = [{"id": TOOL_CALL}]
        actions[TOOL_CALL] = {}
    return msgspec.json.encode({NAMESPACE: {"entityTypes": kinds, "actions": actions}}).decode()


def _context(shape: Shape) -> dict[str, Any]:
    members: dict[str, dict[str, Any]] = {
        "subject": {"type": "String"},
        "chain": {"type": "Set", "element": {"type": "String"}},
        "time": {"type": "Extension", "name": "datetime"},
        "source_ip": {"type": "Extension", "name": "ipaddr"},
        "client_id": {"type": "String"},
        "arguments": record(shape),
        "facts": {"type": "Set", "element": {"type": "String"}},
    }
    return {"type": "Record", "attributes": {name: {**kind, "required": False} for name, kind in members.items()}}
