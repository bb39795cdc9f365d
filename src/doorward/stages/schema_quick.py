"""A quick yes to a result: a plain JSON Schema as a type of msgspec's, which decodes a text that fits and no other.

The validator wants Python objects, and takes most of its time to make them its own. What is decoded into a type is
held against it as it is read. Such a type may refuse what the schema takes, for the validator is asked then; it never
takes what the schema refuses. So whatever is not certain has no type (docs/design/0016-a-quick-yes.md has each
keyword).
"""

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, Union
from weakref import WeakSet

import msgspec

from doorward.core.message import LosslessFloat

MAX_PARTS = 512  # of one schema: a property or a listed value is one, an object ``_OBJECT``
MAX_ALIVE = 16_384  # of all that a process holds: some 10 MB
_OBJECT = 8

_LARGEST = 2**53  # of a bound: every whole number up to here is a float of its own
_EXACT_DIGITS = 15
_ANNOTATIONS = frozenset(
    {"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "$comment", "format"}
)
_AT_THE_TOP = frozenset({"$schema", "$defs", "definitions"})
_CHOICE = frozenset({"enum", "const"})
_REFERENCE = re.compile(r"#/(\$defs|definitions)/([A-Za-z0-9_.-]+)\Z")

# What a float says as a double and not as it is spelt: an exponent that the validator is not asked about, and a number
# below zero that rounds to it.
_OUT_OF_REACH = rb"[eE][-+]?[0-9]{3}|-0\.0{100}"

_alive: "WeakSet[Quick]" = WeakSet()


class Quick:
    """What says yes to answers; made by ``quick``."""

    __slots__ = ("__weakref__", "_decoder", "_is_out_of_reach", "parts")

    def __init__(self, decoder: "msgspec.json.Decoder[Any]", parts: int) -> None:
        import re2  # not on the way of `doorward run`, which validates nothing

        self._decoder = decoder
        self._is_out_of_reach: Callable[[bytes], Any] = re2.compile(_OUT_OF_REACH).search
        self.parts = parts

    def says_yes(self, answer: bytes) -> bool:
        """Whether the ``structuredContent`` of this answer fits for certain. ``answer`` is a response that the strict
        reader took; False says nothing.
        """
        try:
            self._decoder.decode(answer)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return False
        return self._is_out_of_reach(answer) is None


def quick(schema: Any) -> Quick | None:
    """For a schema that was compiled; None: it is not plain, or as many are held as may be."""
    translation = _Translation(schema)
    try:
        content = translation.type_of(schema, _AT_THE_TOP)
        result = msgspec.defstruct("Result", [("structuredContent", content)], gc=False)
        decoder = msgspec.json.Decoder(msgspec.defstruct("Answer", [("result", result)], gc=False))
    except (_NotPlainError, TypeError, ValueError):  # the others: msgspec has no such type
        return None
    if sum(each.parts for each in _alive) + translation.parts > MAX_ALIVE:
        return None
    found = Quick(decoder, translation.parts)
    _alive.add(found)
    return found


class _NotPlainError(Exception):
    """A keyword, or a value of one, that has no type here."""


class _Translation:
    """One schema on its way to a type."""

    def __init__(self, schema: Any) -> None:
        self.parts = 2 * _OBJECT  # what is around the content
        self._top = schema
        self._targets: dict[str, Any] = {}
        self._kinds: dict[str, tuple[frozenset[str], Callable[[dict[str, Any]], Any]]] = {
            "string": (frozenset({"minLength", "maxLength"}), _string),
            "integer": (_BOUNDS, _integer),
            "number": (_BOUNDS, _number),
            "boolean": (frozenset(), lambda _: bool),
            "null": (frozenset(), lambda _: type(None)),
            "array": (frozenset({"items", "minItems", "maxItems"}), self._array),
            "object": (frozenset({"properties", "required", "additionalProperties"}), self._object),
        }

    def type_of(self, schema: Any, beside: frozenset[str] = frozenset()) -> Any:
        """A type whose values all fit. Raises ``_NotPlainError``."""
        self._take(1)
        if schema is True:
            return msgspec.Raw
        if not isinstance(schema, dict):
            raise _NotPlainError
        keywords = frozenset(schema.keys() - _ANNOTATIONS - beside)
        if not keywords:
            return msgspec.Raw
        if keywords == {"$ref"}:
            return self._target(schema["$ref"])
        if keywords == {"anyOf"}:
            return self._or_null(schema["anyOf"])
        kinds = self._kinds_of(schema, keywords)
        if keywords & _CHOICE:
            return self._choice(schema, keywords, kinds)
        if not keywords <= frozenset({"type"}).union(*(self._kinds[kind][0] for kind in kinds)):
            raise _NotPlainError
        return _either([self._kinds[kind][1](schema) for kind in kinds])

    def _kinds_of(self, schema: dict[str, Any], keywords: frozenset[str]) -> list[str]:
        """The kinds of value that the type is for: those that ``type`` lists, or one that the keywords speak of."""
        stated = schema.get("type", "")
        if stated == "":
            for kind in ("object", "array"):
                if keywords <= self._kinds[kind][0]:
                    return [kind]
            return ["string", "null"] if keywords <= _CHOICE else []
        kinds = [stated] if isinstance(stated, str) else stated
        if not isinstance(kinds, list) or not all(isinstance(kind, str) and kind in self._kinds for kind in kinds):
            raise _NotPlainError
        return [kind for kind in dict.fromkeys(kinds) if kind != "integer" or "number" not in kinds]

    def _target(self, reference: Any) -> Any:
        found = _REFERENCE.match(reference) if isinstance(reference, str) else None
        if found is None:
            raise _NotPlainError
        if reference not in self._targets:
            self._targets[reference] = None  # where it leads back to itself, there is no end to a type
            held = self._top.get(found[1])
            if not isinstance(held, dict) or found[2] not in held:
                raise _NotPlainError
            self._targets[reference] = self.type_of(held[found[2]])
        if self._targets[reference] is None:
            raise _NotPlainError
        return self._targets[reference]

    def _or_null(self, branches: Any) -> Any:
        """As generators write what may be null."""
        others = [branch for branch in branches if branch != {"type": "null"}] if isinstance(branches, list) else []
        if len(others) != 1 or len(branches) != 2:
            raise _NotPlainError
        return _either([self.type_of(others[0]), type(None)])

    def _choice(self, schema: dict[str, Any], keywords: frozenset[str], kinds: Sequence[str]) -> Any:
        """Only of strings and null: 1 is 1.0 here, and a double there."""
        listed = schema["enum"] if "enum" in schema else [schema["const"]]
        if len(keywords & _CHOICE) != 1 or not keywords <= _CHOICE | {"type"} or not isinstance(listed, list):
            raise _NotPlainError
        self._take(len(listed))
        if not listed or not all(_CHOSEN.get(type(value)) in kinds for value in listed):
            raise _NotPlainError
        return Literal[tuple(dict.fromkeys(listed))]

    def _array(self, schema: dict[str, Any]) -> Any:
        return _measured(list[self.type_of(schema.get("items", True))], schema, "minItems", "maxItems")  # type: ignore[misc]

    def _object(self, schema: dict[str, Any]) -> Any:
        properties, required = schema.get("properties", {}), schema.get("required", [])
        others = schema.get("additionalProperties", True)
        if not isinstance(properties, dict) or not isinstance(required, list):
            raise _NotPlainError
        if isinstance(others, dict) and not properties and not required:
            return dict[str, self.type_of(others)]  # type: ignore[misc]
        names = list(dict.fromkeys([*required, *properties]))  # those that must be there come first
        if not isinstance(others, bool) or not all(isinstance(name, str) and name for name in names):
            raise _NotPlainError
        if others is False and not properties.keys() >= set(required):
            raise _NotPlainError
        self._take(_OBJECT)
        fields: list[Any] = []
        for name in names:
            kind = self.type_of(properties.get(name, True))
            fields.append((f"f{len(fields)}", kind) if name in required else (f"f{len(fields)}", kind, None))
        renamed = {field[0]: name for field, name in zip(fields, names, strict=True)}
        return msgspec.defstruct("Object", fields, rename=renamed, gc=False, forbid_unknown_fields=not others)

    def _take(self, parts: int) -> None:
        self.parts += parts
        if self.parts > MAX_PARTS:
            raise _NotPlainError


_BOUNDS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
_CHOSEN = {str: "string", type(None): "null"}


def _either(types: Sequence[Any]) -> Any:
    if not types:
        raise _NotPlainError
    return Union[tuple(types)]  # noqa: UP007  # of types that are made here, there is no other way to say it


def _string(schema: dict[str, Any]) -> Any:
    return _measured(str, schema, "minLength", "maxLength")  # both count code points


def _measured(kind: Any, schema: dict[str, Any], least: str, most: str) -> Any:
    bounds = {"min_length": schema.get(least), "max_length": schema.get(most)}
    given = {name: value for name, value in bounds.items() if value is not None}
    if not all(type(value) is int and 0 <= value <= _LARGEST for value in given.values()):
        raise _NotPlainError
    return Annotated[kind, msgspec.Meta(**given)] if given else kind


def _integer(schema: dict[str, Any]) -> Any:
    """1.0 is an integer, and no ``int`` to msgspec: the validator says so."""
    if not schema.keys() & _BOUNDS:
        return int
    least, above, most, below = _bounds(schema)
    lower = max(-_LARGEST if least is None else least, -_LARGEST if above is None else above + 1)
    upper = min(_LARGEST if most is None else most, _LARGEST if below is None else below - 1)
    return Annotated[int, msgspec.Meta(ge=lower, le=upper)]


def _number(schema: dict[str, Any]) -> Any:
    """A fraction is rounded before it is compared: it must lie beyond its bound, but for zero (``_OUT_OF_REACH``)."""
    if not schema.keys() & _BOUNDS:
        return float
    least, above, most, below = _bounds(schema)
    bounds: dict[str, float] = {}
    if least == 0 and above is None:
        bounds["ge"] = 0.0
    elif least is not None or above is not None:
        bounds["gt"] = float(max(bound for bound in (least, above) if bound is not None))
    if most is not None or below is not None:
        bounds["lt"] = float(min(bound for bound in (most, below) if bound is not None))
    return _either([_integer(schema), Annotated[float, msgspec.Meta(**bounds)]])  # type: ignore[call-overload]


def _bounds(schema: dict[str, Any]) -> list[int | None]:
    return [_whole(schema.get(name)) for name in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")]


def _whole(bound: Any) -> int | None:
    """A bound as an integer. Draft 4 has booleans here."""
    if bound is None:
        return None
    if isinstance(bound, LosslessFloat) and len(str(bound)) <= _EXACT_DIGITS and float(bound).is_integer():
        bound = int(float(bound))
    if type(bound) is not int or abs(bound) >= _LARGEST:
        raise _NotPlainError
    return bound
