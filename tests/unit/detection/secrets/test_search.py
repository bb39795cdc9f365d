"""What is found beside token formats, what is not, that triggers fire wherever something is found, and that work stays
within bounds. Secrets are made of parts.
"""

import base64
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.compiled import Compiled

from doorward.detection import keywords
from doorward.detection.secrets import assigned, search, shapes, words
from doorward.detection.secrets.search import TRIGGERS
from doorward.detection.trigger import HIDING, Triggers

WORD = "q7Lw" + "Zr2N" + "vX9k" + "Ty4B" + "mD6s" + "Hc1P"
KEY = "\n".join(("MIIE" + WORD + "aB3dE5gH7jK9" + "mN2pQ4rS") for _ in range(4))


def _part(data: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")


JWT = _part({"alg": "HS256", "typ": "JWT"}) + "." + _part({"sub": "1"}) + "." + WORD
PEM = "-----BEGIN " + "RSA PRIVATE KEY-----\n" + KEY + "\n-----END " + "RSA PRIVATE KEY-----"


def _found(string: str) -> dict[str, str]:
    return {string[hit.start : hit.end]: hit.kind for _, hit in search.find([string])}


@pytest.mark.parametrize(
    ("string", "value", "kind"),
    [
        (f"x {PEM} y", PEM, "private-key"),
        ("k=" + PEM.replace("\n", "\\n"), PEM.replace("\n", "\\n"), "private-key"),
        (PEM.replace("RSA ", ""), PEM.replace("RSA ", ""), "private-key"),
        (PEM.replace("RSA ", "OPENSSH "), PEM.replace("RSA ", "OPENSSH "), "private-key"),
        (PEM.replace("RSA ", "ENCRYPTED "), PEM.replace("RSA ", "ENCRYPTED "), "private-key"),
        (PEM.replace("RSA ", "PGP ").replace("KEY-", "KEY BLOCK-"), None, "private-key"),
        ("-----BEGIN " + "EC PRIVATE KEY-----\n" + KEY, None, "private-key"),
        ("PuTTY-User-Key-File-3: ssh-rsa\nPrivate-MAC: " + "ab12" * 16, None, "private-key"),
        (f"token {JWT}.", JWT, "jwt"),
        (f"postgres://app:{WORD}@db.internal:5432/x", WORD, "url-password"),
        (f"https://user:{WORD}@[::1]/", WORD, "url-password"),
        (f"redis://:{WORD}@cache/0", WORD, "url-password"),
        (f"mongodb+srv://u:p%40{WORD}@h/x", f"p%40{WORD}", "url-password"),
        ("mysql://root:a/b3!cD@host.example/x", "a/b3!cD", "url-password"),
        (f"Server=h;User Id=a;Password={WORD};", WORD, "connection-string"),
        (f"Authorization: Bearer {WORD}", WORD, "bearer-credentials"),
        (f'curl -H "Authorization: Bearer {WORD}" x', WORD, "bearer-credentials"),
        ("Authorization: Basic " + base64.b64encode(b"user:pass1").decode(), None, "basic-credentials"),
        (f"send bearer {WORD} along", WORD, "bearer-credentials"),
        (f"DB_PASSWORD={WORD}", WORD, "password"),
        ("password: " + "Blue" + "Sky#73", "Blue" + "Sky#73", "password"),
        ("Passwort: " + "Sommer" + "2024!", "Sommer" + "2024!", "password"),
        ("contraseña: " + "Verano" + "2024!", "Verano" + "2024!", "password"),
        ("the password is " + "hunter" + "22.", "hunter" + "22", "password"),
        (f"AWS_SECRET_ACCESS_KEY={WORD}/aB3+", f"{WORD}/aB3+", "assigned-secret"),
        (f"export API_KEY='{WORD}'", WORD, "assigned-secret"),
        (f'api_key = "{WORD}"', WORD, "assigned-secret"),
        (f'"client_secret": "{WORD}"', WORD, "assigned-secret"),
        (f"https://x.test/?access_token={WORD}&a=1", WORD, "assigned-secret"),
        (f"run --token {WORD} now", WORD, "assigned-secret"),
        (f"SECRET_KEY_BASE={WORD}", WORD, "assigned-secret"),
        ("M" + WORD[:23] + "." + "aB3dE5" + "." + "x9" * 15, None, "discord-bot-token"),
        ("abc" + "8Q~" + "aB3dE5gH7jK9mN2pQ4rSt6uV8wX0yZ1c" + "D2", None, "azure-client-secret"),
    ],
)
def test_found(string: str, value: str | None, kind: str) -> None:
    found = _found(string)
    if value is None:
        assert kind in found.values()
    else:
        assert found.get(value) == kind


@pytest.mark.parametrize(
    "string",
    [
        "password = os.environ['DB_PASSWORD']",
        "password=${DB_PASSWORD}",
        "password: {{ vault_password }}",
        "password: <your-password>",
        "password: ********",
        "password=changeme1",
        "password = None, token=None",
        "password=self.password1",
        "password = getpass1()",
        "password = user_password",
        "auto pass = LinkPass::Stage2;",
        "run(LinkPass::Stage2)",
        "password: required",
        "api_key = YOUR_API_KEY_123",
        "api_key = get_key_from_vault_2()",
        "API_KEY=" + "123e4567-e89b-12d3-a456-426614174000",
        f"password_hash = {WORD}",
        f"nextPageToken: {WORD}",
        f"token_count = {WORD}",
        f"commit {'0123abcd' * 5}",
        f'"integrity": "sha512-{WORD}{WORD}=="',
        f"etag: {WORD}",
        f"public_key: {WORD}",
        "-----BEGIN CERTIFICATE-----\n" + KEY + "\n-----END CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----\n" + KEY + "\n-----END PUBLIC KEY-----",
        "-----BEGIN " + "PRIVATE KEY-----\n...\n-----END " + "PRIVATE KEY-----",
        "https://host:8080/a@b",
        "http://localhost:3000 and mail a@b.test",
        "postgres://user:${PASS}@host/db",
        "postgres://user:password@host/db",
        "https://<user>:<pass>@host",
        "Authorization: Bearer $TOKEN",
        "Authorization: Bearer <token>",
        "bearer of good news everybody",
        "eyJmb28iOiAiYmFyIn0." + "eyJmb28iOiAiYmFyIn0." + WORD,
        "eyJhbGciOi!!!",
        "if password == " + WORD,
        "test_mapping_pattern_duplicate_key_edge_case0",
        "AKIAIOSFODNN7" + "EXAMPLE",
        "PuTTY-User-Key-File-3: ssh-rsa only the head",
    ],
)
def test_not_found(string: str) -> None:
    assert _found(string) == {}


def test_places_in_several_strings() -> None:
    token = "ghp_" + WORD + "aB3dE5gH7jK9"
    strings = ["", "é" * 5, f"ü {token}", "nothing", token]
    assert [(index, hit.start) for index, hit in search.find(strings)] == [(2, 2), (4, 0)]


def test_many_strings_are_searched_in_pieces() -> None:
    token = "ghp_" + WORD + "aB3dE5gH7jK9"
    strings = ["word"] * 9000 + [token, "x" * 300_000, token]
    assert [index for index, _ in search.find(strings)] == [9000, 9002]


def test_check_is_called() -> None:
    class Late(Exception):
        pass

    def check() -> None:
        raise Late

    with pytest.raises(Late):
        list(search.find(["password=" * 200], check))


_ASSIGNED = Compiled((*TRIGGERS, *HIDING))
_PARTS = st.sampled_from(
    [
        "password",
        "token",
        "secret",
        "api_key",
        "pwd",
        "=",
        ":",
        " ",
        '"',
        "'",
        "\n",
        WORD,
        "ghp_" + WORD + "aB3dE5gH7jK9",
        JWT,
        "://",
        "@",
        "a",
        "Bearer ",
        "is ",
        "--",
        "é",
        "-----BEGIN " + "PRIVATE KEY-----",
        ";",
        "?",
        "&",
        "\\",
        "/",
        "{",
        "null",
        "pwd ",
        "clave nueva",
        "mots de passe ",
        "'",
        ", ",
        "(",
        "identified by ",
        "mysql -u root -p",
        "curl -u a:",
        "?sig=",
        "Cookie: ",
        "sessionid=",
        "Zorro" + "77!kWq",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_PARTS, max_size=12))
def test_triggers_fire_wherever_something_is_found(parts: list[str]) -> None:
    string = "".join(parts)
    if any(True for _ in search.find([string])):
        assert _ASSIGNED.fires(json.dumps({"a": string}).encode())
        assert _ASSIGNED.fires(json.dumps({"a": json.dumps({"b": string})}, ensure_ascii=False).encode())


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_text(string: str) -> None:
    for _, hit in search.find([string]):
        assert 0 <= hit.start < hit.end <= len(string)
        assert 0 < hit.score <= 1


@pytest.mark.parametrize(
    "piece", ["ghp_", "eyJa.", "password=", "://a:b", "-----BEGIN " + "PRIVATE KEY-----\n", "--token "]
)
def test_near_matches_find_nothing(piece: str) -> None:
    assert len(_found(piece * 2000)) <= 1


@pytest.mark.parametrize("word", sorted(keywords.SECRET))
def test_every_name_of_a_secret_fires(word: str) -> None:
    for name in (word, word.upper(), f"db_{word}"):
        assert _ASSIGNED.fires(json.dumps({name: "q7Lw" + "Zr2NvX9kTy4B"}).encode())


def test_the_tokens_of_the_protocol_and_of_models_do_not_fire() -> None:
    only = Triggers(TRIGGERS)
    assert not only.fires(b'{"_meta":{"progressToken":"abc-1"},"usage":{"input_tokens":12,"totalTokens": 45}}')
    for name in ("accessToken", "xToken", "token", "wordpress_token", "essToken"):
        assert only.fires(json.dumps({name: "q7Lw" + "Zr2NvX9kTy4B"}).encode())


def test_clean_traffic_does_not_fire() -> None:
    only = Triggers(TRIGGERS)
    message = {"orders": [{"id": 7, "title": "Blue chair", "next_page_token": None, "path": "/a/b", "passed": True}]}
    assert not only.fires(json.dumps(message).encode())


URLS = st.lists(
    st.sampled_from(
        ["https", "://", "a", "user", "s3cr3t", ":", "@", "host.example", "/", "8080", " ", "?", "é", "x" * 300]
    ),
    max_size=12,
).map("".join)


@given(URLS)
def test_urls_without_an_at_sign_nearby_have_no_password(string: str) -> None:
    for match in re.finditer("://", string):
        at = match.start()
        if shapes._USERINFO.match(string, at) or shapes._USERINFO_SLASH.match(string, at):
            assert "@" in string[at : at + shapes._LONGEST_USERINFO]


def test_hosts_with_their_port_are_not_looked_at_for_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "_SCHEME", None)
    assert not _found("https://a.example.com:8443/v1 http://b:80/ " + "x" * 900 + " jo@example.com")


@given(st.text(alphabet="aZ9_.- é:\n", max_size=150))
def test_a_name_reaches_back_as_far_as_its_characters(string: str) -> None:
    before = re.compile(r"[A-Za-z0-9_.\-]{0,60}\Z").search(string, max(0, len(string) - 60))
    assert before is not None
    name = string[before.start() :] + "password"
    announced = bool(words.meaning(name.lstrip("-.")))
    hit = assigned.find(f"{string}password=x9{WORD}", len(string))
    assert (hit is not None) is announced
