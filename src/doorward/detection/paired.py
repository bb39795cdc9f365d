"""Arrays of pairs: ``[["name", "Ann Lee"], ["phone", "+44 20 7946 0018"]]``, or one such array for each record.

Each row begins with the name of its value; the rows of one array are one record.
"""

from collections.abc import Callable, Iterable, Sequence

from doorward.core.leaf import Column, Leaf, Record
from doorward.detection import upright
from doorward.detection.shape import Shape

_Pair = tuple[Shape, Leaf, Leaf]


def named(tables: Iterable[Shape], are_heads: Callable[[Sequence[str]], bool]) -> list[Shape]:
    """Give values the names beside them, where the rows of arrays are pairs; the places of all other arrays."""
    found: list[tuple[Shape, list[_Pair]]] = []
    left: list[Shape] = []
    rows: dict[int, int] = {}  # by the record: how many rows are in it
    for table in tables:
        pairs = _pairs(table)
        if pairs:
            found.append((table, pairs))
            for _, label, _ in pairs:
                rows[id(label.record)] = rows.get(id(label.record), 0) + 1
        else:
            left.append(table)
    groups: dict[tuple[int, tuple[str, ...]], list[_Pair]] = {}
    for table, pairs in found:
        for pair in pairs:
            record = pair[1].record
            assert record is not None
            shared = rows[id(record)] > 1
            around = record if shared else record.parent
            groups.setdefault((id(around), table.names), []).append(pair)
    columns: dict[tuple[tuple[str, ...], str], Column] = {}
    taken: set[int] = set()
    moved: set[int] = set()
    for group in groups.values():
        if upright.is_upright([(label.string, value.string) for _, label, value in group], are_heads):
            taken.update([id(table) for table, _, _ in group])
            _name(group, columns, moved)
    for table, pairs in found:
        if id(table) in taken:
            assert table.inner is not None
            table.inner[1].column.leaves[:] = [value for _, _, value in pairs if id(value) not in moved]
        else:
            left.append(table)
    return left


def _pairs(table: Shape) -> list[_Pair]:
    """The labels and values of rows of two."""
    cells = table.inner or {}
    if cells.keys() != {0, 1}:
        return []
    labels = {id(leaf.record): leaf for leaf in cells[0].column.leaves if leaf.record is not None}
    if len(labels) < len(cells[0].column.leaves) or any(leaf.number for leaf in labels.values()):
        return []
    values = [(labels.get(id(leaf.record)), leaf) for leaf in cells[1].column.leaves]
    return [(table, label, leaf) for label, leaf in values if label is not None]


def _name(group: Sequence[_Pair], columns: dict[tuple[tuple[str, ...], str], Column], moved: set[int]) -> None:
    first = group[0][1].record
    assert first is not None
    apart = any(label.record is not first for _, label, _ in group)
    record = Record(first.parent) if apart else first
    for table, label, value in group:
        if apart:
            assert value.record is not None
            value.record.leaves = []
            label.record = value.record = record
            record.leaves += (label, value)
        if value.string[:1].islower() and value.string.isascii():
            continue  # another name, as in a list of them
        place = (table.names, label.string)
        column = columns.get(place)
        if column is None:
            column = columns[place] = Column()
        moved.add(id(value))
        value.names = (label.string, *value.names[:11])
        value.column = column
        column.leaves.append(value)
