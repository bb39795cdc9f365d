"""Names that stand beside their values: ``name: value`` lines (mail heads, YAML, cards), ``key=value`` in logs and in
URLs, and objects that hold a label and a value.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from doorward.core.leaf import Column, Leaf, Record
from doorward.detection import places
from doorward.detection.keys import classify
from doorward.detection.lines import BULLET, Pair, Place, bare, is_led
from doorward.detection.lines import read as read_line
from doorward.detection.offsets import Offsets
from doorward.detection.shape import CONTENT, KIND, LABEL, LINK, VALUE, Draft, Shape, part, reread, role_of

_STRIDE = 64  # lines between two looks at the clock
_LONGEST = 48  # characters of a label
_MOST_WORDS = 4
_DEEPEST = 64

_ITEM = re.compile(rf"[ \t>]*+({BULLET})?")
_RULED = "-=*_.~#+"
_RULE = re.compile(r"[\s\-=*_.~#+]++")
_LONGEST_BELOW = 100  # characters of a line below its label
_MOST_BELOW = 4  # such lines, unless they are indented
_MOST_INDENTED = 32


def may_be(text: str) -> bool:
    """Whether there can be a name beside its value in ``text``."""
    if "=" in text or (":" in text and (text[-1] == ":" or any(mark in text for mark in _COLONS))) or "：" in text:
        return True
    return is_led(text) or _is_bold(text)


_COLONS = (": ", ":\n", ':"', ":'", ":\t", ":*", ":_", ":\r")


def may_cover(text: str) -> bool:
    """Whether all lines of ``text`` can be names and values, by the look of its first ones."""
    lines = text.split("\n", _STRIDE)
    return all(
        not line or line.isspace() or _may_be_pair(line) or _is_rule(line) or is_led(line) or _is_bold(line)
        for line in lines[:_STRIDE]
    )


def _is_bold(text: str) -> bool:
    """Whether a bold label in ``text`` may have its value behind a dash."""
    return "*" in text and ("** -" in text or "** –" in text or "** —" in text)


def _may_be_pair(line: str) -> bool:
    return ":" in line or "=" in line or ">" in line or not line.isascii()


def _is_rule(line: str) -> bool:
    """Whether a line only divides: ``---``"""
    return line[:1] in _RULED and (line[-1:] in _RULED or line[-1].isspace()) and _RULE.fullmatch(line) is not None


def read(leaf: Leaf, shape: Shape, check: Callable[[], None], *, every_name: bool = True) -> Draft:
    """Values that have a name beside them. They are in no columns until the draft is settled.

    Names inside of others that are plain words in small letters are given once for each place, unless ``every_name``.
    """
    lines = _Lines(leaf, shape, check, every_name)
    lines.read()
    return lines.draft


def whole(
    leaf: Leaf, shape: Shape, check: Callable[[], None], *, every_name: bool = True, partly: bool = True
) -> tuple[Draft | None, bool]:
    """(the same, whether these and their names are all that ``leaf.string`` holds). Without ``partly`` nobody wants a
    part of it: nothing is read behind the first line that is no pair.
    """
    lines = _Lines(leaf, shape, check, every_name)
    covers = lines.read(partly=partly)
    return (lines.draft if covers or partly else None), covers


_Level = tuple[int, Shape, Record, set[str]]  # the indent, the place, the record, the labels that were met


class _Lines:
    """Reads lines from the first to the last; deeper lines belong to the name above them, as in YAML."""

    def __init__(self, leaf: Leaf, shape: Shape, check: Callable[[], None], every_name: bool) -> None:
        self._leaf = leaf
        self._check = check
        self._every_name = every_name
        self.draft = Draft()
        self._base = shape
        self._levels: list[_Level] = []
        self._above: tuple[int, Shape] | None = None  # the label whose value may stand below, and its indent
        self._below: list[tuple[int, int]] = []
        self._place: Shape | None = None  # of the address that may go on in the next lines
        self._asked: Shape | None = None  # the last place of which it was asked whether it is that of an address
        self._is_located = False
        self._given: set[Shape] = set()  # places whose names were given
        self._new(-1, shape)

    def _new(self, indent: int, shape: Shape) -> None:
        around = self._levels[-1][2] if self._levels else self._leaf.record
        if len(self._levels) < _DEEPEST:
            self._levels.append((indent, shape, Record(around), set()))

    def read(self, *, partly: bool = True) -> bool:
        """Whether all lines are pairs; unless ``partly``, nothing is read behind the first one that is none."""
        string = self._leaf.string
        every = is_led(string) or _is_bold(string)  # any line may be a pair
        pairs = others = goes_on = 0
        position = 0
        for count, line in enumerate(string.split("\n")):
            if not count % _STRIDE:
                self._check()
            end = position + len(line)
            if self._above is not None and self._continues(line, position, end):
                others += 1
            elif not line or line.isspace() or (line[0] in _RULED and _is_rule(line)):
                if len(self._levels) > 1 or self._levels[0][3]:
                    del self._levels[:]
                    self._new(-1, self._base)
                goes_on = 0
            else:
                pair: Pair | None = None
                if ":" in line or "=" in line or ">" in line or every or not line.isascii():
                    said = read_line(line)
                    pair = said.pair
                    if said.places:
                        self._put(said.places, position)
                if pair is not None:
                    self._pair(pair, position)
                    pairs += 1
                    goes_on = _MOST_OF_ADDRESS
                else:
                    others += 1
                    if goes_on:
                        goes_on -= 1
                        self._goes_on(line, position, end)
            if others and not partly:
                return False
            position = end + 1
        self._settle_below()
        return pairs >= 2 and not others

    def _goes_on(self, line: str, begin: int, end: int) -> None:
        """Take this line if it goes on with the address in the pair above it."""
        place = self._place
        if place is None or len(line) > _LONGEST_OF_ADDRESS:
            return
        if place is not self._asked:
            self._asked, self._is_located = place, classify(place.names[:1]).entity == "LOCATION"
        if not self._is_located:
            return
        if places.goes_on(line):
            record = self._levels[-1][2]
            start, behind = bare(self._leaf.string, begin, end)
            self.draft.hold(part(self._leaf, start, behind, place.names, record, place.column), place)

    def _continues(self, line: str, begin: int, end: int) -> bool:
        """Whether this line is a value of the label above it."""
        assert self._above is not None
        indent, place = self._above
        text = self._leaf.string
        found = _ITEM.match(text, begin, end)
        start = found.end() if found is not None else begin
        bullet = found is not None and found[1] is not None
        spaces = len(line) - len(line.lstrip(" \t>"))
        deeper = spaces > indent
        most = _MOST_INDENTED if deeper or bullet else _MOST_BELOW
        if (
            not line.strip()
            or (bullet and spaces < indent)
            or len(self._below) >= most
            or end - start > (_LONGEST_BELOW if not deeper else 4 * _LONGEST_BELOW)
            or read_line(line).labelled
        ):
            self._settle_below()
            return False
        if bullet:
            start, behind = bare(text, start, end)
            if start < behind:
                record = Record(self._levels[-1][2])
                self.draft.hold(part(self._leaf, start, behind, place.names, record, place.column), place)
        else:
            self._below.append((begin + spaces, end))
        return True

    def _settle_below(self) -> None:
        if self._above is not None and self._below:
            place = self._above[1]
            start, behind = bare(self._leaf.string, self._below[0][0], self._below[-1][1])
            if start < behind:
                record = self._levels[-1][2]
                self.draft.hold(part(self._leaf, start, behind, place.names, record, place.column), place)
        self._above = None
        self._below = []

    def _pair(self, pair: Pair, position: int) -> None:
        """Take the pair of the line that begins at ``position``."""
        leaf, draft, levels = self._leaf, self.draft, self._levels
        indent, label, value = pair.indent, pair.label, pair.value
        if pair.bullet:
            self._item(label, indent)
            indent += pair.bullet
        elif levels[-1][0] >= indent:
            self._back(indent)
        _, shape, record, seen = levels[-1]
        if label in seen:  # the next one of its kind
            level, _, _, _ = levels.pop()
            if not levels:
                self._new(-1, self._base)
            else:
                self._new(level, shape)
            _, shape, record, seen = levels[-1]
        if len(seen) < 1024:
            seen.add(label)
        place = shape.members.get(label) or shape.member(label)
        inner = len(levels) > 1
        offset = leaf.start + position
        skip = leaf.skip + position
        again = inner and pair.word and not self._every_name
        if not again or place not in self._given:
            if again:
                self._given.add(place)
            name = Leaf(
                leaf.text,
                label,
                shape.names,
                offset + pair.first,
                leaf.offsets,
                leaf.token,
                record,
                None,
                leaf.layers,
                False,
                inner or leaf.name,
                skip + pair.first,
            )
            draft.leaves.append(name)
            draft.shapes.append(shape)
        if pair.opens:
            self._new(indent, place)
            if pair.below:
                self._above = (pair.indent, place)
        else:
            self._hold(value, offset + pair.start, skip + pair.start, place, record)
        self._place = place if value else None

    def _hold(self, value: str, offset: int, skip: int, place: Shape, record: Record) -> None:
        """The same as ``part``, for a value that was cut out already, and as ``Draft.hold``."""
        leaf, draft = self._leaf, self.draft
        made = Leaf(
            leaf.text,
            value,
            place.names,
            offset,
            leaf.offsets,
            leaf.token,
            record,
            place.column,
            leaf.layers,
            False,
            leaf.name,
            skip,
        )
        draft.leaves.append(made)
        draft.shapes.append(place)
        if place.role > KIND:
            draft.valued.append(made)
        record.leaves.append(made)

    def _item(self, label: str, indent: int) -> None:
        """An item of a list: another thing where its label comes again, else one more line about the same."""
        self._back(indent + 1)
        while len(self._levels) > 1 and self._levels[-1][0] > indent:
            self._levels.pop()
        if self._levels[-1][0] != indent or label in self._levels[-1][3]:
            self._back(indent)
            self._new(indent, self._levels[-1][1].item())

    def _back(self, indent: int) -> None:
        while len(self._levels) > 1 and self._levels[-1][0] >= indent:
            self._levels.pop()

    def _put(self, places: Sequence[Place], position: int) -> None:
        """Take what stands in the line that begins at ``position``: it is one record's."""
        leaf = self._leaf
        shape = self._base
        record = Record(self._levels[-1][2])
        offset, skip = leaf.start + position, leaf.skip + position
        for count, (label, value, start) in enumerate(places):
            if not count % _STRIDE:
                self._check()
            place = shape.members.get(label) or shape.member(label)
            self._hold(value, offset + start, skip + start, place, record)


_MOST_PARAMETERS = 512
_PARAMETER = re.compile(r"[?&;\s\"']([A-Za-z_][\w.\[\]-]{0,47}+)=([^&\s\"'<>#;]++)")
_FIRST_PARAMETER = re.compile(r"([A-Za-z_][\w.\[\]-]{0,47}+)=([^&\s\"'<>#;]++)")
# What ends a value where it is decoded: space, comma, quotes; a plus is a space.
_ENCODED = re.compile(r"[%+](?:(?<=%)(?:20|2[267Cc]|3[BbCcEe]|0[9AaDd])|(?<=\w\+)(?=\w))").search


def parameters(leaf: Leaf, shape: Shape, check: Callable[[], None]) -> Draft | None:
    """The values of a query or a form (``a=Ann%20Lee&b=…``) whose ends would be lost if they were decoded first."""
    text = leaf.string
    if _ENCODED(text) is None:
        return None
    draft = Draft()
    record = Record(leaf.record)
    plus = "&" in text or "?" in text
    for count, found in enumerate(_parameters(text)):
        if not count % _STRIDE:
            check()
        value = found[2]
        if _ENCODED(value) is None:
            continue
        if len(draft.leaves) == _MOST_PARAMETERS:  # a longer one is read only as it is decoded as a whole
            break
        place = shape.members.get(found[1]) or shape.member(found[1])
        start, end = found.span(2)
        if plus and "+" in value[1:] and "@" not in value:
            offsets = Offsets()
            offsets.run(start, end + 1 - start)
            string = value[0] + value[1:].replace("+", " ")
            draft.add(reread(leaf, string, offsets, place.names, record, place.column), place)
        elif "%" in value:
            draft.add(part(leaf, start, end, place.names, record, place.column), place)
    return draft if draft.leaves else None


def _parameters(text: str) -> Iterator[re.Match[str]]:
    """All names with values in ``text``, in order."""
    # The only one without a character in front is looked for by itself: an expression for both is slow to search.
    first = _FIRST_PARAMETER.match(text)
    if first is not None:
        yield first
    yield from _PARAMETER.finditer(text, 0 if first is None else first.end())


_MOST_OF_ADDRESS = 3  # further lines
_LONGEST_OF_ADDRESS = 48  # characters


def labelled(draft: Draft) -> None:
    """Give values the names that stand in a member beside them: ``{"key": "SSN", "value": "…"}``. In a list of such
    objects the values are one record's.
    """
    known: dict[int, tuple[str, str, bool]] = {}
    asked: dict[int, str] | None = None
    columns: dict[tuple[tuple[str, ...], str], Column] = {}
    for leaf in draft.valued:
        record = leaf.record
        if record is None or not leaf.names:
            continue
        found = known.get(id(record))
        if found is None:
            found = known[id(record)] = (*_labels(record), _is_field(record))
        sure, kind, alone = found
        role = role_of(leaf.names[0])
        if not sure and role in (VALUE, CONTENT) and not leaf.number:
            asked = _asked(draft) if asked is None else asked
            sure = asked.get(id(record), "")
        label = sure or (kind if role == VALUE else "")
        if not label or role not in (VALUE, CONTENT):
            continue
        if sure and alone and record.parent is not None:
            leaf.record = record.parent
            record.parent.leaves.append(leaf)
            place = (leaf.names, label)
            column = columns.get(place)
            if column is None:
                column = columns[place] = Column()
            column.leaves.append(leaf)
            leaf.column = column
        leaf.names = (label, *leaf.names[:11])


def _is_field(record: Record) -> bool:
    """Whether an object says nothing but a name, its value and what kind of value it is."""
    return len(record.leaves) <= _MOST_MEMBERS and all(leaf.names and role_of(leaf.names[0]) for leaf in record.leaves)


_MOST_MEMBERS = 4


_ASKED = frozenset(
    ("field", "question", "property", "attribute", "definition", "column", "customField", "custom_field")
)
_ASKED_BY = frozenset(("title", "label", "name", "question", "text", "key", "ref"))


def _asked(draft: Draft) -> dict[int, str]:
    """What an object in an object calls its value, by the identity of the outer one's record: ``{"field": {"title":
    "Your name"}, "text": "…"}``.
    """
    found: dict[int, str] = {}
    for leaf in draft.leaves:
        names, record = leaf.names, leaf.record
        if len(names) > 1 and names[1] in _ASKED and names[0] in _ASKED_BY and record is not None:
            string = leaf.string
            if record.parent is not None and 0 < len(string) <= _LONGEST and string.count(" ") <= _MOST_WORDS:
                found.setdefault(id(record.parent), string)
    return found


def label_of(leaf: Leaf) -> str:
    """What the object around a data: URI calls it: ``{"title": "Phone", "href": "data:…"}``; "": nothing."""
    if leaf.record is None or not leaf.names or role_of(leaf.names[0]) != LINK or leaf.string[:5].lower() != "data:":
        return ""
    return _labels(leaf.record)[0]


def _labels(record: Record) -> tuple[str, str]:
    """(what the object calls its value, what it calls its kind)"""
    sure = kind = ""
    for leaf in record.leaves:
        if leaf.number or not leaf.names or not 0 < len(leaf.string) <= _LONGEST or "\n" in leaf.string:
            continue
        role = role_of(leaf.names[0])
        if role == LABEL and not sure and leaf.string.count(" ") <= _MOST_WORDS:
            sure = leaf.string
        elif role == KIND and not kind and not leaf.string.isdigit():
            kind = leaf.string
    return sure, kind
