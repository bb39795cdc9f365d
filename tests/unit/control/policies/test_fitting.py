"""One tool that the policies cannot take in stands in no other's way."""

from collections.abc import Mapping

import pytest

from doorward.control.policies.fitting import MOST_TRIES, fitting

Key = tuple[str, str]


def named(server: str, count: int) -> dict[Key, int]:
    return {(server, f"t{number}"): number for number in range(count)}


def found(more: Mapping[Key, int], bad: set[Key], sure: Mapping[Key, int] | None = None) -> tuple[dict[Key, int], int]:
    tries = 0

    def fits(some: Mapping[Key, int]) -> bool:
        nonlocal tries
        tries += 1
        assert (sure or {}).keys() <= some.keys()
        return bad.isdisjoint(key for key, value in some.items() if value >= 0)

    return fitting(sure or {}, more, lambda key: key[0], fits), tries


@pytest.mark.parametrize("number", [0, 7, 99])
def test_all_but_the_one(number: int) -> None:
    more = {**named("a", 100), **named("b", 3)}
    fit, tries = found(more, {("a", f"t{number}")})
    assert fit.keys() == more.keys() - {("a", f"t{number}")}
    assert tries <= 16


def test_a_server_of_which_nothing_fits_costs_the_others_nothing() -> None:
    more = {**named("bad", 1000), **named("good", 1000)}
    fit, tries = found(more, set(named("bad", 1000)))
    assert fit == named("good", 1000)
    assert tries == MOST_TRIES + 1


def test_what_is_said_anew_goes_before_what_was_known() -> None:
    known = {("a", "t0"): -1, ("a", "t9"): -1}
    assert found({("a", "t0"): 5}, set(), known)[0] == {("a", "t0"): 5}
    assert found({("a", "t0"): 5, ("a", "t1"): 6}, {("a", "t0")}, known)[0] == {("a", "t1"): 6}
    assert found({}, set()) == ({}, 0)
