"""Values that are split over consecutive content blocks: the end of one and the beginning of the next, read together.

Only what goes on without a break is joined: a run of digits, or of the characters of an address or a token. Two blocks
of prose end and begin with a word each, which is why a token needs a digit or an at sign.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from doorward.core.leaf import Leaf

_MOST: Final = 96  # characters that one block gives
_MOST_BLOCKS: Final = 32
_LEAST: Final = 7  # digits, or characters of a token
_COMPLETE: Final = 9  # digits that may be a number of their own; two such are a list of them

_SIBLING: Final = re.compile(r"(.*/)([0-9]{1,9})(/text)?")
_GAP: Final = r"[ .()/\-]"
# The same seen from the front and from the back: a block's string is turned round to look at its end.
_DIGITS: Final = re.compile(rf"[ .\-]?\+?\(?[0-9](?:{_GAP}{{0,2}}[0-9])*+\)?[ .\-]?")
_DIGITS_BACK: Final = re.compile(rf"[ .\-]?\)?[0-9](?:{_GAP}{{0,2}}[0-9])*+\(?\+?")
_TOKEN: Final = re.compile(r"[0-9A-Za-z@._%+/=\-]++")
_NUMBER: Final = re.compile(r"[0-9./+\-]*+")
_GOES_ON: Final = re.compile(r"[.\-]?[0-9A-Za-z@_%+/=]")
_A_GAP: Final = re.compile(r"(?<=[0-9])[ .\-](?=[0-9])")


class Part(NamedTuple):
    """``leaf.string[start:end]`` stands at ``at`` in the joined string."""

    at: int
    leaf: Leaf
    start: int
    end: int


class Split(NamedTuple):
    """What the blocks say together; ``parts`` in order. A separator that was set between two belongs to no part."""

    string: str
    parts: tuple[Part, ...]

    def spans(self, start: int, end: int) -> list[tuple[Leaf, int, int]]:
        """Where ``string[start:end]`` stands: the leaf, and start and end in its ``string``.

        One alone means that the span is within one block, which its own leaf shows as well.
        """
        found = []
        for part in self.parts:
            begin = max(start, part.at)
            behind = min(end, part.at + part.end - part.start)
            if begin < behind:
                shift = part.start - part.at
                found.append((part.leaf, begin + shift, behind + shift))
        return found


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
        place = _SIBLING.fullmatch(pointer)
        if place is None:
            continue
        block = _Block(int(place[2]), leaf)
        row = rows.setdefault(place[1] + (place[3] or ""), [])
        if row and (row[-1].index != block.index - 1 or (not place[3] and row[-1].last.names != leaf.names)):
            if len(row) > 1:
                yield row
            rows[place[1] + (place[3] or "")] = row = []
        row.append(block)
    for row in rows.values():
        if len(row) > 1:
            yield row


def _chains(blocks: list[_Block], *, digits: bool) -> Iterator[Split]:
    i = 0
    while i < len(blocks) - 1:
        leaf = blocks[i].end()
        tail = 0 if leaf is None else _tail(leaf.string, digits=digits)
        if leaf is None or not tail:
            i += 1
            continue
        pieces = [(leaf, len(leaf.string) - tail, len(leaf.string))]
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


def _read(pieces: list[tuple[Leaf, int, int]], *, digits: bool) -> Iterator[Split]:
    """The pieces as they follow each other; of digits in groups also with the separator that the break stands for."""
    strings = [leaf.string[start:end] for leaf, start, end in pieces]
    whole = "".join(strings)
    count = sum(map(str.isdecimal, whole))
    if digits:
        if count >= _LEAST and sum(sum(map(str.isdecimal, string)) >= _COMPLETE for string in strings) < 2:
            yield _with("", pieces, strings)
            gap = next(filter(None, map(_A_GAP.search, strings)), None)
            if gap is not None and any(one[-1].isdecimal() and two[0].isdecimal() for one, two in pairwise(strings)):
                yield _with(gap[0], pieces, strings)
    elif len(whole) >= _LEAST and (count or "@" in whole) and whole.count("@") < 2 and not _NUMBER.fullmatch(whole):
        yield _with("", pieces, strings)


def _with(gap: str, pieces: list[tuple[Leaf, int, int]], strings: list[str]) -> Split:
    out = ""
    parts = []
    for (leaf, start, end), string in zip(pieces, strings, strict=True):
        if gap and out and out[-1].isdecimal() and string[0].isdecimal():
            out += gap
        parts.append(Part(len(out), leaf, start, end))
        out += string
    return Split(out, tuple(parts))
