"""The texts of one message, cut into leaves.

First every text becomes a leaf with the names of its JSON pointer; then what a leaf holds is looked at: JSON, tables,
``name: value`` lines, markup, encodings, each of which gives leaves again. Every character of every text is in a leaf.
"""

import re
from collections.abc import Callable, Sequence

from doorward.core.finding import Text
from doorward.core.leaf import Leaf, Record, release
from doorward.detection import canonical, contentlines, encodings, markup, nested, pairs, sql, tables
from doorward.detection.offsets import Offsets
from doorward.detection.quiet import LEAST, Quiet
from doorward.detection.shape import CELLED, KIND, LONG, Draft, Shape, is_plain, outward, part

_LEVELS = 6  # of structure inside of structure; JSON in strings of JSON takes one each
_LAYERS = 3  # of encodings
_DIGITS = 6


def _never() -> None:
    """Looks at no clock."""


def leaves(
    texts: Sequence[Text],
    check: Callable[[], None] = _never,
    *,
    every_name: bool = False,
    quiet: Quiet | None = None,
) -> list[Leaf]:
    """The leaves of ``texts``, which come in the order of the message, names before their values.

    Member names that are plain words (``email``, ``created_at``) are given once per text, unless ``every_name``. What
    is told to be ``quiet`` is not looked into. ``check`` is called every few hundred microseconds; what it raises
    passes through. Nothing else is raised.
    """
    draft = Draft()
    found: list[Leaf] = []
    try:
        _Pointers(every_name).fill(draft, texts, check)
        sizes = [len(text.string) for text in texts]
        if max(sizes, default=0) < LEAST:
            quiet = None
        _Look(check, every_name, 4 * sum(sizes) + 65536).finish(draft, 0, found, quiet)
    except BaseException:
        release(draft.leaves)
        release(found)
        raise
    return found


_LINED = "lined"  # content lines


class _Node:
    """A container of the message: its place, its record, the one around it, whether it is an element of an array."""

    __slots__ = ("element", "outer", "record", "shape")

    def __init__(self, shape: Shape, outer: Record | None, element: bool) -> None:
        self.shape = shape
        self.record = Record(outer)
        self.outer = outer
        self.element = element


class _Pointers:
    """Makes leaves of texts. Containers are known by their pointers, and worked out once."""

    __slots__ = ("_every_name", "_nodes", "_numeric")

    def __init__(self, every_name: bool) -> None:
        self._every_name = every_name
        self._nodes: dict[str, _Node] = {"": _Node(Shape(()), None, False)}
        self._numeric: set[str] = set()  # pointers of members whose names could be indices

    def fill(self, draft: Draft, texts: Sequence[Text], check: Callable[[], None]) -> None:
        add, add_shape = draft.leaves.append, draft.shapes.append
        plain: set[str] = set()
        parent, node = "", self._nodes[""]
        for count, text in enumerate(texts):
            if not count & 255:
                check()
            string = text.string
            if text.key:
                if string in plain:
                    continue
                if string.isdigit():
                    self._numeric.add(text.pointer)
                elif not self._every_name and is_plain(string):
                    plain.add(string)
            elif text.number and (len(string) < _DIGITS or sum(map(str.isdigit, string)) < _DIGITS):
                continue
            above, slash, last = text.pointer.rpartition("/")
            if not slash:
                draft.add(Leaf(text, string, number=text.number), node.shape)
                continue
            if above != parent:
                parent, node = above, self._nodes.get(above) or self._node(above, draft)
            if text.key:
                draft.name(Leaf(text, string, node.shape.names, record=node.record, name=True), node.shape)
                continue
            if last.isdigit() and text.pointer not in self._numeric:
                record: Record | None
                if node.element:  # a cell of a row
                    shape, record = node.shape.cell(int(last[:4])), node.record
                    draft.tables[node.shape] = None
                else:
                    shape, record = node.shape.item(), node.outer
            else:
                name = last.replace("~1", "/").replace("~0", "~") if "~" in last else last
                shape = node.shape.members.get(name) or node.shape.member(name)
                record = node.record
            made = Leaf(text, string, shape.names, 0, None, None, record, shape.column, (), text.number)
            add(made)
            add_shape(shape)
            shape.collect(made)
            if record is not None:
                record.leaves.append(made)
            if shape.role > KIND:
                draft.valued.append(made)

    def _node(self, pointer: str, draft: Draft) -> _Node:
        missing = []
        while (node := self._nodes.get(pointer)) is None:
            missing.append(pointer)
            pointer = pointer.rpartition("/")[0]
        for place in reversed(missing):
            last = place.rpartition("/")[2]
            if last.isdigit() and place not in self._numeric:
                if node.element:
                    node = _Node(node.shape.cell(int(last[:4])), node.record, True)
                elif node.shape.names and node.shape.names[0] in CELLED:
                    draft.celled[node.shape] = None
                    node = _Node(node.shape.cell(int(last[:4])), node.outer, True)
                else:
                    node = _Node(node.shape.item(), node.outer, True)
            else:
                name = last.replace("~1", "/").replace("~0", "~") if "~" in last else last
                node = _Node(node.shape.member(name), node.record, False)
            self._nodes[place] = node
        return node


class _Look:
    """Looks into leaves."""

    __slots__ = ("_check", "_every_name", "_left")

    def __init__(self, check: Callable[[], None], every_name: bool, budget: int) -> None:
        self._check = check
        self._every_name = every_name
        self._left = budget  # characters that may still be decoded

    def finish(self, draft: Draft, level: int, found: list[Leaf], quiet: Quiet | None = None) -> None:
        """Append the leaves of ``draft``, and those inside them that ``quiet`` does not hold."""
        if draft.tables or draft.celled:
            tables.headed(draft)
        if draft.valued:
            pairs.labelled(draft)
        if quiet is not None:
            quiet.tell(draft.leaves, draft.shapes, self._check)
        done = 0
        for index in draft.deeper(self._check):
            found += draft.leaves[done:index]
            done = index + 1
            self._check()
            leaf = draft.leaves[index]
            if leaf.quiet:
                found += _pieces(leaf)
            else:
                self._into(leaf, draft.shapes[index], level, found)
        found += draft.leaves[done:]

    def _into(self, leaf: Leaf, shape: Shape, level: int, found: list[Leaf], *, read: bool = False) -> None:
        """Append what ``leaf`` holds, and itself unless that is all. ``read``: its string is canonical."""
        named = changed = None
        if level < _LEVELS and _is_marked(leaf.string):
            if self._parts(leaf, shape, level, found):
                return
            if "\n" in leaf.string and pairs.may_be(leaf.string) and pairs.may_cover(leaf.string):
                if not read and _is_escaped(leaf.string):
                    changed = canonical.canonical(leaf.string)
                # Of what is other than it seems, a part is of no use: it will be read as it is meant.
                partly = changed is None
                named, covers = pairs.whole(leaf, shape, self._check, every_name=self._every_name, partly=partly)
                if named is not None and covers:
                    named.settle()
                    self.finish(named, level + 1, found)
                    return
        self._plain(leaf, shape, level, found, named, changed, read=read)

    def _plain(
        self,
        leaf: Leaf,
        shape: Shape,
        level: int,
        found: list[Leaf],
        named: Draft | None = None,
        changed: tuple[str, Offsets] | None = None,
        *,
        read: bool = False,
    ) -> None:
        """``leaf`` as it is read, what is ``named`` in it, and what is encoded in it. ``changed``: its canonical
        reading, where that is known to be another one.
        """
        if not read and level < _LEVELS and _is_query(leaf.string):
            query = pairs.parameters(leaf, shape, self._check)
            if query is not None:
                self.finish(query, level + 1, found)
        if named is None and changed is None and not read and _is_escaped(leaf.string):
            changed = canonical.canonical(leaf.string)
        if changed is not None:
            _reread(leaf, *changed)
            self._into(leaf, shape, level + 1, found, read=True)
            return
        found += _pieces(leaf)
        if named is None and level < _LEVELS and pairs.may_be(leaf.string):
            named = pairs.read(leaf, shape, self._check, every_name=self._every_name)
        if named is not None:
            named.settle()
            self._named(named, level, found)
        self._decoded(leaf, shape, level, found)

    def _named(self, draft: Draft, level: int, found: list[Leaf]) -> None:
        """Append the leaves of ``draft``, which are parts of one that was looked into: with a name now."""
        leaves = draft.leaves
        strings = [leaf.string for leaf in leaves]
        looked = encodings.holding(strings, self._check)
        if level + 1 < _LEVELS:
            opened = [index for index, string in enumerate(strings) if string[0] in "{[<"]
            looked = sorted({*looked, *opened}) if opened else looked
        done = 0
        for index in looked:
            leaf, shape = leaves[index], draft.shapes[index]
            found += leaves[done:index]
            done = index + 1
            if level + 1 < _LEVELS and leaf.string[0] in "{[<":
                self._into(leaf, shape, level + 1, found)
            else:
                found.append(leaf)
                self._decoded(leaf, shape, level, found)
        found += leaves[done:]

    def _decoded(self, leaf: Leaf, shape: Shape, level: int, found: list[Leaf]) -> None:
        if len(leaf.layers) >= _LAYERS:
            return
        for token in encodings.encoded(leaf.string):
            self._check()
            self._left -= len(token.string)
            if self._left < 0:
                return
            alias = _ALIAS(leaf.string, token.end)
            label = alias[1] if alias is not None else pairs.label_of(leaf)
            names = (label, *leaf.names[:11]) if label else leaf.names
            inside = Leaf(
                leaf.text,
                token.string,
                names,
                token=leaf.locate(token.start, token.end),
                record=leaf.record,
                column=leaf.column,
                layers=(*leaf.layers, token.layer),
                name=leaf.name,
            )
            self._into(inside, shape, max(level, len(inside.layers)), found)

    def _parts(self, leaf: Leaf, shape: Shape, level: int, found: list[Leaf]) -> bool:
        """Append all that ``leaf`` holds, if all of it has a structure."""
        draft = self._structure(leaf, shape)
        if draft is not None:
            self.finish(draft, level + 1, found)
            return True
        position = 0
        text = leaf.string
        for start, end, mark in self._cuts(text):
            self._prose(leaf, position, start, shape, level, found)
            position = end
            if isinstance(mark, sql.Put):
                self.finish(sql.read(leaf, shape, mark, self._check), level + 1, found)
                continue
            piece = part(leaf, start, end, leaf.names, leaf.record, leaf.column)
            if mark == _LINED:
                self.finish(contentlines.read(piece, shape, self._check), level + 1, found)
            elif mark:
                self.finish(tables.read(piece, shape, mark, self._check), level + 1, found)
            else:
                self._into(piece, shape, level + 1, found)
        if position:
            self._prose(leaf, position, len(text), shape, level, found)
            return True
        return False

    def _cuts(self, text: str) -> Sequence[tuple[int, int, str | sql.Put]]:
        """(where it begins, where it ends, what kind of table it is, if one) of what has a structure in ``text``."""
        if ":" in text and "BEGIN:V" in text:
            lined = [(*span, _LINED) for span in contentlines.spans(text, self._check)]
            if lined:
                return lined
        if _puts(text):
            put = [(put.start, put.end, put) for put in sql.find(text, self._check)]
            if put:
                return put
        if "```" in text:
            fences = [(*fence.span(1), "") for fence in _FENCE.finditer(text) if fence.end(1) > fence.start(1)]
            if fences:
                return fences
        if "{" in text or "[" in text:
            values = [(*span, "") for span in nested.spans(text, self._check) if span != (0, len(text))]
            if values:
                return values
        return tables.find(text, self._check) if "\n" in text else []

    def _prose(self, leaf: Leaf, start: int, end: int, shape: Shape, level: int, found: list[Leaf]) -> None:
        """What is left of ``leaf`` between structures."""
        if not leaf.string[start:end].strip():
            return
        piece = part(leaf, start, end, leaf.names, leaf.record, leaf.column)
        grids = tables.find(piece.string, self._check) if "\n" in piece.string else []
        position = 0
        for begin, behind, mark in grids:
            self._rest(piece, position, begin, shape, level, found)
            grid = part(piece, begin, behind, leaf.names, leaf.record, leaf.column)
            self.finish(tables.read(grid, shape, mark, self._check), level + 1, found)
            position = behind
        self._rest(piece, position, len(piece.string), shape, level, found)

    def _rest(self, leaf: Leaf, start: int, end: int, shape: Shape, level: int, found: list[Leaf]) -> None:
        if end - start == len(leaf.string):
            self._plain(leaf, shape, level, found)
        elif leaf.string[start:end].strip():
            self._plain(part(leaf, start, end, leaf.names, leaf.record, leaf.column), shape, level, found)

    def _structure(self, leaf: Leaf, shape: Shape) -> Draft | None:
        """The values in ``leaf``, if all of it is of one kind."""
        string = leaf.string.strip()
        if len(string) < 2:
            return None
        first, last = string[0], string[-1]
        if first in "{[":
            draft = nested.whole(leaf, shape, self._check, self._every_name) if last in "}]" else None
            if draft is None and (nested.is_loose(string) or (last in "}]" and nested.is_flow(string))):
                draft = nested.loose(leaf, shape, self._check, self._every_name)
            return draft
        if first == '"' and last == '"':
            return nested.quoted(leaf, shape)
        if "</" in string or (first == "<" and "/>" in string):
            draft = markup.read(leaf, shape, self._check)
            if draft is not None:
                return draft
        return None


def _is_marked(string: str) -> bool:
    """Whether there may be structure in ``string``."""
    return (
        "\n" in string
        or "{" in string
        or "[" in string
        or "<" in string
        or "|" in string
        or "\t" in string
        or string.lstrip()[:1] == '"'
        or _puts(string)
    )


def _puts(string: str) -> bool:
    """Whether rows may be put into a table in ``string``."""
    if "(" not in string:
        return False
    if "VALUES" in string or "values" in string:
        return "INTO " in string or "into " in string
    return "\t" in string and ("COPY " in string or "copy " in string)


def _is_query(string: str) -> bool:
    """Whether ``string`` may hold ``a=b&c=d`` with characters encoded."""
    return "=" in string and ("%" in string or ("+" in string and ("&" in string or "?" in string)))


_ALIAS = re.compile(r"""["'`]?\)?\s{1,4}(?i:as)\s{1,4}["'`\[]?([^\W\d]\w{0,47})""").match


def _is_escaped(string: str) -> bool:
    """Whether ``string`` may be other than it seems."""
    if not string.isascii() or "%" in string or "&" in string or "=" in string or "\\" in string:
        return True
    if canonical.may_be_unseen(string):
        return True
    return not string.isprintable() and len(string.encode().translate(None, _CONTROLS)) < len(string)


_CONTROLS = bytes([*range(9), 11, 12, *range(14, 32), 127])  # all but tab, line feed, carriage return

_OVERLAP = 256
_WORDS = re.compile(r"[^\W_][^\s-]{0,40}+ ").match  # what no line of a key or of base64 begins with
_SENTENCE = re.compile(r"[^\W\d_]{5}[.!?] (?=[^\W\d_])").search


def _pieces(leaf: Leaf) -> list[Leaf]:
    """``leaf``, cut where no value should go on, so that none has much more than ``LONG`` characters."""
    text = leaf.string
    if len(text) <= LONG or leaf.token is not None:
        return [leaf]
    pieces: list[Leaf] = []
    start = 0
    while len(text) - start > LONG:
        behind, following = _cut(text, start + LONG // 2, start + LONG)
        if not behind:
            break
        pieces.append(part(leaf, start, behind, leaf.names, leaf.record, leaf.column))
        start = following
    pieces.append(part(leaf, start, len(text), leaf.names, leaf.record, leaf.column))
    return pieces


def _cut(text: str, least: int, most: int) -> tuple[int, int]:
    """(where a piece may end, where the next one begins); (0, 0): nowhere."""
    behind = text.rfind("\n\n", least, most) + 2
    if behind > 1:
        return behind, behind
    behind = most
    while (behind := text.rfind("\n", least, behind)) >= 0:
        if _WORDS(text, behind + 1) is not None:
            return behind + 1, behind + 1
    sentence = _SENTENCE(text, (least + most) // 2, most)
    if sentence is not None:
        return sentence.end(), sentence.end()
    # A value may be on both sides of any other place: both pieces have some of the text around it.
    behind = max(text.rfind(" ", least, most), text.rfind("\n", least, most)) + 1 or text.find(" ", most) + 1
    if not behind:
        return 0, 0
    return behind, text.rfind(" ", behind - _OVERLAP, behind - _OVERLAP // 2) + 1 or behind


def _reread(leaf: Leaf, string: str, offsets: Offsets) -> None:
    """Make ``string``, whose characters begin at ``offsets`` of the leaf's, the leaf's reading."""
    leaf.offsets = outward(leaf, offsets)
    leaf.start = leaf.skip = 0
    leaf.string = string


_FENCE = re.compile(r"^[ \t]*+```[^`\n]*+\n(.*?)(?:^[ \t]*+```|\Z)", re.DOTALL | re.MULTILINE)
