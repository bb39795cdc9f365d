"""One thing that was looked at, and what came of it."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from doorward.configtypes import InvalidConfiguration

State = Literal["ok", "warn", "fail"]


class Line(msgspec.Struct, frozen=True):
    """``about``: which part. ``what``: how it is; never a secret. ``remedy``: what to do, where something is to do.

    ``warn``: it works, and an operator should know; ``fail``: calls are refused, or something is lost.
    """

    state: State
    about: str
    what: str
    remedy: str = ""


def ok(about: str, what: str) -> Line:
    return Line("ok", about, what)


def warn(about: str, what: str, remedy: str) -> Line:
    return Line("warn", about, what, remedy)


def fail(about: str, what: str, remedy: str) -> Line:
    return Line("fail", about, what, remedy)


def problems(about: str, invalid: InvalidConfiguration) -> list[Line]:
    """What other parts say is wrong, as lines."""
    return [fail(about, problem.message, problem.remedy) for problem in invalid.problems]


def span(seconds: float) -> str:
    """A time in words short enough for a line."""
    for size, unit in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if abs(seconds) >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def size(number: float) -> str:
    """Bytes in words."""
    for exponent, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if number >= 1 << exponent:
            return f"{number / (1 << exponent):.1f} {unit}"
    return f"{number:.0f} B"


def worst(lines: Iterable[Line]) -> State:
    """The worst state of all."""
    states = {line.state for line in lines}
    return "fail" if "fail" in states else "warn" if "warn" in states else "ok"
