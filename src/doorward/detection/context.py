"""Which entities the words around a candidate speak of ("call me at …", "Kartennummer …", "born on …").

Only called for candidates. Whole words are matched, in at most sixty characters before and thirty after, so a call
costs the same whatever the text.
"""

import re
from functools import cache
from typing import Final

from doorward.detection import keywords as k
from doorward.detection.keys import fold

_BEFORE, _AFTER = 60, 30  # characters
_WORDS_BEFORE, _WORDS_AFTER = 6, 3
_WORD: Final = re.compile(r"[^\W\d_]+")
_BREAK: Final = re.compile(r"[\W\d_]")
# Behind a candidate only what still belongs to it: not over the end of a line or a sentence, or another value's label.
_END: Final = re.compile(r"[\n\r;!?|\t]|\.\s|,\s+[^\W\d_]+\s*[:=]")


def _table() -> dict[str, str]:
    said: dict[str, str] = {}
    for names, entity in (
        (k.EMAIL, "EMAIL_ADDRESS"),
        (k.PHONE - {"portable", "vast", "fixe", "fijo", "fon", "cep"}, "PHONE_NUMBER"),
        (k.CARD, "CREDIT_CARD"),
        (k.IBAN, "IBAN_CODE"),
        (k.ACCOUNT, "ACCOUNT_ID"),
        (k.BIRTH - {"birth"}, "DATE_OF_BIRTH"),
        (k.PASSPORT - {"passi"}, "PASSPORT"),
        (k.LICENSE, "DRIVER_LICENSE"),
        (k.SECRET - {"pat", "secrets", "clave", "parola", "tokens", "sas", "dsn"}, "SECRET"),
        (frozenset(_PHONE), "PHONE_NUMBER"),
        (frozenset(_CARD), "CREDIT_CARD"),
        (frozenset(_ACCOUNT), "ACCOUNT_ID"),
        (frozenset(_BORN), "DATE_OF_BIRTH"),
        (frozenset(_PLACE), "LOCATION"),
    ):
        said.update(dict.fromkeys(names, entity))
    said.update(k.NATIONAL)
    return said


_PHONE: Final = k.listed(
    """
    call calling called dial ring reach reachable ruf anrufen erreichbar erreichen llamar llame llamada llama
    ligar ligue appeler appelez joignable chiamare chiamate chiama bellen bereikbaar zadzwon dzwonic arayin ara
    ringa ring soita voicemail texted extension ext
    """
)
_CARD: Final = k.listed(
    """
    card cards cc visa mastercard amex discover maestro credit debit kreditkarte karte kreditkarten tarjeta
    tarjetas cartao carte carta kaart karta karty kart kredi kort kredittkort bankomat girocard
    """
)
_ACCOUNT: Final = k.listed(
    """
    account accounts acct acc konto kontonummer cuenta conta compte conto rekening rachunek rachunku konta hesap
    tili member membership mrn
    """
)
_BORN: Final = k.listed(
    """
    born dob birthday birthdate birth geboren geb nacido nacida nacio nascido nascida naissance nato nata
    geboortedatum urodzony urodzona urodzenia dogum fodd fodt syntynyt
    """
)
_PLACE: Final = k.listed(
    """
    address lives living resides residing located ship shipped deliver delivered mailing anschrift adresse
    wohnhaft wohnt direccion domicilio vive endereco mora habite demeurant indirizzo abita residente adres woont
    mieszka adresi bor asuu
    """
)
# Two or three words that only mean something together. What they say holds besides the words' own meanings.
_TOGETHER: Final[dict[tuple[str, ...], str]] = {
    ("social", "security"): "US_SSN",
    ("soc", "sec"): "US_SSN",
    ("national", "insurance"): "UK_NINO",
    ("social", "insurance"): "CA_SIN",
    ("tax", "file"): "AU_TFN",
    ("codice", "fiscale"): "IT_FISCAL_CODE",
    ("securite", "sociale"): "FR_NIR",
    ("taxpayer", "identification"): "US_ITIN",
    ("permanent", "account"): "IN_PAN",
    ("pan", "card"): "IN_PAN",
    ("medical", "record"): "ACCOUNT_ID",
    ("e", "mail"): "EMAIL_ADDRESS",
    ("e", "post"): "EMAIL_ADDRESS",
    ("driver", "license"): "DRIVER_LICENSE",
    ("drivers", "license"): "DRIVER_LICENSE",
    ("driver", "licence"): "DRIVER_LICENSE",
    ("driving", "licence"): "DRIVER_LICENSE",
    ("driving", "license"): "DRIVER_LICENSE",
    ("permis", "conduire"): "DRIVER_LICENSE",
    ("steuer", "id"): "DE_TAX_ID",
    ("tax", "id"): "*",
    ("national", "id"): "*",
    ("identity", "number"): "*",
    ("identification", "number"): "*",
}
_SHORT: Final = {"pan": ("IN_PAN", "CREDIT_CARD")}
_SAID: Final = _table()
_NOTHING: Final[frozenset[str]] = frozenset()


# Words that say nothing, once they have been looked up: most are, and one comparison of sets settles a text of them.
_silent: set[str] = set()
_SILENT_MOST = 16384
_SPACED: Final = "".join(chr(c) if chr(c).isalpha() else " " for c in range(128))
_COMPOUND: Final = frozenset(first for first, *_ in _TOGETHER)


def hints(string: str, start: int, end: int) -> frozenset[str]:
    """The entities that words close to ``string[start:end]`` speak of."""
    begin = start - _BEFORE
    if begin > 0:
        before = string[begin:start]
        if string[begin - 1].isalpha():
            # A word that the window cut in two is none.
            whole = _BREAK.search(before)
            before = before[whole.start() :] if whole is not None else ""
    else:
        before = string[:start]
    words = _words(before)[-_WORDS_BEFORE:]
    found: set[str] = set()
    if not _silent.issuperset(words):
        _look(words, found)
    after = string[end : end + _AFTER]
    words = _words(after)
    if words and not _silent.issuperset(words[:_WORDS_AFTER]):
        stop = _END.search(after)
        if stop is not None:
            words = _words(after[: stop.start()])
        _look(words[:_WORDS_AFTER], found)
    return frozenset(found) if found else _NOTHING


def _words(text: str) -> list[str]:
    return text.translate(_SPACED).split() if text.isascii() else _WORD.findall(text)


def _look(words: list[str], found: set[str]) -> None:
    folded = [fold(word) for word in words]
    for index, word in enumerate(folded):
        if words[index] in _silent:
            continue
        entity = _SAID.get(word)
        begins = word in _COMPOUND or word in _begins()
        if entity is not None:
            found.add(entity)
        elif word in _SHORT:
            found.update(_SHORT[word])
        elif not begins:
            if len(_silent) >= _SILENT_MOST:
                _silent.clear()
            _silent.add(words[index])
        if not begins:
            continue
        for width in (2, 3):
            together = tuple(folded[index : index + width])
            entity = _TOGETHER.get(together)
            if entity is None and len(together) == width:
                entity = k.NATIONAL.get("".join(together))
            if entity == "*":
                found.update(k.NATIONAL_ALL)
            elif entity is not None:
                found.add(entity)


@cache
def _begins() -> frozenset[str]:
    """What the names of national numbers begin with: they may be written apart ("social security number")."""
    shortest = 2  # letters; only short names are also written letter by letter ("s.s.n.")
    return frozenset(name[:size] for name in k.NATIONAL for size in range(1 if len(name) <= 3 else shortest, len(name)))
