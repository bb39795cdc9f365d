"""Tables: text with a delimiter, markdown and the frames that databases draw, arrays of arrays.

A table is believed when its lines have the same number of cells; what stands in its first line becomes the names of the
columns when it reads like heads. Prose with commas in it must stay prose: it would lose its context.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, chain, pairwise, repeat

from doorward.core.leaf import Leaf, Record
from doorward.detection.offsets import Offsets
from doorward.detection.shape import KIND, Draft, Shape, part, reread

_STRIDE = 64  # lines between two looks at the clock
_LONGEST_HEAD = 48
_HEAD = re.compile(r"[^\W\d][\w.()/#-]*+(?: [\w.()/#-]++){0,3}+")
_RULE = re.compile(r"[ \t]*+[|+]?[ \t]*+[:=-]{1,}[-+|:= \t]*+")  # |---|:-:|, ----+----, +====+
_MOST_COLUMNS = 256

Cell = tuple[int, int, bool]  # begin, behind, whether it is quoted with doubled quotes inside


def lines_of(text: str) -> list[tuple[int, int]]:
    """Where each line of ``text`` begins and ends, without its line break."""
    return _places(text.split("\n"), text)


def _places(lines: Sequence[str], text: str) -> list[tuple[int, int]]:
    nexts = list(accumulate([len(line) + 1 for line in lines]))
    found = list(zip([0, *nexts], [behind - 1 for behind in nexts], strict=False))
    if "\r" in text:
        return [(begin, end - text.endswith("\r", begin, end)) for begin, end in found]
    return found


def read(leaf: Leaf, shape: Shape, mark: str, check: Callable[[], None]) -> Draft:
    """The cells of ``leaf.string``, a table that ``find`` found with this ``mark``."""
    if mark == _DRAWN:
        return _read_drawn(leaf, shape, check)
    return _read_separated(leaf, shape, mark, check)


_DRAWN = "drawn"


def find(text: str, check: Callable[[], None]) -> list[tuple[int, int, str]]:
    """(where it begins, where it ends, its mark) of each table among the lines of ``text``."""
    marks = [mark for mark in "\t,;|" if mark in text]
    if not marks:
        return []
    split = text.split("\n")
    firsts, rules = _firsts(text, split, marks, check)
    if not firsts:
        return []
    lines = _places(split, text)
    found: list[tuple[int, int, str]] = []
    behind = looked = 0
    for count, first in enumerate(sorted(firsts)):
        if not count % _STRIDE:
            check()
        begin, end = lines[first]
        if first < behind or begin == end:
            continue
        size, mark = 0, _DRAWN
        if first >= looked and (first in rules or first + 1 in rules):
            size, seen = _drawn(text, lines, first)
            looked = first + seen
        if not size:
            size, mark = _separated(text, lines, first)
        if size:
            behind = first + size
            found.append((begin, lines[behind - 1][1], mark))
    return found


def _firsts(
    text: str, lines: Sequence[str], marks: Sequence[str], check: Callable[[], None]
) -> tuple[set[int], set[int]]:
    """(the lines with which a table may begin: the next one has as many of a mark; the lines that are rules)."""
    firsts: set[int] = set()
    rules: set[int] = set()
    last = len(lines) - 1
    quoted: list[int] = []  # a quoted cell may hold marks, and go over lines
    if '"' in text:
        quoted = [index for index, line in enumerate(lines) if '"' in line]
    for mark in marks:
        check()
        counts = list(map(str.count, lines, repeat(mark)))
        firsts.update([index for index, (one, two) in enumerate(pairwise(counts)) if one and one == two])
        for index in quoted:
            if counts[index] and index < last:
                firsts.add(index)
            if index and counts[index - 1]:
                firsts.add(index - 1)
    if "|" in marks:
        check()
        begun = [(index, line) for index, line in enumerate(lines) if line[:1] in _BEGINS_RULE]
        rules.update([index for index, line in begun if _RULE.fullmatch(line.rstrip("\r")) is not None])
        firsts.update([index for index in rules if index < last])
        firsts.update([index - 1 for index in rules if index])
    return firsts, rules


_BEGINS_RULE = tuple(" \t|+:=-")


def _drawn(text: str, lines: Sequence[tuple[int, int]], first: int) -> tuple[int, int]:
    """(how many of the ``lines`` from ``first`` on are a table drawn with bars, how many were looked at)."""
    behind = first
    rules = bars = 0
    while behind < len(lines):
        begin, end = lines[behind]
        if _RULE.fullmatch(text, begin, end) is not None:
            rules += 1
        elif text.find("|", begin, end) >= 0:
            bars += 1
        else:
            break
        behind += 1
    seen = behind - first
    return seen if rules and bars >= 2 else 0, seen


def _read_drawn(leaf: Leaf, shape: Shape, check: Callable[[], None]) -> Draft:
    """The cells of a table drawn with bars."""
    text = leaf.string
    rows: list[list[Cell]] = []
    heads = 0
    for count, (begin, end) in enumerate(lines_of(text)):
        if not count % _STRIDE:
            check()
        if _RULE.fullmatch(text, begin, end) is not None:
            heads = heads or len(rows)
        elif begin < end:
            rows.append(_barred(text, begin, end))
    return _grid(leaf, shape, rows[0] if heads else (), rows[1:] if heads else rows, check)


def _barred(text: str, begin: int, end: int) -> list[Cell]:
    while begin < end and text[begin] in " \t":
        begin += 1
    while begin < end and text[end - 1] in " \t":
        end -= 1
    if begin < end and text[begin] == "|":
        begin += 1
    if begin < end and text[end - 1] == "|" and text[end - 2] != "\\":
        end -= 1
    cells: list[Cell] = []
    position = begin
    while True:
        bar = text.find("|", position, end)
        while bar > 0 and text[bar - 1] == "\\":
            bar = text.find("|", bar + 1, end)
        cells.append((*_trimmed(text, position, end if bar < 0 else bar), False))
        if bar < 0:
            return cells
        position = bar + 1


def _trimmed(text: str, begin: int, end: int) -> tuple[int, int]:
    piece = text[begin:end]
    left = len(piece) - len(piece.lstrip())
    return begin + left, max(begin + left, begin + len(piece.rstrip()))


_CELLS = {
    mark: re.compile(rf'[ ]*+(?:"((?:[^"]++|"")*+)"[ \t]*+(?=[{mark}\r\n]|\Z)|([^{mark}\n]*+))({mark}|\r?\n|\Z)')
    for mark in (",", "\t", ";", r"\|")
}


def _separated(text: str, lines: Sequence[tuple[int, int]], first: int) -> tuple[int, str]:
    """(how many of the ``lines`` from ``first`` on are rows with one delimiter, that delimiter); (0, ""): none."""
    begin, end = lines[first]
    for mark in "\t,;|":
        if text.find(mark, begin, end) >= 0:
            size = _rows(text, lines, first, mark)
            if size:
                return size, mark
    return 0, ""


def _rows(text: str, lines: Sequence[tuple[int, int]], first: int, mark: str) -> int:
    columns, behind = _measured(text, lines, first, mark)
    if not 2 <= columns <= _MOST_COLUMNS or behind >= len(lines):
        return 0
    heads = _cells_of(text, lines[first][0], lines[behind - 1][1], mark)
    spaced = mark in ",;" and text.find(mark + " ", *lines[first]) >= 0  # as in a sentence
    if len(heads) == columns and _is_heads(text, heads):
        enough = 2 + spaced
        if columns == 2 and mark != "\t" and not all(text[begin:end].islower() for begin, end, _ in heads):
            enough += 1
    elif mark == "\t" or (columns > 2 and not spaced):
        enough = 3
    else:
        return 0
    rows = 1
    while behind < len(lines):
        count, after = _measured(text, lines, behind, mark)
        if count != columns:
            break
        rows += 1
        behind = after
    return behind - first if rows >= enough else 0


def _measured(text: str, lines: Sequence[tuple[int, int]], first: int, mark: str) -> tuple[int, int]:
    """(cells in the row that begins with this line, the line behind it): a quoted cell may go over a few lines."""
    begin, end = lines[first]
    quotes = text.count('"', begin, end)
    behind = first + 1
    if not quotes:
        return text.count(mark, begin, end) + 1, behind
    if quotes % 2:
        for further in range(behind, min(behind + _MOST_LINES, len(lines))):
            if text.count('"', *lines[further]) % 2:
                end, behind = lines[further][1], further + 1
                break
    pieces = text[begin:end].split('"')  # outside of quotes and inside, in turns
    outside = pieces[::2] if len(pieces) % 2 else [*pieces[::2], pieces[-1]]
    return sum([piece.count(mark) for piece in outside]) + 1, behind


_MOST_LINES = 16


def _cells_of(text: str, begin: int, end: int, mark: str) -> list[Cell]:
    """The cells of the row ``text[begin:end]``."""
    row = text[begin:end]
    if '"' not in row:
        return _unquoted(row, begin, mark)
    return (_quoted(row, begin, mark) if "\n" not in row else None) or _read_row(text, begin, end, mark)[0]


def _unquoted(row: str, begin: int, mark: str) -> list[Cell]:
    cells: list[Cell] = []
    for cell in row.split(mark):
        behind = begin + len(cell)
        bare = len(cell.strip())
        if bare == len(cell):
            cells.append((begin, behind, False))
        else:
            left = begin + len(cell) - len(cell.lstrip()) if bare else begin
            cells.append((left, left + bare, False))
        begin = behind + 1
    return cells


def _quoted(row: str, begin: int, mark: str) -> list[Cell] | None:
    """The cells of a row that has quotes only around cells; None: of another one."""
    pieces = row.split('"')  # outside of quotes and inside, in turns
    if not len(pieces) % 2:
        return None
    cells: list[Cell] = []
    last = len(pieces) - 1
    for index, piece in enumerate(pieces):
        if index % 2:
            cells.append((begin, begin + len(piece), False))
            begin += len(piece) + 1
            continue
        around = begin + len(piece) + 1
        first, size = 0, len(piece)
        if index and piece[:1] != mark:
            behind = piece.find(mark)
            if (piece if behind < 0 else piece[:behind]).strip(" \t\r"):
                return None
            if behind < 0:
                return cells if index == last else None
            first = behind + 1
        elif index:
            first = 1
        if index < last:
            size = size - 1 if piece[-1:] == mark else piece.rfind(mark)
            if piece[size + 1 :].strip(" "):
                return None
        if first <= size:
            cells += _unquoted(piece[first:size], begin + first, mark)
        begin = around
    return cells


def _read_row(text: str, begin: int, end: int, mark: str) -> tuple[list[Cell], int]:
    """(the cells of the row that begins there, where the next row begins; -1: nowhere)."""
    cells: list[Cell] = []
    expression = _CELLS[r"\|" if mark == "|" else mark]
    position = begin
    while (found := expression.match(text, position, end)) is not None:
        if found[1] is not None:
            cells.append((*found.span(1), '""' in found[1]))
        else:
            cells.append((*_trimmed(text, *found.span(2)), False))
        position = found.end()
        if found[3] != mark:
            return cells, position if found[3] else -1
    return cells, -1


def _is_heads(text: str, cells: Sequence[Cell]) -> bool:
    """Whether these cells read like names of columns; some may be empty."""
    heads = [text[begin:end] for begin, end, _ in cells if begin < end]
    return len(heads) * 2 > len(cells) and _are_heads(heads)


def _are_heads(heads: Sequence[str]) -> bool:
    return len(set(heads)) == len(heads) and all(
        len(head) <= _LONGEST_HEAD and _HEAD.fullmatch(head) is not None for head in heads
    )


def _read_separated(leaf: Leaf, shape: Shape, mark: str, check: Callable[[], None]) -> Draft:
    """The cells of rows with a delimiter."""
    rows = _lines(leaf.string, mark, check)
    first = next(rows)
    if _is_heads(leaf.string, first):
        return _grid(leaf, shape, first, rows, check)
    return _grid(leaf, shape, (), chain((first,), rows), check)


def _lines(text: str, mark: str, check: Callable[[], None]) -> Iterator[list[Cell]]:
    """The rows of ``text`` one by one: a large table has too many cells to hold them all."""
    position = count = 0
    while position >= 0:
        if not count % _STRIDE:
            check()
        count += 1
        end = text.find("\n", position)
        line = text[position:] if end < 0 else text[position:end]
        row = _unquoted(line, position, mark) if '"' not in line else _quoted(line, position, mark)
        if row is None:
            row, position = _read_row(text, position, len(text), mark)
        else:
            position = end + 1 if end >= 0 else -1
        yield row


def _grid(
    leaf: Leaf, shape: Shape, heads: Sequence[Cell], rows: Iterable[Sequence[Cell]], check: Callable[[], None]
) -> Draft:
    text = leaf.string
    draft = Draft()
    place = shape.item()
    columns: list[Shape] = []
    for begin, end, _ in heads:
        name = text[begin:end].strip("*_ `")
        columns.append(place.member(name) if name else place.cell(len(columns)))
        if begin < end:
            draft.name(part(leaf, begin, end, leaf.names, leaf.record, name=leaf.name), place)
    simple = leaf.offsets is None and leaf.token is None and not leaf.name
    add, add_shape = draft.leaves.append, draft.shapes.append
    whole, base, layers = leaf.text, leaf.start, leaf.layers
    for count, row in enumerate(rows):
        if not count % _STRIDE:
            check()
        while len(columns) < len(row):
            columns.append(place.cell(len(columns)))
        record = Record(leaf.record)
        add_to_record = record.leaves.append
        for (begin, end, doubled), column in zip(row, columns, strict=False):
            if begin >= end:
                continue
            if simple and not doubled:
                string = text[begin:end]
                made = Leaf(whole, string, column.names, base + begin, None, None, record, column.column, layers)
                add(made)
                add_shape(column)
                column.collect(made)
                add_to_record(made)
                if column.role > KIND:
                    draft.valued.append(made)
            elif doubled:
                string, offsets = _undoubled(text, begin, end)
                draft.add(reread(leaf, string, offsets, column.names, record, column.column), column)
            else:
                draft.add(part(leaf, begin, end, column.names, record, column.column), column)
    return draft


def _undoubled(text: str, begin: int, end: int) -> tuple[str, Offsets]:
    offsets = Offsets()
    position = begin
    while (at := text.find('""', position, end)) >= 0:
        offsets.run(position, at + 1 - position)
        position = at + 2
    offsets.run(position, end + 1 - position)
    return text[begin:end].replace('""', '"'), offsets


_HEADS = frozenset(
    [
        "columns",
        "cols",
        "headers",
        "header",
        "heads",
        "fields",
        "columnnames",
        "fieldnames",
        "names",
        "keys",
        "schema",
        "spalten",
        "felder",
        "columnas",
        "campos",
        "colonnes",
        "champs",
        "colonne",
        "campi",
        "kolumny",
        "kolommen",
    ]
)
_CALLED = frozenset(("name", "label", "field", "title", "key", "id", "columnname", "displayname", "header"))


def _squeezed(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def headed(draft: Draft) -> None:
    """Give the cells of arrays of arrays the names of their columns: from an array of names beside them, or from their
    first row.
    """
    beside: dict[int, list[str]] = {}
    for leaf in draft.leaves:
        names, record = leaf.names, leaf.record
        if not names or record is None or leaf.name or leaf.number or len(leaf.string) > 64:
            continue
        if _squeezed(names[0]) in _HEADS:
            beside.setdefault(id(record), []).append(leaf.string)
        elif (
            record.parent is not None
            and len(names) > 1
            and _squeezed(names[1]) in _HEADS
            and _squeezed(names[0]) in _CALLED
        ):
            beside.setdefault(id(record.parent), []).append(leaf.string)
    for table in draft.tables:
        _name_columns(table, beside)


def _name_columns(table: Shape, beside: dict[int, list[str]]) -> None:
    cells = table.inner or {}
    first: dict[int, dict[int, Leaf]] = {}  # by the record around the table: its first row
    rows: dict[int, Record] = {}
    for position, cell in cells.items():
        for leaf in cell.column.leaves:
            row = leaf.record
            if row is None:
                continue
            around = id(row.parent)
            if rows.setdefault(around, row) is row:
                first.setdefault(around, {})[position] = leaf
    named: dict[int, list[str]] = {}
    own: set[int] = set()
    for around, heads in first.items():
        if around in beside:
            named[around] = beside[around]
            continue
        strings = [heads[position].string for position in sorted(heads)]
        if sorted(heads) == list(range(len(heads))) and _are_heads(strings):
            named[around] = strings
            own.add(around)
    for position, cell in cells.items():
        kept = []
        for leaf in cell.column.leaves:
            row = leaf.record
            around = id(row.parent) if row is not None else 0
            if around in own and row is rows[around]:
                continue
            kept.append(leaf)
            found = named.get(around, ())
            if position < len(found) and found[position]:
                leaf.names = (found[position], *leaf.names[:11])
        cell.column.leaves[:] = kept
