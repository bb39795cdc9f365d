"""People and places in running text: the model, and rules of what it may not call a person.

The model has read sentences. Where there is none (code, log lines, headings, product titles) it sees people in anything
with a capital, so that there a word known as a name, or a person-like neighbour, must agree.
"""

import re
from functools import lru_cache
from importlib import resources
from typing import Final, NamedTuple

from doorward.detection.names import lexicon, words
from doorward.detection.names.model import Entry, Model, Run

PIECE: Final = 1000
"""Characters that are looked at in one go: at most a few milliseconds, also with words never met before."""

# How likely the likeliest token of a person must be, to count. What the model says is a probability, but one that errs
# on the low side for names it never met.
_FULL: Final = 0.15
_SINGLE: Final = 0.25
_LOWER: Final = 0.45
_TITLE: Final = 0.50
_CODE: Final = 0.80
_PLACE: Final = 0.50
_PLACE_TITLE: Final = 0.75
_SIGNED: Final = 0.8
_AGAIN: Final = 0.7

_RUN: Final = re.compile(r"\S+")
_WORD: Final = re.compile(r"[^\W\d_]+")
_LAST: Final = re.compile(r"[^\W\d_]+|[^\w\s]")
_IS_CODE: Final = re.compile(
    r"\w\(|\(\)|\w=[\w'\"\[{(]|\w \+?= [\w'\"\[{(]|[!=]=|::|->|=>|</\w|/>|[{};\\]\s*$|^\s*[}\])]|\$\{|\{\{|>>> "
    r"|^\s*(?:import|def|class|return|from\s\w+\simport|package|using|func|fn|var|let|const|#include|at)\s\S+\s*[({:;.]?$"
    r"|^\s*from [\w.]+ import\b|^\s*(?:if|elif|else|for|while|try|except|with|async|case|switch)\b.*[:{]\s*$"
    r"|\b(?:INFO|WARN|WARNING|ERROR|DEBUG|TRACE|FATAL|Traceback|Exception)\b|^\W*\d{4}-\d\d-\d\d[T ]\d\d:\d\d"
    r"|\b(?:VARCHAR|SELECT|INSERT|UPDATE|CREATE TABLE)\b"
)
# A line of one to four capitalised words.
_OWN_LINE: Final = re.compile(
    r"\n\s{0,4}[-–—]{0,2} ?([^\W\d_a-zß-öø-ÿ]\w{1,24}(?:[ -][^\W\d_a-zß-öø-ÿ][\w.]{0,24}){0,3})[.!]?[ \t]*(?=\n|$)"
)
_CAMEL: Final = re.compile(r"^(?!Mc|Mac|De|Di|Du|La|Le|Van|Fitz|O|St)\w*[a-z][A-Z]")
_HYPHENS: Final = "-‐"
_OTHER_HALF: Final = re.compile(r"(?:[-‐][^\W\d_a-zß-öø-ÿ][^\W\d_]{1,30}){1,3}")
# What stands between words that join two people, or two lines.
_BETWEEN: Final = re.compile(r"\s(?:and|und|et|y|e|og|och|or)\s|[;/|&()\n]")
_SENTENCE: Final = (
    lexicon.DETERMINERS
    | lexicon.PRONOUNS
    | lexicon.SPEECH
    | lexicon.BEFORE
    | lexicon.PLACE_BEFORE
    | lexicon.GREETINGS
    | lexicon.AUXILIARIES
)
_PERSONAL: Final = lexicon.GREETINGS | lexicon.TITLES | lexicon.TOWARDS


class Span(NamedTuple):
    """``text[start:end]`` is an ``entity`` with ``score`` (0 to 1; 0.5 is where it counts)."""

    start: int
    end: int
    entity: str
    score: float


class Piece(NamedTuple):
    """What is in a piece of text. ``maybe``: capitalised words that could be a person, had that name been met before;
    ``names``: the words of full names.
    """

    spans: tuple[Span, ...]
    maybe: tuple[Span, ...] = ()
    names: frozenset[str] = frozenset()


NOTHING: Final = Piece(())


@lru_cache(1)
def model() -> Model:
    """The model; read when first needed. Raises ``ModelFault``."""
    return Model(resources.files("doorward.detection.names").joinpath("model.bin").read_bytes())


def pieces(text: str) -> list[tuple[int, int]]:
    """Cut ``text`` at ends of lines or sentences into pieces of at most ``PIECE`` characters."""
    result = []
    start = 0
    while len(text) - start > PIECE:
        end = start + PIECE
        cut = max(text.rfind("\n", start, end), text.rfind(". ", start, end) + 1)
        if cut <= start + PIECE // 4:
            cut = text.rfind(" ", start, end)
        if cut <= start:
            cut = end
        result.append((start, cut))
        start = cut
    result.append((start, len(text)))
    return result


@lru_cache(4096)
def piece(text: str) -> Piece:
    """What is in ``text``, of at most ``PIECE`` characters."""
    known = model()
    entries = known.entries(text)
    runs, maybe = known.runs(entries, _FULL, _FULL)
    if not runs and not maybe:
        return NOTHING if "\n" not in text else Piece(tuple(_signatures(text, [], known)))
    wanted = {index for index, _ in maybe}
    trimmed = []
    for run in runs:
        start, end = _trim(run, entries)
        if start < end:
            trimmed.append((start, end, run))
            wanted.add(start)
            wanted.add(end - 1)
    where = _places(text, known, wanted)
    spans: list[Span] = []
    names: set[str] = set()
    for start, end, run in trimmed:
        begin, behind = _whole_words(text, where[start][0], where[end - 1][1])
        if run.label == "LOCATION":
            score = _place_score(text, begin, behind, run.peak)
            if score >= 0.5:
                spans.append(Span(begin, behind, run.label, round(score, 3)))
            continue
        for first, last in _people(text, begin, behind):
            score = _person_score(text, first, last, run.peak, known)
            if score >= 0.5:
                spans.append(Span(first, last, run.label, round(score, 3)))
                if score >= 0.6:
                    names |= full_name(text[first:last])
    spans += _signatures(text, spans, known)
    taken = bytearray(len(text))
    for span in spans:
        if span.entity == "PERSON":
            taken[span.start : span.end] = b"x" * (span.end - span.start)
    rest = tuple(
        Span(*where[index], "PERSON", round(max(_AGAIN, 0.5 + chance / 2), 3))
        for index, chance in maybe
        if text[where[index][0]].isupper() and not taken[where[index][0]]
    )
    return Piece(tuple(spans), rest, frozenset(names))


def found(text: str) -> list[Span]:
    """All people and places in ``text``, parts of names that stand in full elsewhere in it included."""
    parts = [(start, piece(text[start:end])) for start, end in pieces(text)]
    names: frozenset[str] = frozenset().union(*(part.names for _, part in parts))
    result = []
    for start, part in parts:
        result += [Span(start + s.start, start + s.end, s.entity, s.score) for s in part.spans]
        if names:
            for s in part.maybe:
                if text[start + s.start : start + s.end].lower() in names:
                    result.append(Span(start + s.start, start + s.end, s.entity, s.score))
    return result


def forget() -> None:
    """Forget the texts met so far (not the words)."""
    piece.cache_clear()


def _trim(run: Run, entries: list[Entry]) -> tuple[int, int]:
    """Without signs at either end."""
    start, end = run.start, run.end
    while start < end and not entries[start][1]:
        start += 1
    while end > start and not entries[end - 1][1]:
        end -= 1
    return start, end


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """With the other half of a double name: of "Lee" in "Berners-Lee" the whole."""
    if start > 1 and text[start - 1] in _HYPHENS and text[start - 2].isalpha():
        before = _WORD.findall(text[max(0, start - 26) : start])[-1]
        if before[0].isupper() and start - 1 - len(before) >= 0:
            start -= 1 + len(before)
    behind = _OTHER_HALF.match(text, end)
    return start, behind.end() if behind is not None else end


def _people(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Each of the people in one run: "Ann Lee, Bob Ray and Cy" are three, "Lee, Ann" is one."""
    found = []
    ends = [(match.start(), match.end()) for match in _BETWEEN.finditer(text, start, end)]
    for behind, following in [*ends, (end, end)]:
        parts = text[start:behind].split(",")
        if len(parts) == 2 and min(len(part.split()) for part in parts) < 2:
            parts = [text[start:behind]]
        at = start
        for part in parts:
            if part.strip():
                found.append((at + len(part) - len(part.lstrip()), at + len(part.rstrip())))
            at += len(part) + 1
        start = following
    return found


def _places(text: str, known: Model, wanted: set[int]) -> dict[int, tuple[int, int]]:
    """Where the ``wanted`` tokens of ``text`` stand; tokens are counted as ``Model.entries`` does."""
    result: dict[int, tuple[int, int]] = {}
    queue = sorted(wanted, reverse=True)
    at = count = 0
    for line in text.splitlines(keepends=True):
        if count:
            count += 1
        for chunk in _RUN.finditer(line):
            behind = count + len(known.chunk(chunk[0]))
            if queue[-1] < behind:
                marks = words.place(chunk[0])
                begin = at + chunk.start()
                while queue and queue[-1] < behind:
                    a, b = marks[queue[-1] - count]
                    result[queue.pop()] = (begin + a, begin + b)
                if not queue:
                    return result
            count = behind
        at += len(line)
    return result


def _line(text: str, start: int, end: int) -> tuple[int, int]:
    behind = text.find("\n", end)
    return text.rfind("\n", 0, start) + 1, len(text) if behind < 0 else behind


@lru_cache(4096)
def _manner(line: str) -> str:
    """What a line is like: "code" (or a log), "title" (no sentence) or "prose"."""
    if _IS_CODE.search(line):
        return "code"
    found = _WORD.findall(line)
    if len(found) <= 12 and _SENTENCE.isdisjoint(w for w in found if w.islower()):
        return "prose" if found and found[0].lower() in lexicon.GREETINGS else "title"
    return "prose"


def _scaled(peak: float, least: float) -> float:
    """``peak`` so that ``least`` becomes 0.5."""
    return 0.5 + 0.5 * (peak - least) / (1.0 - least) if peak >= least else 0.5 * peak / least


def _place_score(text: str, start: int, end: int, peak: float) -> float:
    begin, behind = _line(text, start, end)
    return _scaled(peak, _PLACE if _manner(text[begin:behind]) == "prose" else _PLACE_TITLE)


def _signatures(text: str, spans: list[Span], known: Model) -> list[Span]:
    """Names on a line of their own below a closing, which the model did not see."""
    result = []
    for match in _OWN_LINE.finditer(text):
        above = _WORD.findall(text[max(0, match.start() - 24) : match.start()])
        if not above or above[-1].lower() not in lexicon.CLOSINGS:
            continue
        start, end = match.span(1)
        parts = _WORD.findall(match[1])
        if any(part.lower() in lexicon.NO_PEOPLE or part.lower() in lexicon.ORG_SUFFIXES for part in parts):
            continue
        if not _is_named(parts, known):
            continue
        if all(end <= span.start or span.end <= start for span in spans):
            result.append(Span(start, end, "PERSON", _SIGNED))
    return result


def _is_named(parts: list[str], known: Model) -> bool:
    """Whether one of the words is often a given name or a surname."""
    return any(known.flags(part.lower()) & (words.GIVEN | words.SURNAME) for part in parts)


def _person_score(text: str, start: int, end: int, peak: float, known: Model) -> float:
    begin, behind = _line(text, start, end)
    manner = _manner(text[begin:behind])
    parts = _WORD.findall(text[start:end])
    capitals = [part for part in parts if part[0].isupper()]
    if all(part.lower() in lexicon.NO_PEOPLE for part in parts):
        return 0.0
    if any(part.isupper() and part.lower() in lexicon.NO_PEOPLE for part in parts) and not text[start:end].isupper():
        return 0.0
    is_named = _is_named(parts, known)
    if len(parts) == 1 and not is_named:
        # An acronym, or a name of code: SocketHandler, but not McAdam or DeWitt.
        is_acronym = parts[0].isupper() and len(parts[0]) > 1
        if is_acronym or _CAMEL.search(parts[0]):
            return _scaled(peak, _CODE)
    if manner == "prose":
        if not capitals:
            return _scaled(peak, _LOWER if is_named else _CODE)
        return _scaled(peak, _FULL if len(parts) > 1 else _SINGLE)
    if manner == "code":
        if len(capitals) < 2 or not is_named or text[start:end].isupper():
            return 0.0
        return _scaled(peak, _CODE)
    if len(capitals) > 1:
        return _scaled(peak, _TITLE if is_named else _CODE)
    before = _LAST.findall(text[max(begin, start - 24) : start])
    if before and before[-1].lower() in _PERSONAL:
        return _scaled(peak, _TITLE)
    if begin and not text[begin:start].strip(" -–—") and not text[end:behind].strip(" .,!"):
        return _scaled(peak, _TITLE)  # a line of its own below others: a signature
    return 0.0


def full_name(said: str) -> frozenset[str]:
    """The words, in lower case, of a full name that point to its bearer where they stand alone."""
    parts = [part for part in _WORD.findall(said) if len(part) > 2 and part[0].isupper()]
    if len(parts) < 2:
        return frozenset()
    lower = {part.lower() for part in parts} - lexicon.TITLES - lexicon.PARTICLES
    return frozenset(word for word in lower if not model().flags(word) & words.COMMON)
