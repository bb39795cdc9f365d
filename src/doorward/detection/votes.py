"""What single values cannot settle: is "name" of people or of products, whose city is it, are these numbers cards?

A record speaks by what else is in it: with somebody's e-mail address, phone or number in the row, the name is a
person's. A column speaks by all of its values. Both are only looked at where something is undecided.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from doorward.core.leaf import Column, Leaf, Record
from doorward.detection import keywords, people
from doorward.detection.keys import words
from doorward.detection.recognizers import Candidate

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
_SHARE, _LEAST = 0.8, 3

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


class Undecided(msgspec.Struct, frozen=True, gc=False):
    """One leaf about which a vote is needed: ``maybe`` and ``like`` as in ``fields.Field``."""

    leaf: Leaf
    maybe: str
    like: float


class Evidence:
    """What was found in which record. Records are told apart by identity."""

    __slots__ = ("_found", "_inside", "_wares")

    def __init__(self) -> None:
        self._found: defaultdict[Record, set[str]] = defaultdict(set)
        self._inside: defaultdict[Record, set[str]] = defaultdict(set)
        self._wares: dict[Record, bool] = {}

    def add(self, record: Record | None, entity: str) -> None:
        """Note that ``entity`` was found in ``record``."""
        if record is None:
            return
        found = self._found[record]
        if entity not in found:
            found.add(entity)
            if record.parent is not None:
                self._inside[record.parent].add(entity)

    def about(self, record: Record | None) -> set[str]:
        """What was found in ``record``, in the one around it, and in those right inside."""
        if record is None:
            return set()
        found = {*self._found.get(record, ()), *self._inside.get(record, ())}
        if record.parent is not None:
            found.update(self._found.get(record.parent, ()))
        return found

    def personal(self, record: Record | None, maybe: str = "NAME") -> bool:
        """Whether ``record`` is about somebody. Of a role ("PERSON") an address says so too, of a bare name it may be
        that of a shop.
        """
        about = self.about(record)
        return not PERSONAL.isdisjoint(about) or (maybe == "PERSON" and "LOCATION" in about)

    def wares(self, record: Record | None) -> bool:
        """Whether the record's other names are those of goods, firms or code."""
        if record is None:
            return False
        known = self._wares.get(record)
        if known is None:
            known = self._wares[record] = any(
                leaf.names and not _WARES.isdisjoint(words(leaf.names[0])) for leaf in record.leaves
            )
        return known


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
    """Whether a name that nothing else speaks for begins with a given name that is known, and is two or three words."""
    tokens = string.split()
    return 2 <= len(tokens) <= 3 and people.is_given(tokens[0]) and string.isascii() | string[0].isupper()


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


def numbers(guesses: Sequence[tuple[Leaf, Candidate]]) -> list[tuple[Leaf, Candidate]]:
    """Those of ``guesses`` (candidates below one half) that their columns raise: nearly all values keep the check
    digit, which one random number in ten does.
    """
    columns: dict[tuple[int, str], list[tuple[Leaf, Candidate]]] = {}
    for leaf, candidate in guesses:
        whole = candidate.end - candidate.start >= len(leaf.string.strip())
        if candidate.entity in _CHECKED and whole and leaf.column is not None:
            columns.setdefault((id(leaf.column), candidate.entity), []).append((leaf, candidate))
    raised: list[tuple[Leaf, Candidate]] = []
    for column in columns.values():
        size = _filled(column[0][0].column)
        if len({leaf.string for leaf, _ in column}) >= _LEAST and len(column) >= _SHARE * size:
            raised += [(leaf, replace(c, score=0.7, rule=c.rule + "+column")) for leaf, c in column]
    return raised
