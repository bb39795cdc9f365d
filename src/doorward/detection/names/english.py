"""English words that are names as well, and names of goods: which one it is that begins a sentence or an item.

There every word has a capital, so that only what follows tells "Max upload size" from "Max uploaded it". The lists are
written from general knowledge.
"""

import re
from typing import Final

from doorward.detection.keywords import listed
from doorward.detection.names import lexicon
from doorward.detection.names.things import GOODS

_BOTH: Final = listed(
    """
    amber angel april art august autumn basil bill bishop bob bold brook buck bud buddy carol carter case cash chance
    charity chase chip christian christmas cliff colt constance cooper crystal daisy dale dash dawn dean destiny dom
    dot drake drew duke earl eve faith flora forest forrest frank gale gene genesis ginger glen grace grant guy harmony
    harry haven hazel heath heather holly hope hunter iris ivy jack jade jasmine jay jean joy june king kitty lance
    laurel lily lotus major marina mark mason max may melody mercy merry miles misty nick noel norm olive page parker
    pat patience patsy pearl peg penny pierce porter prince prudence ray reed rich rob robin rocky rod rose rosemary
    ruby rusty sage sandy skip sky sterling stormy sue summer sunny terry tiffany trinity turner van verity victor
    viola violet ward will wren
    """
)
# What people do or are; what joins them to others. Verbs with "-ed" and "-s" need not stand here.
_OF_PEOPLE: Final = (
    lexicon.AUXILIARIES
    | lexicon.SPEECH
    | listed(
        """
        and or nor but from with who whose whom at in on to just also already still never always often now then
        sometimes finally really probably usually does did do may might must shall doesn didn isn wasn won couldn
        became began bet bit bought broke brought built came caught chose cut dealt did drank drew drove ate fell felt
        fought found flew forgot forgave gave got grew heard held hid hit hurt kept knelt knew laid led left lent let
        lost made meant met paid put quit ran rang read rode rose sang sat saw sent set shook shot showed shut slept
        slid sold spent spoke spun stood stole stuck swam swept swore taught threw told took tore understood went woke
        won wore wrote aged alone too here there himself herself whether
        """
    )
)
# "Max", of these: what is measured and counted, however many.
_COUNTED: Final = listed(
    """
    retries attempts connections tokens rows results items files users characters values counts requests threads
    bytes messages pages records entries sessions lines levels limits calls jobs workers nodes replicas points hours
    days minutes seconds
    """
)
# Of goods the words that are no verbs: "Maria paints", "Tommy saw it".
_WARES: Final = (
    GOODS - _OF_PEOPLE - listed("paint paints watch watches monitor suit suits dress refill refills coat torch")
)
_NEXT: Final = re.compile(r" ([a-z]+)(?![\w'’])")
_SIGNS: Final = " \t-–—*•·#>+\"'“‘`([{_~|/0123456789.):"
_DASHES: Final = (" - ", " – ", " — ")
_ENDS: Final = frozenset(".!?:;")
_COMMIT: Final = re.compile(r"[*|\\/ ]{0,8}[0-9a-f]{7,40} ")


def is_word(text: str, begin: int, start: int, end: int) -> bool:
    """Whether ``text[start:end]``, one word of the line that has its ``begin`` there, is the word and not the name."""
    following = _NEXT.match(text, end)
    if following is None or not _is_first(text[begin:start]):
        return False
    word = following[1]
    if word in _WARES:
        return True  # "Graham crackers": a name that begins a sentence has a verb behind it
    low = text[start:end].lower()
    if low not in _BOTH:
        return False
    if word in _OF_PEOPLE or word.endswith(("ed", "ly")):
        return False
    return not word.endswith("s") or word.endswith(("ss", "us")) or (low == "max" and word in _COUNTED)


def _is_first(before: str) -> bool:
    """Whether a sentence, a heading or an item begins behind what is ``before`` in the line."""
    if not before.strip(_SIGNS) or before.endswith(_DASHES):
        return True  # also "change - Mark the field"
    return before.rstrip(" \"'“‘(*_`")[-1:] in _ENDS or _COMMIT.fullmatch(before) is not None
