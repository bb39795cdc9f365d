"""Passwords that are told in talk, in commands, headers and links. Secrets are made of parts."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.compiled import Compiled

from doorward.detection.secrets import search, told, words
from doorward.detection.secrets.search import TRIGGERS
from doorward.detection.trigger import HIDING

CHOSEN = "Zorro" + "77!kWq"
DRAWN = "q7LwZr2N" + "vX9kTy4B"
FIRED = Compiled((*TRIGGERS, *HIDING))


def found(string: str) -> list[str]:
    return sorted({string[hit.start : hit.end] for _, hit in search.find([string])})


TALK = [
    "the new admin password ({}) is in the safe",
    "password for the router: {}",
    "the wifi password is {}",
    "pwd {} works",
    "pw: {}",
    "Passwort für das WLAN lautet {}",
    "das Kennwort ist jetzt {}.",
    "mot de passe provisoire : {}",
    "le mot de passe est {}",
    "clave nueva: {}",
    "la clave del wifi es {}",
    "la contraseña es {}",
    "a senha é {}",
    "palavra-passe: {}",
    "la nuova parola d'ordine è {}",
    "het nieuwe wachtwoord wordt {}",
    "nowe hasło to {}",
    "nové heslo: {}",
    "uusi salasana on {}",
    "nytt lösenord: {}",
    "passordet er {}",
    "nyt kodeord: {}",
    "az új jelszó {}",
    "parola nouă: {}",
    "yeni şifreniz: {}",
    "nova lozinka je {}",
    "новый пароль - {}",
    "νέος κωδικός: {}",
    "パスワードは{}です",
    "密码是{}",
    "비밀번호: {}",
    "كلمة المرور: {}",
    "סיסמה: {}",
    "mật khẩu: {}",
    "kata sandi: {}",
    "wifi key: {}",
    "WPA2-PSK: {}",
]
ELSEWHERE = [
    "INSERT INTO t VALUES('db_password', '{}')", 'System.setProperty("db.password", "{}")', "map.put('apiKey','{}')",
    "mysql -u root -p{} shop", "sshpass -p '{}' ssh host", "curl -su admin:{} https://example.org",
    "curl -u 'admin:{}' https://example.org", "ALTER USER app IDENTIFIED BY '{}'", "CREATE ROLE a WITH PASSWORD '{}'",
    "requirepass {}", "redis-cli -h cache -a {}",
]  # fmt: skip


@pytest.mark.parametrize("sentence", TALK + ELSEWHERE)
@pytest.mark.parametrize("secret", [CHOSEN, DRAWN])
def test_found(sentence: str, secret: str) -> None:
    string = sentence.format(secret)
    assert found(string) == [secret]
    assert FIRED.fires(json.dumps({"a": string}, ensure_ascii=False).encode())
    assert FIRED.fires(json.dumps({"a": json.dumps({"b": string})}).encode())


@pytest.mark.parametrize(
    "string",
    [
        "password must be at least 8 characters", "Password reset for user42@x.test", "password policy: PCI-DSS3.2",
        "Passwords are hashed with bcrypt12", "password hash sha256$10000", "pwd: /srv/app2", "password length 16!",
        "The password field (OAuth2.0)", "clave: ABC-1234", "clave primaria: id_usuario2", "password in config.v2.yml",
        "forgot password #4521", "password changed at 2026-01-02T10:00:00Z", "mot de passe oublié ?", "pw: see vault",
        "password rotation v1.2.3+build5", "the password manager 1Password8", "passwords: C++17 guide",
        "password strength: 100%", "password, email, OAuth2, TLS1.3", "passwordless login (FIDO2/WebAuthn)",
        '"password","address1"', "'password', 'createdAt2'", "('password', 'ArrayBufferView')",
        "if password != x9!abCd7",
        "mysql -u root -p shop2024", "curl -u 1000:1000 x", "identified by the clerk", "with password protection",
        "the password. Zorro" + "77!kWq", "password\nZorro" + "77!kWq",
    ],
)  # fmt: skip
def test_not_found(string: str) -> None:
    assert found(string) == []


@pytest.mark.parametrize("word", [CHOSEN, DRAWN, "rNPwGW+" + "otqilMUL", "%rwN9q*9" + "15PSxmdv%"])
def test_what_can_only_be_a_password(word: str) -> None:
    assert told.is_told(word)


@pytest.mark.parametrize(
    "word", ["password1", "user1@example.org", "ABC-12345", "v1.2.3+4", "key=value1!", "Zeppelin", "C++17", "12345678!"]
)
def test_what_is_something_else(word: str) -> None:
    assert not told.is_told(word)


def test_the_foreign_words_are_known_by_their_stems() -> None:
    for word in words.PASSWORDS:
        assert word.isascii() or told.may_be(f"x {word.upper()} x")


SIGNED = base64.b64encode(bytes(range(7, 200, 6))).decode().rstrip("=") + "%3D"


@pytest.mark.parametrize("name", ["sig", "Signature", "X-Amz-Signature", "X-Goog-Signature"])
@pytest.mark.parametrize("mark", ["?", "&", "&amp;"])
def test_the_signature_of_a_link(name: str, mark: str) -> None:
    string = f"https://blob.example.org/scans{mark}{name}={SIGNED}&se=2027"
    assert found(string) == [SIGNED]
    assert FIRED.fires(json.dumps({"a": string}).encode())
    assert found(f"https://example.org/{mark}{name}=short") == []


def test_the_session_in_a_cookie() -> None:
    value = "too1w5pg" + "exrwqyrwjxwn5i7wdqfwhrpa"
    for name in ("sessionid", "PHPSESSID", "connect.sid", "__Host-auth", "remember_token"):
        string = f"Cookie: lang=sv; {name}={value}; theme=dark"
        assert found(string) == [value]
        assert FIRED.fires(json.dumps({"a": string}).encode())
    assert found(f"Cookie: _ga={value}; consent={value}") == []
    assert found(f"no cookie here\nsessionid={value}") == []


def test_an_address_to_post_to_is_a_secret_as_a_whole() -> None:
    string = "https://hooks.slack" + ".com/services/TAB1CD2EF/BGH3IJ4KL5M/" + "aB3dE5gH7jK9mN2pQ4rS6tU8"
    assert found(f"webhook: {string}") == [string]
    assert found(string.removeprefix("https://")) == [string.removeprefix("https://")]


STEMS = st.sampled_from(sorted(told._STEMS))
CASES = st.sampled_from([str.lower, str.upper, str.title, str.swapcase, str])
NEARLY = st.text(
    alphabet=sorted({c for stem in told._STEMS for c in stem + stem.upper()} | set(" ΩKİς\ud800")), max_size=30
)


@given(st.lists(st.one_of(st.builds(lambda case, stem: case(stem), CASES, STEMS), NEARLY), max_size=3).map("".join))
def test_the_automaton_misses_no_word(string: str) -> None:
    lowered = string.lower()
    assert told.may_be(string) is any(stem in lowered for stem in told._STEMS)


def test_a_text_without_one_is_not_put_in_small_letters() -> None:
    class Text(str):
        def lower(self) -> str:
            raise AssertionError

    assert told.may_be(Text("déjà vu – für Łódź, 東京")) is False
