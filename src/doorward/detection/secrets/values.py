"""Does a value look like a secret: not a placeholder, not code, not a word, and random enough."""

import re
from functools import lru_cache

from doorward.detection.keywords import listed
from doorward.detection.secrets.words import PASSWORDS

# Words that stand where a secret would: in documentation, templates and masks.
_PLACEHOLDER = re.compile(
    r"(?i)example|your[_\- ]?|changeme|change[_\-]me|placeholder|redacted|dummy|insert|replace|xxxx|\.\.\.|\*\*\*|•••"
    r"|abcdef|012345|123456789|<[^>]*>|\{\{|\$\{|\$\(|%\(|\{[a-z_]+\}|#\{|foobar|goes[_\-]?here|todo|sample|lorem"
    r"|not[_\-]?a[_\-]?(?:real|secret)|fake"
)
_EMPTY = listed(
    "true false null none nil undefined yes no on off n/a na unknown unset empty required optional string str "
    "bytes text secret password passwd hidden masked encrypted default value token key bearer basic prompt ask "
    "stdin env test enabled disabled missing invalid expired valid incorrect wrong forgotten bool boolean int "
    "integer object number public private"
)
# Something that computes or names the value instead of being it.
_CODE = re.compile(
    r"\$[A-Za-z_{(]|%[A-Z_]+%|%s|@[A-Za-z_.]+$|(?:[a-z_]\w*\.)+[A-Za-z_]\w*|[A-Za-z_]\w*::[A-Za-z_]|[A-Za-z_][\w.]*\s*[(\[]|process\.env|os\.environ"
    r"|ENV\[|!(?:Ref|Sub|GetAtt)\b|arn:|ref\+|vault:|secretRef|file:|env:|op://|\.\.?/|~?/[\w.-]+(?:/|$)"
)
# Where it is kept: ``os.environ["DB_PASSWORD_1"]``, ``config.get(name)``.
_LOOKUP = re.compile(
    r"[A-Za-z_$][\w.$]*\s?[\[(](?:[\"'][^\"']*[\"'](?:\s?,[^()\[\]]*)?|[A-Za-z_$][\w.]*|)[\])](?:\.\w+(?:\(\))?)*;?"
)
_UUID = re.compile(r"(?i)\{?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}?")
_INTEGRITY = re.compile(r"(?i)(?:sha(?:1|224|256|384|512)|md5)[-:=]")
_IDENTIFIER = re.compile(r"[A-Za-z]+(?:[_\-.:/ ][A-Za-z]+)*[0-9]?")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ].*)?|[0-9.,:]+ ?(?:[smhd]|ms|min|days?|hours?)?")
# Letters that can be spoken: what most words are made of, and random letters seldom.
_SPOKEN = re.compile(r"(?i)(?:[bcdfghjklmnpqrstvwxz]{0,3}[aeiouy]{1,2}){2,8}[bcdfghjklmnpqrstvwxz]{0,2}")
_HUMP = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{4,}")
_TURN = re.compile(r"(?<=[a-z])[A-Z]|(?<=[A-Z])[a-z]|(?<=[A-Za-z])[^A-Za-z]|(?<=[^A-Za-z])[A-Za-z]")
_MASK = re.compile(r"[*•●xX.\-_#?]+|[*•●]{3,}.*|.{0,6}[*•●]{3,}.{0,6}")


@lru_cache(4096)
def stands_for(value: str) -> bool:
    """Is it a placeholder, a mask, an empty word: something that stands where a secret would."""
    return (
        value.lower() in _EMPTY
        or value.lower() in PASSWORDS
        or _PLACEHOLDER.search(value) is not None
        or _MASK.fullmatch(value) is not None
        or len(set(value)) < 4
    )


def is_code(value: str) -> bool:
    """Does it name or compute the value: a variable, a call, a path, a reference to a vault."""
    return _CODE.match(value) is not None


def is_lookup(value: str) -> bool:
    """Is it an expression that looks the value up, all of it; not part of a random string."""
    return _LOOKUP.fullmatch(value) is not None


def is_reference(value: str) -> bool:
    """A UUID, an integrity hash, a time: random perhaps, but no secret."""
    return (
        _UUID.fullmatch(value) is not None or _INTEGRITY.match(value) is not None or _TIME.fullmatch(value) is not None
    )


def classes(value: str) -> int:
    """How many of lower case, upper case, digits and other characters occur."""
    return (
        any("a" <= c <= "z" for c in value)
        + any("A" <= c <= "Z" for c in value)
        + any("0" <= c <= "9" for c in value)
        + any(not c.isalnum() for c in value)
    )


@lru_cache(4096)
def varied(body: str) -> bool:
    """Weak: could the body of a prefixed token be drawn at random? No placeholder, no word, no run of one character."""
    size = len(body)
    if len(set(body)) < min(8, max(4, size // 3)) or _PLACEHOLDER.search(body) is not None:
        return False
    if body.isalpha() and (body.islower() or body.isupper()):
        return size < 20 or _words(body) < size * 0.7
    if any("0" <= c <= "9" for c in body):
        return _words(body) < size * 0.7
    return classes(body.replace("_", "").replace("-", "")) > 1 and _words(body) < size * 0.8


@lru_cache(4096)
def random(value: str, least: int = 16) -> bool:
    """Strong: ``least`` characters or more, letters and digits mixed, not made of words."""
    size = len(value)
    if size < least or size > 512 or any(c.isspace() for c in value):
        return False
    digits = sum("0" <= c <= "9" for c in value)
    letters = sum(c.isalpha() for c in value)
    if not digits or letters < 4 or len(set(value)) < min(10, size // 2):
        return False
    return _words(value) < size * 0.6


def drawn(value: str) -> bool:
    """Weaker than ``random``, for what stands where a secret would: letters alone may do, where case changes often."""
    if len(value) < 8 or any(c.isspace() for c in value):
        return False
    if random(value, 8):
        return True
    turns = len(_TURN.findall(value))
    return turns >= 3 and classes(value) > 1 and _words(value) < len(value) * 0.5


def password(value: str, quoted: bool) -> bool:
    """Could a person have chosen it: 6 to 128 characters, letters with digits or signs, no word, no identifier."""
    if not 6 <= len(value) <= 128 or stands_for(value) or is_code(value) or is_reference(value):
        return False
    kinds = classes(value)
    if kinds < 2 or (_IDENTIFIER.fullmatch(value) and not value[-1].isdigit()):
        return False
    if any(c.isspace() for c in value):
        return False
    if "_" in value and not quoted and value.replace("_", "").isalpha():
        return False
    return any(c.isdigit() for c in value) or kinds > 2


def _words(value: str) -> int:
    """How many characters lie in runs of one case that can be spoken, four letters or longer."""
    return sum(len(run) for hump in _HUMP.findall(value) for run in _SPOKEN.findall(hump) if len(run) > 3)
