"""A value -> another of the same shape, which is nobody's: where a placeholder would break what holds the value.

The same key, entity and value always give the same surrogate, so that who works with the result can still join on it.
Where a standard sets numbers and names aside, those are used: nothing here is to be somebody's real number by chance.
"""

import hmac
import re
from collections.abc import Callable, Mapping
from enum import IntEnum
from functools import lru_cache
from importlib import import_module

NUMBER = re.compile(r"(-?)([0-9]+)((?:\.[0-9]+)?)((?:[eE][+-]?[0-9]+)?)")  # RFC 8259 §6, and parts of one

MOST_KEPT = 4  # characters of a value that may show in what stands for it
_ATTEMPTS = 8
_LONG = 1024  # above: a key, a file; nobody has a use for its shape in detail

_PUNCTUATION = frozenset("-./:+()@_'#,;&= ")  # safe in a string of JSON, in a cell, mostly in a URL
_IN_SECRETS = frozenset("-._/+=:")  # elsewhere in a secret a sign is as secret as a letter
_CONSONANTS, _VOWELS, _DIGITS, _HEX, _NO_ZERO = "bcdfghjklmnpqrstvwxz", "aeiou", "0123456789", "abcdef", "123456789"

_EMAIL = re.compile(r"[^@\s]{1,256}@[^@\s]{1,256}")
_OPENING = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,15}://|data:[A-Za-z0-9+./;=-]{0,100},")  # RFC 3986 §3.1, RFC 2397
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_DATE = re.compile(
    r"([0-9]{4})([-/.])([0-9]{2})\2([0-9]{2})(?:([T ])([0-9]{2})(:?)([0-9]{2})([0-9:.,Zz+-]{0,24}))?"  # as RFC 3339
)
_DATE_BACK = re.compile(r"([0-9]{1,2})([-/. ]{1,3})([0-9]{1,2})([-/. ]{1,3})([0-9]{4}|[0-9]{2})")
_WORDY = re.compile(r"[A-Za-z]{3,9}|[0-9]{1,4}")
_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_DATES = frozenset({"DATE_OF_BIRTH", "DATE_TIME", "DATE"})
_HOSTS = frozenset({"DOMAIN_NAME", "HOST", "HOSTNAME", "URL"})
# Reserved for ever by RFC 2606; the second and third for values that hold the first.
_DOMAINS = ("example.invalid", "redacted.test", "hidden.example")
_NETWORKS = ("192.0.2.", "198.51.100.", "203.0.113.")  # RFC 5737

# By which a number could be somebody's: a surrogate must not pass.
_CHECKS: Mapping[str, str] = {
    "AU_TFN": "stdnum.au.tfn",
    "BR_CPF": "stdnum.br.cpf",
    "CA_SIN": "stdnum.ca.sin",
    "CREDIT_CARD": "stdnum.luhn",
    "DE_TAX_ID": "stdnum.de.idnr",
    "ES_NIE": "stdnum.es.nie",
    "ES_NIF": "stdnum.es.nif",
    "FR_NIR": "stdnum.fr.nir",
    "IBAN_CODE": "stdnum.iban",
    "IN_AADHAAR": "stdnum.in_.aadhaar",
    "IN_PAN": "stdnum.in_.pan",
    "IT_FISCAL_CODE": "stdnum.it.codicefiscale",
    "NL_BSN": "stdnum.nl.bsn",
    "PL_PESEL": "stdnum.pl.pesel",
    "UK_NHS": "stdnum.gb.nhs",
}


class Form(IntEnum):
    """Kinds of surrogate, in the order in which they are tried where a schema refuses one."""

    MEANT = 0  # what the entity is: an address of nobody, a date, a number that is given to no one
    SHAPE = 1  # each letter by a letter, each digit by a digit
    HEAD = 2  # as SHAPE, and the first few characters stay: ``+49``, ``GB``, ``sk_``
    TOKEN = 3  # as SHAPE, of the encoded token that holds the value


class _Stream:
    """Small numbers from a keyed hash: the same for the same key and label."""

    __slots__ = ("_at", "_block", "_key", "_label", "_left")

    def __init__(self, key: bytes, label: bytes) -> None:
        self._key = key
        self._label = label
        self._block = 0
        self._left = b""
        self._at = 0

    def pick(self, choices: str) -> str:
        if self._at == len(self._left):
            self._left = hmac.digest(self._key, b"%d:%b" % (self._block, self._label), "sha512")
            self._block += 1
            self._at = 0
        self._at += 1
        return choices[self._left[self._at - 1] % len(choices)]

    def other(self, choices: str, than: str) -> str:
        """One of the choices, but not this one: nothing of a value stays where it stood, not even by chance."""
        return self.pick(_OTHERS[choices].get(than, choices))


_OTHERS: Mapping[str, Mapping[str, str]] = {
    choices: {than: choices.replace(than, "") for than in choices}
    for choices in (_CONSONANTS, _VOWELS, _DIGITS, _HEX, _NO_ZERO, "23456789")
}


def surrogate(value: str, shown: str, entity: str, form: Form, key: bytes, label: bytes) -> str:
    """What can stand for ``value``, which is spelt ``shown`` in the message (decoded and encoded; mostly the same).

    ``label`` says which value it is in any spelling: "123-45-6789" and 123456789 get the same digits. It never equals
    the value and has no more than ``MOST_KEPT`` of its characters in a row, the scheme of a URL aside. Only letters,
    digits and ``_PUNCTUATION`` are in it, so it needs no escape where the value stood.
    """
    if form is Form.TOKEN:
        value = shown
    opening = _OPENING.match(value)
    head = opening.group() if opening else ""
    rest = value[len(head) :]
    if len(rest) > _LONG:
        made = _secret(rest, _Stream(key, label))
        return head + (made if made != rest else "y" * len(rest))
    held = _grams(rest)
    for attempt in range(_ATTEMPTS):
        if attempt == _ATTEMPTS // 2:
            form = Form.SHAPE
        stream = _Stream(key, b"%d:%d:%b" % (form, attempt, label))
        made = _made(rest, shown, entity, form, stream, attempt, head)
        if made != rest and held.isdisjoint(_grams(made)) and not _passes(entity, made):
            return head + made
    return "x" * len(value) if value.strip("x") else "y" * len(value)


def surrogate_number(shown: str, entity: str, form: Form, key: bytes, label: bytes) -> str:
    """The same for a number in its JSON spelling: sign, count of digits, exponent and a fraction of zeros stay.

    Raises ValueError where there is none.
    """
    found = NUMBER.fullmatch(shown)
    if found is None:
        raise ValueError("not a JSON number")
    sign, whole, fraction, exponent = found.groups()
    if not fraction.strip(".0"):  # an integer, as some writers spell it
        exponent, fraction = fraction + exponent, ""
    zero = "0" if whole == "0" and fraction else ""  # the 0 of 0.5 stays: no other digit may stand there
    digits = (whole + fraction[1:])[len(zero) :]
    held = _grams(digits)
    for attempt in range(_ATTEMPTS):
        if attempt == _ATTEMPTS // 2:
            form = Form.SHAPE
        made = _digits(digits, entity, form, _Stream(key, b"%d:%d:%b" % (form, attempt, label)))
        if held.isdisjoint(_grams(made)) and not _passes(entity, made):
            made = zero + made
            return f"{sign}{made[: len(whole)]}{fraction[:1]}{made[len(whole) :]}{exponent}"
    raise ValueError("no number of this shape is free")


def _made(value: str, shown: str, entity: str, form: Form, stream: _Stream, attempt: int, head: str) -> str:
    if form is Form.MEANT:
        return _of_url(stream, attempt) if head.endswith("/") else _meant(value, shown, entity, stream, attempt)
    kept = _head(value) if form is Form.HEAD else 0
    made = _like(value[:kept], shown) + _shaped(value[kept:], shown, stream)
    return _in_no_domain(made) if _EMAIL.fullmatch(value) else made


def _meant(value: str, shown: str, entity: str, stream: _Stream, attempt: int) -> str:
    if entity == "SECRET":
        return _secret(value, stream)
    if _EMAIL.fullmatch(value):
        return f"{_word(stream)}@{_DOMAINS[attempt % len(_DOMAINS)]}"
    if _UUID.fullmatch(value):
        return _uuid(value, stream)
    if entity == "IP_ADDRESS":
        return _ipv6(stream) if ":" in value else _ipv4(value, stream, attempt)
    if entity in _HOSTS and "." in value and " " not in value:
        return f"{_word(stream)}.{_DOMAINS[attempt % len(_DOMAINS)]}"
    if entity in _DATES or _DATE.fullmatch(value):
        return _date(value, shown, stream)
    if not any(map(str.isalpha, value)):
        kind = "+" if entity == "PHONE_NUMBER" and "+" in value and "+1" not in value else entity
        return _filled(value, shown, _digits(_digits_of(value), kind, Form.MEANT, stream))
    if entity == "UK_NINO":
        return "QQ" + _shaped(value[2:], shown, stream)  # HMRC gives no number that begins with QQ
    if entity == "IBAN_CODE":
        return _like(value[:2], shown) + _shaped(value[2:], shown, stream)
    return _shaped(value, shown, stream)


def _of_url(stream: _Stream, attempt: int) -> str:
    return f"{_DOMAINS[attempt % len(_DOMAINS)]}/{_word(stream)}"


def _in_no_domain(address: str) -> str:
    """An e-mail address of this length in a top-level domain that nobody has: none begins with ``zz``."""
    front, dot, last = address.rpartition(".") if "." in address.partition("@")[2] else address.rpartition("@")
    return f"{front}{dot}{'zz'[: len(last)]}{last[2:]}"


def _ipv4(value: str, stream: _Stream, attempt: int) -> str:
    networks = [network for network in _NETWORKS if not value.startswith(network)]
    return networks[attempt % len(networks)] + stream.pick("12") + stream.pick(_DIGITS) + stream.pick("01234")


def _ipv6(stream: _Stream) -> str:
    groups = (stream.pick(_NO_ZERO) + "".join(stream.pick(_DIGITS + _HEX) for _ in range(3)) for _ in range(2))
    return "2001:db8::" + ":".join(groups)  # RFC 3849


def _uuid(value: str, stream: _Stream) -> str:
    made = _shaped(value, value, stream)
    return made[:14] + value[14] + made[15:19] + value[19] + made[20:]  # version and variant: RFC 9562 §4


def _word(stream: _Stream) -> str:
    return stream.pick(_CONSONANTS) + "".join(stream.pick(_DIGITS + _HEX) for _ in range(7))


def _date(value: str, shown: str, stream: _Stream) -> str:
    """A real day in the same spelling, whichever of day and month comes first."""
    found = _DATE.fullmatch(value)
    if found:
        year, sign, _, _, gap, hour, colon, _, rest = found.groups()
        day = f"{_year(year, stream)}{sign}{_month(stream)}{sign}{_month(stream)}"
        if hour is None:
            return day
        time = stream.pick("01") + stream.pick(_DIGITS) + colon + stream.pick("012345") + stream.pick(_DIGITS)
        return day + gap + time + "".join("0" if c.isdigit() else c for c in rest)
    found = _DATE_BACK.fullmatch(value)
    if found:
        first, one, second, two, year = found.groups()
        return f"{_month(stream)[-len(first) :]}{one}{_month(stream)[-len(second) :]}{two}{_year(year, stream)}"
    if not any(map(str.isalpha, value)):
        return _filled(value, shown, _digits(_digits_of(value), "DATE", Form.MEANT, stream))
    pieces = _WORDY.findall(value)
    if any(piece[:3].lower() in _SHORT_MONTHS for piece in pieces):
        return _like(_WORDY.sub(lambda piece: _date_piece(piece.group(), stream), value), shown)
    return _shaped(value, shown, stream)


def _date_piece(piece: str, stream: _Stream) -> str:
    if piece.isdigit():
        return _year(piece, stream) if len(piece) == 4 else _month(stream)[-min(len(piece), 2) :]
    months = [month for month in _MONTHS if month[:3] != piece[:3].lower()]
    month = months[ord(stream.pick(_CONSONANTS)) % len(months)][: 3 if len(piece) == 3 else 9]
    return month.upper() if piece.isupper() else month.capitalize() if piece[0].isupper() else month


_SHORT_MONTHS = frozenset(month[:3] for month in _MONTHS)


def _year(year: str, stream: _Stream) -> str:
    return ("19" if len(year) == 4 else "") + stream.other("23456789", year[-2]) + stream.other(_DIGITS, year[-1])


def _month(stream: _Stream) -> str:
    return "0" + stream.pick(_NO_ZERO)


def _secret(value: str, stream: _Stream) -> str:
    """Plainly no secret, of the same length and alphabet; the last few characters tell two of them apart."""
    alphabet = _alphabet(value)
    letter = "a" if alphabet is _HEX else "x"
    told = max(0, len(value) - 8)
    front = _LETTER.sub(letter, _CAPITAL.sub(letter.upper(), _DIGIT.sub("0", value[:told])))
    pieces = [front]
    for c in value[told:]:
        if c in _IN_SECRETS:
            pieces.append(c)
        elif c.isdigit():
            pieces.append(stream.other(_DIGITS, c))
        else:
            new = stream.other(alphabet, c.lower())
            pieces.append(new.upper() if c.isupper() else new)
    made = "".join(pieces)
    return made if any(map(str.isalnum, value)) else "x" * len(value)


_CAPITAL, _LETTER, _DIGIT = re.compile("[A-Z]"), re.compile("[^A-Z0-9._/+=:-]"), re.compile("[0-9]")


def _shaped(value: str, shown: str, stream: _Stream) -> str:
    """Each letter by a letter (words can be spoken), each digit by a digit, signs as they are."""
    alphabet = _alphabet(value)
    is_hex = alphabet is _HEX
    pieces: list[str] = []
    run = 0
    for c in value:
        if c.isdigit():
            pieces.append(stream.other(_DIGITS if pieces else _NO_ZERO, c))
        elif c.isalpha() or (not c.isascii() and not c.isspace()):
            choices = _HEX if is_hex else _VOWELS if run % 2 else _CONSONANTS
            new = stream.other(choices, c.lower())
            pieces.append(new.upper() if c.isupper() else new)
            run += 1
            continue
        else:
            pieces.append(_kept(c, shown))
        run = 0
    made = "".join(pieces)
    return made if any(map(str.isalnum, made)) else "x" * len(value)


def _alphabet(value: str) -> str:
    letters = {c for c in value.lower() if c.isalpha()}
    is_hex = len(value) >= 8 and letters <= set(_HEX) and any(map(str.isdigit, value))
    return _HEX if is_hex else _CONSONANTS


def _kept(c: str, shown: str) -> str:
    """A sign as it is, where it stood so in the message; elsewhere it might need an escape, or end a cell."""
    if c.isspace():
        c = " "
    return c if c in _PUNCTUATION and c in shown else "-"


def _like(kept: str, shown: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else _kept(c, shown) for c in kept)


def _head(value: str) -> int:
    """How many characters of the value may stay."""
    return min(MOST_KEPT, sum(map(str.isalnum, value)) // 3)


# -- digits


def _digits_of(value: str) -> str:
    return "".join(filter(str.isdigit, value))


def _filled(value: str, shown: str, digits: str) -> str:
    left = iter(digits)
    return "".join(next(left) if c.isdigit() else _kept(c, shown) for c in value) if digits else "x" * len(value)


def _digits(digits: str, entity: str, form: Form, stream: _Stream) -> str:
    """As many digits, each another than it was, and the first one no zero; or what is set aside for the entity."""
    kept = _head(digits) if form is Form.HEAD else 0
    made = digits[:kept] + "".join(stream.other(_DIGITS, c) for c in digits[kept:])
    if made[:1] == "0" and not kept:
        made = stream.other(_NO_ZERO, digits[:1]) + made[1:]
    if form is Form.MEANT and (rule := _SET_ASIDE.get(entity)):
        return rule(digits, made, stream)
    return made


def _ssn(digits: str, made: str, stream: _Stream) -> str:
    # SSA gives no number that begins with 9, the IRS none of those with a group below 50.
    return "9" + made[1:3] + stream.pick("01234") + stream.pick(_NO_ZERO) + made[5:] if len(made) == 9 else made


def _phone(digits: str, made: str, stream: _Stream) -> str:
    # 555-0100 to 555-0199 are nobody's in any area of the NANP, whose areas begin with 2 to 9; ITU-T gives +999 to no
    # country. 6 to 9 begin a mobile number of as many digits elsewhere.
    if len(digits.removeprefix("1")) == 10 and digits[-10] in "23456789":
        return digits[:-10] + stream.pick("2345") + made[-9:-7] + "55501" + made[-2:]
    return _phone_abroad(digits, made, stream)


def _phone_abroad(digits: str, made: str, stream: _Stream) -> str:
    return "999" + made[3:] if len(made) > 6 else made


def _born(digits: str, made: str, stream: _Stream) -> str:
    if len(digits) != 8:
        return made
    if "1850" < digits[:4] < "2100" and digits[4:6] < "13":
        return _year(digits[:4], stream) + _month(stream) + _month(stream)
    return "1" + stream.pick("012") + _month(stream) + _year(digits[4:], stream)


_SET_ASIDE: Mapping[str, Callable[[str, str, _Stream], str]] = {
    "US_SSN": _ssn,
    "US_ITIN": _ssn,
    "PHONE_NUMBER": _phone,
    "+": _phone_abroad,
    **dict.fromkeys(_DATES, _born),
}


@lru_cache(maxsize=64)
def _check(entity: str) -> Callable[[str], bool] | None:
    name = _CHECKS.get(entity)
    if name is None:
        return None
    found: Callable[[str], bool] = import_module(name).is_valid  # only once a surrogate of this kind is wanted
    return found


def _passes(entity: str, made: str) -> bool:
    check = _check(entity)
    return check is not None and check("".join(filter(str.isalnum, made)).upper())


def _grams(value: str) -> set[str]:
    """Every run of characters that is longer than may stay, signs and case left aside."""
    plain = "".join(filter(str.isalnum, value.casefold()))
    return {plain[at : at + MOST_KEPT + 1] for at in range(len(plain) - MOST_KEPT)}
