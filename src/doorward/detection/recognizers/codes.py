"""National numbers with letters in them: told by a shape that is their own, confirmed by a check where there is one."""

import re
from typing import Final

from doorward.detection.recognizers.checks import valid
from doorward.detection.recognizers.look import Candidate, Look

# HMRC NIM39110: no D, F, I, Q, U, V in either letter, no O in the second, and these pairs are never given out.
_NINO_NEVER: Final = frozenset(("BG", "GB", "NK", "KN", "TN", "NT", "ZZ"))
# Each begins with its set of letters, then says what may not stand before: so a search skips to capitals.
_CLOSES: Final = r"(?![\w]|[-.]\w)"
_LETTERED: Final = re.compile(
    r"[A-Z](?<![\w.-][A-Z])(?:"
    r"(?P<UK_NINO>(?<=[A-CEGHJ-PR-TW-Z])[A-CEGHJ-NPR-TW-Z][ -]?[0-9]{2}[ -]?[0-9]{2}[ -]?[0-9]{2}[ -]?[A-D])"
    r"|(?P<IN_PAN>[A-Z]{2}[ABCFGHLJPT][A-Z][0-9]{4}[A-Z])"
    r"|(?P<IT_FISCAL_CODE>[A-Z]{2} ?[A-Z]{3} ?[0-9L-NP-V]{2}[A-EHLMPR-T][0-9L-NP-V]{2} ?[A-Z][0-9L-NP-V]{3}[A-Z])"
    r"|(?P<ES_NIE>(?<=[XYZ])[ -]?[0-9]{7}[ -]?[A-Z])"
    r"|(?P<ES_NIF>(?<=[KLM])[0-9]{7}[ -]?[A-Z])"
    r")" + _CLOSES
)
_DIGITED: Final = re.compile(
    r"[0-9](?<![\w.-][0-9])(?:"
    r"(?P<ES_NIF>(?:[0-9]{7}|[0-9]\.[0-9]{3}\.[0-9]{3})[ -]?[A-Z])"
    r"|(?P<FR_NIR>(?<=[12]) ?[0-9]{2} ?(?:0[1-9]|1[0-2]) ?2[AB] ?[0-9]{3} ?[0-9]{3} ?[0-9]{2})"
    r")" + _CLOSES
)
# The same in RE2's syntax.
ANCHORS: Final = (
    r"(?:^|[^\w.-])(?:"
    r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ -]?[0-9]{2}[ -]?[0-9]{2}[ -]?[0-9]{2}[ -]?[A-D]"
    r"|[A-Z]{3}[ABCFGHLJPT][A-Z][0-9]{4}[A-Z]"
    r"|[A-Z]{3} ?[A-Z]{3} ?[0-9L-NP-V]{2}[A-EHLMPR-T][0-9L-NP-V]{2} ?[A-Z][0-9L-NP-V]{3}[A-Z]"
    r"|(?:[XYZ][ -]?|[KLM0-9])[0-9]{7}[ -]?[A-Z]"
    r"|[0-9]{2}\.[0-9]{3}\.[0-9]{3}[ -]?[A-Z]"
    r"|[12] ?[0-9]{2} ?[01][0-9] ?2[AB] ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}"
    r")\b",
)
# The most of a number that stands before its first digit ("RSS MRA 85"), and behind its last with what may follow it.
LEAD: Final = 9  # characters
TAIL: Final = 7
_SEPARATORS: Final = str.maketrans("", "", " .-")

# (alone, with context, by its key)
_SCORES: Final[dict[str, tuple[float, float, float]]] = {
    "UK_NINO": (0.4, 0.85, 1.0),
    "IN_PAN": (0.4, 0.85, 1.0),
    "IT_FISCAL_CODE": (0.9, 1.0, 1.0),
    "ES_NIE": (0.4, 0.9, 1.0),
    "ES_NIF": (0.4, 0.9, 1.0),
    "FR_NIR": (0.9, 1.0, 1.0),
}

ENTITIES: Final = frozenset(_SCORES)
# A foreigner's NIF is the NIE, and people write either under both names.
_ALSO: Final = {"ES_NIE": "ES_NIF", "ES_NIF": "ES_NIE"}


def find(look: Look, zones: list[tuple[int, int]], out: list[Candidate]) -> None:
    """All such numbers in ``zones`` of the string, where four digits stand close together and a letter beside them; in
    lower case only under their key.
    """
    string = look.string
    if look.entity in _SCORES:
        upper = string.upper()
        string = upper if len(upper) == len(string) else string
    position = 0
    for begin, behind in zones:
        _all(look, _LETTERED, string, max(begin - LEAD, position), behind + TAIL, out)
        if behind - begin > 6:
            _all(look, _DIGITED, string, begin, behind + TAIL, out)
        position = behind


def _all(look: Look, shapes: re.Pattern[str], string: str, begin: int, behind: int, out: list[Candidate]) -> None:
    for match in shapes.finditer(string, begin, behind):
        entity = match.lastgroup or ""
        start, end = match.span()
        also = _ALSO.get(entity, entity)
        named = look.entity in (entity, also)
        if look.quiet and not named:
            continue
        text = match[0]
        compact = text.translate(_SEPARATORS)
        alone, context, key = _SCORES[entity]
        if entity == "UK_NINO":
            if compact[:2] in _NINO_NEVER:
                if not named:
                    continue
                key = 0.7  # its name is sure, and somebody made it up
            elif " " in text:
                alone = 0.6  # "AB 12 34 56 C" is nothing else's way of writing
        elif not valid(entity, compact):
            if not named:
                continue
            key = 0.7
        elif entity == "ES_NIF" and "." in text:
            alone = 0.6
        level = look.level(entity, start, end) or look.level(also, start, end)
        if level:
            score, why = (key, "+key") if level == 2 else (context, "+context")
        elif alone < 0.85 and look.doubtful(entity, start):
            score, why = 0.3, "+doubtful"
        else:
            score, why = alone, ""
        out.append(Candidate(start, end, entity, score, entity.lower() + why))
