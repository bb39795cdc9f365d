"""JSON inside a string: each value in it as a leaf that knows where it stands in the string.

A strict parser in C says what the values are; as a string's quotes are the only ones between two values, each is then
found by going forward to the next quote. That costs a tenth of tokenising in Python.
"""

import re
from collections.abc import Callable, Iterator
from itertools import count as counting
from itertools import repeat
from typing import Any

import jiter

from doorward.core.leaf import Leaf, Record
from doorward.detection.offsets import Offsets
from doorward.detection.shape import CELLED, KIND, MET, UNMET, Draft, Shape, is_plain, part, reread

_STRING = re.compile(r'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)  # \\x: Python's
_PAIR = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_ONE = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_DIGITS = 6  # of a number that can be worth anything
_SHORT = 10 ** (_DIGITS - 1)
_STRIDE = 256  # values between two looks at the clock


def whole(leaf: Leaf, shape: Shape, check: Callable[[], None], every_name: bool = False) -> Draft | None:
    """The values of ``leaf.string``, if all of it is one JSON object or array; else None."""
    text = leaf.string
    try:
        value = jiter.from_json(
            text.encode(),
            allow_inf_nan=False,
            cache_mode="keys",
            catch_duplicate_keys=True,
            float_mode="lossless-float",
        )
    except (ValueError, RecursionError, MemoryError):  # surrogates that stand alone too
        return None
    if not isinstance(value, (dict, list)):
        return None
    return _Walk(leaf, check, every_name).draft(value, shape)


def quoted(leaf: Leaf, shape: Shape) -> Draft | None:
    """What ``leaf.string``, a JSON string with its quotes, stands for; None if it is none."""
    text = leaf.string
    start = len(text) - len(text.lstrip()) + 1
    end = _behind(text, start)
    if text[start - 1 : start] != '"' or text[end : end + 1] != '"' or text[end + 1 :].strip():
        return None
    if text.find("\\", start, end) < 0:
        inside = part(leaf, start, end, leaf.names, leaf.record, leaf.column)
    else:
        string, offsets = unescaped(text, start, end)
        inside = reread(leaf, string, offsets, leaf.names, leaf.record, leaf.column)
    draft = Draft()
    draft.put(inside, shape)
    return draft


def spans(text: str, check: Callable[[], None]) -> list[tuple[int, int]]:
    """Where in ``text`` objects and arrays begin and end. One that is never closed goes to the end of the text."""
    found: list[tuple[int, int]] = []
    position = 0
    failed = _FAILURES
    while (opening := _OPENING.search(text, position)) is not None:
        check()
        end = _closing(text, opening.start(), check)
        if end > 0:
            if is_json(text[opening.start() : end]):
                found.append((opening.start(), end))
            position = end
            continue
        if end == _OPEN and is_loose(text[opening.start() : opening.start() + 512]):
            found.append((opening.start(), len(text)))
            break
        failed -= 1
        if failed == 0:  # each may have looked at the whole text
            break
        position = opening.start() + 1
    return found


def is_json(text: str) -> bool:
    """Whether ``text``, from an opening bracket to its closing one, holds values with names or quotes."""
    if is_loose(text):
        return True
    try:
        jiter.from_json(text.encode(), allow_inf_nan=False)
    except (ValueError, RecursionError, MemoryError):
        return False
    return True


def is_loose(text: str) -> bool:
    """Whether ``text``, which starts with a bracket, reads like an object or an array of texts, if not like JSON."""
    return _TELLING.match(text) is not None


def is_flow(text: str) -> bool:
    """Whether ``text``, in brackets, reads like a mapping or a list as YAML has them in one line."""
    return _FLOW.match(text) is not None and ("," in text or text[0] == "{")


def _closing(text: str, start: int, check: Callable[[], None]) -> int:
    """Behind the bracket that closes the one at ``start``; _OPEN: none does; _ASTRAY: brackets do not fit."""
    waiting: list[str] = []
    for count, found in enumerate(_BRACKET.finditer(text, start)):
        if not count % _STRIDE:
            check()
        mark = found[0]
        if mark == "{":
            waiting.append("}")
        elif mark == "[":
            waiting.append("]")
        elif mark == "}" or mark == "]":
            if waiting.pop() != mark:
                return _ASTRAY
            if not waiting:
                return found.end()
    return _OPEN


_OPEN, _ASTRAY = -1, -2
_FAILURES = 3
# What must not stand before it is looked at behind it: an expression that begins with its own characters is fast.
_BARE = r"""[A-Za-z_]\w{0,47}+\s{0,3}+:\s*+["'\[{]"""  # a name without quotes: of JavaScript, YAML, GraphQL
_OPENING = re.compile(rf"""[{{\[](?<![\w)\]$#@].)(?:(?<=\{{)(?=\s*+(?:["']|{_BARE}))|(?<=\[)(?=\s*+["'{{\[]))""")
_TELLING = re.compile(rf"""(?:[{{\[]\s*+)++(?:["'][^"'\n]{{0,200}}+["']\s*+[:,]|(?<=[{{\s]){_BARE})""")
_FLOW = re.compile(r"""\{\s*+[^\W\d][\w .-]{0,47}+:\s|\[[^\[\]{}"':\n]++(?<=[^\W\d])\]\Z""")
_BRACKET = re.compile(r'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"|[{}\[\]]', re.DOTALL)
_LOOSE = re.compile(
    r"""("[^"\\]*+(?:\\.[^"\\]*+)*+"|'[^'\\]*+(?:\\.[^'\\]*+)*+'(?!\w))"""
    r"""|([{\[])|([}\]])|(,|;)|(:|=)|([^\s"'{}\[\],:;=]++|["'])""",
    re.DOTALL,
)


def loose(leaf: Leaf, shape: Shape, check: Callable[[], None], every_name: bool = False) -> Draft:
    """The values of ``leaf.string``, which looks like an object or array but is not quite JSON: as Python or JavaScript
    write it, cut off, with a name twice. Nothing of it but brackets, colons and commas is left out.
    """
    text = leaf.string
    draft = Draft()
    record = leaf.record
    place = shape
    stack: list[tuple[Shape, Record | None, bool]] = []
    is_object = False
    start = end = -1  # of what may still turn out to be a name or a value
    quote = False
    named = False
    plain: set[str] = set()

    def flush() -> None:
        nonlocal start, end
        if start < 0:
            return
        begin, behind = (start + 1, end - 1) if quote or _is_template(text, start, end) else (start, end)
        if begin < behind:
            if "\\" in text[begin:behind]:
                string, offsets = unescaped(text, begin, behind)
                draft.add(reread(leaf, string, offsets, place.names, record, place.column), place)
            else:
                spelling = text[begin:behind]
                number = not quote and _NUMBER.fullmatch(spelling) is not None
                draft.add(part(leaf, begin, behind, place.names, record, place.column, number=number), place)
        start = end = -1

    for count, found in enumerate(_LOOSE.finditer(text)):
        if not count % _STRIDE:
            check()
        kind = found.lastindex
        if kind == 6 or (kind == 5 and (named or not is_object or start < 0)):
            if start >= 0 and quote:  # a quoted value has ended: the next member, without a comma between
                flush()
                if kind == 6 and is_object and named:
                    place, named = stack[-1][0], False
            if start < 0:
                start = found.start()
            end = found.end()
            quote = False
        elif kind == 1:
            flush()
            start, end = found.span()
            quote = True
        elif kind == 5:
            begin, behind = (start + 1, end - 1) if quote else (start, end)
            outer = stack[-1][0]
            name = text[begin:behind]
            if name and name not in plain:
                draft.name(part(leaf, begin, behind, outer.names, record, name=True), outer)
                if not every_name and is_plain(name):
                    plain.add(name)
            place = outer.member(unescaped(text, begin, behind)[0] if "\\" in name else name)
            start = end = -1
            named = True
        elif kind == 2:
            flush()
            named = False
            if len(stack) < _DEEPEST:
                is_object = found[2] == "{"
                stack.append((place, record, is_object))
                if is_object:
                    record = Record(record)
                else:
                    place = place.item()
        elif kind == 3:
            flush()
            named = False
            if stack:
                place, record, _ = stack.pop()
            is_object = bool(stack) and stack[-1][2]
            if stack:
                place = stack[-1][0] if is_object else stack[-1][0].item()
        else:
            flush()
            named = False
            if is_object:
                place = stack[-1][0]
    flush()
    return draft


def _is_template(text: str, start: int, end: int) -> bool:
    return end - start > 2 and text[start] == "`" == text[end - 1]


_DEEPEST = 200
_COLON = re.compile(r"\s*+:\s*+")
_NUMBER = re.compile(r"-?[0-9]++(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?")


_OBJECT, _ARRAY, _ROW = range(3)
_Open = tuple[int, Iterator[Any], Shape, Record | None]
_LONGEST_GAP = 128


class _Walk:
    """Goes through a parsed value and its text side by side. Objects of one place are mostly written alike: what stands
    between two values is then what stood there in the object before, and need not be read again.
    """

    __slots__ = ("_check", "_draft", "_escaped", "_every_name", "_leaf", "_plain", "_simple")

    def __init__(self, leaf: Leaf, check: Callable[[], None], every_name: bool) -> None:
        self._leaf = leaf
        self._check = check
        self._every_name = every_name
        self._plain: set[str] = set()
        self._draft = Draft()
        self._simple = leaf.offsets is None and leaf.token is None and not leaf.name
        self._escaped = "\\" in leaf.string  # else each string is as long as what it stands for

    def draft(self, value: Any, shape: Shape) -> Draft:
        """The leaves of ``value``, which is an object or an array."""
        position = 0
        count = 0
        # Of each container around: what it is, what is left of it, its place, its record.
        stack: list[_Open] = []
        record = self._leaf.record
        while True:
            if type(value) is dict:
                kind = _OBJECT
                record = Record(record)
                todo: Iterator[Any] = iter(value.items())
            elif stack and stack[-1][0] != _OBJECT:
                if stack[-1][0] == _ARRAY:
                    record = Record(record)
                kind = _ROW
                self._draft.tables[shape] = None
                todo = zip(value, map(shape.cell, counting()), strict=False)
            elif shape.names and shape.names[0] in CELLED and value and type(value[0]) is dict:
                kind = _ARRAY
                self._draft.celled[shape] = None
                todo = zip(value, map(shape.cell, counting()), strict=False)
            else:
                kind = _ARRAY
                todo = zip(value, repeat(shape.item()), strict=False)
            stack.append((kind, todo, shape, record))
            while True:
                if kind == _OBJECT:
                    position, below = self._members(todo, shape, record, position)
                else:
                    position, below = self._elements(todo, record, position, stack)
                count += 1
                if not count % _STRIDE:
                    self._check()
                if below is not None:
                    shape, value = below
                    record = stack[-1][3]
                    break
                stack.pop()
                if not stack:
                    return self._draft
                kind, todo, shape, record = stack[-1]

    def _members(
        self, todo: Iterator[tuple[str, Any]], shape: Shape, record: Record | None, position: int
    ) -> tuple[int, tuple[Shape, Any] | None]:
        """Go on with an object until a container is in it: (the offset behind, that container and its place)."""
        leaf = self._leaf
        text = leaf.string
        draft = self._draft
        add, add_shape = draft.leaves.append, draft.shapes.append
        add_to_record = record.leaves.append if record is not None else None
        whole, base, layers = leaf.text, leaf.start, leaf.layers
        simple, escaped, plain = self._simple, self._escaped, self._plain
        goes_on, quote = text.startswith, text.find
        members = shape.members
        for name, value in todo:
            place = members.get(name)
            if place is None:
                place = shape.member(name)
                members = shape.members
            if type(value) is str:
                if name in plain and goes_on(place.gap, position):
                    start = position + len(place.gap)
                else:
                    start = quote('"', self._named(name, shape, record, position)) + 1
                    if start - position < _LONGEST_GAP:
                        place.gap = text[position:start] if place.gap is not UNMET else MET
                if not simple or (escaped and not _is_verbatim(text, value, start)):
                    position = self._string(value, place, record, start)
                    continue
                position = start + len(value) + 1
                made = Leaf(whole, value, place.names, base + start, None, None, record, place.column, layers)
            elif type(value) is dict or type(value) is list:
                return self._named(name, shape, record, position), (place, value)
            else:
                spelling = _spelling(value)
                if name in plain and goes_on(place.bare, position):
                    start = position + len(place.bare)
                else:
                    start = self._named(name, shape, record, position)
                    colon = _COLON.match(text, start)
                    start = colon.end() if colon is not None else start
                    if start - position < _LONGEST_GAP:
                        place.bare = text[position:start] if place.bare is not UNMET else MET
                position = start + len(spelling)
                if not _is_told(value, spelling):
                    continue
                if not simple:
                    made = part(leaf, start, position, place.names, record, place.column, number=True)
                else:
                    made = Leaf(
                        whole, spelling, place.names, base + start, None, None, record, place.column, layers, True
                    )
            add(made)
            add_shape(place)
            place.collect(made)
            if add_to_record is not None:
                add_to_record(made)
            if place.role > KIND:
                draft.valued.append(made)
        return position, None

    def _elements(
        self, todo: Iterator[tuple[Any, Shape]], record: Record | None, position: int, stack: list[_Open]
    ) -> tuple[int, tuple[Shape, Any] | None]:
        """The same for an array, or a row of a table. Most hold objects with nothing in them but values: those are gone
        through here; one with a container in it is put on the ``stack``.
        """
        text = self._leaf.string
        for count, (value, place) in enumerate(todo, 1):
            if not count % _STRIDE:
                self._check()
            if type(value) is str:
                start = text.find('"', position) + 1
                position = self._string(value, place, record, start)
            elif type(value) is dict:
                members, inner = iter(value.items()), Record(record)
                position, below = self._members(members, place, inner, position)
                if below is not None:
                    stack.append((_OBJECT, members, place, inner))
                    return position, below
            elif type(value) is list:
                return position, (place, value)
            elif value is not None and value is not True and value is not False:
                position = self._number(value, place, record, position)
        return position, None

    def _string(self, value: str, place: Shape, record: Record | None, start: int) -> int:
        leaf = self._leaf
        text = leaf.string
        end = start + len(value)
        if self._escaped and not _is_verbatim(text, value, start):
            end = _behind(text, start)
            made = reread(leaf, *unescaped(text, start, end), place.names, record, place.column)
        elif self._simple:
            made = Leaf(
                leaf.text, value, place.names, leaf.start + start, None, None, record, place.column, leaf.layers
            )
        else:
            made = part(leaf, start, end, place.names, record, place.column)
        self._draft.add(made, place)
        return end + 1

    def _number(self, value: Any, place: Shape, record: Record | None, position: int) -> int:
        spelling = _spelling(value)
        if not _is_told(value, spelling):
            return position
        # Numbers that were passed over have fewer digits, so this is the first place where it occurs.
        leaf = self._leaf
        start = leaf.string.find(spelling, position)
        if start < 0:
            return position
        end = start + len(spelling)
        self._draft.add(part(leaf, start, end, place.names, record, place.column, number=True), place)
        return end

    def _named(self, name: str, shape: Shape, record: Record | None, position: int) -> int:
        """The offset behind the name that comes next, which is a leaf unless it is known already."""
        leaf = self._leaf
        text = leaf.string
        start = text.find('"', position) + 1
        end = start + len(name)
        escaped = self._escaped and not _is_verbatim(text, name, start)
        if escaped:
            end = _behind(text, start)
        if name not in self._plain:
            if not self._every_name and is_plain(name):
                self._plain.add(name)
            if escaped:
                made = reread(leaf, *unescaped(text, start, end), shape.names, record, name=True)
            else:
                made = part(leaf, start, end, shape.names, record, name=True)
            self._draft.name(made, shape)
        return end + 1


def _spelling(value: Any) -> str:
    """How a number, or one of JSON's words, is written: floats as they were."""
    return str(value) if value is not None and value is not True and value is not False else _WORDS[value]


_WORDS = {None: "null", True: "true", False: "false"}


def _is_told(value: Any, spelling: str) -> bool:
    """Whether a number has digits enough to be worth anything."""
    if type(value) is int:
        return not -_SHORT < value < _SHORT
    # A float has a point or an exponent.
    return len(spelling) > _DIGITS and sum(map(str.isdigit, spelling)) >= _DIGITS


def _is_verbatim(text: str, string: str, start: int) -> bool:
    """Whether ``string``, which begins at ``start`` of ``text``, stands there as it is."""
    return text[start + len(string)] == '"' and text.startswith(string, start)


def _behind(text: str, start: int) -> int:
    """Where the string ends whose first character is at ``start``."""
    found = _STRING.match(text, start)
    return found.end() if found is not None else len(text)


def unescaped(text: str, start: int, end: int) -> tuple[str, Offsets]:
    """What ``text[start:end]`` stands for inside a JSON string, and where each character of that begins in ``text``."""
    pieces: list[str] = []
    offsets = Offsets()
    position = start
    while True:
        found = _ESCAPE.search(text, position, end)
        stop = end if found is None else found.start()
        pieces.append(text[position:stop])
        offsets.run(position, stop - position)
        if found is None:
            break
        position = found.end()
        if found[3] is not None:
            pieces.append(_ONE.get(found[3], found[3]))
        elif found[2] is not None:
            pieces.append(chr(int(found[2], 16)))
        elif _PAIR.match(text, stop, end):
            position += 6
            high, low = int(found[1], 16), int(text[position - 4 : position], 16)
            pieces.append(chr(0x10000 + (high - 0xD800 << 10) + low - 0xDC00))
        else:
            pieces.append(chr(int(found[1], 16)))
        offsets.run(stop, 1)
    offsets.run(end, 1)
    return "".join(pieces), offsets
