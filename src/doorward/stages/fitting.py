"""A redacted result that still fits its tool's ``outputSchema``, formats included; or ValueError, and it is blocked.

What the configuration puts in place of a value is tried first. Where the schema refuses it, that value gets a surrogate
of its own shape, everywhere in the message; the schema says whether that fits, and the next form is tried.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from doorward.core.finding import Finding
from doorward.stages.redact import replaced, rewritten
from doorward.stages.replacing import Replacements

_ROUNDS = 8  # each lets every value that is refused take its next form, of which there are four


class Problem(NamedTuple):
    """A place that does not fit: its RFC 6901 pointer from the top of the message, and the keyword that refuses it."""

    pointer: str
    keyword: str


Problems = Callable[[bytes], Sequence[Problem]]
"""Where a message does not fit the schema of what it holds; every place, or at least the first few hundred."""


def fit(raw: bytes, findings: Sequence[Finding], styles: Mapping[str, str], key: bytes, problems: Problems) -> bytes:
    """``redact``, and ``problems`` has nothing to say of the outcome that it did not already say of ``raw``.

    Raises ValueError where no replacement fits: a value that the schema lists (``enum``, ``const``) has none.
    """
    table = Replacements(findings, styles, key, raw)
    before: frozenset[Problem] | None = None
    for _ in range(_ROUNDS):
        out = replaced(raw, findings, table)
        found = problems(out)
        if not found:
            return out
        if before is None:
            before = frozenset(problems(raw))
        places = _Places(findings, table)
        new = [problem for problem in found if places.before(problem) not in before]
        if not new:
            return out
        if not table.harder(finding for problem in new for finding in places.concerned(problem)):
            break
    raise ValueError("no replacement fits the schema")


# Keywords that speak of an object because of the names in it.
_OF_NAMES = frozenset({"additionalProperties", "propertyNames", "unevaluatedProperties", "required", "falseSchema"})


class _Places:
    """Where findings stand once names among them are replaced."""

    __slots__ = ("_after", "_before", "_below", "_here")

    def __init__(self, findings: Sequence[Finding], table: Replacements) -> None:
        self._after = _renamed(findings, table)
        self._before = {_walk(old, self._after): old.rpartition("/")[2] for old in self._after}
        self._here: dict[str, list[Finding]] = {}
        self._below: dict[str, list[Finding]] = {}
        for finding in findings:
            place = _walk(finding.text.pointer, self._after)
            self._here.setdefault(place, []).append(finding)
            if finding.text.key:
                self._below.setdefault(place.rpartition("/")[0], []).append(finding)

    def concerned(self, problem: Problem) -> Iterable[Finding]:
        """The findings that it is about: the value or the name itself, the names in the object, else all below."""
        here = self._here.get(problem.pointer)
        if here is None and problem.keyword in _OF_NAMES:
            here = self._below.get(problem.pointer)
        if here is not None:
            return here
        below = problem.pointer + "/"
        return [one for place, found in self._here.items() if place.startswith(below) for one in found]

    def before(self, problem: Problem) -> Problem:
        """The same of the message as it came, where the place may have another name."""
        return Problem(_walk(problem.pointer, self._before), problem.keyword)


def _renamed(findings: Sequence[Finding], table: Replacements) -> dict[str, str]:
    """Pointer of a member that is renamed -> its new name, as a step of a pointer."""
    by_name: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.text.key:
            by_name.setdefault(finding.text.pointer, []).append(finding)
    return {pointer: _step(rewritten(found[0].text, found, table)) for pointer, found in by_name.items()}


def _step(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _walk(pointer: str, steps: Mapping[str, str]) -> str:
    """The pointer with those of its steps exchanged that ``steps`` has, each under the pointer that ends with it."""
    if not steps:
        return pointer
    made: list[str] = []
    at = 0
    while at < len(pointer):
        end = pointer.find("/", at + 1)
        end = len(pointer) if end < 0 else end
        made += ("/", steps.get(pointer[:end], pointer[at + 1 : end]))
        at = end
    return "".join(made)
