from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest

from doorward.core.audit import timestamp
from doorward.shipping.sampling import MOST_SERVERS, FirstCalls, Sampling, chain, kept, low_risk

BEGAN = 1_790_000_000.0
DAY = 86400.0

CALL: dict[str, Any] = {
    "kind": "exchange",
    "phase": "outcome",
    "method": "tools/call",
    "mcp_server": "crm",
    "tool_name": "get",
    "decision": "allow",
    "sensitivity": "medium",
    "exchange_id": "e",
    "upstream_status": 200,
}


def sampling(keep: float = 0.1, seed: int = 0, **more: Any) -> Sampling:
    settings = {"after": 90 * DAY, "keep": keep, "key": sha256(b"%d" % seed).digest(), "read_only": lambda *_: True}
    return Sampling(**settings | more)


def test_estimates_from_weights_are_unbiased() -> None:
    """Over many keys the mean of the estimates is the count: within four standard errors of what chance does."""
    random, keys = Random(9), 600
    sizes = {f"{random.getrandbits(128):032x}": random.randint(1, 5) for _ in range(100)}
    calls = [{**CALL, "trace_id": trace} for trace in sizes]
    for keep in (0.05, 1 / 3):
        estimates = []
        for seed in range(keys):
            how = sampling(keep, seed)
            estimates.append(sum(how.weight(call, BEGAN + 91 * DAY, BEGAN) * sizes[call["trace_id"]] for call in calls))
        deviation = (sum(size**2 for size in sizes.values()) * (1 - keep) / keep / keys) ** 0.5
        assert abs(sum(estimates) / keys - sum(sizes.values())) < 4 * deviation
        assert 0.8 < (sum((e - sum(sizes.values())) ** 2 for e in estimates) / keys**2) ** 0.5 / deviation < 1.2


def test_the_part_that_is_kept_is_the_part_asked_for() -> None:
    how = sampling(0.1)
    weights = [how.weight({**CALL, "exchange_id": str(n)}, BEGAN + 91 * DAY, BEGAN) for n in range(20_000)]
    assert set(weights) == {0.0, 10.0}
    assert 1800 < sum(weight > 0 for weight in weights) < 2200


def test_chains_are_whole_and_the_same_for_everyone() -> None:
    records = [{**CALL, "trace_id": f"{n // 7}", "exchange_id": f"{n}", "tool_name": f"t{n % 3}"} for n in range(700)]
    for keep in (0.1, 0.5):
        decided = [sampling(keep).weight(record, BEGAN + 91 * DAY, BEGAN) for record in records]
        assert decided == [sampling(keep).weight(record, BEGAN + 91 * DAY, BEGAN) for record in records]
        for trace in range(100):
            assert len(set(decided[trace * 7 : trace * 7 + 7])) == 1
        assert len(set(decided)) == 2


def test_nobody_can_tell_without_the_key() -> None:
    drawn = [[kept(sha256(b"%d" % seed).digest(), f"{n}", 0.5) for n in range(64)] for seed in range(2)]
    assert drawn[0] != drawn[1]


def test_whoever_keeps_a_tenth_keeps_it_when_it_is_a_fifth() -> None:
    key = sha256(b"k").digest()
    for n in range(500):
        assert kept(key, f"{n}", 0.2) or not kept(key, f"{n}", 0.1)


def test_a_chain_is_its_trace_or_else_its_exchange() -> None:
    assert chain({"trace_id": "t", "exchange_id": "e"}) == "t"
    assert chain({"trace_id": "", "exchange_id": "e"}) == "e"


def test_everything_until_the_time_is_over() -> None:
    how = sampling(0.0)
    assert how.weight(CALL, BEGAN + 90 * DAY - 0.001, BEGAN) == 1.0
    assert how.weight(CALL, BEGAN + 90 * DAY, BEGAN) == 0.0
    assert how.weight(CALL, BEGAN + 91 * DAY, None) == 1.0


def test_all_or_nothing() -> None:
    assert sampling(1.0).weight(CALL, BEGAN + 91 * DAY, BEGAN) == 1.0
    assert sampling(0.0).weight(CALL, BEGAN + 91 * DAY, BEGAN) == 0.0


def test_tools_that_do_not_only_read_are_always_kept() -> None:
    asked = []
    how = sampling(0.0, read_only=lambda server, tool: bool(asked.append((server, tool))))
    assert how.weight(CALL, BEGAN + 91 * DAY, BEGAN) == 1.0
    assert asked == [("crm", "get")]


@pytest.mark.parametrize(
    "more",
    [
        {"kind": "message"},
        {"kind": "admin"},
        {"phase": ""},
        {"phase": "signed"},
        {"method": "resources/read"},
        {"method": None},
        {"tool_name": None},
        {"decision": "deny"},
        {"decision": "redact"},
        {"decision": "error"},
        {"decision": "something new"},
        {"reason": "policy.denied"},
        {"would_have": "redact"},
        {"override": "ovr-1"},
        {"sensitivity": "high"},
        {"sensitivity": "critical"},
        {"findings": [{"entity": "US_SSN"}]},
        {"entities": {"US_SSN": 1}},
        {"pii_redacted": True},
        {"redaction_count": 1},
        {"uninspected": 1},
        {"upstream_status": 500},
        {"upstream_status": 404},
        {"upstream_status": "200"},
    ],
)
def test_what_is_always_kept(more: dict[str, Any]) -> None:
    assert not low_risk({**CALL, **more})
    assert sampling(0.0).weight({**CALL, **more}, BEGAN + 91 * DAY, BEGAN) == 1.0


@pytest.mark.parametrize(
    "more", [{}, {"sensitivity": "low"}, {"sensitivity": ""}, {"upstream_status": None}, {"findings": [], "reason": ""}]
)
def test_what_has_little_risk(more: dict[str, Any]) -> None:
    assert low_risk({**CALL, **more})


def test_first_calls_are_kept(tmp_path: Path) -> None:
    calls = FirstCalls(tmp_path / "first")
    assert calls.seen("crm", BEGAN + 5.25) == BEGAN + 5.25
    assert calls.seen("crm", BEGAN + 7) == BEGAN + 5.25
    assert calls.seen("crm", BEGAN + 1.007) == BEGAN + 1.007  # of a writer that was read later
    assert calls.seen("hr", BEGAN + 2) == BEGAN + 2
    calls.save()
    again = FirstCalls(tmp_path / "first")
    assert again.seen("crm", BEGAN + 9) == BEGAN + 1.007
    assert (tmp_path / "first").read_text() == (
        f'{{"crm":"{timestamp(BEGAN + 1.0075)}","hr":"{timestamp(BEGAN + 2)}"}}\n'
    )
    (tmp_path / "first").unlink()
    again.save()
    assert not (tmp_path / "first").exists()  # nothing new, so nothing is written


def test_damaged_first_calls_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "first").write_bytes(b'{"crm": 7}')
    assert FirstCalls(tmp_path / "first").seen("crm", BEGAN) == BEGAN
    assert "cannot be read" in caplog.text


def test_servers_beyond_count_are_not_remembered(tmp_path: Path) -> None:
    calls = FirstCalls(tmp_path / "first")
    for number in range(MOST_SERVERS):
        calls.seen(str(number), BEGAN)
    assert calls.seen("one more", BEGAN) is None
    assert calls.seen("7", BEGAN) == BEGAN
