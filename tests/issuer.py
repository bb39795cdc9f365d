"""An identity provider for tests: keys made at run time, tokens, and what it publishes."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

NOW = 1_800_000_000.0
ISSUER = "https://idp.example.com"


def encoded(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def compact(header: Mapping[str, Any], claims: Mapping[str, Any] | bytes, key: Key | None) -> bytes:
    """A JWS, whatever its header says; without a key the signature is one byte of nothing."""
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    signed = encoded(json.dumps(header).encode()) + b"." + encoded(payload)
    signature = b"\0" if key is None else JWSRegistry.algorithms[header["alg"]].sign(signed, key)
    return signed + b"." + encoded(signature)


def claims(**more: Any) -> dict[str, Any]:
    """What a good access token says, with ``more``; None takes a claim out."""
    made: dict[str, Any] = {
        "iss": ISSUER,
        "sub": "alice",
        "aud": ["https://gw.example.com/mcp/crm"],
        "client_id": "app",
        "exp": int(NOW) + 600,
        "iat": int(NOW),
        "jti": "t-1",
        "scope": "openid crm:find",
    }
    made.update(more)
    return {name: value for name, value in made.items() if value is not None}


class Provider:
    """One issuer with one signing key at a time."""

    def __init__(self, issuer: str = ISSUER) -> None:
        self.issuer = issuer
        self.jwks_uri = f"{issuer}/keys"
        self.keys: dict[str, Key] = {}
        self.kid = ""
        self.rotate("k-1")

    def rotate(self, kid: str, kind: str = "EC", *, keep: bool = True) -> Key:
        """Sign with a new key from now on."""
        made: dict[str, Any] = {"EC": (ECKey, "P-256"), "RSA": (RSAKey, 2048), "OKP": (OKPKey, "Ed25519")}
        maker, size = made[kind]
        self.keys = {**(self.keys if keep else {}), kid: maker.generate_key(size)}
        self.kid = kid
        return self.keys[kid]

    def token(self, header: Mapping[str, Any] | None = None, **more: Any) -> bytes:
        """A signed token; ``header`` replaces or (None) removes members, ``more`` does so with claims."""
        algorithm = {"EC": "ES256", "RSA": "RS256", "OKP": "EdDSA"}[self.keys[self.kid].key_type]
        head = {"alg": algorithm, "kid": self.kid, "typ": "at+jwt", **(header or {})}
        head = {name: value for name, value in head.items() if value is not None}
        return compact(head, claims(**{"iss": self.issuer, **more}), self.keys[self.kid])

    def jwks(self) -> dict[str, Any]:
        return {"keys": [{**key.as_dict(private=False), "kid": kid, "use": "sig"} for kid, key in self.keys.items()]}

    def metadata(self) -> dict[str, Any]:
        return {"issuer": self.issuer, "jwks_uri": self.jwks_uri, "token_endpoint": f"{self.issuer}/token"}
