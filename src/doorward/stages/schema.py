"""JSON Schema text -> something that values can be held against, within bounds, and without asking anybody."""

import re
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from doorward.core.decode import UndecodableError, decode
from doorward.core.message import LosslessFloat
from doorward.stages.schema_cost import CostlyError, Costs, comparisons, costs, objects
from doorward.stages.schema_quick import Quick, quick

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError, Validator

MAX_SCHEMA_BYTES = 256 << 10
MAX_SCHEMA_DEPTH = 64
MAX_PATTERNS = 64  # in one schema; each may take _PATTERN_BYTES of memory
_PATTERN_BYTES = 1 << 20
_DFA_BYTES = 1 << 20

_COUNTED_DEPTH = 64  # of values; limits.depth
_MAX_COST = 1 << 16  # subschemas on one path down
_CHEAP = 64  # up to here the work is in proportion to the message, and the message is bounded
_MAX_WORK = 1_000_000  # subschemas over all values: some 50 ms
_MAX_COMPARED = 40_000_000  # members of ``enum`` over all values, in the same measure: 2 s at the very worst
_MAX_DIGITS = 8192  # of numbers beyond 64 bit, where all are compared with all: some 50 ms
_MAX_SQUARES = 200_000_000  # of their digits, where each is looked at alone: some 50 ms
_MAX_EXPLAINED = 2_000  # above, ``anyOf`` is not asked why it failed: it would tell of every branch, at 30 us each
_MOST_MISFITS = 1000
_MOST_MISSES = 16  # results in a row without a quick yes; what is asked in vain is then not asked again
_MAX_EXPONENT = 4300  # as many digits as the reader lets a number have
_EXACT_DIGITS = 15
_LONGEST_REPR = 25  # characters of a float as programs write it
_LONGEST_EXPONENT = 6  # characters; leading zeros are nobody's need

_DIALECTS = re.compile(r"https?://json-schema\.org/(draft/2020-12/schema|draft/2019-09/schema|draft-0[467]/schema)#?\Z")


class Unusable(msgspec.Struct, frozen=True):
    """A schema that nothing can be judged by, and why. Its text is a server's, and is not repeated."""

    reason: str


class Schema:
    """A compiled schema. ``names`` are the properties that it lists anywhere."""

    __slots__ = (
        "_misses",
        "_quick",
        "_raw",
        "_strict",
        "_validator",
        "calculates",
        "compared",
        "costs",
        "has_branches",
        "is_unique",
        "names",
    )

    def __init__(
        self, validator: "Validator", costs: Costs, compared: int, value: Any, raw: bytes, has_branches: bool
    ) -> None:
        self._validator = validator
        self._strict: Validator | None = None  # made when something is redacted
        self._quick: Quick | Literal[False] | None = None  # made for the first result; False: there is none
        self._misses = 0
        self._raw = raw
        self.costs = costs
        self.compared = compared
        self.names = _listed(value)
        keywords = _keywords(value)
        self.is_unique = "uniqueItems" in keywords
        self.calculates = self.is_unique or bool(compared) or "multipleOf" in keywords
        self.has_branches = has_branches

    def surely_fits(self, answer: bytes) -> bool:
        """Whether ``failure`` would have nothing to say of the ``structuredContent`` of this response; quick. False
        says nothing.
        """
        if self._quick is None:
            is_cheap = self.costs.converged and max(self.costs.levels) <= _CHEAP  # ``failure`` would not stop for it
            self._quick = (quick(decode(self._raw, MAX_SCHEMA_DEPTH)) if is_cheap else None) or False
        if self._quick is False:
            return False
        if self._quick.says_yes(answer):
            self._misses = 0
            return True
        self._misses += 1
        if self._misses == _MOST_MISSES:
            self._quick = False
        return False

    def failure(self, value: Any) -> tuple[str, str] | None:
        """None if ``value`` is valid; else the JSON pointer and the keyword that say where it is not."""
        plain, work, too_much = self._bounded(value)
        if too_much:
            return "", too_much
        if self._validator.is_valid(plain):
            return None
        if self.has_branches and work > _MAX_EXPLAINED:
            return "", "schema"
        return self._where(plain)

    def _bounded(self, value: Any) -> tuple[Any, int, str]:
        """``value`` as the validator wants it, the work that it is, and what there is too much of, if anything."""
        depth, count, has_floats, digits = _measure(value, self.calculates)
        cost = self.costs.at(depth)
        if cost is None or (cost > _CHEAP and cost * count > _MAX_WORK):
            return value, 0, "depth"
        if self.compared * count > _MAX_COMPARED:
            return value, 0, "enum"
        try:
            plain = _plain(value, digits) if has_floats else value
        except OverflowError:
            return value, 0, "number"
        if digits:
            if self.is_unique and sum(digits) > _MAX_DIGITS:
                return value, 0, "number"
            if sum(each * each for each in digits) * (cost + self.compared) > _MAX_SQUARES:
                return value, 0, "number"
        return plain, cost * count, ""

    def misfits(self, value: Any) -> list[tuple[list[str | int], str]]:
        """Every place (at most ``_MOST_MISFITS``) where ``value`` is not valid, with formats asserted, and the keyword.

        For what has been redacted: a server's own result is not held to formats, ours is.
        """
        plain, work, too_much = self._bounded(value)
        if too_much:
            return [([], too_much)]
        if self._strict is None:
            self._strict = _validator(self._raw, formats=True)
        if self._strict.is_valid(plain):
            return []
        if self.has_branches and work > _MAX_EXPLAINED:
            return [([], "schema")]
        return [(list(e.instance_path), e.kind.name) for e in islice(self._strict.iter_errors(plain), _MOST_MISFITS)]

    def _where(self, plain: Any) -> tuple[str, str]:
        problem = next(self._validator.iter_errors(plain), None)
        if problem is None:
            return "", "schema"
        path = list(problem.instance_path)
        keyword = problem.kind.name
        if keyword == "required":
            path.append(getattr(problem.kind, "property", "*"))
        elif keyword == "falseSchema":
            keyword = _refusing(problem)
        return _pointer(path, self.names), keyword


def compile_schema(raw: bytes) -> Schema | Unusable:
    """The JSON Schema in ``raw``: draft 2020-12, or the one that its ``$schema`` states; nothing is ever fetched.

    ``format`` is an annotation, as 2020-12 has it. Patterns run in linear time; one that cannot makes the schema
    unusable, and so does a reference to another document. Bounds: ``MAX_SCHEMA_BYTES``, ``MAX_SCHEMA_DEPTH``,
    ``MAX_PATTERNS``.
    """
    if len(raw) > MAX_SCHEMA_BYTES:
        return Unusable(f"it is larger than {MAX_SCHEMA_BYTES} bytes")
    try:
        value = decode(raw, MAX_SCHEMA_DEPTH)
        _plain(value, [])
    except UndecodableError:
        return Unusable("it has no single reading, or is nested too deep")
    except OverflowError:
        return Unusable("it holds a number that is out of range")
    dialect = value.get("$schema") if isinstance(value, dict) else None
    if dialect is not None and not (isinstance(dialect, str) and _DIALECTS.match(dialect)):
        return Unusable("it is written in a dialect that is not known")
    if b'"pattern' in raw and _patterns(value) > MAX_PATTERNS:
        return Unusable(f"it has more than {MAX_PATTERNS} patterns")
    try:
        levels = costs(value, _COUNTED_DEPTH, _MAX_COST)
        compared = comparisons(value, _COUNTED_DEPTH) if b'"enum"' in raw or b"\\u" in raw else 0
    except CostlyError as problem:
        return Unusable(f"it cannot be run within bounds: {problem}")
    return _compiled(raw, value, levels, compared)


def _compiled(raw: bytes, value: Any, levels: Costs, compared: int) -> Schema | Unusable:
    import jsonschema_rs  # not on the way of `doorward run`, which validates nothing

    try:
        validator = _validator(raw, formats=False)
    except (ValueError, jsonschema_rs.ReferencingError):
        return Unusable("it is no valid schema, refers to another document, or has a pattern without linear time")
    return Schema(validator, levels, compared, value, raw, has_branches=b'Of"' in raw)


def _validator(raw: bytes, *, formats: bool) -> "Validator":
    import jsonschema_rs

    return jsonschema_rs.validator_for(
        raw.decode(),
        validate_formats=formats,
        offline=True,
        pattern_options=jsonschema_rs.RegexOptions(size_limit=_PATTERN_BYTES, dfa_size_limit=_DFA_BYTES),
    )


def _refusing(problem: "ValidationError") -> str:
    """Which keyword held the schema ``false``; a property's name in its place is not repeated."""
    last = problem.schema_path[-1] if problem.schema_path else ""
    return str(last) if last in _FALSE_HOLDERS else "false"


_FALSE_HOLDERS = frozenset({"additionalProperties", "unevaluatedProperties", "items", "unevaluatedItems", "contains"})
_MAX_POINTER = 200


def _pointer(path: list[str | int], names: frozenset[str]) -> str:
    """An RFC 6901 pointer with ``*`` for indices and for names that the schema does not list: those are payload."""
    steps = [step.replace("~", "~0").replace("/", "~1") if step in names else "*" for step in map(_text, path)]
    return "".join(f"/{step}" for step in steps)[:_MAX_POINTER]


def _text(step: str | int) -> str:
    return step if isinstance(step, str) else "*"


def _listed(schema: Any) -> frozenset[str]:
    """The names under any ``properties`` and in any ``required``."""
    found: set[str] = set()
    for value in objects(schema):
        for keyword in ("properties", "required"):
            held = value.get(keyword)
            if isinstance(held, dict | list):
                found.update(name for name in held if isinstance(name, str))
    return frozenset(found)


def _patterns(schema: Any) -> int:
    count = 0
    for value in objects(schema):
        held = value.get("patternProperties")
        count += isinstance(value.get("pattern"), str) + (len(held) if isinstance(held, dict) else 0)
    return count


_WORD = 1 << 63  # from here on the validator calculates with digits, and takes all such numbers for alike at first


def _keywords(schema: Any) -> frozenset[str]:
    """Every name in a schema, which may be a property's too."""
    return frozenset(name for value in objects(schema) for name in value)


def _measure(value: Any, has_long: bool) -> tuple[int, int, bool, list[int]]:
    """How many containers are nested, how many values there are, whether the reader's floats are among them, and if
    ``has_long`` is asked the digits of each integer beyond 64 bit.
    """
    depth = count = 0
    level = [value]
    kinds: set[type] = set()
    digits: list[int] = []
    while level:
        depth += 1
        count += len(level)
        here = set(map(type, level))
        kinds |= here
        if has_long and int in here:
            digits += [n.bit_length() * 3 // 10 for n in level if type(n) is int and not -_WORD <= n < _WORD]
        level = _children(level) if not here.isdisjoint(_CONTAINERS) else []
    return depth - 1, count, LosslessFloat in kinds, digits


def _children(level: list[Any]) -> list[Any]:
    below: list[Any] = []
    for child in level:
        if type(child) is dict:
            below += child.values()
        elif type(child) is list:
            below += child
    return below


_CONTAINERS = frozenset({dict, list})
_CHANGING = frozenset({dict, list, LosslessFloat})


def _plain(value: Any, digits: list[int]) -> Any:
    """``value`` with numbers that the validator knows for the reader's floats, and none of them rounded.

    ``digits`` gets those of each that is calculated with digit by digit; twice, for it costs more than an integer.

    Raises OverflowError for an exponent beyond what arithmetic should be done on.
    """
    if type(value) is dict:
        return {name: _plain(child, digits) if type(child) in _CHANGING else child for name, child in value.items()}
    if type(value) is list:
        return [_plain(child, digits) if type(child) in _CHANGING else child for child in value]
    return _exact(value, digits) if type(value) is LosslessFloat else value


def _exact(number: LosslessFloat, digits: list[int]) -> float | Decimal:
    """A binary float only where it stands for one spelling, which is much cheaper: up to 15 digits it does (IEEE 754),
    and so does the shortest spelling that reads back as it, as programs write floats.
    """
    spelt = str(number)
    exponent = 0
    if "e" in spelt or "E" in spelt:
        written = spelt.lower().partition("e")[2]
        exponent = abs(int(written)) if len(written) <= _LONGEST_EXPONENT else _MAX_EXPONENT + 1
        if exponent > _MAX_EXPONENT:
            raise OverflowError("an exponent that is out of range")
    elif len(spelt) <= _EXACT_DIGITS:
        return float(spelt)
    if len(spelt) <= _LONGEST_REPR:
        short = float(spelt)
        if repr(short) == spelt or (exponent and Decimal(repr(short)) == Decimal(spelt)):
            return short
    digits.append(2 * (len(spelt) + exponent))
    return Decimal(spelt)
