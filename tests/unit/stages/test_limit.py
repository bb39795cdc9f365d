from hypothesis import given
from hypothesis import strategies as st

from doorward.core.decision import ALLOW
from doorward.stages.limit import RATE, Bucket, source, take


def test_a_minute_holds_its_calls_and_refills_evenly() -> None:
    bucket: Bucket | None = None
    for _ in range(6):
        bucket, decision = take(bucket, 6, 100.0)
        assert decision is ALLOW
    bucket, decision = take(bucket, 6, 100.0)
    assert decision is RATE
    bucket, decision = take(bucket, 6, 109.9)
    assert decision is RATE
    bucket, decision = take(bucket, 6, 110.0)
    assert decision is ALLOW


def test_a_rest_fills_it_to_the_brim_and_no_further() -> None:
    bucket, _ = take(None, 3, 0.0)
    bucket, _ = take(bucket, 3, 10_000.0)
    assert bucket.left == 2.0


@given(st.integers(1, 100), st.lists(st.floats(0, 5), max_size=200))
def test_no_window_ever_gets_more_than_its_share(per_minute: int, waits: list[float]) -> None:
    bucket: Bucket | None = None
    now, allowed = 0.0, 0
    for wait in waits:
        now += wait
        bucket, decision = take(bucket, per_minute, now)
        allowed += decision is ALLOW
    assert allowed <= per_minute * (1 + now / 60) + 1e-6


def test_addresses_that_one_host_may_use_are_one_source() -> None:
    assert source("2001:db8::1") == source("2001:db8:0:0:ffff::2") != source("2001:db8:0:1::1")
    assert source("::ffff:192.0.2.1") == source("192.0.2.1") != source("192.0.2.2")
    assert source("") == ""
    assert len(source("x" * 1000)) == 64
