import pytest

from doorward.core.rules import Reads, Scope, Uid, action_of, tool_action

SERVER, TOOL, OTHER = Uid("Server", "f"), Uid("Tool", "f/x"), Uid("Tool", "f/y")


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        (Scope(), True),
        (Scope(equals=TOOL), True),
        (Scope(equals=OTHER), False),
        (Scope(equals=SERVER), False),
        (Scope(within=frozenset({TOOL})), True),
        (Scope(within=frozenset({SERVER})), True),
        (Scope(within=frozenset({OTHER, Uid("Server", "g")})), False),
        (Scope(within=frozenset()), False),
        (Scope(kind="Tool"), True),
        (Scope(kind="Prompt"), False),
        (Scope(kind="Tool", within=frozenset({SERVER})), True),
        (Scope(kind="Prompt", within=frozenset({SERVER})), False),
    ],
)
def test_scopes_cover_what_cedars_heads_cover(scope: Scope, covered: bool) -> None:
    assert scope.covers(TOOL, frozenset({SERVER})) is covered


@pytest.mark.parametrize(
    ("method", "action"),
    [
        ("tools/call", "tools/call"),
        ("resources/read", "resources/read"),
        ("resources/unsubscribe", "resources/subscribe"),
        ("tasks/cancel", "tasks"),
        ("tools/list", "other"),
        ("tools/call/f/x", "other"),  # a method is never the action of a tool
        ("", "other"),
    ],
)
def test_actions(method: str, action: str) -> None:
    assert action_of(method) == action


def test_uids_print_as_cedar_reads_them() -> None:
    assert str(Uid("Tool", 'f/a"b')) == 'Doorward::Tool::"f/a\\"b"'
    assert str(Uid("Tool", "f/\n\\")) == 'Doorward::Tool::"f/\\u{a}\\\\"'
    assert tool_action("f", "x") == Uid("Action", "tools/call/f/x")


def test_what_two_policies_read_together() -> None:
    one, two = Reads(frozenset({(("a",), True)}), frozenset({"f"})), Reads(None, context=frozenset({"time"}))
    assert one | two == Reads(frozenset({(("a",), True)}), frozenset({"f"}), frozenset({"time"}))
    assert (two | one) == (one | two)
    assert not two.caller_text
    assert Reads(frozenset()).caller_text
