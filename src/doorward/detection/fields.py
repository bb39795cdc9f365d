"""What one value is by the name it stands under: a person, a place, a date of birth; or what it may be, for a vote."""

from functools import lru_cache
from typing import Final

import msgspec

from doorward.detection import dates, keywords, people, places
from doorward.detection.keys import Key, classify
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
    if entity == "PERSON":
        return _person(string, key)
    if entity == "NAME":
        like = people.likeness(string) if len(string) <= 80 else 0.0
        return Field(maybe="NAME", like=like) if like >= 0.5 else NOTHING
    if entity == "LOCATION":
        return _place(string, key)
    if entity == dates.ENTITY:
        span = dates.value(string)
        return Field((Candidate(*span, entity, 0.85, "birth+key"),)) if span is not None else NOTHING
    return NOTHING


def member(name: str, key: Key) -> Field:
    """Judge a member name among names of people ("attendees": {"Ann Lee": …}); ``key`` is of the names around it."""
    if key.entity != "PERSON" or len(name) > 80 or classify((name,)).entity or people.likeness(name) < 0.9:
        return NOTHING
    return Field((Candidate(0, len(name), "PERSON", 0.7, "person+key"),))


def _whole(string: str, entity: str, score: float, rule: str) -> Candidate:
    start = len(string) - len(string.lstrip())
    return Candidate(start, len(string.rstrip()), entity, score, rule)


def _person(string: str, key: Key) -> Field:
    if len(string) > 400:
        return NOTHING
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
        return (0.7, like) if part or (like >= 0.3 and " " in string) else (0.0, like)
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
    if any(map(str.isdigit, string)):
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
