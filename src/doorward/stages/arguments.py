"""What policies read of a call's arguments, copied value by value against its declared type.

Nothing else of the caller's JSON reaches Cedar, whose reader gives some members a meaning of its own.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from doorward.core.decision import Reason
from doorward.core.methods import fold
from doorward.core.rules import Path, Shape
from doorward.stages.cedar_schema import RESERVED

MAX_ELEMENTS = 10_000
"""Different elements of an array that a policy reads: handing one to Cedar takes 3.5 microseconds."""

_LONG = 2**63
_EXACT = 2**53 - 1


class UnreadableArgument(ValueError):
    """An argument that a policy reads is there and cannot be what its schema says; ``reason`` says why."""

    def __init__(self, reason: Reason = Reason.POLICY_UNREADABLE_ARGUMENT) -> None:
        super().__init__(reason)
        self.reason = reason


class Wanted(msgspec.Struct):
    """Which members of a record are read. ``whole``: all, and what they hold."""

    whole: bool = False
    members: dict[str, "Wanted"] = {}


_WHOLE = Wanted(whole=True)


def wanted(paths: Iterable[tuple[Path, bool]]) -> Wanted:
    """The read paths of a slice as a tree."""
    top = Wanted()
    for path, whole in paths:
        at = top
        for step in path:
            at = at.members.setdefault(step, Wanted())
        at.whole = at.whole or whole
    return top


def copied(arguments: Any, shape: Shape, want: Wanted) -> dict[str, Any]:
    """The members of ``arguments`` that are read, in their declared types. Raises ``UnreadableArgument``.

    A member that is read and there, but that the schema does not declare in a type of Cedar's, is unreadable too: to a
    policy it would look absent. So would one that differs from it in case alone, which some servers take for it.
    """
    if type(arguments) is not dict or not RESERVED.isdisjoint(arguments):
        raise UnreadableArgument
    names = arguments.keys() if want.whole else want.members.keys() & arguments.keys()
    if len(names) < len(arguments) and _has_variant(arguments.keys() - names, shape, want):
        raise UnreadableArgument
    made: dict[str, Any] = {}
    for name in names:
        member = shape.members.get(name)
        if member is None:
            raise UnreadableArgument
        made[name] = _value(arguments[name], member, _WHOLE if want.whole else want.members[name])
    return made


def _has_variant(others: Iterable[str], shape: Shape, want: Wanted) -> bool:
    """Whether one of ``others``, undeclared, is what a reader without regard to case would take for a read one."""
    read = {fold(name) for name in want.members}
    return any(fold(name) in read and name not in shape.members for name in others)


def _value(value: Any, shape: Shape, want: Wanted) -> Any:
    if shape.kind == "Record":
        return copied(value, shape, want)
    if shape.kind == "Set":
        if type(value) is not list:
            raise UnreadableArgument
        elements = list(dict.fromkeys([_scalar(element, shape.item) for element in value]))
        if len(elements) > MAX_ELEMENTS:
            raise UnreadableArgument
        return elements
    return _scalar(value, shape.kind)


def _scalar(value: Any, kind: str) -> Any:
    if kind == "String" and type(value) is str:
        return value
    if kind == "Boolean" and type(value) is bool:
        return value
    if kind != "Long" or type(value) is not int:
        raise UnreadableArgument
    if not -_EXACT <= value <= _EXACT:
        # Cedar can hold it up to 64 bit, but servers differ on it from 2^53 on (docs/architecture.md, "One reading").
        fits = -_LONG <= value < _LONG
        raise UnreadableArgument(Reason.MESSAGE_AMBIGUOUS_NUMBER if fits else Reason.POLICY_UNREADABLE_ARGUMENT)
    return value
