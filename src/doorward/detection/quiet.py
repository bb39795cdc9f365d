"""Long texts in which nothing can be found: they are not looked into, though something else in the message fires.

Where no trigger fires in a message there is nothing to find in it. One text alone, under the names that are around it,
is a message too; so where nothing fires there, what this text says by itself is nothing, and nor is what several such
texts say together, of which none fires. What is left is what it says together with the rest of the message. Therefore a
text is walked all the same, unless one of these is known of it:

- It is *bare*: the walk would make nothing of it but itself, for it has no table, no JSON and no mark of a label. Then
  it is the leaf that it would have been, and only the recognizers leave it out. Values found elsewhere are looked for
  in it, blocks are joined with it, and who stands beside it is known in it, as in any other leaf.
- It is *shut*: there would be values with labels, as lines and code have them. Each is a part of the text as it stands
  there, under a label that stands there too, in a record of its own below that of the text. Such a value can be
  reached by others, or reach them, in four ways: something was found in a record around it; something is to be decided
  in a column that is named like one of its labels; it holds a value that was found elsewhere; it goes on in the next
  block. Detectors know of these at their end, and where one may be they raise ``Reached``: then the message is looked
  through again with all such texts opened. Nothing that was found before is kept, so it is as if they never were shut.

Whoever else detects (a plug-in, patterns of the user) sees into every text: ``knows_quiet`` says who may be asked.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from typing import Final

import msgspec

from doorward.core.leaf import Leaf, Record
from doorward.detection import keys, keywords, nested, pairs, tables, votes
from doorward.detection.automata import Search, automaton, searcher
from doorward.detection.shape import Shape

LEAST: Final = 512
"""Characters of a text that is asked about: shorter ones are fields as often as texts, and quickly walked."""

MOST: Final = 1 << 16
"""Characters of one that is, and of those that are asked about together: the pass looks at no clock."""

_TEXTS: Final = 64  # in one message
_BESIDE: Final = 1 << 15
"""Characters of all else in a message of which texts are shut: it may have to be looked through twice."""
_PLAIN: Final = re.compile(r"[\w.:/+-]{0,200}", re.ASCII).fullmatch
_DIGITS: Final = 7
_FEW: Final = 16  # leaves of a record
_BRACKETED: Final = re.compile(r"^[ \t>]*[{\[<]", re.MULTILINE).search
# A label that names somebody's where any name is around it, however far, which the pass sees only when it is near.
_PART: Final = (
    rf"(?:{'|'.join(sorted(word for word in keywords.NAME_PART if word.isascii()))})"
    r"[\w .'-]*[\"'`*_)\]]*[ \t]*(?:[:=]|->)"
)
# Behind a label its mark, or the end; before that what closes it, and blanks. Two of these could be a mark.
_MARK: Final = r"(?![A-Za-z0-9])(?:[ \t]{2}|\t|[\"'`)\]*_ ]*(?:[^\w\s\"'`)\]*{}]|[\r\n]|\Z))"


class Reached(Exception):
    """A text that was shut has to do with what was found elsewhere, or may have."""


class Quiet:
    """Tells which texts of one message are quiet. ``fires``: the trigger pass of all detectors."""

    __slots__ = ("_fires", "_known", "is_opened", "shut")

    def __init__(self, fires: Callable[[bytes], bool]) -> None:
        self._fires = fires
        self._known: dict[int, bool] = {}
        self.is_opened = False
        """Whether none is shut any more."""
        self.shut: list[Leaf] = []

    def tell(self, leaves: Sequence[Leaf], shapes: Sequence[Shape], check: Callable[[], None]) -> None:
        """Make those of ``leaves``, which are whole texts of the message at ``shapes``, say so that are quiet."""
        self.shut = []
        bare: list[Leaf] = []
        labelled: list[Leaf] = []
        for leaf, shape in zip(leaves, shapes, strict=True):
            if LEAST <= len(leaf.string) <= MOST and self._may_be(leaf):
                if not pairs.may_be(leaf.string):
                    bare.append(leaf)
                elif not self.is_opened and _may_be_shut(leaf, shape.names):
                    labelled.append(leaf)
        if labelled and _size(leaves) - _size(labelled) > _BESIDE:
            labelled = []
        self._ask([*labelled, *bare][:_TEXTS], check)
        for leaf in (*labelled, *bare):
            leaf.quiet = self._known.get(id(leaf.text), False)
        self.shut = [leaf for leaf in labelled if leaf.quiet]

    def _may_be(self, leaf: Leaf) -> bool:
        if leaf.name or not leaf.string.isascii() or self._known.get(id(leaf.text)) is False:
            return False
        return _is_text(leaf.string) and not keys.classify(leaf.names).entity

    def _ask(self, likely: Iterable[Leaf], check: Callable[[], None]) -> None:
        """Whether no trigger fires in them: most of what a pass costs it costs once, so it is asked for together."""
        together: list[Leaf] = []
        for leaf in likely:
            if id(leaf.text) not in self._known:
                if _size(together) + len(leaf.string) > MOST:
                    self._pass(together, check)
                    together = []
                together.append(leaf)
        if together:
            self._pass(together, check)

    def _pass(self, together: Sequence[Leaf], check: Callable[[], None]) -> None:
        check()
        fires = self._fires(msgspec.json.encode(list(map(_alone, together))))
        for leaf in together:
            check()
            quiet = not fires or (len(together) > 1 and not self._fires(msgspec.json.encode(_alone(leaf))))
            self._known[id(leaf.text)] = quiet and not _is_structured(leaf.string, check)


def _size(leaves: Iterable[Leaf]) -> int:
    return sum([len(leaf.string) for leaf in leaves])


def _alone(leaf: Leaf) -> object:
    """Nothing but this text, under the names around it."""
    value: object = leaf.string
    for name in leaf.names:
        value = {name: value}
    return value


def _is_text(string: str) -> bool:
    """Whether it has no mark of something that is read as a whole or for itself, nor of what is sure to fire."""
    if string.lstrip()[:1] in '{["<' or "```" in string or "</" in string or "BEGIN:V" in string:
        return False
    at = string.find("@")
    if at > 0 and string[at - 1].isalnum():  # mail, mostly
        return False
    return "(" not in string or not ("INTO " in string or "into " in string or "COPY " in string or "copy " in string)


def _is_structured(string: str, check: Callable[[], None]) -> bool:
    """Whether there is JSON or a table in it, as the walk looks for them."""
    if ("{" in string or "[" in string) and nested.spans(string, check):
        return True
    return "\n" in string and bool(tables.find(string, check))


def _may_be_shut(leaf: Leaf, names: tuple[str, ...]) -> bool:
    """Whether all that the walk would make of ``leaf`` would be parts of it as they stand there, below its record, and
    it is not at once to be seen that they would be reached.
    """
    string = leaf.string
    if "\\" in string or "/>" in string or ("+" in string and ("&" in string or "?" in string or "%" in string)):
        return False  # what is escaped, doubled or a query is other than it stands there
    if _part()(string.encode()):
        return False
    if '""' in string and _BRACKETED(string) is not None:
        return False
    if "\n" in string and pairs.may_cover(string):  # values of labels that are all of it may be its record's own
        return False
    # Were its name one that only wraps a value, the records of its parts could be that of the object further out.
    if leaf.names is not names or (names and votes.called(names) != names[0]):
        return False
    record = leaf.record
    return record is None or (_is_plain(record, leaf) and (record.parent is None or _is_plain(record.parent, leaf)))


@cache
def _part() -> Search:
    return searcher(automaton(_PART.encode(), case_sensitive=False))


def _is_plain(record: Record, leaf: Leaf) -> bool:
    """Whether nobody is likely to be found in the other values of a record."""
    return len(record.leaves) <= _FEW and all(
        other is leaf or (_PLAIN(other.string) is not None and sum(map(str.isdigit, other.string)) < _DIGITS)
        for other in record.leaves
    )


def reach(shut: Iterable[Leaf], names: Iterable[str]) -> None:
    """Raise ``Reached`` where one of ``names`` may be a label in one of the texts that are shut."""
    for name in names:
        for leaf in shut:
            if name in leaf.string and name and _label(name)(leaf.string) is not None:
                raise Reached


@lru_cache(1024)
def _label(name: str) -> Callable[[str], re.Match[str] | None]:
    return re.compile(rf"(?<![A-Za-z0-9]){re.escape(name)}{_MARK}").search
