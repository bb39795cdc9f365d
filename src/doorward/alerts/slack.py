"""Slack's incoming webhooks: one message of blocks, with a plain text for notifications."""

from typing import Any

import msgspec

from doorward.alerts.posting import TIMEOUT, Post, address, judged, post
from doorward.alerts.rules import When, rules
from doorward.configtypes import Secret
from doorward.core.alerting import Alert, Notice, Sent

# Slack: at most 50 blocks a message, 150 characters a header, 3000 a section. The whole is refused from about 13,000 on
# (msg_blocks_too_long), which is what 10 sections of 1000 stay below.
MOST_ALERTS = 10
MOST_IN_HEADER = 150
MOST_IN_SECTION = 1000
MOST_IN_NAME = 80


class Slack:
    name = "slack"
    most = MOST_ALERTS

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """``url``: of the incoming webhook, a secret. ``when``: which records (docs/alerts.md)."""

        url: Secret
        when: When = ()

    def __init__(self, options: Options, post: Post = post) -> None:
        self._url = address(options.url)
        self._post = post
        self.rules = rules(options.when)

    def send(self, notice: Notice, at: float) -> Sent:
        body = msgspec.json.encode(message(notice))
        headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "doorward"}
        return judged(self._post(self._url, headers, body, TIMEOUT))

    def __repr__(self) -> str:
        return "Slack(****)"


def message(notice: Notice) -> dict[str, Any]:
    """The payload. Names that a caller may have chosen stand in ``plain_text`` alone, where nothing is markup."""
    title = _title(notice)
    blocks: list[dict[str, Any]] = [{"type": "header", "text": _plain(title, MOST_IN_HEADER)}]
    blocks.extend(
        {"type": "section", "text": _plain(_told(alert), MOST_IN_SECTION)} for alert in notice.alerts[:MOST_ALERTS]
    )
    if notice.lost:
        lost = f"{notice.lost} earlier alerts were lost: there were too many"
        blocks.append({"type": "context", "elements": [_plain(lost, MOST_IN_SECTION)]})
    return {"text": title, "blocks": blocks}


def _title(notice: Notice) -> str:
    calls = sum(alert.count for alert in notice.alerts)
    what = ", ".join(sorted({_what(alert) for alert in notice.alerts}))
    return _cut(f"Doorward: {calls} {'call' if calls == 1 else 'calls'}: {what}", MOST_IN_HEADER)


def _what(alert: Alert) -> str:
    """The reason; it comes from a list of ours, so it may stand where Slack reads markup."""
    return "several reasons" if alert.several else alert.reason or "findings"


def _told(alert: Alert) -> str:
    where = f"{shown(alert.tool)} on {shown(alert.server)}" if alert.tool else shown(alert.server)
    more = "more " if alert.further else ""
    lines = [f"{alert.count} {more}× {_what(alert)}" + (f": {where}" if where else "")]
    lines.append(_joined("decision", alert.decision, "mode", alert.mode, "severity", alert.severity))
    lines.extend(
        f"{label}: {', '.join(shown(name) for name in names)}"
        for label, names in (
            ("found", alert.entities),
            ("rules", alert.rules),
            ("callers", alert.identities),
            ("exchanges", alert.exchanges),
        )
        if names
    )
    lines.append(f"from {alert.first} to {alert.last}" if alert.count > 1 else f"at {alert.first}")
    return "\n".join(lines)


def _joined(*pairs: str) -> str:
    return ", ".join(f"{name} {value}" for name, value in zip(pairs[::2], pairs[1::2], strict=True) if value)


def shown(name: str) -> str:
    """A name for human eyes: what is not printable (line ends, bidi marks) is shown as a replacement character."""
    return _cut("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name), MOST_IN_NAME)


def _plain(text: str, most: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": _cut(text, most), "emoji": False}


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
