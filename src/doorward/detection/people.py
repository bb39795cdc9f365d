"""Names of people: what a value under a telling name must look like, and the few forms in prose that are sure without a
model (letter heads, honorifics, mail addresses with a display name).
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Final, cast

import msgspec

from doorward.detection import keywords, known
from doorward.detection.anchors import Anchors
from doorward.detection.beginnings import LETTER, UPPER, Beginnings, Cursor, Together, anycase, begun, holding, padded
from doorward.detection.keys import fold

_LONGEST: Final = 80
_LETTERS: Final = r"[^\W\d_]"
# "O'Brien", "Jean-Luc", "J.R.", "Ann" — letters with at most single marks between them.
# Signs of vowels and the like, which are no letters: Hebrew, Arabic, of India, Thai.
_SIGNS: Final = (
    "[\u0300-\u036f\u05b0-\u05c7\u064b-\u0655\u0670\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963"
    "\u0981-\u0983\u09bc-\u09cd\u0a01-\u0a03\u0a3c-\u0a4d\u0a70\u0a71\u0a81-\u0a83\u0abc-\u0acd\u0b82"
    "\u0bbe-\u0bcd\u0c00-\u0c04\u0c3e-\u0c56\u0c81-\u0c83\u0cbc-\u0cd6\u0d00-\u0d03\u0d3b-\u0d4d"
    "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]"
)
_SIGNED: Final = rf"{_LETTERS}++(?:{_SIGNS}++{_LETTERS}*+)*+"
_TOKEN: Final = rf"{_SIGNED}(?:['’`´.\-‐·]{_SIGNED})*+[.'’]?"
_WHOLE: Final = re.compile(rf"{_TOKEN}(?:,? {{1,2}}(?:{_TOKEN}|['’][TtNnSs](?!\w))){{0,6}}+\Z")
_SPLIT: Final = re.compile(r"[,\s]+")

# Inside a name, in lower case or not.
_PARTICLES: Final = keywords.listed(
    """
    de del della dela di da do dos das du des la le las los el al bin ibn bint ben abu van von vom zu zum zur
    den der ter ten te 't y e i und and af av st san santa mac mc o d l dos bt a/l
    """
)
_PREFIXES: Final = keywords.listed("al el as ad an ar at az ash abd bin ben ibn ould")
_SAINTS: Final = frozenset(("san", "santa", "santo", "saint", "st", "sao", "sankt", "los", "las", "el"))
_TITLES: Final = keywords.listed(
    """
    mr mrs ms miss mx dr prof professor sir dame lord lady rev fr hon herr frau sr sra srta señor señora senor
    senora don dona doña monsieur madame mme mlle sig signor signora dott dottssa dhr mevr mevrouw pan pani capt
    col gen lt sgt ing lic mag dipl
    """
)
_SUFFIXES: Final = keywords.listed(
    """
    jr sr ii iii iv phd md esq dds mba cpa jd rn do dvm pe msc bsc ma ba
    """
)

# What stands where a name would, and is none.
_NOBODY: Final = keywords.listed(
    """
    unknown none null nil na undefined anonymous unassigned nobody noone system automatic automated auto default
    root admin administrator superuser guest test tester testing example sample demo dummy placeholder user
    users username bot robot service daemon scheduler cron deleted removed redacted hidden private confidential
    tbd tba todo pending me myself self you all any everyone everybody someone other others external internal
    various multiple team string number boolean object array integer true false yes no text name names person
    people someone customer client contact employee owner manager unbekannt keine keiner niemand desconocido
    ninguno nadie inconnu aucun desconhecido nenhum sconosciuto nessuno onbekend geen nieznany brak bilinmiyor
    required invalid missing optional mandatory blank empty duplicate expired incorrect
    yok first last full middle value field api webhook website web app mobile online offline support noreply
    """
)
# Words of firms, teams, products, jobs and places: with one of them it is no person.
_THINGS: Final = keywords.listed(
    """
    inc incorporated llc ltd limited corp corporation co company gmbh ag kg ohg ug mbh sa sas sarl srl spa bv nv
    ab oy oyj aps asa plc llp lp pty pte holdings holding group partners partnership associates enterprises
    enterprise industries industry international global worldwide solutions solution systems technologies
    technology tech software labs lab laboratories studio studios media networks network consulting services
    service logistics capital ventures bank banking insurance financial finance foundation institute university
    college school academy hospital clinic medical center centre church museum library hotel restaurant cafe bar
    grill kitchen bakery pharmacy market store shop mall airport airlines station authority agency ministry
    department dept division office bureau committee council commission association society union club league
    federation organization organisation trust fund team squad crew staff support sales marketing engineering
    engineers engineer developer developers development operations ops devops security infra infrastructure
    platform product products design research data analytics accounting accounts payable receivable billing
    legal compliance hr recruiting procurement purchasing warehouse helpdesk desk manager managers director
    officer executive president vice chief head lead senior junior principal assistant associate analyst
    architect consultant coordinator specialist supervisor technician representative clerk secretary nurse
    doctor teacher professor student intern trainee member admin administrator operator agent owner bot account
    user users customer customers client clients vendor supplier default main primary secondary test prod
    production staging dev release version build update upgrade bug fix feature task issue ticket order invoice
    payment report meeting call event project program plan subscription premium basic standard enterprise pro
    plus free trial edition series model set kit pack pair box bag case cover table chair lamp desk shirt shoes
    jacket dress hat phone laptop tablet monitor keyboard mouse cable charger camera speaker headphones blender
    mixer kettle toaster coffee tea chocolate cream candy bar soap shampoo oil sauce bread cheese milk juice
    water wine beer pizza burger salad soup street avenue road lane drive boulevard square park city town
    village county state island river lake mountain valley beach bay port harbor north south east west northern
    southern eastern western upper lower central united republic kingdom states new old great saint red blue
    green black white silver gold golden yellow purple orange pink brown big small large mini max ultra super
    extra deluxe classic modern smart wireless digital portable electric automatic the of for with and or to in
    on at by from this that your our my an is are was be not abteilung vertrieb verwaltung kundendienst firma
    verein stiftung gesellschaft departamento empresa ventas soporte equipo fundacion universidad escuela
    entreprise societe service equipe azienda reparto squadra afdeling bedrijf dzial zespol firma bolum takim
    sirket monday tuesday wednesday thursday friday saturday sunday january february march april june july
    august september october november december open closed resolved high low medium critical urgent normal
    active inactive enabled disabled pending approved rejected cancelled completed draft new york london paris
    berlin madrid tokyo boston chicago angeles francisco windows linux android chrome firefox google microsoft
    apple amazon python java docker kubernetes github visual server cloud virtual machine cluster node database
    cache queue pipeline workflow am pm
    """
)
# Of those above, what is a surname just as well, when it stands behind a word that is no thing.
_SURNAMES_TOO: Final = keywords.listed(
    """
    west north case page park church bell lane hall street head price cash may june august york london paris
    berlin boston madrid chase pack bishop lake old small black silver gold golden green brown white blue gray
    grey red rice berry wine hill king prince ford bay beach mountain valley river county city town shirt day
    desk cook baker bond summer case market bacon bean candy light great saint young friday monday sunday coffee
    root key keys post pope marsh banks rivers fields woods stone wood bush knight noble rich long short field
    box kit pack cover juice berry park england france holland
    """
)

_NO_NAMES: Final = _NOBODY | _THINGS | _SURNAMES_TOO | known.WORDS
_COMMON: Final = frozenset(fold(name) for name in known.COMMON)
_KNOWN_GIVEN: Final = frozenset(fold(name) for name in known.GIVEN)
_KNOWN_SURNAMES: Final = frozenset(fold(name) for name in known.SURNAMES)
_KNOWN: Final = _KNOWN_GIVEN | _KNOWN_SURNAMES
# What names of people are called is nobody's: the texts of a form are values as well.
_FIELDS: Final = (keywords.NAME | keywords.GIVEN | keywords.SURNAME | keywords.FULLNAME) - _KNOWN
_LONGEST_FIELD: Final = max(map(len, _FIELDS)) + 4


@lru_cache(8192)
def likeness(string: str) -> float:
    """How much ``string``, a whole value, looks like one person's name, from 0 (cannot be) to 1.

    0.3: letters only, but in small letters or one word; 0.5: one capitalised word; 0.7: two to six of them; 0.9: and a
    name that is known.
    """
    string = string.strip()
    if "/" in string and _IN_LETTERS_ALONE.match(string) is not None:
        # "LEE/ANN" of a passenger, but "EUR/USD", too
        said = likeness(string.replace("/", " "))
        return said if said > 0.7 else min(said, 0.3)
    if not 2 <= len(string) <= _LONGEST or _WHOLE.match(string) is None:
        return 0.0
    if len(string) <= _LONGEST_FIELD and fold(string).replace(" ", "") in _FIELDS:
        return 0.0
    tokens = [token for token in _SPLIT.split(string) if token]
    proper = small = loose = 0
    is_known = doubtful = False
    last = len(tokens) - 1
    for index, token in enumerate(tokens):
        word = _word(token)
        if (index and word.is_suffix) or (not index and last and word.is_title):
            continue
        if word.is_particle:
            loose += 1
            continue
        nobody = word.is_nobody or (last and word.is_thing)
        behind = (proper and index == last) or (not index and string[len(token) : len(token) + 1] == ",")
        if nobody and not (behind and word.is_surname_too):
            if not word.is_given_too or doubtful:
                return 0.0
            doubtful = True  # "August Thorsen"; "Summer Sale" is not known to be none
        if word.is_known:
            is_known = True
        if not word.is_cased:
            return 0.0
        if word.is_proper:
            proper += 1
        else:
            small += 1
    if (len(tokens) == 2 and fold(tokens[0]).strip(".") in _SAINTS) or _is_town(tokens, string):
        # "San Francisco" rather than a person.
        return 0.5
    if len(tokens) == 1:
        if string[0] in _SURNAMES_OF_ONE and _AFTER_ONE.match(string) is not None:
            return 0.0 if string in _NOBODY_OF_EAST else 0.7
        if small:
            return 0.3 if string.isalpha() else 0.0
        if len(string) <= 3 and string.isascii() and string.isupper():
            return 0.3
        return 0.6 if is_known else 0.5
    if not proper:
        # Small letters throughout: only a form that says so makes a name of it.
        return 0.3 if small <= 3 and is_known else 0.25 if small <= 3 else 0.0
    if small or proper + loose > 6:
        return 0.0
    if doubtful and not is_known:
        return 0.6
    if proper == 1 and not loose:
        return 0.6 if is_known or len(tokens) > 1 else 0.5
    if all(len(token.strip(".")) <= 1 for token in tokens):
        return 0.0
    return 0.9 if is_known else 0.7


# Surnames of one character, of most people in China and Korea; whole names with them; and what begins like them.
_SURNAMES_OF_ONE: Final = frozenset(
    "王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何高林罗羅郑鄭梁谢謝宋唐许許韩韓冯馮邓鄧曹彭曾肖蕭田董袁潘于蒋蔣"
    "蔡余杜叶葉程苏蘇魏吕呂丁任沈姚卢盧姜崔钟鍾谭譚陆陸汪范廖石金韦賈贾夏付方邹鄒熊孟秦邱江尹薛闫段雷侯龙史陶黎贺顾郝龚"
    "邵万钱严覃武戴莫孔向汤"
    "김이박최정강조윤장임한오서신권황안송류전홍고문양손배백허유남심노하곽성차주우구민나진지엄채원천방공현함변염여추도소석선설"
)
_AFTER_ONE: Final = re.compile(r"[\u4e00-\u9fff]{2,3}\Z|[\uac00-\ud7a3]{3}\Z")
_NOBODY_OF_EAST: Final = keywords.listed(
    """
    고객님 이용자 신청자 구매자 주문자 임직원 정회원 전직원 방문자 안내자 최고급 신제품 方法 方案 高级
    高級 马上 石油 周一 周二 周三 周四 周五 周六 周日 江南 江苏 武汉 史上 向上
    余额 付款 夏天 钱包 唐朝 于是 任意 任务 顾客 顾问 林业 高度 高速 马路 田径
    雷达 龙头 宋体 程序 石头 严重 张贴 章节
    """
)

_TOWNS_BEGIN: Final = frozenset(town.split()[0] for town in known.TOWNS_OF_WORDS)


def _is_town(tokens: list[str], string: str) -> bool:
    return tokens[0].lower() in _TOWNS_BEGIN and fold(string) in known.TOWNS_OF_WORDS


class _Word(msgspec.Struct, frozen=True, gc=False):
    """What one word of a name says, wherever it stands in it."""

    is_title: bool
    is_suffix: bool
    is_particle: bool
    is_nobody: bool
    is_thing: bool
    is_surname_too: bool
    is_given_too: bool
    is_known: bool
    is_proper: bool
    is_cased: bool


@lru_cache(4096)
def _word(token: str) -> _Word:
    """Given names come again and again where whole names do not."""
    bare = token.strip(".'’").lower()
    plain = fold(bare)
    # "al-Tamimi" is written with a small letter.
    prefix, dash, rest = token.partition("-")
    if dash and rest and prefix in _PREFIXES:
        token = rest
    first = token[0]
    # "d'Arcy" as well.
    is_proper = first.isupper() or first.istitle() or unicodedata.category(first) == "Lo" or _is_elided(token)
    return _Word(
        is_title=bare in _TITLES,
        is_suffix=bare in _SUFFIXES,
        is_particle=bare in _PARTICLES or (first in "'’" and len(token) == 2),
        is_nobody=plain in _NOBODY,
        is_thing=_is_thing(bare, plain),
        is_surname_too=plain in _SURNAMES_TOO,
        is_given_too=plain in known.WORDS,
        is_known=plain in _KNOWN or ("-" in plain and plain.partition("-")[0] in _KNOWN),
        is_proper=is_proper,
        is_cased=(is_proper and len(token) <= 3) or _cased(token),
    )


def _is_elided(token: str) -> bool:
    """Whether the capital stands behind an article without its vowel."""
    return token[0] in "dl" and token[1:2] in ("'", "’") and token[2:3].isupper()


def _is_thing(bare: str, plain: str) -> bool:
    # "Sá" is a name, "SA" a kind of firm.
    return (bare if len(plain) <= 3 else plain) in _THINGS and plain not in _KNOWN


def is_of_things(said: Sequence[str]) -> bool:
    """Whether one of the folded words ``said`` is of firms, jobs or goods."""
    return any(word in _THINGS and word not in _KNOWN and word not in _SURNAMES_TOO for word in said)


def is_own(word: str) -> bool:
    """Whether ``word``, part of somebody's name, is hardly anything else than a name."""
    plain = fold(word)
    return len(word) >= 4 and word[0].isupper() and not _is_thing(plain, plain) and plain not in _NO_NAMES


def _cased(token: str) -> bool:
    """Whether capitals stand where those of a name stand: "McDonald", "ANN", not "iPhone" or "getUser"."""
    if token.isupper() or not any(map(str.isupper, token[1:])):
        return True
    if token[0].islower() and token[1] not in "'’":
        return False
    # "McDonald", "DeShawn", "O'Brien", "Jean-Luc", "DiMaggio"
    humps = sum(map(str.isupper, token))
    return humps <= 2 or "-" in token or "'" in token or "’" in token or "." in token


def is_certain(string: str) -> bool:
    """Whether two or three words are a name by themselves: a common given name first, or all of them known."""
    words = fold(string).split()
    if not 2 <= len(words) <= 3:
        return False
    return words[0] in _COMMON or (words[0] in _KNOWN_GIVEN and words[-1] in _KNOWN_SURNAMES)


def is_given(string: str) -> bool:
    """Whether the first of a few words is a given name that is known."""
    first, space, _ = fold(string).partition(" ")
    return bool(space) and (first in _COMMON or first in _KNOWN_GIVEN)


# Who stands for anybody, in many countries' forms.
_ANYBODY: Final = frozenset(
    (
        "john doe", "jane doe", "john q. public", "joe bloggs", "fred bloggs", "max mustermann", "erika mustermann",
        "maria mustermann", "jan modaal", "ola nordmann", "kari nordmann", "fulano de tal", "erika musterfrau",
    )
)  # fmt: skip


def is_placeholder(string: str) -> bool:
    """Whether ``string`` is the name of nobody, as forms suggest it."""
    return string.strip().lower() in _ANYBODY


# A capitalised word of prose, at least two letters; an initial.
_UPPER: Final = r"[A-ZÀ-ÖØ-ÞĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮİĴĶĹĻĽĿŁŃŅŇŊŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰŲŴŶŸŹŻŽΑ-ΩА-Я]"
_PROPER: Final = rf"{_UPPER}{_LETTERS}*+(?:['’\-]{_UPPER}?{_LETTERS}++)*+"
_LINK: Final = (
    r"(?:de la|de los|de|del|della|di|da|dos|do|van der|van den|van de|"
    r"van|von der|von|bin|al|el|la|le|den|der|ter|ten|y)"
)
_RUN: Final = rf"{_PROPER}(?:[ \t](?:{_LINK}[ \t])?(?:{_PROPER}|{_UPPER}\.)){{0,3}}"
_LONGER: Final = rf"{_PROPER}(?:[ \t](?:{_LINK}[ \t])?(?:{_PROPER}|{_UPPER}\.)){{1,3}}"

_HONORS: Final = "Mr|Mrs|Ms|Mx|Dr|Prof|Sra|Srta|Hr|Fr|Sig|Dott|Dhr|Mevr|Mme|Mlle"
_HONORS_IN_FULL: Final = (
    "Miss|Mister|Professor|Herrn?|Frau|Señora?|Senhora?|Doña|Monsieur|Madame|Mademoiselle|Signora?|Mevrouw|Meneer|"
    "Sayın|Pani"
)
_HONORIFIC: Final = re.compile(
    rf"(?:(?<=[ae]l )Sr\.?|(?<![\w.])(?:(?:{_HONORS})\.?|{_HONORS_IN_FULL}))(?: (?:Dr|Prof)\.?)?[ \t]"
    rf"(?P<name>(?:{_LINK}[ \t])?{_RUN})"
)
_GREETS: Final = (
    r"(?:Dear|Hi|Hello|Hey|Hallo|Liebe[rs]?|Sehr geehrter? (?:Herrn?|Frau)|Hola|Estimad[oa]|"
    r"Querid[oa]|Bonjour|Cher|Chère|Salut|Ciao|Car[oa]|Gentile|Egregio|Beste|Geachte|Olá|Oi|Prezad[oa]|"
    r"Drog[ia]|Witaj|Cześć|Merhaba|Sevgili|Sayın|Hej|Kära|Kjære|Kære|Hei|Good (?:morning|afternoon|evening))"
)
_GREETING: Final = re.compile(
    rf"(?:^|(?<=[\n\r>]))[ \t]*{_GREETS}[ \t]"
    rf"(?P<name>{_RUN})[ \t]*(?=[,!:;–—\n\r-]|\.\s|\Z)"
)
_FAREWELL: Final = (
    r"(?:best|kind|warm|many)?[ \t]?(?:regards|wishes)|sincerely(?: yours)?|yours (?:sincerely|faithfully|truly)|"
    "many thanks|thanks|thank you|cheers|mit freundlichen grüßen|mit freundlichen gruessen|viele grüße|liebe grüße|"
    "beste grüße|saludos(?: cordiales)?|un saludo|atentamente|cordialement|bien à vous|bien cordialement|"
    "cordiali saluti|distinti saluti|un saluto|met vriendelijke groet(?:en)?|groeten|groetjes|atenciosamente|abraços|"
    "cumprimentos|pozdrawiam|z poważaniem|saygılarımla|med vänlig hälsning|med venlig hilsen|med vennlig hilsen|mvh|"
    "hälsningar|terveisin"
)
_CLOSING: Final = re.compile(
    rf"(?:(?i:{_FAREWELL})|(?<![\w])Best)[ \t]*[,.!]?[ \t]*(?:\r?\n[ \t]*){{1,3}}[-–—]*[ \t]*"
    rf"(?P<name>{_RUN})[ \t]*(?=[\n\r,|]|\Z)"
)
_MAILBOX: Final = re.compile(
    rf"[\"']?(?P<name>{_TOKEN}(?:,? {_TOKEN}){{0,4}}+)[\"']?[ \t]{{0,2}}[<(\[](?:mailto:)?[\w.%+'\-]{{1,64}}@"
)
# The names of header lines, which a run of words before an address may begin with.
_HEADER: Final = re.compile(r"(?:.*[^\w'’.\- ])?[ ]*", re.DOTALL)
_CALLING: Final = (
    "my name is|full name is|ich heiße|ich heisse|mein name ist|me llamo|mi nombre es|je m(?:'|’)appelle|mi chiamo|"
    "meu nome é|chamo-me|mijn naam is|ik heet|nazywam się|mam na imię|benim adım|mitt namn är|jag heter|jeg hedder|"
    "jeg heter|nimeni on"
)
_CALLED: Final = re.compile(rf"(?i:{_CALLING})[ \t](?P<name>{_RUN})")
# "the patient is Ann Lee": a word for a human being, and a whole name.
_ROLES: Final = frozenset({*keywords.ROLE_SAID, "customer", "user", "client", "owner", "name"})
_VERBS: Final = "(?:is|is called|is named|was|ist|war|es|se llama|est|jest)"
# "the name you asked for is"
_CLAUSE: Final = (
    r"(?:,? (?:that |which |who |whom )?(?:you|we|he|she|they|I) [a-z]{2,12}"
    r"(?: (?:for|about|to|us|me|him|her|them))?,?)?"
)
_SAID: Final = re.compile(
    rf"(?<![^\W\d_])(?P<role>[^\W\d_]{{3,24}}+){_CLAUSE} {_VERBS} (?P<name>{_LONGER}|{_PROPER}, {_PROPER}(?![^\W\d_]))"
)
# As airlines write passengers: "1.LEE/ANN MRS".
_IN_LETTERS: Final = rf"{_UPPER}{{2,}}(?:[ -]{_UPPER}{{2,}}){{0,2}}/{_UPPER}{{2,}}(?: {_UPPER}{{2,}})??"
_IN_LETTERS_ALONE: Final = re.compile(rf"{_IN_LETTERS}\Z")
_PASSENGER: Final = re.compile(
    rf"(?<![\w/])(?P<numbered>\d{{1,2}}\.\d?)?(?P<name>{_IN_LETTERS}) "
    r"(?:MRS?|MISS|MSTR|(?(numbered)(?:MS|CHD|INF)|(?!)))(?!\w)"
)
# As banks write who pays and who is paid (SWIFT MT, fields 50 and 59): the line behind the account.
_PARTY: Final = re.compile(rf"(?m)^:5[09][AFK]?:(?:/[^\n]*\n)?(?:1/)?(?P<name>{_LONGER})(?=[ \t\r]*(?:\n|\Z))")
_TRIMMED: Final = keywords.listed(
    """
    and the a to of or for with is was has who at on in via by from re fwd fw cc bcc hi hello dear an as und y
    et e i
    """
)

_CLOSES: Final = (
    r"(?i:regards|wishes|sincerely|yours|faithfully|truly|thanks|thank you|cheers|grüßen?|gruessen|saludos?|"
    r"cordiales|atentamente|cordialement|à vous|saluti|saluto|groet|groeten|groetjes|atenciosamente|abraços|"
    r"cumprimentos|pozdrawiam|poważaniem|saygılarımla|hälsning|hälsningar|hilsen|mvh|terveisin|best)"
    r"[ \t]*[,.!]?[ \t]*\r?\n"
)
_CALLS: Final = (
    r"(?i:name is|heiße|heisse|name ist|llamo|nombre es|appelle|chiamo|nome é|chamo-me|naam is|ik heet|nazywam się|"
    r"na imię|adım|namn är|heter|hedder|nimeni on)[ \t]"
)
# What any of the forms has: they are tried around it.
_ANCHORS: Final = (
    r"[<(\[][^\s<>()\[\]]*@",
    r"[ae]l Sr\.? ",
    r"(?:^|[^A-Za-z0-9_.])(?:Mr|Mrs|Ms|Mx|Miss|Mister|Dr|Prof|Professor|Sra|Srta|Hr|Fr|Sig|Dott|Dhr|Mevr|Mme|Mlle|"
    r"Herrn?|Frau|Señora?|Senhora?|Doña|Monsieur|Madame|Mademoiselle|Signora?|Mevrouw|Meneer|Sayın|Pani)\.?[ \t]",
    r"(?:Dear|Hi|Hello|Hey|Hallo|Lieber?|Liebes|geehrter? (?:Herrn?|Frau)|Hola|Estimad[oa]|Querid[oa]|Bonjour|Cher|"
    r"Chère|Salut|Ciao|Car[oa]|Gentile|Egregio|Beste|Geachte|Olá|Oi|Prezad[oa]|Drog[ia]|Witaj|Cześć|Merhaba|Sevgili|Hej|Kära|"
    r"Kjære|Kære|Hei|morning|afternoon|evening)[ \t][^a-z]",
    _CLOSES,
    _CALLS,
    r"[A-Z?À-Þ]/[A-Z?À-Þ][A-Z?À-Þ ]+ (?:MR|MRS|MS|MISS|MSTR|CHD|INF)(?:$|[^A-Za-z])",
    r":5[09][AFK]?:",
)
ANCHORS: Final = Anchors(
    (*_ANCHORS, rf"(?i:{'|'.join(sorted(_ROLES))}){_CLAUSE} {_VERBS} [^a-z0-9]"), before=160, after=240
)

# How these words end: in the trigger pass as good as the words, and a third of the work for Hyperscan to compile.
_ROLE_ENDS: Final = "|".join(sorted({role[-5:] for role in _ROLES}))

# Each with what follows it, as Hyperscan looks for no literal of two letters.
_HONORIFICS: Final = sorted(
    keywords.listed(
        """
        Mr Mrs Ms Mx Miss Mister Dr Prof Professor Sra Srta Hr Fr Sig Dott Dhr Mevr Mme Mlle Herr Herrn Frau Senhor
        Senhora Monsieur Madame Mademoiselle Signor Signora Mevrouw Meneer Pani
        """
    )
)

# The same over raw bytes, for the trigger pass; non-ASCII letters are triggers of their own.
TRIGGERS: Final[tuple[str, ...]] = (
    r"[<(\[][A-Za-z0-9_.%+':-]+@",
    r"[ae]l Sr\.? [A-Za-z]",
    rf"(?:[^A-Za-z]|\\[nrt])(?:{'|'.join(f'{title} |{title}[.] ' for title in _HONORIFICS)})[A-Za-z]",
    rf"(?:[^A-Za-z]|\\[nrt])(?:{'|'.join(_HONORIFICS)})\.?(?:\\+t|\t)[A-Za-z]",
    r"(?:Dear|Hi|Hello|Hey|Hallo|Lieber?|Liebes|geehrter?|Hola|Estimad[oa]|Querid[oa]|Bonjour|Cher|Salut|Ciao|Car[oa]|"
    r"Gentile|Egregio|Beste|Geachte|Oi|Prezad[oa]|Drog[ia]|Witaj|Merhaba|Sevgili|Hej|Hei|morning|afternoon|evening)"
    r"(?: |\\+t|\t)[A-Z]",
    r"(?i)(?:regards|wishes|sincerely|yours|faithfully|truly|thanks|thank you|cheers|gruessen|saludos?|"
    r"cordiales|atentamente|cordialement|saluti|saluto|groet|groeten|groetjes|atenciosamente|cumprimentos|pozdrawiam|hilsen|mvh|"
    r"terveisin|best)(?: |\\+t|\t)?[,.!]?(?: |\\+t|\t)?(?:\\+r)?(?:\\+n|\n|\r)",
    r"(?i)(?:name is|heisse|name ist|me llamo|nombre es|appelle|mi chiamo|chamo-me|naam is|ik heet|jag heter|"
    r"jeg hedder|"
    r"jeg heter|nimeni on)(?: |\\+t|\t)[a-z]",
    rf"(?i:{_ROLE_ENDS}) {_VERBS} [A-Z]",
    r"[A-Z]/[A-Z][A-Z ]+ (?:MR|MRS|MS|MISS|MSTR|CHD|INF)(?:$|[^A-Za-z])",
    r":5[09][AFK]?:",
    rf" (?:you|we|s?he|they|I) [a-z]+(?: (?:for|about|to|us|me|him|her|them))?,? {_VERBS} [A-Z]",
)


def in_prose(string: str) -> list[tuple[int, int, float, str]]:
    """(start, end, score, rule) of names in forms that say they are names. High precision, little recall."""
    found: list[tuple[int, int, float, str]] = []
    brackets: Cursor | None = None
    for region in ANCHORS.regions(string):
        if brackets is None:
            octets = padded(string)
            brackets = _BRACKETS.of(octets)
            forms = [*zip(_FORMS, _BEGINNINGS.of(octets), strict=False)]
        for (form, rule, score, tried), cursor in forms:
            for match in tried(form, string, region, cursor):
                start, end = match.span("name")
                end = start + _trimmed(string[start:end])
                if form is _SAID and fold(match["role"]) not in _ROLES:
                    continue
                if end > start and _is_somebody(string[start:end], rule):
                    found.append((start, end, score, rule))
        for match in _mailboxes(string, region, brackets):
            start, end = match.span("name")
            words = string[start:end]
            # What goes before the name: "mail from Ann Lee <ann@…".
            start = end - len(_last_name(words))
            if start < end and likeness(string[start:end]) >= 0.5:
                found.append((start, end, 0.85, "mailbox"))
    return found


def _said(form: re.Pattern[str], string: str, region: tuple[int, int, int], cursor: Cursor) -> Iterator[re.Match[str]]:
    """As ``begun``, where the cursor is at the end of the word that the form begins with."""
    begin, behind, end = region
    position = begin
    while position < behind:
        position = cursor.next(position)
        if position >= end:
            return
        before = string[max(begin, position - _LONG_WORD) : position]
        start = position - len(_WORD_BACK(before[::-1])[0])
        if start >= behind:
            return
        match = form.match(string, start, end)
        position += 1
        if match is not None:
            yield match
            begin = position = match.end()


def _mailboxes(string: str, region: tuple[int, int, int], cursor: Cursor) -> Iterator[re.Match[str]]:
    """The matches of ``_MAILBOX`` that begin in a region. The cursor is at brackets with an address: a name ends there,
    and is only of what a name can be made of.
    """
    begin, behind, end = region
    position = begin
    while position < behind:
        bracket = cursor.next(position)
        if cursor.end > end:
            return
        # Before another bracket there is no name.
        start = bracket - len(_NAME_BACK(string[max(begin, position) : bracket][::-1])[0])
        if start >= behind:
            return
        match = _MAILBOX.search(string, start, cursor.end)
        position = bracket + 1
        if match is not None:
            if match.start() >= behind:
                return
            yield match
            begin = match.end()


def _back(characters: str) -> Callable[[str], re.Match[str]]:
    """What a text begins with of these characters."""
    return cast(Callable[[str], re.Match[str]], re.compile(f"{characters}*+").match)


_LONG_WORD: Final = 25  # characters, one more than the word that says who somebody is may have
_WORD_BACK: Final = _back(_LETTERS)
_NAME_BACK: Final = _back(rf"[\w{_SIGNS[1:-1]}'’`´.\-‐·, \t\"]")

# Where each of the forms can begin.
_BEGINNINGS: Final = Together(
    Beginnings(rf"[^A-Za-z0-9_.](?:Sr|{_HONORS}|{_HONORS_IN_FULL})\.?(?: (?:Dr|Prof)\.?)?[ \t]{LETTER}"),
    Beginnings(rf"[\n\r>][ \t]*{_GREETS}[ \t]{UPPER}"),
    Beginnings(rf"(?s:.)(?:{anycase(_FAREWELL)}|Best)[ \t]*[,.!]?[ \t]*\r?\n"),
    Beginnings(rf"(?s:.){anycase(_CALLING)}[ \t]{UPPER}"),
    Beginnings(rf"{LETTER}{_CLAUSE} {_VERBS} {UPPER}"),
    Beginnings(rf"{UPPER}{UPPER}/{UPPER}{UPPER}+(?: {UPPER}{UPPER}+)? (?:MRS?|MISS|MSTR|MS|CHD|INF)"),
    Beginnings(r"\n:5[09][AFK]?:"),
)
_BRACKETS: Final = Beginnings(r"(?s:.)[<(\[](?:mailto:)?[A-Za-z0-9_.%+'?\x80-\xff-]+@")
AUTOMATA: Final = (ANCHORS, _BEGINNINGS, _BRACKETS)
_FORMS: Final = (
    (_HONORIFIC, "honorific", 0.75, begun),
    (_GREETING, "greeting", 0.7, begun),
    (_CLOSING, "closing", 0.7, begun),
    (_CALLED, "called", 0.75, begun),
    (_SAID, "said", 0.75, _said),
    (_PASSENGER, "passenger", 1.0, holding),
    (_PARTY, "party", 0.75, begun),
)


def _trimmed(run: str) -> int:
    """The length of ``run`` without what cannot end a name."""
    return len(run.rstrip(" \t'’-"))


def _is_somebody(run: str, rule: str) -> bool:
    tokens = run.split()
    plain = [fold(token.strip(".")) for token in tokens]
    if any(word in _NOBODY or (word in _THINGS and word not in _KNOWN) for word in plain):
        return False
    if rule in ("greeting", "closing") and len(tokens) == 1:
        return len(run) >= 3 and not run.isupper() and plain[0] not in _ADDRESSED
    return len(run) >= 3 and plain[0] not in _ADDRESSED


# Greeted or signing, and nobody.
_ADDRESSED: Final = keywords.listed(
    """
    team all everyone everybody there folks sir madam friend friends colleague colleagues customer guys world
    dear damen herren hiring support reader readers valued again equipo todos tous zusammen allemaal iedereen
    tutti tutto claude assistant chatgpt gemini please note thanks thank i we you it the if as in regards best
    sincerely let just sent what when where how why
    """
)


def _last_name(words: str) -> str:
    """The end of a run of words that a name can be made of: from the last small word that is no particle."""
    tokens = words.split(" ")
    for index in range(len(tokens) - 1, -1, -1):
        token = tokens[index]
        small = bool(token) and not token[0].isupper() and unicodedata.category(token[0]) != "Lo"
        if small and (token.lower() not in _PARTICLES or token.lower() in _TRIMMED):
            return " ".join(tokens[index + 1 :]).lstrip()
    return words
