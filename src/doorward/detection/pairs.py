"""Names that stand beside their values: ``name: value`` lines (mail heads, YAML, cards), ``key=value`` in logs and in
URLs, and objects that hold a label and a value.
"""

import re
from collections.abc import Callable

from doorward.core.leaf import Leaf, Record
from doorward.detection.shape import CONTENT, KIND, LABEL, VALUE, Draft, Shape, part, role_of

_STRIDE = 64  # lines between two looks at the clock
_LONGEST = 48  # characters of a label
_MOST_WORDS = 4
_LONGEST_WORD = 32
_DEEPEST = 64

_LINE = re.compile(
    r"""(?P<indent>[ \t>]*+)
    (?P<bullet>(?:[-*+•–·]|[0-9]{1,3}[.)])[ \t]++)?
    (?:(?:export|set|let|const|var|env)[ ])?
    (?:\*\*|__|["'`])?
    (?P<label>[^\W\d_](?:[\w ()/\#&.'’-]{0,46}[\w)'.\#])?)
    (?:\*\*|__|["'`])?[ \t]*+
    (?P<mark>[:：](?=[ \t*_]|$)|=(?![=>~])|=>|->|→)
    (?:\*\*|__)?[ \t]*+""",
    re.VERBOSE,
)
_KEYED = re.compile(
    r"""([A-Za-z_](?<![\w.-].)[\w.-]{0,47}+)(?:=(?!=)|:(?=["']))("[^"\n]*+"|'[^'\n]*+'|[^\s,;&"'<>]++)"""
)
_INLINE = re.compile(
    r"(?:^|[,;|(\[•·]|[.!?](?= )| [–—-](?= ))[ \t]*+"
    r"([^\W\d_][\w/#'’-]{0,30}+(?: [\w/#'’-]{1,30}+){0,2}+):[ \t]++"
)


def may_be(text: str) -> bool:
    """Whether there can be a name beside its value in ``text``."""
    return "=" in text or (":" in text and (text[-1] == ":" or any(mark in text for mark in _COLONS))) or "：" in text


_QUOTES = "\"'`*_"
_COLONS = (": ", ":\n", ':"', ":'", ":\t", ":*", ":_", ":\r")


def may_cover(text: str) -> bool:
    """Whether all lines of ``text`` can be names and values, by the look of its first ones."""
    lines = text.split("\n", _STRIDE)
    return all(not line or line.isspace() or _may_be_pair(line) for line in lines[:_STRIDE])


def _may_be_pair(line: str) -> bool:
    return ":" in line or "=" in line or ">" in line or not line.isascii()


def read(leaf: Leaf, shape: Shape, check: Callable[[], None]) -> tuple[Draft, bool]:
    """(values that have a name beside them, whether these and their names are all that ``leaf.string`` holds).

    The values are in no columns until the draft is settled.
    """
    return _Lines(leaf, shape, check).read()


class _Lines:
    """Reads lines from the first to the last; deeper lines belong to the name above them, as in YAML."""

    def __init__(self, leaf: Leaf, shape: Shape, check: Callable[[], None]) -> None:
        self._leaf = leaf
        self._check = check
        self._draft = Draft()
        self._base = shape
        self._levels: list[tuple[int, Shape, Record, set[str]]] = []
        self._new(-1, shape)

    def _new(self, indent: int, shape: Shape) -> None:
        around = self._levels[-1][2] if self._levels else self._leaf.record
        if len(self._levels) < _DEEPEST:
            self._levels.append((indent, shape, Record(around), set()))

    def read(self) -> tuple[Draft, bool]:
        pairs = others = 0
        position = 0
        for count, line in enumerate(self._leaf.string.split("\n")):
            if not count % _STRIDE:
                self._check()
            end = position + len(line)
            if not line or line.isspace():
                if len(self._levels) > 1 or self._levels[0][3]:
                    del self._levels[:]
                    self._new(-1, self._base)
            elif _may_be_pair(line) and self._line(line, position, end):
                pairs += 1
            else:
                others += 1
            position = end + 1
        return self._draft, pairs >= 2 and not others

    def _line(self, line: str, begin: int, end: int) -> bool:
        """Whether this line is a pair."""
        text = self._leaf.string
        keyed, inline = line.count("="), 0
        if ":" in line:
            keyed += line.count(':"') + line.count(":'")
            inline = line.count(": ")
        found = _LINE.match(text, begin, end)
        if found is None or not _is_label(found["label"]):
            if keyed or inline:
                self._several(line, begin, end, 1)
            return False
        if (keyed > 1 or inline > 1) and self._several(line, begin, end, 2):
            return False
        spaces, bullet, label, _ = found.groups()
        indent = len(spaces)
        if bullet:
            self._item(label, indent)
            indent += len(bullet)
        elif self._levels[-1][0] >= indent:
            self._back(indent)
        _, shape, record, seen = self._levels[-1]
        if label in seen:  # the next one of its kind
            level, _, _, _ = self._levels.pop()
            if not self._levels:
                self._new(-1, self._base)
            else:
                self._new(level, shape)
            _, shape, record, seen = self._levels[-1]
        if len(seen) < 1024:
            seen.add(label)
        place = shape.members.get(label) or shape.member(label)
        self._draft.name(part(self._leaf, *found.span("label"), shape.names, record), shape)
        start = behind = found.end()
        if start < end:
            start, behind = _bare(text, start, end)
        if start >= behind:
            self._new(indent, place)
        else:
            self._draft.hold(part(self._leaf, start, behind, place.names, record, place.column), place)
        return True

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

    def _several(self, line: str, begin: int, end: int, least: int) -> bool:
        """Take the pairs out of a line that holds ``least`` or more; whether it does."""
        leaf, draft = self._leaf, self._draft
        shape = self._base
        record: Record | None = None
        for find in (_keyed, _inline) if ":" in line else (_keyed,):
            places = find(leaf.string, begin, end)
            if len(places) < least:
                continue
            record = record or Record(self._levels[-1][2])
            for count, (label, start, behind) in enumerate(places):
                if not count % _STRIDE:
                    self._check()
                place = shape.members.get(label) or shape.member(label)
                draft.hold(part(leaf, start, behind, place.names, record, place.column), place)
            if len(places) > 1:
                break
        return record is not None


def _keyed(text: str, begin: int, end: int) -> list[tuple[str, int, int]]:
    """(key, where its value begins, where it ends) for ``key=value``"""
    found = [(match[1], *_bare(text, *match.span(2))) for match in _KEYED.finditer(text, begin, end)]
    return [place for place in found if place[1] < place[2]]


def _inline(text: str, begin: int, end: int) -> list[tuple[str, int, int]]:
    """The same for ``Name: Ann, Phone: 555``: a value goes on to the next label."""
    labels = list(_INLINE.finditer(text, begin, end))
    if not labels:
        return []
    stops = [match.start() for match in labels[1:]] + [end]
    found = [(match[1], *_bare(text, match.end(), stop)) for match, stop in zip(labels, stops, strict=True)]
    return [place for place in found if place[1] < place[2]]


def _is_label(label: str) -> bool:
    return (
        label.count(" ") < _MOST_WORDS
        and "  " not in label
        and ". " not in label
        and (len(label) <= _LONGEST_WORD or max(map(len, label.split())) <= _LONGEST_WORD)
    )


def _bare(text: str, begin: int, end: int) -> tuple[int, int]:
    """Without spaces around, a comma behind, and quotes around."""
    if begin < end and text[begin].isalnum() and text[end - 1].isalnum():
        return begin, end
    piece = text[begin:end]
    begin += len(piece) - len(piece.lstrip())
    piece = piece.strip().rstrip(",;").rstrip()
    end = begin + len(piece)
    if piece and piece[0] in _QUOTES:
        for quote in ('"', "'", "`", "**", "__"):
            size = len(quote)
            if len(piece) >= 2 * size and piece.startswith(quote) and piece.endswith(quote):
                return begin + size, end - size
    return begin, end


def labelled(draft: Draft) -> None:
    """Give values the names that stand in a member beside them: ``{"key": "SSN", "value": "…"}``."""
    known: dict[int, tuple[str, str]] = {}
    for leaf in draft.valued:
        record = leaf.record
        if record is None or not leaf.names:
            continue
        found = known.get(id(record))
        if found is None:
            found = known[id(record)] = _labels(record)
        sure, kind = found
        role = role_of(leaf.names[0])
        label = sure or (kind if role == VALUE else "")
        if label and role in (VALUE, CONTENT):
            leaf.names = (label, *leaf.names[:11])


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
