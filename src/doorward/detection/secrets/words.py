"""Names that say that their value is a secret: ``DB_PASSWORD``, ``clientSecret``, ``api-key``, ``Passwort``.

The words are ours: English and what people of a dozen languages write in configuration and tickets.
"""

import re
from functools import lru_cache

from doorward.detection.keywords import listed

# Words for what a person types to get in. Their values may be short.
PASSWORDS = listed(
    "password passwd passwort passphrase passcode pwd kennwort contrasena contraseña senha motdepasse wachtwoord "
    "haslo hasło heslo parola parole salasana losenord lösenord adgangskode passord sifre şifre jelszo jelszó "
    "geslo lozinka пароль palavrapasse paswoord userpass dbpass pswd psw pass psk presharedkey wpakey wpapsk wlankey "
    "wlanschluessel wifikey wifipass netzwerkschluessel kodeord losungswort passwoord parool"
)
_TELLING = tuple(word for word in PASSWORDS if len(word) > 6)  # also where they end another
# Words whose values a machine made.
_TOKENS = listed(
    "token secret secrets apikey accesskey secretkey authkey privatekey credential credentials bearer apisecret"
)
# What makes a secret out of "key".
_BEFORE_KEY = listed(
    "api secret private access auth encryption signing master service account storage license admin root app "
    "application shared client subscription ssh deploy webhook session hmac jwt server write read user"
)
# A last word that says that it is something about the secret.
_ABOUT = listed(
    "hash hashed digest id ids name names url uri path file filename type types length len count counts policy "
    "reset expiry expires expiration expire at in ttl age enabled required field label hint version arn date time "
    "prefix suffix manager store changed strength min max algorithm alg placeholder format limit limits usage "
    "used valid status kind scope scopes endpoint location description title ref reference index strategy list "
    "size bytes error errors message issuer audience text input regex pattern provider rotation rotated created "
    "updated budget price cost fingerprint help env var vars variable map table column public"
)
# Words before "token" that make it a cursor, or a count of a language model's tokens.
_NO_TOKEN = listed(
    "page next previous prev continuation cursor sync pagination start end max min num total input output prompt "
    "completion cached stop eos bos pad unk sep cls mask special n first last csrfmiddleware progress "
    "cancellation design per reasoning string comment syntax lexer"
)
# Before "tok", which is a token of other kinds as well.
_BEFORE_TOK = listed("auth access api bearer refresh session bot user admin service oauth jwt app client")
# Last words that say which of several it is.
_WHICH = listed(
    "prod production dev development stage staging live sandbox test base confirm confirmation confirmed again "
    "repeat new old value plain plaintext raw main primary secondary backup default current v"
)
_PIECE = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_a-zA-Z]+")


def about(name: str) -> bool:
    """Does the name speak about a secret (``password_hash``, ``token_count``) rather than announce it?"""
    words = _PIECE.findall(name[-100:])
    return bool(words) and words[-1].lower() in _ABOUT


@lru_cache(8192)
def meaning(name: str) -> str:
    """ "password", "token", or "" for a name that does not announce a secret."""
    if len(name) > 100:
        name = name[-100:]
    words = [word.lower() for word in _PIECE.findall(name)]
    while len(words) > 1 and (words[-1].isdigit() or words[-1] in _WHICH):
        words.pop()
    if not words or words[-1] in _ABOUT:
        return ""
    joined = "".join(words)
    if words[-1] in PASSWORDS or joined.endswith(_TELLING):
        return "password"
    if joined.endswith(("motdepasse", "palavrapasse")) or words == ["mdp"]:
        return "password"
    last = words[-1]
    before = words[-2] if len(words) > 1 else ""
    if last == "pw" and before:
        return "password"
    if last == "tok":
        return "token" if before in _BEFORE_TOK else ""
    if last in ("token", "tokens"):
        return "token" if last == "token" and before not in _NO_TOKEN else ""
    if last in _TOKENS or joined.endswith(("apikey", "secretkey", "accesskey", "privatekey", "authtoken")):
        return "token"
    if last == "key" and (before in _BEFORE_KEY or "secret" in words or "private" in words):
        return "token"
    return "token" if last == "authorization" else ""


# The same as expressions over bytes, for the search and for the trigger pass. Only ASCII: other bytes fire anyway.
STRONG = (
    "password|passwd|passwort|passphrase|passcode|kennwort|contrasena|senha|mot_?de_?passe|motdepasse|wachtwoord|haslo"
    "|heslo|parola|salasana|losenord|adgangskode|passord|jelszo|lozinka|palavra_?passe|pswd"
)
FIELDS = (
    "cookie|otp|mnemonic|seed_?phrase|recovery_?(?:code|phrase)s?|backup_?codes?|jwt|creds|clave|kodeord|parol|hmac|pat|sas"
    "|pw|dsn|connection_?string|conn_?str|database_?url|webhook_?url|access_?key_?id|api_?keys|clave_?acceso"
    "|priv_?key|losungswort|passwoerter|(?:preshared|wpa|wlan|wifi)_?(?:key|psk|pass)|(?:wlan|netzwerk)schlussel"
)
# After a word: nothing, or a further part of the name.
TAIL = r"(?:[_.\-0-9A-Z][A-Za-z0-9_.\-]*)?"
# Words that are also told in talk; each stands alone.
TOLD = (
    "pwd|psw|pw|psk|claves?|sifre(?:si|niz|m)?|geslo|kodeord(?:et)?|mdp|parool|mots? de passe|palavra[ -]passe"
    "|parola d'ordine|kata sandi|pass phrase|pass code|access code|codice d'accesso"
    "|(?:wi-?fi|wlan|network) (?:key|code)"
)
WEAK = (
    "pwd|psw|psk|mdp|sifre|geslo|parole|pass|token|secrets?|credentials?|bearer|authorization"
    "|(?:api|secret|private|access|auth|encryption|signing|master|service|account|storage|license|admin|root|app"
    "|application|shared|client|subscription|ssh|deploy|webhook|session|hmac|jwt|server|write|read|user)[_ -]?key"
    "|(?:auth|access|api|bearer|refresh|session|bot|user|admin|service|oauth|jwt|app|client)[_-]?tok"
)
