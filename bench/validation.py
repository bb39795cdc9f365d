"""What checking a call against its tool's schema costs, in microseconds: `python bench/validation.py`.

Small arguments, and structured results of 1, 10 and 100 KB, as the strict reader decoded them; each with whole numbers
only and with floats, which are made numbers of the validator first. `fits` is the whole of what a call pays, `asked`
the same where there is no quick yes and the validator is asked, `refused` for a value with one mistake in its last row,
`compile` is `compile_schema`, which a tool pays once. Medians over rounds taken in turns. To reach: 10 us for
arguments; for a result what the strict reader takes for it (`reader.py`), with floats three times that.
"""

import json
import statistics
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

from doorward.core.decision import ALLOW, Decision
from doorward.core.decode import decode
from doorward.stages.schema import Schema, compile_schema
from doorward.stages.validate import validate_arguments, validate_result

ROUNDS = 25
SECONDS_PER_ROUND = 0.01

ARGUMENTS = {
    "type": "object",
    "properties": {
        "query": {"type": "string", "minLength": 1, "maxLength": 500},
        "limit": {"type": "integer", "minimum": 1, "maximum": 100},
        "sort": {"enum": ["name", "date"]},
        "tags": {"type": "array", "items": {"type": "string", "pattern": "^[a-z]+$"}},
    },
    "required": ["query"],
    "additionalProperties": False,
}
ROW = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "name": {"type": "string"},
        "email": {"type": ["string", "null"]},
        "total": {"type": "number", "minimum": 0},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["id", "name"],
}
ROWS = {"type": "object", "properties": {"rows": {"type": "array", "items": {"$ref": "#/$defs/row"}}}}
RESULT = ROWS | {"$defs": {"row": ROW}}


def rows(size: int, total: float) -> dict[str, Any]:
    """About ``size`` bytes of rows."""
    one = {"id": 1, "name": "Customer", "email": "c@example.com", "total": total, "tags": ["new", "vip"]}
    return {"rows": [one] * max(1, size // len(json.dumps(one)))}


def spoilt(value: dict[str, Any]) -> dict[str, Any]:
    """The same with a mistake in the last row."""
    return {"rows": [*value["rows"][:-1], value["rows"][-1] | {"id": "one"}]}


def cases() -> dict[str, tuple[Any, Any, Any]]:
    """Name -> schema, a value that fits, one that does not."""
    call = {"query": "orders", "limit": 10, "sort": "date", "tags": ["open"]}
    found: dict[str, tuple[Any, Any, Any]] = {"arguments": (ARGUMENTS, call, call | {"limit": 0})}
    for size in (1_000, 10_000, 100_000):
        for kind, total in (("", 12), (" floats", 12.5)):
            value = rows(size, total)
            found[f"result {size // 1000} KB{kind}"] = (RESULT, value, spoilt(value))
    return found


def compiled(schema: Any) -> Schema:
    """The schema, or an end to the run."""
    found = compile_schema(json.dumps(schema).encode())
    if not isinstance(found, Schema):
        raise SystemExit(found.reason)
    return found


def calls_of(name: str, schema: Any, good: Any, bad: Any) -> dict[str, Callable[[], object]]:
    """What is timed for one case."""
    check = compiled(schema)
    raw = json.dumps(schema).encode()
    answers = [
        json.dumps({"jsonrpc": "2.0", "id": 7, "result": {"structuredContent": it}}).encode() for it in (good, bad)
    ]
    values = [decode(answer, 64)["result"]["structuredContent"] for answer in answers]
    if name == "arguments":
        fits, refused = (partial(validate_arguments, check, value) for value in values)
        asked = fits
    else:
        fits, refused = (partial(judged, check, *pair) for pair in zip(values, answers, strict=True))
        asked = partial(validate_result, check, values[0])
    if fits().reason or asked().reason or not refused().reason:
        raise SystemExit("a case of the benchmark is wrong")
    return {"fits": fits, "asked": asked, "refused": refused, "compile": lambda: compile_schema(raw)}


def judged(check: Schema, value: Any, answer: bytes) -> Decision:
    """As ``gateway/answers.py`` does it."""
    return ALLOW if check.surely_fits(answer) else validate_result(check, value)


def once(call: Callable[[], object]) -> float:
    """Microseconds a call, over about ``SECONDS_PER_ROUND``."""
    begun, count = perf_counter(), 0
    while perf_counter() - begun < SECONDS_PER_ROUND:
        call()
        count += 1
    return (perf_counter() - begun) / count * 1e6


def main() -> None:
    """Print one line a case."""
    timed = {(name, what): call for name, case in cases().items() for what, call in calls_of(name, *case).items()}
    taken: dict[tuple[str, str], list[float]] = {key: [] for key in timed}
    for _ in range(ROUNDS):
        for key, call in timed.items():
            taken[key].append(once(call))
    print(f"{'us, median':22}{'fits':>10}{'asked':>10}{'refused':>10}{'compile':>10}")
    for name in cases():
        figures = "".join(
            f"{statistics.median(taken[name, what]):10.1f}" for what in ("fits", "asked", "refused", "compile")
        )
        print(f"{name:22}{figures}")


if __name__ == "__main__":
    main()
