import json
from collections.abc import Mapping
from typing import Any

import pytest
from tests.hooks import slack_fault

from doorward.alerts.posting import Status
from doorward.alerts.slack import MOST_ALERTS, Slack, message, shown
from doorward.configtypes import Plugin, Refused, Secret
from doorward.core.alerting import Alert, Notice, Rule
from doorward.plugins import builder

URL = "https://hooks.example.com/services/" + "private"


def alert(**members: Any) -> Alert:
    usual: dict[str, Any] = {
        "reason": "pii.blocked",
        "severity": "high",
        "server": "crm",
        "tool": "export",
        "decision": "deny",
        "mode": "enforce",
        "count": 3,
        "first": "2026-01-01T00:00:00.000Z",
        "last": "2026-01-01T00:00:59.000Z",
        "entities": ("US_SSN",),
        "rules": ("no-ssn",),
        "identities": ("agent:sales",),
        "exchanges": ("x1", "x2"),
    }
    return Alert(**{**usual, **members})


def texts(payload: dict[str, Any]) -> list[str]:
    return [block["text"]["text"] for block in payload["blocks"] if "text" in block]


def test_one_alert() -> None:
    payload = message(Notice("n1", (alert(),)))
    assert slack_fault(payload) == ""
    assert payload["text"] == "Doorward: 3 calls: pii.blocked"
    assert texts(payload) == [
        "Doorward: 3 calls: pii.blocked",
        "3 × pii.blocked: export on crm\n"
        "decision deny, mode enforce, severity high\n"
        "found: US_SSN\n"
        "rules: no-ssn\n"
        "callers: agent:sales\n"
        "exchanges: x1, x2\n"
        "from 2026-01-01T00:00:00.000Z to 2026-01-01T00:00:59.000Z",
    ]


def test_findings_without_a_reason_and_calls_without_a_tool() -> None:
    bare = alert(reason="", tool="", severity="", count=1, entities=(), rules=(), identities=(), exchanges=())
    title, told = texts(message(Notice("n1", (bare,))))
    assert title == "Doorward: 1 call: findings"
    assert told == "1 × findings: crm\ndecision deny, mode enforce\nat 2026-01-01T00:00:00.000Z"


def test_further_and_several() -> None:
    told = texts(message(Notice("n1", (alert(further=True, several=True, server="", tool="", reason=""),))))[1]
    assert told.startswith("3 more × several reasons\n")


def test_what_was_lost_is_said() -> None:
    payload = message(Notice("n1", (alert(),), lost=4))
    assert slack_fault(payload) == ""
    assert payload["blocks"][-1]["elements"][0]["text"] == "4 earlier alerts were lost: there were too many"


def test_the_longest_message_keeps_slacks_limits() -> None:
    long = "\N{GRINNING FACE}" * 256
    most = alert(
        tool=long,
        server="s" * 63,
        entities=tuple(f"{number}{long}" for number in range(100)),
        rules=(long,) * 5,
        identities=(long,) * 5,
        exchanges=(long,) * 5,
    )
    notice = Notice("n1", tuple(alert(reason=f"pii.{number}{'x' * 90}") for number in range(9)) + (most,) * 50, lost=9)
    payload = message(notice)
    assert slack_fault(payload) == ""
    assert len(payload["blocks"]) == MOST_ALERTS + 2
    assert slack_fault(message(Notice("n1", (most,) * MOST_ALERTS, lost=9))) == ""


@pytest.mark.parametrize("name", ["<!channel>", "*bold* <https://example.com|click>", "a\nb", "a\u202eb", "a\x1b[31m"])
def test_a_name_that_a_caller_chose_is_never_markup(name: str) -> None:
    payload = message(Notice("n1", (alert(tool=name, identities=(name,)),)))
    assert name not in payload["text"]
    assert {block["text"]["type"] for block in payload["blocks"]} == {"plain_text"}
    assert payload["blocks"][1]["text"]["text"].count("\n") == 6


def test_what_cannot_be_seen_is_shown() -> None:
    assert shown("a\nb\u202ec\x00") == "a\ufffdb\ufffdc\ufffd"
    assert len(shown("x" * 300)) == 80


def test_it_posts_to_the_address_and_reads_the_answer() -> None:
    posted: list[tuple[str, Mapping[str, str], bytes, float]] = []

    def post(url: str, headers: Mapping[str, str], body: bytes, timeout: float) -> Status:
        posted.append((url, headers, body, timeout))
        return Status(429, 30.0)

    sent = Slack(Slack.Options(Secret(URL)), post).send(Notice("n1", (alert(),)), 0.0)
    assert (sent.done, sent.again, sent.after) == (False, True, 30.0)
    ((url, headers, body, timeout),) = posted
    assert (url, headers["Content-Type"]) == (URL, "application/json; charset=utf-8")
    assert json.loads(body) == message(Notice("n1", (alert(),)))
    assert timeout > 0


def test_its_secret_is_never_shown() -> None:
    options = Slack.Options(Secret(URL))
    assert "private" not in f"{options!r} {Slack(options)!r}"


def test_by_default_it_tells_what_alerts_by_itself() -> None:
    assert Slack(Slack.Options(Secret(URL))).rules == (Rule(),)


@pytest.mark.parametrize(
    ("when", "rules"),
    [
        ({"finding": "*"}, (Rule(finding="*"),)),
        (
            [{"reason": "auth.*", "count": 20}, {"severity": "critical"}],
            (Rule("auth.*", count=20), Rule(None, "critical")),
        ),
    ],
)
def test_as_a_configuration_writes_it(when: Any, rules: tuple[Rule, ...], tmp_path: Any) -> None:
    made = builder({"HOOK": URL}, tmp_path)("alerts", Plugin("slack", {"url": "env:HOOK", "when": when}))
    assert isinstance(made, Slack)
    assert made.rules == rules


def test_a_rule_that_can_never_match_is_refused() -> None:
    with pytest.raises(Refused, match=r"when: no reason is 'pii\.found'"):
        Slack(Slack.Options(Secret(URL), Rule(reason="pii.found")))
