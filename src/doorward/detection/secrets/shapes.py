"""Secrets told by their shape: private keys, JWTs, credentials in URLs, connection strings, Authorization values."""

import binascii
import re
from base64 import urlsafe_b64decode
from string import ascii_letters, digits
from typing import NamedTuple

import msgspec

from doorward.detection.secrets import values


class Hit(NamedTuple):
    """``string[start:end]`` is a secret of this ``kind``; ``score`` 0 to 1."""

    start: int
    end: int
    score: float
    kind: str


# RFC 7468 §3 and RFC 4716; a PGP private key block is RFC 9580 §6.2. Newlines may be escaped: JSON in JSON, .env files.
_BEGIN = re.compile(r"-----BEGIN ((?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?)-----")
_LONGEST_KEY = 65536
_KEY_TEXT = re.compile(r"(?:[A-Za-z0-9+/=\s:,.\-()@<>]|\\[nrt\\])*+")
_PUTTY = re.compile(r"PuTTY-User-Key-File-[23]: ")
_PUTTY_END = re.compile(r"Private-MAC: [0-9a-f]{40,64}")
_JWT = re.compile(r"(?<![A-Za-z0-9_-])(eyJ[A-Za-z0-9_-]{10,}+)(?:\.[A-Za-z0-9_-]*+){1,4}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]{0,30}\Z")
_LONGEST_USERINFO = 3 + 256 + 1 + 512 + 1
_USERINFO = re.compile(r"://([^\s/:@?#\"'<>|,;\x00]{0,256}):([^\s/@\"'<>\x00]{1,512}?)@(?=[A-Za-z0-9\[_$%{-])")
_USERINFO_SLASH = re.compile(r"://([^\s/:@?#\"'<>|,;\x00]{0,256}):([^\s@\"'<>\x00]{1,128}?)@(?=[A-Za-z0-9\[_-]+[.:/])")
_CONNECTION = re.compile(
    r"(?i)(?:^|[;\"'\s])(?:password|pwd|accountkey|sharedaccesskey)\s{0,3}=\s{0,3}([^;\"'\r\n]{4,256}+)"
)
COMMAND = (
    r"(?i:(?:identified(?:[ \t]+with[ \t]+\w+)?[ \t]+by|with[ \t]+(?:encrypted[ \t]+)?password)(?:[ \t]+password)?"
    r"|requirepass|masterauth|sshpass[ \t]+-p|(?:mysql|mariadb)[a-z-]*[ \t](?:[^\r\n|;]*[ \t])?-p"
    r"|redis-cli[ \t](?:[^\r\n|;]*[ \t])?-a"
    r"|curl[ \t](?:[^\r\n|;]*[ \t])?(?:-[a-zA-Z]*u|--user)[ \t=]*[\"']?[A-Za-z0-9_.@-]+:)"
)
"""What stands before a password in commands and statements, in the syntax that RE2 shares."""
_COMMAND = re.compile(COMMAND + r"[ \t]*(?:([\"'])([^\"'\s]{6,128})\1|([^\s\"'|;]{6,128}+)[\"']?)")
_SIGNATURE = re.compile(r"(?i)(?:[?&]|&amp;)(?:sig|signature|x-(?:amz|goog)-signature)=([A-Za-z0-9%+/=_\-]{32,2048}+)")
_IN_COOKIE_NAME = "!#$%&'*+-.^_`|~" + digits + ascii_letters
_LONGEST_COOKIE_NAME = 64
_COOKIE_VALUE = re.compile(r"\"?([A-Za-z0-9%+/=_.:~!|\-]{1,2048}+)")
_SESSION = re.compile(r"(?i)sess|sid\b|auth|token|jwt|login|remember|identity|credential|ticket|xsrf|csrf")
_COOKIE_NO = re.compile(r"(?i)expires|max-age|consent|_ga|_gid")
_LONGEST_COOKIE = 8192
_CREDENTIALS = re.compile(r"(?i)(bearer|basic|token|apikey|digest)[ \t]{1,4}([A-Za-z0-9+/=_.~\-]{8,4096}+)")


def pem(string: str, at: int) -> Hit | None:
    """A private key that begins at ``at``: with its END line, or as far as its text goes where it was cut off."""
    begin = _BEGIN.match(string, at)
    if begin is None:
        return None
    end_line = f"-----END {begin[1]}-----"
    stop = string.find("-----BEGIN", begin.end(), begin.end() + _LONGEST_KEY)
    end = string.find(end_line, begin.end(), begin.end() + _LONGEST_KEY if stop < 0 else stop)
    if end >= 0:
        inner, behind = string[begin.end() : end], end + len(end_line)
    else:
        rest = _KEY_TEXT.match(string, begin.end(), begin.end() + _LONGEST_KEY // 4 if stop < 0 else stop)
        inner = rest[0].rstrip() if rest is not None else ""
        behind = begin.end() + len(inner)
    return Hit(at, behind, 1.0, "private-key") if _has_key(inner) else None


def _has_key(inner: str) -> bool:
    text = inner.replace("\\n", "\n").replace("\\r", "\n")
    longest = max((line for line in text.split("\n")), key=len, default="").strip()
    return len(longest) >= 16 and len(set(longest)) >= 8 and not values.stands_for(longest.lower()[:24])


def putty(string: str, at: int) -> Hit | None:
    """A private key as PuTTY writes it."""
    begin = _PUTTY.match(string, at)
    if begin is None:
        return None
    stop = string.find("PuTTY-User-Key-File-", begin.end(), begin.end() + _LONGEST_KEY // 8)
    end = _PUTTY_END.search(string, begin.end(), begin.end() + _LONGEST_KEY // 8 if stop < 0 else stop)
    return None if end is None else Hit(at, end.end(), 1.0, "private-key")


def jwt(string: str, at: int) -> Hit | None:
    """A JSON Web Token at ``at``: RFC 7515 §3.1, its header is JSON with an ``alg`` (§4.1.1)."""
    match = _JWT.match(string, at)
    if match is None:
        return None
    header = _decoded(match[1])
    if not isinstance(header, dict) or "alg" not in header:
        return None
    # A full stop behind it ends a sentence (or an unsigned token, which is covered without it).
    end = at + len(match[0].rstrip("."))
    return Hit(at, end, 0.9, "jwt") if end > match.end(1) else None


def _decoded(part: str) -> object:
    if len(part) > 8192:
        return None
    try:
        return msgspec.json.decode(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return None


def url(string: str, at: int) -> Hit | None:
    """The password of ``scheme://user:password@host``; ``at`` is where ``://`` stands. RFC 3986 §3.2.1."""
    if string.find("@", at, at + _LONGEST_USERINFO) < 0:
        return None  # a host with its port, most of the time
    if _SCHEME.search(string, max(0, at - 32), at) is None:
        return None
    match = _USERINFO.match(string, at) or _USERINFO_SLASH.match(string, at)
    if match is None:
        return None
    word = match[2]
    if values.stands_for(word) or word[0] in "$<{%[" or len(word) < 3:
        return None
    if word.lower() in ("pass", "pwd", "passwd", "pw", "user", "username", match[1].lower()) and len(word) < 8:
        return None
    return Hit(match.start(2), match.end(2), 0.9, "url-password")


def connection(string: str, at: int) -> Hit | None:
    """The password of ``Server=…;Password=…;``; ``at`` is where the ``;`` or the name stands."""
    match = _CONNECTION.match(string, at)
    if match is None:
        return None
    word = match[1].strip()
    # Between semicolons, as in ``Server=…;Password=…``: elsewhere it is an assignment like any other.
    if string[match.start()] != ";" and (string[match.end() : match.end() + 1] != ";" or values.classes(word) < 2):
        return None
    if len(word) < 4 or values.stands_for(word) or values.is_code(word):
        return None
    start = string.index(word, match.start(1))
    return Hit(start, start + len(word), 0.85, "connection-string")


def command(string: str, at: int) -> Hit | None:
    """The password of a command line or statement that has a place for one, which ``COMMAND`` matches at ``at``."""
    match = _COMMAND.match(string, at)
    if match is None:
        return None
    group = 2 if match[2] else 3
    word, start = match[group], match.start(group)
    if string[start - 1].isspace() and string[at : at + 1].lower() == "m" and string[at : at + 5].lower() != "maste":
        return None  # "mysql -p shop": the password is asked for
    if values.stands_for(word) or values.is_code(word) or not (values.drawn(word) or values.password(word, True)):
        return None
    return Hit(start, start + len(word), 0.7, "password")


def signature(string: str, at: int) -> Hit | None:
    """The signature of a signed URL (Azure, AWS, Google): who has it has what the URL names. ``at``: its "?" or "&"."""
    match = _SIGNATURE.match(string, at)
    if match is None or values.stands_for(match[1]) or not values.random(match[1], 32):
        return None
    return Hit(match.start(1), match.end(1), 0.8, "url-signature")


def cookie(string: str, at: int) -> Hit | None:
    """The first value of a Cookie or Set-Cookie header at ``at`` that logs somebody in. RFC 6265 §4.1.1."""
    stop = at + _LONGEST_COOKIE
    position = at
    # From one equals sign to the next: an expression that begins with a name is tried at each character of a text.
    while (equals := string.find("=", position, stop)) >= 0:
        begin = max(position, equals - _LONGEST_COOKIE_NAME)
        start = begin + len(string[begin:equals].rstrip(_IN_COOKIE_NAME))
        match = _COOKIE_VALUE.match(string, equals + 1, stop) if start < equals else None
        if match is None:
            position = equals + 1
            continue
        if string.find("\n", at, start) >= 0:
            return None
        name, value = string[start:equals], match[1]
        known = _SESSION.search(name) is not None and _COOKIE_NO.search(name) is None
        if known and len(value) >= 16 and not values.stands_for(value) and values.random(value.replace("%", ""), 16):
            return Hit(match.start(1), match.end(1), 0.7, "cookie")
        position = match.end()
    return None


def authorization(string: str, at: int, sure: bool) -> Hit | None:
    """The value after ``Bearer`` or ``Basic`` at ``at``. ``sure``: an Authorization header announces it.
    RFC 7617 §2, RFC 6750 §2.1.
    """
    match = _CREDENTIALS.match(string, at)
    if match is None:
        return None
    scheme, word = match[1].lower(), match[2].rstrip(".")
    if values.stands_for(word) or (values.is_reference(word) and not sure):
        return None
    if scheme == "basic":
        known = _basic(word)
    elif scheme == "bearer":
        known = values.random(word, 16) or (sure and values.random(word, 10)) or (sure and values.is_reference(word))
    else:
        known = sure and values.random(word, 12)
    return Hit(match.start(2), match.start(2) + len(word), 0.8, f"{scheme}-credentials") if known else None


def _basic(word: str) -> bool:
    try:
        text = binascii.a2b_base64(word + "=" * (-len(word) % 4))
    except binascii.Error:
        return False
    user, colon, secret = text.partition(b":")
    return bool(colon and secret) and all(32 <= byte < 127 or byte > 160 for byte in user + secret)
