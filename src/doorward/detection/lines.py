"""What one line says by itself: a label with its value, or several names that stand beside their values.

Nothing around a line changes that, so that a line that comes again, in the same text or in the next one, is not read
again. Files, listings and configurations are looked at again and again.
"""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from doorward.detection.scripts import SIGNS
from doorward.detection.shape import is_plain

_MOST_WORDS: Final = 4  # of a label
_LONGEST_WORD: Final = 32
_ABBREVIATED: Final = 5  # characters of a first word with a point behind: "Tel. (home)"
_LONG_LINE: Final = 4096  # characters of a line whose values are read once
_LONGEST: Final = 256  # characters of a line that is kept
_KEPT: Final = 1 << 18  # characters of all of them
_LONGEST_KEY: Final = 48  # characters

BULLET: Final = r"(?:[-*+•–·]|[0-9]{1,3}[.)])[ \t]++(?:\[[ xX]?\][ \t]++)?"
"""An expression for the mark of an item in a list."""
_LABEL: Final = rf"[^\W\d_](?:[\w ()/\#&.'’{SIGNS}-]{{0,46}}[\w)'.\#{SIGNS}])?"
_SIGNS: Final = r"[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff]{1,4}+[ \t]*+"  # pictures
_LINE: Final = re.compile(
    rf"""(?P<indent>[ \t>]*+)
    (?P<bullet>{BULLET})?
    (?:(?:export|set|let|const|var|env)[ ]|{_SIGNS}|[+-](?=["'\w])|:|\[)?
    (?P<bold>\*\*|__)?(?:["'`])?
    (?P<label>{_LABEL})
    (?:\*\*|__|["'`])?\]?[ \t]*+
    (?P<mark>[:：](?=[ \t*_]|$)|::(?=[ \t]|$)|=(?![=>~])|=>|->|→|(?(bold)[-–—](?=[ ])|(?!)))
    (?:\*\*|__)?[ \t]*+""",
    re.VERBOSE,
)
# As in forms: "Name ....... Ann", "Name ______ Ann"
_LEADER: Final = re.compile(
    rf"(?P<indent>[ \t>]*+)(?P<bullet>{BULLET})?(?P<label>[^\W\d_][\w ()/#&.'’-]{{0,46}}?)"
    r"(?P<mark>[ \t]*(?:(?<![.])\.{4,}|…{1,}\.*|_{3,}|·{3,})[ \t]*+[:：]?)[ \t]*+"
)
_KEYED: Final = re.compile(
    r"""([^\W\d](?<![\w.-].)[\w.-]{0,47}+)(?:=(?!=)|:(?=["']))("[^"\n]*+"|'[^'\n]*+'|[^\s,;&"'<>]++)"""
)
# A quoted value may stand apart from its key: in SQL, in code.
_KEYED_APART: Final = re.compile(
    r"""([^\W\d](?<![\w.-].)[\w.-]{0,47}+)(?:(?:=(?!=)|:(?=["']))("[^"\n]*+"|'[^'\n]*+'|[^\s,;&"'<>]++)"""
    r"""|["'`\])]{0,3}+[ ]{0,3}+(?:={1,3}>?|!=|:)[ ]{0,3}+(?:[A-Za-z]{1,6}\()?("[^"\n]*+"|'[^'\n]*+'))"""
)
# Behind a bracket or a comma, as objects are printed: "User(name=Ann Lee, …)".
_MEMBER: Final = re.compile(r"(?:(?<=[({\[])|[,;|][ \t]*+|(?m:^))([A-Za-z_][\w.-]{0,47}+)=(?![=>~])")
_CLOSING: Final = re.compile(r"[)}\]]")
_SPOKEN: Final = (
    r"[ \t]*+(?:\*\*|__|`)?"
    r"([^\W\d_][\w/#'’-]{0,30}+(?:\.(?=[\w:])[\w/#'’-]{0,30}+){0,3}+(?: [\w/#'’-]{1,30}+(?:\.(?=:))?+){0,2}+)"
    r"(?:\*\*|__|`)?(?::(?:\*\*|__)?[ \t]++|[ ]=[ ](?!=))"
)
_INLINE_FIRST: Final = re.compile(rf"[ \t>]*+(?:{BULLET})?{_SPOKEN}")
# It begins with one of a set, so that all other characters are passed over quickly.
_INLINE: Final = re.compile(
    rf"[,;|(\[{{•·.!? \t](?:(?<=[,;|(\[{{•·\t])|(?<=[.!?])(?= )|(?<= )(?:[–—-](?= )|[ ])){_SPOKEN}"
)
_QUOTES: Final = "\"'`*_"
_OPENED: Final = {")": "(", "]": "[", "}": "{"}
_BLOCK: Final = frozenset(("|", ">", "|-", ">-", "|+", ">+"))  # in YAML: the value begins below
_STATEMENTS: Final = """for if elif else try except finally while with def class case switch default do async public
    private function fn func impl"""
_CODE: Final = frozenset(_STATEMENTS.split())  # what such a line announces is no value
# "Atatürk Cad. No: 3": of the value before.
_NO_LABELS: Final = frozenset(("No", "Nr", "Num", "Núm", "no", "nr", "NO", "Daire", "Kat", "D", "K", "Apt", "Blok"))

Place = tuple[str, str, int]
"""A name, the value beside it, and where that begins in its line."""


class Pair(msgspec.Struct, frozen=True, gc=False):
    """A line that begins with a label, at ``first``, and has nothing but its value behind it, from ``start`` on.

    ``indent`` and ``bullet``: characters in front. ``value``: "" where there is none. ``opens``: what is deeper below
    belongs to the label; ``below``: its value may stand there. ``word``: the label is not at the begin of the line, and
    a plain word that begins with a small letter, as programs name things.
    """

    indent: int
    bullet: int
    label: str
    first: int
    value: str
    start: int
    opens: bool
    below: bool
    word: bool


class Line(msgspec.Struct, frozen=True, gc=False):
    """Either a pair, or places where names stand beside their values, or neither. ``labelled``: it begins as a pair
    does.
    """

    pair: Pair | None = None
    places: Sequence[Place] = ()
    labelled: bool = False


class _Known(dict[str, Line]):
    """Lines that were read, and how many characters they have; bounded."""

    characters = 0

    def keep(self, line: str, said: Line) -> None:
        self.characters += len(line)
        if self.characters > _KEPT:
            self.clear()
            self.characters = len(line)
        self[line] = said


_known = _Known()


def read(line: str) -> Line:
    """What ``line`` says, which holds no line break. Linear."""
    found = _known.get(line)
    if found is None:
        found = _read(line)
        if len(line) <= _LONGEST:
            _known.keep(line, found)
    return found


def _read(line: str) -> Line:
    keyed, inline = line.count("="), 0
    if ":" in line:
        if '"' in line or "'" in line:
            keyed += line.count(':"') + line.count(":'") + line.count(': "') + line.count(": '")
        inline = line.count(": ")
        if "*" in line:
            inline += line.count(":**")
    if keyed and not inline:
        inline = line.count(" = ")
    found = _LINE.match(line)
    label = found["label"] if found is not None else ""
    labelled = is_labelled = bool(label) and _is_label(label)
    if (found is None or "...." in label) and is_led(line):
        found = _LEADER.match(line)
        label = found["label"] if found is not None else ""
        labelled = bool(label) and _is_label(label)
    if found is None or not labelled:
        return Line(None, _several(line, 1) if keyed or inline else (), is_labelled)
    if keyed > 1 or inline > 1:
        # An expression may be in what is assigned: one pair is enough.
        places = _several(line, 1 if "==" in line or "']" in line or '"]' in line else 2)
        if places:
            return Line(None, places, is_labelled)
    spaces, bullet = found.group("indent", "bullet")
    start = found.end()
    value = line[start:]
    if value and not (value[0].isalnum() and value[-1].isalnum()):
        start, behind = bare(line, start, len(line))
        value = line[start:behind]
    opens = not value or value in _BLOCK
    return Line(
        Pair(
            len(spaces),
            len(bullet) if bullet else 0,
            label,
            found.start("label"),
            value,
            start,
            opens,
            opens and label.partition(" ")[0] not in _CODE,
            bool(spaces or bullet) and label[0].islower() and is_plain(label),
        ),
        (),
        is_labelled,
    )


def is_led(text: str) -> bool:
    """Whether a label in ``text`` may be led to its value, as in a form."""
    # Single characters are found ten times as fast as two.
    return "…" in text or "...." in text or ("_" in text and "___" in text) or ("·" in text and "···" in text)


def _is_label(label: str) -> bool:
    if " " not in label:
        return len(label) <= _LONGEST_WORD
    return (
        label.count(" ") < _MOST_WORDS
        and "  " not in label
        and (". " not in label or (label.count(". ") == 1 and label.index(". ") < _ABBREVIATED))
        and (len(label) <= _LONGEST_WORD or max(map(len, label.split())) <= _LONGEST_WORD)
    )


def bare(text: str, begin: int, end: int) -> tuple[int, int]:
    """``text[begin:end]`` without spaces around, a comma behind, and quotes around."""
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


def _several(line: str, least: int) -> Sequence[Place]:
    """The pairs of a line that holds ``least`` or more of one kind."""
    found: list[Place] = []
    if _may_be_keyed(line):
        places = _keyed(line)
        if len(places) >= least:
            if len(places) > 1:
                return places
            found = places
    if _may_be_inline(line):
        places = _inline(line)
        if len(places) >= least:
            found = found + places
    return found


def _may_be_keyed(line: str) -> bool:
    return "=" in line or (":" in line and ("'" in line or '"' in line))


def _may_be_inline(line: str) -> bool:
    return " = " in line or (":" in line and any(mark in line for mark in _INLINE_COLONS))


_INLINE_COLONS: Final = (": ", ":\t", ":*", ":_")


def _first_key(line: str) -> int:
    """A place in front of which no ``key=`` nor ``key:"`` of the line begins; its end: there is none."""
    mark = line.find("=")
    if ":" in line:
        for quoted in (':"', ":'"):
            colon = line.find(quoted, 0, len(line) if mark < 0 else mark + 1)
            mark = mark if colon < 0 else colon
    if mark < 0:
        return len(line)
    # No key goes over a space, nor is it longer.
    return max(0, mark - _LONGEST_KEY, line.rfind(" ", 0, mark) + 1)


def _keyed(line: str) -> list[Place]:
    """``key=value``"""
    if "'" not in line and '"' not in line:
        members = "," in line or "|" in line or "(" in line or "[" in line or "{" in line or ";" in line
        return _members(line) if members and len(line) < _LONG_LINE else _unquoted(line)
    if _is_apart(line):
        expression, start = _KEYED_APART, 0
        last = max(line.rfind("="), line.rfind(":"))
    else:
        expression, start = _KEYED, _first_key(line)
        last = max(line.rfind("="), line.rfind(':"'), line.rfind(":'"))
    found: list[Place] = []
    for match in expression.finditer(line, start):
        begin, end = match.span(match.lastindex or 0)
        behind = end
        if not (line[begin].isalnum() and line[end - 1].isalnum()):
            begin, end = bare(line, begin, end)
        if begin < end:
            found.append((match[1], line[begin:end], begin))
        if behind > last:
            break
    return found


def _unquoted(line: str) -> list[Place]:
    """The same in a line without quotes, as most logs and links have it."""
    # Neither a key nor a value goes over a space.
    start = line.rfind(" ", 0, line.find("=")) + 1
    stop = line.find(" ", line.rfind("="))
    pieces = _KEYED.split(line[start : stop if stop >= 0 else len(line)])
    found: list[Place] = []
    for index in range(1, len(pieces), 3):
        key, value = pieces[index], pieces[index + 1]
        start += len(pieces[index - 1]) + len(key) + 1
        if value[0].isalnum() and value[-1].isalnum():
            found.append((key, value, start))
        else:
            begin, end = bare(line, start, start + len(value))
            if begin < end:
                found.append((key, line[begin:end], begin))
        start += len(value)
    return found


def _is_apart(line: str) -> bool:
    """Whether a quoted value may stand apart from its key."""
    # One by one these are told in a third of the time that an expression takes.
    if '"' in line and ('= "' in line or ': "' in line or '"]' in line):
        return True
    return "=>" in line or ("'" in line and ("= '" in line or ": '" in line or "']" in line))


def _members(line: str) -> list[Place]:
    """The same, where values may go on over spaces to the next key, or to a closing bracket."""
    start = _first_key(line)
    last = line.rfind("=")
    found: dict[int, tuple[str, int, int]] = {}
    for match in _KEYED.finditer(line, start):
        found[match.start()] = (match[1], *bare(line, *match.span(2)))
        if match.end() > last:
            break
    # The mark and the spaces in front of the first key, and what must not follow the last equals sign, belong to them.
    start = max(0, len(line[:start].rstrip(" \t")) - 1)
    members = list(_MEMBER.finditer(line, start, last + 2))
    for count, match in enumerate(members):
        start = match.end()
        is_last = count + 1 == len(members)
        stop = len(line) if is_last else members[count + 1].start()
        closing = _CLOSING.search(line, start, stop)
        if closing is None and is_last and not count:
            break
        stop = stop if closing is None else closing.start()
        if " " in line[start:stop] and line.find("=", start, stop) < 0:
            found[match.start(1)] = (match[1], *bare(line, start, stop))
    return [(key, line[begin:end], begin) for _, (key, begin, end) in sorted(found.items()) if begin < end]


def _inline(line: str) -> list[Place]:
    """The same for ``Name: Ann, Phone: 555``: a value goes on to the next label."""
    last = max(line.rfind(":"), line.rfind(" = "))
    first = _INLINE_FIRST.match(line)
    labels = [first] if first is not None else []
    behind = first.end() if first is not None else 0
    if behind <= last:
        for match in _INLINE.finditer(line, behind):
            labels.append(match)
            if match.end() > last:
                break
    labels = [match for match in labels if match[1] not in _NO_LABELS]
    if not labels:
        return []
    stops = [match.start() for match in labels[1:]] + [len(line)]
    found = [(match[1], *bare(line, match.end(), stop)) for match, stop in zip(labels, stops, strict=True)]
    return [(label, line[begin:end], begin) for label, begin, end in found if begin < end]
