"""Where values stand: the names around them, the record and the column that they belong to.

A shape is a place with the indices taken out (``rows/*/name``). Everything that is the same for all values of a place
is worked out once, at its shape: a message of a thousand rows has as many shapes as one of a single row.
"""

import re
from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache
from itertools import accumulate

from doorward.core.leaf import Column, Leaf, Record
from doorward.detection.encodings import PAIRS, RUN, RUNS, is_token, may_be_apart, tokens
from doorward.detection.offsets import Offsets

# The nearest names say what a value is; a depth of a thousand must not make every value cost a thousand.
_MOST_NAMES = 12
LONG = 8192  # characters from which a text is cut up, so that whoever reads it can look at the clock
_BIG = 1024  # characters from which a text with lines is looked into at once
_MOST_POSITIONS = 256  # cells of a row without heads; those beyond share a column

# What may hold structure, be written in other letters than it seems, or be encoded: nothing else is looked into.
_MARKED = re.compile(r"[{\[<\n\r\t|=\\%&`\x00-\x1f\x7f-\U0010ffff]").search
# What encodings.encoded looks for as well: characters set apart.
_ALONE = re.compile(rb" a(?= {1,3}a )").finditer
_TRAILED = re.compile(r"[0-9] {1,2}[A-Za-z@._+\-]*+[0-9] ").search
_PUTS = ("VALUES (", "values (", "VALUES(", "values(", "Values (")  # of SQL
_COLON = re.compile(r":(?:['*_~]|\Z)").search
_DIGITS = bytes(0x30 if octet in b"0123456789" else 0x20 if octet == 0x20 else 0x78 for octet in range(256))
_SPACED = b"0 "
_BETWEEN = "~~~"  # leaves that are searched together: of no alphabet, and no name or separator
_UNMARKED = bytes(octet for octet in range(0x20, 0x7F) if chr(octet) not in "{[<|=\\%&`")
_LONG_PART = re.compile(r"[0-9A-Za-z]{12}").search

# Numbers and UUIDs in which nothing is encoded, nor anything else that is looked for in a leaf. Digits alone stand for
# text only in hexadecimal: sixteen or more, and an even number of them; up to nineteen only for a number in turn, with
# one octet or two for each character, or where they are compressed (encodings._from_hex). In a UUID, a dash where its
# first one stands makes an octet that is none of UTF-8; nothing compressed begins with small letters of hexadecimal.
_MUTE = r"(?:[0-9]{1,15}|[0-9]{17}|[0-9]{19}|(?!7801|(?:3[0-9]|2[089]|00){8})[0-9]{16}(?:[0-9]{2})?)"
_BARE = re.compile(
    rf"-?{_MUTE}(?:\.{_MUTE})?|[0-9a-f]{{8}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{12}}"
).fullmatch

UNMET, MET = "\0", "\1"
"""As no text of JSON goes on. Most places are met once: what stands there is only kept when one is met again."""

_PLAIN = re.compile(r"[a-z_]{1,40}+|[A-Z_]{1,40}+|[A-Za-z_]{1,15}+")


def is_plain(name: str) -> bool:
    """Whether a member name is a word as programs name things, too short to be anything encoded."""
    return _PLAIN.fullmatch(name) is not None


_NO_MEMBERS: "dict[str, Shape]" = {}  # of all places that have none: most, and where ids stand as names there are many


class Shape:
    """One place. ``names``: those around the values that stand here, the nearest first, without indices.

    ``column``: these values, where they repeat. ``role``: what a member of this name is in an object that names its
    value by another member (``{"key": "SSN", "value": …}``, see pairs.py); 0: nothing. ``gap``: what stood between such
    a value, a string of JSON, and what is before it, where it was met last; ``bare``: the same for what has no quotes.
    """

    __slots__ = ("bare", "collect", "column", "gap", "inner", "items", "members", "names", "role")

    def __init__(self, names: tuple[str, ...], role: int = 0) -> None:
        self.names = names
        self.column = Column()
        self.collect = self.column.leaves.append
        self.role = role
        self.members = _NO_MEMBERS
        self.gap = self.bare = UNMET
        self.items: Shape | None = None
        self.inner: dict[int, Shape] | None = None

    def member(self, name: str) -> "Shape":
        """The place of the member ``name`` of objects that stand here."""
        found = self.members.get(name)
        if found is None:
            found = Shape((name, *self.names[: _MOST_NAMES - 1]), role_of(name))
            if self.members:
                self.members[name] = found
            else:
                self.members = {name: found}
        return found

    def item(self) -> "Shape":
        """The place of all elements of arrays that stand here."""
        found = self.items
        if found is None:
            found = self.items = Shape(self.names, self.role)
        return found

    def cell(self, position: int) -> "Shape":
        """The place of the element at ``position`` of arrays that stand here and are rows."""
        if self.inner is None:
            self.inner = {}
        position = min(position, _MOST_POSITIONS)
        found = self.inner.get(position)
        if found is None:
            found = self.inner[position] = Shape(self.names)
        return found


CELLED = frozenset(("f", "c", "cells", "Data"))
"""Arrays of cells that are objects, in rows that are objects too: ``{"rows": [{"f": [{"v": "Ann"}, …]}, …]}``."""

LABEL, KIND, VALUE, CONTENT = 1, 2, 3, 4
LINK = -1
_LABELS = """key name label field question title property attribute variable param parameter header column prompt
    caption term fieldname displayname columnname clave campo etiqueta nombre nom champ feld bezeichnung schlüssel frage
    pregunta nome chiave domanda pytanie nazwa pole naam veld sleutel vraag"""
_KINDS = "type kind system id code typ tipo"
_VALUES = """value values val answer response fieldvalue stringvalue displayvalue currentvalue newvalue oldvalue
    rawvalue input valor respuesta valeur reponse réponse wert antwort valore risposta resposta wartość wartosc
    odpowiedź waarde antwoord"""
_CONTENTS = "content text data body texte inhalt contenido"
_LINKS = "href url uri link src source"  # where a data: URI stands, it is the content itself
ROLES = {
    **dict.fromkeys(_LABELS.split(), LABEL),
    **dict.fromkeys(_KINDS.split(), KIND),
    **dict.fromkeys(_VALUES.split(), VALUE),
    **dict.fromkeys(_CONTENTS.split(), CONTENT),
    **dict.fromkeys(_LINKS.split(), LINK),
}
_LONGEST_ROLE = max(map(len, ROLES))


@lru_cache(1024)
def role_of(name: str) -> int:
    """What a member called ``name`` is in an object of a label and a value; 0: nothing known."""
    if len(name) > _LONGEST_ROLE + 2:
        return 0
    return ROLES.get(name.lower().replace("_", "").replace("-", ""), 0)


def _never() -> None:
    """Looks at no clock."""


class Draft:
    """Leaves in the order in which they stand, before it is known what is inside them, and the place of each.

    ``valued``: those whose name may stand in another member. ``tables``: places of arrays of arrays. ``celled``: of
    rows whose cells are objects.
    """

    __slots__ = ("celled", "leaves", "shapes", "tables", "valued")

    def __init__(self) -> None:
        self.leaves: list[Leaf] = []
        self.shapes: list[Shape] = []
        self.valued: list[Leaf] = []
        self.tables: dict[Shape, None] = {}
        self.celled: dict[Shape, None] = {}

    def add(self, leaf: Leaf, shape: Shape) -> None:
        """One value."""
        self.leaves.append(leaf)
        self.shapes.append(shape)
        shape.collect(leaf)
        if shape.role > KIND:
            self.valued.append(leaf)
        if leaf.record is not None:
            leaf.record.leaves.append(leaf)

    def hold(self, leaf: Leaf, shape: Shape) -> None:
        """One value that is in no column until all are settled."""
        self.leaves.append(leaf)
        self.shapes.append(shape)
        if shape.role > KIND:
            self.valued.append(leaf)
        if leaf.record is not None:
            leaf.record.leaves.append(leaf)

    def settle(self) -> None:
        """What was held is wanted."""
        for leaf, shape in zip(self.leaves, self.shapes, strict=True):
            if leaf.column is not None:
                shape.collect(leaf)

    def put(self, leaf: Leaf, shape: Shape) -> None:
        """A piece of a leaf that is already in its record and column."""
        self.leaves.append(leaf)
        self.shapes.append(shape)

    def name(self, leaf: Leaf, shape: Shape) -> None:
        """One member name. It is in no record and no column: those are about values."""
        self.leaves.append(leaf)
        self.shapes.append(shape)

    def deeper(self, check: Callable[[], None] = _never) -> list[int]:
        """The indices of the leaves that are worth a look: they may hold structure, or be other than they seem."""
        strings = ["" if leaf.number and _is_mute(leaf.string) else leaf.string for leaf in self.leaves]
        found: set[int] = set()
        if max(map(len, strings), default=0) > _BIG:
            found.update([index for index, string in enumerate(strings) if len(string) > _BIG and _is_telling(string)])
            for index in found:
                strings[index] = ""
        everything = _BETWEEN.join(strings)
        octets = everything.encode("ascii", "replace")  # one for each character
        are_apart = may_be_apart(octets)
        apart = are_apart or _is_otherwise(everything)
        places = _tokens(everything, octets, apart, check)
        marked = not everything.isascii() or bool(octets.translate(None, _UNMARKED))
        named = everything.find(": ")
        put: list[int] = []
        if "(" in everything and ("alues" in everything or "ALUES" in everything):
            put = [place for word in _PUTS for place in _places_of(everything, word)]
        if places or put or marked or named >= 0:
            ends = list(accumulate([len(string) + len(_BETWEEN) for string in strings]))
            found.update([bisect_right(ends, place) for place in put])
            for place in places:
                index = bisect_right(ends, place)
                if index not in found and _may_hold_token(strings[index]):
                    found.add(index)
            here = _MARKED(everything) if marked else None
            while here is not None:  # once for each leaf
                index = bisect_right(ends, here.start())
                found.add(index)
                here = _MARKED(everything, ends[index])
            while named >= 0:
                index = bisect_right(ends, named)
                found.add(index)
                named = everything.find(": ", ends[index])
        if apart and "@" in everything and _SPACED in octets.translate(_DIGITS):  # mail addresses with spaces in them
            found.update([index for index, string in enumerate(strings) if " " in string and "@" in string])
        if are_apart:  # digits with spaces behind, in tokens: "gl-x2 Zu9 ca8 b"
            found.update([index for index, string in enumerate(strings) if string.count(" ") > 1 and _TRAILED(string)])
        return sorted(found)


def _places_of(text: str, word: str) -> list[int]:
    found = []
    place = text.find(word)
    while place >= 0:
        found.append(place)
        place = text.find(word, place + len(word))
    return found


def _is_telling(string: str) -> bool:
    """Whether ``string``, a long one, is looked into whatever else it holds: it has lines, begins like JSON or markup,
    or has to be cut up.
    """
    return "\n" in string or string[0] in "{[<" or len(string) > LONG


def _is_otherwise(string: str) -> bool:
    """Whether ``string`` holds what means something else, or more, in a leaf that is looked into for another reason."""
    return '"' in string or _COLON(string) is not None


def _is_mute(number: str) -> bool:
    """Whether nothing is encoded in a number: no token is so short, or it cannot be one."""
    return len(number) < len(RUN) or _BARE(number) is not None


def _may_hold_token(string: str) -> bool:
    """Whether a token may stand in the whole leaf ``string``, where a run of them was met."""
    if len(string) < len(RUN) or _BARE(string) is not None:
        return False
    return not (string.isalnum() and string.isascii()) or is_token(string)


def _tokens(string: str, octets: bytes, apart: bool, check: Callable[[], None] = _never) -> list[int]:
    """Where something stands in ``string`` that could be an encoded token; ``octets``: one for each character.

    ``apart``: characters of it may be set apart.
    """
    if not (apart or "___" in string or "...." in string or "** -" in string):
        # What is looked into for its runs alone is read for tokens and nothing else: these are as soon decoded here.
        runs = octets.translate(RUNS)
        return (
            [*tokens(string, runs, check), *_places_of(string, "ase64,")]
            if RUN in runs
            else _places_of(string, "ase64,")
        )
    runs = b" %b " % octets.translate(RUNS)
    found = []
    start = runs.find(RUN)
    while start >= 0:
        end = runs.find(b" ", start)
        if _is_token(string[start - 1 : end - 1]):
            found.append(start - 1)
        start = runs.find(RUN, end)
    if apart:
        found += [here.start() for here in _ALONE(runs)]  # the character behind the space in front
        start = runs.find(PAIRS)
        while start >= 0:
            found.append(start)
            behind = string.find(_BETWEEN, start)  # a leaf is looked into once
            start = runs.find(PAIRS, behind) if behind >= 0 else -1
    return found + _places_of(string, "ase64,")


def _is_token(run: str) -> bool:
    """Whether a run of the alphabet may be one: points in time and telephone numbers are not."""
    if len(run) % 4 != 1 and run.strip("0123456789+/-_"):
        return True
    return _LONG_PART(run) is not None


def part(
    whole: Leaf,
    start: int,
    end: int,
    names: tuple[str, ...],
    record: Record | None = None,
    column: Column | None = None,
    *,
    number: bool = False,
    name: bool = False,
) -> Leaf:
    """``whole.string[start:end]`` as a leaf of its own."""
    return Leaf(
        whole.text,
        whole.string[start:end],
        names,
        whole.start + start,
        whole.offsets,
        whole.token,
        record,
        column,
        whole.layers,
        number,
        name or whole.name,
        whole.skip + start,
        whole.quiet,
    )


def reread(
    whole: Leaf,
    string: str,
    offsets: Offsets,
    names: tuple[str, ...],
    record: Record | None = None,
    column: Column | None = None,
    *,
    name: bool = False,
) -> Leaf:
    """``string``, whose character i begins at ``offsets[i]`` of ``whole.string``, as a leaf."""
    return Leaf(
        whole.text,
        string,
        names,
        offsets=outward(whole, offsets),
        token=whole.token,
        record=record,
        column=column,
        layers=whole.layers,
        name=name or whole.name,
    )


def outward(whole: Leaf, offsets: Offsets) -> Offsets | None:
    """``offsets`` into ``whole.string`` as offsets into its text; None where it stands for a token."""
    if whole.token is not None:
        return None
    if whole.offsets is not None:
        return offsets.onto(whole.offsets, whole.skip)
    return offsets.moved(whole.start) if whole.start else offsets
