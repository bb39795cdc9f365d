"""The trigger pass: one look over the bytes of a message. Where nothing fires, nothing in it can be found.

``HIDING`` are the ways to hide a value from every other trigger. They fire wherever ``canonical.canonical`` would
change a string or ``encodings.encoded`` find a token in it, however often the string is nested in JSON; tests hold them
to that. Of base64 and hex only what decodes to text fires: identifiers, digests and keys are part of ordinary messages.

The pass runs on RE2 and Hyperscan, each with the expressions that it is quick with, or on RE2 alone.
"""

import contextlib
import ctypes
import re
import threading
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any, Final, Literal

import re2

from doorward.detection.automata import Search, automaton, searcher
from doorward.detection.spotting import spots

# --- hidden values ----------------------------------------------------------------------------------------------------

_BASE64: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_TEXT_OCTETS: Final = (9, 10, 13, *range(0x20, 0x80))
# UTF-8 (RFC 3629 §4): the octets that begin a character, by how many follow; and those that follow.
_LEADS: Final[tuple[Sequence[int], ...]] = (_TEXT_OCTETS, range(0xC2, 0xE0), range(0xE0, 0xF0), range(0xF0, 0xF5))
_FOLLOWING: Final = range(0x80, 0xC0)

# Before a token: no letter or digit, unless it is that of an escape of JSON such as \n.
_BEFORE: Final = r"(?:^|[^0-9A-Za-z]|\\[bfnrt])"
_BREAK: Final = r"\\+[nrt]"  # a line break or tab in JSON, however deep
_SLASH: Final = r"\\*/"


def _sextets(values: Iterable[int]) -> str:
    """The characters of base64 and base64url for these values."""
    chosen = set(values)
    plain = "".join(_BASE64[value] for value in sorted(chosen - {62, 63}))
    if 62 in chosen:
        plain += "+\\-"
    if 63 not in chosen:
        return f"[{plain}]"
    return f"(?:[{plain}_/]|{_SLASH})"


def _quads(state: int, following: int) -> dict[tuple[str, ...], None]:
    """Every four characters of base64 for three octets of text; ``state`` are owed before, ``following`` behind."""
    found: dict[tuple[str, ...], None] = {}
    for kinds in product(range(5), repeat=3):
        owed = state
        octets: list[Sequence[int]] = []
        for kind in kinds:
            if kind == 4 and owed:
                octets.append(_FOLLOWING)
                owed -= 1
            elif kind < 4 and not owed:
                octets.append(_LEADS[kind])
                owed = kind
            else:
                break
        if len(octets) < 3 or owed != following:
            continue
        one, two, three = octets
        quad = (
            _sextets(a >> 2 for a in one),
            _sextets((a & 3) << 4 | b >> 4 for a in one for b in two),
            _sextets((b & 15) << 2 | c >> 6 for b in two for c in three),
            _sextets(c & 63 for c in three),
        )
        found[quad] = None
    return found


def _base64_text(quads: int, state: int = 0) -> str:
    """base64 whose first ``quads`` times three octets are UTF-8."""
    ways = []
    for following in range(4):
        found = _quads(state, following)
        if found:
            here = "|".join("".join(quad) for quad in found)
            behind = _base64_text(quads - 1, following) if quads > 1 else ""
            ways.append(f"(?:{here}){behind}")
    return f"(?:{'|'.join(ways)})"


_HEX: Final = "[0-9A-Fa-f]"
# Octets of a character, and its digits in lower case; short, as Hyperscan takes no expression above 16,000 characters.
_HEX_KINDS: Final = (
    (1, r"(?:[2-7][\da-f]|0[9ad])"),
    (2, r"(?:c[2-9a-f]|d[\da-f])[89ab][\da-f]"),
    (3, r"e[\da-f](?:[89ab][\da-f]){2}"),
    (4, r"f[0-4](?:[89ab][\da-f]){3}"),
)


def _hex_text(octets: int) -> str:
    """Hex whose first octets are UTF-8: so many, or up to three more."""
    if octets == 1:
        return r"(?:[2-7c-f][\da-f]|0[9ad])"
    if octets <= 0:
        return ""
    return f"(?:{'|'.join(kind + _hex_text(octets - size) for size, kind in _HEX_KINDS)})"


_A_PAIR: Final = f"(?:[2-7]{_HEX}|0[9AaDd]|[89A-Fa-f]{_HEX})"
_GAP: Final = rf"(?:[ .()/_\-\t\r\n]|{_BREAK}|{_SLASH}){{1,3}}"
_NO_DIGIT: Final = r"(?:^|[^0-9A-Fa-f.\-]|[^0-9A-Za-z][.\-]|\\[bfnrt])"  # before digits: not amid a number, hex, a UUID
_SEPARATOR: Final = r"(?:[ /()+\-][ ./()+\-]{0,2}|\.[ /()+\-]{1,2})"  # a point alone may be that of a fraction
_OPEN: Final = r"[ /()+\-]{1,3}"
_QUOTE: Final = r"\\*\""
_BEHIND: Final = rf"(?:\s*,\s*{_QUOTE}[A-Za-z_]+{_QUOTE}\s*:\s*(?:\{{[^{{}}]*\}}|{_QUOTE}text{_QUOTE}|[0-9a-z.]+))*"
_AHEAD: Final = r"[^{}]*(?:\{[^{}]*\}[^{}]*)?"

DISGUISES: Final[tuple[str, ...]] = (
    # characters
    r"[\x80-\xff]",
    r"\\u[0-9A-Fa-f]{4}",
    r"\\u\{[0-9A-Fa-f]{1,6}\}",
    r"\\x[0-9A-Fa-f]{2}",
    r"\\U[0-9A-Fa-f]{8}",
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]",
    r"\\[bf]",
    # escapes
    r"%[0-9A-Fa-f]{2}",
    r"&(?:#[xX]?[0-9A-Fa-f]|[A-Za-z][A-Za-z0-9]+;)",
    r"=[0-9A-F]{2}=[0-9A-F]{2}",
    r"[0-9A-Za-z]=(?:40[0-9A-Za-z]|2[B-F][0-9A-Za-z=]|20[A-Z]|27[A-Z])",
    r"<(?:wbr|WBR|!--[^0-9A-Za-z@<>]*--)",
    # whole tokens
    _BEFORE + _base64_text(3),
    _BEFORE + r"H4sI[0-9A-Za-z+/_\-\\]{8}",
    _BEFORE + r"e(?:J[w-z]|N[o-r]|A[E-H]|F[4-7])[0-9A-Za-z+/_\-\\]{8}",
    _BEFORE + r"[I-Za-f][AQgw][AB][0-9A-Za-z+/_\-]A[C-H][AEIMQUYcgkosw048]A",  # UTF-16
    r"[bB]ase64,",
    f"{_BEFORE}(?:0[xX])?(?i:{_hex_text(8)})",
    rf"{_BEFORE}(?:0[xX])?(?:1[Ff]8[Bb]|78(?:01|5[Ee]|9[Cc]|[Dd][Aa])){_HEX}{{12}}",
    rf"{_BEFORE}(?:0[xX])?(?:[2-7]{_HEX}00){{4}}",
    rf"{_BEFORE}(?:0[xX])?{_A_PAIR}(?:[ :,\-]{{1,2}}(?:0[xX])?{_A_PAIR}){{7}}",
    # digits and letters set apart; letters between digits are not counted, each count would be a state
    rf"[0-9](?:{_GAP}[0-9]){{6}}",
    r"[0-9A-Za-z](?: [0-9A-Za-z@._+\-]){6}",
    r"[0-9] {1,2}(?:[A-Za-z@._+\-]*[0-9] {1,2}){5}",
    r"[A-Za-z._+\-][0-9] {1,2}[A-Za-z._+\-]+[0-9] ",
    r"[0-9] {1,2}[A-Za-z._+\-]*@",
    r"@[A-Za-z@._+\-]*[0-9] ",
)
"""Expressions that fire where ``canonical.canonical`` changes a string or ``encodings.encoded`` finds a token."""

NUMBERS: Final[tuple[str, ...]] = (
    # digits: seven and more in a row, or with separators; no date (2026-01-31), decimal fraction, UUID or digest
    rf"{_NO_DIGIT}[0-9]{{7,}}(?:[^0-9A-Fa-f\-]|$)",
    rf"{_NO_DIGIT}[0-9]{{7}}(?:[0-9]{{2,}})?-",
    rf"{_NO_DIGIT}[0-9]{{8}}-(?:{_HEX}{{0,3}}[^0-9A-Fa-f]|{_HEX}{{4}}[^\-])",
    rf"{_NO_DIGIT}[0-9]{{1,3}}{_SEPARATOR}(?:[0-9]{{3}}{_SEPARATOR}?[0-9]{{4}}|[0-9]{{2}}{_SEPARATOR}?[0-9]{{4}})",
    rf"{_NO_DIGIT}[0-9]{{1,3}}\.[0-9]{{2,3}}\.[0-9]{{4}}",
    rf"{_NO_DIGIT}[0-9]{{4}}{_SEPARATOR}[0-9]{{3}}",
    rf"{_NO_DIGIT}[0-9]{{4}}[./\-][0-9]{{2}}[./\-][0-9]{{2}}[./\-]?[0-9]",
    rf"{_NO_DIGIT}[0-9]{{5,6}}{_SEPARATOR}[0-9]{{2}}",
    rf"{_NO_DIGIT}[0-9]{{1,3}}{_OPEN}[0-9]{{3}}{_OPEN}[0-9]{{2}}",
    rf"{_NO_DIGIT}[0-9]{{3}}[ \-][0-9]{{4}}(?:[^0-9A-Fa-f\-]|$)",
    rf"{_NO_DIGIT}[0-9]{{2}}(?: [0-9]{{2}}){{3}}",
    r"[0-9]{2}(?:[ ./()+\-]{1,3}[0-9]{2}){4}",
    rf"[0-9]{{1,3}}(?:{_OPEN}[0-9]{{1,3}}){{4}}",
    # split over content blocks: one ends, and the next begins, as a value goes on
    rf"(?:[0-9A-Za-z_@+/=%\-]|[0-9][ .()\-]{{1,2}}){_QUOTE}{_BEHIND}\s*\}}\s*,\s*"
    rf"\{{{_AHEAD}\"text{_QUOTE}\s*:\s*{_QUOTE}[ .\-]?[0-9A-Za-z_@+(/=%]",
    rf"[0-9][ .\-)(]{{0,2}}{_QUOTE}\s*,\s*{_QUOTE}[ .+(\-]{{0,3}}[0-9][^\"\\]*{_QUOTE}\s*[,\]]",
)
"""Expressions that fire where there are enough digits for a number of anything, or a value may be split."""

_CAPITAL: Final = r"(?:\\*[\"'])?[A-Z]"
# Ends of the names of members whose own name stands in another one (shape.py).
VALUES: Final = (
    "value|values|val|answer|response|input|valor|respuesta|valeur|reponse|wert|antwort|valore|risposta|resposta|"
    "wartosc|waarde|antwoord"
)
STRUCTURES: Final[tuple[str, ...]] = (
    # a name and its value, where more than a colon stands between; the words of names alone are naming.py's
    r"BEGIN:V[A-Z]",
    rf"[A-Za-z)] ?(?:\.{{4,}}|_{{3,}})[. _]*:? *{_CAPITAL}",  # forms: "Name ..... Ann"
    rf"\*\* *(?:\||- {_CAPITAL})",
    rf"\] => {_CAPITAL}",
    rf"[A-Za-z]:: {_CAPITAL}",
    r": ?[|>][+\-]?(?:\\+n|\n)",
    r"[A-Za-z_\"'\]] ?={2,3} ?\\*[\"'][A-Za-z]",
    r"[\"']\] ?= ?\\*[\"'][A-Za-z]",
    r"(?i:\b(?:into|copy) )[^()]*\([^()]*\)(?:\\+[nrt]|\s)*(?i:values?\b|from\b)",
    r": ?<\\*/[A-Za-z]+>(?:<[A-Za-z]+>)? ?[A-Z]",
    rf"(?i:{VALUES})\\*\"\s*:\s*{_CAPITAL}",  # beside a label
    r"(?:[fF]ield|question|property|attribute|definition|column)\\*\"\s*:(?:\\+[nrt]|\s)*\{[^{}]*\"(?:title|label|name|question|text|key|ref)\\*\"",
    r"(?:value|content)=\\*[\"'][A-Z]",
    # members whose names are people: {"Ann Lee": …}
    r"[{,](?:\\+[nrt]|\s)*\\*\"[A-Z][a-z'.-]+(?: (?:[a-z'.]+ )*[A-Z][A-Za-z'.-]+){1,3}\\*\"\s*:",
    r"(?:name|key|field|label|itemprop|property|id)=\\*[\"'][^\"'<>]+[\"'][^<>]*>(?:\\+[nrt]|\s)*[A-Z]",
)
"""Expressions that fire where a name may stand beside its value in a way that ``naming`` does not know."""

HIDING: Final[tuple[str, ...]] = DISGUISES + NUMBERS + STRUCTURES
"""Expressions over the bytes of a message, in the syntax that RE2 and Hyperscan share."""


# --- the pass ---------------------------------------------------------------------------------------------------------

_LONG: Final = 8000
"""Characters of an expression that is a long list of words."""
# What is no literal; but a dash, point or slash that is escaped, the group, is one.
_CLASS: Final = re.compile(r"\\([./\-])|\\.|\[\^?\]?(?:\\.|[^\]\\])*+\]|\{[0-9,]*+\}|\(\?[a-zA-Z\-]*+:?|\.")
_LITERAL: Final = re.compile(r"[0-9A-Za-z_:@./\-]{3}")
# Words behind a group that is repeated: Hyperscan follows the group through all of the text, to know what is before.
_GOES_ON: Final = re.compile(r"\[.*\)[*+]\(\?:[A-Za-z]")
_COUNTED: Final = 20
"""Times that something is repeated, at least, from which Hyperscan counts better. RE2 makes a state for every way in
which such a run may have begun at several places, and for the combinations with all else that it waits for.
"""
_COUNT: Final = re.compile(r"\{([0-9]+)")
_Numbered = tuple[int, str]
# Bytes that RE2 may take for an automaton; its states in one direction get a third. Where ordinary text needs more than
# that, it makes the states for nearly every message anew, which takes thirty times as long.
_MEMORY: Final = 64 << 20


class Triggers:
    """Expressions that are looked for together. Compiled when made; safe to use from several threads at once.

    Those with a literal part go to Hyperscan, which looks for the literals, and those with a long count, which it
    counts; shapes such as ``[0-9]{7}`` go to RE2, whose one automaton takes a third of the time for them. A long list
    of words is an automaton of RE2 of its own, as Hyperscan would make a graph of every word, and of two lists together
    RE2 would make all combinations of states.
    Every further automaton costs a message of 1 KB some 8 us, most of it for memory that the calls between have pushed
    out of the caches: so a list is asked only where Hyperscan met one of its words, where these are seldom enough. One
    list whose words are met too often is part of the automaton of the shapes, with the memory of both.
    ``beside``: literals that are told apart, by ``meets`` alone. ``engine`` "hyperscan" or "re2" gives all to one;
    without Hyperscan all go to RE2. Raises ValueError for an expression that RE2 does not accept.
    """

    def __init__(
        self,
        expressions: Iterable[str],
        *,
        beside: Sequence[str] = (),
        engine: Literal["both", "hyperscan", "re2"] = "both",
    ) -> None:
        wanted = tuple(dict.fromkeys(expressions))
        for expression in (*wanted, *beside):
            _checked(expression)
        literal = dict.fromkeys(filter(_has_literal, wanted))
        lists = () if engine == "hyperscan" else tuple(one for one in literal if len(one) > _LONG)
        suited = literal | dict.fromkeys(filter(_counts, wanted))
        fast = [] if engine == "re2" else [one for one in wanted if engine == "hyperscan" or one in suited]
        looked_for = [(_FOUND, one) for one in fast if one not in lists]
        words = [spots(one) if engine == "both" else () for one in lists]
        kinds = list(dict.fromkeys(words))  # of two lists of the same words one number tells
        looked_for += [(number, spot) for number, some in enumerate(kinds, _BESIDE + 1) for spot in some]
        looked_for += [(_BESIDE, one) for one in beside if engine != "re2"]
        self._fast, refused = _Hyperscan.of(looked_for)
        taken = {one for number, one in looked_for if number == _FOUND}.difference(one for _, one in refused)
        spotted = {number for number, _ in looked_for}.difference(number for number, _ in refused)
        left = [one for one in wanted if one not in taken and one not in lists]
        self._spotted: dict[int, list[Search]] = {}
        always: list[str] = []
        for one, some in zip(lists, words, strict=True):
            number = kinds.index(some) + _BESIDE + 1
            if number in spotted:
                self._spotted.setdefault(number, []).extend(_re2_searches([one]))
            else:
                always.append(one)
        with_shapes, apart = (always[:1], always[1:]) if self._fast is not None else ([], always)
        shapes = [one for one in left if one not in literal]
        self._slow = _re2_searches([*shapes, *with_shapes], _MEMORY * (1 + len(with_shapes)))
        self._slow += _re2_searches([one for one in left if one in literal])
        self._slow += [search for one in apart for search in _re2_searches([one])]
        self._slow_and_beside = self._slow + _re2_searches(() if _BESIDE in spotted else beside)
        re2.purge()  # it keeps what was only compiled to be checked
        _give_back()

    @property
    def size(self) -> int:
        """Bytes of the Hyperscan database; 0 without one."""
        return 0 if self._fast is None else self._fast.size

    @property
    def automata(self) -> list[Search]:
        """Each automaton of RE2 by itself, to be measured."""
        return self._slow + [search for searches in self._spotted.values() for search in searches]

    def fires(self, raw: bytes) -> bool:
        """Whether any expression is found in ``raw``."""
        # Hyperscan first: it makes no states for a text that it sees for the first time.
        met = () if self._fast is None else self._fast.met(raw)
        return _FOUND in met or self._elsewhere(raw, met, self._slow)

    def meets(self, raw: bytes) -> bool:
        """Whether any expression is found in ``raw``, or what is looked for beside them."""
        met = () if self._fast is None else self._fast.met(raw)
        return _FOUND in met or _BESIDE in met or self._elsewhere(raw, met, self._slow_and_beside)

    def _elsewhere(self, raw: bytes, met: Sequence[int], searches: Sequence[Search]) -> bool:
        for search in searches:
            if search(raw):
                return True
        return bool(met) and any(
            search(raw) for number, spotted in self._spotted.items() if number in met for search in spotted
        )


def _give_back() -> None:
    """To the system, what it took to compile: some 10 MB, which the allocator of glibc would keep for later."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _has_literal(expression: str) -> bool:
    """Whether Hyperscan can look for it by a literal, and need not look at every octet before one."""
    said = _CLASS.sub(lambda found: found[1] or " ", expression)
    return _LITERAL.search(said) is not None and _GOES_ON.match(expression) is None


def _counts(expression: str) -> bool:
    return any(int(times) >= _COUNTED for times in _COUNT.findall(expression))


def _checked(expression: str) -> None:
    try:
        automaton(expression.encode(), _MEMORY)
    except re2.error as error:
        raise ValueError(f"not an expression that RE2 accepts: {expression!r}") from error


def _re2_searches(expressions: Sequence[str], memory: int = 0) -> list[Search]:
    """One search for all, or where together they are too large, more. (``re2.Set`` misses matches when memory ends.)"""
    if not expressions:
        return []
    # From the begin of the text on: RE2 knows where that is, and needs no second automaton, which goes back from where
    # a match ends to where it begins.
    together = rf"\A(?s:.*?)(?:{'|'.join(f'(?:{expression})' for expression in expressions)})"
    try:
        return [searcher(automaton(together.encode(), memory or _MEMORY))]
    except re2.error:
        half = len(expressions) // 2
        return _re2_searches(expressions[:half], memory) + _re2_searches(expressions[half:], memory)


_FOUND: Final = 0
"""The number of every expression whose match is what is looked for."""
_BESIDE: Final = 1
"""The number of what is looked for beside them; higher ones are of lists whose words are met."""


class _Hyperscan:
    """A database in block mode, and for every thread the scratch space that a scan needs for itself."""

    def __init__(self, engine: Any, database: Any) -> None:
        self._engine = engine
        self._database = database
        self._scan = database.scan
        self._terminated = engine.ScanTerminated
        self._own = threading.local()
        self.size = int(database.size())

    @classmethod
    def of(cls, expressions: Sequence[_Numbered]) -> "tuple[_Hyperscan | None, Sequence[_Numbered]]":
        """The expressions compiled, and those that Hyperscan refuses (too large, or they match nothing at all)."""
        if not expressions:
            return None, ()
        try:
            import hyperscan
        except ImportError:  # no wheel for this machine
            return None, expressions
        engine: Any = hyperscan
        try:
            return cls(engine, _compiled(engine, expressions)), ()
        except engine.error:
            taken, refused = [], []
            for expression in expressions:
                try:
                    _compiled(engine, [expression])
                except engine.error:
                    refused.append(expression)
                else:
                    taken.append(expression)
            return (cls(engine, _compiled(engine, taken)) if taken else None), refused

    def met(self, raw: bytes) -> Sequence[int]:
        """The numbers of what is in ``raw``, up to the first that is ``_FOUND``."""
        own = self._own
        try:
            scratch = own.scratch
        except AttributeError:
            scratch = own.scratch = self._engine.Scratch(self._database)
        met: list[int] = []
        try:
            self._scan(raw, _met, 0, met, scratch)  # arguments with names take longer than all else of the call
        except self._terminated:
            met.append(_FOUND)
        return met


def _compiled(engine: Any, expressions: Sequence[_Numbered]) -> Any:
    database = engine.Database(mode=engine.HS_MODE_BLOCK)
    database.compile(
        expressions=[expression.encode() for _, expression in expressions],
        ids=[number for number, _ in expressions],
        elements=len(expressions),
        flags=[engine.HS_FLAG_SINGLEMATCH] * len(expressions),
    )
    return database


def _met(number: int, begin: int, end: int, flags: int, met: list[int]) -> bool:
    """Takes note of a match, and ends the scan with what is found."""
    met.append(number)
    return number == _FOUND
