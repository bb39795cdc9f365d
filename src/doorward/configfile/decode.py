"""Plain data (as YAML or JSON give it) into the structs of a file format, with every fault at once and by its path.

``msgspec.convert`` stops at the first fault and does not say which key of a mapping it met it under; here every fault
has its path and a remedy. Values are never repeated, for any of them may be a secret in the wrong place.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from msgspec import inspect

from doorward.configtypes import Kind, Problem, Reference, Refused, Secret

T = TypeVar("T")
Parse = Callable[[Any], Any]

_BROKEN = object()


def decode(
    value: Any, cls: type[T], path: str = "", parsers: Mapping[type, Parse] | None = None
) -> tuple[T | None, list[Problem]]:
    """``value`` as a ``cls``, or None and what is wrong. ``parsers`` overrides how a custom type reads itself."""
    decoder = _Decoder(parsers or {})
    made = decoder.read(value, described(cls), path)
    return (None if made is _BROKEN or decoder.problems else made), decoder.problems


def child(path: str, key: str | int) -> str:
    """The path of a member or element below ``path``: ``servers.crm``, ``agents[0]``."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key


def suggestion(wrong: str, known: list[str]) -> str:
    """A remedy for a name that is not known."""
    from difflib import get_close_matches  # no gateway that runs needs it

    close = get_close_matches(wrong, known, n=1)
    return f"did you mean {close[0]}?" if close else f"known: {', '.join(sorted(known)) or 'none'}"


def described(cls: Any) -> inspect.Type:
    """What msgspec knows about a type."""
    return inspect.type_info(cls)


def _to_add(name: str, kind: inspect.Type) -> str:
    secret = isinstance(kind, inspect.CustomType) and issubclass(kind.cls, (Secret, Reference))
    return f"add {name}; env:NAME or file:PATH can stand for it" if secret else f"add {name}"


class _Decoder:
    def __init__(self, parsers: Mapping[type, Parse]) -> None:
        self.problems: list[Problem] = []
        self._parsers = parsers

    def read(self, value: Any, kind: inspect.Type, path: str) -> Any:
        match kind:
            case inspect.StructType():
                return self._struct(value, kind, path)
            case inspect.DictType():
                return self._mapping(value, kind, path)
            case inspect.VarTupleType():
                return self._elements(value, kind, path)
            case inspect.UnionType():
                return self._union(value, kind, path)
            case inspect.CustomType():
                return self._custom(value, kind.cls, path)
            case inspect.AnyType():
                return value
            case _:
                return self._scalar(value, kind, path)

    def _wrong(self, path: str, message: str, remedy: str = "") -> Any:
        self.problems.append(Problem(path=path, message=message, remedy=remedy))
        return _BROKEN

    def _struct(self, value: Any, kind: inspect.StructType, path: str) -> Any:
        if not isinstance(value, dict):
            return self._wrong(path, "expected a mapping", f"its keys: {', '.join(f.encode_name for f in kind.fields)}")
        fields = {field.encode_name: field for field in kind.fields}
        for key in value:
            if key not in fields:
                self._wrong(child(path, key), f"unknown key {key!r}", suggestion(key, list(fields)))
        given: dict[str, Any] = {}
        for name, field in fields.items():
            if _left_out(value, name, field):
                if field.required:
                    self._wrong(path, f"{name!r} is missing", _to_add(name, field.type))
                continue
            given[field.name] = self.read(value[name], field.type, child(path, name))
        if any(made is _BROKEN for made in given.values()) or any(
            f.required and f.name not in given for f in kind.fields
        ):
            return _BROKEN
        return kind.cls(**given)

    def _mapping(self, value: Any, kind: inspect.DictType, path: str) -> Any:
        if not isinstance(value, dict):
            return self._wrong(path, "expected a mapping", "write KEY: VALUE below it")
        made = {}
        for key, item in value.items():
            if self.read(key, kind.key_type, child(path, key)) is not _BROKEN:
                made[key] = self.read(item, kind.value_type, child(path, key))
        return _BROKEN if any(item is _BROKEN for item in made.values()) else made

    def _elements(self, value: Any, kind: inspect.VarTupleType, path: str) -> Any:
        if not isinstance(value, list):
            return self._wrong(path, "expected a list", "write it as [a, b], also for one")
        made = tuple(self.read(item, kind.item_type, child(path, index)) for index, item in enumerate(value))
        return _BROKEN if any(item is _BROKEN for item in made) else made

    def _union(self, value: Any, kind: inspect.UnionType, path: str) -> Any:
        if value is None and any(isinstance(option, inspect.NoneType) for option in kind.types):
            return None
        options = [option for option in kind.types if not isinstance(option, inspect.NoneType)]
        fitting = [option for option in options if _fits(value, option)]
        if len(options) > 1 and not fitting:
            return self._wrong(path, f"expected {' or '.join(_name(option) for option in options)}")
        return self.read(value, (fitting or options)[0], path)

    def _custom(self, value: Any, cls: type, path: str) -> Any:
        parse = self._parsers.get(cls)
        if parse is None and issubclass(cls, Kind):
            parse = cls.parse
        if parse is None:
            raise TypeError(f"{cls.__name__} cannot be read from a configuration")
        try:
            return parse(value)
        except Refused as refusal:
            return self._wrong(path, refusal.message, refusal.remedy)

    def _scalar(self, value: Any, kind: inspect.Type, path: str) -> Any:
        match kind:
            case inspect.LiteralType() if isinstance(value, str) and value in kind.values:
                return value
            case inspect.EnumType() if isinstance(value, str) and value in {str(member.value) for member in kind.cls}:
                return kind.cls(value)
            case inspect.BoolType() if isinstance(value, bool):
                return value
            case inspect.StrType() if isinstance(value, str):
                return self._string(value, kind, path)
            case inspect.FloatType() if isinstance(value, int | float) and not isinstance(value, bool):
                return self._number(float(value), kind, path)
            case inspect.IntType() if isinstance(value, int) and not isinstance(value, bool):
                return self._number(value, kind, path)
        return self._wrong(path, f"expected {_name(kind)}", _REMEDIES.get(type(kind), ""))

    def _string(self, value: str, kind: inspect.StrType, path: str) -> Any:
        if kind.min_length is not None and len(value) < kind.min_length:
            return self._wrong(path, "must not be empty", "write what it is to be, or remove the key")
        if kind.pattern is not None and not re.search(kind.pattern, value, re.ASCII):
            return self._wrong(path, "is not of the form that this name must have", f"it must match {kind.pattern}")
        if any(ord(character) < 32 or ord(character) == 127 for character in value):
            return self._wrong(path, "holds a control character", "write it without")
        return value

    def _number(self, value: float, kind: inspect.IntType | inspect.FloatType, path: str) -> Any:
        low, high = kind.ge, kind.le
        if (low is not None and value < low) or (high is not None and value > high):
            return self._wrong(path, f"must be from {low} to {high}")
        return value


_REMEDIES: dict[type[inspect.Type], str] = {
    inspect.StrType: "put it in quotes",
    inspect.BoolType: "write true or false, without quotes",
    inspect.IntType: "write a plain decimal number, without quotes",
    inspect.FloatType: "write a plain decimal number, without quotes",
}


def _left_out(value: dict[str, Any], name: str, field: inspect.Field) -> bool:
    """A section that is there and empty (``limits:`` with all below it commented out) counts as left out."""
    if name not in value:
        return True
    empties = (inspect.StructType, inspect.DictType, inspect.VarTupleType)
    return value[name] is None and not field.required and isinstance(field.type, empties)


def _fits(value: Any, kind: inspect.Type) -> bool:
    match kind:
        case inspect.BoolType():
            return isinstance(value, bool)
        case inspect.LiteralType():
            return value in kind.values if isinstance(value, str) else False
        case inspect.StructType() | inspect.DictType():
            return isinstance(value, dict)
        case inspect.VarTupleType():
            return isinstance(value, list)
    return isinstance(value, str | int | float)


def _name(kind: inspect.Type) -> str:
    match kind:
        case inspect.LiteralType():
            return "one of " + ", ".join(str(value) for value in kind.values)
        case inspect.EnumType():
            return "one of " + ", ".join(str(member.value) for member in kind.cls)
        case inspect.BoolType():
            return "true or false"
        case inspect.StrType():
            return "text"
        case inspect.IntType():
            return "a whole number"
        case inspect.FloatType():
            return "a number"
    return "a value of another kind"
