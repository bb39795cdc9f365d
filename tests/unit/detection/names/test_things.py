import pytest

from doorward.detection.names import prose


def people(text: str) -> list[str]:
    return [text[s.start : s.end] for s in prose.found(text) if s.entity == "PERSON" and s.score >= 0.5]


@pytest.mark.parametrize(
    "text",
    [
        "We ordered ten pairs from Tommy Hilfiger and a bag of Karl Lagerfeld for the shop window.",
        "The Kendall correlation was higher, so we kept the Otsu threshold and the Sobel operator.",
        "Treatment of Huntington disease and of Raynaud syndrome is reimbursed since last year.",
        "Victoria Nightstand, Walnut",
        "Emma Armchair\nOscar Bookcase\nOlivia Blouse",
        "Rosa Tomatoes 2 kg",
        "Gala Anna 500 g",
        "The printer says that request Brother-4711 is waiting for paper.",
        "Docs say `Jackson` but the code imports `Gson`.",
        "Mark As Read",
        "Bill To",
        "Grant access",
        "Theme: Dracula, Rosé Pine",
        "Restart the Hudson server before the Thompson build begins.",
        "The train stops at Charles Robertson Station and near the Edward Robertson School.",
        "T-shirt sizes are in the table.",
        'Run it with the header "X-Vault-Token: abc" and the same file again.',
        "See Annex III of the contract.",
    ],
)
def test_what_is_called_after_somebody_is_nobody(text: str) -> None:
    assert people(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tommy called, and Karl will bring the bag tomorrow.", ["Tommy", "Karl"]),
        ("Ask Mark about it; Bill has paid.", ["Mark", "Bill"]),
        ("Vendor: Acme Fasteners, contact: Jennifer Robinson", ["Jennifer Robinson"]),
        ("I talked to Jennifer Robinson about the lamp and the chair.", ["Jennifer Robinson"]),
        ("Robinson's method was accepted, said Jennifer Robinson.", ["Robinson", "Jennifer Robinson"]),
    ],
)
def test_somebody_beside_things_is_somebody(text: str, expected: list[str]) -> None:
    assert people(text) == expected


def test_an_acronym_that_somebody_has_is_none_of_the_name() -> None:
    assert people("HMRC asks for Jennifer Robinson's NINO again.") == ["Jennifer Robinson"]


@pytest.mark.parametrize(
    "text",
    [
        "- Max file size is 20 MB and the rest is cut",
        "- Max retries are set to 4 by default",
        "Grace time for the upload is an hour.",
        "We fixed it. Rich text is pasted without the styles of the page.",
        "* Ray casting is on by default in the viewer",
        "Note: Bill total for the year; Mark all of them as paid.",
        "1f2e3d4 Drew border around the boxes of the chart",
        "Will not start when the disk is full",
        "quiet - Mark the column as hidden",
        "Then Neovim opens the file, and tell Emacs to close it.",
        "<family>Liberation Sans</family> is there for those who have no Nimbus Mono.",
        "Since then a new ward was added to the house.",
        "Graham crackers and two boxes of tea are on the list.",
        "The plan is to buy it.\nspare_part_name: Marten Hooke\nbin: 4",
        "The new Adobe Acrobat opens it, and Dow Jones rose by a third.",
        "Bump jackson-core to 2.18 in the build of the app",
        'resource "x" "web" {\n      + ami                  = "ami-0b47a9"\n      + arn                  = "arn:x:y"',
    ],
)
def test_words_that_begin_a_sentence_are_not_the_names_they_could_be(text: str) -> None:
    assert people(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Max uploaded the file and Grace is checking it.", ["Max", "Grace"]),
        ("- Ray took the keys and Faith from accounting has the bill", ["Ray", "Faith"]),
        ("Tommy saw the crackers that Maria bought; Maria paints the box.", ["Tommy", "Maria", "Maria"]),
        ("a letter came for tom and they told anna", ["tom"]),
        ("Please ask Max upload questions only on Friday.", ["Max"]),
    ],
)
def test_names_that_begin_a_sentence_are_names_where_people_do_something(text: str, expected: list[str]) -> None:
    assert people(text) == expected
