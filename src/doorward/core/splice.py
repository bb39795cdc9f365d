"""The splicing writer: a message again, with a few strings, keys and numbers replaced and every other byte as it came.

Offsets are looked for only here, and only along the pointers that are edited (law "One reading").
"""

import re
from collections.abc import Sequence

import msgspec

from doorward.core import scan

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")  # RFC 8259 §6
_INDEX = re.compile(r"0|[1-9][0-9]*")  # RFC 6901 §4
_BAD_ESCAPE = re.compile(r"~(?![01])")  # RFC 6901 §3


class Edit(msgspec.Struct, frozen=True):
    """One replacement in a message.

    `pointer` is an RFC 6901 JSON pointer from the top of the message (for a batch, from its array), in the names that
    the message had *before* any edit. Without `key` it names a string or a number, with `key` a member whose name is
    replaced. `new` is a string; an int, or a str with `literal`, is a number in exactly that spelling. A string can
    become a string only; a number can become either. With `add` a member that is not there is put behind the last of
    its object, and the objects on the way to it as well.
    """

    pointer: str
    new: str | int
    key: bool = False
    literal: bool = False
    add: bool = False


class _Node:
    """What is edited at one place of the message, and below it."""

    __slots__ = ("add", "below", "rename", "replace")

    def __init__(self) -> None:
        self.below: dict[str, _Node] = {}
        self.rename: str | None = None
        self.replace: bytes | None = None
        self.add = False  # where it is not there, it is made

    def made(self) -> bytes:
        """The value of a member that is not there."""
        if not self.add:
            raise ValueError("no such member")
        if self.replace is not None:
            if self.below:
                raise ValueError("an edit below a value that is replaced")
            return self.replace
        return b"{" + b",".join(_quoted(name) + b":" + child.made() for name, child in self.below.items()) + b"}"


def splice(raw: bytes, edits: Sequence[Edit]) -> bytes:
    """`raw` with the edits applied; `raw` must be a body that `read` accepted.

    Raises ValueError for an edit that cannot be made: no such place, not a string or number, two edits of one place,
    a malformed pointer or number, a string that UTF-8 cannot hold, a new name that its object already has.
    """
    if not edits:
        return raw
    cuts: list[tuple[int, int, bytes]] = []
    _Walk(raw, cuts).value(scan.start(raw), _plan(edits))
    pieces: list[bytes] = []
    done = 0
    for begin, end, new in cuts:
        pieces += (raw[done:begin], new)
        done = end
    pieces.append(raw[done:])
    return b"".join(pieces)


def _plan(edits: Sequence[Edit]) -> _Node:
    top = _Node()
    for edit in edits:
        node = top
        for name in _names(edit.pointer):
            node = node.below.setdefault(name, _Node())
            node.add = node.add or edit.add
        if edit.key and node.rename is None and node is not top:
            node.rename = _new_name(edit)
        elif not edit.key and node.replace is None:
            node.replace = _encoded(edit)
        else:
            raise ValueError("two edits of one place, or a new name for the whole message")
    return top


def _names(pointer: str) -> list[str]:
    if (pointer and not pointer.startswith("/")) or _BAD_ESCAPE.search(pointer):
        raise ValueError("not a JSON pointer")
    return [name.replace("~1", "/").replace("~0", "~") for name in pointer.split("/")[1:]]


def _new_name(edit: Edit) -> str:
    if not isinstance(edit.new, str) or edit.literal or edit.add:
        raise ValueError("a member name is a string")
    return edit.new


def _encoded(edit: Edit) -> bytes:
    if type(edit.new) is int:
        return b"%d" % edit.new
    if not isinstance(edit.new, str):
        raise ValueError("a new value is a string or a number")
    if not edit.literal:
        return msgspec.json.encode(edit.new)
    if not _NUMBER.fullmatch(edit.new):
        raise ValueError("a literal is a JSON number")
    return edit.new.encode()


class _Walk:
    """Goes once through the edited parts of a message, in order, and notes what is cut out and put in."""

    __slots__ = ("cuts", "raw")

    def __init__(self, raw: bytes, cuts: list[tuple[int, int, bytes]]) -> None:
        self.raw = raw
        self.cuts = cuts

    def value(self, position: int, node: _Node) -> int:
        """Edit the value at `position`; return the offset behind it."""
        first = self.raw[position : position + 1]
        if node.replace is not None:
            return self._scalar(position, first, node)
        if first == b"{":
            return self._object(position, node)
        if first == b"[":
            return self._array(position, node)
        if node.below:
            raise ValueError("an edit below a value that holds none")
        return scan.skip(self.raw, position)

    def _scalar(self, position: int, first: bytes, node: _Node) -> int:
        end = scan.skip(self.raw, position)
        if node.below or node.replace is None:
            raise ValueError("an edit below a value that is replaced")
        if first == b'"' and node.replace[:1] != b'"':
            raise ValueError("a string becomes a string only")
        if first != b'"' and first not in _NUMBER_STARTS:
            raise ValueError("only strings and numbers are replaced")
        self.cuts.append((position, end, node.replace))
        return end

    def _object(self, position: int, node: _Node) -> int:
        names: list[str] = []
        left = dict(node.below)
        last = 0  # behind the last member

        def visit(begin: int, end: int, value: int) -> int:
            nonlocal last
            name = scan.name_of(self.raw[begin:end])
            child = left.pop(name, None)
            if child is None:
                names.append(name)
                last = scan.skip(self.raw, value)
                return last
            names.append(name if child.rename is None else child.rename)
            if child.rename is not None:
                self.cuts.append((begin, end, _quoted(child.rename)))
            last = self.value(value, child)
            return last

        behind = scan.each_member(self.raw, position, visit)
        if left:
            names += left
            added = b",".join(_quoted(name) + b":" + child.made() for name, child in left.items())
            last, added = (last, b"," + added) if last else (position + 1, added)
            self.cuts.append((last, last, added))
        if len(set(names)) != len(names):
            raise ValueError("a new name that its object already has")
        return behind

    def _array(self, position: int, node: _Node) -> int:
        wanted = {int(name): child for name, child in node.below.items() if _INDEX.fullmatch(name)}
        if any(child.rename is not None for child in node.below.values()):
            raise ValueError("an element has no name")
        seen = 0

        def visit(index: int, value: int) -> int:
            nonlocal seen
            child = wanted.get(index)
            if child is None:
                return scan.skip(self.raw, value)
            seen += 1
            return self.value(value, child)

        behind = scan.each_element(self.raw, position, visit)
        if seen != len(node.below):
            raise ValueError("no such element")
        return behind


def _quoted(name: str) -> bytes:
    return msgspec.json.encode(name)


_NUMBER_STARTS = frozenset(bytes((byte,)) for byte in b"-0123456789")
