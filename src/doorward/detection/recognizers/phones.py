"""Phone numbers, international (ITU-T E.164) and as countries write them.

The form is matched first: by itself it settles an international number and a North American one. Numbering plans come
from phonenumbers' metadata; its matcher, which tries every country on all of a text, is what makes others slow, and is
not used. Forms that other numbers share count only under a phone's name or after a word that speaks of one.
"""

import re
from functools import cache, lru_cache
from typing import Final

from doorward.detection.context import hints
from doorward.detection.keys import Key
from doorward.detection.keywords import FILLER, listed
from doorward.detection.recognizers.look import Candidate, Look

ENTITY: Final = "PHONE_NUMBER"

_EXTENSION: Final = (
    r"(?:[ ,;]{0,3}(?:x|ext|extn|extension|poste|durchwahl|dw|ramal|int|toestel|anexo|#)[.:]?[ ]?(?P<ext>[0-9]{1,6})"
    r"(?![0-9]))?"
)
# A number of the form on the right is none when what stands before makes it part of something else.
_OPENS: Final = r"(?<![\w.+$€£¥\\@%-])(?<![^/:\s]/)"
_CLOSES: Final = r"(?![\w%]|[.:/-][0-9]|-[A-Za-z]|\.[A-Za-z])"
_FORMS: Final = re.compile(
    _OPENS + r"(?:"
    r"(?P<abroad>(?:\(\+[ ]?|\+[ ]?|00[ -]?(?=[1-9]))[1-9](?:[ .\-/()]{0,3}[0-9]){6,14})"
    r"|(?P<american>(?:1[ .-]{1,2})?(?:\([2-9][0-9]{2}\)[ .-]{0,2}|[2-9][0-9]{2}[ .\-/]|[2-9][0-9]{2} - )"
    r"[0-9]{3}(?:[ .-]| - )[0-9]{4})"
    r"|(?P<national>\(?0[1-9][0-9]{0,4}\)?(?:[ ./-]{1,3}[0-9]{1,9}){1,5})"
    r"|(?P<brackets>(?:[078][ -]?)?\([0-9](?:[ -]?[0-9]){0,4}\)[ -]{0,2}[0-9]{2,8}(?:[ -][0-9]{2,5}){0,3})"
    r"|(?P<grouped>(?:8[ -])?[0-9]{2,5}(?:[ .-]|/(?=[0-9 .-]{6}))[0-9]{2,8}(?:[ .-][0-9]{2,8}){0,4})"
    r"|(?P<plain>[0-9]{7,15})"
    r")" + _CLOSES + _EXTENSION,
    re.IGNORECASE,
)
# Seven digits or more in one run are of no other form, where they do not begin like a number that is dialled abroad and
# neither a plus nor a digit is close before them: the groups of all others are shorter, and nothing else can begin one.
_IN_ONE: Final = re.compile(_OPENS + r"(?P<plain>[0-9]{7,15})" + _CLOSES + _EXTENSION, re.IGNORECASE)
_LEADING: Final = re.compile(r"[0-9+]")
_FORM_OF_ALL: Final = re.compile(
    r"(?:tel:|fax:|sms:|phone:)?[ ]?[(]?[+]?[(]?[0-9](?:[ .\-/()]{0,3}[0-9]){5,16}" + _EXTENSION, re.IGNORECASE
)
# Compact dates and times, and seconds and milliseconds since 1970.
_TIME_IN_ONE: Final = r"20[0-9]{6}(?:[0-9]{4}|[0-9]{6})?|1[5-9][0-9]{8}(?:[0-9]{3})?"
_TOO_LIKE: Final = re.compile(
    r"(?:19|20)[0-9]{2}([-./ ])[0-9]{1,2}\1[0-9]{1,2}(?:[ -][0-9]{1,4})?"  # dates, and times that follow them
    r"|(?:(?:0?[1-9]|[12][0-9]|3[01])([-./])(?:0?[1-9]|1[0-2])\2|(?:0?[1-9]|1[0-2])([-./])(?:1[3-9]|2[0-9]|3[01])\3)"
    r"(?:19|20)?[0-9]{2}(?:[ -][0-2]?[0-9])?"
    r"|(?:19|20)[0-9]{2}[ -]{1,3}(?:19|20)[0-9]{2}"  # spans of years
    r"|(?:0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])(?:\.[0-9]{1,3}){3}"  # IPv4
    r"|[+]?(?:0|[1-9][0-9]*)\.[0-9]+"  # decimals
    r"|(?P<sum>[1-9][0-9]{0,2}(?:\.[0-9]{3})+|[1-9][0-9]?(?: [0-9]{3})+)"  # thousands
    r"|[0-9]{3}-[0-9]{2}-[0-9]{4}"  # social security numbers
    r"|[1-9][0-9]{3}(?:[ .-][0-9]{4}){2,3}"  # cards
    r"|" + _TIME_IN_ONE
)
_TIME: Final = re.compile(_TIME_IN_ONE)
_NO_PHONE: Final = re.compile(
    r"(?:0|[1-9][0-9]?)\.[0-9]+|(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}"
)  # whatever the name says
_TRUNK: Final = re.compile(
    r"0 ?\([1-9][0-9]{1,3}\) ?[0-9]{2,4}(?:[ -][0-9]{2,4}){1,2}|[78][ -]?\([3-9][0-9]{2}\)[ -][0-9 -]{9}"
)
# What a signature or card calls it: "T: 030 …", "| M. 06 …". Small letters and numbers in one run are too common.
_INITIAL: Final = re.compile(
    r"(?:^|[\n\r|•·;,(]|[^\W\d_] {2})[ \t]*+([TMPFHDCOWtmpfhdcow])(?:[.:]{1,2}|\))[ \t]{0,3}\Z"
)
_SIGNED: Final = re.compile(r"[\n\r][ \t]*(?:[TMPFHC]|Ph|Mob)[ \t]{1,3}\Z")
_ENDS_INITIAL: Final = frozenset(".:)")
_INITIALS: Final = frozenset("tmpfhdcow")
_ACCOUNT: Final = re.compile(
    r"(?<![^\W_])(?:accounts?|acct|konto|kontonummer|cuenta|conta|compte|conto|rekening|rachunek|member|membership|policy|"
    r"customer|client|kunde|cliente|klant)\W{1,3}(?:(?:no|nr|num|number|id|is)\W{1,3})?\Z",
    re.IGNORECASE,
)
_MAILBOX: Final = re.compile(r"[\w.+-]{1,64}@[^\W_][\w-]*\.[\w.-]*[^\W\d_]")
_CALLED = 16  # letters of what both are called
_NEAR = 20  # characters from a word to what else would be a sum
_BESIDE = 64  # characters to a mailbox in the same line
_BRAZILIAN: Final = re.compile(r"\([1-9][1-9]\) ?9?[0-9]{4}-[0-9]{4}")
# By the plan of North America; said to be a number, or the last line of a letter.
_DOTTED: Final = re.compile(r"(?:1\.)?[2-9][0-8][0-9]\.[2-9](?!11)[0-9]{2}\.[0-9]{4}")
_NUMBERED: Final = re.compile(r"[^\W\d_] ?(?i:number|num|no\.?)(?: is| was|:)? ?\Z")
_LEAD, _TAIL = 3, 20  # characters
_SHORT = 48  # characters of a whole value
_LONGEST, _LONGEST_PLAIN = 15, 13  # digits
_INITIAL_LEAD = 10  # characters
_SETTLED = 0.85  # a number with its country's code, by that country's plan
_NO_DIGITS: Final = bytes(sorted(set(range(256)) - set(b"0123456789")))
_GROUP: Final = re.compile(r"[0-9]+")
_LETTER: Final = re.compile(r"[^\W\d_]")

# Where numbers begin with 0 inside the country; only these are asked about a number that nothing else speaks for.
_WITH_ZERO: Final = (
    (44, "GB"),
    (33, "FR"),
    (49, "DE"),
    (39, "IT"),
    (31, "NL"),
    (61, "AU"),
    (81, "JP"),
    (32, "BE"),
    (41, "CH"),
    (43, "AT"),
    (46, "SE"),
    (353, "IE"),
    (82, "KR"),
    (91, "IN"),
    (27, "ZA"),
    (90, "TR"),
)
_ITALY = 39
# Names of whom and where one reaches: a value that is made like a phone number and nothing else is one.
_REACHED: Final = listed(
    """
    contact contacts kontakt kontakte contacto contactos contato contatos contatto contatti contactpersoon kontakty
    kontaktai yhteystiedot iletisim to recipient recipients destinatario destinatarios destinataire empfanger ontvanger
    odbiorca alici mottagare modtager mottaker caller callers callee reach reachable reachability erreichbarkeit
    emergency notfall emergencia urgence emergenza noodgeval nodsituation blocked blocklist blacklist
    """
)
# The same, and a number in one run is as good.
_DIALED: Final = listed(
    """
    dial dials dialed dialled dialing speeddial ring callback ruckruf ruckrufnummer rappeler ice devolverllamada
    ritelefono richiamare terugbellen oddzwonic
    """
)

_REACHED_OR_DIALED: Final = _REACHED | _DIALED


def find(look: Look, spans: list[tuple[int, int]], out: list[Candidate]) -> list[tuple[int, int]]:
    """All phone numbers in ``spans`` of the string, where digits stand close together; the spans that may also be
    something else.
    """
    string = look.string
    keyed = look.entity == ENTITY
    reached = is_reached(look.key)
    lettered = keyed or reached or ENTITY in look.hints or _LETTER.search(string) is not None
    left: list[tuple[int, int]] = []
    for begin, behind in spans:
        digits = string[begin:behind]
        if digits.isdigit():
            plain = not digits.startswith("00") and _LEADING.search(string, max(0, begin - _LEAD), begin) is None
            if plain and (len(digits) > _LONGEST_PLAIN or _TIME.fullmatch(digits) is not None):
                left.append((begin, behind))
                continue
            if _is_bare(look, begin, behind, lettered):
                left.append((begin, behind))
                continue
            if plain:
                match = _IN_ONE.match(string, begin, behind + _TAIL)
                if match is not None:
                    _judge(look, begin, match.end(), behind, "plain", out)
                left.append((begin, behind))  # never settled
                continue
        before = len(out)
        # From a bracket or a plus before the digits to an extension after them.
        for match in _FORMS.finditer(string, max(0, begin - _LEAD), behind + _TAIL):
            start, end = match.span()
            if start >= behind:
                break
            kind = match.lastgroup or ""
            if kind == "ext":
                kind = next(name for name, text in match.groupdict().items() if text is not None)
            if lettered or kind not in ("grouped", "plain"):
                _judge(look, start, end, match.end(kind), kind, out)
            if end >= behind:
                break  # what follows is no part of the span
        if not (
            len(out) > before
            and (last := out[-1]).score >= _SETTLED
            and last.start < begin
            and last.end >= behind
            and look.entity in ("", ENTITY)
        ):
            left.append((begin, behind))
    return left


def _is_bare(look: Look, begin: int, behind: int, lettered: bool) -> bool:
    """Whether this run of digits can be no phone number, as it has no "+", and nothing can speak for one."""
    string = look.string
    if behind - begin > _LONGEST and not string.startswith("00", begin):
        return True
    if string.find("+", max(0, begin - _LEAD), begin) >= 0:
        return False
    return not lettered or (
        look.entity != ENTITY
        and ENTITY not in look.hints
        and look.is_silent(begin - _LEAD, behind + _TAIL, ENTITY)
        and not _after_initial(string, begin, "plain")
        and string.find("@", max(0, begin - _LEAD - _BESIDE), behind + _TAIL + _BESIDE) < 0
    )


def is_reached(key: Key) -> bool:
    """Whether the value's name is one of whom or where one reaches by it."""
    return _ends_in(key, _REACHED_OR_DIALED) or _is_initial(key)


def _is_initial(key: Key) -> bool:
    """Whether the value's name is a letter that stands for a phone in signatures."""
    return len(key.words) == 1 and key.words[0] in _INITIALS


def _ends_in(key: Key, words: frozenset[str]) -> bool:
    """Whether the value's name is one of ``words``; what follows one says what else it is ("dial_setting")."""
    for word in reversed(key.words):
        if word in words:
            return True
        if word not in FILLER and word != "txt":
            return False
    return False


def _after_initial(string: str, start: int, kind: str) -> bool:
    """Whether such a letter stands right before ``start``."""
    if (
        start < 2
        or string[start - 1] not in " \t.:)"
        or string[max(0, start - _INITIAL_LEAD) : start].rstrip(" \t")[-1:] not in _ENDS_INITIAL
    ):
        return False
    found = _INITIAL.search(string, max(0, start - _INITIAL_LEAD), start)
    return found is not None and (kind != "plain" or found[1].isupper())


def _is_signed(string: str, start: int, end: int) -> bool:
    """Whether the number and a capital before it are all that is in a line: "T 91 911 43 95"."""
    if start < 3 or string[start - 1] not in " \t" or string[end : end + 8].strip(" \t\r")[:1] not in ("", "\n"):
        return False
    return _SIGNED.search(string, max(0, start - _INITIAL_LEAD), start) is not None


def _numbers_account(string: str, start: int) -> bool:
    """Whether the word right before ``start`` says that an account is numbered here, whoever is called around it."""
    return _ACCOUNT.search(string, max(0, start - _NEAR), start) is not None


def _is_labelled(string: str, start: int, end: int) -> bool:
    """Whether a word right before ``start`` speaks of a phone: "Tel. 912.345.206" is no sum."""
    begin = max(0, start - _NEAR)
    if _after_initial(string, start, "plain"):
        return True
    return ENTITY in hints(string[begin:end], start - begin, end - begin)


def _is_dotted(look: Look, start: int, end: int) -> bool:
    """Whether a number with dots is said to be a number of somebody, or signs a letter."""
    string = look.string
    if _NUMBERED.search(string, max(0, start - _NEAR), start) is not None:
        return not look.numbers_thing(start) and not look.doubtful(ENTITY, start)
    return not string[end:].strip() and string[:start].count("\n") > 1 and string[start - 1] == "\n"


def _is_spoken_for(look: Look, start: int, end: int, kind: str) -> bool:
    """Whether something beside words speaks for a phone number: the initial before it, whom the name says one reaches
    by the value, or a mailbox in the same line.
    """
    string = look.string
    if look.is_all(start, end):
        if _ends_in(look.key, _DIALED):
            return True
        if kind == "plain":
            return _ends_in(look.key, _REACHED) and string.lstrip().startswith("0") and at_home(_digits(string))
        return _is_initial(look.key) or _ends_in(look.key, _REACHED)
    if _after_initial(string, start, kind) or (kind != "plain" and _is_signed(string, start, end)):
        return True
    if string.find("@", max(0, start - _BESIDE), end + _BESIDE) < 0:
        return False
    before = string[max(0, start - _BESIDE) : start].rpartition("\n")[2]
    after = string[end : end + _BESIDE].partition("\n")[0]
    rest, mailboxes = _MAILBOX.subn("", before + after)
    # What is in the line of a signature: the two, and what they are called.
    return mailboxes > 0 and (kind in ("national", "brackets") or sum(map(str.isalpha, rest)) <= _CALLED)


def whole(string: str, key: Key) -> list[Candidate]:
    """The string, a value under a phone's name, if it is made like a phone number, whatever the country."""
    size = len(string)
    if size > _SHORT or (key.negative and not key.sure):
        return []
    start, end = size - len(string.lstrip()), len(string.rstrip())
    match = _FORM_OF_ALL.fullmatch(string, start, end)
    if match is None:
        return []
    behind = match.start("ext") if match["ext"] else end
    digits = _digits(string[start:behind])
    if not 6 <= len(digits) <= 15 or (_NO_PHONE if key.sure else _TOO_LIKE).fullmatch(string, start, end):
        return []
    return [Candidate(start, end, ENTITY, 0.95 if key.sure else 0.85, "phone+key")]


def _judge(look: Look, start: int, end: int, behind: int, kind: str, out: list[Candidate]) -> None:
    string = look.string
    text = string[start:behind]
    if text[0] == "(" and ")" not in text:
        start += 1
        text = text[1:]
    digits = _digits(text)
    if kind == "abroad":
        if "." in text and not text.startswith("00") and _TOO_LIKE.fullmatch(text):
            return  # of what begins with a plus only decimals are something else
        written = text
        known = abroad(digits if not text.startswith("00") else digits[2:], "(0)" in text)
        while not known:
            # Another number may follow after a space.
            cut = text.rstrip().rfind(" ")
            text = text[:cut].rstrip(" .-/(") if cut >= 8 else ""
            digits = _digits(text)
            if len(digits) < 7:
                break
            end = behind = start + len(text)
            known = abroad(digits if not text.startswith("00") else digits[2:], "(0)" in text)
        if not known:
            text = written
            end = behind = start + len(text)
            digits = _digits(text)
        if text.startswith("00"):
            alone = 0.0 if known < 2 or text.isdigit() else 0.55
        elif not known:
            alone = 0.55 if _is_written_abroad(text, digits) else 0.0
        else:
            alone = (0.0, 0.75, 0.85)[known]
        context, key = (0.6 if len(digits) >= 8 else 0.0, 0.9, 0.95)[known], 0.95
    elif kind == "american":
        exchange = digits[-7]
        alone, context, key = 0.6, 0.85, 0.95
        if ")" not in text and "-" not in text:
            alone = 0.4  # dots and spaces are in versions and measures as well
            if _DOTTED.fullmatch(text) and not look.entity and _is_dotted(look, start, end):
                alone = 0.55
        elif exchange in "01":
            alone = 0.5 if ")" in text else 0.4
    else:
        alike = _TOO_LIKE.fullmatch(text)
        if alike is not None and not (alike["sum"] and 8 <= len(digits) <= 9 and _is_labelled(string, start, end)):
            return
        context, key = (0.8, 0.9) if kind != "plain" else (0.65, 0.85)
        alone = 0.0
        if kind == "national":
            trimmed = _trim(text)
            if trimmed is None:
                return
            if trimmed != text:
                text, end = trimmed, start + len(trimmed)
            digits = _digits(text)
            if 9 <= len(digits) <= 11 and at_home(digits):
                groups = _GROUP.findall(text)
                if len(groups) > 2:
                    alone = 0.55
                elif len(groups[-1]) >= 5:
                    alone = 0.4  # one group after the area is also how other things are numbered
        elif kind == "brackets":
            if not 8 <= len(digits) <= 12:
                return
            alone = 0.6 if _BRAZILIAN.fullmatch(text) or _TRUNK.fullmatch(text) else 0.4
        elif not 7 <= len(digits) <= 13 or (kind == "grouped" and len(digits) == 7 and len(text) != 8):
            return
    level = 0 if alone >= _SETTLED and look.entity != ENTITY else look.level(ENTITY, start, end)
    if not level and alone < 0.5 and not look.quiet and _is_spoken_for(look, start, end, kind):
        level = 1
    elif level == 1 and kind in ("grouped", "plain") and (look.numbers_thing(start) or _numbers_account(string, start)):
        level = 0
    if level:
        score, why = (key, "+key") if level == 2 else (max(alone, context), "+context")
    elif look.quiet:
        return
    elif alone and kind != "abroad" and look.doubtful(ENTITY, start):
        score, why = 0.3, "+doubtful"
    else:
        score, why = alone, ""
    if score:
        out.append(Candidate(start, end, ENTITY, score, "phone-" + kind + why))


def _is_written_abroad(text: str, digits: str) -> bool:
    """Whether nobody would write anything but a phone number so, though no plan has it: "+", a country's code, groups.

    Plans change, and the numbers of examples keep to none. Sums have no more than three groups behind the first.
    """
    if not 9 <= len(digits) <= 13 or not text.startswith("+"):
        return False
    groups = _GROUP.findall(text)
    if len(groups) < 3 or int(groups[0]) not in _countries():
        return False
    return len(digits) >= 11 or "-" in text or "(" in text or any(len(group) != 3 for group in groups[1:])


def _trim(text: str) -> str | None:
    """A national number without what follows after a space; None: too short."""
    while True:
        count = sum(map(str.isdigit, text))
        if count < 8:
            return None
        if count <= 13:
            return text
        cut = text.rfind(" ")
        if cut < 0:
            return None
        text = text[:cut].rstrip(" ./-")


def _digits(text: str) -> str:
    return text.encode("ascii", "ignore").translate(None, _NO_DIGITS).decode()


@cache
def _countries() -> dict[int, tuple[str, ...]]:
    """The regions that share each country's code."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    return COUNTRY_CODE_TO_REGION_CODE


@lru_cache(maxsize=512)
def _plan(code: int, region: str) -> tuple[tuple[int, ...], re.Pattern[str]] | None:
    """The possible lengths and the form of all numbers of a country's plan."""
    from phonenumbers import PhoneMetadata

    found = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    if found is None or found.general_desc is None or not found.general_desc.national_number_pattern:
        return None
    return found.general_desc.possible_length, re.compile(found.general_desc.national_number_pattern)


@lru_cache(maxsize=8192)
def abroad(digits: str, zero: bool = False) -> int:
    """2: a number of the plan of the country with whose code it begins; 1: only as long as one; 0: neither.

    ``zero``: it has a "(0)" behind the code, which is not dialled from abroad.
    """
    countries = _countries()
    for width in (1, 2, 3):
        code = int(digits[:width])
        regions = countries.get(code)
        if regions is None:
            continue
        plan = _plan(code, regions[0])  # the main region's is that of all that share the code
        if plan is None:
            return 0
        national = digits[width:]
        if zero or (national.startswith("0") and code != _ITALY):
            national = national[1:]
        lengths, form = plan
        if len(national) not in lengths:
            return 0
        return 2 if form.fullmatch(national) else 1
    return 0


@lru_cache(maxsize=8192)
def at_home(digits: str) -> bool:
    """Whether this, with its leading 0, is a number of the plan of one of the larger countries that dial so."""
    for code, region in _WITH_ZERO:
        plan = _plan(code, region)
        national = digits if code == _ITALY else digits[1:]  # only Italy dials the 0 from abroad as well
        if plan is not None and len(national) in plan[0] and plan[1].fullmatch(national):
            return True
    return False
