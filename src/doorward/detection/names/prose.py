"""People and places in running text: the model, and rules of what it may not call a person.

The model has read sentences. Where there is none (code, log lines, headings, product titles) it sees people in anything
with a capital, so that there a word known as a name, or a person-like neighbour, must agree.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from importlib import resources
from typing import Final, NamedTuple

from doorward.detection.names import cues, english, lexicon, things, words
from doorward.detection.names.model import POINTS, Entry, Model, Run
from doorward.detection.names.speakers import speakers

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
_SPEAKS: Final = 0.8
_KOREAN: Final = 0.75
_CUE: Final = 0.6
# How likely a word must be (part of) a person to be one when another word beside it says so.
_CUED: Final = 0.03
_GROWS: Final = 0.01
# So many words are no title.
_MANY: Final = 13
_ENOUGH: Final = 200
"""Characters that hold so many words, mostly."""
_JOINTS: Final = (" ", "-", "‐", "'", "’")

_WORD: Final = re.compile(r"[^\W\d_]+")
_LAST: Final = re.compile(r"[^\W\d_]+|[^\w\s]")
# What only code and logs hold, in any place of a line, at its begin, and in capitals. The first begins with a sign that
# each of its forms has, so that the search leaps from sign to sign.
_IS_CODE: Final = re.compile(
    r"[(=<>{}$;\\:](?:(?<=\w\()|(?<=\()\)|(?<=\w=)[\w'\"\[{(]|(?<=[\w ] =) [\w'\"\[{(]|(?<=\w \+=) [\w'\"\[{(]"
    r"|(?<=[!=]=)|(?<=[-=/]>)|(?<=>)>> |(?<=:):|(?<=[{};\\])\s*$|(?<=[${])\{|(?<=<)/"
    r"(?!(?:p|div|span|article|section|main|body|td|th|tr|li|ul|ol|em|strong|b|i|u|a|h[1-6]|blockquote|small)>)\w)"
)
_BEGINS_CODE: Final = re.compile(
    r"\s*(?:import|def|class|return|from\s\w+\simport|package|using|func|fn|var|let|const|#include|at)\s\S+\s*[({:;.]?$"
    r"|\s*from [\w.]+ import\b|\s*(?:if|elif|else|for|while|try|except|with|async|case|switch)\b.*[:{]\s*$"
    r"|\s*[}\])]|\W*\d{4}-\d\d-\d\d[T ]\d\d:\d\d"
)
_LEVELS: Final = (
    *("INFO", "WARN", "WARNING", "ERROR", "DEBUG", "TRACE", "FATAL", "Traceback", "Exception", "VARCHAR", "SELECT"),
    *("INSERT", "UPDATE", "CREATE TABLE"),
)
_LEVEL: Final = re.compile(rf"\b(?:{'|'.join(_LEVELS)})\b")
# A line of one to four capitalised words.
_OWN_LINE: Final = re.compile(
    r"\n\s{0,4}[-–—]{0,2} ?([^\W\d_a-zß-öø-ÿ]\w{1,24}(?:[ -][^\W\d_a-zß-öø-ÿ][\w.]{0,24}){0,3})[.!]?[ \t]*(?=\n|$)"
)
_CAMEL: Final = re.compile(r"^(?!Mc|Mac|De|Di|Du|La|Le|Van|Fitz|O|St)\w*[a-z][A-Z]")
_HYPHENS: Final = "-‐"
_OTHER_HALF: Final = re.compile(r"(?:[-‐][^\W\d_a-zß-öø-ÿ][^\W\d_]{1,30}){1,3}")
# What stands between words that join two people, or two lines.
_BETWEEN: Final = re.compile(r"\s(?:and|und|et|y|e|og|och|or)\s|[;/|&()<>*\n]")
_PARTICLES: Final = lexicon.PARTICLES | {"'t", "’t", "ap", "ab", "bint", "abu", "y"}
# The rest of a name of several words.
_TAIL: Final = re.compile(
    r"(?: (?:de|du))? (?:Le|La|El|Al|Mac|Mc|Ó|Ní|Ben|Abu)[ -][^\W\d_a-zß-öø-ÿ]\w+"
    r"|(?: (?:['’]t|van|von|de|der|den|del|della|di|da|dos|das|du|la|le|el|al|bin|ibn|ter|ten|zu))+ "
    r"([^\W\d_a-zß-öø-ÿ]\w+)"
)
_SENTENCE: Final = (
    lexicon.DETERMINERS
    | lexicon.PRONOUNS
    | lexicon.SPEECH
    | lexicon.BEFORE
    | lexicon.PLACE_BEFORE
    | lexicon.GREETINGS
    | lexicon.AUXILIARIES
)
_PERSONAL: Final = cues.GREETED
_ELSE: Final = words.PLACE | words.ORG | words.COMMON
_NOT_BY: Final = lexicon.TITLES | lexicon.PARTICLES
_NAMES: Final = words.GIVEN | words.SURNAME
_NEVER: Final = lexicon.NO_PEOPLE | cues.CALLS


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
    entries, lines = known.read(text)
    runs, maybe = known.runs(entries, _FULL, _FULL)
    said = [Span(start, end, "PERSON", _SPEAKS) for start, end in speakers(text) if _is_odd(text[start:end], known)]
    if not runs and not maybe:
        if "\n" not in text and not said:
            return NOTHING
        return Piece((*said, *_signatures(text, said, known)), (), _named(text, said))
    maybe = [one for one in maybe if entries[one[0]][1] == POINTS]
    wanted = {index for index, _ in maybe}
    trimmed = []
    for run in runs:
        start, end = _trim(run, entries)
        if start < end:
            trimmed.append((start, end, run))
            wanted.add(start)
            wanted.add(end - 1)
    where = known.places(lines, wanted)
    spans: list[Span] = []
    names: set[str] = set()
    longer = False
    for start, end, run in trimmed:
        begin, behind = _whole_words(text, where[start][0], where[end - 1][1])
        if run.label == "LOCATION":
            score = _place_score(text, begin, behind, run.peak)
            if score >= 0.5:
                spans.append(Span(begin, behind, run.label, round(score, 3)))
            continue
        for first, last in _people(text, begin, behind):
            first, last, is_longer = _named_only(text, first, last, known)
            longer = longer or is_longer
            score = _person_score(text, first, last, run.peak, known)
            if score >= 0.5:
                spans.append(Span(first, last, run.label, round(score, 3)))
                if score >= 0.6:
                    names |= full_name(text[first:last])
    if said:
        spans = _surer(said, spans)
        names |= _named(text, said)
    if "-" in text and (koreans := cues.koreans(text)):
        spans = _surer([Span(start, end, "PERSON", _KOREAN) for start, end in koreans], spans)
        for start, end in koreans:
            names |= full_name(text[start:end])
    if longer:
        spans = _apart(spans)
    spans += _signatures(text, spans, known)
    taken = bytearray(len(text))
    for span in spans:
        if span.entity == "PERSON":
            taken[span.start : span.end] = b"x" * (span.end - span.start)
    rest: list[Span] = []
    likely: list[tuple[int, int, float]] = []
    for index, chance in maybe:
        start, end = where[index]
        if taken[start]:
            continue
        rest.append(Span(start, end, "PERSON", round(max(_AGAIN, 0.5 + chance / 2), 3)))
        if chance >= _GROWS and _is_rare(text[start:end], known):
            likely.append((start, end, chance))
    if likely:
        _grow(text, spans, likely)
    return Piece(tuple(spans), tuple(rest), frozenset(names))


def _apart(spans: list[Span]) -> list[Span]:
    """``spans`` without people that begin inside of the one before."""
    result = [span for span in spans if span.entity != "PERSON"]
    last = len(result)
    for span in sorted(span for span in spans if span.entity == "PERSON"):
        if len(result) == last or result[-1].end <= span.start:
            result.append(span)
        elif span.end > result[-1].end and span.score > result[-1].score:
            result[-1] = span
    return result


def _surer(sure: list[Span], spans: list[Span]) -> list[Span]:
    """``sure``, and of ``spans`` those that touch none of them."""
    return [*sure, *(s for s in spans if all(s.end <= one.start or one.end <= s.start for one in sure))]


def _named(text: str, spans: Iterable[Span]) -> frozenset[str]:
    """The words by which those of ``spans`` are known again: of full names, and names alone that are rarely else."""
    found: set[str] = set()
    for span in spans:
        name = text[span.start : span.end]
        found |= full_name(name)
        if len(name) > 2 and name.isalpha() and not model().flags(name.lower()) & words.COMMON:
            found.add(name.lower())
    return frozenset(found)


def _grow(text: str, spans: list[Span], likely: list[tuple[int, int, float]]) -> None:
    """Add to ``spans`` the ``likely`` words that belong to them, or that are somebody by what stands beside them."""
    groups: list[tuple[int, int, float]] = []
    for start, end, chance in likely:
        if groups and text[groups[-1][1] : start] in _JOINTS:
            begin, _, most = groups.pop()
            groups.append((begin, end, max(most, chance)))
        else:
            groups.append((start, end, chance))
    for start, end, chance in groups:
        if _joined(text, spans, start, end) or chance < _CUED or not text[start:end].istitle():
            continue
        if cues.is_somebody(text, start, end):
            begin, behind = _line(text, start, end)
            if _manner(text[begin:behind]) != "code":
                spans.append(Span(start, end, "PERSON", _CUE))


def _joined(text: str, spans: list[Span], start: int, end: int) -> bool:
    """Whether these words were made a part of somebody's name beside them, of whom one word was found."""
    for place, span in enumerate(spans):
        if span.start == end + 1 or span.end + 1 == start:
            said = text[span.start : span.end]
            if span.entity == "PERSON" and " " not in said and text[min(end, span.end)] == " ":
                spans[place] = span._replace(start=min(start, span.start), end=max(end, span.end))
                return True
    return False


def _is_odd(said: str, known: Model) -> bool:
    """Whether one of the words is a name, or not met in texts as anything else."""
    flags = [known.flags(part.lower()) for part in _WORD.findall(said) if part[0].isupper()]
    return any(not flag or flag & (words.GIVEN | words.SURNAME) for flag in flags)


def _is_rare(word: str, known: Model) -> bool:
    """Whether a word is no other thing than a name as far as is known."""
    low = word.lower()
    flags = known.flags(low)
    return not flags & _ELSE and low not in _NEVER


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
    said = text[start:end]
    if said.count(" ") < 2 and said.replace(" ", "").isalpha():
        return [(start, end)]  # one word, or two: nothing stands between people here
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


def _named_only(text: str, start: int, end: int, known: Model) -> tuple[int, int, bool]:
    """Without the nouns in lower case at either side of a name, and with the rest of a name of several words: "holder
    Kim" is "Kim", and "Femke van" is "Femke van 't Hof". And whether it is longer now.
    """
    stem = end
    if " " in text[start:end]:
        said = text[start:end].split(" ")
        first, last = said[0], said[-1]
        if _is_beside(first, known):
            return start + len(first) + 1, end, False
        if last in _PARTICLES:
            stem -= len(last) + 1
        elif last.islower() and last.isalpha() and text[start].isupper() and _is_beside(last, known):
            return start, end - len(last) - 1, False
    if text[stem : stem + 1] == " " and text[start].isupper():
        tail = _TAIL.match(text, stem)
        if tail is not None and (tail[1] is None or not known.flags(tail[1].lower()) & _ELSE):
            return start, tail.end(), True
    return start, end, False


def _is_beside(word: str, known: Model) -> bool:
    """Whether a word at the edge of a name is no part of it: a noun, or a call."""
    low = word.lower()
    if word not in (low, low.capitalize()) or (word != low and low not in cues.CALLS) or low in _PARTICLES:
        return False
    return not known.flags(low) & (words.GIVEN | words.SURNAME)


def _line(text: str, start: int, end: int) -> tuple[int, int]:
    behind = text.find("\n", end)
    return text.rfind("\n", 0, start) + 1, len(text) if behind < 0 else behind


def _is_code(line: str) -> bool:
    if _IS_CODE.search(line) is not None or _BEGINS_CODE.match(line) is not None:
        return True
    for level in _LEVELS:  # to look for each takes a third of one search for all
        if level in line:
            return _LEVEL.search(line) is not None
    return False


@lru_cache(4096)
def _manner(line: str) -> str:
    """What a line is like: "code" (or a log), "title" (no sentence) or "prose"."""
    if _is_code(line):
        return "code"
    if not _SENTENCE.isdisjoint(line.split(maxsplit=_MANY)[:_MANY]):
        return "prose"  # one stands between blanks, as mostly: whole, and in lower case as all of these
    found = _WORD.findall(line[:_ENOUGH])
    if len(found) < _MANY and len(line) > _ENOUGH:
        found = _WORD.findall(line)
    if len(found) < _MANY and _SENTENCE.isdisjoint([word for word in found if word.islower()]):
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
    for part in parts:  # noqa: SIM110 - asked of every person: any() takes twice as long
        if known.flags(part.lower()) & _NAMES:
            return True
    return False


def _person_score(text: str, start: int, end: int, peak: float, known: Model) -> float:
    if text[end : end + 1] == "/" and text[end + 1 : end + 2].isdigit():  # "Mozilla/5.0"
        return 0.0
    parts = _WORD.findall(text[start:end])
    capitals = [part for part in parts if part[0].isupper()]
    nobody = [part for part in parts if part.lower() in lexicon.NO_PEOPLE]
    if len(nobody) == len(parts):
        return 0.0
    if nobody and any(part.isupper() for part in nobody) and not text[start:end].isupper():
        return 0.0
    begin, behind = _line(text, start, end)
    manner = _manner(text[begin:behind])
    if things.lists_things(text, begin, start) or things.is_thing(text, start, end, parts, title=manner == "title"):
        return 0.0
    if len(parts) == 1 and english.is_word(text, begin, start, end):
        return 0.0
    is_named = _is_named(parts, known)
    if len(parts) == 1 and not is_named:
        # An acronym, or a name of code: SocketHandler, but not McAdam or DeWitt.
        is_acronym = parts[0].isupper() and len(parts[0]) > 1
        if is_acronym or _CAMEL.search(parts[0]):
            return _scaled(peak, _CODE)
    if manner == "prose":
        if not capitals:
            # Who writes names in small letters begins sentences so, too.
            return _scaled(peak, _LOWER if is_named and text[begin:behind].islower() else _CODE)
        return _scaled(peak, _FULL if len(parts) > 1 else _SINGLE)
    if manner == "code":
        if len(capitals) < 2 or not is_named or text[start:end].isupper():
            return 0.0
        return _scaled(peak, _CODE)
    if len(capitals) > 1:
        return _scaled(peak, _TITLE if is_named else _CODE)
    before = _LAST.findall(text[max(begin, start - 24) : start])
    if before and before[-1].lower() in _PERSONAL:
        return _scaled(peak, _SINGLE if _is_rare(parts[0], known) else _TITLE)
    if text[end : end + 1] == "!" and _is_called(before, parts[0], known):
        return _scaled(peak, _FULL)
    if begin and not text[begin:start].strip(" -–—") and not text[end:behind].strip(" .,!"):
        return _scaled(peak, _TITLE)  # a line of its own below others: a signature
    return 0.0


def _is_called(before: list[str], word: str, known: Model) -> bool:
    """Whether somebody is called by this name: "Hoi Femke!", or alone "Femke!"."""
    if not _is_rare(word, known) or word.isupper():
        return False
    return not before or before[-1].lower() in cues.GREETED or (before[-1] in ":>" and _is_named([word], known))


def is_named(said: str) -> bool:
    """Whether one of the words is often a given name or a surname."""
    return _is_named(_WORD.findall(said), model())


def full_names(said: str) -> frozenset[str]:
    """``full_name`` of each of those whom a field names."""
    return frozenset().union(*(full_name(one) for one in _BETWEEN.split(said)))


def full_name(said: str) -> frozenset[str]:
    """The words, in lower case, of a full name that point to its bearer where they stand alone."""
    parts = [part.lower() for part in _WORD.findall(said) if len(part) > 2 and part[0].isupper()]
    if len(parts) < 2:
        return frozenset()
    flags = model().flags
    return frozenset([word for word in parts if word not in _NOT_BY and not flags(word) & words.COMMON])
