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
# Each takes a line, or the begin of one, and is looked for where one of its signs is.
_FORMS: Final = (
    (("<v",), re.compile(rf"<v(?:\.[\w.]+)* {_NAME}>")),  # WebVTT
    (("> ",), re.compile(rf"(?m)^(?:[\[(]?{_STAMP}[\])]? )?<[@+~%&]?{_NAME}> ")),  # IRC
    (("**",), re.compile(rf"(?m)^[#>*\- ]{{0,4}}\*\*{_NAME}\*\*:? ?[·•|,–—-]? ?[\[(]?{_STAMP}")),
    (("):",), re.compile(rf"(?m)^[^\n(]{{2,24}}\({_NAME}, {_STAMP}\):")),  # Speaker 1 (Lee, 00:10):
)
_DATED: Final = re.compile(rf"(?m)^\[?{_DATE},? {_TIME}\]?(?: [-–])? {_NAME}: ")  # WhatsApp
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
    for signs, form in _FORMS:
        for sign in signs:
            if sign in text:
                found += [Speaker(*m.span("name")) for m in form.finditer(text) if is_name(m["name"])]
                break
    colon, line = text.find(":"), -1
    while colon >= 0:
        begin = text.rfind("\n", 0, colon) + 1
        if begin != line and text[begin] in "[0123456789":
            dated = _DATED.match(text, begin)
            if dated is not None and is_name(dated["name"]):
                found.append(Speaker(*dated.span("name")))
        line = begin
        verb = text.rfind(" ", begin, colon) + 1
        if verb > begin and text[verb:colon] in _SAYS and verb - begin <= _LONGEST:
            head = _HEAD.match(text, begin, verb)
            if head is not None and is_name(head["name"]):
                found.append(Speaker(*head.span("name")))
        colon = text.find(":", colon + 1)
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
