"""Facts: named tests on the arguments of a call, for what Cedar cannot say itself (docs/policies.md, "Facts").

Pure: the tests come compiled (``control/policies/facts.py``). A fact is true if its test is true for at least one
scalar value at, or below, its pointer. Where a test has to read a value that two readers read differently, the call is
refused rather than the fact guessed.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

import msgspec

from doorward.core.decision import Reason
from doorward.core.message import LosslessFloat
from doorward.core.methods import fold

_EXACT = 2**53 - 1
_DIGITS = 17
_SMALLEST = -307
_DECODINGS = 8
_ESCAPES = 10_000
_PERCENT = re.compile("%[0-9A-Fa-f]{2}")
_PERCENT_BYTES = re.compile(b"%([0-9A-Fa-f]{2})")  # RFC 3986 §2.1
_FILE_URI = re.compile(r"\Afile:(?://(?:localhost(?=/))?)?(?=/)", re.IGNORECASE)


class Pattern(Protocol):
    """A compiled expression, linear in the text (RE2)."""

    def search(self, text: str, /) -> object: ...


class UnreadableFact(ValueError):
    """A value that a test must read has no single reading; ``reason`` says which law."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class Fact(msgspec.Struct, frozen=True):
    """One named test; exactly one of the last five is set. ``negated``: true where the test is false of a value."""

    name: str
    pointer: tuple[str, ...]
    negated: bool = False
    matches: Pattern | None = None
    equals: tuple[str | int | bool | Decimal | None] | None = None
    less_than: Decimal | None = None
    longer_than: int | None = None
    under_path: str | None = None


def true_facts(facts: Mapping[str, Fact], wanted: Iterable[str | None], arguments: Any) -> tuple[str, ...]:
    """The names in ``wanted`` (None: all) that are true of ``arguments``, sorted. Raises ``UnreadableFact``."""
    names = set(wanted)
    chosen = facts.values() if None in names else [facts[name] for name in names if name is not None]
    return tuple(sorted(fact.name for fact in chosen if _holds(fact, arguments)))


def _holds(fact: Fact, arguments: Any) -> bool:
    # All are tested before any counts, so that a value that cannot be read is met whatever comes before it.
    found = [_test(fact, leaf) != fact.negated for leaf in _leaves(arguments, fact.pointer)]
    return any(found)


def _leaves(value: Any, pointer: tuple[str, ...]) -> Iterator[Any]:
    found = [value]
    for step in pointer:
        found = [child for container in found for child in _children(container, step)]
    while found:
        current = found.pop()
        if isinstance(current, dict):
            found += current.values()
        elif isinstance(current, list):
            found += current
        else:
            yield current


def _children(container: Any, step: str) -> Iterable[Any]:
    if isinstance(container, dict):
        if step == "*":
            return container.values()
        if any(len(name) == len(step) and name != step and fold(name) == fold(step) for name in container):
            # Some servers read names without regard to case, and which of two they take is theirs to choose.
            raise UnreadableFact(Reason.POLICY_UNREADABLE_ARGUMENT)
        return [container[step]] if step in container else []
    if isinstance(container, list):
        if step == "*":
            return container
        # RFC 6901 §4: digits without a leading zero
        if step.isascii() and step.isdigit() and str(int(step[:9])) == step and int(step) < len(container):
            return [container[int(step)]]
    elif container is not None:
        # A text or number stands where the pointer leads on: one address where a list of them was thought of. To the
        # server it is an argument all the same, so it is not absent.
        raise UnreadableFact(Reason.POLICY_UNREADABLE_ARGUMENT)
    return []


def _test(fact: Fact, leaf: Any) -> bool:
    if fact.matches is not None:
        return isinstance(leaf, str) and fact.matches.search(leaf) is not None
    if fact.longer_than is not None:
        return isinstance(leaf, str) and len(leaf) > fact.longer_than
    if fact.under_path is not None:
        return isinstance(leaf, str) and _is_under(resolved(leaf), fact.under_path)
    if fact.less_than is not None:
        number = exact_number(leaf)
        return number is not None and number < fact.less_than
    assert fact.equals is not None
    return _equals(leaf, fact.equals[0])


def _equals(leaf: Any, wanted: str | int | bool | Decimal | None) -> bool:
    if isinstance(wanted, bool) or wanted is None or isinstance(wanted, str):
        return type(leaf) is type(wanted) and bool(leaf == wanted)
    number = exact_number(leaf)
    return number is not None and number == Decimal(wanted)


def exact_number(leaf: Any) -> Decimal | None:
    """A number as it is spelt; None for what is none. Raises ``UnreadableFact`` where parsers differ about it.

    That is an integer beyond 2^53-1, more than 17 significant digits (docs/architecture.md, "One reading"), or an
    exponent that binary floats do not have.
    """
    if isinstance(leaf, bool) or not isinstance(leaf, int | float | LosslessFloat):
        return None
    try:
        number = Decimal(leaf) if isinstance(leaf, int) else Decimal(str(leaf))
    except InvalidOperation:  # an exponent beyond all reason
        raise UnreadableFact(Reason.MESSAGE_AMBIGUOUS_NUMBER) from None
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    tiny = number != 0 and number.adjusted() < _SMALLEST  # zero, to a reader of binary floats
    if tiny or len(digits) > _DIGITS or (number == number.to_integral_value() and abs(number) > _EXACT):
        raise UnreadableFact(Reason.MESSAGE_AMBIGUOUS_NUMBER)
    return number


def resolved(text: str) -> str | None:
    """A path as a server may come to see it: percent-decoded to the end, backslashes as slashes, dots resolved.

    None: it leads out of where it begins. ``file:`` URIs count as their path. Raises ``UnreadableFact`` where no end of
    decoding is in sight, or a NUL cuts the path for some readers.
    """
    path = _decoded(_FILE_URI.sub("", text, count=1))
    if "\0" in path:
        raise UnreadableFact(Reason.POLICY_UNREADABLE_ARGUMENT)
    path = _FILE_URI.sub("", path, count=1).replace("\\", "/")
    steps: list[str] = []
    for step in path.split("/"):
        if step == "..":
            if not steps and not path.startswith("/"):
                return None
            if steps:
                steps.pop()
        elif step not in ("", "."):
            steps.append(step)
    return ("/" if path.startswith("/") else "") + "/".join(steps)


def _decoded(text: str) -> str:
    for _ in range(_DECODINGS):
        if not _PERCENT.search(text):
            return text
        if text.count("%") > _ESCAPES:
            break  # no path; and decoding it takes its time
        raw = text.encode(errors="surrogatepass")
        text = _PERCENT_BYTES.sub(lambda found: bytes.fromhex(found[1].decode()), raw).decode(errors="replace")
    raise UnreadableFact(Reason.POLICY_UNREADABLE_ARGUMENT)


def _is_under(path: str | None, root: str) -> bool:
    if path is None:
        return False
    return path == root or path.startswith(root if root.endswith("/") else root + "/") or root == ""
