"""Numbers that only their name tells: accounts, policies, members, passports, driving licences.

Every issuer has its own form. What says "account" itself ("ACCT-00123456") is found anywhere; the rest counts only
under such a key or after such words.
"""

import re
from typing import Final

from doorward.detection import context
from doorward.detection.anchors import Anchors
from doorward.detection.keys import is_account_id
from doorward.detection.recognizers.look import Candidate, Look

ACCOUNT: Final = "ACCOUNT_ID"
PASSPORT: Final = "PASSPORT"
LICENSE: Final = "DRIVER_LICENSE"
ENTITIES: Final = frozenset((ACCOUNT, PASSPORT, LICENSE))

_PREFIXED: Final = re.compile(
    r"(?<![\w/.-])(?:acct?|acc?nt|account|konto|kto|cuenta|conta|compte|rekening|a/c)(?:[ _-]?(?:no|nr|num|id))?"
    r"(?:[-_#:]{1,2}|\.? ?#|)(?P<number>[0-9]{2,4}(?:[ -]?[0-9]{2,6}){1,5})(?![\w]|[-.]\w)",
    re.IGNORECASE,
)
# One of these is in every such prefix.
_IN_PREFIXES: Final = Anchors(["(?i:acc|acnt|konto|kto|cuenta|conta|compte|rekening|a/c)"])
# Letters, then digits, as issuers print them: "CUST-0012345", "POL 99-881-22", "0012345678", "X1234567".
_HEAD: Final = re.compile(r"(?:[0-9]|[A-Za-z](?=[A-Za-z0-9-]{0,7}[0-9]))(?<![\w.+@/-].)")
_TOKEN: Final = re.compile(r"[A-Za-z0-9]{1,20}(?:[-/][A-Za-z0-9]{1,20}){0,5}(?![\w@]|[-.]\w)")
_WHOLE: Final = re.compile(r"[#]?[A-Za-z0-9*]{1,24}(?:[ ./_-]{1,2}[A-Za-z0-9*]{1,24}){0,7}")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_DATE: Final = re.compile(
    r"[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[-/. ][0-9]{1,2}[-/. ][0-9]{2,4}|"
    r"[0-9]{1,2}[-/ ][A-Za-z]{3,9}[-/ ][0-9]{2,4}"
)
_SUM: Final = re.compile(r"[0-9]{1,3}(?:[. ][0-9]{3})+")
_INSIDE: Final = re.compile(r"[A-Za-z]")
# Characters before a zone in which a name for accounts, or a token, begins.
_PREFIX, _LEAD = 20, 9
_LONGEST = 126  # characters of a token
_SHORTEST = 6  # letters and digits
_LEAST, _LEAST_BESIDE = 8, 6  # digits; where somebody has to stand beside them

# (fewest digits, fewest and most letters and digits together)
_SIZES: Final[dict[str, tuple[int, int, int]]] = {ACCOUNT: (4, 5, 30), PASSPORT: (4, 6, 12), LICENSE: (3, 5, 20)}
_NEAR_SIZES: Final[dict[str, tuple[int, int, int]]] = {ACCOUNT: (6, 6, 24), PASSPORT: (5, 7, 10), LICENSE: (4, 6, 18)}


def find(look: Look, zones: list[tuple[int, int]], out: list[Candidate]) -> None:
    """The string as such a number, or all in its ``zones``, where at least four digits stand close together."""
    string = look.string
    keyed = look.entity
    if keyed in _SIZES and look.sure:
        size = len(string)
        start = size - len(string.lstrip())
        end = len(string.rstrip())
        if end - start <= 40 and _WHOLE.fullmatch(string, start, end) and _fits(string[start:end], _SIZES[keyed]):
            out.append(Candidate(start, end, keyed, 0.85, keyed.lower() + "+key"))
            return
    if keyed == ACCOUNT and not look.sure and _is_numbered(string, _LEAST):
        start = len(string) - len(string.lstrip())
        out.append(Candidate(start, len(string.rstrip()), keyed, 0.6, "account_id+key"))
        return
    if is_account_id(look.key) and _is_numbered(string, _LEAST_BESIDE):
        start = len(string) - len(string.lstrip())
        score = 0.85 if _PREFIXED.fullmatch(string.strip()) else 0.4  # what is beside it has to say the rest
        out.append(Candidate(start, len(string.rstrip()), ACCOUNT, score, "account_id+id"))
        return
    if look.quiet:
        return
    if keyed not in _SIZES and string.isalnum() and len(string) < 256:
        return  # one word alone says nothing but what it is
    prefixed: bool | None = None  # asked only where letters or a mark stand beside digits
    speaking: context.Speaking | None = None
    told = True
    if keyed not in _SIZES:
        if string.isascii() and _INSIDE.search(string) is None:
            return  # nothing says anything
        told = context.speaks(string, ENTITIES)
        if len(zones) > 1:
            if told:
                speaking = context.Speaking(string, ENTITIES)
            else:
                prefixed = _IN_PREFIXES.may_be(string)
                if not prefixed:
                    return
    position = 0
    for begin, behind in zones:
        before = string[begin - 1 : begin]
        if prefixed is not False and (
            before in "_#:-" or before.isalpha() or _INSIDE.search(string, begin, behind) is not None
        ):
            if prefixed is None:
                prefixed = _IN_PREFIXES.may_be(string)
            if prefixed:
                _prefixed(look, max(begin - _PREFIX, position), behind + 2, out)
        if told and (speaking is None or speaking.near(begin - _LEAD, behind + _LONGEST)):
            position = max(_tokens(look, max(begin - _LEAD, position), behind, out), behind)
        else:
            position = behind


def _is_numbered(string: str, least: int) -> bool:
    """Whether a value under "account", which may be anybody's name or a cloud's number, is a bank's or a member's, of
    ``least`` digits.
    """
    word = string.strip()
    digits = sum(map(str.isdigit, word))
    if not least <= digits <= 24 or sum(map(str.isalpha, word)) > 4 or _SUM.fullmatch(word) is not None:
        return False
    if (word.isdigit() and digits == 12) or word[:2] in ("0x", "0X") or _DATE.fullmatch(word) is not None:
        return False
    return _WHOLE.fullmatch(word) is not None


def _prefixed(look: Look, begin: int, behind: int, out: list[Candidate]) -> None:
    string = look.string
    for match in _PREFIXED.finditer(string, begin, behind):
        number = match["number"]
        if sum(map(str.isdigit, number)) >= 5:
            apart = match.start("number")
            glued = string[apart - 1].isalnum()
            start = match.start()
            score = 0.5 if glued and not look.level(ACCOUNT, start, match.end()) else 0.85
            out.append(Candidate(start, match.end(), ACCOUNT, score, "account-prefix"))


def _tokens(look: Look, begin: int, behind: int, out: list[Candidate]) -> int:
    """What begins between the two; where the last of it ends."""
    string = look.string
    end = begin
    for head in _HEAD.finditer(string, begin, behind):
        start = head.start()
        if start < end or (match := _TOKEN.match(string, start)) is None:
            continue
        end = match.end()
        token = match[0]
        if end - start < _SHORTEST or not _fits(token, _NEAR_SIZES[LICENSE]):
            continue
        if look.entity in _SIZES:
            if look.sure and _fits(token, _NEAR_SIZES[look.entity]):
                out.append(Candidate(start, end, look.entity, 0.8, look.entity.lower() + "+key"))
            continue
        near = look.near(start, end)
        for entity in near & _NEAR_SIZES.keys() if near else ():
            if _fits(token, _NEAR_SIZES[entity]) and not look.numbers_thing(start):
                out.append(Candidate(start, end, entity, 0.6, entity.lower() + "+context"))
    return end


def _fits(token: str, sizes: tuple[int, int, int]) -> bool:
    least, shortest, longest = sizes
    digits = sum(map(str.isdigit, token))
    if digits < least or token[:2] in ("0x", "0X") or _UUID.fullmatch(token) or _DATE.fullmatch(token):
        return False
    both = sum(map(str.isalnum, token))
    return shortest <= both <= longest
