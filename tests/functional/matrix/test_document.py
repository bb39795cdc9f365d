"""The published matrix is the one that is tested."""

from tests.functional.matrix.document import DOCUMENT, written


def test_the_document_says_what_is_tested() -> None:
    text = DOCUMENT.read_text("utf-8")
    assert text == written(text), "run: python -m tests.functional.matrix.document"


def test_a_table_that_is_not_there_is_noticed() -> None:
    assert written("# Coverage\n") != "# Coverage\n"
