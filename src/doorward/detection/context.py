"""Which entities the words around a candidate speak of ("call me at …", "Kartennummer …", "born on …").

Only called for candidates. Whole words are matched, in at most sixty characters before and thirty after, so a call
costs the same whatever the text. A long text with many candidates is gone over once by an automaton of all such words
(``Speaking``), and where none of them is close by nobody has to look.
"""

import re
from bisect import bisect_left
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple

from doorward.detection import keywords as k
from doorward.detection.automata import Search, automaton, searcher
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
        (k.EMAIL_SAID, "EMAIL_ADDRESS"),
        (k.PHONE_SAID - {"portable", "vast", "fixe", "fijo", "fon", "cep"}, "PHONE_NUMBER"),
        (k.CARD_SAID, "CREDIT_CARD"),
        (k.IBAN, "IBAN_CODE"),
        (k.ACCOUNT_SAID, "ACCOUNT_ID"),
        (k.BIRTH_SAID - {"birth"}, "DATE_OF_BIRTH"),
        (k.PASSPORT_SAID - {"passi"}, "PASSPORT"),
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
    return {fold(word): entity for word, entity in said.items()}


_PHONE: Final = k.listed(
    """
    call calling called dial dialed dialled dialing dialling redial ring rang phoned phoning reach reached reachable
    callback voicemail texted extension ext hotline switchboard pager smsgw smsgateway smsc smpp twilio
    ruf rufe ruft anruf anrufe anrufen angerufen zuruckrufen zurueckrufen ruckruf rueckruf erreichbar erreichen erreicht
    telefonisch telefonieren durchwahl
    llamar llame llamen llamenos llamanos llamad llamada llamadas llama llamo telefonear marcar marque localizable
    ligar ligue ligou ligaram telefonar telefonema ramal zap
    appel appels appeler appelez appelle appele rappeler rappelez rappelle rappelons joindre joignable telephoner
    chiamare chiamate chiama chiamami chiamarmi chiamarlo chiamarla richiamare richiamate richiamami telefonare
    telefonate telefonata raggiungibile recapito recapiti
    bel bellen belt belde gebeld terugbellen opbellen bereikbaar bereiken
    zadzwon zadzwonic zadzwonil dzwonic dzwoni dzwonil dzwonila dzwoncie oddzwonic oddzwon telefoniczny telefonicznie
    arayin ara arayiniz aradi arar aramak ariyor cepten ulasabilirsiniz
    ringa ringde ringer ringte ringd opkald telefonen mobilen
    soita soittaa soitti soittakaa soittaisitko tavoitettavissa puhelimitse
    zavolat zavolejte zavolajte zavolej volejte volat volal volala telefonicky
    suna sunati sunat sunand apelati telefonic hivjon hivja hivas hivd hivni
    llamaremos llamare llamara llamaran llamarle llamarte contacter contactez contactera contacterai contacterons
    rappellera rappellerai rappellerons joindra chiamero chiamera chiameremo contattare contattera contatteremo
    ligarei ligara ligaremos contatar contactar contactaremos contactara zadzwonie oddzwonie zadzwonimy
    renrakusaki denwa keitai sampark hubungi telepon telpon menelepon ditelepon nazovi nazovite nazvati pozovi pozovite
    позвоните позвонить позвони звоните звонить звонил звонила перезвоните телефону телефона тел моб мобильный
    подзвоните подзвонити зателефонуйте телефонуйте καλεστε καλεσε τηλεφωνο τηλεφωνηστε τηλ κινητο
    電話 電話番号 携帯 手机 电话 전화 전화번호 연락처 هاتف جوال موبايل اتصل טלפון נייד
    """
)
_CARD: Final = k.listed(
    """
    card cards cc visa mastercard amex discover maestro credit debit kreditkarte karte kreditkarten tarjeta
    tarjetas cartao cartoes carte cartes carta carte kaart kaarten karta karty karte kartu kartou kart karten kartla
    kartim kartimdan kredi kort kortet kredittkort kreditkort betalkort visakort dankort bankomat girocard bancontact
    kortti kortilla kortilta luottokortti bankkartya hitelkartya kartya kartyam cardul kartica karticom kartice
    kartu карта карты карту картой карте картка картку карткою καρτα καρτας カード 信用卡 卡号 카드 بطاقة כרטיס
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
    ("social", "is"): "US_SSN",
    ("social", "number"): "US_SSN",
    ("ni", "number"): "UK_NINO",
    ("ni", "no"): "UK_NINO",
    ("ni", "num"): "UK_NINO",
    ("assurance", "sociale"): "CA_SIN",
    ("unique", "identification"): "IN_AADHAAR",
    ("numer", "ewidencyjny"): "PL_PESEL",
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
# Whose number it is: "my new number".
_TOGETHER.update(
    {
        (*whose, *new, number): "PHONE_NUMBER"
        for whoses, news, numbers in (
            ("my his her their your our", "new direct private work home other old", "number numbers nr"),
            ("meine mein deine seine ihre unsere", "neue alte private", "nummer"),
            ("mi tu su nuestro", "nuevo otro viejo", "numero"),
            ("mon ton son notre votre", "nouveau ancien autre", "numero"),
            ("mio tuo suo nostro", "nuovo vecchio altro", "numero"),
            ("meu teu seu nosso", "novo outro antigo", "numero"),
            ("mijn jouw zijn haar ons", "nieuwe oude andere", "nummer"),
            ("moj twoj jego jej nasz", "nowy stary", "numer"),
            ("mitt ditt mit dit vart vores", "nya nye gamla gamle", "nummer"),
            ("muj tvuj jeho jeji moj", "novy novi stary stari", "cislo broj"),
            ("benim onun", "yeni eski", "numaram numarasi"),
            ("uusi minun", "uusi vanha", "numeroni numero"),
            ("мои моя твои его ее", "новыи новая", "номер"),
        )
        for whose in ((word,) for word in whoses.split())
        for new in ((), *((word,) for word in news.split()))
        for number in numbers.split()
    }
)
# Words that say it in capitals only: "sin" is "without" in Spanish.
_CAPITALS: Final = {"SIN": "CA_SIN", "NINO": "UK_NINO"}
_SHORT: Final = {"pan": ("IN_PAN", "CREDIT_CARD")}
_SAID: Final = _table()
# What is asked of words beside a number or an address.
ASKED: Final = frozenset(_SAID.values()) - {"SECRET", "DATE_OF_BIRTH", "LOCATION"}
# Those of which it is told apart from the others whether anything in a text speaks of them: words for accounts and
# banks stand all over an invoice, and speak of no telephone.
TOLD_APART: Final = (frozenset(("PHONE_NUMBER",)), frozenset((*k.NATIONAL_ALL, "CREDIT_CARD")))
KIN: Final = {entity: kin for kin in TOLD_APART for entity in kin}
_NOTHING: Final[frozenset[str]] = frozenset()


_COMPOUND: Final = frozenset(first for first, *_ in _TOGETHER)
_SPACED: Final = "".join(chr(c) if chr(c).isalpha() else " " for c in range(128))
# Of a word that the end of the window cuts in two: the rest of it ("acc" is an account, "accessible" is not).
_REST: Final = re.compile(r"[^\W\d_]{1,20}")


class _Word(NamedTuple):
    """What one word says. ``begins``: more, perhaps, with those that follow it."""

    entities: frozenset[str]
    begins: bool


# Words that were looked up; most say nothing, and one comparison of sets settles a text of them.
_silent: set[str] = set()
_speaking: dict[str, _Word] = {}
_MOST = 16384


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
    every = _words(before)
    words = every[-_WORDS_BEFORE:]
    found: set[str] = set()
    if not _silent.issuperset(words):
        _look(words, found)
    if len(every) > _WORDS_BEFORE and every[-_WORDS_BEFORE - 1] not in _silent:
        reaching = every[-_WORDS_BEFORE - 1 :][:3]  # a name of two words counts as one
        if (_speaking.get(reaching[0]) or _learn(reaching[0])).begins:
            _together(reaching, found)
    behind = end + _AFTER
    if string[behind - 1 : behind + 1].isalpha() and (rest := _REST.match(string, behind)) is not None:
        behind = rest.end()
    after = string[end:behind]
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
    for index, word in enumerate(words):
        if word in _silent:
            continue
        said = _speaking.get(word) or _learn(word)
        if said.entities:
            found |= said.entities
        if said.begins and index + 1 < len(words):
            _together(words[index : index + 3], found)


def _learn(word: str) -> _Word:
    """Look a word up for the first time."""
    folded = fold(word)
    entity = _SAID.get(folded)
    entity = entity or _CAPITALS.get(word)
    entities = frozenset(_SHORT.get(folded, ())) if entity is None else frozenset((entity,))
    said = _Word(entities, folded in _COMPOUND or folded in _begins())
    if len(_silent) + len(_speaking) >= _MOST:
        _silent.clear()
        _speaking.clear()
    if said.entities or said.begins:
        _speaking[word] = said
    else:
        _silent.add(word)
    return said


def _together(words: list[str], found: set[str]) -> None:
    """What the first two or three of ``words`` say together."""
    found |= _joint(tuple(words))


@lru_cache(4096)
def _joint(words: tuple[str, ...]) -> frozenset[str]:
    found: set[str] = set()
    folded = [fold(word) for word in words]
    for width in range(2, len(folded) + 1):
        together = tuple(folded[:width])
        entity = _TOGETHER.get(together)
        if entity is None:
            entity = k.NATIONAL.get("".join(together))
        if entity == "*":
            found.update(k.NATIONAL_ALL)
        elif entity is not None:
            found.add(entity)
    return frozenset(found)


@cache
def _begins() -> frozenset[str]:
    """What the names of national numbers begin with: they may be written apart ("social security number")."""
    shortest = 2  # letters; only short names are also written letter by letter ("s.s.n.")
    return frozenset(name[:size] for name in k.NATIONAL for size in range(1 if len(name) <= 3 else shortest, len(name)))


def speaks(string: str, entities: frozenset[str]) -> bool:
    """Whether words anywhere in ``string`` may speak of one of ``entities``."""
    return not string.isascii() or _searcher(entities)(string.encode())


class Speaking:
    """Where words stand in ``string`` that may speak of one of ``entities``; around places that cut no word in two,
    ``hints`` has none of them elsewhere. Linear, and worth it where many places of a text are asked about.
    """

    __slots__ = ("_begins", "_ends")

    def __init__(self, string: str, entities: frozenset[str]) -> None:
        found = [match.span() for match in _automaton(entities).finditer(string.encode("ascii", "replace"))]
        if not string.isascii():
            found = sorted([*found, *(match.span() for match in _FOREIGN.finditer(string))])
        self._begins = [begin for begin, _ in found]
        self._ends = sorted([end for _, end in found])

    def near(self, start: int, end: int) -> bool:
        """Whether any of them reaches into the windows around ``string[start:end]``."""
        first = bisect_left(self._ends, start - _BEFORE)
        return first < len(self._begins) and self._begins[first] <= end + _AFTER


# Letters that the automaton does not know; those close to each other together.
_FOREIGN: Final = re.compile(r"[^\x00-\x7f]+(?:[\x00-\x7f]{1,40}[^\x00-\x7f]+)*+")


def prepare(entities: frozenset[str]) -> None:
    """Compile now what would else be compiled with the first text that is asked about ``entities``."""
    _automaton(entities)


@cache
def _searcher(entities: frozenset[str]) -> Search:
    return searcher(_automaton(entities))


@cache
def _automaton(entities: frozenset[str]) -> Any:
    """All words that speak of ``entities``, with what is no letter on both sides. The words of a national number may be
    apart at any place.
    """
    words = [word for word, entity in _SAID.items() if entity in entities and word.isascii()]
    words += [word for word, said in _SHORT.items() if not entities.isdisjoint(said)]
    words += [word for word, entity in _CAPITALS.items() if entity in entities]
    words += ["[^a-z]*".join(name) for name, entity in k.NATIONAL.items() if entity in entities]
    for together, entity in _TOGETHER.items():
        if entity in entities or (entity == "*" and not entities.isdisjoint(k.NATIONAL_ALL)):
            words.append("[^a-z]+".join(together))
    return automaton(f"(?:^|[^a-z])(?:{'|'.join(words)})(?:$|[^a-z])".encode(), case_sensitive=False)
