"""What a Standard Webhook (v1, symmetric) is signed with, and the header fields that say so."""

import base64
import hmac

from doorward.configtypes import Refused, Secret

SECRET_PREFIX = "whsec_"


def key_of(secret: Secret) -> bytes:
    """The key in ``whsec_…``: 24 to 64 bytes in base64. Raises ``Refused``."""
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


def signed(key: bytes, identifier: str, at: float, body: bytes) -> dict[str, str]:
    """The fields that go with ``body``. ``at``: seconds since 1970; of one ``identifier`` a receiver takes one."""
    moment = str(int(at))
    return {
        "webhook-id": identifier,
        "webhook-timestamp": moment,
        "webhook-signature": signature(key, identifier, moment, body),
    }


def signature(key: bytes, identifier: str, moment: str, body: bytes) -> str:
    """``v1,`` and the base64 of HMAC-SHA-256 over ``ID.TIMESTAMP.BODY`` (Standard Webhooks, "Signature scheme")."""
    content = b".".join((identifier.encode(), moment.encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode()
