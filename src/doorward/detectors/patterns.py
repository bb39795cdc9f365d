"""Personal data by pattern: numbers, addresses of mail, and what the names of fields say.

Each leaf is judged by its string and its names, which is remembered; only what that leaves undecided is put to its
record and its column. Whoever was found in a field is then found by name elsewhere in the message.
"""

import re
from collections.abc import Iterable, Sequence

import msgspec

from doorward.core.finding import Finding
from doorward.core.leaf import Column, Document, Leaf, Record
from doorward.detection import (
    beside,
    context,
    dates,
    fields,
    keys,
    keywords,
    naming,
    people,
    places,
    quiet,
    recognizers,
    split,
    spread,
    votes,
)
from doorward.detection.keys import Key
from doorward.detection.recognizers import Candidate, mere

_NO_HINTS: frozenset[str] = frozenset()
_LONG = 256  # characters; longer strings seldom come twice
_DEEP = 16  # names
_KEPT = 16384  # judged strings
_SAMPLES = frozenset(("default", "example", "examples", "placeholder"))
_COUNTS = 0.5  # the score from which a candidate counts by itself
_EVERY = 64  # leaves between two looks at the clock
# Before what is encoded: "credit card is data:text/plain;base64,…".
_LABEL = re.compile(
    r"(?P<label>[^\W\d_]+(?:[ _-][^\W\d_]+){0,2}?)[\"']?"
    r"(?:,? (?:that |which )?(?:you|we|he|she|they|I) [a-z]{2,12}(?: (?:for|about|to|us|me|him|her|them))?,?)?"
    r"[ \t]{0,3}(?: (?:is|was|ist|war|es|est|è|é|jest)|[:=])"
    r"[ \t]{0,3}[\"'<(]?(?:data:[\w/;,=.+-]{0,60})?\Z"
)
_REACH = 128  # characters before
_HONORED = 16  # characters up to who is honored
_TITLES = frozenset(("title", "name", "label", "caption", "heading", "titel", "titulo", "titre", "titolo"))
_DIGIT = re.compile(r"[0-9]")
_WORDY = re.compile(r"[^\W\d_]{2}[^\w\n]{0,3}\s")


class _Judged(msgspec.Struct, frozen=True, gc=False):
    """What one string is under one key: ``found``, what counts by itself; ``guesses``, what does not; ``maybe`` and
    ``like`` as in ``fields.Field``; ``sentence``: somebody who stands beside it may be spoken of in it.
    """

    found: tuple[Candidate, ...] = ()
    guesses: tuple[Candidate, ...] = ()
    maybe: str = ""
    like: float = 0.0
    sentence: bool = False


_NOTHING = _Judged()
# What names say; what is known of strings under them; whether they speak for nothing.
_Under = tuple[Key, dict[str, _Judged], bool]
_REACHED = ("PHONE_NUMBER", "EMAIL_ADDRESS")


def _is_it(candidates: Sequence[Candidate], string: str, key: Key) -> bool:
    """Whether all of ``string`` is what its ``key`` says, with no words in it: nothing else is to be said of it."""
    one = candidates[0]
    if one.start or one.end < len(string) or one.entity != key.entity or one.score < _COUNTS or len(candidates) > 1:
        return False
    return _WORDY.search(string) is None if " " in string or "\n" in string else True


def _is_title(key: Key) -> bool:
    return bool(key.words) and key.words[-1] in _TITLES


def _said(string: str, key: Key) -> list[Candidate]:
    """What the words of a text say that it is. Addresses and dates have digits."""
    found: list[Candidate] = []
    # "product": "Dr. Pepper"; what "name": "Dr. Pepper" is, the record says.
    if key.entity != "NAME" if key.entity else keywords.THING.isdisjoint(key.words):
        for start, end, score, rule in people.in_prose(string):
            found.append(Candidate(start, end, "PERSON", score, rule))
    if _DIGIT.search(string) is not None:
        for start, end, score, rule in places.in_prose(string):
            found.append(Candidate(start, end, "LOCATION", score, rule))
        for start, end, score, rule in dates.in_prose(string):
            found.append(Candidate(start, end, dates.ENTITY, score, rule))
    return found


def _reach(
    shut: Sequence[Leaf],
    evidence: votes.Evidence,
    undecided: Sequence[votes.Undecided],
    guessed: Sequence[Leaf],
    dialed: Iterable[Column],
) -> None:
    """Raise ``Reached`` where values in texts that were not looked into could have a part in a vote.

    Such a value is in a record of its own below that of the text, so what is known of others is known of that record
    and of the one around it, or it is in the same column, which is a place, by its names: its own may have been put in
    front of them by a label beside it.
    """
    for leaf in shut:
        record = leaf.record
        if record is not None and (evidence.base(record) is not record or evidence.about(record)):
            raise quiet.Reached
    if len(undecided) + sum(len(leaf.string) for leaf in shut) // 4 > beside.MOST:
        raise quiet.Reached
    names = {one.leaf.names[:2] for one in undecided}
    names.update([leaf.names[:2] for leaf in guessed])
    names.update([leaf.names[:2] for column in dialed for leaf in column.leaves[:1]])
    quiet.reach(shut, {name for two in names for name in two})


class Patterns:
    """The detector ``patterns``."""

    name = "patterns"
    heavy = False
    directions = frozenset({"arguments", "results"})
    wholes = places.WHOLES
    knows_quiet = True

    class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """``ip_addresses``: find them too; most are of machines."""

        ip_addresses: bool = False

    def __init__(self, options: Options) -> None:
        self._ips = options.ip_addresses
        self.triggers: Sequence[str] | None = (
            *recognizers.TRIGGERS,
            *(recognizers.ADDRESS_TRIGGERS if options.ip_addresses else ()),
            *naming.PERSONAL,
            *people.TRIGGERS,
            *places.TRIGGERS,
            *dates.TRIGGERS,
        )
        self._known: dict[tuple[tuple[str, ...], bool], _Under] = {}
        self._said: dict[tuple[Key, bool, bool], _Under] = {}
        self._kept = 0

    def load(self) -> None:
        """Compile what the first messages would else wait for."""
        recognizers.prepare()
        for automaton in (*people.AUTOMATA, *places.AUTOMATA, dates.ANCHORS):
            automaton.prepare()

    def detect(self, document: Document) -> list[Finding]:
        """Findings of all leaves; they may overlap."""
        found: list[Finding] = []
        name = self.name
        evidence = votes.Evidence()
        whose: list[votes.Undecided] = []
        where: list[votes.Undecided] = []
        any_: list[votes.Undecided] = []
        members: list[votes.Undecided] = []
        sentences: list[Leaf] = []
        calm: list[tuple[Leaf, Key]] = []
        guesses: list[tuple[Leaf, Candidate]] = []
        dialed: dict[int, Column] = {}
        is_mere = mere.is_mere
        # By the identity of names: the leaves of one place share them. Of member names apart.
        met: tuple[dict[int, _Under], dict[int, _Under]] = ({}, {})
        last: Record | None = None
        entities, read = set[str](), list[str]()
        for count, leaf in enumerate(document.leaves):
            if not count % _EVERY:
                document.check()
            names, is_name, string = leaf.names, leaf.name, leaf.string
            entry = met[is_name].get(id(names))
            if entry is None:
                entry = met[is_name][id(names)] = self._known.get((names, is_name)) or self._of(names, is_name)
            key, known, mute = entry
            judged = known.get(string)
            if leaf.token is not None:
                judged = self._decoded(leaf, key)
            elif judged is None:
                if leaf.quiet:
                    if not (names and names[0] in _SAMPLES and people.is_placeholder(string)):
                        calm.append((leaf, key))
                        if _WORDY.search(string) is not None and beside.is_sentence(string):
                            sentences.append(leaf)
                    continue
                if mute and is_mere(string):
                    continue  # no name or address either, nor is it worth to remember it
                judged = self._judge(string, key, is_name)
                if names and names[0] in _SAMPLES and people.is_placeholder(string):
                    judged = _NOTHING
                if len(string) <= _LONG:
                    known[string] = judged
                    self._kept += 1
            if judged is _NOTHING:
                continue
            record = leaf.record
            if judged.sentence and not is_name:
                sentences.append(leaf)
            for one in judged.found:
                if one.rule == "honorific" and one.start < _HONORED and _is_title(key) and evidence.wares(record):
                    continue  # "title": "Dr. Martens 1460", beside a price
                entity = one.entity
                made = leaf.finding(one.start, one.end, entity, one.score, name, one.rule)
                found.append(made)
                if record is not None:
                    if record is not last:  # what is found next is mostly in the same
                        last = record
                        entities, read = evidence.of(record)
                    entities.add(entity)
                    if entity in votes.READ:
                        read.append(made.value)
                if entity == "PHONE_NUMBER" and string[0] == "+" and leaf.column is not None:
                    dialed[id(leaf.column)] = leaf.column
            maybe = judged.maybe
            if maybe:
                undecided = votes.Undecided(leaf, maybe, judged.like)
                if maybe == beside.ANY:
                    any_.append(undecided)
                elif maybe == fields.MEMBER:
                    members.append(undecided)
                else:
                    (where if maybe in ("LOCATION", "POSTCODE") else whose).append(undecided)
            for candidate in judged.guesses:
                guesses.append((leaf, candidate))
        for leaf in votes.members(members) if members else ():
            self._whole(leaf, "PERSON", 0.6, "person+members", found)
        if dialed:
            for leaf, one in votes.phones(dialed.values()):
                found.append(leaf.finding(one.start, one.end, one.entity, one.score, name, one.rule))
                evidence.add(leaf.record, one.entity)
        if whose:
            named = votes.names(whose, evidence)
            settled = {id(leaf) for leaf, _ in named}
            if len(settled) < len(whose):
                any_ += [one for one in whose if id(one.leaf) not in settled]
            for leaf, score in named:
                self._whole(leaf, "PERSON", score, "name+record", found)
                evidence.add(leaf.record, "PERSON", leaf.string)
        if where:
            for leaf, score in votes.located(where, evidence):
                self._whole(leaf, "LOCATION", score, "place+record", found)
                evidence.add(leaf.record, "LOCATION")
        if any_:
            for leaf, entity, score in beside.decided(any_, evidence):
                self._whole(leaf, entity, score, "beside", found)
        for leaf, said in calm:
            if evidence.own(leaf.record):  # what is a guess by itself may be the account of whom that is about
                guesses += [(leaf, one) for one in self._judge(leaf.string, said, is_name=False).guesses]
        if document.shut:
            if split.reaches(document.leaves, document.shut):
                raise quiet.Reached
            _reach(document.shut, evidence, [*whose, *any_], [leaf for leaf, _ in guesses], dialed.values())
        if found:  # else nobody is known who could be mentioned
            for leaf, start, end in beside.mentioned(sentences, evidence, document.check):
                found.append(leaf.finding(start, end, "PERSON", 0.6, name, "person+mention"))
        if guesses:
            for leaf, one in votes.numbers(guesses, evidence):
                found.append(leaf.finding(one.start, one.end, one.entity, one.score, name, one.rule))
        self._split(document.leaves, found)
        if found:
            document.check()
            found += spread.findings(document.leaves, found, self.name, document.check, document.shut)
        if self._kept > _KEPT:
            self._forget()
        return found

    def _split(self, leaves: Sequence[Leaf], found: list[Finding]) -> None:
        """What goes on from one content block to the next: each block's part is a finding."""
        for joined in split.joined(leaves):
            key = keys.classify(joined.pieces[0][0].names)
            for one in recognizers.candidates(joined.string, key, _NO_HINTS, self._ips):
                spans = joined.spans(one.start, one.end) if one.score >= 0.5 else ()
                if len(spans) > 1:
                    rule = one.rule + "+split"
                    found += [leaf.finding(a, b, one.entity, one.score, self.name, rule) for leaf, a, b in spans]

    def _of(self, names: tuple[str, ...], is_name: bool) -> _Under:
        """What names that were not met lately say, and what will be known of strings under them."""
        if len(self._known) > _KEPT or len(self._said) > _KEPT:
            self._forget()
        key = keys.classify(names)
        # Where ids stand as names, what is below each has names of its own that say the same.
        said = (key, is_name, bool(names) and names[0] in _SAMPLES)
        entry = self._said.get(said)
        if entry is None:
            entry = self._said[said] = (key, {}, mere.is_mute(key))
        if len(names) <= _DEEP and sum(map(len, names)) <= _LONG:
            self._known[(names, is_name)] = entry
        return entry

    def _forget(self) -> None:
        self._known.clear()
        self._said.clear()
        self._kept = 0

    def _decoded(self, leaf: Leaf, key: Key) -> _Judged:
        """What was encoded in the middle of a text: the words before it speak of it as a name would."""
        assert leaf.token is not None
        around = leaf.text.string
        start, end = leaf.token
        label = _LABEL.search(around[max(0, start - _REACH) : start])
        if label is not None:
            start -= len(label[0]) - len(label["label"])
            said = keys.classify((label["label"], *leaf.names))
            key = said if said.entity else key
        elif key.negative and around.startswith("data:"):
            key = keys.Key(hints=key.hints)  # "href": what is in it is no link
        return self._judge(leaf.string, key, leaf.name, context.hints(around, start, end))

    def _judge(self, string: str, key: Key, is_name: bool, hints: frozenset[str] = _NO_HINTS) -> _Judged:
        if is_name:
            # What the names around say is of the value: a member name itself has nothing to say for it.
            candidates = recognizers.candidates(string, keys.Key(hints=key.hints), hints, self._ips)
            field = fields.member(string, key)
        else:
            candidates = recognizers.candidates(string, key, hints, self._ips)
            if candidates and key.entity in _REACHED and _is_it(candidates, string, key):
                return _Judged(tuple(candidates))
            field = fields.field(string, key) if key.entity else fields.unnamed(string, key)
            if len(candidates) == 1 and candidates[0].entity in _REACHED and not field.found:
                start, end = candidates[0].start, candidates[0].end
                field = fields.NOTHING  # there is nothing beside it
                if start or end < len(string):
                    field = fields.with_number(string, key, start, end)
        more: Sequence[Candidate] = ()
        sentence = False
        if len(string) > 5 and (" " in string or "\n" in string):
            found = field.found
            is_all = len(found) == 1 and found[0].end - found[0].start == len(string)
            if not is_all and _WORDY.search(string) is not None:
                more = _said(string, key)
                sentence = beside.is_sentence(string)
        if not (sentence or candidates or field.found or field.maybe or more):
            return _NOTHING
        maybe = field.maybe
        if maybe and candidates and any(c.score >= 0.5 for c in candidates):
            # "contact": "ann@example.com" is settled.
            maybe = ""
        whole = (*candidates, *field.found, *more)
        for one in whole:
            if one.score < _COUNTS:
                guesses = tuple([one for one in whole if one.score < _COUNTS])
                counting = tuple([one for one in whole if one.score >= _COUNTS])
                return _Judged(counting, guesses, maybe, field.like, sentence)
        return _Judged(whole, (), maybe, field.like, sentence)

    def _whole(self, leaf: Leaf, entity: str, score: float, rule: str, found: list[Finding]) -> None:
        string = leaf.string
        bare = string.strip()
        if bare:
            start = 0 if len(bare) == len(string) else string.index(bare)
            found.append(leaf.finding(start, start + len(bare), entity, score, self.name, rule))
