"""Names of people (and, if wanted, places) in prose: the model of ``detection.names`` over leaves of free text.

Fields with telling names are the business of ``patterns``; here they only tell who the message is about, so that a
first name in a note is known again.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, Literal

import msgspec

from doorward.configtypes import Refused
from doorward.core.finding import Finding
from doorward.core.leaf import Document, Leaf
from doorward.detection import keys, keywords, people, quiet
from doorward.detection.keys import Key
from doorward.detection.names import lexicon, prose
from doorward.detection.names.model import ModelFault
from doorward.detection.names.speakers import is_name

# Two words beside each other, one with a capital: in a leaf, and in the bytes of a message, where quotation marks may
# be escaped several times over and markup stands between. What is not ASCII fires by itself (``trigger.HIDING``).
_WORDS: Final = r"[A-Za-z][^\w\s]{0,2} [A-Z]|[A-Z][a-z]{0,40}[^\w\s]{0,2} [A-Za-z]"
_TRIGGERS: Final = (
    r"[A-Za-z][^0-9A-Za-z_ ]{0,9}[ >][A-Z]",
    r"[A-Z][a-z]{0,40}[^0-9A-Za-z_ ]{0,9}[ >][A-Za-z]",
)
_TRIGGER: Final = re.compile(_WORDS, re.ASCII)
_LETTERS: Final = re.compile(r"[^\W\d_]{2}\W+[^\W\d_]")

# What a form or a schema suggests under these names is nobody's, if it is a name that stands for nobody.
_SUGGESTED: Final = frozenset(("default", "example", "examples", "placeholder"))
_SPEAKER: Final = re.compile(r"[^\W\d_a-zß-ÿ][^\W\d_]+(?:[ '’-][^\W\d_]+){0,2}")
_WROTE: Final = re.compile(
    r" (?:wrote|writes|said|says|replied|answered|asked|schrieb|sagte|escribió|dijo|escreveu|disse|a écrit|ha scritto"
    r"|schreef|zei|skrev)\Z"
)
# What a field that may name somebody holds, if it does.
_FULL: Final = re.compile(r"[^\W\d_][\w.'’-]*(?: ['’]?[^\W\d_][\w.'’-]*){1,4}")
_SAID: Final = " said that this was done yesterday."
_FOLLOWING: Final = re.compile(r" ([a-z]+)\b")
# What comes after a person's name and is no noun that the name belongs to.
_AFTER_PEOPLE: Final = keywords.listed(
    """
    a about after again and are as asks at be before but by calls can comes could did does for from gets gives
    goes had has have her his if in into is knows likes may might must needs not now of on or our over please re
    reports said says sees sends should than that the their then this to today tomorrow too until via wants was
    were when where while who whose will with without works would writes yesterday your
    """
)
# Under these names short strings are titles of things.
_THINGS: Final = lexicon.THINGS
# Names of fields that are titles of goods where the record's others are those of goods too.
_TITLES: Final = keywords.listed("name title label heading caption nome nombre nom naam bezeichnung titel titre título")
# Fields of somebody or of something else, whose names ``patterns`` leaves open.
_MAYBE: Final = keywords.listed("from owner by sender speaker")
_MAKERS: Final = keywords.listed("supplier vendor merchant maker seller provider brand lieferant fournisseur proveedor")
# Names beside a title that make it that of goods.
_WARES: Final = keywords.listed(
    """
    sku price prices stock quantity qty pcs pieces category categories brand manufacturer asin ean upc gtin isbn barcode
    article articles carton cartons parcel aisle shelf color colour inventory dimensions calories ingredients rating
    ratings discount genre album artist track duration episodes publisher unit units weight warehouse bin
    preis menge artikel bestand prix quantité precio cantidad prezzo quantità preço quantidade prijs aantal
    """
)
_LONGEST: Final = 60
_AGAIN: Final = 0.7
_CERTAIN: Final = 0.8
_WRITES: Final = 0.8
_SHORT: Final = 8  # words
_EVERY: Final = 256  # leaves between two looks at the clock, where none is prose


class Names:
    """The detector ``names``."""

    name = "names"
    heavy = False
    knows_quiet = True

    class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """``directions``: where to look. ``locations``: report places too; more than one in four is none."""

        directions: tuple[Literal["arguments", "results"], ...] = ("arguments", "results")
        locations: bool = False

    def __init__(self, options: Options) -> None:
        self.triggers: Sequence[str] | None = _TRIGGERS
        self.directions = frozenset[str](options.directions)
        self._entities = frozenset(("PERSON", "LOCATION") if options.locations else ("PERSON",))
        try:
            prose.model()  # read now, so that no message waits for it
        except (ModelFault, OSError) as fault:
            raise Refused(f"the model of names cannot be used: {fault}", "install Doorward again") from None

    def detect(self, document: Document) -> list[Finding]:
        """Findings of all prose leaves; they do not overlap."""
        looked: list[tuple[Leaf, int, prose.Piece]] = []
        known: set[str] = set()
        single: list[Leaf] = []
        wares = _Wares(document)
        found: list[Finding] = []
        before: Leaf | None = None
        for count, leaf in enumerate(document.leaves):
            if not count % _EVERY:
                document.check()
            label, before = before, leaf
            if label is not None and _speaks(label, leaf):
                found += self._findings(label, 0, _speaker(label.string), "names-speaker")
            if leaf.number or leaf.name or len(leaf.string) < 3:
                continue
            string = leaf.string
            if " " not in string and string.isalpha():
                if string[0].isupper():
                    single.append(leaf)
                continue
            if len(string) < 4:
                continue
            if string.isascii():
                if _TRIGGER.search(string) is None:
                    continue
            elif _LETTERS.search(string) is None:
                continue
            if leaf.names and leaf.names[0] in _SUGGESTED and people.is_placeholder(string):
                continue
            key = keys.classify(leaf.names)
            if not _is_prose(leaf, key, wares):
                if key.entity == "PERSON" and len(string) < 80 and _MAKERS.isdisjoint(keys.words(leaf.names[0])):
                    known |= prose.full_names(string)
                    if not key.sure and not _MAYBE.isdisjoint(keys.words(leaf.names[0])):
                        found += self._findings(leaf, 0, _unsure(leaf), "names-field")
                continue
            if leaf.quiet and document.shut:  # as none should be; what would be made of it is not known
                raise quiet.Reached
            for start, end in prose.pieces(string):
                document.check()
                piece = prose.piece(string[start:end])
                if piece is not prose.NOTHING:
                    looked.append((leaf, start, piece))
                    known |= piece.names
        for leaf, start, piece in looked:
            found += self._findings(leaf, start, _without_things(leaf.string, start, piece.spans), "names")
            if known:
                again = [s for s in piece.maybe if leaf.string[start + s.start : start + s.end].lower() in known]
                found += self._findings(leaf, start, again, "names-again")
        if known and document.shut and not known.isdisjoint(_words_of(document.shut)):
            raise quiet.Reached
        if known:
            for count, leaf in enumerate(single):
                if not count % _EVERY:
                    document.check()
                if leaf.string.lower() in known and _may_be_known(leaf, wares):
                    found += self._findings(leaf, 0, (_whole(leaf.string, _AGAIN),), "names-again")
        return found

    def _findings(self, leaf: Leaf, start: int, spans: Iterable[prose.Span], rule: str) -> list[Finding]:
        return [
            leaf.finding(start + span.start, start + span.end, span.entity, span.score, self.name, rule)
            for span in spans
            if span.entity in self._entities
        ]


def _words_of(leaves: Iterable[Leaf]) -> Iterable[str]:
    """The words of leaves, which are of ASCII, in small letters: what stands there alone under a label is one."""
    return _LOWER.findall(" ".join(leaf.string for leaf in leaves).lower())


_LOWER: Final = re.compile(r"[a-z]+")


def _speaks(label: Leaf, leaf: Leaf) -> bool:
    """Whether ``label`` stands before what somebody says ("Maria: I'll have a look") and not before a field's value."""
    if label.text is not leaf.text or not leaf.names or leaf.names[0] != label.string or " " not in leaf.string:
        return False
    if _SPEAKER.fullmatch(label.string) is None:
        return False
    before = label.locate(0, 0)[0] - 1
    if before >= 0 and label.text.string[before] in "\"'":
        return False  # the name of a member
    key = keys.classify((label.string,))
    return not key.entity and not key.negative


def _speaker(label: str) -> list[prose.Span]:
    """The label as a name, if it would be one in a sentence: alone it has nothing around it to be judged by. One of its
    words must be known as a name, as any word would do that begins the sentence.
    """
    wrote = _WROTE.search(label)
    name = label if wrote is None else label[: wrote.start()]
    if not prose.is_named(name):
        return [_whole(name, _WRITES)] if wrote is not None and is_name(name) else []
    spans = prose.piece(f"{name}{_SAID}").spans
    return [span for span in spans if span.start == 0 and span.end == len(name) and span.entity == "PERSON"]


def _unsure(leaf: Leaf) -> Sequence[prose.Span]:
    """The name in a field that may name somebody or something ("from", "owner"), if it is one to the model."""
    string = leaf.string
    if " " not in string or len(string) > _LONGEST or _FULL.fullmatch(string) is None:
        return ()
    if not prose.is_named(string):
        return ()
    spans = prose.piece(f"{string}{_SAID}").spans
    whole = [span for span in spans if span.start == 0 and span.end == len(string) and span.entity == "PERSON"]
    return whole if whole and whole[0].score >= _CERTAIN else ()


class _Wares:
    """Where in a message goods are listed, by the names of fields; looked up when first asked."""

    __slots__ = ("_document", "_places")

    def __init__(self, document: Document) -> None:
        self._document = document
        self._places: set[tuple[str, ...]] | None = None

    def holds(self, leaf: Leaf) -> bool:
        """Whether a short string is the title of a thing, by its name or by those beside it."""
        said = keys.words(keys.nearest(leaf.names))
        if not _THINGS.isdisjoint(said):
            return True
        if _TITLES.isdisjoint(said):
            return False
        if leaf.record is not None and any(other.names and _is_ware(other.names[0]) for other in leaf.record.leaves):
            return True
        if self._places is None:  # what has a number for its value is known by its name alone
            self._places = {other.names for other in self._document.leaves if other.name and _is_ware(other.string)}
        if leaf.names[1:] in self._places:
            return True
        quiet.reach(self._document.shut, leaf.names[1:2])  # a label may be that name, with such a one below it
        return False


@lru_cache(4096)
def _is_ware(name: str) -> bool:
    return not _WARES.isdisjoint(keys.words(name))


def _without_things(string: str, start: int, spans: Sequence[prose.Span]) -> Sequence[prose.Span]:
    """In a short line that is no sentence, a lone name before a noun is the name of a thing ("Newton solver")."""
    if string.rstrip().endswith((".", "!", "?")) or string.count(" ") >= _SHORT:
        return spans
    return [span for span in spans if not _of_a_thing(string, start + span.start, start + span.end)]


def _of_a_thing(string: str, start: int, end: int) -> bool:
    if " " in string[start:end]:
        return False
    following = _FOLLOWING.match(string, end)
    return following is not None and following[1] not in _AFTER_PEOPLE and not following[1].endswith("ed")


def _may_be_known(leaf: Leaf, wares: _Wares) -> bool:
    """Whether a word alone can be a part of somebody's name that stands in full elsewhere."""
    key = keys.classify(leaf.names)
    return key.entity in ("", "PERSON") and not key.negative and not wares.holds(leaf)


def _whole(string: str, score: float) -> prose.Span:
    return prose.Span(0, len(string), "PERSON", score)


def _is_prose(leaf: Leaf, key: Key, wares: _Wares) -> bool:
    """Whether the string under this key is text that somebody wrote. Two words are enough."""
    string = leaf.string
    if key.entity:
        # A field that says what it holds: for patterns, unless somebody wrote a whole text there.
        return string.count(" ") > _SHORT and key.entity not in ("LOCATION", "SECRET")
    if key.negative or wares.holds(leaf):
        return string.count(" ") > _SHORT
    return True
