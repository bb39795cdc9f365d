"""All recognizers on one string, and which of what they found stands.

Every form but a mailbox has four digits that stand close together, so one pass finds the zones that can hold anything;
only there do the families look, each for its own kind.
"""

import re
import sys
from collections.abc import Iterator
from typing import Final

from doorward.detection import context
from doorward.detection.anchors import Anchors
from doorward.detection.keys import Key, is_account_id
from doorward.detection.recognizers import accounts, addresses, codes, iban, mail, numbers, phones
from doorward.detection.recognizers.look import Candidate, Look

# Four digits or more, none farther from the next than in an account number with a bank's letters ("29 NWBK 6016").
_ZONE: Final = re.compile(r"[0-9](?:[^0-9\n]{0,6}+[0-9]){3}[0-9]*+(?:[^0-9\n]{1,6}+[0-9]++)*+")
_GAP: Final = re.compile(r"[^0-9]{7}|\n")  # what no zone goes over
_CHUNK = 1 << 15  # characters that are looked at in one go
_CUT, _CUT_AGAIN = 4096, 128  # characters
# Times, UUIDs, small numbers, decimals: whole strings that are common and nothing else.
_PLAIN: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:[.,][0-9]{1,9})?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
    r"|-?[0-9]{1,6}|[+-]?[0-9]{1,30}\.[0-9]{1,30}(?:[eE][+-]?[0-9]{1,3})?"
    r"|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
)
# Seven digits or more, none far from the next: the least of any number here; but not a date before a time. (What a
# dash behind a date leads to is the date's where it is in its zone.)
_DENSE: Final = re.compile(
    r"[0-9](?<![^\W_][0-9])(?!(?<=[12])[0-9]{3}-[01][0-9]-[0-3][0-9](?![0-9]|-[^0-9\n]{0,5}+[0-9]))"
    r"(?:[ ()./-]{0,3}[0-9]){6,}+"
)
# Where a code's letters touch its digits. Small ones are read only in short strings and under a name.
_LETTER: Final = re.compile(r"[A-Za-z]")
_CAPITAL: Final = re.compile(r"[A-Z][ -]?[0-9]|[0-9][ -]?[A-Z](?![A-Za-z])")
_EITHER: Final = re.compile(r"[A-Za-z][0-9]|[A-Z][ -][0-9]|[0-9][ -]?[A-Z](?![A-Za-z])")
_SHORTEST, _LONGEST = 7, 64  # digits of a number that is all of a string
_SIDE = 3  # characters beside a zone in which a code's nearest letter stands
# What a number with letters in a longer string is: where an automaton finds none of them, no zone has one.
_IBANS: Final = Anchors(iban.ANCHORS)
_CODES: Final = Anchors(codes.ANCHORS)
_FEW = 2  # zones that are looked at as quickly as an automaton is asked
_FAR = 64  # characters from zone to zone, about, from which it is quicker to look in each
_OWN_FORMS: Final = frozenset(("ACCOUNT_ID", "PASSPORT", "DRIVER_LICENSE"))
# Under these keys less than seven digits can be enough, and plain numbers are looked at.
_KEYED_FORMS: Final = _OWN_FORMS | {"PHONE_NUMBER", "IBAN_CODE", *codes.ENTITIES, *numbers.ENTITIES}
_SURE = 0.85  # nothing else needs to be looked for in a string that is this as a whole

_END: Final = sys.maxsize
_NOWHERE: Final = (_END, _END)
_NONE: Final[list[Candidate]] = []
_DIALLED: Final = ("tel:", "sms:", "fax:")  # URIs (RFC 3966, RFC 5724)
_CALLED: Final = Key(phones.ENTITY, sure=True)


def prepare() -> None:
    """Compile now what would else be compiled with the first text that has many numbers."""
    for asked in (context.ASKED, *context.TOLD_APART):
        context.prepare(asked)
    context.prepare(accounts.ENTITIES)
    _IBANS.prepare()
    _CODES.prepare()


def candidates(string: str, key: Key, hints: frozenset[str], ips: bool = False) -> list[Candidate]:
    """All pattern entities in one leaf's string (canonical, decoded), in order; only guesses overlap.

    ``key``: what its names say; ``hints``: entities that are spoken of beside it; ``ips``: IP addresses too. A score of
    half or more counts; one below is a guess, which a column or a neighbour may confirm. The list is not to be changed.
    """
    if key.negative and string.isalnum() and string.isascii() and not iban.may_be(string) and not is_account_id(key):
        return _NONE
    if key.negative and string[3:4] == ":" and string[:4].lower() in _DIALLED:
        return phones.whole(string, _CALLED)
    mailed = "@" in string
    if mailed:
        found = mail.whole(string, key)
        if found:
            return found
    entity = key.entity
    if len(string) > _CHUNK:
        zones = list(_zones(string))
    else:
        if entity == phones.ENTITY:
            found = phones.whole(string, key)
            if found:
                return found
        elif entity not in _KEYED_FORMS:
            if _SHORTEST <= len(string) <= _LONGEST and string.isdecimal() and string.isascii():
                return _number(Look(string, key, hints))
            if _PLAIN.fullmatch(string) is not None:
                return _NONE
        # Most strings have no zone, and to look for the first costs half of a list of all.
        zone = _ZONE.search(string)
        zones = [zone.span(), *(match.span() for match in _ZONE.finditer(string, zone.end()))] if zone else []
    if not zones and not mailed and not mail.is_spelled(string) and not ips and entity not in _OWN_FORMS:
        return _NONE
    return _look(string, key, hints, ips, zones)


def _zones(string: str) -> Iterator[tuple[int, int]]:
    """Where the zones begin and end. A long string is read in chunks, so that no one call takes long."""
    begin, size = 0, len(string)
    while True:
        cut = begin + _CHUNK
        if cut >= size:
            break
        gap = _GAP.search(string, cut, cut + _CUT)
        behind = gap.end() if gap is not None else cut
        for match in _ZONE.finditer(string, begin, behind):
            yield match.span()
        # Amid thousands of digits what is cut in two is looked at again as a whole.
        begin = behind if gap is not None else cut - _CUT_AGAIN
    for match in _ZONE.finditer(string, begin):
        yield match.span()


def _look(string: str, key: Key, hints: frozenset[str], ips: bool, zones: list[tuple[int, int]]) -> list[Candidate]:
    look = Look(string, key, hints)
    found: list[Candidate] = []
    if "@" in string:
        mail.find(look, found)
        if _is_all(found, string):
            return found
    if mail.is_spelled(string):
        mail.spelled(look, found)
    if len(string) > min(_CHUNK, _FAR * len(zones)):
        spans = [m.span() for begin, end in zones if end - begin > 6 for m in _DENSE.finditer(string, begin, end)]
    else:  # the same, for zones are apart by more than it goes over
        spans = [match.span() for match in _DENSE.finditer(string)]
    quiet = look.quiet
    numbered = key.entity in numbers.ENTITIES
    if spans and numbered:
        numbers.find(look, spans, found)
        if _is_all(found, string):
            return _settled(found)
    if spans and not quiet:
        spans = phones.find(look, spans, found)
    if spans and not numbered:
        numbers.find(look, spans, found)
        if _is_all(found, string):
            return _settled(found)
    letter = _LETTER if key.entity in _KEYED_FORMS else _CAPITAL if len(string) > iban.SHORT else _EITHER
    many = letter is _CAPITAL and len(zones) > _FEW
    coded = not quiet or key.entity in codes.ENTITIES
    lettered: list[tuple[int, int]] = []
    if coded or iban.may_start(string):
        lettered = _lettered(string, _anchored(_IBANS, string, zones) if many else zones, letter)
    if lettered:
        iban.find(look, lettered, found)
    if coded:
        if many:
            lettered = _lettered(string, _anchored(_CODES, string, zones), letter)
        if lettered and (many or key.entity in _KEYED_FORMS or _CODES.any(string)):
            codes.find(look, lettered, found)
    if not quiet or key.entity in _OWN_FORMS or is_account_id(key):
        accounts.find(look, zones, found)
    if ips:
        addresses.find(look, found)
    return _settled(found) if len(found) > 1 else found


def _number(look: Look) -> list[Candidate]:
    """The same for a string of nothing but digits, which is one zone, and has no letter and no mark."""
    found: list[Candidate] = []
    spans = every = [(0, len(look.string))]
    if not look.quiet:
        spans = phones.find(look, spans, found)
    if spans:
        numbers.find(look, spans, found)
        if _is_all(found, look.string):
            return _settled(found)
    if not look.quiet or is_account_id(look.key):
        accounts.find(look, every, found)
    return _settled(found) if len(found) > 1 else found


def _lettered(string: str, zones: list[tuple[int, int]], letter: re.Pattern[str]) -> list[tuple[int, int]]:
    """Those of ``zones`` in which or beside which there is such a ``letter``."""
    return [zone for zone in zones if letter.search(string, max(0, zone[0] - _SIDE), zone[1] + _SIDE) is not None]


def _anchored(anchors: Anchors, string: str, zones: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those of ``zones`` in which or beside which there is an anchor. A number that overlaps an anchor before it begins
    in that, and one that begins beside two zones is beside both: so what is left out changes nothing for others.
    """
    kept: list[tuple[int, int]] = []
    hits = anchors.hits(string)
    start, end = next(hits, _NOWHERE)
    for zone in zones:
        while end <= zone[0] - codes.LEAD:
            start, end = next(hits, _NOWHERE)
        if end == _END:
            break
        if start < zone[1] + codes.TAIL:
            kept.append(zone)
    return kept


def _is_all(found: list[Candidate], string: str) -> bool:
    """Whether the string is one value, and no doubt about it."""
    if not found or len(string) > 512:
        return False
    whole = len(string)
    return any(candidate.end - candidate.start == whole and candidate.score >= _SURE for candidate in found)


def _settled(found: list[Candidate]) -> list[Candidate]:
    """Without what overlaps something better that counts; linear but for the sorting."""
    found.sort(key=lambda c: (c.start, -c.score, -c.end))
    kept: list[Candidate] = []
    for candidate in found:
        while kept and _beats(candidate, kept[-1]):
            kept.pop()
        if not kept or not (candidate == kept[-1] or _beats(kept[-1], candidate)):
            kept.append(candidate)
    return kept


def _beats(one: Candidate, other: Candidate) -> bool:
    """Whether ``one`` overlaps ``other``, counts, and is better: a higher score, else the longer."""
    if one.score < 0.5 or one.start >= other.end or other.start >= one.end:
        return False
    return (one.score, one.end - one.start) > (other.score, other.end - other.start)
