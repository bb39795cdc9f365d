import pytest

from doorward.control.policies.statements import statements


def cut(text: str) -> list[tuple[str, int]]:
    return [(statement.text, statement.line) for statement in statements(text)]


def test_each_statement_has_the_line_of_its_first_token() -> None:
    text = (
        '// about a;\n\n@id("a")\npermit(principal, action, resource);\n\n  forbid(principal, action, resource); // end'
    )
    assert cut(text) == [
        ('@id("a")\npermit(principal, action, resource);', 3),
        ("forbid(principal, action, resource);", 6),
    ]


@pytest.mark.parametrize(
    "hidden",
    [
        'when { resource.name == "a;b" }',
        'when { resource.name == "a\\";b" }',
        'when { resource.name == "// no comment" }',
        "when { /* no; comment in Cedar */ true }".replace("/* no; comment in Cedar */", "// a; comment\n"),
        "when { if { a: {b: 1} }.a.b == 1 then true else false }",
        'when { resource.name == "line\nline;" }',
        "// carriage;\r return",
    ],
)
def test_what_hides_a_semicolon_does_not_end_a_statement(hidden: str) -> None:
    text = f"permit(principal, action, resource) {hidden};"
    assert [found for found, _ in cut(text + " " + text)] == [text, text]


def test_text_without_an_end_is_a_statement_and_says_so() -> None:
    whole, rest = statements("permit(principal, action, resource);\nforbid(")
    assert whole.ended
    assert (rest.text, rest.line, rest.ended) == ("forbid(", 2, False)


def test_a_string_that_is_not_closed_swallows_the_rest_and_says_so() -> None:
    [only] = statements('permit(principal, action, resource) when { "open };\nforbid(principal, action, resource);')
    assert only.cut
    assert not only.ended


def test_comments_and_space_alone_are_nothing() -> None:
    assert statements("// only\n\n   // this") == []
    assert statements("") == []
