"""International bank account numbers (ISO 13616): a country, its length, and a remainder of 1 modulo 97."""

import re
from string import ascii_uppercase
from typing import Final

from doorward.detection.recognizers.look import Candidate, Look

ENTITY: Final = "IBAN_CODE"
# Lengths by country, from the public registry of ISO 13616.
LENGTHS: Final[dict[str, int]] = {
    country: int(length)
    for length, countries in {
        "15": "NO",
        "16": "BE",
        "18": "DK FI FO GL NL SD FK",
        "19": "MK SI",
        "20": "AT BA EE KZ LT LU XK MN",
        "21": "CH HR LI LV",
        "22": "BG BH CR DE GB GE IE ME RS VA",
        "23": "AE GI IL IQ OM SO TL",
        "24": "AD CZ ES MD PK RO SA SE SK TN VG DZ",
        "25": "LY PT ST AO CV GW MZ",
        "26": "IS TR IR",
        "27": "BI CF CG CM DJ FR GA GQ GR IT KM MC MG MR SM TD",
        "28": "AL AZ BF BJ BY CI CY DO GT HN HU LB MA ML NE NI PL SN SV TG",
        "29": "BR EG PS QA UA",
        "30": "JO KW MU YE",
        "31": "MT SC",
        "32": "LC",
        "33": "RU",
    }.items()
    for country in countries.split()
}
# The set first, then what may not stand before it: so the search skips to capitals without trying anything else.
START: Final = re.compile(r"[A-Z](?<![A-Za-z0-9][A-Z])[A-Z][0-9]{2}(?=[ .-]{0,2}[A-Za-z0-9])")
_ANY_START: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?=[ .-]{0,2}[A-Za-z0-9])")
# The same from the first digit on, of which there are fewer than letters.
_ANY_DIGITS: Final = re.compile(
    r"[0-9](?<=[A-Za-z]{2}[0-9])(?<![A-Za-z0-9][A-Za-z]{2}[0-9])[0-9](?=[ .-]{0,2}[A-Za-z0-9])"
)
# All that ``START`` begins, in RE2's syntax: a country, check digits, and eleven more at least.
ANCHORS: Final = (rf"(?:^|[^A-Za-z0-9])(?:{'|'.join(sorted(LENGTHS))})[0-9]{{2}}(?:[ .-]{{0,3}}[0-9A-Za-z]){{11}}",)
_PIECE: Final = re.compile(r"[A-Za-z0-9]+")
_VALUES: Final = {ord(letter): str(value) for value, letter in enumerate(ascii_uppercase, 10)}
SHORT = 64  # characters; only strings so short are also read for small letters
_SEPARATORS = (" ", "-", ".", " - ", "  ")


def find(look: Look, zones: list[tuple[int, int]], out: list[Candidate]) -> None:
    """All account numbers with the right length and remainder; under their own key also with a wrong remainder.

    ``zones``: where at least four digits stand close together; the check digits are among the first of them.
    """
    form = _ANY_START if len(look.string) <= SHORT or look.entity == ENTITY else START
    position = 0
    for begin, behind in zones:
        _in_zone(look, form, max(begin - 2, position), behind + 1, out)
        position = behind


def may_start(string: str) -> bool:
    """Whether any part of ``string`` begins like such a number."""
    return _ANY_DIGITS.search(string) is not None


def may_be(word: str) -> bool:
    """Whether ``word``, letters and digits alone, begins like such a number; no part of a word is one."""
    return word[:2].isalpha() and word[2:4].isdigit()


def _in_zone(look: Look, form: re.Pattern[str], begin: int, behind: int, out: list[Candidate]) -> None:
    string = look.string
    for match in form.finditer(string, begin, behind):
        country = match[0][:2].upper()
        length = LENGTHS.get(country)
        if length is None:
            continue
        place = _take(string, match.start(), length)
        if place is None:
            continue
        end, compact = place
        compact = compact.upper()
        sure = look.entity == ENTITY
        if remainder(compact) == 1:
            out.append(Candidate(match.start(), end, ENTITY, 1.0 if sure else 0.95, "iban"))
        elif sure and sum(c.isdigit() for c in compact) * 2 > length:
            out.append(Candidate(match.start(), end, ENTITY, 0.7, "iban-key"))


def remainder(compact: str) -> int:
    """Modulo 97 of the number with its head moved behind and letters as 10 to 35 (ISO 13616-1 §6)."""
    return int((compact[4:] + compact[:4]).translate(_VALUES)) % 97


def _take(string: str, start: int, length: int) -> tuple[int, str] | None:
    """Exactly ``length`` letters and digits from ``start``, whole pieces of them; where they end, and they
    alone. Only capitals stand in groups."""
    whole = string[start : start + length]
    if len(whole) == length and whole.isascii() and whole.isalnum():  # in one piece
        following = string[start + length : start + length + 1]
        return None if following == "_" or following.isalnum() else (start + length, whole)
    taken = ""
    position = start
    mixed = not string[start : start + 2].isupper()
    for _ in range(12):
        piece = _PIECE.match(string, position)
        if piece is None:
            return None
        taken += piece[0]
        position = piece.end()
        if len(taken) >= length:
            break
        for separator in _SEPARATORS:
            behind = position + len(separator)
            if string.startswith(separator, position) and string[behind : behind + 1].isalnum():
                position = behind
                break
        else:
            return None
    if len(taken) != length or not taken.isascii() or (mixed and position - start != length):
        return None
    following = string[position : position + 1]
    if following == "_" or following.isalnum():
        return None
    return position, taken
