"""Tables: text with a delimiter, markdown and the frames that databases draw, arrays of arrays.

A table is believed when its lines have the same number of cells; what stands in its first line becomes the names of the
columns when it reads like heads. Prose with commas in it must stay prose: it would lose its context.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, chain, islice, pairwise, repeat

from doorward.core.leaf import Leaf, Record
from doorward.detection import aligned, paired, upright
from doorward.detection.offsets import Offsets
from doorward.detection.scripts import SIGNS
from doorward.detection.shape import KIND, Draft, Shape, part, reread

_STRIDE = 64  # lines between two looks at the clock
_LONGEST_HEAD = 48
_HEAD = re.compile(rf"[^\W\d][\w.()/#{SIGNS}-]*+(?: [\w.()/#{SIGNS}-]++){{0,3}}+[:*]?")
# |---|:-:|, ----+----, +====+, -[ RECORD 1 ]-
_RULE = re.compile(r"[ \t]*+[|+]?[ \t]*+[:=-]{1,}(?:\[ RECORD [0-9]{1,9} \])?[-+|:= \t]*+")
_MOST_COLUMNS = 256

Cell = tuple[int, int, bool]  # begin, behind, whether it is quoted with doubled quotes inside


def lines_of(text: str) -> list[tuple[int, int]]:
    """Where each line of ``text`` begins and ends, without its line break."""
    return _places(text.split("\n"), text)


def _places(lines: Sequence[str], text: str) -> list[tuple[int, int]]:
    nexts = list(accumulate([len(line) + 1 for line in lines]))
    found = list(zip([0, *nexts], [behind - 1 for behind in nexts], strict=False))
    if text[:1] == "\ufeff":  # a byte order mark is no part of the first head
        found[0] = (min(1, found[0][1]), found[0][1])
    if "\r" in text:
        return [(begin, end - text.endswith("\r", begin, end)) for begin, end in found]
    return found


def read(leaf: Leaf, shape: Shape, mark: str, check: Callable[[], None]) -> Draft:
    """The cells of ``leaf.string``, a table that ``find`` found with this ``mark``."""
    if mark == _DRAWN:
        return _read_drawn(leaf, shape, check)
    if mark == _ALIGNED:
        rows = aligned.rows(leaf.string, check)
        return grid(leaf, shape, next(rows), rows, check)
    return _read_separated(leaf, shape, mark, check)


_DRAWN, _ALIGNED = "drawn", "aligned"


def find(text: str, check: Callable[[], None]) -> list[tuple[int, int, str]]:
    """(where it begins, where it ends, its mark) of each table among the lines of ``text``."""
    found = _find(text, check)
    if "  " in text:
        for begin, end in aligned.find(text, check):
            found = [table for table in found if table[0] >= end or table[1] <= begin]
            found.append((begin, end, _ALIGNED))
        found.sort()
    return found


def _find(text: str, check: Callable[[], None]) -> list[tuple[int, int, str]]:
    """The same for those that are drawn or have a delimiter."""
    text = _unframed(text)
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
    tried = [0]  # the line behind those in front of which there are no names
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
            size, mark = _separated(text, lines, first, tried)
        if size:
            behind = first + size
            found.append((begin, lines[behind - 1][1], mark))
    return found


_FRAMES = {
    **dict.fromkeys("│┃║", "|"),
    **dict.fromkeys("─━═", "-"),
    **dict.fromkeys("┌┬┐├┼┤└┴┘╔╦╗╠╬╣╚╩╝╭╮╰╯┏┳┓┣╋┫┗┻┛╞╪╡", "+"),
}


def _unframed(text: str) -> str:
    """``text`` with frames of bars where they are drawn with the characters for that; as long as before."""
    if text.isascii() or not any(bar in text for bar in "│┃║"):
        return text
    for drawn, plain in _FRAMES.items():  # one by one: to translate takes a look-up for every character
        text = text.replace(drawn, plain)
    return text


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
    text = _unframed(leaf.string)
    rows: list[list[Cell]] = []
    heads = 0
    records: list[int] = []  # where the values of one begin that stand below each other, as psql has it
    for count, (begin, end) in enumerate(lines_of(text)):
        if not count % _STRIDE:
            check()
        if _RULE.fullmatch(text, begin, end) is not None:
            heads = heads or len(rows)
            if text.find("[ RECORD", begin, end) >= 0:
                records.append(len(rows))
        elif begin < end:
            rows.append(_barred(text, begin, end))
    if records and all(len(row) == 2 for row in rows):
        draft = Draft()
        for first, behind in pairwise([*records, len(rows)]):
            check()
            upright.read(draft, leaf, shape, rows[first:behind])
        return draft
    if _is_upright(leaf.string, rows):
        draft = Draft()
        upright.read(draft, leaf, shape, rows)
        return draft
    return grid(leaf, shape, rows[0] if heads else (), rows[1:] if heads else rows, check)


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


def _separated(text: str, lines: Sequence[tuple[int, int]], first: int, tried: list[int]) -> tuple[int, str]:
    """(how many of the ``lines`` from ``first`` on are rows with one delimiter, that delimiter); (0, ""): none."""
    begin, end = lines[first]
    for mark in "\t,;|":
        if text.find(mark, begin, end) >= 0:
            size = _rows(text, lines, first, mark, tried)
            if size:
                return size, mark
    return 0, ""


# What is in no name of a column, whatever marks stand between these.
_NO_HEAD = re.compile(rf"[^\w\s.()/#:*,;|{SIGNS}-]").search


def _is_sentence(line: str, mark: str) -> bool:
    """Whether a line without quotes cannot begin a table with this mark, whatever follows: spaces stand behind its
    marks as in a sentence, and something in it is in no name of a column. So are most lines with commas in a text.
    """
    return mark in ",;" and mark + " " in line and '"' not in line and _NO_HEAD(line) is not None


def _rows(text: str, lines: Sequence[tuple[int, int]], first: int, mark: str, tried: list[int]) -> int:
    line = text[slice(*lines[first])]
    if _is_sentence(line, mark):
        return 0
    columns, behind = _measured(text, lines, first, mark)
    if not 2 <= columns <= _MOST_COLUMNS or behind >= len(lines):
        return 0
    if _measured(text, lines, behind, mark)[0] != columns:  # one row is none, whatever is in it
        return 0
    heads = _cells_of(text, lines[first][0], lines[behind - 1][1], mark)
    spaced = mark in ",;" and mark + " " in line  # as in a sentence
    if len(heads) == columns and _is_heads(text, heads):
        enough = 2 + spaced
        if columns == 2 and mark != "\t" and not all(_is_coded(text[begin:end]) for begin, end, _ in heads):
            enough += 1
    elif mark == "\t" or (columns > 2 and not spaced):
        enough = 3
    elif (
        first < tried[0]
        or _is_spaced(line, mark)
        or len(heads) != columns
        or not upright.says(text[heads[0][0] : heads[0][1]])
    ):
        return 0
    else:
        enough = len(lines) + 1  # unless names stand in front of all of them
    if mark in "|;," and _are_pairs(line.split(mark)):
        return 0
    rows = 1
    while behind < len(lines):
        count, after = _measured(text, lines, behind, mark)
        if count != columns:
            break
        rows += 1
        behind = after
        if rows == upright.FEW and enough > rows and not _leads(text, lines, first, behind, mark):
            tried[0] = behind
            return 0
    if rows >= enough:
        return behind - first
    if rows > 1 and first >= tried[0] and not _is_spaced(line, mark):
        if _leads(text, lines, first, behind, mark):
            return behind - first
        tried[0] = behind
    return 0


def _is_spaced(line: str, mark: str) -> bool:
    """Whether spaces stand behind the marks of a line, outside of quotes, as they do in a sentence."""
    return mark in ",;" and any(mark + " " in piece for piece in line.split('"')[::2])


def _leads(text: str, lines: Sequence[tuple[int, int]], first: int, behind: int, mark: str) -> bool:
    """Whether these few lines each begin with the name of their values."""
    rows = [_cells_of(text, *lines[index], mark) for index in range(first, min(behind, first + upright.FEW))]
    return upright.says(text[rows[0][0][0] : rows[0][0][1]]) and _is_upright(text, rows)


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
_PAIR = re.compile(r"\s*+(?:Row [0-9]{1,6}: ?)?[^\W\d_][\w.-]{0,47}(?:=(?![=>~])|: )").match


def _are_pairs(cells: Sequence[str]) -> bool:
    """Whether the cells of a line name their values themselves: ``id=7 | name=Ann | city=Hull``."""
    return sum(_PAIR(cell) is not None for cell in cells) * 2 > len(cells)


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
    return len(heads) * 2 > len(cells) and are_heads(heads)


def _is_coded(head: str) -> bool:
    """Whether a head is written as programs write names: "mail", "fullName", "FULL_NAME"."""
    return head.islower() or "_" in head or head == "Id" or _HUMP.search(head) is not None


_HUMP = re.compile(r"^[a-z]\w*[a-z][A-Z]|^(?:[A-Z][a-z]+){2,}$")


def are_heads(heads: Sequence[str]) -> bool:
    """Whether these texts, each once, read like names of columns."""
    return len(set(heads)) == len(heads) and all(
        len(head) <= _LONGEST_HEAD and _HEAD.fullmatch(head) is not None for head in heads
    )


def _read_separated(leaf: Leaf, shape: Shape, mark: str, check: Callable[[], None]) -> Draft:
    """The cells of rows with a delimiter."""
    rows = _lines(leaf.string, mark, check)
    some = list(islice(rows, upright.FEW))
    if _is_upright(leaf.string, some):
        draft = Draft()
        upright.read(draft, leaf, shape, chain(some, rows))
        return draft
    first = some[0]
    rows = chain(some[1:], rows)
    if _is_heads(leaf.string, first):
        return grid(leaf, shape, first, rows, check)
    return grid(leaf, shape, (), chain((first,), rows), check)


def _is_upright(text: str, rows: Sequence[Sequence[Cell]]) -> bool:
    """Whether the names stand in the first column, with their values beside them."""
    return upright.is_upright([[text[begin:end] for begin, end, _ in row] for row in rows[: upright.FEW]], are_heads)


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


def grid(
    leaf: Leaf, shape: Shape, heads: Sequence[Cell], rows: Iterable[Sequence[Cell]], check: Callable[[], None]
) -> Draft:
    """``rows`` of ``leaf.string`` under their ``heads``, of which there may be none."""
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
        "meta",
        "metadata",
        "columnmetadata",
        "columninfo",
        "fieldlist",
        "fielddefinitions",
        "headings",
        "headerrow",
        "rowtype",
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
_CODES = frozenset(("key", "id", "field"))  # of these two, the other tells more


def _squeezed(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def headed(draft: Draft) -> None:
    """Give the cells of arrays of arrays the names of their columns: from an array of names beside them, or from their
    first row.
    """
    beside: dict[int, list[str]] = {}
    called: set[int] = set()
    around: dict[int, list[str]] = {}  # of those whose own object is a member of this one: {"schema": {"fields": …}}
    for leaf in draft.leaves:
        names, record = leaf.names, leaf.record
        if not names or record is None or leaf.name or leaf.number or len(leaf.string) > 64:
            continue
        if _squeezed(names[0]) in _HEADS:
            beside.setdefault(id(record), []).append(leaf.string)
            around.setdefault(id(record.parent), []).append(leaf.string)
        elif (
            record.parent is not None
            and len(names) > 1
            and _squeezed(names[1]) in _HEADS
            and _squeezed(names[0]) in _CALLED
        ):
            # Each column has one name: {"id": "A", "label": "Surname"}
            if id(record) not in called:
                called.add(id(record))
                beside.setdefault(id(record.parent), []).append(leaf.string)
                around.setdefault(id(record.parent.parent), []).append(leaf.string)
            elif _squeezed(names[0]) not in _CODES:
                beside[id(record.parent)][-1] = around[id(record.parent.parent)][-1] = leaf.string
    for table in draft.tables if beside else paired.named(draft.tables, are_heads):
        _name_columns(table, beside, around)
    for table in draft.celled:
        _name_cells(table, beside, around)


def _heads_of(record: Record | None, beside: dict[int, list[str]], around: dict[int, list[str]]) -> list[str] | None:
    """The names of the columns of rows in ``record``: of its own, or of an object around it."""
    for _ in range(_MOST_AROUND):
        if record is None:
            return None
        found = beside.get(id(record)) or around.get(id(record))
        if found:
            return found
        record = record.parent
    return None


_MOST_AROUND = 3


def _name_columns(table: Shape, beside: dict[int, list[str]], outer: dict[int, list[str]]) -> None:
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
        known = _heads_of(rows[around].parent, beside, outer)
        if known is not None:
            named[around] = known
            continue
        strings = [heads[position].string for position in sorted(heads)]
        if sorted(heads) == list(range(len(heads))) and are_heads(strings):
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


_CELL_VALUES = frozenset(("v", "value", "VarCharValue", "stringValue", "displayValue", "formattedValue"))


def _name_cells(table: Shape, beside: dict[int, list[str]], outer: dict[int, list[str]]) -> None:
    """The same for rows whose cells are objects; their heads stand beside the rows, or are the first row."""
    first: dict[int, tuple[Record, dict[int, str]]] = {}  # by the record around the rows
    cells: list[tuple[int, Leaf, Record, int]] = []
    for position, cell in sorted((table.inner or {}).items()):
        for name in _CELL_VALUES.intersection(cell.members):
            for leaf in cell.members[name].column.leaves:
                row = leaf.record.parent if leaf.record is not None else None
                if row is None:
                    continue
                around = id(row.parent)
                cells.append((position, leaf, row, around))
                begun, strings = first.setdefault(around, (row, {}))
                if begun is row:
                    strings[position] = leaf.string
    named: dict[int, list[str]] = {}
    for around, (row, strings) in first.items():
        known = _heads_of(row.parent, beside, outer)
        if known is None and sorted(strings) == list(range(len(strings))) and _are_coded(list(strings.values())):
            known = list(strings.values())
        named[around] = known or []
    for position, leaf, _, around in cells:
        heads = named[around]
        if position < len(heads) and heads[position] and heads[position] != leaf.string:
            leaf.names = (heads[position], *leaf.names[:11])


def _are_coded(heads: Sequence[str]) -> bool:
    return len(heads) > 1 and are_heads(heads) and all(map(_is_coded, heads))
