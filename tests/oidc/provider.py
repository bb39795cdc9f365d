"""A real OpenID provider on a free port: npm's oidc-provider, run by the Node of `make peers`.

Its keys are made here and given to it, so that a test can sign what the provider never would.
"""

import json
import secrets
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from joserfc import jwt
from joserfc.jwk import ECKey, Key, RSAKey
from tests.peers import node, npm_bin

SCRIPT = Path(__file__).resolve().parent / "provider.mjs"
PERSON = "ada"
STOP = 10.0

Algorithm = Literal["ES256", "RS256"]
Claims = dict[str, Any]


def new_keys() -> dict[Algorithm, Key]:
    """One private key for each algorithm, each with a `kid` of its own."""
    return {
        "ES256": ECKey.generate_key("P-256", {"kid": "elliptic", "use": "sig", "alg": "ES256"}, private=True),
        "RS256": RSAKey.generate_key(2048, {"kid": "rivest", "use": "sig", "alg": "RS256"}, private=True),
    }


def machine(client_id: str, secret: str, scopes: Sequence[str]) -> Claims:
    """The registration of a client that acts for itself."""
    return {
        "client_id": client_id,
        "client_secret": secret,
        "grant_types": ["client_credentials"],
        "response_types": [],
        "redirect_uris": [],
        **({"scope": " ".join(scopes)} if scopes else {}),  # an empty one is no client's metadata
    }


class Provider:
    """A running provider: its `issuer`, its private `keys`, the `algorithm` that it signs with."""

    def __init__(self, issuer: str, keys: Mapping[Algorithm, Key], algorithm: Algorithm, lifetime: int) -> None:
        self.issuer = issuer
        self.keys = keys
        self.algorithm = algorithm
        self.lifetime = lifetime

    def claims(self, resource: str, /, **changes: Any) -> Claims:
        """What its access token for `resource` holds (RFC 9068); a change to None leaves a claim out."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": PERSON,
            "aud": resource,
            "client_id": "a-client",
            "iat": now,
            "exp": now + self.lifetime,
            "jti": secrets.token_urlsafe(12),
        }
        return {name: value for name, value in {**claims, **changes}.items() if value is not None}

    def sign(self, claims: Claims, **header: Any) -> str:
        """A token as the provider signs it; `header` is laid over the usual one."""
        key = self.keys[self.algorithm]
        return jwt.encode({"typ": "at+jwt", "alg": self.algorithm, "kid": key.kid, **header}, claims, key)


@contextmanager
def running_provider(
    log: Path,
    *,
    scopes: Sequence[str] = (),
    advertised: Sequence[str] | None = ("openid", "offline_access"),
    clients: Sequence[Claims] = (),
    groups: Sequence[str] = (),
    algorithm: Algorithm = "ES256",
    lifetime: int = 300,
    path: str = "",
) -> Iterator[Provider]:
    """A provider for as long as the block lasts.

    It knows every resource, and `scopes` at each; its metadata name the `advertised` ones (None: they do not say).
    Access tokens live for `lifetime` seconds. `path` becomes part of the issuer. Its stderr goes to `log`.
    """
    keys = new_keys()
    setting = {
        "advertised": advertised,
        "algorithm": algorithm,
        "clients": list(clients),
        "cookieKey": secrets.token_urlsafe(16),
        "groups": list(groups),
        "keys": [key.as_dict(private=True) for key in keys.values()],
        "lifetime": lifetime,
        "path": path,
        "person": PERSON,
        "scopes": list(scopes),
    }
    command = [str(node()), str(SCRIPT), str(npm_bin("oidc-provider", "lib/index.js"))]
    with (
        log.open("ab") as errors,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(setting).encode() + b"\n")
            process.stdin.flush()
            issuer = process.stdout.readline().decode().strip()
            assert issuer.startswith("http"), f"the provider did not start:\n{log.read_text(errors='replace')}"
            yield Provider(issuer, keys, algorithm, lifetime)
        finally:
            process.stdin.close()
            try:
                process.wait(STOP)
            except subprocess.TimeoutExpired:
                process.kill()
