"""XML and HTML inside a string: text between tags, under the names of its elements, and the values of attributes.

Tags inside a sentence are taken out, so that ``<b>Ann</b> Lee`` is read as it is shown. Heads of HTML tables and
terms of lists become names.
"""

import re
from collections.abc import Callable

from doorward.core.leaf import Leaf, Record
from doorward.detection.keys import classify
from doorward.detection.offsets import Offsets
from doorward.detection.shape import Draft, Shape, is_plain, part, reread

_STRIDE = 128  # tags between two looks at the clock
_DEEPEST = 100
_TAG = re.compile(
    r"<!--[^\w@<>]{0,40}?-->|<!--|-->|<!\[CDATA\[|\]\]>|<[!?]([^<>]*+)>|<(/?)([^\W\d][\w:.-]*+)((?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+'|[\"'])*+)>"
)
_CLOSED = re.compile(r"</[^\W\d]|/>")
_ATTRIBUTE = re.compile(r"""([^\s=<>"'/]++)[ \t\r\n]*+=[ \t\r\n]*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'<>]++))""")
_IN_LINE = frozenset(
    [
        "b",
        "i",
        "em",
        "strong",
        "span",
        "a",
        "u",
        "s",
        "code",
        "small",
        "font",
        "sub",
        "sup",
        "mark",
        "del",
        "ins",
        "abbr",
        "tt",
        "kbd",
        "wbr",
        "nobr",
        "big",
        "cite",
        "q",
        "var",
        "samp",
        "bdi",
        "bdo",
    ]
)
_VOID = frozenset(["br", "hr", "img", "input", "meta", "link", "area", "base", "col", "source", "track", "param"])
_BOLD = frozenset(["b", "strong"])
_LONGEST = 48  # characters of a label
_OPENING = len("<!--")
_COMMON = _IN_LINE | _VOID | {"p", "div", "li", "ul", "ol", "td", "th", "tr", "table", "tbody", "thead", "body", "html"}


def read(leaf: Leaf, shape: Shape, check: Callable[[], None]) -> Draft | None:
    """The texts and attributes of ``leaf.string``, if an element is closed in it; else None."""
    if _CLOSED.search(leaf.string) is None:
        return None
    return _Markup(leaf, shape, check).read()


# What an element's own text is called: <field name="phone">, <span itemprop="telephone">.
_LABELS = frozenset(["name", "key", "field", "label", "itemprop", "property", "id", "fieldname"])
_LABELLED = frozenset(["th", "dt", "label", "key"])  # what is said in these is the name of what follows
_NAMED = frozenset(["td", "dd", "string", "integer", "real", "date"])


class _Element:
    __slots__ = ("bold", "label", "name", "record", "shape")

    def __init__(self, name: str, shape: Shape, record: Record) -> None:
        self.name = name
        self.label = ""
        self.bold = False
        self.shape = shape
        self.record = record


class _Markup:
    def __init__(self, leaf: Leaf, shape: Shape, check: Callable[[], None]) -> None:
        self._leaf = leaf
        self._check = check
        self._draft = Draft()
        self._open = [_Element("", shape, Record(leaf.record))]
        self._counts: dict[str, int] = {}
        self._pieces: list[tuple[int, int]] = []  # of a text that tags interrupt
        self._closed = False
        self._heads: list[str] = []  # of the table
        self._row: list[str] = []  # heads in this row
        self._column = -1
        self._cells: list[str] = []  # of this row
        self._label = ""

    def read(self) -> Draft | None:
        text = self._leaf.string
        position = 0
        for count, found in enumerate(_TAG.finditer(text)):
            if not count % _STRIDE:
                self._check()
            start, end = found.span()
            if start > position:
                self._pieces.append((position, start))
            position = end
            name = found[3]
            if name is None and text.startswith("<!--", start) and end - start > _OPENING:
                continue  # a comment of no words interrupts nothing
            if name is None:
                self._flush()
                if found[1]:
                    piece = part(self._leaf, *found.span(1), self._leaf.names, self._leaf.record)
                    self._draft.add(piece, self._open[0].shape)
                continue
            self._tag(name, found)
        if position < len(text):
            self._pieces.append((position, len(text)))
        self._flush()
        return self._draft if self._closed else None

    def _tag(self, name: str, found: re.Match[str]) -> None:
        small = name.lower()
        in_line = small in _IN_LINE
        if not in_line and self._pieces:
            self._flush()
        if found[2]:
            if not in_line:
                self._close(name, small)
            elif self._counts.get(small):
                self._counts[small] -= 1
                self._closed = True
            return
        attributes = found[4]
        alone = attributes.endswith("/")
        if alone:
            self._closed = True
        if in_line:
            self._counts[small] = self._counts.get(small, 0) + 1
        around = self._open[-1]
        place = around.shape.member(name)
        if small not in _COMMON and not is_plain(name):
            made = part(self._leaf, *found.span(3), around.shape.names, around.record, name=True)
            self._draft.name(made, place)
        record = Record(around.record)
        label = ""
        if attributes.strip(" /\t\r\n"):
            label = self._attributes(*found.span(4), place, record)
        if in_line or alone or small in _VOID:
            if small in _BOLD:
                around.bold = True
            return
        if small == "table":
            self._heads = []
        elif small == "tr":
            self._column, self._row, self._cells, self._label = -1, [], [], ""
        elif small in ("td", "th"):
            self._column += 1
        if len(self._open) < _DEEPEST:
            element = _Element(name, place, record)
            element.label = label if small not in _COMMON and _is_known(label) else ""
            self._open.append(element)
            self._counts[name] = self._counts.get(name, 0) + 1

    def _close(self, name: str, small: str) -> None:
        if small == "tr" and self._row and len(self._row) > self._column:
            self._heads = self._row
        elif small == "tr" and not self._heads and not self._row and _are_heads(self._cells):
            self._heads = self._cells
        if not self._counts.get(name):
            return
        self._closed = True
        while len(self._open) > 1:
            element = self._open.pop()
            self._counts[element.name] -= 1
            if element.name == name:
                return

    def _attributes(self, begin: int, end: int, place: Shape, record: Record) -> str:
        """Take the attributes; what one of them calls the element's text."""
        text = self._leaf.string
        label = ""
        position = begin
        for found in _ATTRIBUTE.finditer(text, begin, end):
            self._rest(position, found.start(), place, record)
            position = found.end()
            start, behind = found.span(found.lastindex or 0)
            if not is_plain(found[1]):
                self._draft.name(part(self._leaf, *found.span(1), place.names, record, name=True), place)
            if found[1].lower() in _LABELS and start < behind <= start + _LONGEST and not label:
                label = text[start:behind]
            if start < behind:
                inner = place.member(found[1])
                self._draft.add(part(self._leaf, start, behind, inner.names, record, inner.column), inner)
        self._rest(position, end, place, record)
        return label

    def _rest(self, begin: int, end: int, place: Shape, record: Record) -> None:
        """What is no attribute and must not be unseen."""
        if self._leaf.string[begin:end].strip(" /\t\r\n"):
            self._draft.add(part(self._leaf, begin, end, place.names, record), place)

    def _flush(self) -> None:
        pieces, self._pieces = self._pieces, []
        text = self._leaf.string
        if len(pieces) == 1:
            begin, end = pieces[0]
            piece = text[begin:end]
            string = piece.strip()
            if not string:
                return
            begin += len(piece) - len(piece.lstrip())
            pieces[0] = (begin, begin + len(string))
        else:
            if not pieces or not any(text[begin:end].strip() for begin, end in pieces):
                return
            begin, end = pieces[0][0], pieces[-1][1]
            begin += len(text[begin : pieces[0][1]]) - len(text[begin : pieces[0][1]].lstrip())
            end = pieces[-1][0] + len(text[pieces[-1][0] : end].rstrip())
            pieces[0] = (min(begin, pieces[0][1]), pieces[0][1])
            pieces[-1] = (pieces[-1][0], max(end, pieces[-1][0]))
            string = "".join(text[start:behind] for start, behind in pieces)
        element = self._open[-1]
        place = element.shape
        record = self._open[-2].record if len(self._open) > 1 else element.record
        small = element.name.lower()
        if small in _NAMED:
            label = self._heads[self._column] if 0 <= self._column < len(self._heads) and small == "td" else self._label
            if label and not (small == "td" and not self._heads and _is_known(string)):
                place = place.member(label)
            if small == "td":
                self._cell(string, element)
        elif small in _LABELLED and len(string) <= _LONGEST:
            self._label = string.strip(" :")
            if small == "th":
                self._row.append(self._label)
        elif element.label:
            place = place.member(element.label)
        if len(pieces) == 1:
            made = part(self._leaf, *pieces[0], place.names, record, place.column)
        else:
            offsets = Offsets()
            before = -1
            for start, behind in pieces:
                if start >= behind:
                    continue
                # A closing tag belongs to what follows it, an opening one to what it follows: so none is replaced
                # together with the words that it encloses.
                offsets.run(before if before >= 0 and text.startswith("</", before) else start, 1)
                offsets.run(start + 1, behind - start - 1)
                before = behind
            offsets.run(pieces[-1][1], 1)
            made = reread(self._leaf, string, offsets, place.names, record, place.column)
        self._draft.add(made, place)

    def _cell(self, string: str, element: _Element) -> None:
        """What a cell says of the next one: ``<td>Phone:</td><td>…</td>``"""
        bare = string.strip(" :")
        self._cells.append(bare)
        if self._heads or self._row:
            return
        marked = element.bold or string.rstrip().endswith(":")
        self._label = bare if self._column == 0 and len(bare) <= _LONGEST and (marked or _is_known(bare)) else ""


def _is_known(string: str) -> bool:
    """Whether a text is the name of a field that says what its value is."""
    # Of a number, the value of an id, nothing has to be read to know.
    return 0 < len(string) <= _LONGEST and not string.isdecimal() and bool(classify((string,)).entity)


def _are_heads(cells: list[str]) -> bool:
    """Whether a row of ordinary cells reads like the heads of a table: half of them say what their values are."""
    if len(cells) < 3 or len(set(cells)) < len(cells) or any(c in "@0123456789" for cell in cells for c in cell):
        return False
    known = sum(map(_is_known, cells))
    return known > 1 and 2 * known >= len(cells)
