"""Secrets that a name announces: ``DB_PASSWORD=…``, ``"client_secret": "…"``, ``--token …``, "the password is …", and
values of fields with such a name.
"""

import re
from string import ascii_letters, digits

from doorward.detection.secrets import shapes, values, words
from doorward.detection.secrets.shapes import Hit

_NAME = ascii_letters + digits + "_.-"
_BEFORE = 60  # characters
_NAME_REST = re.compile(r"[^\W]{0,60}+(?:[.\-][A-Za-z0-9_]{1,40}+){0,3}")
# What may stand between the name and its value: quotes of the name, a separator, a type or a verb.
_BETWEEN = re.compile(
    r"(?:\\?[\"'`\]*]){0,3}[ \t]{0,4}"
    r"(?:(?::=|=>|==|!=|=|:)[ \t]{0,8}|[ \t]+(?:is|was|are|ist|lautet|es|est|wordt|=)[ \t]*:?[ \t]+"
    r"|(?<=[A-Za-z])[ \t]+(?=\S))"
)
# A name in quotes, and a second string behind it.
_PAIRED = re.compile(r"(\\?[\"'])[ \t]{0,4},[ \t]{0,4}\1")
_QUOTE = re.compile(r"\\?[\"'`]|\*{2}")
_BARE = re.compile(r"[^\s\"'`,;\x00]{1,257}+")
_LONGEST = 256
_CLOSING = ").,;:!?]}>"


def find(string: str, at: int) -> Hit | None:
    """The value that the name round ``at`` announces. ``at`` is a place inside or at the start of the name."""
    start = max(0, at - _BEFORE)
    start += len(string[start:at].rstrip(_NAME))
    rest = _NAME_REST.match(string, at)
    stop = at if rest is None else rest.end()
    # "api key", "access key": a name of two words.
    if string[stop : stop + 4].lower() in (" key", "-key"):
        stop += 4
    name = string[start:stop]
    spoken = name.lstrip("-.")
    meaning = words.meaning(spoken)
    if not meaning:
        return None
    paired = _PAIRED.match(string, stop)
    if paired is not None:
        return _second(string, paired.end(), paired[1])
    between = _BETWEEN.match(string, stop)
    if between is None:
        return None
    separator = string[stop : between.end()]
    spaced = not separator.strip(" \t")
    if spaced and not name.startswith("--"):
        return None
    if "!=" in separator or separator.strip(" \t\"'\\") == "==":
        return None
    if separator == ":" and string.startswith(":", between.end()):
        return None  # "LinkPass::Stage2" in code
    spoke = any(c.isalpha() for c in separator)
    return _value(string, between.end(), meaning, spoke, start > 0 and string[start - 1] in "?&")


def _second(string: str, begin: int, quote: str) -> Hit | None:
    """What stands after a name in the same brackets: ``VALUES('smtp_password', '…')``, ``put("api-key", "…")``."""
    close = string.find(quote, begin, begin + _LONGEST)
    word = string[begin:close] if close >= 0 else ""
    if values.stands_for(word) or values.is_code(word) or values.is_reference(word) or "://" in word:
        return None
    return Hit(begin, close, 0.6, "assigned-secret") if values.drawn(word) else None


def _value(string: str, at: int, meaning: str, spoke: bool, query: bool) -> Hit | None:
    header = shapes.authorization(string, at, True) or shapes.authorization(string, at + 1, True)
    if header is not None:
        return header
    quote = _QUOTE.match(string, at)
    if quote is not None:
        begin = quote.end()
        close = string.find(quote[0], begin, begin + _LONGEST)
        if close < 0:
            return None
        word = string[begin:close]
        if "\n" in word:
            return None
    else:
        bare = _BARE.match(string, at)
        if bare is None:
            return None
        begin, word = at, bare[0]
        if len(word) > _LONGEST:
            return None
        if query:
            word = re.split(r"[&#]", word, maxsplit=1)[0]
        if string[at + len(word) : at + len(word) + 1] in ("(", "["):
            return None
        word = _stripped(word)
    if not announced(word, meaning, quote is not None, spoke):
        return None
    kind = "password" if meaning == "password" else "assigned-secret"
    return Hit(begin, begin + len(word), 0.7 if values.random(word, 12) else 0.6, kind)


def _stripped(word: str) -> str:
    """Without the punctuation of the sentence or structure around it."""
    while word and word[-1] in _CLOSING:
        if word[-1] in ")]}>" and any(c in word for c in "([{<"):
            break
        if word[-1] in "!?" and len(word) < 14:
            break
        word = word[:-1]
    return word


def announced(word: str, meaning: str, quoted: bool, spoke: bool = False) -> bool:
    """Is ``word`` a secret, given that a name with this ``meaning`` announces it in text."""
    if values.stands_for(word) or values.is_code(word) or "://" in word:
        return False
    if meaning == "password":
        return values.password(word, quoted)
    if values.is_reference(word) or (spoke and not values.random(word, 12)):
        return False
    return values.random(word, 12 if quoted or values.classes(word) > 2 else 16)


def keyed(string: str, meaning: str, number: bool) -> Hit | None:
    """The value of a field whose name announces a secret: all of it, or what follows ``Bearer`` or ``Basic``."""
    lead = len(string) - len(string.lstrip())
    word = string.strip()
    if not word or len(word) > 4096 or values.stands_for(word) or values.is_lookup(word):
        return None
    header = shapes.authorization(string, lead, True)
    if header is not None:
        return header
    if ";" in word or meaning == "token":
        header = shapes.cookie(string, lead)
        if header is not None and any(c in "; " for c in word[: header.start]):
            return header
    if number:
        known = meaning == "password" and len(word) > 5 and word.isdigit()
    elif meaning == "password":
        known = _chosen(word)
    else:
        known = _made(word)
    return Hit(lead, lead + len(word), 0.8, "keyed-secret" if meaning == "token" else "password") if known else None


def _chosen(word: str) -> bool:
    """A password as a person writes it, in a field that is called so: one word, or a phrase with more than words."""
    if (values.is_code(word) and not values.random(word, 8)) or (values.is_reference(word) and not word.isdigit()):
        return False
    if len(word) < 4 or len(word) > 256:
        return False
    blanks = word.count(" ")
    if blanks:
        return blanks < 8 and len(word) <= 64 and (values.classes(word.replace(" ", "")) > 2) and word[-1] not in ".:?"
    return values.classes(word) > 1 or len(word) >= 6


def _made(word: str) -> bool:
    """A token as a machine makes it."""
    if any(c.isspace() for c in word) or values.is_code(word) or values.is_reference(word) or "://" in word:
        return False
    if word.isdigit():
        return False
    return values.random(word, 8) or (len(word) >= 20 and values.varied(word))
