"""Names that stand beside their values: ``name: value`` lines (mail heads, YAML, cards), ``key=value`` in logs and in
URLs, and objects that hold a label and a value.
"""

import re
from collections.abc import Callable, Iterator

from doorward.core.leaf import Column, Leaf, Record
from doorward.detection import places
from doorward.detection.keys import classify
from doorward.detection.offsets import Offsets
from doorward.detection.scripts import SIGNS
from doorward.detection.shape import CONTENT, KIND, LABEL, LINK, VALUE, Draft, Shape, part, reread, role_of

_STRIDE = 64  # lines between two looks at the clock
_LONGEST = 48  # characters of a label
_MOST_WORDS = 4
_LONGEST_WORD = 32
_ABBREVIATED = 5  # characters of a first word with a point behind: "Tel. (home)"
_DEEPEST = 64

_BULLET = r"(?:[-*+•–·]|[0-9]{1,3}[.)])[ \t]++(?:\[[ xX]?\][ \t]++)?"
_LABEL = rf"[^\W\d_](?:[\w ()/\#&.'’{SIGNS}-]{{0,46}}[\w)'.\#{SIGNS}])?"
_SIGNS = r"[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff]{1,4}+[ \t]*+"  # pictures
_LINE = re.compile(
    rf"""(?P<indent>[ \t>]*+)
    (?P<bullet>{_BULLET})?
    (?:(?:export|set|let|const|var|env)[ ]|{_SIGNS}|[+-](?=["'\w])|:|\[)?
    (?P<bold>\*\*|__)?(?:["'`])?
    (?P<label>{_LABEL})
    (?:\*\*|__|["'`])?\]?[ \t]*+
    (?P<mark>[:：](?=[ \t*_]|$)|::(?=[ \t]|$)|=(?![=>~])|=>|->|→|(?(bold)[-–—](?=[ ])|(?!)))
    (?:\*\*|__)?[ \t]*+""",
    re.VERBOSE,
)
# As in forms: "Name ....... Ann", "Name ______ Ann"
_LEADER = re.compile(
    rf"(?P<indent>[ \t>]*+)(?P<bullet>{_BULLET})?(?P<label>[^\W\d_][\w ()/#&.'’-]{{0,46}}?)"
    r"(?P<mark>[ \t]*(?:(?<![.])\.{4,}|…{1,}\.*|_{3,}|·{3,})[ \t]*+[:：]?)[ \t]*+"
)
_KEYED = re.compile(r"""([^\W\d](?<![\w.-].)[\w.-]{0,47}+)(?:=(?!=)|:(?=["']))("[^"\n]*+"|'[^'\n]*+'|[^\s,;&"'<>]++)""")
# A quoted value may stand apart from its key: in SQL, in code.
_KEYED_APART = re.compile(
    r"""([^\W\d](?<![\w.-].)[\w.-]{0,47}+)(?:(?:=(?!=)|:(?=["']))("[^"\n]*+"|'[^'\n]*+'|[^\s,;&"'<>]++)"""
    r"""|["'`\])]{0,3}+[ ]{0,3}+(?:={1,3}>?|!=|:)[ ]{0,3}+(?:[A-Za-z]{1,6}\()?("[^"\n]*+"|'[^'\n]*+'))"""
)
_IS_APART = re.compile(r"[=:] [\"']|=>|[\"']\]").search
# Behind a bracket or a comma, as objects are printed: "User(name=Ann Lee, …)".
_MEMBER = re.compile(r"(?:(?<=[({\[])|[,;|][ \t]*+|(?m:^))([A-Za-z_][\w.-]{0,47}+)=(?![=>~])")
_CLOSING = re.compile(r"[)}\]]")
_INLINE = re.compile(
    rf"(?:(?m:^)[ \t>]*+(?:{_BULLET})?|[,;|(\[{{•·]|[.!?](?= )| [–—-](?= )|[ ]{{2}}|\t)[ \t]*+(?:\*\*|__|`)?"
    r"([^\W\d_][\w/#'’-]{0,30}+(?: [\w/#'’-]{1,30}+){0,2}+)(?:\*\*|__|`)?(?::(?:\*\*|__)?[ \t]++|[ ]=[ ](?!=))"
)
_ITEM = re.compile(rf"[ \t>]*+({_BULLET})?")
_RULED = "-=*_.~#+"
_RULE = re.compile(r"[\s\-=*_.~#+]++")
_BLOCK = frozenset(("|", ">", "|-", ">-", "|+", ">+"))  # in YAML: the value begins below
_STATEMENTS = """for if elif else try except finally while with def class case switch default do async public private
    function fn func impl"""
_CODE = frozenset(_STATEMENTS.split())  # what such a line announces is no value
_LONG_LINE = 4096  # characters of a line whose values are read once
_LONGEST_BELOW = 100  # characters of a line below its label
_MOST_BELOW = 4  # such lines, unless they are indented
_MOST_INDENTED = 32


def may_be(text: str) -> bool:
    """Whether there can be a name beside its value in ``text``."""
    if "=" in text or (":" in text and (text[-1] == ":" or any(mark in text for mark in _COLONS))) or "：" in text:
        return True
    return _is_led(text) or _is_bold(text)


def _is_led(text: str) -> bool:
    """Whether a label in ``text`` may be led to its value, as in a form."""
    # Single characters are found ten times as fast as two.
    return "…" in text or "...." in text or ("_" in text and "___" in text) or ("·" in text and "···" in text)


_QUOTES = "\"'`*_"
_OPENED = {")": "(", "]": "[", "}": "{"}
_COLONS = (": ", ":\n", ':"', ":'", ":\t", ":*", ":_", ":\r")


def may_cover(text: str) -> bool:
    """Whether all lines of ``text`` can be names and values, by the look of its first ones."""
    lines = text.split("\n", _STRIDE)
    return all(
        not line or line.isspace() or _may_be_pair(line) or _is_rule(line) or _is_led(line) or _is_bold(line)
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
        self._led = _is_led(leaf.string)
        self._all = self._led or _is_bold(leaf.string)  # any line may be a pair
        self._levels: list[tuple[int, Shape, Record, set[str]]] = []
        self._above: tuple[int, Shape] | None = None  # the label whose value may stand below, and its indent
        self._below: list[tuple[int, int]] = []
        self._place: Shape | None = None  # of the address that may go on in the next lines
        self._asked: Shape | None = None  # the last place of which it was asked whether it is that of an address
        self._is_located = False
        self._matched: tuple[int, re.Match[str] | None] = (-1, None)  # the line that was last read, by its begin
        self._new(-1, shape)

    def _new(self, indent: int, shape: Shape) -> None:
        around = self._levels[-1][2] if self._levels else self._leaf.record
        if len(self._levels) < _DEEPEST:
            self._levels.append((indent, shape, Record(around), set()))

    def read(self) -> tuple[Draft, bool]:
        pairs = others = goes_on = 0
        position = 0
        for count, line in enumerate(self._leaf.string.split("\n")):
            if not count % _STRIDE:
                self._check()
            end = position + len(line)
            if self._above is not None and self._continues(line, position, end):
                others += 1
                position = end + 1
                continue
            if not line or line.isspace() or (line[0] in _RULED and _is_rule(line)):
                if len(self._levels) > 1 or self._levels[0][3]:
                    del self._levels[:]
                    self._new(-1, self._base)
                goes_on = 0
            elif (_may_be_pair(line) or self._all) and self._line(line, position, end):
                pairs += 1
                goes_on = _MOST_OF_ADDRESS
            else:
                others += 1
                if goes_on:
                    goes_on -= 1
                    self._goes_on(line, position, end)
            position = end + 1
        self._settle_below()
        return self._draft, pairs >= 2 and not others

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
            start, behind = _bare(self._leaf.string, begin, end)
            self._draft.hold(part(self._leaf, start, behind, place.names, record, place.column), place)

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
            or self._is_pair(begin, end)
        ):
            self._settle_below()
            return False
        if bullet:
            start, behind = _bare(text, start, end)
            if start < behind:
                record = Record(self._levels[-1][2])
                self._draft.hold(part(self._leaf, start, behind, place.names, record, place.column), place)
        else:
            self._below.append((begin + spaces, end))
        return True

    def _is_pair(self, begin: int, end: int) -> bool:
        found = _LINE.match(self._leaf.string, begin, end)
        self._matched = (begin, found)
        return found is not None and _is_label(found["label"])

    def _settle_below(self) -> None:
        if self._above is not None and self._below:
            place = self._above[1]
            start, behind = _bare(self._leaf.string, self._below[0][0], self._below[-1][1])
            if start < behind:
                record = self._levels[-1][2]
                self._draft.hold(part(self._leaf, start, behind, place.names, record, place.column), place)
        self._above = None
        self._below = []

    def _line(self, line: str, begin: int, end: int) -> bool:
        """Whether this line is a pair."""
        text = self._leaf.string
        keyed, inline = line.count("="), 0
        if ":" in line:
            if '"' in line or "'" in line:
                keyed += line.count(':"') + line.count(":'") + line.count(': "') + line.count(": '")
            inline = line.count(": ")
            if "*" in line:
                inline += line.count(":**")
        if keyed and not inline:
            inline = line.count(" = ")
        at, found = self._matched
        if at != begin:
            found = _LINE.match(text, begin, end)
        if self._led and (found is None or "...." in found["label"]) and _is_led(line):
            found = _LEADER.match(text, begin, end)
        if found is None or not _is_label(found["label"]):
            if keyed or inline:
                self._several(line, begin, end, 1)
            return False
        if keyed > 1 or inline > 1:
            # An expression may be in what is assigned: one pair is enough.
            least = 1 if "==" in line or "']" in line or '"]' in line else 2
            if self._several(line, begin, end, least):
                return False
        spaces, bullet, label = found.group("indent", "bullet", "label")
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
        inner = len(self._levels) > 1
        self._draft.name(part(self._leaf, *found.span("label"), shape.names, record, name=inner), shape)
        start = behind = found.end()
        if start < end:
            start, behind = _bare(text, start, end)
        if start >= behind or (text[start] in "|>" and text[start:behind] in _BLOCK):
            self._new(indent, place)
            if label.partition(" ")[0] not in _CODE:
                self._above = (len(spaces), place)
        else:
            self._draft.hold(part(self._leaf, start, behind, place.names, record, place.column), place)
        self._place = place if start < behind else None
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
        for find, may_find in _FINDERS:
            places = find(leaf.string, begin, end, line) if may_find(line) else []
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


def _first_key(text: str, begin: int, end: int, line: str) -> int:
    """A place in front of which no ``key=`` nor ``key:"`` of the line begins; ``end``: there is none."""
    mark = text.find("=", begin, end)
    if '"' in line or "'" in line:
        colon = text.find(":", begin, end if mark < 0 else mark)
        mark = mark if colon < 0 else colon
    if mark < 0:
        return end
    # No key goes over a space, nor is it longer.
    return max(begin, mark - _LONGEST, text.rfind(" ", begin, mark) + 1)


def _keyed(text: str, begin: int, end: int, line: str) -> list[tuple[str, int, int]]:
    """(key, where its value begins, where it ends) for ``key=value``"""
    expression = _KEYED
    if "'" in line or '"' in line:
        expression = _KEYED_APART if _IS_APART(line) is not None else _KEYED
    elif ("," in line or "|" in line or "(" in line or "[" in line or "{" in line or ";" in line) and len(
        line
    ) < _LONG_LINE:
        return _members(text, begin, end)
    start = begin if expression is _KEYED_APART else _first_key(text, begin, end, line)
    found = [
        (match[1], *_bare(text, *match.span(match.lastindex or 0))) for match in expression.finditer(text, start, end)
    ]
    return [place for place in found if place[1] < place[2]]


def _members(text: str, begin: int, end: int) -> list[tuple[str, int, int]]:
    """The same, where values may go on over spaces to the next key, or to a closing bracket."""
    start = _first_key(text, begin, end, "")
    found = {match.start(): (match[1], *_bare(text, *match.span(2))) for match in _KEYED.finditer(text, start, end)}
    # The mark and the spaces in front of the first key, and what must not follow the last equals sign, belong to them.
    start = max(begin, begin + len(text[begin:start].rstrip(" \t")) - 1)
    members = list(_MEMBER.finditer(text, start, min(end, text.rfind("=", begin, end) + 2)))
    for count, match in enumerate(members):
        start = match.end()
        last = count + 1 == len(members)
        stop = end if last else members[count + 1].start()
        closing = _CLOSING.search(text, start, stop)
        if closing is None and last and not count:
            break
        stop = stop if closing is None else closing.start()
        if " " in text[start:stop] and text.find("=", start, stop) < 0:
            found[match.start(1)] = (match[1], *_bare(text, start, stop))
    return [found[at] for at in sorted(found) if found[at][1] < found[at][2]]


def _inline(text: str, begin: int, end: int, line: str) -> list[tuple[str, int, int]]:
    """The same for ``Name: Ann, Phone: 555``: a value goes on to the next label."""
    labels = [match for match in _INLINE.finditer(text, begin, end) if match[1] not in _NO_LABELS]
    if not labels:
        return []
    stops = [match.start() for match in labels[1:]] + [end]
    found = [(match[1], *_bare(text, match.end(), stop)) for match, stop in zip(labels, stops, strict=True)]
    return [place for place in found if place[1] < place[2]]


def _may_be_keyed(line: str) -> bool:
    return "=" in line or (":" in line and ("'" in line or '"' in line))


def _may_be_inline(line: str) -> bool:
    return " = " in line or (":" in line and any(mark in line for mark in _INLINE_COLONS))


_INLINE_COLONS = (": ", ":\t", ":*", ":_")
_FINDERS = ((_keyed, _may_be_keyed), (_inline, _may_be_inline))
# "Atatürk Cad. No: 3": of the value before.
_NO_LABELS = frozenset(("No", "Nr", "Num", "Núm", "no", "nr", "NO", "Daire", "Kat", "D", "K", "Apt", "Blok"))
_MOST_OF_ADDRESS = 3  # further lines
_LONGEST_OF_ADDRESS = 48  # characters


def _is_label(label: str) -> bool:
    if " " not in label:
        return len(label) <= _LONGEST_WORD
    return (
        label.count(" ") < _MOST_WORDS
        and "  " not in label
        and (". " not in label or (label.count(". ") == 1 and label.index(". ") < _ABBREVIATED))
        and (len(label) <= _LONGEST_WORD or max(map(len, label.split())) <= _LONGEST_WORD)
    )


def _bare(text: str, begin: int, end: int) -> tuple[int, int]:
    """Without spaces around, a comma behind, and quotes around."""
    if begin < end and text[begin].isalnum() and text[end - 1].isalnum():
        return begin, end
    piece = text[begin:end]
    begin += len(piece) - len(piece.lstrip())
    piece = piece.strip().rstrip(",;").rstrip()
    if piece[-1:] in _OPENED and _OPENED[piece[-1]] not in piece:  # what closes the pairs
        piece = piece[:-1].rstrip()
    end = begin + len(piece)
    if piece[:3] == "___" or piece[-3:] == "___":  # the line of a form
        piece = piece.lstrip("_ ")
        return end - len(piece), end - len(piece) + len(piece.rstrip("_ "))
    if piece[:2] == "[ " and piece[-2:] == " ]":
        return begin + 2, end - 2
    if piece and piece[0] in _QUOTES:
        for quote in ('"', "'", "`", "**", "__"):
            size = len(quote)
            if len(piece) >= 2 * size and piece.startswith(quote) and piece.endswith(quote):
                return begin + size, end - size
    return begin, end


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
