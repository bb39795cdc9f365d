"""How often one may ask, and fail."""

from doorward.control.oauth import attempts
from doorward.control.oauth.attempts import CLIENT, REQUESTS, Attempts


def test_failures_of_an_address_stop_it_for_a_while() -> None:
    counted = Attempts(3)
    for _ in range(3):
        assert counted.request("192.0.2.1", 0.0) == 0.0
        counted.failed("192.0.2.1", "", 0.0)
    assert counted.request("192.0.2.1", 0.0) == 20.0
    assert counted.request("192.0.2.2", 0.0) == 0.0
    assert counted.request("192.0.2.1", 20.0) == 0.0


def test_one_address_alone_cannot_lock_a_client_out() -> None:
    counted = Attempts(3)
    for _ in range(3):
        counted.failed("192.0.2.1", "agent:a", 0.0)
    assert counted.request("192.0.2.1", 0.0) > 0
    assert counted.client("agent:a", 0.0) == 0.0
    for number in range(3 * CLIENT - 3):
        counted.failed(f"192.0.2.{number}", "agent:a", 0.0)
    assert counted.client("agent:a", 0.0) > 0
    assert counted.client("agent:b", 0.0) == 0.0


def test_requests_that_succeed_are_counted_too() -> None:
    counted = Attempts(3)
    assert [counted.request("192.0.2.1", 0.0) for _ in range(3 * REQUESTS)] == [0.0] * 3 * REQUESTS
    assert counted.request("192.0.2.1", 0.0) == 1.0
    assert [counted.client("agent:a", 0.0) for _ in range(3 * REQUESTS)] == [0.0] * 3 * REQUESTS
    assert counted.client("agent:a", 0.0) == 1.0


def test_a_network_of_ipv6_is_one_caller() -> None:
    counted = Attempts(1)
    counted.failed("2001:db8::1", "", 0.0)
    assert counted.request("2001:db8::ffff", 0.0) > 0
    assert counted.request("2001:db8:0:1::1", 0.0) == 0.0
    counted.failed("::ffff:192.0.2.1", "", 0.0)
    assert counted.request("::ffff:192.0.2.2", 0.0) == 0.0


def test_memory_is_bounded() -> None:
    counted = Attempts(1)
    for number in range(attempts.MOST + 50):
        counted.failed(f"name {number}", "", 0.0)
    assert len(counted._buckets) == attempts.MOST
    assert counted.request(f"name {attempts.MOST + 49}", 0.0) > 0
