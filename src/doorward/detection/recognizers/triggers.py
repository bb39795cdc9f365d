"""What must stand in a message's bytes before any candidate here can count.

The expressions are for Hyperscan and RE2: no look-around, so neighbours are consumed. They see raw JSON: a "\\n"
before a number ends in a letter there. They cover what counts by its own form. What counts only under a name or after
a word is covered by the triggers of those names and words; what is escaped, encoded, in other digits or interrupted
by triggers of its own. Times in ISO form and UUIDs do not fire.
"""

from typing import Final

from doorward.detection.recognizers.iban import LENGTHS

_BEFORE: Final = r"(?:^|[^0-9A-Za-z_.-]| -|\\[bfnrt]-?)"
_AFTER: Final = r"(?:$|[^0-9A-Za-z_])"
_JOINT: Final = r"(?: - |  |[ ./-])"
_GAP: Final = r"(?:[ .()-]|\\?/){0,3}"
_COUNTRIES: Final = "|".join(sorted(LENGTHS))

TRIGGERS: Final[tuple[str, ...]] = (
    # A mailbox: a domain has a dot.
    r"""[0-9A-Za-z!#$%&'*+=?^_~.\-"]@(?:[0-9A-Za-z][0-9A-Za-z_-]{0,62}\.[0-9A-Za-z]|\[)""",
    # One that is spelled out.
    r"(?i)[\[({<] ?(?:at|arroba|@|malpa|kukac) ?[\])}>] ?[0-9A-Za-z]",
    r"(?i) at [0-9A-Za-z_.-]+ ?[\[({<]? ?(?:dot|punkt|punto|point|ponto|punt|kropka|nokta) ?[\])}>]? ?[0-9A-Za-z]",
    r"(?i)@[0-9A-Za-z_.-]+ dot ",
    r"@[0-9A-Za-z_.-]+ ?[\[({<] ?\. ?[\])}>]",
    r"(?i)@[0-9A-Za-z_.-]+ ?[\[({<] ?(?:dot|punkt|punto|point|ponto|punt|kropka|nokta)",
    r"(?i)[-_*|~] ?at ?[-_*|~] ?[0-9a-z.]+ ?[-_*|~] ?dot ?[-_*|~]",
    r"(?i) (?:arroba|arobase|chiocciola) [0-9a-z]",
    # Phones: international; North American; national with 0; area in brackets.
    rf"\+ ?[1-9](?:{_GAP}[0-9]){{6}}",
    _BEFORE + rf"00[ -]?[1-9](?:{_GAP}[0-9]){{6}}",
    _BEFORE + r"(?:1[ .-]{1,2})?\(?[2-9][0-9]{2}(?:\)[ .-]{0,2}| - |[ .-]|\\?/)[0-9]{3}(?: - |[ .-])[0-9]{4}" + _AFTER,
    _BEFORE + r"\(?0[1-9][0-9]{0,4}\)?(?:[ .-]|\\?/){1,3}[0-9]{1,8}(?:[ .-]|\\?/){1,3}[0-9]",
    _BEFORE + r"\(?0[1-9][0-9]{0,4}\)?(?:[ .-]|\\?/){1,3}[0-9]{5,9}" + _AFTER,
    r"\([0-9](?:[ -]?[0-9]){0,4}\)[ -]{0,2}[0-9]{2,8}",
    # In groups as countries without 0 have them; no dates, addresses of machines, fractions.
    _BEFORE + r"[0-9]{3}(?:[ .-]|\\?/)[0-9]{2}[ .-][0-9]{2}[ .-][0-9]{2}" + _AFTER,
    _BEFORE + r"[0-9]{2,3}(?:[ .-]|\\?/)[0-9]{3}[ .-][0-9]{3}" + _AFTER,
    _BEFORE + r"[0-9]{2}(?:[ -]|\\?/)[0-9]{2}[ -][0-9]{2}[ -][0-9]{2}" + _AFTER,
    _BEFORE + r"[0-9]{2,3}[.-][0-9]{4,5}[.-][0-9]{4}" + _AFTER,
    # Cards, in groups and in one run.
    _BEFORE + rf"[0-9]{{4}}{_JOINT}[0-9]{{4}}{_JOINT}[0-9]{{4}}",
    _BEFORE + rf"[0-9]{{4}}{_JOINT}[0-9]{{6}}{_JOINT}[0-9]{{4}}",
    _BEFORE + rf"[0-9]{{6}}{_JOINT}[0-9]{{13}}" + _AFTER,
    _BEFORE + r"[56][0-9]{11}" + _AFTER,
    _BEFORE + r"[2-689][0-9]{12,18}" + _AFTER,
    # Social security and tax numbers, and those of other countries in groups.
    _BEFORE + rf"[0-9]{{3}}{_JOINT}[0-9]{{2}}{_JOINT}[0-9]{{4}}" + _AFTER,
    _BEFORE + rf"[0-9]{{2,3}}{_JOINT}[0-9]{{3}}{_JOINT}[0-9]{{2,4}}",
    _BEFORE + rf"[0-9]{{4}}{_JOINT}[0-9]{{2}}{_JOINT}[0-9]{{3}}" + _AFTER,
    _BEFORE + rf"[0-9]{{9}}{_JOINT}[0-9]{{2}}" + _AFTER,
    _BEFORE + r"[0-9]{11}" + _AFTER,
    _BEFORE + r"[12][ .-]{0,3}[0-9]{2}[ .-]{0,3}[0-9]{2}[ .-]{0,3}[0-9][0-9AB][ .-]{0,3}[0-9]{3}[ .-]{0,3}[0-9]{3}"
    r"[ .-]{0,3}[0-9]{2}" + _AFTER,
    # Bank accounts: a country, check digits, and eleven more at least.
    rf"(?:^|[^0-9A-Za-z]|\\[bfnrt])(?:{_COUNTRIES})[0-9]{{2}}(?:[ .-]{{0,3}}[0-9A-Za-z]){{11}}",
    rf"(?i)(?:^|[^0-9A-Za-z]|\\[bfnrt])(?:{_COUNTRIES})[0-9]{{2}}[0-9A-Za-z]{{11}}",
    # Numbers with letters.
    _BEFORE + r"[A-Z]{2}[ -]?[0-9]{2}[ -]?[0-9]{2}[ -]?[0-9]{2}[ -]?[A-D]" + _AFTER,
    _BEFORE + r"[A-Z]{5}[0-9]{4}[A-Z]" + _AFTER,
    _BEFORE + r"[A-Z]{3} ?[A-Z]{3} ?[0-9A-Z]{2}[A-Z][0-9A-Z]{2} ?[A-Z][0-9A-Z]{3}[A-Z]" + _AFTER,
    _BEFORE + r"[XYZ][ -]?[0-9]{7}[ -]?[A-Z]" + _AFTER,
    _BEFORE + r"(?:[KLM0-9][0-9]{7}|[0-9]{2}\.[0-9]{3}\.[0-9]{3})[ -]?[A-Z]" + _AFTER,
    # What says "account" itself.
    r"(?i)(?:acct?|accn?t|account|konto|kto|cuenta|conta|compte|rekening|a\\?/c)(?:[ _-]?(?:no|nr|num|id))?"
    r"(?:[-_#:]{0,2}|\.? ?#)[0-9]{2,4}[ -]?[0-9]",
)
"""No candidate of 0.4 or more that owes nothing to a key, a hint or a word can be where none of these fires."""

ADDRESS_TRIGGERS: Final[tuple[str, ...]] = (
    r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}",
    r"[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]",
)
"""For IP addresses, when they are asked for."""
