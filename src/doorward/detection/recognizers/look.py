"""What a recogniser is given, and what it gives: one string with all that is known around it, and candidates in it."""

import re
from typing import Final

import msgspec

from doorward.detection import context
from doorward.detection.keys import Key, classify

_WORD: Final = re.compile(r"(?<!\w)[^\W\d_]{2,}(?!\w)")
_SAMPLE = 400  # characters in which three words make a string prose

# What stands right before a number and says that it numbers a thing. From general knowledge, in a few languages.
_THINGS: Final = (
    r"order|sku|part|item|invoice|tracking|shipment|parcel|waybill|serial|model|batch|lot|version|build|"
    r"release|commit|revision|ticket|issue|case|incident|job|task|run|trace|span|request|session|transaction|txn|isbn|"
    r"issn|ean|upc|gtin|asin|doi|imei|mac|port|line|offset|epoch|timestamp|row|page|chapter|section|error|code|hash|"
    r"article|product|catalog|catalogue|barcode|po|rfc|pr|bestellung|bestellnummer|rechnung|auftrag|artikel|"
    r"artikelnummer|sendung|commande|facture|colis|pedido|factura|envio|producto|ordine|fattura|prodotto|bestelling|"
    r"factuur|zamówienie|faktura|encomenda|fatura|id|uuid|ref|reference|referenz|sn|s/n|lat|lon|lng|gps"
)
_THING: Final = re.compile(
    rf"(?<![^\W_])(?:{_THINGS})s?"
    r"[\s.:=_\"'-]{0,5}(?:(?:id|no|nr|num|number|nummer|numero|número|n°|code|is|was|ref)[\s.:=-]{1,3}){0,2}"
    r"[#№(\"'`]{0,2}\Z",
    re.IGNORECASE,
)
# The name of a field, as programs write it, right before its value.
_LABEL: Final = re.compile(r"""(?:^|[\s,;|({\[&?"'])([A-Za-z][\w.-]{1,30})["']?[ ]?[=:]{1,2}[ ]?["']?\Z""")
_BEFORE = 40  # characters that are looked at for such a word
_THING_WORDS: Final = frozenset(word + end for word in re.split(r"[|/]", _THINGS) for end in ("", "s"))
_SPACED: Final = "".join(chr(c) if chr(c).isalpha() else " " for c in range(128))
# A text that speaks of stock or parcels: numbers in it that could be a person's are more likely of things.
_TRADE: Final = re.compile(
    r"(?<![^\W_])(?:skus?|order[ _-]?(?:id|no|number|nr)s?|part[ _-]?(?:no|number|nr)s?|tracking|upc|ean|gtin|"
    r"isbn|asin|barcode|catalogue?|warehouse|artikelnummer|bestellnummer|referencia|codice articolo)(?![^\W_])",
    re.IGNORECASE,
)
_TRADED = 4096  # characters that are looked at for such a word
_IN_VAIN = 8  # looks at the words around a place, until all of the text is gone over for words that speak of anything


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """``string[start:end]`` looks like an ``entity``: ``score`` from 0 to 1 (half counts), by ``rule``."""

    start: int
    end: int
    entity: str
    score: float
    rule: str


class Look:
    """One string under its key.

    ``level`` is the question that every recogniser asks: 2, the key says that this is the entity; 1, a name further
    out, a label or a word nearby speaks of it; 0, nothing does. ``quiet``: the key says that numbers in here are none
    of ours, and the string is no prose that could say otherwise.
    """

    __slots__ = (
        "_filled",
        "_heard",
        "_near",
        "_speaking",
        "_trade",
        "_unheard",
        "_vain",
        "entity",
        "hints",
        "key",
        "quiet",
        "string",
        "sure",
    )

    def __init__(self, string: str, key: Key, hints: frozenset[str]) -> None:
        self.string = string
        self.key = key
        self.entity = key.entity
        self.sure = key.sure
        self.hints = hints | key.hints if hints else key.hints
        self.quiet = key.negative and not is_prose(string)
        self._heard: dict[str, context.Speaking] = {}
        self._unheard: dict[frozenset[str], int] = {}
        self._near: dict[tuple[int, int], frozenset[str]] = {}
        self._speaking: context.Speaking | None = None
        self._trade: bool | None = None
        self._filled: tuple[int, int] | None = None
        self._vain = 0

    def level(self, entity: str, start: int, end: int) -> int:
        """How much speaks for ``entity`` at this place, besides its form."""
        if self.entity == entity:
            return 2
        if self.quiet:
            return 0
        if entity in self.hints and not self.key.negative:
            return 1
        heard = self._heard.get(entity)
        if heard is not None and not heard.near(start, end):
            return 0
        if entity in self.near(start, end):
            return 1
        if heard is None and (kin := context.KIN.get(entity)) is not None:
            unheard = self._unheard[kin] = self._unheard.get(kin, 0) + 1
            if unheard == _IN_VAIN:
                self._heard.update(dict.fromkeys(kin, context.Speaking(self.string, kin)))
        return 0

    def near(self, start: int, end: int) -> frozenset[str]:
        """The entities of which the words around the place speak."""
        place = (start, end)
        found = self._near.get(place)
        if found is not None:
            return found
        if end - start > len(self.string) - 2 or self.is_silent(start, end):
            found = _NOBODY
        else:
            found = context.hints(self.string, start, end)
            if found.isdisjoint(context.ASKED):
                self._vain += 1
                if self._vain == _IN_VAIN:
                    self._speaking = context.Speaking(self.string, context.ASKED)
                    self._near.clear()  # it says of each place at once, and always the same
        self._near[place] = found
        return found

    def is_silent(self, start: int, end: int, entity: str = "") -> bool:
        """Whether it is known that the words around ``string[start:end]``, and in it, speak of nothing, or not of
        ``entity``.
        """
        if self._speaking is not None and not self._speaking.near(start, end):
            return True
        heard = self._heard.get(entity)
        return heard is not None and not heard.near(start, end)

    def is_all(self, start: int, end: int) -> bool:
        """Whether nothing but space is around ``string[start:end]``."""
        if self._filled is None:
            string = self.string
            self._filled = (len(string) - len(string.lstrip()), len(string.rstrip()))
        first, last = self._filled
        return start <= first and end >= last

    def elsewhere(self, entity: str) -> bool:
        """Whether the key settles that this is something other than ``entity``."""
        return self.sure and self.entity not in (entity, "", "NAME", "PERSON", "SECRET")

    def numbers_thing(self, start: int) -> bool:
        """Whether the word right before ``start`` says that a thing is numbered here ("order no. ")."""
        if start <= 1:
            return False
        begin = max(0, start - _BEFORE)
        before = self.string[begin:start]
        # Behind the sign are a space and a quote at most.
        label = _LABEL.search(before) if ("=" in (tail := before[-3:]) or ":" in tail) else None
        if label is not None and classify((label[1],)).negative:
            return True  # "rowId = "
        if before.isascii() and _THING_WORDS.isdisjoint(before.lower().translate(_SPACED).split()):
            return False
        return _THING.search(self.string, begin, start) is not None

    def doubtful(self, entity: str, start: int) -> bool:
        """Whether something speaks for another meaning of a number that only its form makes an ``entity``."""
        if self._trade is None:
            self._trade = len(self.string) > 24 and _TRADE.search(self.string, 0, _TRADED) is not None
        return self._trade or self.elsewhere(entity) or self.numbers_thing(start)


_NOBODY: Final[frozenset[str]] = frozenset()


def is_prose(string: str) -> bool:
    """Whether a string says something in words, and is not only a code or a measure."""
    if len(string) < 12 or " " not in string:
        return False
    words = _WORD.finditer(string, 0, _SAMPLE)
    return next(words, None) is not None and next(words, None) is not None and next(words, None) is not None
