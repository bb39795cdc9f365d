"""Dates of birth: a date under a name that says so, or behind words that do."""

import re
from typing import Final

from doorward.detection.anchors import Anchors

ENTITY: Final = "DATE_OF_BIRTH"

_MONTH: Final = r"[^\W\d_]{3,10}\.?"
_DATE: Final = (
    r"(?:(?:18|19|20)\d{2}[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])|"
    r"(?:0?[1-9]|[12]\d|3[01])[-/. ]{1,2}(?:0?[1-9]|[12]\d|3[01])[-/. ]{1,2}(?:(?:18|19|20)\d{2}|\d{2})|"
    rf"(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th|\.|º|er)?[ -](?:de |of )?{_MONTH},?[ -](?:de |del )?(?:18|19|20)\d{{2}}|"
    rf"{_MONTH} (?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?,? (?:18|19|20)\d{{2}})"
)
_WHOLE: Final = re.compile(rf"\s*(?P<date>{_DATE})(?:[T ]\d{{2}}:\d{{2}}[\d:.Z+-]*)?\s*\Z")
_COMPACT: Final = re.compile(r"\s*(?P<date>(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))\s*\Z")
_WORDS: Final = (
    r"(?:date of birth|birth ?date|birth ?day|d\.?o\.?b\.?|born(?: on)?|geburtsdatum|geb\.?|geboren(?: am)?|"
    r"fecha de nacimiento|nacid[oa](?: el)?|naci[oó] el|data de nascimento|nascid[oa](?: em)?|"
    r"date de naissance|né(?:e)?(?: le)?|"
    r"data di nascita|nat[oa](?: il)?|geboortedatum|geboren op|data urodzenia|urodzon[ya]|ur\.|doğum tarihi|född|født|"
    r"fødselsdato|syntynyt)"
)
_IN_PROSE: Final = re.compile(
    rf"(?<!\w){_WORDS}(?!\w)[ \t]*(?:is|was|ist|es|est|è|é|:|=|-|\(|,)?[ \t:]{{0,3}}(?P<date>{_DATE})(?!\d)", re.I
)
# Of whoever is written about somewhere: a biography rather than a record.
_VERB: Final = re.compile(r"(?:born|geboren|nacid|naci[oó]|nascid|n[ée]|nat[oa]|urodzon|f[öø]d|syntynyt)", re.I)
ANCHORS: Final = Anchors([rf"(?i)(?:^|[^A-Za-z]){_WORDS}[^A-Za-z]"])

TRIGGERS: Final[tuple[str, ...]] = (
    r"(?i)(?:of birth|birth ?date|birth ?day|d\.?o\.?b\.?|born|geburtsdatum|geb\.|geboren|nacimiento|nacid[oa]|"
    r"nascimento|"
    r"nascid[oa]|naissance|nascita|nat[oa]|geboortedatum|urodzenia|urodzon[ya]|ur\.|fodt|syntynyt)"
    r"(?: |\\+t|[:=(,-]){1,4}(?:on|is|was|am|ist|el|es|em|le|est|il|op)?(?: |:){0,3}[0-9A-Za-z]{1,10}[-/. ]",
)


def value(string: str) -> tuple[int, int] | None:
    """Where the date is in ``string``, the value of a field for dates of birth; None if there is none."""
    if len(string) > 60:
        return None
    match = _WHOLE.match(string) or _COMPACT.match(string)
    return match.span("date") if match is not None else None


def in_prose(string: str) -> list[tuple[int, int, float, str]]:
    """(start, end, score, rule) of dates behind words for a birth."""
    found: list[tuple[int, int, float, str]] = []
    for start, _ in ANCHORS.hits(string):
        # The anchor may begin with what is before the word.
        match = _IN_PROSE.match(string, start) or _IN_PROSE.match(string, start + 1)
        if match is not None:
            found.append((*match.span("date"), 0.45 if _VERB.match(match[0]) else 0.8, "born"))
    return found
