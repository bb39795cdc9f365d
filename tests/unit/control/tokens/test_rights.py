"""Scopes, and what is asked for within what is held."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tokens import URLS

from doorward.control.jose.claims import OAuthRefusal
from doorward.control.tokens.rights import Asked, parse_scope, spell_scope, within

tools = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=8)


@given(st.dictionaries(st.sampled_from(sorted(URLS)), st.lists(tools, min_size=1, max_size=3, unique=True), min_size=1))
def test_a_scope_is_read_as_it_was_spelt(servers: dict[str, list[str]]) -> None:
    spelt = spell_scope(servers)
    assert parse_scope(spelt) == tuple((server, tool) for server, tools in servers.items() for tool in tools)
    assert all(0x21 <= ord(character) <= 0x7E and character not in '"\\' for character in spelt.replace(" ", ""))


@pytest.mark.parametrize(
    "value", [" ", "a", ":b", "a:", "A:b", "a b", "a:b\tc:d", "a:é", 'a:"', "a:\\", "a:%4", "a:%80"]
)
def test_what_is_no_scope(value: str) -> None:
    with pytest.raises(OAuthRefusal) as raised:
        parse_scope(value)
    assert raised.value.error == "invalid_scope"


def test_a_server_without_tools_may_be_reached_and_nothing_called() -> None:
    rights = within(Asked(), ({"crm": (), "files": ("*",)},), URLS)
    assert rights.servers == {"crm": (), "files": ("*",)}
    assert rights.audience == (URLS["crm"], URLS["files"])


def test_a_server_that_is_gone_is_left_out() -> None:
    assert within(Asked(), ({"gone": ("*",), "crm": ("*",)},), URLS).audience == (URLS["crm"],)
    with pytest.raises(OAuthRefusal, match="invalid_target"):
        within(Asked(), ({"gone": ("*",)},), URLS)


def test_resources_without_a_scope_stay_in_the_audience() -> None:
    held = {"crm": ("*",), "files": ("*",)}
    rights = within(Asked((URLS["crm"], URLS["files"], URLS["crm"]), (("crm", "get"),)), (held,), URLS)
    assert rights.audience == (URLS["crm"], URLS["files"])
    assert rights.servers == {"crm": ("get",)}


def test_a_name_that_both_cover_in_different_words_may_be_asked_for() -> None:
    held = ({"crm": ("get_*",)}, {"crm": ("*_all",)})
    assert within(Asked(), held, URLS).servers == {"crm": ()}
    assert within(Asked(None, (("crm", "get_all"),)), held, URLS).servers == {"crm": ("get_all",)}
