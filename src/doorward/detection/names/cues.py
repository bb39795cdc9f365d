"""What around a word says that it is somebody, where the model alone is not sure enough: who is greeted, who did what
only people do, whose son he is; and Korean given names, which romanised have a form of their own.
"""

import re
from typing import Final

from doorward.detection.keywords import listed
from doorward.detection.names import lexicon

CALLS: Final = lexicon.GREETINGS | listed(
    """
    morning afternoon evening welcome sorry congrats congratulations birthday hoi hej hei moi hé salut coucou bonsoir
    cher chère chers buenas buenos estimado estimada querido querida olá oi oie prezado prezada caro cara gentile
    beste buongiorno buonasera dag goedemorgen guten moin servus grüezi kære kära kjære ahoj dobrý milý milá vážený
    vážená cześć witaj drogi droga szanowny szanowna szia kedves bună dragă stimate stimată merhaba selam sayın
    sevgili pozdrav bok zdravo dragi draga hyvä terve tere labas sveiki salaam shalom namaste kia halo kamusta mabuhay
    jambo habari salam
    """
)
"""Words before a name that is called."""
GREETED: Final = CALLS | lexicon.TITLES | lexicon.TOWARDS
"""Words after which a single word is somebody."""
_KIN: Final = listed(
    """
    son daughter wife husband mother father mum mom dad brother sister aunt uncle cousin nephew niece neighbour
    neighbor friend colleague boss coach landlord landlady tenant nurse patient resident widow widower fiancé fiancée
    partner grandson granddaughter grandmother grandfather stepson stepdaughter roommate flatmate classmate teammate
    sohn tochter kollege kollegin nachbar nachbarin bruder schwester freund freundin chef chefin techniker technikerin
    fils fille mari épouse frère sœur collègue voisin voisine ami amie hijo hija marido esposa hermano hermana colega
    vecino vecina amigo amiga filho filha irmão irmã vizinho vizinha figlio figlia fratello sorella zoon dochter broer
    zus buurman buurvrouw ask tell ring phone remind thank meet met visit invite told asked called referred thanked
    paged phoned rang messaged texted invited interviewed
    """
)
_DID: Final = listed(
    """
    said says wrote writes replied replies asked asks told tells called calls phoned rang emailed texted proposed
    seconded agreed disagreed resigned retired married died complained apologised apologized nodded smiled laughed
    thanked insisted promised volunteered chaired rebooked booked joined lives lived moved thinks thought wants wanted
    knows knew feels felt noticed suggested mentioned explained answered admitted believes believed hopes hoped
    remembers remembered works worked studied taught sang danced cooked painted bought sold paid borrowed lent visited
    met invited translated trained sagte schrieb fragte meint wohnt arbeitet dijo escribió preguntó vive trabaja dit
    écrit habite travaille disse escreveu mora ha detto scrive abita zei schreef woont werkt
    """
)
_BY: Final = listed(
    """
    told nominated written signed approved reviewed sent reported seconded chaired translated drawn painted taken
    witnessed prepared proposed requested supervised submitted hosted photographed illustrated edited composed sung
    invited asked called visited treated seen examined driven escorted accompanied interviewed
    """
)
_THANKED: Final = listed("thanks thank grateful dank merci gracias obrigado obrigada grazie bedankt tack tak")
_BEFORE: Final = re.compile(r"[^\W\d_]+|[^\w ]")
_AFTER: Final = re.compile(r" ([^\W\d_]+)\b")
_LOOK: Final = 40


def is_somebody(text: str, start: int, end: int) -> bool:
    """Whether the words beside ``text[start:end]`` are said of people only."""
    after = _AFTER.match(text, end)
    if after is not None and after[1] in _DID:
        return True
    left = text[max(0, start - _LOOK) : start].rstrip(" ")
    if not left or not (left[-1].isalnum() or left[-1] == "_"):
        return False  # the last before it is a sign
    # The two words before, in their order.
    before = _BEFORE.findall(left)[-2:]
    if not before:
        return False
    last = before[-1].lower()
    if last in _KIN or (last in CALLS and text[end : end + 1] in ("!", ",", "\n", "")):
        return True
    if len(before) < 2:
        return False
    first = before[0].lower()
    return (last == "by" and first in _BY) or (last in ("to", "an", "à", "a") and first in _THANKED)


# Halves of Korean given names as they are romanised.
_SYLLABLES: Final = listed(
    """
    ah ae an ang baek ban bang beom bin bo bok bong bum byeol byeong byung chae chan chang cheol choon chul chun dae
    dal dan deok deuk do dong doo duk duo eok eon eui eul eum eun eung ga gab gap geon geum gi gil go gon gu guk gun
    gwan gwang gyeong gyo gyu gyun ha hae haeng han hang hee heon heung ho hong hoon hu hui hun hwa hwan hye hyeok
    hyeon hyo hyuk hyun hyung ik il im in ja jae jang je jeong ji jin jo jong joo joon ju jun jung kang ki kil koo
    kook kuk kun kwan kwang kyeong kyo kyu kyun kyung ma mi min mo mok moon mun myeong myung na nam nan ok ram ran
    rang reum ri rim rin ryeon ryeong sae san sang se seo seok seol seon seong seop seul seung shik shim shin sik sil
    sim so sol song soo sook soon sub suk sun sung tae taek uk un ung wan weon whan wol won wook woo woon woong wu ya
    yang ye yea yeo yeol yeon yeong yeop yi yong yoo yool yoon you young yu yul yun yung
    """
)
_FAMILIES: Final = listed(
    """
    kim lee park choi jung jeong kang cho jo yoon yun jang chang lim im han oh seo suh shin sin kwon hwang ahn an song
    ryu yoo you yu hong jeon chun ko koh go moon mun yang son sohn bae pae baek paik heo hur huh nam sim shim noh no
    roh ha joo ju koo gu kwak gwak sung seong cha chu choo woo wu min na jin ji um eom chae won bang byun gong kong
    hyun ham yeom yeo chu do so suk seok seon sul ma gil wi pyo myung ki ban wang geum ok yuk in maeng je mo nam tak
    guk
    """
)
_FIRST: Final = re.compile(r"\b[A-Z][a-z]{1,5}\Z")
_SECOND: Final = re.compile(r"[a-z]{2,6}\b(?![-'’])")
_CAPITAL: Final = re.compile(r" ((?:[A-Z]\. )?[A-Z][a-z]+)\b(?![-‐]\w)")
_CAPITAL_BEFORE: Final = re.compile(r"\b([A-Z][a-z]+),? \Z")


def koreans(text: str) -> list[tuple[int, int]]:
    """Where "Kim Ji-woo", "Ji-woo Kim" or "Ji-woo" stands in ``text``."""
    found = []
    hyphen = text.find("-")
    while hyphen >= 0:
        if "a" <= text[hyphen + 1 : hyphen + 2] <= "z":
            one = _FIRST.search(text, max(0, hyphen - 7), hyphen)
            two = _SECOND.match(text, hyphen + 1)
            if one is not None and two is not None:
                found += _korean(text, one, two)
        hyphen = text.find("-", hyphen + 1)
    return found


def _korean(text: str, one: re.Match[str], two: re.Match[str]) -> list[tuple[int, int]]:
    """The name whose given name has these halves, if it is one."""
    first = one[0].lower()
    if first not in _SYLLABLES or two[0] not in _SYLLABLES:
        return []
    start, end = one.start(), two.end()
    before = _CAPITAL_BEFORE.search(text, max(0, start - 12), start)
    behind = _CAPITAL.match(text, end)
    if before is not None and before[1].lower() in _FAMILIES:
        start = before.start()
    elif behind is not None and behind[1].rsplit(" ", 1)[-1].lower() in _FAMILIES:
        end = behind.end()
    elif first == two[0]:
        return []  # "Ha-ha"
    return [(start, end)]
