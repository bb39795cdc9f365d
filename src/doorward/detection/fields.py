"""What one value is by the name it stands under: a person, a place, a date of birth; or what it may be, for a vote."""

import re
from functools import lru_cache
from typing import Final

import msgspec

from doorward.detection import beside, dates, keywords, people, places
from doorward.detection.keys import Key, classify, fold, words
from doorward.detection.recognizers import Candidate

_SEPARATORS: Final = (";", "|", " / ", " & ", "\n", ", ", " and ", " und ", " et ", " y ", " e ", " en ")


class Field(msgspec.Struct, frozen=True, gc=False):
    """``found``: what counts, or is a guess (below one half). ``maybe``: what the record and the column have to decide
    ("NAME", "PERSON", "LOCATION", "POSTCODE" or ""), and ``like``: how much the value looks so, from 0 to 1.
    """

    found: tuple[Candidate, ...] = ()
    maybe: str = ""
    like: float = 0.0


NOTHING: Final = Field()


def field(string: str, key: Key) -> Field:
    """Judge the whole value ``string`` under ``key``. Linear; only keyed values cost anything."""
    entity = key.entity
    if entity in _SHOWN and _says_its_name(string, key):
        return NOTHING
    if entity == "PERSON":
        return _person(string, key)
    if entity == "NAME":
        if key.words[-1:] and not keywords.SEARCH.isdisjoint(key.words):
            sought = _sought(string)
            if sought:
                return Field((Candidate(0, sought, "PERSON", 0.6, "person+sought"),))
        like = people.likeness(string) if len(string) <= 80 else 0.0
        return Field(maybe="NAME", like=like) if like >= 0.5 else NOTHING
    if entity == "LOCATION":
        return _place(string, key)
    if entity == dates.ENTITY:
        span = dates.value(string)
        return Field((Candidate(*span, entity, 0.85, "birth+key"),)) if span is not None else NOTHING
    return NOTHING


_SHOWN: Final = frozenset(("PERSON", "LOCATION", "NAME"))
_ONE_WORD: Final = keywords.SURNAME | keywords.GIVEN | keywords.FULLNAME


def _says_its_name(string: str, key: Key) -> bool:
    """Whether a value only says what its field is called, as texts for screens do ("label.surname": "Surname")."""
    if not string.isalpha() or len(string) > 24:
        return False  # of more words, some are never of a name
    said = fold(string)
    return said in key.words or said in _ONE_WORD


# What is looked for of a person: nobody asks it of a firm; and of either.
_OF_PEOPLE: Final = keywords.listed(
    """
    obituary obituaries funeral mugshot arrest arrests arrested criminal court records record background check wife
    husband spouse girlfriend boyfriend age birthday birthplace born net worth salary resume cv biography bio divorce
    date of birth linkedin nachruf todesanzeige lebenslauf alter obituario esquela curriculum necrologie deces
    necrologio overlijdensbericht
    """
)
_OF_ANYBODY: Final = _OF_PEOPLE | keywords.listed(
    """
    home phone mobile cell number email mail address contact details twitter facebook instagram telefon adresse
    telefono
    """
)
_TAIL: Final = re.compile(r"(?: [a-z]+){1,4}\Z")


def _sought(string: str) -> int:
    """Where the name ends in what somebody looks for about a person ("Ann Lee obituary"); 0: it is none."""
    tail = _TAIL.search(string) if len(string) <= 100 else None
    if tail is None:
        return 0
    asked = tail[0].split()
    name = string[: tail.start()]
    if " " not in name or not _OF_ANYBODY.issuperset(asked):
        return 0
    return tail.start() if people.likeness(name) >= (0.7 if _OF_PEOPLE.issuperset(asked) else 0.9) else 0


def with_number(string: str, key: Key, start: int, end: int) -> Field:
    """Judge what stands beside the telephone number or mail address at ``start`` to ``end``, under a name for somebody
    who can be reached: "ice": "Ann Lee +44 20 …".
    """
    if not (key.entity in ("PERSON", "PHONE_NUMBER") or "PHONE_NUMBER" in key.hints):
        return NOTHING
    before, behind = string[:start].strip(_BETWEEN), string[end:].strip(_BETWEEN)
    name = before or behind
    if (before and behind) or " " not in name or people.likeness(name) < 0.7:
        return NOTHING
    at = string.find(name, 0 if before else end)
    return Field((Candidate(at, at + len(name), "PERSON", 0.7, "person+number"),))


_BETWEEN: Final = " \t,;:()<>[]/|–—-"


def unnamed(string: str, key: Key) -> Field:
    """Judge the whole value ``string`` under a ``key`` that says nothing: what stands beside it may."""
    if not beside.may_be(string, key):
        return NOTHING
    return Field(maybe=beside.ANY, like=people.likeness(string))


def member(name: str, key: Key) -> Field:
    """Judge a member name among names of people ("attendees": {"Ann Lee": …}); ``key`` is of the names around it."""
    rolls = not keywords.ROLL.isdisjoint(key.words) or (key.entity == "PERSON" and "by" in key.words[:-1])
    if not (rolls or key.entity == "PERSON" or not keywords.TALLY.isdisjoint(key.words)):
        return _one_of_several(name, key)
    if len(name) > 80 or classify((name,)).entity or people.likeness(name) < (0.7 if rolls else 0.9):
        return NOTHING
    if key.entity != "PERSON" and not keywords.COUNTED.isdisjoint(words(name)):
        return NOTHING
    return Field((Candidate(0, len(name), "PERSON", 0.7, "person+key"),))


MEMBER: Final = "MEMBER"
"""What ``Field.maybe`` says of a member name that may be somebody's, as the others of its object are."""


def _one_of_several(name: str, key: Key) -> Field:
    if " " not in name or len(name) > 80 or key.negative or not keywords.THING.isdisjoint(key.words):
        return NOTHING
    like = people.likeness(name)
    if like < 0.7 or places.is_town(name) or not keywords.COUNTED.isdisjoint(words(name)) or classify((name,)).entity:
        return NOTHING
    return Field(maybe=MEMBER, like=like)


def _whole(string: str, entity: str, score: float, rule: str) -> Candidate:
    start = len(string) - len(string.lstrip())
    return Candidate(start, len(string.rstrip()), entity, score, rule)


def _person(string: str, key: Key) -> Field:
    if len(string) > 400:
        return NOTHING
    if places.is_postal(string, sure=False):
        # "ship_to": "12 Mill Lane, Leeds"
        return Field(maybe="PERSON")
    parts = _parts(string)
    if parts is None:
        score, like = _score(string, key)
        if score:
            return Field((_whole(string, "PERSON", score, "person+key"),), like=like)
        return Field(maybe="PERSON", like=like) if like >= 0.25 else NOTHING
    found = []
    for start, end in parts:
        score, _ = _score(string[start:end], key)
        if score:
            found.append(Candidate(start, end, "PERSON", score, "person+key"))
    return Field(tuple(found)) if found else NOTHING


def _score(string: str, key: Key) -> tuple[float, float]:
    """(the score of a person, how much it looks like one)."""
    like = people.likeness(string)
    if not like:
        return 0.0, 0.0
    words = key.words
    unlikely = not key.sure and bool(words) and (words[-1] in keywords.UNLIKELY_ROLE or words == ("name",))
    if unlikely and len(words) == 2 and words[1] == "to" and words[0] in keywords.ADDRESSED:
        unlikely = False
    if key.sure:
        if like >= 0.5:
            return 0.85, like
        part = not _PARTS.isdisjoint(words)
        return (0.7, like) if part or " " in string else (0.0, like)
    if not keywords.FIRM.isdisjoint(words):
        return 0.0, like
    if like >= 0.9 or (like >= 0.7 and not unlikely):
        return 0.75, like
    if like >= 0.6 and not unlikely:
        return 0.6, like
    return 0.0, like


# Under these even small letters, or one word, are a name.
_PARTS: Final = keywords.GIVEN | keywords.SURNAME | {"first", "last", "middle", "given", "family", "fn", "ln", "maiden"}


def _parts(string: str) -> list[tuple[int, int]] | None:
    """Where several names in one value stand ("Ann Lee, Bob Ray"); None: it is one value ("Lee, Ann")."""
    for separator in _SEPARATORS:
        if separator not in string:
            continue
        pieces = string.split(separator)
        if separator == ", " and any(" " not in piece.strip() for piece in pieces) and len(pieces) == 2:
            continue
        if separator in (" y ", " e ", " en ") and any(" " not in piece.strip() for piece in pieces):
            continue
        spans = []
        start = 0
        for piece in pieces:
            bare = piece.strip()
            at = start + piece.find(bare) if bare else start
            if bare:
                spans.append((at, at + len(bare)))
            start += len(piece) + len(separator)
        return spans
    return None


def _place(string: str, key: Key) -> Field:
    part = _part_of_place(key.words)
    if part == "POSTCODE":
        return Field(maybe="POSTCODE", like=0.6) if places.is_postcode(string) else NOTHING
    if part == "CITY":
        return Field(maybe="LOCATION", like=0.6) if places.is_city(string) else NOTHING
    if not places.is_address(string):
        return NOTHING
    if key.sure and places.has_digit(string):
        return Field((_whole(string, "LOCATION", 0.85, "address+key"),))
    # "address": "Springfield" may be a place of anything.
    return Field(maybe="LOCATION", like=0.8)


@lru_cache(1024)
def _part_of_place(words: tuple[str, ...]) -> str:
    """Which part of an address the words of a name speak of: "POSTCODE", "CITY", or "" for all the rest."""
    if not keywords.STREET.isdisjoint(words):
        return ""
    if not keywords.POSTCODE.isdisjoint(words):
        return "POSTCODE"
    return "" if keywords.CITY.isdisjoint(words) else "CITY"
