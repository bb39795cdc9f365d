"""Tables that stand upright: the names of the fields in the first column, a record in each of the others.

| field | #1      | #2      |        name;Ann Lee;Bob Ray
|-------|---------|---------|        mail;ann@lee.example;bob@ray.example
| name  | Ann Lee | Bob Ray |
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from doorward.core.leaf import Leaf, Record
from doorward.detection.keys import classify
from doorward.detection.keywords import listed
from doorward.detection.shape import LABEL, Draft, Shape, part, role_of

FEW = 16  # rows that say how a table stands
_MARKS = "*_ `:"
# What stands above records that have no name: "#2", "record 2", "value".
_COUNTED = re.compile(
    r"(?:[#№] ?)?[0-9]{0,4}|(?i:row|record|rec|item|entry|r|no|zeile|fila|ligne)[ .#_-]{0,2}[0-9]{1,4}|"
    r"(?i:values?|wert|valor|valore|valeur|waarde|inhalt|contents?|answer|details?|info|data)"
)
# What stands beside names of fields that are only described.
_DESCRIBED = listed(
    """
    type types datatype description desc meaning required nullable null default format length notes note comment
    comments example examples constraints key pk index unit units typ beschreibung tipo descripcion descrizione
    count mandatory optional purpose
    """
)


def is_upright(rows: Sequence[Sequence[str]], are_heads: Callable[[Sequence[str]], bool]) -> bool:
    """Whether the names of fields stand in the first cells of these ``rows``, the first ones of a table."""
    some = [row for row in rows[:FEW] if any(row)]
    if len(some) < 2 or len(some[0]) < 2 or any(len(row) != len(some[0]) for row in some):
        return False
    corner, *above = some[0]
    corner = corner.strip(_MARKS)
    headed = not corner or role_of(corner) == LABEL
    if headed and not _DESCRIBED.isdisjoint(head.strip(_MARKS).lower() for head in above):
        return False
    told = headed and all(_COUNTED.fullmatch(head.strip(_MARKS)) for head in above)
    names = [row[0].strip(_MARKS) for row in (some[1:] if told or not corner else some)]
    if not names or not are_heads(names):
        return False
    spoken = _spoken(names)
    if told:
        return spoken > 0
    if spoken < 2 or not any(classify((name,)).entity for name in names):
        return False
    beside = _spoken(above)
    return 2 * spoken >= len(names) and beside * len(names) < spoken * len(above)


def _spoken(names: Sequence[str]) -> int:
    """How many names say what their values are, or that they are none of ours."""
    return sum(map(_speaks, names))


def says(name: str) -> bool:
    """Whether ``name`` can be that of a field."""
    name = name.strip(_MARKS)
    return not name or role_of(name) == LABEL or _speaks(name)


@lru_cache(2048)
def _speaks(name: str) -> bool:
    said = classify((name,))
    return bool(said.entity) or said.negative


def read(draft: Draft, leaf: Leaf, shape: Shape, rows: Iterable[Sequence[tuple[int, int, bool]]]) -> None:
    """The cells of rows that each begin with a name, into ``draft``; each of the other columns is one record."""
    place = shape.item()
    records: list[Record] = []
    for row in rows:
        (begin, end, _), *cells = row
        name = leaf.string[begin:end].strip(_MARKS) if cells else ""
        if name:
            draft.name(part(leaf, begin, end, leaf.names, leaf.record, name=leaf.name), place)
        else:
            cells = list(row)
        inner = place.member(name) if name else place
        while len(records) < len(cells):
            records.append(Record(leaf.record))
        for (begin, end, _), record in zip(cells, records, strict=False):
            if begin < end:
                draft.add(part(leaf, begin, end, inner.names, record, inner.column), inner)
