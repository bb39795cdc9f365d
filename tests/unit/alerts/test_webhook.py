import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

import pytest

from doorward.alerts.posting import Status
from doorward.alerts.webhook import Webhook
from doorward.configtypes import InvalidConfiguration, Plugin, Refused, Secret
from doorward.core.alerting import Alert, Notice, Rule
from doorward.plugins import builder

URL = "https://alerts.example.com/in"
KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
ALERT = Alert(
    reason="policy.denied",
    severity="high",
    server="crm",
    tool="export",
    decision="allow",
    mode="warn",
    count=2,
    first="2026-01-01T00:00:00.000Z",
    last="2026-01-01T00:00:01.000Z",
    rules=("default-deny",),
    exchanges=("x1", "x2"),
)


def sent(notice: Notice, at: float) -> tuple[Mapping[str, str], bytes]:
    posted: list[tuple[Mapping[str, str], bytes]] = []

    def post(url: str, headers: Mapping[str, str], body: bytes, timeout: float) -> Status:
        assert url == URL
        posted.append((headers, body))
        return Status(200)

    assert Webhook(Webhook.Options(Secret(URL), Secret(SECRET)), post).send(notice, at).done
    return posted[0]


def test_the_body_is_of_a_constant_form() -> None:
    _, body = sent(Notice("n1", (ALERT,), 3), 1_700_000_000.5)
    assert json.loads(body) == {
        "type": "doorward.alerts",
        "timestamp": "2023-11-14T22:13:20.500Z",
        "data": {
            "alerts": [
                {
                    "reason": "policy.denied",
                    "severity": "high",
                    "server": "crm",
                    "tool": "export",
                    "decision": "allow",
                    "mode": "warn",
                    "count": 2,
                    "first": "2026-01-01T00:00:00.000Z",
                    "last": "2026-01-01T00:00:01.000Z",
                    "entities": [],
                    "rules": ["default-deny"],
                    "identities": [],
                    "exchanges": ["x1", "x2"],
                    "further": False,
                    "several": False,
                }
            ],
            "lost": 3,
        },
    }


def test_a_receiver_can_verify_it() -> None:
    """As the specification says, with nothing of ours."""
    headers, body = sent(Notice("n1", (ALERT,)), 1_700_000_000.9)
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("n1", "1700000000")
    expected = hmac.new(KEY, b"n1.1700000000." + body, hashlib.sha256).digest()
    version, _, given = headers["webhook-signature"].partition(",")
    assert version == "v1"
    assert hmac.compare_digest(base64.b64decode(given), expected)


def test_sent_again_it_keeps_its_id_and_is_signed_anew() -> None:
    (first, _), (second, _) = sent(Notice("n1", (ALERT,)), 1.0), sent(Notice("n1", (ALERT,)), 2.0)
    assert first["webhook-id"] == second["webhook-id"]
    assert first["webhook-signature"] != second["webhook-signature"]


@pytest.mark.parametrize(
    "secret",
    [
        "private",
        base64.b64encode(KEY).decode(),
        "whsec_",
        "whsec_" + base64.b64encode(KEY[:23]).decode(),
        "whsec_" + base64.b64encode(KEY * 3).decode(),
        "whsec_private!private!private!private!private!",
        "whsec_privaté",
    ],
)
def test_a_secret_of_another_form_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(Refused, match="24 to 64 bytes") as caught:
        Webhook(Webhook.Options(Secret(URL), Secret(secret)))
    assert "priv" not in f"{caught.value} {caught.value.remedy}"


def test_as_a_configuration_writes_it(tmp_path: Any) -> None:
    spec: dict[str, Any] = {"url": URL, "secret": "env:KEY", "when": {"severity": "high", "server": "crm"}}
    made = builder({"KEY": SECRET}, tmp_path)("alerts", Plugin("webhook", spec))
    assert isinstance(made, Webhook)
    assert made.rules == (Rule(severity="high", server="crm"),)
    assert SECRET not in repr(made)


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"url": URL}, ""),
        ({"url": URL, "secret": "env:KEY", "when": {"severity": "bad"}}, "when.severity"),
        ({"url": URL, "secret": "env:KEY", "when": {"count": 0}}, "when.count"),
        ({"url": URL, "secret": "env:KEY", "when": [{"found": "*"}]}, "when[0].found"),
    ],
)
def test_what_is_wrong_has_its_place(spec: dict[str, Any], path: str, tmp_path: Any) -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        builder({"KEY": SECRET}, tmp_path)("alerts", Plugin("webhook", spec))
    assert caught.value.problems[0].path == path
