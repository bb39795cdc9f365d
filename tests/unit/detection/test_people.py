"""Values and forms of prose that are names of people, and those that are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.compiled import Compiled

from doorward.detection import people


@pytest.mark.parametrize(
    "name",
    [
        "Ann Lee",
        "LEE, ANN",
        "van Dijk, Saskia",
        "José María Núñez",
        "Jean-Luc O'Hara",
        "J. R. Hartley",
        "Dr. Miriam Adler-Roth",
        "Kurt Weller Jr.",
        "Fatma Öztürk",
        "Сергей Павлов",
        "Nguyễn Thị Hoa",
        "Omar bin Yusuf",
        "Ada Church",
        "Chloé d'Arcy",
        "OKORO/BLESSING MARIA",
    ],
)
def test_names_look_like_people(name: str) -> None:
    assert people.likeness(name) >= 0.6


@pytest.mark.parametrize(
    "value",
    [
        "",
        "N/A",
        "Unknown",
        "System",
        "Support Team",
        "Senior Engineer",
        "Brightwater Holdings Ltd",
        "ann@example.com",
        "user-42",
        "iPhone Pro",
        "Model 3",
        "acme/gateway",
        "Mon AM",
        "getUserName",
        "the quick brown fox",
        "x" * 500,
    ],
)
def test_other_values_do_not(value: str) -> None:
    assert people.likeness(value) < 0.3


def found(text: str) -> list[str]:
    return [text[start:end] for start, end, _, _ in people.in_prose(text)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("From: Ann Lee <ann@example.com>", "Ann Lee"),
        ('To: "Lee, Ann" <ann@example.com>', "Lee, Ann"),
        ("mail of Ann van der Meer (ann@example.com)", "Ann van der Meer"),
        ("we met Mrs. Hartley there", "Hartley"),
        ("Sehr geehrte Frau Wiesner,", "Wiesner"),
        ("la señora y el Sr. Ibáñez", "Ibáñez"),
        ("Hi Miriam,\nthanks", "Miriam"),
        ("All done.\n\nKind regards,\nTom Baxter", "Tom Baxter"),
        ("Viele Grüße\nJonas", "Jonas"),
        ("me llamo Inés Prado y", "Inés Prado"),
    ],
)
def test_forms_of_letters(text: str, name: str) -> None:
    assert name in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Hi Team,\nthe build is green",
        "Hello World!",
        "Dear Customer,",
        "Thanks,\nThe Support Team",
        "Best Practices\nUse them",
        "install pip <pip@1.2>",
        "drop me a line at <ann@example.com>",
        "plain words, and Capital ones",
    ],
)
def test_forms_of_nobody(text: str) -> None:
    assert found(text) == []


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    assert 0.0 <= people.likeness(text) <= 1.0
    assert all(0 <= start < end <= len(text) for start, end, _, _ in people.in_prose(text))


PROSE = Compiled(people.TRIGGERS)


@pytest.mark.parametrize("role", sorted(people._ROLES))
def test_what_is_said_of_every_role_fires(role: str) -> None:
    assert PROSE.fires(f'"the {role} was Prado, Ines"'.encode())
    assert not PROSE.fires(f'"the {role} was absent"'.encode())


@pytest.mark.parametrize("title", people._HONORIFICS)
def test_whoever_is_addressed_fires(title: str) -> None:
    for begun in ('"', " ", "\\\\n"):
        for between in (" ", ". ", "\t", ".\t", "\\\\t", ".\\\\t"):
            assert PROSE.fires(f"{begun}{title}{between}ines".encode()), (begun, between)
    assert not PROSE.fires(f'"x{title} ines", "{title}7", "{title}.", "{title}, b"'.encode())


def test_names_with_small_words_and_prefixes() -> None:
    for name in ("Sanne van 't Loo", "Samir al-Velsing", "LOTTE VAN 'T LOO", "August Thorsen", "Hanna May"):
        assert people.likeness(name) >= 0.6, name
    for name in ("August Report", "al-Velsing"):
        assert people.likeness(name) < 0.6, name


@pytest.mark.parametrize("text", ["the client is called {}", "The patient is named {}.", "el paciente se llama {}"])
def test_whom_a_role_is_called(text: str) -> None:
    string = text.format("Paula Brandt")
    assert [string[start:end] for start, end, _, _ in people.in_prose(string)] == ["Paula Brandt"]
    assert not people.in_prose("the branch is called Release Candidate")


@pytest.mark.parametrize(("value", "least"), [("d'Arcy", 0.5), ("MARTIN/ANN", 0.6)])
def test_parts_of_names_and_passengers_are_names(value: str, least: float) -> None:
    assert people.likeness(value) >= least


@pytest.mark.parametrize("value", ["EUR/USD", "INPUT/OUTPUT", "SMTP/IMAP", "d'abord"])
def test_pairs_and_elisions_are_no_names(value: str) -> None:
    assert people.likeness(value) <= 0.3


@pytest.mark.parametrize("label", ["Nombre", "Prénom", "Apellidos", "Nachname", "Nom de famille", "Cognome", "Imię"])
def test_what_names_are_called_is_no_name(label: str) -> None:
    assert people.likeness(label) == 0
