import pytest

from doorward.core.decision import ALLOW, Reason
from doorward.core.identity import Principal
from doorward.gateway import leases as module
from doorward.gateway.leases import AGAIN, BYTES, IDLE, WINDOW, Leases, Share, Wish, share
from doorward.stages.limit import RATE

NOW = 60_000.0  # the first second of a minute
ME = Principal("agent:a", "agent:a").key


class Pool:
    """The store, in memory."""

    def __init__(self) -> None:
        self.taken: dict[tuple[str, int], int] = {}

    def lease(self, wish: Wish) -> int:
        at = (wish.row, wish.window)
        taken = self.taken.get(at, 0)
        given = max(wish.want, -taken) if wish.want < 0 else min(wish.want, max(0, wish.most - taken))
        self.taken[at] = taken + given
        return given


def settle(pool: Pool, leases: Leases, now: float) -> list[Wish]:
    wishes = leases.wishes(now)
    for wish in wishes:
        leases.given(wish, pool.lease(wish), now)
    return wishes


def calls(leases: Leases, many: int, per_minute: int, now: float, tool: str = "t") -> int:
    return sum(leases.allow(ME, "crm", tool, per_minute, now) is ALLOW for _ in range(many))


# -- the arithmetic


@pytest.mark.parametrize(
    ("per_minute", "workers", "found"),
    [
        (600, 2, Share(30, 600, 75)),
        (20, 2, Share(1, 20, 2)),
        (19, 2, Share(1, 18, 2)),  # 18 + 2 = 19 + 1
        (10, 2, Share(1, 9, 1)),  # 9 + 2 = 10 + 1
        (5, 2, Share(1, 3, 1)),
        (2, 2, Share(1, 0, 1)),
        (1, 2, Share(0, 1, 1)),
    ],
)
def test_how_a_limit_is_divided(per_minute: int, workers: int, found: Share) -> None:
    assert share(per_minute, workers) == found


@pytest.mark.parametrize("workers", [2, 3, 4, 16])
def test_credits_and_pool_are_never_more_than_a_tenth_over(workers: int) -> None:
    for per_minute in range(1, 1000):
        part = share(per_minute, workers)
        assert part.pool >= 0
        assert per_minute * 10 // 11 <= part.pool + workers * part.credit <= per_minute * 1.1


# -- one worker


def test_one_worker_is_exact_and_asks_nobody() -> None:
    leases = Leases()
    assert calls(leases, 20, 10, NOW) == 10
    assert leases.allow(ME, "crm", "t", 10, NOW).rules == RATE.rules
    assert calls(leases, 5, 10, NOW + 6) == 1
    assert calls(leases, 50, 10, NOW + 600) == 10
    assert leases.wishes(NOW) == []


def test_a_clock_that_goes_back_gives_nothing_and_takes_nothing() -> None:
    leases = Leases()
    assert calls(leases, 6, 10, NOW) == 6
    assert calls(leases, 20, 10, NOW - 3600) == 4


def test_each_caller_server_and_tool_has_a_limit_of_its_own() -> None:
    leases = Leases()
    you = Principal("agent:b", "agent:b").key
    for owner, server, tool in ((ME, "crm", "t"), (you, "crm", "t"), (ME, "files", "t"), (ME, "crm", "u")):
        assert leases.allow(owner, server, tool, 1, NOW) is ALLOW
        assert leases.allow(owner, server, tool, 1, NOW).rules == RATE.rules


def test_no_two_keys_agree_whatever_a_tool_is_called() -> None:
    leases = Leases()
    assert leases.allow("\0a\0b", "crm", "t", 1, NOW) is ALLOW
    assert leases.allow("\0a\0", "b", "crm\0t", 1, NOW) is ALLOW
    long = "x" * 100_000
    assert leases.allow(ME, "crm", long + "a", 1, NOW) is ALLOW
    assert leases.allow(ME, "crm", long + "b", 1, NOW) is ALLOW
    assert leases.allow(ME, "crm", long + "b", 1, NOW).rules == RATE.rules
    assert leases.allow(ME, "crm", "\ud800" * 300, 1, NOW) is ALLOW


@pytest.mark.parametrize("workers", [1, 2])
def test_memory_is_bounded_however_many_tools_are_named(monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    monkeypatch.setattr(module, "_KEPT", 50)
    leases = Leases(workers)
    for number in range(200):
        leases.allow(ME, "crm", f"t{number}", 100, NOW)
    assert len(leases._exact) + len(leases._held) == 50


# -- bytes


def test_bytes_have_a_limit_of_their_own_and_pass_whole_or_not() -> None:
    leases = Leases()
    assert leases.allow_bytes(ME, "crm", "t", 700, 1000, NOW) is ALLOW
    refused = leases.allow_bytes(ME, "crm", "t", 301, 1000, NOW)
    assert refused.rules == BYTES.rules
    assert (refused.reason, refused.rules) == (Reason.LIMIT_RATE, ("bytes_per_minute",))
    assert leases.allow_bytes(ME, "crm", "t", 300, 1000, NOW) is ALLOW
    assert leases.allow(ME, "crm", "t", 1, NOW) is ALLOW


def test_what_has_passed_is_paid_by_the_next_minutes() -> None:
    leases = Leases()
    leases.passed(ME, "crm", "t", 2000, 1000, NOW)
    assert leases.allow_bytes(ME, "crm", "t", 1, 1000, NOW + 59).rules == BYTES.rules
    assert leases.allow_bytes(ME, "crm", "t", 1, 1000, NOW + 61) is ALLOW


def test_what_has_passed_is_a_debt_between_workers_too() -> None:
    pool, leases = Pool(), Leases(2)
    leases.passed(ME, "crm", "t", 5000, 1000, NOW)
    for minute in range(5):
        settle(pool, leases, NOW + 60 * minute)
        assert leases.allow_bytes(ME, "crm", "t", 300, 1000, NOW + 60 * minute).rules == BYTES.rules
    assert (
        leases.allow_bytes(ME, "crm", "t", 300, 1000, NOW + 300).rules == BYTES.rules
    )  # nothing is owed, nothing leased yet
    settle(pool, leases, NOW + 300)
    assert leases.allow_bytes(ME, "crm", "t", 300, 1000, NOW + 301) is ALLOW


def test_a_message_larger_than_a_block_is_leased_whole() -> None:
    pool, leases = Pool(), Leases(4)
    assert leases.allow_bytes(ME, "crm", "t", 900, 1000, NOW).rules == BYTES.rules
    settle(pool, leases, NOW)
    assert leases.allow_bytes(ME, "crm", "t", 900, 1000, NOW + 1) is ALLOW


# -- several workers


def test_the_first_calls_need_no_lease_and_ask_for_one() -> None:
    woken: list[int] = []
    leases = Leases(2, lambda: woken.append(1))
    assert calls(leases, 31, 600, NOW) == 30
    assert woken
    (wish,) = leases.wishes(NOW)
    assert (wish.want, wish.most, wish.window) == (75 + 30, 600, 1000)


def test_workers_together_keep_the_limit() -> None:
    pool, workers = Pool(), [Leases(2), Leases(2)]
    passed = 0
    for step in range(600):
        now = NOW + step * 0.05
        for leases in workers:
            passed += calls(leases, 2, 100, now)
            settle(pool, leases, now)
    assert 100 <= passed <= 110


def test_one_worker_alone_can_use_the_whole_limit() -> None:
    pool, busy, idle = Pool(), Leases(2), Leases(2)
    assert calls(idle, 1, 100, NOW) == 1
    settle(pool, idle, NOW)  # leases a block that it will not need
    passed = 0
    for step in range(590):
        now = NOW + step * 0.1
        passed += calls(busy, 1, 100, now)
        settle(pool, busy, now)
        settle(pool, idle, now)
    assert passed >= 99


def test_a_debt_is_paid_in_a_later_minute() -> None:
    pool, workers = Pool(), [Leases(2), Leases(2)]
    passed = []
    for minute in range(4):
        count = 0
        for step in range(50):
            now = NOW + 60 * minute + step
            for leases in workers:
                count += calls(leases, 20, 100, now)
                settle(pool, leases, now)
        passed.append(count)
    assert passed[0] <= 110
    assert sum(passed) <= 4 * 100 + 10


def test_a_limit_under_one_call_a_worker_waits_for_its_lease() -> None:
    pool, leases = Pool(), Leases(4)
    assert leases.allow(ME, "crm", "t", 3, NOW).rules == RATE.rules
    settle(pool, leases, NOW)
    assert calls(leases, 2, 3, NOW + 1) == 1


def test_a_lease_that_comes_after_its_minute_is_lost() -> None:
    pool, leases = Pool(), Leases(2)
    leases.allow(ME, "crm", "t", 100, NOW + 59)
    (wish,) = leases.wishes(NOW + 59)
    leases.allow(ME, "crm", "t", 100, NOW + 60)
    leases.given(wish, pool.lease(wish), NOW + 60)
    assert calls(leases, 100, 100, NOW + 60) == 3  # five on credit, two of them owed already


def test_a_pool_that_is_empty_is_not_asked_at_every_call() -> None:
    pool, leases = Pool(), Leases(2)
    calls(leases, 1, 100, NOW)
    (wish,) = leases.wishes(NOW)
    leases.given(wish, 0, NOW)
    assert settle(pool, leases, NOW + AGAIN / 2) == []
    assert settle(pool, leases, NOW + AGAIN) != []


def test_what_nobody_uses_is_given_back_once() -> None:
    pool, leases = Pool(), Leases(2)
    calls(leases, 1, 100, NOW)
    settle(pool, leases, NOW)
    assert [wish.want for wish in settle(pool, leases, NOW + IDLE)] == [-12]
    assert settle(pool, leases, NOW + IDLE) == []
    assert list(pool.taken.values()) == [1]
    assert calls(leases, 100, 100, NOW + IDLE) == 5  # credit alone


def test_a_debt_of_nobody_who_calls_is_paid_too_and_then_forgotten() -> None:
    pool, leases = Pool(), Leases(2)
    calls(leases, 5, 100, NOW + 59)
    assert [wish.want for wish in settle(pool, leases, NOW + 70)] == [5]
    assert len(leases._held) == 1
    assert settle(pool, leases, NOW + 59 + 2 * WINDOW + 1) == []
    assert len(leases._held) == 0


@pytest.mark.parametrize("tool", ["secret-tool", "tool\ud800", "tool\0"])
def test_no_caller_or_tool_is_named_in_the_store(tool: str) -> None:
    leases = Leases(2)
    leases.allow(ME, "crm", tool, 100, NOW)
    (wish,) = leases.wishes(NOW)
    assert len(wish.row) == 64
    assert "tool" not in wish.row


# -- without the store


def test_without_the_store_each_worker_keeps_to_its_part() -> None:
    workers = [Leases(4) for _ in range(4)]
    for leases in workers:
        leases.lost(NOW)
    assert [calls(leases, 50, 100, NOW) for leases in workers] == [2] * 4  # the minute of the loss: credit alone
    for minute in (1, 2, 3):
        passed = sum(calls(leases, 50, 100, NOW + 60 * minute) for leases in workers)
        assert passed <= 100
        assert passed >= 90
        assert all(leases.wishes(NOW + 60 * minute) == [] for leases in workers)


def test_when_the_store_is_back_sharing_begins_with_a_minute() -> None:
    pool, leases = Pool(), Leases(2)
    leases.lost(NOW)
    assert calls(leases, 100, 100, NOW + 60) == 50
    leases.found(NOW + 61)
    assert calls(leases, 100, 100, NOW + 62) == 0
    assert settle(pool, leases, NOW + 62) == []
    assert calls(leases, 1, 100, NOW + 120) == 1
    assert settle(pool, leases, NOW + 120) != []


def test_a_store_that_was_away_for_a_moment_changes_nothing() -> None:
    pool, leases = Pool(), Leases(2)
    leases.lost(NOW)
    leases.found(NOW + 1)
    assert calls(leases, 1, 100, NOW + 60) == 1
    assert settle(pool, leases, NOW + 60) != []


def test_a_store_that_is_lost_again_before_the_minute_is_over() -> None:
    leases = Leases(2)
    leases.lost(NOW)
    leases.found(NOW + 61)
    leases.lost(NOW + 62)
    assert calls(leases, 100, 100, NOW + 120) == 50


def test_a_refusal_says_how_long_to_wait() -> None:
    leases = Leases()
    assert leases.allow(ME, "crm", "t", 1, NOW) is ALLOW
    refused = leases.allow(ME, "crm", "t", 1, NOW + 20)
    assert refused.wait == 40
    assert leases.allow(ME, "crm", "t", 1, NOW + 20 + refused.wait) is ALLOW
    leases.passed(ME, "crm", "t", 10**9, 1000, NOW)
    assert leases.allow_bytes(ME, "crm", "t", 1, 1000, NOW).wait == 3600
    several = Leases(workers=2)
    assert 1 <= several.allow(ME, "crm", "t", 1, NOW).wait <= 61
