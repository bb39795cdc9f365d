"""One search over all strings of a message for everything that can begin a secret, then the exact rule at each hit."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Final

from doorward.detection.automata import Locate, automaton, locator
from doorward.detection.secrets import assigned, shapes, told, values, words
from doorward.detection.secrets.formats import ALPHABETS, FORMATS, Format, body, opening
from doorward.detection.secrets.shapes import Hit

_MEMORY: Final = 64 << 20  # bytes that RE2 may take for one automaton
_PIECE: Final = 1 << 18  # characters that are searched together
_MOST: Final = 4096  # strings that are searched together
_SEPARATORS: Final = r"(?::|=|[ \t]+(?:is|was|are|ist|lautet|es|est|wordt)[ \t])"
_AFTER_NAME: Final = words.TAIL + r"(?:\\?[\"'`\]*])*[ \t]*"

# What can begin a secret, over the characters of a string (ASCII; others count as "?").
_SHAPES: Final = (
    r"-----BEGIN [A-Z0-9 ]{0,64}PRIVATE KEY",
    r"PuTTY-User-Key-File-",
    r"eyJ[A-Za-z0-9_-]{10}",
    r"://[^\s/:@?#\"'<>|,;\x00]*:[^\s/@\"'<>\x00]",
    r"[0-9]Q~[A-Za-z0-9_~.-]{31}",
    r"[A-Za-z0-9_-]{4}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27}",
    r"(?i:bearer|basic)[ \t]+[A-Za-z0-9+/=_.~-]{8}",
    r"(?i:password|pwd|accountkey|sharedaccesskey)[ \t]{0,3}=[^;=\r\n]{4}",
    r"(?i)(?:[?&]|&amp;)(?:sig|signature|x-(?:amz|goog)-signature)=[A-Za-z0-9%+/=_\-]{32}",
    r"(?i:cookie)[\"']?[ \t]*[:=]",
    shapes.COMMAND,
)
_WORD: Final = f"(?i:{words.STRONG}|{words.WEAK})"
_NAMES: Final = (
    _WORD + _AFTER_NAME + _SEPARATORS,
    _WORD + words.TAIL + r"\\?[\"'][ \t]*,[ \t]*\\?[\"']",
    # In talk: some words between the two, or none.
    rf"(?i:{words.STRONG})[a-z]{{0,4}}[^A-Za-z0-9_\-\r\n]",
    rf"(?i)\b(?:{words.TOLD})[^A-Za-z0-9_\-\r\n]",
    rf"--[A-Za-z0-9-]*{_WORD}[A-Za-z0-9-]*[ \t=]",
)
_OTHER_WORDS: Final = re.compile(
    f"{told.FOREIGN.pattern}|(?i:{'|'.join(word for word in sorted(words.PASSWORDS) if not word.isascii())})"
)

_COMMANDS: Final = frozenset("iwrmscIWRMSC")  # what shapes.COMMAND begins with
_PASSWORD_WORD: Final = re.compile(
    rf"(?i:(?:{words.STRONG})[a-z]{{0,4}}+|(?:{words.TOLD}))(?![A-Za-z0-9_\-])|{told.FOREIGN.pattern}"
)
_DISCORD = re.compile(
    r"(?<![A-Za-z0-9_-])[MNO][A-Za-z0-9_-]{22,27}+\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}+(?![A-Za-z0-9_-])"
)
_AZURE = re.compile(r"(?<![A-Za-z0-9_~.-])[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}+(?![A-Za-z0-9_~.-])")

# Of these the hit is in the middle: how far before it one begins, what it is, and what each has.
_IN_THE_MIDDLE: Final = ((_DISCORD, 28, "discord-bot-token", "."), (_AZURE, 3, "azure-client-secret", "Q~"))

# What may come before a prefix: no letter or digit; nothing of the alphabet where bodies are long, so that work stays
# linear when prefixes follow each other.
_LONG: Final = 300


def _expression(row: Format) -> str:
    begins = opening(row)
    if _may_be_spaced(row):
        one = f"[{ALPHABETS[row.alphabet]}]"
        begins = f"{one}(?: ?{one}){{5}}"
    return re.escape(row.prefix) + begins


def _may_be_spaced(row: Format) -> bool:
    """Is it told well enough to be looked for with single spaces inside."""
    known = (
        len(row.prefix) > 3 and row.prefix[-1] in "_-" and row.alphabet in ("alnum", "hex", "upper", "url", "dotted")
    )
    return known and bool(row.most) and not row.lead and not row.hint and row.least >= 20


class _Rule:
    """One format, ready to be matched at the place of its prefix."""

    __slots__ = ("lead", "match", "row", "score", "spaced")

    def __init__(self, row: Format) -> None:
        inside = ALPHABETS[row.alphabet]
        before = "A-Za-z0-9_-" if row.most > _LONG else "A-Za-z0-9"
        guard = "" if row.lead else f"(?<![{before}])"
        self.row = row
        self.match = re.compile(f"{guard}{re.escape(row.prefix)}({body(row)})(?![{inside}])").match
        self.lead = re.compile(f"(?<![A-Za-z0-9])(?:{row.lead})\\Z").search if row.lead else None
        self.score = 0.98 if row.documented else 0.95
        self.spaced = _may_be_spaced(row)

    def find(self, string: str, at: int) -> Hit | None:
        match = self.match(string, at)
        if match is None:
            return self._gapped(string, at) if self.spaced else None
        start = at
        inner = match[1]
        if self.lead is not None:
            lead = self.lead(string, max(0, at - 64), at)
            if lead is None:
                return None
            start = lead.start()
            inner = lead[0] + inner
        end = match.end()
        while self.row.alphabet == "dotted" and end > at and string[end - 1] in ".":
            end -= 1  # the end of a sentence
        return Hit(start, end, self.score, self.row.kind) if values.varied(inner) else None

    def _gapped(self, string: str, at: int) -> Hit | None:
        """The same with single spaces inside, which somebody put there so that it is not found."""
        if at and string[at - 1].isalnum():
            return None
        row = self.row
        begin = at + len(row.prefix)
        window = string[begin : begin + min(2 * row.least, 160)]
        if " " not in window[: row.least] or not string.startswith(row.prefix, at):
            return None
        taken = 0
        inner = []
        for offset, char in enumerate(window):
            if char == " ":
                if offset and window[offset - 1] == " ":
                    break
                continue
            if not (char.isascii() and (char.isalnum() or char in "_-")):
                break
            inner.append(char)
            taken = offset + 1
            if len(inner) == row.least:
                break
        joined = "".join(inner)
        if len(inner) < row.least or not values.random(joined, 20) or sum(c.isdigit() for c in joined) < 3:
            return None
        # Pieces end in a digit or are short: words of a sentence do neither.
        pieces = window[:taken].split(" ")
        if any(len(piece) > 3 and piece.isalpha() and piece.islower() for piece in pieces[:-1]):
            return None
        return Hit(at, begin + taken, 0.9, row.kind)


class _Search:
    """Compiled when it is first needed: it costs some ten milliseconds."""

    def __init__(self) -> None:
        # Several small automata: together they take a third of the time of one that has all of it.
        groups: tuple[Sequence[str], ...] = (
            [_expression(row) for row in FORMATS if len(row.prefix) < 4],
            [_expression(row) for row in FORMATS if len(row.prefix) >= 4],
            _SHAPES,
            _NAMES,
        )
        self.scans: list[Locate] = [
            locator(automaton("|".join(f"(?:{one})" for one in group).encode(), _MEMORY)) for group in groups
        ]
        self.rules: dict[str, list[_Rule]] = {}
        for row in sorted(FORMATS, key=lambda row: -len(row.prefix)):
            self.rules.setdefault(row.prefix[:2], []).append(_Rule(row))

    def at(self, string: str, start: int, end: int) -> Iterator[Hit]:
        """The secrets that the hit ``string[start:end]`` begins."""
        first = string[start]
        found = False
        for rule in self.rules.get(string[start : start + 2], ()):
            if string.startswith(rule.row.prefix, start):
                hit = rule.find(string, start)
                if hit is not None:
                    found = True
                    yield hit
                    break
        if found:
            return
        if first == ":":
            hit = shapes.url(string, start)
        elif first == "-":
            hit = shapes.pem(string, start)
            if hit is None and string.startswith("--", start):
                hit = assigned.find(string, end - 1)
        elif first == "e" and string.startswith("eyJ", start):
            hit = shapes.jwt(string, start)
        elif first == "P" and string.startswith("PuTTY", start):
            hit = shapes.putty(string, start)
        else:
            hit = self._other(string, start, end)
        if hit is not None:
            yield hit

    def _other(self, string: str, start: int, end: int) -> Hit | None:
        for expression, reach, kind, mark in _IN_THE_MIDDLE:
            begin = max(0, start - reach)
            if string.find(mark, begin, end + 64) < 0:
                continue
            match = expression.search(string, begin, end + 64)
            if match is not None and values.varied(match[0]):
                return Hit(match.start(), match.end(), 0.95, kind)
        if string[start] in "?&":
            return shapes.signature(string, start)
        hit = None
        if "=" in string[start:end]:
            hit = shapes.connection(string, max(0, start - 1))
        if hit is None:
            hit = assigned.find(string, start)
        if hit is None and string[start] in "bB":
            hit = shapes.authorization(string, start, False)
        if hit is None and string[start] in "cC":
            hit = shapes.cookie(string, end)
        if hit is None and string[start] in _COMMANDS:
            hit = shapes.command(string, start)
        if hit is None and (word := _PASSWORD_WORD.match(string, start)) is not None:
            hit = told.find(string, word.end())
        return hit


_made: list[_Search] = []


def _search() -> _Search:
    if not _made:
        _made.append(_Search())
    return _made[0]


def prepare() -> None:
    """Compile now what would else be compiled with the first message."""
    _search()
    told.prepare()


def _never() -> None:
    """Looks at no clock."""


def find(strings: Sequence[str], check: Callable[[], None] = _never) -> Iterator[tuple[int, Hit]]:
    """Each secret with the index of the string that it is in. Linear in the length of the strings.

    ``check`` is called every few hundred microseconds of work; what it raises passes through.
    """
    search = _search()
    if len(strings) < 512 and sum(map(len, strings)) < _PIECE:
        yield from _piece(search, strings, check)
        check()
        return
    ends = list(accumulate([len(string) + 1 for string in strings]))
    first = behind = 0
    while first < len(strings):
        last = max(first + 1, bisect_right(ends, behind + _PIECE + 1, first, min(first + _MOST, len(strings))))
        behind = ends[last - 1]
        for index, hit in _piece(search, strings[first:last], check):
            yield first + index, hit
        first = last
        check()


def _piece(search: _Search, strings: Sequence[str], check: Callable[[], None]) -> Iterator[tuple[int, Hit]]:
    joined = "\x00".join(strings)
    # One byte for each character, so that places in the bytes are places in the string.
    raw = joined.encode("ascii", "replace")
    begins: list[int] = []
    done: dict[int, int] = {}
    seen = 0
    for start, end in _hits(search, joined, raw):
        seen += 1
        if seen & 63 == 0:
            check()
        if not begins:
            begins += accumulate([len(string) + 1 for string in strings[:-1]], initial=0)
        index = bisect_right(begins, start) - 1
        base = begins[index]
        if start - base < done.get(index, 0):
            continue  # inside of what was found
        for hit in search.at(strings[index], start - base, end - base):
            if hit.score > 0.95 or hit.kind in ("private-key", "jwt"):
                done[index] = hit.end
            yield index, hit


def _hits(search: _Search, joined: str, raw: bytes) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for locate in search.scans:
        start, end = locate(raw, 0)
        while start >= 0:
            found.append((start, end))
            start, end = locate(raw, end)
    if not joined.isascii() and told.may_be(joined):
        found += [match.span() for match in _OTHER_WORDS.finditer(joined)]
    found.sort()
    return found


# --- the trigger pass -------------------------------------------------------------------------------------------------

_Q: Final = r"(?:\\{0,8}[\"'`\]*]){0,3}"
# A value that is not null, a number, an object; a word that says that it is one; the end of a cell of a table.
_THEN: Final = (
    r"(?:[:=](?:[ \t]|\\{1,8}t){0,8}(?:\\{0,8}[\"'`]\\{0,8}[^\"'\\]|[^ \t\"'\\n{\[]|n[^u]|\\{1,8}n)"
    r"|,|\||;|\\{1,8}[nrt]|</|>|[ \t]+(?:is|was|are|ist|lautet|es|est|wordt)[ \t])"
)
_SLASHES: Final = r"(?:\\{0,8}/){2}"


# "progressToken" is in the envelope of every other message and never a secret (words.py).
_TOKEN: Final = "(?:^|[^s]|(?:^|[^s])s|(?:^|[^e])ss|(?:^|[^r])ess|(?:^|[^g])ress)token"
_WEAK: Final = words.WEAK.replace("|token|", f"|{_TOKEN}|")

TRIGGERS: Final[tuple[str, ...]] = (
    *(dict.fromkeys(_expression(row) for row in FORMATS)),
    r"-----BEGIN [A-Z0-9 ]{0,64}PRIVATE KEY",
    r"PuTTY-User-Key-File-",
    r"eyJ[A-Za-z0-9_-]{10}",
    rf":{_SLASHES}[^\s/:@?#\"'<>|,;]*:[^\s@\"'<>]+@",
    r"[0-9]Q~[A-Za-z0-9_~.-]{31}",
    r"[A-Za-z0-9_-]{4}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27}",
    r"(?i:bearer|basic)(?:[ \t]|\\t)+[A-Za-z0-9+/=_.~-]{8}",
    # Names of secrets: the telling ones anywhere, as heads of columns and in sentences too.
    f"(?i:{words.STRONG})",
    # The others where a value, or the end of a cell, follows.
    rf"(?i:{_WEAK}|{words.FIELDS}){words.TAIL}{_Q}(?:[ \t]|\\{{1,8}}t){{0,4}}{_THEN}",
    rf"--[A-Za-z0-9-]*(?i:{words.WEAK})[A-Za-z0-9-]*[ \t=]",
    # In talk; the telling words fire anywhere.
    rf"(?i)(?:^|[^A-Za-z]|\\[nrt])(?:{words.TOLD})[^A-Za-z0-9_\-]",
    r"(?i)(?:[?&]|&amp;)(?:sig|signature|x-(?:amz|goog)-signature)=[A-Za-z0-9%+/=_\-]",
    shapes.COMMAND.replace(r"[ \t]", r"(?:[ \t]|\\t)").replace("[\\\"']", r"(?:\\{0,8}[\"'])"),
    # Of this word numbers are none: they are counts.
    rf"(?i:tokens){_Q}(?:[ \t]|\\{{1,8}}t){{0,4}}(?:[:=](?:[ \t]|\\{{1,8}}t){{0,8}}(?:\[|\\{{0,8}}[\"'`])|,|\||;|</|>)",
)
"""Expressions over the bytes of a message, in the syntax that RE2 and Hyperscan share. Where none of them fires, and
nothing is hidden, nothing is found.
"""
