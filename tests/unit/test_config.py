"""The structs of the file format, and that schema and documentation keep up with them."""

import re
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import msgspec
import pytest
from msgspec import inspect

from doorward.cli.schema import text
from doorward.config import Config
from doorward.configfile.decode import decode, described
from doorward.configfile.schema import schema, structs
from doorward.configtypes import Duration, Size
from doorward.core.policy import Mode
from doorward.core.snapshot import Limits, Timeouts

DOCS = Path(__file__).resolve().parents[2] / "docs"


def keys(kind: inspect.Type, path: str = "") -> Iterator[str]:
    """Every key of the file format, lists and mappings of sections left out of the path or as ``*``."""
    match kind:
        case inspect.StructType():
            for field in kind.fields:
                here = f"{path}.{field.encode_name}" if path else field.encode_name
                yield here
                yield from keys(field.type, here)
        case inspect.DictType():
            yield from keys(kind.value_type, f"{path}.*")
        case inspect.VarTupleType():
            yield from keys(kind.item_type, path)
        case inspect.UnionType():
            for option in kind.types:
                yield from keys(option, path)


ALL_KEYS = sorted(set(keys(described(Config))))


def documented() -> set[str]:
    lines = (DOCS / "configuration.md").read_text(encoding="utf-8").splitlines()
    rows = {found[1] for line in lines if (found := re.match(r"\| `([^`]+)` \|", line))}
    sections = {found[1] for line in lines if (found := re.match(r"## `([^`]+)`", line))}
    return rows | sections


@pytest.mark.parametrize("key", ALL_KEYS)
def test_every_key_has_its_line_in_the_documentation(key: str) -> None:
    if ".inspect.entities.*" in key:
        return  # the same struct as inspect.entities, whose lines stand there
    assert key in documented()


def test_every_line_of_the_documentation_has_its_key() -> None:
    assert sorted(documented() - set(ALL_KEYS) - {"mcpServers"}) == []


def test_the_defaults_that_the_documentation_tells() -> None:
    page = (DOCS / "configuration.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `((?:limits|timeouts)\.[a-z_]+)` \|[^|]*\| `([^`]+)` \|", page, re.MULTILINE))
    config = Config()
    for key, default in told.items():
        section, _, name = key.partition(".")
        assert str(getattr(getattr(config, section), name)) == default, key
    assert len(told) == len(Limits.__struct_fields__) + len(Timeouts.__struct_fields__)


def test_limits_and_timeouts_are_those_of_the_snapshot() -> None:
    config = Config()
    assert {name: getattr(config.limits, name) for name in Limits.__struct_fields__} == msgspec.to_builtins(Limits())
    assert {name: getattr(config.timeouts, name) for name in Timeouts.__struct_fields__} == msgspec.to_builtins(
        Timeouts()
    )


def test_the_committed_schema_is_the_generated_one() -> None:
    committed = (DOCS / "doorward.schema.json").read_text(encoding="utf-8")
    assert committed == text(), "run: python -m doorward schema > docs/doorward.schema.json"


def test_the_schema_is_one_and_knows_our_kinds() -> None:
    made = schema()
    jsonschema.Draft202012Validator.check_schema(made)
    validator = jsonschema.Draft202012Validator(made)
    assert list(validator.iter_errors({"listen": {"drain": "10s"}, "limits": {"buffered": 5}, "mode": "warn"})) == []
    for wrong in (
        {"listen": {"drain": 10}},
        {"limits": {"buffered": "5MB"}},
        {"modes": "warn"},
        {"servers": {"A b": {}}},
    ):
        assert list(validator.iter_errors(wrong)), wrong


def test_the_schema_tells_the_defaults() -> None:
    definitions = schema()["$defs"]
    assert definitions["Listen"]["properties"]["drain"]["default"] == "30s"
    assert definitions["Limits"]["properties"]["request_bytes"]["default"] == "4MiB"
    assert definitions["Server"]["properties"]["credentials"]["default"] == "none"


def test_every_section_is_frozen_and_refuses_unknown_keys() -> None:
    for kind in structs(Config):
        assert kind.forbid_unknown_fields, kind.cls
        assert kind.cls.__struct_config__.frozen, kind.cls


def test_an_empty_file_is_a_configuration() -> None:
    config, problems = decode({}, Config)
    assert problems == []
    assert config == Config()
    assert config.mode is Mode.AUDIT
    assert isinstance(config.listen.drain, Duration)
    assert isinstance(config.limits.buffered, Size)
