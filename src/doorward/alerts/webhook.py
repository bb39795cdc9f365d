"""Signed JSON to an address of your own, as the Standard Webhooks specification (v1, symmetric) writes it."""

import base64
import hmac

import msgspec

from doorward.alerts.posting import TIMEOUT, Post, address, judged, post
from doorward.alerts.rules import When, rules
from doorward.configtypes import Refused, Secret
from doorward.core.alerting import Alert, Notice, Sent
from doorward.core.audit import timestamp

TYPE = "doorward.alerts"
MOST_ALERTS = 50
SECRET_PREFIX = "whsec_"


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
        self._key = _key(options.secret)
        self._post = post
        self.rules = rules(options.when)

    def send(self, notice: Notice, at: float) -> Sent:
        body = msgspec.json.encode(Body(TYPE, timestamp(at), Data(notice.alerts, notice.lost)))
        moment = str(int(at))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "doorward",
            "webhook-id": notice.id,
            "webhook-timestamp": moment,
            "webhook-signature": signature(self._key, notice.id, moment, body),
        }
        return judged(self._post(self._url, headers, body, TIMEOUT))

    def __repr__(self) -> str:
        return "Webhook(****)"


def signature(key: bytes, notice_id: str, moment: str, body: bytes) -> str:
    """``v1,`` and the base64 of HMAC-SHA-256 over ``ID.TIMESTAMP.BODY`` (Standard Webhooks, "Signature scheme")."""
    signed = b".".join((notice_id.encode(), moment.encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def _key(secret: Secret) -> bytes:
    text = secret.reveal()
    try:
        key = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except ValueError:
        key = b""
    if not text.startswith(SECRET_PREFIX) or not 24 <= len(key) <= 64:
        raise Refused(
            "the secret is not whsec_ and 24 to 64 bytes in base64", 'make one: echo "whsec_$(openssl rand -base64 32)"'
        )
    return key
