"""What detectors look at: the texts of a message, cut into leaves that know what they are called and what stands beside
them.

A text block may hold JSON, a table or ``name: value`` lines; each value in it is a leaf of its own, and says where it
stands in the text that really is in the message. ``detection/`` makes leaves; detectors only read them.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from doorward.core.finding import Finding, Text


class Record:
    """Leaves that belong to one thing: an object, a row. ``parent``: the thing around it."""

    __slots__ = ("leaves", "parent")

    def __init__(self, parent: "Record | None" = None) -> None:
        self.leaves: list[Leaf] = []
        self.parent = parent


class Column:
    """Leaves at the same place of records that follow each other: the cells under one head, the same member of each
    object of an array.
    """

    __slots__ = ("leaves",)

    def __init__(self) -> None:
        self.leaves: list[Leaf] = []


class Leaf(msgspec.Struct, eq=False):
    """One value, or one name, as a reader of its layer sees it.

    ``string`` is that reading: canonical (``detection/canonical.py``) and decoded. It came from ``text.string``:
    character i began at ``offsets[skip + i]`` there, and ended at or before the next of these; without ``offsets`` at
    ``start + i``. With ``token`` the whole of it stands for one encoded token, which can only be replaced whole.

    ``names`` are the names around it, the nearest first: of members, table heads, labels; indices are left out.
    ``layers`` are the encodings that were undone, the outermost first. ``number``: it is a number of JSON, here or
    inside. ``name``: it is a member name, here or inside (``names`` then begins with the names around that member).
    ``quiet``: by itself it holds nothing that a recognizer would find (``detection/quiet.py``).
    """

    text: Text
    string: str
    names: tuple[str, ...] = ()
    start: int = 0
    offsets: Sequence[int] | None = None
    token: tuple[int, int] | None = None
    record: Record | None = None
    column: Column | None = None
    layers: tuple[str, ...] = ()
    number: bool = False
    name: bool = False
    skip: int = 0  # so that the pieces of a text share its offsets
    quiet: bool = False

    def locate(self, start: int, end: int) -> tuple[int, int]:
        """Where ``string[start:end]`` stands in ``text.string``."""
        if self.token is not None:
            return self.token
        if self.offsets is not None:
            return self.offsets[self.skip + start], self.offsets[self.skip + end]
        return self.start + start, self.start + end

    def finding(self, start: int, end: int, entity: str, score: float, detector: str, rule: str = "") -> Finding:
        """``string[start:end]``, recognised."""
        value = self.string[start:end]
        if self.token is None and self.offsets is None:  # as nearly all
            begin = self.start
            return Finding(
                self.text, begin + start, begin + end, entity, score, detector, value, rule, self.number, self.name
            )
        begin, behind = self.locate(start, end)
        return Finding(self.text, begin, behind, entity, score, detector, value, rule, self.number, self.name)


def release(leaves: Iterable[Leaf]) -> None:
    """Take leaves apart when nobody looks at them any more: they hold each other, and the garbage collector would have
    to find them. So do those that were cut up and that only records still know.
    """
    last: Record | None = None
    for leaf in leaves:
        column, record = leaf.column, leaf.record
        if column is not None and column.leaves:
            column.leaves = []
        if record is last:  # as of most that follow each other
            continue
        last = record
        while record is not None:
            if record.leaves:
                for other in record.leaves:
                    column = other.column
                    if column is not None and column.leaves:
                        column.leaves = []
                record.leaves = []
            record.parent, record = None, record.parent


def _never() -> None:
    """Looks at no clock."""


class Document:
    """One message for detectors: its leaves in the order in which they stand.

    ``direction`` is "arguments" (client to server) or "results". ``check`` is to be called every few hundred
    microseconds of work; it raises ``DetectorFault`` when there is no time left. ``shut``: texts among the leaves that
    were not looked into (``detection/quiet.py``); only where all detectors know of them.
    """

    __slots__ = ("check", "direction", "leaves", "shut")

    def __init__(
        self,
        leaves: Sequence[Leaf],
        direction: str = "results",
        check: Callable[[], None] = _never,
        shut: Sequence[Leaf] = (),
    ) -> None:
        self.leaves = leaves
        self.direction = direction
        self.check = check
        self.shut = shut
