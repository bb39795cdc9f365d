"""Values that are split over consecutive content blocks: the end of one and the beginning of the next, read together.

Only what goes on without a break is joined: a run of digits, or of the characters of an address or a token. Two blocks
of prose end and begin with a word each, which is why a token needs a digit or an at sign.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from doorward.core.leaf import Leaf

_MOST: Final = 96  # characters that one block gives
_MOST_BLOCKS: Final = 32
_LEAST: Final = 7  # digits, or characters of a token
_COMPLETE: Final = 9  # digits that may be a number of their own; two such are a list of them

_LONGEST_INDEX: Final = 10
_GAP: Final = r"[ .()/\-]"
# The same seen from the front and from the back: a block's string is turned round to look at its end.
_DIGITS: Final = re.compile(rf"[ .\-]?\+?\(?[0-9](?:{_GAP}{{0,2}}[0-9])*+\)?[ .\-]?")
_DIGITS_BACK: Final = re.compile(rf"[ .\-]?\)?[0-9](?:{_GAP}{{0,2}}[0-9])*+\(?\+?")
_BEGINS: Final = frozenset(" .-+(0123456789")
_ENDS: Final = frozenset(" .-)0123456789")
_TOKEN: Final = re.compile(r"[0-9A-Za-z@._%+/=\-]++")
_NUMBER: Final = re.compile(r"[0-9./+\-]*+")
_GOES_ON: Final = re.compile(r"[.\-]?[0-9A-Za-z@_%+/=]")
_A_GAP: Final = re.compile(r"(?<=[0-9])[ .\-](?=[0-9])")


# ``leaf.string[start:end]``.
_Piece = tuple[Leaf, int, int]


class Split:
    """What the blocks say together, ``string``; ``pieces`` in order, and a ``gap`` that was set between two digits that
    belongs to none of them.
    """

    __slots__ = ("_gap", "pieces", "string")

    def __init__(self, string: str, pieces: Sequence[_Piece], gap: str = "") -> None:
        self.string = string
        self.pieces = pieces
        self._gap = gap

    def spans(self, start: int, end: int) -> list[_Piece]:
        """Where ``string[start:end]`` stands: the leaf, and start and end in its ``string``.

        One alone means that the span is within one block, which its own leaf shows as well.
        """
        found = []
        at = 0
        before = ""
        for leaf, first, last in self.pieces:
            if _is_gap(before, leaf.string[first : first + 1], self._gap):
                at += len(self._gap)
            begin = max(start, at)
            behind = min(end, at + last - first)
            if begin < behind:
                found.append((leaf, begin + first - at, behind + first - at))
            at += last - first
            before = leaf.string[last - 1 : last]
        return found


def _is_gap(before: str, behind: str, gap: str) -> bool:
    """Whether ``gap`` stands between the two characters."""
    return gap != "" and before.isdecimal() and behind.isdecimal()


def joined(leaves: Sequence[Leaf]) -> list[Split]:
    """What is split over texts that follow each other: ``/result/content/N/text``, or the strings of one array.

    ``leaves`` in the order in which they stand, as ``Document.leaves``.
    """
    found: list[Split] = []
    for blocks in _followers(leaves):
        found += _chains(blocks, digits=True)
        if blocks[0].last.text.pointer.endswith("/text"):  # strings of one array are many values, as a rule
            found += _chains(blocks, digits=False)
    return found


def reaches(leaves: Sequence[Leaf], shut: Sequence[Leaf]) -> bool:
    """Whether something may be split over one of the texts ``shut`` and the next one. The leaf with which it begins is
    the same as if it had been walked; the last one would be a part of it, which may be shorter.
    """
    texts = {id(leaf.text) for leaf in shut}
    return any(
        _meet(one, other)
        for blocks in _followers(leaves)
        for one, other in pairwise(blocks)
        if id(one.last.text) in texts
    )


def _meet(one: "_Block", other: "_Block") -> bool:
    last, first = one.end(), other.first
    if last is None or first is None:
        return False
    if _tail(last.string, digits=True) and _head(first.string, digits=True):
        return True
    tail, head = _tail(last.string, digits=False), _head(first.string, digits=False)
    if not tail or not head:
        return False
    if tail == len(last.string) or head == len(first.string):  # and over further ones
        return True
    said = last.string[-tail:] + first.string[:head]
    return "@" in said or any(map(str.isdecimal, said))


class _Block:
    """One text: the leaf with which it begins, and the one with which it ends, if they reach so far."""

    __slots__ = ("first", "index", "last")

    def __init__(self, index: int, leaf: Leaf) -> None:
        self.index = index
        self.first: Leaf | None = leaf if leaf.string and leaf.locate(0, 0)[0] == 0 else None
        self.last: Leaf = leaf

    def end(self) -> Leaf | None:
        leaf = self.last
        text = leaf.text.string
        return leaf if leaf.string and leaf.locate(0, len(leaf.string))[1] == len(text) else None


def _followers(leaves: Sequence[Leaf]) -> Iterator[list[_Block]]:
    """Texts with one pointer but for the index, in rows of two and more. Cells under heads of their own are none."""
    rows: dict[str, list[_Block]] = {}
    text = None
    block: _Block | None = None
    for leaf in leaves:
        if leaf.text is text:
            if block is not None and not leaf.name and leaf.token is None:
                block.last = leaf
            continue
        text = leaf.text
        block = None
        pointer = text.pointer
        if text.key or text.number or leaf.name or leaf.token is not None:
            continue
        if not (pointer.endswith("/text") or pointer[-1:].isdecimal()):
            continue
        whose, _, index = pointer.rpartition("/")
        is_block = index == "text"
        if is_block:
            whose, _, index = whose.rpartition("/")
        if not 0 < len(index) < _LONGEST_INDEX or not (index.isdigit() and index.isascii()) or "\n" in whose:
            continue
        if is_block:
            whose += "\n"  # as no array of strings is called
        block = _Block(int(index), leaf)
        row = rows.get(whose)
        if row is None:
            row = rows[whose] = []
        elif row[-1].index != block.index - 1 or (not is_block and row[-1].last.names != leaf.names):
            if len(row) > 1:
                yield row
            rows[whose] = row = []
        row.append(block)
    for row in rows.values():
        if len(row) > 1:
            yield row


def _chains(blocks: list[_Block], *, digits: bool) -> Iterator[Split]:
    i = 0
    while i < len(blocks) - 1:
        if digits and not _may_go_on(blocks[i], blocks[i + 1]):
            i += 1
            continue
        leaf = blocks[i].end()
        tail = 0 if leaf is None else _tail(leaf.string, digits=digits)
        if leaf is None or not tail:
            i += 1
            continue
        pieces: list[_Piece] = [(leaf, len(leaf.string) - tail, len(leaf.string))]
        while i + 1 < len(blocks) and len(pieces) < _MOST_BLOCKS:
            following = blocks[i + 1].first
            head = 0 if following is None else _head(following.string, digits=digits)
            if following is None or not head:
                break
            pieces.append((following, 0, head))
            i += 1
            if head < len(following.string) or blocks[i].end() is not following:
                break
        if len(pieces) > 1:
            yield from _read(pieces, digits=digits)
        else:
            i += 1


def _may_go_on(one: _Block, other: _Block) -> bool:
    """Whether the two characters where the blocks meet may be those of one number; most say that they are not."""
    last, first = one.last.string, other.first
    return last[-1:] in _ENDS and first is not None and first.string[:1] in _BEGINS


def _head(string: str, *, digits: bool) -> int:
    if not digits and _GOES_ON.match(string) is None:
        return 0
    found = (_DIGITS if digits else _TOKEN).match(string[:_MOST])
    return 0 if found is None else found.end()


def _tail(string: str, *, digits: bool) -> int:
    found = (_DIGITS_BACK if digits else _TOKEN).match(string[: -_MOST - 1 : -1])
    if found is None or (not digits and string[-1] == "." and "@" not in found[0]):  # the end of a sentence
        return 0
    return found.end()


def _read(pieces: list[_Piece], *, digits: bool) -> Iterator[Split]:
    """The pieces as they follow each other; of digits in groups also with the separator that the break stands for."""
    strings = [leaf.string[start:end] for leaf, start, end in pieces]
    whole = "".join(strings)
    count = sum(map(str.isdecimal, whole))
    if digits:
        if count >= _LEAST and sum([sum(map(str.isdecimal, string)) >= _COMPLETE for string in strings]) < 2:
            yield Split(whole, pieces)
            gap = next(filter(None, map(_A_GAP.search, strings)), None)
            if gap is not None and any(one[-1].isdecimal() and two[0].isdecimal() for one, two in pairwise(strings)):
                yield Split(_apart(strings, gap[0]), pieces, gap[0])
    elif len(whole) >= _LEAST and (count or "@" in whole) and whole.count("@") < 2 and not _NUMBER.fullmatch(whole):
        yield Split(whole, pieces)


def _apart(strings: list[str], gap: str) -> str:
    out = strings[0]
    for string in strings[1:]:
        out += gap + string if _is_gap(out[-1:], string[0], gap) else string
    return out
