"""What the names around a value say about it: whose it is, or that it is none of ours.

"phone_2", "custTelNo" and "Numéro de téléphone" say the same. A name is folded (no case, no accents), split into words,
glued words are cut apart by the vocabulary (``keywords.py``), and the words decide. Names that only carry ("result",
"items", "value") are looked through.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

import msgspec

from doorward.detection import keywords as k
from doorward.detection import naming, scripts


class Key(msgspec.Struct, frozen=True, gc=False):
    """What names say about a value.

    ``entity``: what the nearest name with a meaning says that the value is: an entity, "NAME" (of a person or of a
    thing), "SECRET", or "". ``sure``: that name alone settles it, else the value must look so. ``negative``: ids,
    hashes, counts, versions, times, prices, coordinates: numbers here are none of ours. ``hints``: all entities that
    any of the names speaks of. ``words``: the nearest name's words, folded.
    """

    entity: str = ""
    sure: bool = False
    negative: bool = False
    hints: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()


NOTHING: Final = Key()

# More names than these say nothing new; longer ones are text that happens to stand where a name would.
_DEPTH = 6
_NAME = 80

_LETTERS: Final = str.maketrans(
    {"ß": "ss", "ł": "l", "ø": "o", "ı": "i", "æ": "ae", "đ": "d", "œ": "oe", "ð": "d", "þ": "th"}
)
# A lower-case letter before an upper-case one, an abbreviation before a word, letters beside digits.
_HUMPS: Final = re.compile(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_PARTS: Final = re.compile(r"[^\W\d_]+")
# Of ASCII, each letter in lower case, and a space for all else: what ``_PARTS`` finds once it is split.
_SPACED: Final = bytes(octet | 0x20 if chr(octet).isalpha() and octet < 128 else 0x20 for octet in range(256))


def fold(string: str) -> str:
    """Lower case without accents: "Straße" and "STRASSE" become "strasse"."""
    if string.isascii():
        return string.lower()
    lowered = string.lower().translate(_LETTERS)
    return "".join(c for c in unicodedata.normalize("NFKD", lowered) if not unicodedata.combining(c))


@lru_cache(8192)
def words(name: str) -> tuple[str, ...]:
    """The folded words of a name, digits and punctuation left out: "custTelNo2" → ("cust", "tel", "no")."""
    name = name[:_NAME].replace("'", "")
    if not name.islower() and not name.isupper():
        name = _HUMPS.sub(" ", name)
    found: list[str] = []
    parts = name.encode().translate(_SPACED).decode().split() if name.isascii() else _PARTS.findall(fold(name))
    for part in parts:
        if len(part) < 6 or part in _VOCABULARY or not part.isascii():
            found.append(part)
        else:
            found.extend(_cut(part))
    if "e" in found:  # "e-mail" and its like are one word
        for index, part in enumerate(found[:-1]):
            if part == "e" and found[index + 1] in ("mail", "post", "posta", "mails"):
                found[index : index + 2] = ["email"]
                break
    return tuple(found)


def _cut(word: str) -> list[str]:
    """Cut glued words apart ("customerphone"): the fewest known words, each of three letters or more, or not at all."""
    if len(word) > 40:
        return [word]
    size = len(word)
    best: list[list[str] | None] = [None] * (size + 1)
    best[0] = []
    for start in range(size - 1):
        before = best[start]
        if before is None:  # as mostly: no known words end here
            continue
        for end in range(start + 2, min(size, start + _LONGEST) + 1):
            if word[start:end] in _PIECES:
                now = best[end]
                if now is None or len(before) + 1 < len(now):
                    best[end] = [*before, word[start:end]]
    return best[-1] or [word]


class _One(msgspec.Struct, frozen=True, gc=False):
    """What one name says by itself."""

    entity: str = ""
    sure: bool = False
    negative: bool = False
    hints: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()
    carries: bool = False  # says nothing: look at the name around it
    role: int = 0  # 2: a human being, 1: perhaps
    thing: bool = False
    part: bool = False  # "first", "family": of a name, when inside one


def classify(names: tuple[str, ...]) -> Key:
    """What ``names`` (the nearest first) say about the value inside."""
    # Only what is short is remembered, so that the caches stay small whatever the names.
    if len(names) <= _DEPTH and sum(map(len, names)) <= _NAME:
        return _classified(names)
    return _classified(tuple([name[:_NAME] for name in names[:_DEPTH]]))


def nearest(names: tuple[str, ...]) -> str:
    """The first of ``names`` that does more than to say what type of value a database holds; "" if there is none."""
    for name in names:  # mostly the first one, which next() takes three times as long for
        if name not in _TYPES:
            return name
    return ""


def may_be_secret(names: tuple[str, ...]) -> bool:
    """Whether ``classify(names)`` may be a secret, as the nearest name tells: it says so, or leaves it to others.

    Every place of a message is asked for; its nearest name is mostly that of other places too.
    """
    near = _one(names[0][:_NAME])
    return near.carries or near.entity == "SECRET" or k.FILLER.issuperset(near.words)


# Under these may be a telephone number as well as a name.
_REACH: Final = k.listed(
    """
    contact contacts kontakt contacto contato contatto contactpersoon kontaktperson emergency notfall emergencia
    emergenza urgence ice reach call ring
    """
)
_NOBODY: Final[frozenset[str]] = frozenset()


@lru_cache(4096)
def _classified(names: tuple[str, ...]) -> Key:
    ones = [said for said in map(_one, names) if not said.carries]
    if not ones:
        return NOTHING
    hints = _NOBODY
    for said in ones:
        if said.hints:
            hints |= said.hints
    near = ones[0]
    if not _REACH.isdisjoint(near.words):
        hints |= {"PHONE_NUMBER"}
    entity, sure, negative = near.entity, near.sure, near.negative
    around = ones[1] if len(ones) > 1 else None
    if around is not None:
        if near.part and ("name" in around.words or around.entity in ("NAME", "PERSON")):
            entity, sure, negative = "PERSON", True, False
        elif entity == "NAME":
            if around.role and not (around.thing and around.role < 2):
                entity, sure = "PERSON", around.role == 2
            elif around.thing:
                entity = ""
        elif not entity and not negative and k.NEGATIVE_PARENT.intersection(around.words):
            negative = True
        elif not near.words or k.FILLER.issuperset(near.words):
            entity, sure, negative = around.entity, around.sure, around.negative
    return Key(entity, sure, negative, hints, near.words)


@lru_cache(4096)
def _one(name: str) -> _One:
    said = words(name)
    if not said:
        return _One(carries=True)
    joined = "".join(said)
    if (
        joined in k.TRANSPORT
        or name in _TYPES
        or (len(joined) == 1 and name[0].isdigit() and joined not in k.NEGATIVE_HEAD)
    ):
        return _One(words=said, carries=True)  # "items"; the class "7B"
    if not joined.isascii() and (foreign := _foreign(said, joined)) is not None:
        return foreign
    bare = joined if k.FILLER.isdisjoint(said) else _bare(said)
    if _SAYING.isdisjoint(said) and joined not in _GLUED and bare not in _GLUED:
        return _One(words=said)
    if _SPECIFIC.isdisjoint(said) and joined not in _GLUED_SPECIFIC and bare not in _GLUED_SPECIFIC:
        return _negative(said, joined) or _whose(said, joined)
    return _specific(said, joined, name) or _negative(said, joined) or _whose(said, joined)


# What databases write between a field and its value, for the type of it.
_TYPES: Final = frozenset(("S", "N", "SS", "NS", "L", "M", "$t", "stringValue", "integerValue", "$numberLong"))


def _is(entity: str, said: tuple[str, ...], sure: bool = True, *more: str) -> _One:
    return _One(entity, sure, hints=frozenset((entity, *more)), words=said)


_IDS: Final = k.listed("id identifier identification code")
_SPANISH: Final = frozenset(("ES_NIF", "ES_NIE"))


def _national(entity: str, said: tuple[str, ...]) -> _One:
    # Fields for the one hold the other as well.
    return _is(entity, said, True, *(_SPANISH if entity in _SPANISH else ()))


def _bare(said: tuple[str, ...]) -> str:
    return "".join([word for word in said if word not in k.FILLER])


def _specific(said: tuple[str, ...], joined: str, name: str) -> _One | None:
    """A number, an address or a secret that the name speaks of by its own word."""
    have = frozenset(said)
    bare = _bare(said)
    head = said[-1]
    if joined in k.EMAIL or (have & k.EMAIL and ("id" in have or not _about(said, k.EMAIL))):
        return _is("EMAIL_ADDRESS", said, True)
    if _last_digits(name, have):
        return _One(negative=True, words=said)
    for form in (joined, bare):
        if form in k.NATIONAL:
            return _national(k.NATIONAL[form], said)
        if form in k.NATIONAL_GENERIC:
            return _One(hints=k.NATIONAL_ALL | {"PASSPORT", "DRIVER_LICENSE"}, words=said)
        if form in k.WHOLE:
            entity = k.WHOLE[form]
            more = ("IN_PAN",) if form == "pan" else ()
            # A place is asked for its neighbours: such words do not stand in the trigger pass.
            return _is(entity, said, entity != "LOCATION", *more) if entity else None
    for index, word in enumerate(said):
        # "nhs_id" is the number itself, as "nhs_no" is.
        if word in k.NATIONAL and (_IDS.issuperset(said[index + 1 :]) or not _about(said, {word})):
            return _national(k.NATIONAL[word], said)
    if have & {"tax", "national", "identity", "citizen", "government"} and have & {
        "id",
        "identification",
        "identifier",
    }:
        return _One(hints=k.NATIONAL_ALL, words=said)
    for form in (joined, bare):
        if form in k.BIRTH:
            return _is("DATE_OF_BIRTH", said)
        if form in k.PASSPORT and not _about(said, k.PASSPORT):
            return _is("PASSPORT", said)
        if form in k.LICENSE:
            return _is("DRIVER_LICENSE", said)
    if have & k.BIRTH and have & {"date", "day", "dt", "datum", "dato", "fecha", "data", "tarihi"}:
        return _is("DATE_OF_BIRTH", said)
    if have & {"dob", "birthdate", "birthday"} and not _about(said, {"dob", "birthdate", "birthday"}):
        return _is("DATE_OF_BIRTH", said)
    if have & k.PASSPORT and not _about(said, k.PASSPORT):
        return _is("PASSPORT", said)
    if (
        have & {"license", "licence", "lic"}
        and have & {"driver", "drivers", "driving", "dl"}
        and not _about(said, {"license", "licence", "driver", "drivers", "driving"})
    ):
        return _is("DRIVER_LICENSE", said)
    if have & k.IBAN and not _about(said, k.IBAN):
        return _is("IBAN_CODE", said, True, "ACCOUNT_ID")
    if joined in k.CARD or bare in k.CARD or (have & k.CARD and not _about(said, k.CARD)):
        return _is("CREDIT_CARD", said)
    if have & k.CARD_WORD and not have & {"holder", "name", "owner"} and not _about(said, k.CARD_WORD):
        # "cc" of a mail, the card of a game: the value has to be a card number.
        if joined == "cc":
            return _One("PERSON", False, hints=frozenset(("CREDIT_CARD", "PERSON")), words=said, role=1)
        return _is("CREDIT_CARD", said, head in k.FILLER or head in ("cc",))
    if "pan" in have and not _about(said, {"pan"}):
        return _is("CREDIT_CARD", said, True, "IN_PAN")
    if joined in k.PHONE or bare in k.PHONE or (have & k.PHONE and not _about(said, k.PHONE)):
        return _is("PHONE_NUMBER", said)
    if joined in k.ACCOUNT or bare in k.ACCOUNT:
        return _is("ACCOUNT_ID", said, True, "IBAN_CODE")
    if joined in k.ACCOUNT_WORD:
        return _is("ACCOUNT_ID", said, False, "IBAN_CODE")
    if have & k.ACCOUNT_WORD and head in k.FILLER and head not in ("info", "details", "detail", "data", "contact"):
        return _is("ACCOUNT_ID", said, True, "IBAN_CODE")
    if head in _ID and have & k.ACCOUNT_WORD and have <= _OF_ACCOUNT:
        # Of a program's account or of somebody's at a bank: who is beside it tells.
        return _One(negative=True, hints=_ACCOUNTS, words=said)
    secret = _secret(said, joined, bare)
    if secret is not None:
        return secret
    if have & k.NETWORK:
        return _is("IP_ADDRESS", said)
    return _place(said, joined, bare)


_ID: Final = frozenset(("id", "ids"))
_ACCOUNTS: Final = frozenset(("ACCOUNT_ID", "IBAN_CODE"))
_OF_ACCOUNT: Final = k.ACCOUNT_WORD | k.FILLER | _ID


def is_account_id(key: Key) -> bool:
    """Whether ``key`` is that of an account's id, a program's or somebody's at a bank."""
    return key.negative and bool(key.words) and key.words[-1] in _ID and not k.ACCOUNT_WORD.isdisjoint(key.words)


def _about(said: tuple[str, ...], own: frozenset[str] | set[str]) -> bool:
    """Whether the name goes on after its own word with one that makes it something else ("phone_id", "card_type")."""
    for word in reversed(said):
        if word in own:
            return False
        if word not in k.FILLER and (word in k.NEGATIVE_HEAD or word in k.NAME or word in k.THING or word in _OTHER):
            return True
    return False


# Behind a word of numbers they say that it is not the number itself.
_OTHER: Final = k.listed(
    """
    holder carrier operator owner present verification plate provided note notes comment comments description
    title label placeholder hint help error errors message image photo picture icon subject reminder
    """
)


def _last_digits(name: str, have: frozenset[str]) -> bool:
    if "last" in have and ("four" in have or "digits" in have or name.rstrip(")_ ").endswith("4")):
        return True
    return "lastfour" in have or "suffix" in have


def _secret(said: tuple[str, ...], joined: str, bare: str) -> _One | None:
    have = frozenset(said)
    if joined in k.SECRET or bare in k.SECRET:
        return _is("SECRET", said)
    if have & k.SECRET:
        if have & k.NO_SECRET:
            return _One(negative=True, words=said)
        return _is("SECRET", said, said[-1] in k.SECRET)
    if "key" in have and have & {
        "api",
        "access",
        "private",
        "signing",
        "encryption",
        "master",
        "ssh",
        "auth",
        "shared",
    }:
        return None if have & k.NO_SECRET else _is("SECRET", said)
    if said[-1] in ("pass", "pw") and len(said) > 1:
        return _is("SECRET", said, False)
    return None


_OF_STREETS: Final = k.STREET | k.POSTCODE
_OF_PLACES: Final = _OF_STREETS | k.CITY


def _place(said: tuple[str, ...], joined: str, bare: str) -> _One | None:
    have = frozenset(said)
    if have & k.NO_PLACE and not have & k.CITY and joined not in k.CITY:
        return None
    if (
        (have & _OF_STREETS and not have & {"contact", "name"}) or joined in k.STREET or joined in k.POSTCODE
    ) and not _about(said, _OF_PLACES):
        return _is("LOCATION", said)
    if bare in k.POSTCODE:
        return _is("LOCATION", said)
    if (
        joined in k.CITY
        or bare in k.CITY
        or (have & k.CITY and not _about(said[:-1] if said[-1] in k.NAME else said, k.CITY))
    ):
        # A city is somebody's only beside somebody.
        return _is("LOCATION", said, False)
    return None


def _negative(said: tuple[str, ...], joined: str) -> _One | None:
    head = said[-1]
    if head in ("at", "on") and len(said) > 1:
        return _One(negative=True, words=said)
    if head in k.NEGATIVE_HEAD or not k.NEGATIVE_ANY.isdisjoint(said) or joined in k.NEGATIVE_HEAD:
        if head in k.NAME or head in k.ROLE:
            return None
        return _One(negative=True, words=said, thing=not k.THING.isdisjoint(said), role=_role(said))
    return None


def _role(said: tuple[str, ...]) -> int:
    if not k.ROLE.isdisjoint(said):
        return 2
    return 1 if not k.WEAK_ROLE.isdisjoint(said) or "".join(said) in k.WEAK_ROLE else 0


_OF: Final = k.listed("de del della dell di do da du des of van der")


def _is_of(said: tuple[str, ...]) -> bool:
    """Whether a role stands first and what it is in behind it: "titular de la cuenta"."""
    return len(said) > 2 and said[1] in _OF and (said[0] in k.ROLE or said[0] in k.WEAK_ROLE)


_BY: Final = k.DONE | k.DONE_BY
# Whoever is asked: "What is your name?"
_YOURS: Final = k.listed(
    "your my tu su mi votre mon vos ihr dein mein seu teu meu tuo suo vostro jouw uw mijn ditt din twoje"
)


_TENANTS: Final = frozenset(("tenant", "tenants"))
_OF_PEOPLE: Final = k.GIVEN | k.SURNAME | k.FULLNAME


def _whose(said: tuple[str, ...], joined: str) -> _One:
    """Names of people and things."""
    have = frozenset(said)
    role, thing = _role(said), not k.THING.isdisjoint(said)
    if joined in k.FULLNAME or joined in k.GIVEN or joined in k.SURNAME:
        return _is("PERSON", said)
    if not _OF_PEOPLE.isdisjoint(have):
        return _is("PERSON", said)
    named = have & k.NAME
    if named:
        if have & {"user", "login", "screen", "host", "file", "domain", "nick"} and not have & k.NAME_PART and role < 2:
            # "user_name" is a login or a person: the value has to look like a person.
            if "user" in have:
                return _One("PERSON", False, hints=frozenset(("PERSON",)), words=said, role=1)
            return _One(words=said, thing=True)
        if have & k.CARD_WORD and have <= k.CARD_WORD | k.NAME | k.FILLER | {"on", "credit", "debit", "payment"}:
            # The holder's, embossed on it.
            return _One("PERSON", True, hints=frozenset(("PERSON",)), words=said, role=1)
        if role == 2 and (not thing or (said[-2:-1] and said[-2] in k.ROLE)):
            return _One("PERSON", True, hints=frozenset(("PERSON",)), words=said, role=2)
        if have & _TENANTS:
            # Of a flat, or of a program.
            return _One("PERSON", False, hints=frozenset(("PERSON",)), words=said, role=1)
        if thing:
            return _One(words=said, thing=True)
        if have & k.NAME_PART or have & _YOURS:
            return _is("PERSON", said)
        if role:
            return _One("PERSON", True, hints=frozenset(("PERSON",)), words=said, role=1)
        return _One("NAME", False, words=said)
    if said[-1] == "by" and len(said) > 1 and have & _BY:
        return _One("PERSON", False, hints=frozenset(("PERSON",)), words=said, role=1)
    if said[-1] == "to" and len(said) > 1 and have & k.DONE:
        return _One("PERSON", False, hints=frozenset(("PERSON",)), words=said, role=1)
    if role and (said[-1] in k.ROLE or said[-1] in k.WEAK_ROLE or joined in k.WEAK_ROLE or _is_of(said)):
        return _One("PERSON", False, hints=frozenset(("PERSON",)), words=said, role=role, thing=thing and role < 2)
    if joined in k.SEARCH:
        return _One("NAME", False, words=said)
    if thing:
        return _One(words=said, thing=True, role=role)
    if have <= k.NAME_PART:
        return _One(words=said, part=True)
    if have <= k.REGION:
        return _One(words=said, thing=True)
    return _One(words=said, role=role)


_VOCABULARY: Final = frozenset[str]().union(
    k.TRANSPORT,
    k.FILLER,
    k.NEGATIVE_HEAD,
    k.NEGATIVE_ANY,
    k.NAME,
    k.GIVEN,
    k.SURNAME,
    k.FULLNAME,
    k.NAME_PART,
    k.ROLE,
    k.WEAK_ROLE,
    k.DONE,
    k.DONE_BY,
    k.THING,
    k.EMAIL,
    k.PHONE,
    k.CARD,
    k.CARD_WORD,
    k.NATIONAL,
    k.NATIONAL_GENERIC,
    k.IBAN,
    k.ACCOUNT,
    k.ACCOUNT_WORD,
    k.STREET,
    k.CITY,
    k.POSTCODE,
    k.REGION,
    k.BIRTH,
    k.PASSPORT,
    k.LICENSE,
    k.SECRET,
    k.NETWORK,
)
_PIECES: Final = frozenset(word for word in _VOCABULARY if len(word) >= 3) | {"no", "nr", "id", "cc", "by", "ip"}
_LONGEST: Final = max(map(len, _PIECES))
# All words that one of the rules above asks for, of the tables and its own. A name of none of them, of which the tables
# do not have all words glued together either, nor those but the fillers, says nothing: mostly an id that stands where a
# name would. What is left out is asked for glued together alone, or only takes from what other words say.
_UNASKED: Final = ("FILLER", "NO_PLACE", "WHOLE", "TRANSPORT")
_TABLES: Final = {
    name: table for name, table in vars(k).items() if name.isupper() and isinstance(table, frozenset | dict)
}
_OWN_SPECIFIC: Final = k.listed(
    """
    access api auth birthdate birthday cc citizen data date datum dato day digits dl dob driver drivers driving dt
    encryption fecha four government id identification identifier identity key last lastfour lic licence license master
    national pan pass private pw shared signing ssh suffix tarihi tax
    """
)
_OWN: Final = _OWN_SPECIFIC | k.listed(
    """
    at by contact credit debit detail details domain file holder host info login name nick on owner payment screen to
    user
    """
)
_SAYING: Final = _OWN.union(*[table for name, table in _TABLES.items() if name not in _UNASKED])
_GLUED: Final = frozenset[str]().union(*_TABLES.values())
# The same of the rules for numbers, addresses and secrets alone, which are most.
_TABLES_OF_SPECIFIC: Final = k.listed(
    """
    EMAIL NATIONAL NATIONAL_GENERIC BIRTH PASSPORT LICENSE IBAN CARD CARD_WORD PHONE ACCOUNT ACCOUNT_WORD SECRET
    NETWORK STREET POSTCODE CITY
    """
)
_SPECIFIC: Final = _OWN_SPECIFIC.union(*[_TABLES[name] for name in _TABLES_OF_SPECIFIC])
_GLUED_SPECIFIC: Final = _SPECIFIC.union(k.WHOLE)


def _plain(name: str) -> str:
    """As a name is looked up: its folded words without what is between them."""
    return "".join(words(name))


_FOREIGN: Final = {_plain(name): entity for name, entity in scripts.WHOLE.items()}
_FOREIGN_TOWNS: Final = frozenset(map(_plain, scripts.TOWNS))
_FOREIGN_ENDS: Final = {_plain(name): entity for name, entity in scripts.ENDS.items()}
_LONGEST_END: Final = max(map(len, _FOREIGN_ENDS))
_FOREIGN_PEOPLE: Final = tuple(map(_plain, scripts.PEOPLE_ENDS))
_FOREIGN_NAMES: Final = tuple(map(_plain, scripts.NAMES_BEHIND))
_FOREIGN_NOT: Final = tuple(map(_plain, scripts.NOT_ENDS))
_STEMS: Final = tuple(
    (entity, tuple(map(_plain, stems.split())), frozenset(map(_plain, whole.split())))
    for entity, stems, whole in scripts.STEMS
)
_NAME_WORDS: Final = frozenset(map(_plain, scripts.NAME_WORDS))
_TOWN_WORDS: Final = frozenset(map(_plain, scripts.TOWN_WORDS))
_PEOPLE_STEMS: Final = tuple(map(_plain, scripts.PEOPLE_STEMS))
_NOT_STEMS: Final = tuple(map(_plain, scripts.NOT_STEMS))
_CYRILLIC: Final = re.compile("[\u0400-\u04ff]")
_UNSPACED: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff\u1100-\u11ff\uac00-\ud7a3]")


def _foreign(said: tuple[str, ...], joined: str) -> _One | None:
    """What a name says that is written in other letters than Latin ones."""
    entity = _FOREIGN.get(joined)
    if entity is not None:
        return _is(entity, said, entity != "NAME")
    if joined in _FOREIGN_TOWNS:
        return _is("LOCATION", said, False)
    if _CYRILLIC.search(joined) is not None:
        return _inflected(said)
    if _UNSPACED.search(joined) is not None:
        return _unspaced(said, joined)
    return None


def _inflected(said: tuple[str, ...]) -> _One | None:
    """Of words that are inflected: the stem says it."""
    if len(said) > 1 and (not k.NO_PLACE.isdisjoint(said) or any(word.startswith(_NOT_STEMS) for word in said)):
        return None
    for entity, stems, whole in _STEMS:
        if any(word.startswith(stems) or word in whole for word in said):
            return _is(entity, said)
    if not _TOWN_WORDS.isdisjoint(said):
        return _is("LOCATION", said, False)
    if not _NAME_WORDS.isdisjoint(said) and any(word.startswith(_PEOPLE_STEMS) for word in said):
        return _is("PERSON", said)
    if said[0].startswith(_PEOPLE_STEMS) and len(said) <= 2:
        return _One("PERSON", False, hints=frozenset(("PERSON",)), words=said, role=1)
    return None


def _unspaced(said: tuple[str, ...], joined: str) -> _One | None:
    """Of words that are not set apart: how the name ends says it."""
    if joined.startswith(scripts.NOT_BEGINNINGS) or any(word in joined for word in _FOREIGN_NOT):
        return None
    for size in range(min(_LONGEST_END, len(joined)), 1, -1):
        entity = _FOREIGN_ENDS.get(joined[-size:])
        if entity is not None:
            return _is(entity, said)
    if joined.endswith(_FOREIGN_PEOPLE):
        return _One("PERSON", False, hints=frozenset(("PERSON",)), words=said, role=2)
    for name in _FOREIGN_NAMES:
        if joined.endswith(name) and joined[: -len(name)].endswith(_FOREIGN_PEOPLE):
            return _is("PERSON", said)
    return None


TRIGGERS: Final[tuple[str, ...]] = (*naming.PERSONAL,)
"""Where one of these or of ``trigger.HIDING`` fires, and nowhere else, a name alone can make a finding."""
