"""The detector: fields whose names say that their values are secrets, options, findings in their texts."""

from pathlib import Path

import msgspec
import pytest
from tests.pipes import pipe

from doorward.configtypes import Refused
from doorward.core.finding import Finding, Text
from doorward.core.leaf import Document, Leaf
from doorward.detectors.secrets import Secrets

WORD = "q7Lw" + "Zr2N" + "vX9k" + "Ty4B" + "mD6s" + "Hc1P"
TOKEN = "ghp_" + WORD + "aB3dE5gH7jK9"
PLAIN = Secrets(Secrets.Options())


def _detect(
    string: str, *names: str, detector: Secrets = PLAIN, number: bool = False, name: bool = False
) -> list[Finding]:
    leaf = Leaf(Text("/a", string, number=number), string, names, number=number, name=name)
    return detector.detect(Document([leaf]))


@pytest.mark.parametrize(
    ("string", "names"),
    [
        ("hunter" + "2", ("password",)),
        ("Summer" + "2024!", ("userPassword",)),
        ("Sommer" + "2024", ("Passwort",)),
        ("letmein", ("value", "password")),
        (WORD, ("client_secret",)),
        (WORD, ("authTok",)),
        ("raqdSOp" + "HOAyxlO", ("ROOT_PW",)),
        (WORD, ("apiKey",)),
        (WORD, ("AWS_SECRET_ACCESS_KEY",)),
        (WORD.lower(), ("access_token",)),
    ],
)
def test_keyed(string: str, names: tuple[str, ...]) -> None:
    (found,) = _detect(string, *names)
    assert (found.read, found.entity, found.score) == (string, "SECRET", 0.8)


@pytest.mark.parametrize(
    ("string", "names"),
    [
        ("", ("password",)),
        ("true", ("password",)),
        ("********", ("password",)),
        ("${DB_PASSWORD}", ("password",)),
        ("changeme", ("password",)),
        ("The password of the user.", ("password",)),
        (WORD, ("password_hash",)),
        (WORD, ("nextPageToken",)),
        ("NOUN", ("token",)),
        ("123e4567-e89b-12d3-a456-426614174000", ("token",)),
        ("arn:aws:secretsmanager:x", ("secret",)),
        ("hunter" + "2", ("description", "password")),
        ("hunter" + "2", ("title",)),
    ],
)
def test_not_keyed(string: str, names: tuple[str, ...]) -> None:
    assert _detect(string, *names) == []


def test_numbers() -> None:
    assert [found.read for found in _detect("48213377", "password", number=True)] == ["48213377"]
    assert _detect("4096", "max_tokens", number=True) == []
    assert _detect("17", "password", number=True) == []


def test_names_are_no_values() -> None:
    assert _detect("hunter" + "2", "password", name=True) == []
    assert [found.read for found in _detect(TOKEN, name=True)] == [TOKEN]


def test_the_scheme_word_stays() -> None:
    assert {found.read for found in _detect(f"Bearer {WORD}", "authorization")} == {WORD}


def test_place_and_rule() -> None:
    (found,) = _detect(f"use {TOKEN} now", "text")
    assert (found.start, found.end, found.rule, found.detector) == (4, 4 + len(TOKEN), "github-token", "secrets")
    assert found.score >= 0.95


def test_allow() -> None:
    detector = Secrets(Secrets.Options(allow=(TOKEN,)))
    assert _detect(f"use {TOKEN} now", "text", detector=detector) == []
    with pytest.raises(Refused):
        Secrets(Secrets.Options(allow=("",)))


def test_own_rules(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text("[[rules]]\nid = 'acme'\nregex = 'acme_[a-z]{8}'\nkeywords = ['acme']\n[odd]\nx = 1\n")
    detector = Secrets(Secrets.Options(gitleaks=str(path)))
    (found,) = _detect("acme_abcdefgh", "text", detector=detector)
    assert (found.rule, found.read) == ("acme", "acme_abcdefgh")
    assert "(?i:acme)" in detector.triggers
    assert detector.notices


def test_own_rules_that_cannot_be_had(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be read"):
        Secrets(Secrets.Options(gitleaks=str(tmp_path / "none.toml")))
    with pipe(tmp_path / "pipe.toml", b""), pytest.raises(Refused, match="cannot be read"):
        Secrets(Secrets.Options(gitleaks=str(tmp_path / "pipe.toml")))
    path = tmp_path / "rules.toml"
    path.write_text("[[rules]]\nid = 'acme'\nregex = '(?=x)'\n")
    with pytest.raises(Refused, match="acme"):
        Secrets(Secrets.Options(gitleaks=str(path)))


def test_options_are_checked() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"unknown": 1}, Secrets.Options)
