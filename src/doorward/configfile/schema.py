"""The JSON Schema of the file format, for editors and other programs; ``docs/doorward.schema.json`` is its copy."""

from typing import Any

import msgspec
from msgspec import inspect

from doorward.config import Config
from doorward.configfile.decode import described

SCHEMA_ID = "https://json-schema.org/draft/2020-12/schema"

_CLIENT_SERVERS = {
    "description": "Servers as MCP clients write them; moved into `servers` under slugged names.",
    "type": "object",
    "additionalProperties": {"type": "object"},
}


def schema() -> dict[str, Any]:
    """The schema of a whole configuration file."""
    made = json_schema(Config)
    made["properties"]["mcpServers"] = _CLIENT_SERVERS
    return made


def json_schema(cls: type[msgspec.Struct]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one struct and all below it, with the defaults of our own kinds."""
    _, definitions = msgspec.json.schema_components([cls], schema_hook=_hook, ref_template="#/$defs/{name}")
    for name, definition in definitions.items():
        _add_defaults(definition, name, cls)
    top = definitions.pop(cls.__name__)
    return {"$schema": SCHEMA_ID, **top, "$defs": definitions}


def _hook(cls: type) -> dict[str, Any]:
    if not hasattr(cls, "schema"):
        raise NotImplementedError
    schema: dict[str, Any] = cls.schema()
    return schema


def _add_defaults(definition: dict[str, Any], name: str, top: type[msgspec.Struct]) -> None:
    for kind in structs(top):
        if kind.cls.__name__ != name:
            continue
        for field in kind.fields:
            if field.default_factory is not msgspec.NODEFAULT and isinstance(field.type, inspect.CustomType):
                made = field.default_factory()
                definition["properties"][field.encode_name]["default"] = getattr(made, "use", None) or str(made)


def structs(top: type[msgspec.Struct]) -> list[inspect.StructType]:
    """Every struct that a file format is made of, the top one first."""
    found: dict[type, inspect.StructType] = {}
    waiting: list[inspect.Type] = [described(top)]
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, inspect.StructType) and kind.cls not in found:
            found[kind.cls] = kind
            waiting += [field.type for field in kind.fields]
        waiting += [getattr(kind, part) for part in ("value_type", "item_type") if hasattr(kind, part)]
        waiting += getattr(kind, "types", ())
    return list(found.values())
