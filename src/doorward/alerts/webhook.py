"""Signed JSON to an address of your own, as the Standard Webhooks specification (v1, symmetric) writes it."""

import msgspec

from doorward.alerts.posting import TIMEOUT, Post, address, judged, post
from doorward.alerts.rules import When, rules
from doorward.configtypes import Secret
from doorward.core.alerting import Alert, Notice, Sent
from doorward.core.audit import timestamp
from doorward.outgoing import webhooks

TYPE = "doorward.alerts"
MOST_ALERTS = 50


class Data(msgspec.Struct, frozen=True):
    """The alerts, and how many were lost before for want of room."""

    alerts: tuple[Alert, ...]
    lost: int


class Body(msgspec.Struct, frozen=True):
    """The whole message: the members that the specification recommends. ``timestamp`` is when it was sent."""

    type: str
    timestamp: str
    data: Data


class Webhook:
    name = "webhook"
    most = MOST_ALERTS

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """``url``; ``secret``: ``whsec_`` and 24 to 64 bytes in base64; ``when``: which records (docs/alerts.md)."""

        url: Secret
        secret: Secret
        when: When = ()

    def __init__(self, options: Options, post: Post = post) -> None:
        self._url = address(options.url)
        self._key = webhooks.key_of(options.secret)
        self._post = post
        self.rules = rules(options.when)

    def send(self, notice: Notice, at: float) -> Sent:
        body = msgspec.json.encode(Body(TYPE, timestamp(at), Data(notice.alerts, notice.lost)))
        headers = {"Content-Type": "application/json", "User-Agent": "doorward"}
        headers |= webhooks.signed(self._key, notice.id, at, body)
        return judged(self._post(self._url, headers, body, TIMEOUT))

    def __repr__(self) -> str:
        return "Webhook(****)"
