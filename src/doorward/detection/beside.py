"""Whose and where a value is when its own name does not say: by what stands beside it.

A field may be called anything ("grad", "giver", "based"). In a record about somebody, a value is a name where it agrees
with the mail address or the name that were found there, or where it is made of names that are known; a town or an
address where it plainly is one. Nothing is looked at where nothing was found: a record of goods stays as it is.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from doorward.core.leaf import Leaf, Record
from doorward.detection import keywords, people, places
from doorward.detection.keys import Key, fold, words
from doorward.detection.votes import PERSONAL, Evidence, Undecided, called

ANY: Final = "ANY"
"""What ``fields.Field.maybe`` says of a value that only its neighbours can tell the meaning of."""

_LONGEST: Final = 100
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_SAMPLE: Final = 16  # values of a column
MOST: Final = 4096
"""Values that are looked at in one message."""
# Beside whom names that are known are somebody's, though they may be those of firms too.
_PAYING: Final = PERSONAL | {"IBAN_CODE", "ACCOUNT_ID"}
# Of records about somebody, what a name of a thing may be in: these stay what their names say.
_TEXTS: Final = keywords.listed(
    """
    title titles description descriptions summary comment comments message messages text body content note notes
    reason detail caption headline topic category tags label genre style theme font color colour language
    languages nationality citizenship religion ethnicity race gender occupation profession major degree
    relation relationship mime slogan motto
    """
)


# Before "at": what is done at a place, as other things are at a time.
_AT: Final = keywords.listed(
    "visit visited meet meeting deliver pickup live lives living stay stays staying work works"
)


# Of things too, but what is there tells.
_PLACE_OR_HOST: Final = keywords.WHERE | {"host"}
# Where somebody is to be found, in lists of people.
_SEAT: Final = keywords.listed(
    """
    location office l loc locality whereabouts base based site lugar lieu luogo plaats miejsce ort standort ubicacion
    oficina sede bureau kantoor kontor biuro ofis toimisto
    """
)
_REACHED: Final = frozenset(("EMAIL_ADDRESS", "PHONE_NUMBER"))
# Parts of houses and firms.
_INDOORS: Final = keywords.listed(
    """
    reception lobby headquarters headquarter hq remote hybrid floor room desk lab warehouse building tower annex annexe
    wing block basement attic garage kitchen suite main head central field onsite offsite corner open plan
    homeoffice telework teletrabajo remoto hall gate plant factory depot hub zentrale hauptsitz central matriz
    siege sede principale reserved free empty various global worldwide
    """
)


def may_be(string: str, key: Key) -> bool:
    """Whether it is worth asking what stands beside ``string``, whose ``key`` says nothing."""
    if not 3 <= len(string) <= _LONGEST:
        return False
    if not key.words:
        # In a cell of a table without heads: only what looks like a whole name.
        return " " in string and string[0].isupper() and people.likeness(string) >= 0.7
    if key.negative and (key.words[-1] != "at" or (_AT.isdisjoint(key.words) and not places.is_postal(string))):
        return False
    if not keywords.THING.isdisjoint(key.words) and key.words[-1] not in _PLACE_OR_HOST:
        return False
    if key.words[-1] in _TEXTS or "@" in string or "_" in string:
        return False
    first = string[0]
    if not (first.isupper() or first.isdigit() or not first.isascii() or key.words[-1] in keywords.PERHAPS):
        return False
    return people.likeness(string) >= 0.25 or places.is_town(string) or places.is_postal(string) or _is_route(string)


def decided(open_: Sequence[Undecided], evidence: Evidence) -> list[tuple[Leaf, str, float]]:
    """The leaves of ``open_`` that are people or places, with entities and scores."""
    columns: dict[int, list[Undecided]] = {}
    halves: dict[tuple[Record, str], Leaf] = {}
    found: list[tuple[Leaf, str, float]] = []
    for one in open_[:MOST]:
        record = one.leaf.record
        if record is None or not evidence.own(record):
            continue
        half = _half(called(one.leaf.names)) if one.like >= 0.5 else None
        if half is not None:  # "first": "Ann", "last": "Lee"
            base = evidence.base(record)
            halves[base, half] = one.leaf
            both = [halves.get((base, which)) for which in ("first", "last")]
            if None not in both:
                found += [(leaf, "PERSON", 0.7) for leaf in both if leaf is not None]
        columns.setdefault(id(one.leaf.column) if one.leaf.column is not None else id(one), []).append(one)
    for column in columns.values():
        found += _column(column, evidence)
    return found


def is_sentence(string: str) -> bool:
    """Whether ``string`` is a sentence or a few, rather than a name or an address."""
    return _BRIEF < len(string) <= _NOTE and string.count(" ") >= _SPACES and _SMALL(string) is not None


def mentioned(leaves: Sequence[Leaf], evidence: Evidence, check: Callable[[], None]) -> list[tuple[Leaf, int, int]]:
    """(leaf, start, end) of parts of names in sentences, ``leaves``, of the same record: "name": "Runa Velsing",
    "note": "ring at Runa's".
    """
    found: list[tuple[Leaf, int, int]] = []
    for count, leaf in enumerate(leaves):
        if not count % _SAMPLE:
            check()
        read = evidence.read(leaf.record)[:_MOST_NAMES]
        string = leaf.string
        met = {part for name in read for part in _own_parts(name) if part in string}
        if met:
            for name in read:
                string = string.replace(name, " " * len(name))  # found as a whole
            found += [(leaf, *match.span()) for match in _WORDS.finditer(string) if match[0] in met]
    return found


_SMALL: Final = re.compile(r"(?:^|.*? )[a-z]{2,}(?= ).*? [a-z]", re.DOTALL).match
_BRIEF: Final = 15
_SPACES: Final = 3
_NOTE: Final = 2000
_MOST_NAMES: Final = 4
# No part of a mail address, or of a compound.
_WORDS: Final = re.compile(r"(?<![\w@.-])[^\W\d_]+(?![\w@-]|\.\w)")


@lru_cache(2048)
def _own_parts(name: str) -> frozenset[str]:
    """The words of a whole name that are hardly anything else."""
    if "@" in name or " " not in name or people.likeness(name) < 0.7:
        return frozenset()
    return frozenset(part for part in _LETTERS.findall(name) if people.is_own(part))


def _column(column: list[Undecided], evidence: Evidence) -> list[tuple[Leaf, str, float]]:
    """What single values say by themselves settles the rest of their column, where it is half of it or more."""
    said = [_single(one, evidence) for one in column]
    found = [(one.leaf, entity, 0.7) for one, entity in zip(column, said, strict=True) if entity]
    if len(found) < len(column) and column[0].maybe == "PERSON" and _of_people(column[0].leaf):
        found += [
            (one.leaf, "PERSON", 0.6)
            for one, entity in zip(column, said, strict=True)
            if not entity and one.like >= 0.25 and " " in one.leaf.string
        ]
        return found
    if len(found) < 2 or 2 * len(found) < len(column):
        return found
    kinds = {entity for _, entity, _ in found}
    if len(kinds) > 1:
        return found
    (kind,) = kinds
    for one, entity in zip(column, said, strict=True):
        string = one.leaf.string
        if not entity and (
            (one.like >= 0.5 or (one.like >= 0.25 and " " in string))
            if kind == "PERSON"
            else places.is_city(string) or places.is_postal(string)
        ):
            found.append((one.leaf, kind, 0.6))
    return found


def _of_people(leaf: Leaf) -> bool:
    """Whether most values of a leaf's column are names of people."""
    if leaf.column is None:
        return False
    values = {one.string for one in leaf.column.leaves[:_SAMPLE]}
    likely = sum(people.likeness(value) >= 0.7 for value in values)
    return likely >= 2 and 2 * likely >= len(values)


def _single(one: Undecided, evidence: Evidence) -> str:
    """What one value is: "PERSON", "LOCATION" or ""."""
    leaf, string, like = one.leaf, one.leaf.string, one.like
    own = evidence.own(leaf.record)
    name = words(called(leaf.names))
    perhaps = bool(name) and (name[-1] in keywords.PERHAPS or "".join(name) in keywords.PERHAPS)
    where = bool(name) and not keywords.WHERE.isdisjoint(name)
    if like and not where and _agrees(string, like, evidence.read(leaf.record)):
        return "PERSON"
    about_somebody = not PERSONAL.isdisjoint(own)
    if about_somebody or "LOCATION" in own:
        if places.is_town(string) or places.is_postal(string, sure=not where):
            return "LOCATION"
        if _is_route(string) and (where or not _TRIP.isdisjoint(name)):
            return "LOCATION"
        known = where and about_somebody and string[:1].isupper() and places.is_city(string)
        if known and evidence.named(leaf.record, _speaks_of_travel):
            return "LOCATION"
        if "PERSON" in own and not _REACHED.isdisjoint(own) and name and _SEAT.issuperset(name) and _is_seat(string):
            return "LOCATION"
    if where:
        return ""
    if like >= 0.9 and " " in string and not _PAYING.isdisjoint(own):
        return "PERSON"
    if not about_somebody:
        return ""
    if one.maybe == "PERSON" and like >= 0.3 and " " in string:
        return "PERSON"  # in small letters
    part = bool(name) and name[-1] in _OF_NAMES
    return "PERSON" if (part and like >= 0.5) or (perhaps and like >= 0.7) else ""


def _is_seat(string: str) -> bool:
    """Whether ``string`` can be the town in which somebody works."""
    if not string.strip("'’")[1:2].islower() or not places.is_city(string) or not any(map(str.isupper, string)):
        return False
    said = words(string)
    return _INDOORS.isdisjoint(said) and not people.is_of_things(said)


def _agrees(string: str, like: float, read: Sequence[str]) -> bool:
    """Whether a name is in the mail address, or part of the whole name, that was found in the same record."""
    parts = _parts(string)
    if not parts:
        return False
    for other in read:
        local, at, _ = other.partition("@")
        if at:
            if _in_mail(parts, local):
                return True
        elif like >= 0.5 and len(parts) == 1 and parts[0] in _parts(other) and len(_parts(other)) > 1:
            return True
    return False


@lru_cache(4096)
def _parts(string: str) -> tuple[str, ...]:
    return tuple(part for part in _LETTERS.findall(fold(string)) if len(part) > 1)


def _in_mail(parts: tuple[str, ...], local: str) -> bool:
    """Whether the parts of a name are in the local part of an address: "ann.lee", "alee", "lee1980" for "Ann Lee"."""
    pieces = _parts(local.partition("+")[0])
    if len(parts) == 1:
        return len(parts[0]) >= 4 and any(piece == parts[0] for piece in pieces)
    whole = "".join(pieces)
    met = [part for part in parts if len(part) >= 3 and (part in pieces or (len(part) >= 4 and part in whole))]
    return bool(met) and (len(met) > 1 or any(part[0] in whole for part in parts if part not in met))


_HALVES: Final = {
    **dict.fromkeys(("first", "given", "fore", "fn", "frst", "fst"), "first"),
    **dict.fromkeys(("last", "family", "sur", "ln", "lst"), "last"),
}


@lru_cache(1024)
def _half(name: str) -> str | None:
    """Which half of somebody's name ``name`` may say that it is."""
    said = words(name)
    return _HALVES.get(said[0]) if said and keywords.NAME.issuperset(said[1:]) else None


_OF_NAMES: Final = keywords.NAME_PART | keywords.listed("sn cn fn ln nick alias self")
_TRIP: Final = keywords.listed(
    "itinerary route journey trip leg legs segment sector travel viaje ruta viaggio voyage trajet reise strecke reis"
)
_TRAVELS: Final = _TRIP | keywords.listed(
    """
    pnr flight ticket seat passenger passengers pax traveler traveller boarding departure departs departing arrival
    arrives arriving fare carrier airline train bus ferry origin destination checkin checkout room luggage
    baggage gate coach cabin driver pickup dropoff ride parcel shipment vuelo asiento pasajero billete volo vol vlucht
    flug zug gleis abfahrt ankunft sitz gepaeck
    """
)


@lru_cache(1024)
def _speaks_of_travel(name: str) -> bool:
    """Whether ``name`` is one of a journey, or of a delivery."""
    return not _TRAVELS.isdisjoint(words(name))


_TO: Final = re.compile(r" (?:-|–|—|->|→|to|>|/|nach|a|à) ")


def _is_route(string: str) -> bool:
    """Whether ``string`` is two towns or more on a way."""
    stops = _TO.split(string)
    return 2 <= len(stops) <= 6 and all(stop[:1].isupper() and places.is_city(stop) for stop in stops)
