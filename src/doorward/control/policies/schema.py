"""The Cedar schema: entities and actions as ``contract.md`` names them, and the arguments of tools as Cedar types.

From a tool's ``inputSchema`` (JSON Schema 2020-12) only what Cedar can type is taken: strings, integers, booleans,
arrays of those, objects. The rest is reached by facts.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from doorward.core.rules import (
    ACTIONS,
    NAMESPACE,
    NO_ARGUMENTS,
    PRINCIPALS,
    RESOURCES,
    TOOL_CALL,
    Shape,
    ToolFacts,
    Uid,
)
from doorward.stages.cedar_schema import ATTRIBUTES, RESERVED, record

MAX_DEPTH = 8
MAX_MEMBERS = 500
_TYPES = {"string": "String", "integer": "Long", "boolean": "Boolean"}


class KnownTool(msgspec.Struct, frozen=True):
    """A tool as a stored manifest has it. ``read_only`` and ``destructive``: only as an operator approved them."""

    server: str
    name: str
    input_schema: bytes = b"{}"
    read_only: bool = False
    destructive: bool = True

    def facts(self) -> ToolFacts:
        return ToolFacts(shape_of(self.input_schema), self.read_only, self.destructive)


def shape_of(input_schema: bytes) -> Shape:
    """The shape of the arguments that a tool declares; no members where its schema cannot be read."""
    try:
        schema = msgspec.json.decode(input_schema)
    except (msgspec.DecodeError, RecursionError):
        return NO_ARGUMENTS
    if not isinstance(schema, dict):
        return NO_ARGUMENTS
    made = _Shapes(schema).record(schema, 0)
    return NO_ARGUMENTS if made is None else made


class _Shapes:
    """Reads one document; ``$ref`` only within it, and never deeper than ``MAX_DEPTH``."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._left = MAX_MEMBERS

    def record(self, schema: Mapping[str, Any], depth: int) -> Shape | None:
        properties = schema.get("properties")
        if not isinstance(properties, dict):
            return NO_ARGUMENTS
        members = {}
        for name, inner in properties.items():
            self._left -= 1
            made = self._shape(inner, depth + 1) if self._left > 0 and name not in RESERVED else None
            if made is not None:
                members[name] = made
        return Shape("Record", members=members)

    def _shape(self, schema: Any, depth: int) -> Shape | None:
        schema = self._followed(schema)
        if schema is None or depth > MAX_DEPTH:
            return None
        kind = _kind(schema)
        if kind in _TYPES:
            return Shape(_TYPES[kind])  # type: ignore[arg-type]
        if kind == "object":
            return self.record(schema, depth)
        if kind == "array":
            item = self._followed(schema.get("items"))
            element = None if item is None else _TYPES.get(_kind(item))
            return None if element is None else Shape("Set", element)
        return None

    def _followed(self, schema: Any) -> Mapping[str, Any] | None:
        """The schema behind ``$ref`` and behind ``anyOf: [X, {type: null}]``, a nullable value's usual spelling."""
        for _ in range(MAX_DEPTH):
            if not isinstance(schema, dict):
                return None
            if "$ref" in schema:
                schema = self._target(schema["$ref"])
            elif "type" not in schema and isinstance(schema.get("anyOf"), list):
                rest = [each for each in schema["anyOf"] if not (isinstance(each, dict) and each.get("type") == "null")]
                schema = rest[0] if len(rest) == 1 else None
            else:
                return schema
        return None

    def _target(self, reference: Any) -> Any:
        if not isinstance(reference, str) or not reference.startswith("#/"):
            return None
        found: Any = self._document
        for step in reference[2:].split("/"):
            found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
        return found


def _kind(schema: Mapping[str, Any]) -> str:
    """The one type that a schema admits beside null, or ""."""
    kind = schema.get("type")
    if isinstance(kind, list):
        rest = [each for each in kind if each != "null"]
        kind = rest[0] if len(rest) == 1 else None
    if kind is None and isinstance(schema.get("enum"), list) and schema["enum"]:
        return "string" if all(isinstance(value, str) for value in schema["enum"]) else ""
    return kind if isinstance(kind, str) else ""


def validation_schema(tools: Iterable[tuple[Uid, Shape]]) -> str:
    """Everything that policies may name, with these tools' actions, in Cedar's JSON schema format."""
    resource = {"shape": {"type": "Record", "attributes": ATTRIBUTES}}
    kinds: dict[str, Any] = {"Group": {}}
    kinds |= {kind: {"memberOfTypes": ["Group"]} for kind in PRINCIPALS}
    kinds |= {kind: {"memberOfTypes": ["Server"], **resource} for kind in RESOURCES if kind != "Server"}
    kinds["Server"] = resource
    actions: dict[str, Any] = {name: _action(NO_ARGUMENTS, RESOURCES) for name in ACTIONS if name != TOOL_CALL}
    actions[TOOL_CALL] = _action(NO_ARGUMENTS, ("Tool",))
    for uid, shape in tools:
        actions[uid.id] = {"memberOf": [{"id": TOOL_CALL}], **_action(shape, ("Tool",))}
    return msgspec.json.encode({NAMESPACE: {"entityTypes": kinds, "actions": actions}}).decode()


def _action(shape: Shape, resources: tuple[str, ...]) -> dict[str, Any]:
    members = {
        "subject": {"type": "String"},
        "chain": {"type": "Set", "element": {"type": "String"}},
        "time": {"type": "Extension", "name": "datetime"},
        "source_ip": {"type": "Extension", "name": "ipaddr", "required": False},
        "client_id": {"type": "String"},
        "arguments": record(shape),
        "facts": {"type": "Set", "element": {"type": "String"}},
    }
    context = {"type": "Record", "attributes": members}
    return {"appliesTo": {"principalTypes": list(PRINCIPALS), "resourceTypes": list(resources), "context": context}}
