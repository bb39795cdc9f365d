"""What tests of grants need: keys, agents, forms, signed assertions. No secret is in here: all is made on the spot."""

import base64
import hmac
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from joserfc import jws
from joserfc.jwk import ECKey, JWKRegistry, Key

from doorward.config import Agent
from doorward.configtypes import Reference
from doorward.control.keys.own_keys import Pair
from doorward.control.keys.signing import SigningKeys
from doorward.control.oauth.clients import Client, compile_clients

ISSUER = "https://mcp.example.com"
URLS = {name: f"{ISSUER}/mcp/{name}" for name in ("hubspot", "files", "crm")}
NOW = 1_800_000_000.0
HASHING = secrets.token_bytes(32)
SECRET = secrets.token_urlsafe(24)
FORM = (b"content-type", b"application/x-www-form-urlencoded")

SALES = "agent:sales"
HELPER = "agent:helper"


def keys(directory: Path, algorithm: str = "ES256", now: float = NOW) -> SigningKeys:
    return SigningKeys(directory / "keys", rotate=30 * 86400.0, algorithm=algorithm, now=now)


def with_secret(name: str, servers: Mapping[str, tuple[str, ...]], **more: Any) -> Client:
    """An agent with ``SECRET``, compiled as the configuration would be."""
    agent = Agent(id=name, secret=Reference.parse("env:SECRET"), servers=dict(servers), **more)
    return compile_clients([agent], hashing=HASHING, environ={"SECRET": SECRET}, base_dir=Path())[name]


def basic(client_id: str, secret: str = SECRET) -> tuple[bytes, bytes]:
    joined = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return b"authorization", b"Basic " + base64.b64encode(joined.encode())


def body(**parameters: str | list[str]) -> bytes:
    return urlencode(parameters, doseq=True).encode()


def signed(claims: Mapping[str, Any], key: Key | bytes, algorithm: str = "ES256", **header: Any) -> str:
    """A JWT with whatever header; no library looks at it. A ``key`` of bytes is for HMAC."""
    opening = unsigned(claims, **{"alg": algorithm, **header}).rstrip(".").encode()
    if isinstance(key, bytes):
        signature = hmac.digest(key, opening, "sha256")
    else:
        signature = jws.JWSRegistry.algorithms[algorithm].sign(opening, key)
    return f"{opening.decode()}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def of_joserfc(pair: Pair) -> Key:
    """One of our own pairs, as the other library has it."""
    return JWKRegistry.import_key(pair.der(), pair.public["kty"])


def ec_key() -> ECKey:
    return ECKey.generate_key("P-256")


def unsigned(claims: Mapping[str, Any], **header: Any) -> str:
    """``alg: none``: a header, claims, and no signature."""
    parts = (msgspec.json.encode({"alg": "none", **header}), msgspec.json.encode(claims))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."
