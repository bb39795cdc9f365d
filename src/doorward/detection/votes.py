"""What single values cannot settle: is "name" of people or of products, whose city is it, are these numbers cards?

A record speaks by what else is in it: with somebody's e-mail address, phone or number in the row, the name is a
person's. A column speaks by all of its values. Both are only looked at where something is undecided.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Final

import msgspec
from msgspec.structs import replace

from doorward.core.leaf import Column, Leaf, Record
from doorward.detection import keywords, people
from doorward.detection.keys import Key, words
from doorward.detection.recognizers import Candidate
from doorward.detection.recognizers.phones import whole as whole_phone

# Found in a record, these say that it is about somebody.
PERSONAL: Final = (
    frozenset(
        (
            "PERSON",
            "EMAIL_ADDRESS",
            "PHONE_NUMBER",
            "CREDIT_CARD",
            "US_SSN",
            "DATE_OF_BIRTH",
            "PASSPORT",
            "DRIVER_LICENSE",
        )
    )
    | keywords.NATIONAL_ALL
)

# Of entities that have a check digit, a column of bare numbers may be decided by it.
_CHECKED: Final = frozenset(("CREDIT_CARD",))
_PAYERS: Final = PERSONAL | {"IBAN_CODE"}
_PLACED: Final = PERSONAL | {"LOCATION"}
_SHARE, _LEAST = 0.8, 3
READ: Final = frozenset(("PERSON", "EMAIL_ADDRESS"))
_NONE: Final[set[str]] = set()
_KNOWN = 8  # values of a column for one that is sure
# What is asked for with a card's number.
_ON_CARDS: Final = keywords.listed("cvv cvc csc cvn cvvcode cvccode securitycode cardholder karteninhaber pruefziffer")
_A_PHONE: Final = Key("PHONE_NUMBER")

# Names beside a "name" that make it a thing's.
_WARES: Final = keywords.listed(
    """
    price prices cost sku stock quantity qty brand category categories manufacturer isbn ean upc gtin asin
    inventory dimensions rating ratings calories ingredients
    industry founded headquarters employees revenue ticker stars forks license version versions
    repository repo branch commits bytes mimetype endpoint schema inputschema command
    population capital genre album artist release episodes director publisher publishers
    capacity floor preis precio prix prezzo preco prijs cena fiyat pris
    """
)


# Between a field and its value: {"city": {"current": {"value": "Graz"}}}, {"city": {"S": "Graz"}}. Beside the value
# there, what kind of value it is.
_WRAPS: Final = keywords.listed(
    """
    value values val raw text string str display displayvalue formatted current primary main default latest items item
    s ss n ns $t #text _ __text cdata stringvalue integervalue numbervalue
    """
)
_KINDS: Final = keywords.listed(
    """
    type kind use label lang language verified primary preferred pref default confidence source since updated
    updatedat status system rank active isprimary valid confirmed visibility
    """
)
_OF_MESSAGES: Final = keywords.listed("content contents message messages resource result params part parts")
_DEEPEST = 4


def called(names: Sequence[str]) -> str:
    """The name of the field around a value: the first that does more than to wrap it."""
    depth = _wraps(names)
    return names[depth] if depth < len(names) else ""


def _wraps(names: Sequence[str]) -> int:
    """How many names stand between a value and the name of its field."""
    depth = 0
    while depth < len(names) and depth < _DEEPEST and names[depth].lower() in _WRAPS:
        depth += 1
    return depth if depth < len(names) and names[depth].lower() not in _OF_MESSAGES else 0


def _base(record: Record) -> Record:
    """The record of which ``record``, of a few leaves, only wraps one value, or itself."""
    depth = 0
    for leaf in record.leaves:
        if not leaf.names:
            return record
        wraps = _wraps(leaf.names)
        if not wraps and _squeezed(leaf.names[0]) not in _KINDS:
            return record
        depth = max(depth, wraps)
    for _ in range(depth):
        if record.parent is not None:
            record = record.parent
    return record


def _squeezed(name: str) -> str:
    return name.lower().replace("_", "")


class Undecided(msgspec.Struct, frozen=True, gc=False):
    """One leaf about which a vote is needed: ``maybe`` and ``like`` as in ``fields.Field``."""

    leaf: Leaf
    maybe: str
    like: float


class Evidence:
    """What was found in which record. Records are told apart by identity; one that only wraps a value is the one
    around it.
    """

    __slots__ = ("_bases", "_found", "_inside", "_named", "_read", "_stale")

    def __init__(self) -> None:
        self._bases: dict[Record, Record] = {}
        self._found: defaultdict[Record, set[str]] = defaultdict(set)
        self._inside: defaultdict[Record, set[str]] = defaultdict(set)
        self._named: dict[tuple[Record, Callable[[str], bool]], bool] = {}
        self._read: defaultdict[Record, list[str]] = defaultdict(list)
        self._stale: list[Record] = []  # that were added to since somebody asked what is inside of others

    def of(self, record: Record) -> tuple[set[str], list[str]]:
        """What was found in ``record``, to be added to until somebody is asked: the entities; names of people and
        addresses of mail.
        """
        base = self.base(record)
        if base.parent is not None:
            self._stale.append(base)
        return self._found[base], self._read[base]

    def add(self, record: Record | None, entity: str, string: str = "") -> None:
        """Note that ``entity`` was found in ``record``; ``string`` is kept of people and addresses of mail."""
        if record is None:
            return
        entities, read = self.of(record)
        entities.add(entity)
        if string and entity in READ:
            read.append(string)

    def _around(self, record: Record) -> set[str]:
        """What was found in the records right inside of ``record``."""
        if self._stale:
            for base in self._stale:
                if base.parent is not None:
                    self._inside[base.parent] |= self._found[base]
            self._stale = []
        return self._inside.get(record, _NONE)

    def base(self, record: Record) -> Record:
        """The record that ``record`` belongs to: itself, unless it only wraps one value."""
        if len(record.leaves) > _DEEPEST:
            return record
        base = self._bases.get(record)
        if base is None:
            base = self._bases[record] = _base(record)
        return base

    def own(self, record: Record | None) -> set[str]:
        """What was found in ``record`` itself."""
        return self._found.get(self.base(record), _NONE) if record is not None else _NONE

    def read(self, record: Record | None) -> Sequence[str]:
        """Names of people and addresses of mail that were found in ``record`` itself."""
        return self._read.get(self.base(record), ()) if record is not None else ()

    def about(self, record: Record | None) -> set[str]:
        """What was found in ``record``, in the one around it, and in those right inside."""
        if record is None:
            return set()
        record = self.base(record)
        found = self._found.get(record, _NONE) | self._around(record)
        if record.parent is not None:
            found |= self._found.get(record.parent, _NONE)
        return found

    def personal(self, record: Record | None, maybe: str = "NAME") -> bool:
        """Whether ``record`` is about somebody. Of a role ("PERSON") an address says so too, of a bare name it may be
        that of a shop.
        """
        if record is None:
            return False
        record = self.base(record)
        said = _PLACED if maybe == "PERSON" else PERSONAL
        return (
            not said.isdisjoint(self._found.get(record, _NONE))
            or not said.isdisjoint(self._around(record))
            or (record.parent is not None and not said.isdisjoint(self._found.get(record.parent, _NONE)))
        )

    def wares(self, record: Record | None) -> bool:
        """Whether the record's other names are those of goods, firms or code."""
        return record is not None and self.named(self.base(record), _is_of_wares)

    def parted(self, record: Record | None) -> bool:
        """Whether a record has a field for given names or surnames: what is called a name beside it is the other."""
        return self.named(record, _is_a_part)

    def named(self, record: Record | None, says: Callable[[str], bool]) -> bool:
        """Whether one of the names in ``record`` says so; asked once, for an array may be a record of thousands."""
        if record is None:
            return False
        known = self._named.get((record, says))
        if known is None:
            known = any(map(says, {leaf.names[0] for leaf in record.leaves if leaf.names}))
            self._named[record, says] = known
        return known


_PARTED: Final = (keywords.GIVEN | keywords.SURNAME) - keywords.listed(
    "nickname spitzname apodo soprannome przydomek preferredname goesby knownas callname callingname"
)


@lru_cache(1024)
def _is_a_part(name: str) -> bool:
    said = words(name)
    return not _PARTED.isdisjoint(said) or "".join(said) in _PARTED


@lru_cache(1024)
def _is_of_wares(name: str) -> bool:
    return not _WARES.isdisjoint(words(name))


def _is_name(leaf: Leaf) -> bool:
    return bool(leaf.names) and not keywords.NAME.isdisjoint(words(leaf.names[0]))


def names(undecided: Sequence[Undecided], evidence: Evidence) -> list[tuple[Leaf, float]]:
    """The leaves that are people, with scores. Names of one column are decided together."""
    columns: dict[int, list[Undecided]] = {}
    for one in undecided:
        columns.setdefault(id(one.leaf.column) if one.leaf.column is not None else id(one), []).append(one)
    decided: list[tuple[Leaf, float]] = []
    for column in columns.values():
        decided += _column(column, evidence)
    return decided


def _column(votes: list[Undecided], evidence: Evidence) -> list[tuple[Leaf, float]]:
    if any(vote.like < 0.6 for vote in votes) and _is_name(votes[0].leaf):
        given = [vote for vote in votes if vote.like >= 0.5 and evidence.parted(vote.leaf.record)]
        if 2 * len(given) > len(votes):
            return [(vote.leaf, 0.75) for vote in given]
    whole = votes[0].leaf.column
    size = max(len(votes), _filled(whole))
    likely = [vote for vote in votes if vote.like >= 0.6]
    known = sum(vote.like >= 0.9 for vote in votes)
    personal = [vote for vote in votes if evidence.personal(vote.leaf.record, vote.maybe)]
    wares = any(evidence.wares(vote.leaf.record) for vote in votes[:3])
    if personal and not (wares and not known):
        if 2 * len(personal) >= len(votes) and 2 * len(likely) >= size:
            floor = 0.25 if votes[0].maybe == "PERSON" or size >= 3 else 0.5
            return [(vote.leaf, 0.75) for vote in votes if vote.like >= floor]
        return [(vote.leaf, 0.6) for vote in personal if vote.like >= 0.6]
    if wares:
        return []
    if size >= _LEAST and len(likely) >= _SHARE * size and known >= 0.4 * size:
        return [(vote.leaf, 0.6) for vote in likely]
    return [(vote.leaf, 0.55) for vote in votes if vote.like >= 0.9 and _certain(vote.leaf.string)]


def _certain(string: str) -> bool:
    """Whether nothing else has to speak for a name."""
    return people.is_certain(string) and string.isascii() | string[0].isupper()


def members(undecided: Sequence[Undecided]) -> list[Leaf]:
    """The member names that are people: all that are no plain words in their objects look so, and half of them begin
    with a given name ("permissions": {"Ann Lee": "read", "Bob Ray": "write"}).
    """
    objects: dict[int, list[Leaf]] = {}
    for one in undecided:
        objects.setdefault(id(one.leaf.record), []).append(one.leaf)
    decided: list[Leaf] = []
    for leaves in objects.values():
        record = leaves[0].record
        names = {leaf.string for leaf in leaves}
        others = {leaf.names[0] for leaf in record.leaves if leaf.names} - names if record is not None else ()
        given = sum(map(people.is_given, names))
        sure = people.is_certain(leaves[0].string) if len(names) == 1 else 2 * given >= len(names)
        if sure and _FEW_OTHERS * len(others) <= len(names):
            decided += leaves
    return decided


_FEW_OTHERS = 3  # times as many are people


@lru_cache(1024)
def _is_on_cards(name: str) -> bool:
    """Whether ``name`` is of what is printed on cards beside the number."""
    return not _ON_CARDS.isdisjoint(words(name))


def phones(columns: Iterable[Column]) -> list[tuple[Leaf, Candidate]]:
    """The other values of columns with numbers that have a country's code: where nearly all of a column is made like
    phone numbers, what is written as people do inside of a country is one too.
    """
    raised: list[tuple[Leaf, Candidate]] = []
    for column in columns:
        others = [leaf for leaf in column.leaves if leaf.string[:1] != "+"]
        if not others:
            continue
        size, known = _filled(column), len(column.leaves) - len(others)
        if known * _KNOWN < size:
            continue
        like = [(leaf, found[0]) for leaf in others if (found := whole_phone(leaf.string, _A_PHONE))]
        if len(like) + known >= _SHARE * size:
            raised += [(leaf, replace(one, score=0.7, rule="phone+column")) for leaf, one in like]
    return raised


def _filled(column: Column | None) -> int:
    """How many cells of a column have something in them."""
    return sum(1 for leaf in column.leaves if leaf.string.strip()) if column is not None else 0


def located(undecided: Sequence[Undecided], evidence: Evidence) -> list[tuple[Leaf, float]]:
    """The towns and postcodes that are somebody's: those in records about somebody."""
    decided: list[tuple[Leaf, float]] = []
    for one in undecided:
        about = evidence.about(one.leaf.record)
        if one.maybe == "POSTCODE":
            if "LOCATION" in about and not PERSONAL.isdisjoint(about):
                decided.append((one.leaf, 0.6))
        elif "LOCATION" in about or not PERSONAL.isdisjoint(about):
            decided.append((one.leaf, 0.7))
    return decided


def numbers(
    guesses: Sequence[tuple[Leaf, Candidate]], evidence: Evidence | None = None
) -> list[tuple[Leaf, Candidate]]:
    """Those of ``guesses`` (candidates below one half) that their columns raise: nearly all values keep the check
    digit, which one random number in ten does. The id of an account is somebody's whose name or card is beside it.
    """
    evidence = evidence or Evidence()
    columns: dict[tuple[int, str], list[tuple[Leaf, Candidate]]] = {}
    raised: list[tuple[Leaf, Candidate]] = []
    for leaf, candidate in guesses:
        if candidate.entity == "ACCOUNT_ID":
            if not _PAYERS.isdisjoint(evidence.own(leaf.record)):
                raised.append((leaf, replace(candidate, score=0.6, rule=candidate.rule + "+record")))
            continue
        whole = candidate.end - candidate.start >= len(leaf.string.strip())
        if candidate.entity in _CHECKED and whole and leaf.column is not None:
            columns.setdefault((id(leaf.column), candidate.entity), []).append((leaf, candidate))
    for column in columns.values():
        raised += [
            (leaf, replace(c, score=0.7, rule=c.rule + "+record"))
            for leaf, c in column
            if evidence.named(leaf.record, _is_on_cards)
        ]
        size = _filled(column[0][0].column)
        if len({leaf.string for leaf, _ in column}) >= _LEAST and len(column) >= _SHARE * size:
            raised += [(leaf, replace(c, score=0.7, rule=c.rule + "+column")) for leaf, c in column]
    return raised
