from hypothesis import given
from hypothesis import strategies as st

from doorward.core.decision import ALLOW
from doorward.core.snapshot import Limits
from doorward.gateway import flow as flow_module
from doorward.gateway.flow import Flow

LIMITS = Limits(in_flight=4, in_flight_per_identity=2, streams_per_identity=1)


def test_room_for_one_caller_and_for_all() -> None:
    flow = Flow()
    assert [flow.enter("a", LIMITS) is ALLOW for _ in range(3)] == [True, True, False]
    assert [flow.enter(owner, LIMITS) is ALLOW for owner in ("b", "b", "c")] == [True, True, False]
    flow.leave("a")
    assert flow.enter("c", LIMITS) is ALLOW
    assert flow.enter("a", LIMITS).reason == "limit.overload"


def test_streams_have_their_own_count() -> None:
    flow = Flow()
    assert flow.open("a", LIMITS) is ALLOW
    assert flow.open("a", LIMITS).reason == "limit.streams"
    assert flow.open("b", LIMITS) is ALLOW
    flow.shut("a")
    assert flow.open("a", LIMITS) is ALLOW
    assert (flow.calls, flow.streams) == (0, 2)


def test_each_address_has_its_own_minute_for_bad_tokens() -> None:
    flow = Flow()
    assert flow.may_try("a", 1, 0.0) is ALLOW
    assert flow.may_try("a", 1, 0.0) is ALLOW  # asking costs nothing
    flow.failed("a", 1, 0.0)
    assert flow.may_try("a", 1, 1.0).reason == "limit.rate"
    assert flow.may_try("b", 1, 1.0) is ALLOW
    assert flow.may_try("a", 1, 61.0) is ALLOW


def test_addresses_that_were_here_last_go_last(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(flow_module, "_BUCKETS", 2)
    flow = Flow()
    for client in ("a", "b", "a", "c"):
        flow.failed(client, 10, 0.0)
    assert list(flow._failures) == ["a", "c"]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=60))
def test_what_comes_in_and_goes_out_leaves_nothing(steps: list[tuple[str, bool]]) -> None:
    flow = Flow()
    inside: list[str] = []
    for owner, leaving in steps:
        if leaving and inside:
            flow.leave(inside.pop())
        elif flow.enter(owner, LIMITS) is ALLOW:
            inside.append(owner)
        assert flow.calls == len(inside) <= 4
        assert all(inside.count(owner) <= 2 for owner in inside)
    for owner in inside:
        flow.leave(owner)
    assert flow.calls == 0
    assert flow._calls == {}
