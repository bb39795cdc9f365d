"""Who speaks in a chat or a transcript: the name stands at a place of its own, beside a time or in brackets, where the
model has no sentence to judge it by.
"""

import re
from typing import Final, NamedTuple

from doorward.detection import people
from doorward.detection.keywords import listed
from doorward.detection.names import lexicon

_WORD: Final = r"[^\W\d_][\w'’.-]{0,30}+"
_SMALL: Final = r"(?:['’]t|van|von|de|der|den|del|della|di|da|dos|das|du|la|le|el|al|bin|ibn|ter|ten|zu|y|e)"
_NAME: Final = rf"(?P<name>{_WORD}(?: (?:{_SMALL}|{_WORD})){{0,5}}?)"
_TIME: Final = r"\d{1,2}[:.]\d\d(?:[:.]\d\d)?(?:[.,]\d{1,3})?(?: ?[AaPp]\.?[Mm]\.?)?"
_DATE: Final = r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}"
_STAMP: Final = rf"(?:{_DATE},? (?:at |um |à |- )?)?{_TIME}"
_SAYS: Final = listed(
    """
    wrote writes said says replied replies answered asked posted commented schrieb sagte antwortete escribió dijo
    respondió escreveu disse écrit dit répondu scritto detto schreef zei skrev sagde napisał napisała
    """
)
_LASTS: Final = frozenset(word[-1] for word in _SAYS)
_VERB: Final = max(map(len, _SAYS)) + 1
_VOICE: Final = re.compile(rf"<v(?:\.[\w.]+)* {_NAME}>")  # WebVTT
# Each takes the begin of a line, and is looked for in lines with its sign.
_FORMS: Final = (
    ("> ", re.compile(rf"(?:[\[(]?{_STAMP}[\])]? )?<[@+~%&]?{_NAME}> ")),  # IRC
    ("**", re.compile(rf"[#>*\- ]{{0,4}}\*\*{_NAME}\*\*:? ?[·•|,–—-]? ?[\[(]?{_STAMP}")),
    ("):", re.compile(rf"[^\n(]{{2,24}}\({_NAME}, {_STAMP}\):")),  # Speaker 1 (Lee, 00:10):
)
_DATED: Final = re.compile(rf"\[?{_DATE},? {_TIME}\]?(?: [-–])? {_NAME}: ")  # WhatsApp
# Of a chat that tells no date. Logs have seconds.
_TIMED: Final = re.compile(rf"\[\d{{1,2}}:\d\d(?: ?[AaPp][Mm])?\] {_NAME}: ")
_STAMPS: Final = "[0123456789"
_STAMPED: Final = re.compile(rf"\n[{re.escape(_STAMPS)}]")
_HEAD: Final = re.compile(rf"(?:[-*•>] )?{_NAME} (?:h?a )?\Z")
_LONGEST: Final = 60
_NOBODY: Final = listed(
    """
    speaker host guest moderator interviewer interviewee narrator operator agent bot assistant user system admin
    support server client unknown unbekannt everyone all both they he she it we i you who nobody somebody someone
    anyone me customer caller visitor client chair chairman chairwoman secretary teacher student doctor patient judge
    witness reporter editor author manager team staff service webhook scheduler worker main info debug warn warning
    error fatal trace notice critical status note todo fixme total start stop end begin time date name message subject
    from to the this that these those a an backup rollback deployment deploy release build sync import export
    migration upgrade update restart reboot shutdown startup login logout health heartbeat cron nightly daily weekly
    standup lunch break maintenance opening closing check alert alerts incident outage pipeline job cluster node
    """
)
_HUMP: Final = re.compile(r"[a-z][A-Z]|[_.]\w")


class Speaker(NamedTuple):
    """``text[start:end]`` speaks."""

    start: int
    end: int


def speakers(text: str) -> list[Speaker]:
    """Those who speak in ``text``, by the look of it; each as often as it says so."""
    if ":" not in text and "<" not in text and "**" not in text:
        return []
    found = []
    if "<v" in text:
        found += [Speaker(*match.span("name")) for match in _VOICE.finditer(text) if is_name(match["name"])]
    for sign, form in _FORMS:
        place = text.find(sign)
        while place >= 0:
            match = form.match(text, text.rfind("\n", 0, place) + 1)
            if match is not None and is_name(match["name"]):
                found.append(Speaker(*match.span("name")))
            behind = text.find("\n", place)  # the next line
            place = text.find(sign, behind) if behind >= 0 else -1
    said = []
    begins = [match.end() - 1 for match in _STAMPED.finditer(text)]
    if text[0] in _STAMPS:
        begins.append(0)
    timed: list[tuple[int, Speaker]] = []
    for begin in begins:
        dated = _DATED.match(text, begin)
        if dated is not None and is_name(dated["name"]):
            said.append((begin, Speaker(*dated.span("name"))))
        at = _TIMED.match(text, begin) if text[begin] == "[" else None
        if at is not None and is_name(at["name"]):
            timed.append((begin, Speaker(*at.span("name"))))
    if len(timed) > 1:  # one line is no chat
        said += timed
    colon = text.find(":", 1)
    while colon >= 0:
        if text[colon - 1] in _LASTS:
            verb = text.rfind(" ", max(0, colon - _VERB), colon) + 1
            if verb and text[verb:colon] in _SAYS:
                begin = text.rfind("\n", 0, verb) + 1
                if verb - begin <= _LONGEST:
                    head = _HEAD.match(text, begin, verb)
                    if head is not None and is_name(head["name"]):
                        said.append((colon, Speaker(*head.span("name"))))
        colon = text.find(":", colon + 1)
    found += [speaker for _, speaker in sorted(said)]
    return found


def is_name(said: str) -> bool:
    """Whether ``said`` looks like somebody's name."""
    words = said.split(" ")
    if not words[0][0].isupper() or not (words[-1][0].isupper() or not words[-1].isascii()):
        return False
    if _HUMP.search(said) and "." not in said:
        return False
    if any(word.lower() in _NOBODY or word.lower() in lexicon.NO_PEOPLE for word in words):
        return False
    return people.likeness(said.replace(" 't ", " ").replace(" ’t ", " ")) > 0
