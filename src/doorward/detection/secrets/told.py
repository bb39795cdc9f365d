"""Passwords that people tell each other: "the new password (…) is in the safe", "clave nueva: …", "pwd … works".

Between the word for a password and the password stand a few others, and perhaps nothing but a space. So the value has
to look like nothing else: no word, number, address, path or version, but letters with digits and signs, or drawn at
random.
"""

import re
from functools import cache
from itertools import chain
from typing import Final

import re2

from doorward.detection.automata import Search, automaton, searcher
from doorward.detection.keywords import listed
from doorward.detection.secrets import values
from doorward.detection.secrets.shapes import Hit

# Languages that are written without spaces, or with other letters; in ASCII words.STRONG and words.TOLD say it.
FOREIGN: Final = re.compile(
    r"(?i:пароль|пароля|паролем|парола|лозинк[ау]|κωδικ[οό]ς?|συνθηματικ[οό]|contraseñas?|hasł[oaeu]m?|"
    r"jelsz[oó](?:t|d|m|ja|unk)?|lösenord(?:et)?|şifre[a-zışğüöç]{0,6}|mật khẩu|密码|密碼|口令|パスワード|暗証番号|"
    r"비밀번호|암호|كلمة المرور|كلمة السر|סיסמה|סיסמא|पासवर्ड|รหัสผ่าน)"
)
# One of these is in each of them, and in those of words.PASSWORDS that are not ASCII.
_STEMS: Final = listed(
    """
    парол лозинк κωδικ συνθηματικ contraseñ hasł jelsz lösenord şifre mật 密码 密碼 口令 パスワード 暗証番号
    비밀번호 암호 كلمة סיסמ पासवर्ड รหัสผ่าน
    """
)
_WINDOW: Final = 120  # characters behind the word
_MOST_WORDS: Final = 5  # between the two
_TOKEN: Final = re.compile(r"\S+")
_OPENING: Final = "([{<\"'`«“‘„*_:=：「『（"
_CLOSING: Final = ")]}>\"'`»”’“*_,;:.：」』）。、，"
_GLUE: Final = re.compile(r"^(?:是|为|為|は|が|：|:|=|은|는|이)+")
_COMPARED: Final = frozenset(("==", "===", "!=", "!==", "<>", "<", ">", "<=", ">=", "&&", "||", "?", "+", "|"))
_DASHES: Final = frozenset(("-", "–", "—", "->", "=>", "→", "⇒", "=", ":"))
# Of these the password is not the value: "password hash …".
_ABOUT: Final = listed(
    "hash hashed hashes digest algorithm policy policies length strength hint regex pattern manager managers generator "
    "requirements rotation field fields"
)
_EASTERN: Final = re.compile("[\u3000-\u9fff\uac00-\ud7af\uff00-\uffef]")
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_SIGN: Final = re.compile(r"[!#$%^&*+?~@]")
# Whatever else has letters, digits and signs.
_OTHER: Final = re.compile(
    r"[<>{}()\[\]=/\\|\"'`]|\.\.|::|^@|^--|\$[A-Za-z_]|%[sdr]\b|&[a-z]+;|^\+?[0-9.,:]+[A-Za-z%]{0,3}$|^[A-Za-z]+[+#]{1,2}[0-9]*$"
    r"|^[\w.+%-]+@[\w-]+\.[\w.-]+$|^[\w.+-]+@[a-z-]+$|^v?[0-9]+\.[0-9]|^[A-Z]{2,10}-[0-9]+[!?]?$|^#\w+$|^[^\W\d_]+[!?]+$"
    r"|^[^\W\d_]{2,}&[^\W\d_]{2,}$"
)


def may_be(string: str) -> bool:
    """Whether a word of ``FOREIGN`` may be in the text: the expression itself is slow."""
    if not _stems()(string.encode(errors="replace")):
        return False
    lowered = string.lower()
    return any(stem in lowered for stem in _STEMS)


@cache
def _stems() -> Search:
    """Whether one of ``_STEMS`` is in UTF-8, in capitals or not."""
    letters = {letter for stem in _STEMS for letter in stem}
    cases: dict[str, list[bytes]] = {letter: [letter.encode()] for letter in letters}
    for point in chain(range(0xD800), range(0xE000, 0x10000)):
        lowered = chr(point).lower()
        if lowered in letters and lowered != chr(point):
            cases[lowered].append(chr(point).encode())
    either = {letter: b"(?:" + b"|".join(map(re2.escape, forms)) + b")" for letter, forms in cases.items()}
    return searcher(automaton(b"|".join(b"".join(either[letter] for letter in stem) for stem in sorted(_STEMS))))


def prepare() -> None:
    """Compile now what would else be compiled with the first text that is not ASCII."""
    _stems()


def find(string: str, behind: int) -> Hit | None:
    """The password that is told after a word for one, which ends at ``behind``."""
    window = string[behind : behind + _WINDOW].split("\n", 1)[0]
    if not window or window[0] in "_-" or (window[0].isascii() and window[0].isalnum()):
        return None  # the word goes on: "password_reset", "passwords2"
    whole = len(window) < _WINDOW
    for count, token in enumerate(_TOKEN.finditer(window)):
        if count > _MOST_WORDS or (token.end() == len(window) and not whole):
            return None
        start, text = token.start(), token[0]
        if text in _COMPARED or text.lower() in _ABOUT:
            return None
        if text in _DASHES:
            continue
        if count == 0 and (glued := _GLUE.match(text)):
            start, text = start + glued.end(), text[glued.end() :]
        bare = text.lstrip(_OPENING)
        if bare[:1].isascii() and (eastern := _EASTERN.search(bare)):
            bare = bare[: eastern.start()]  # the sentence goes on without a space
        start += len(text) - len(text.lstrip(_OPENING))
        word = bare.rstrip(_CLOSING)
        if is_told(word):
            return Hit(behind + start, behind + start + len(word), 0.6, "password")
        if word and not _WORD.fullmatch(word):
            return None
        if bare[len(word) :].startswith((".", "!", "?", ";")):
            return None  # the sentence is over
    return None


def is_told(word: str) -> bool:
    """Whether a word in a sentence can only be a password."""
    if not 8 <= len(word) <= 64 or values.stands_for(word) or values.is_code(word) or values.is_reference(word):
        return False
    if _OTHER.search(word) is not None:
        return False
    lower, upper = any("a" <= c <= "z" for c in word), any("A" <= c <= "Z" for c in word)
    digit = any("0" <= c <= "9" for c in word)
    if not (lower or upper):
        return False
    if _SIGN.search(word) is not None:
        return digit or (lower and upper and values.drawn(word))
    return digit and lower and upper and values.random(word, 10)
