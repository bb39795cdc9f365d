"""The client of the auth scenarios, with a gateway in the place of the server that the suite plays.

    python -m tests.conformance.auth_through_gateway DIRECTORY URL

The suite appends URL. Its authorization server is the gateway's issuer, and its MCP server stands behind the gateway,
which has a credential of its own there. So the client meets the gateway's challenges and metadata, the suite's
authorization server, and the gateway's judgement of the token.

Two things are put right between them, for the suite does not know of the gateway:
- Its tokens are random strings that only its own server knows, and the gateway takes signed ones. What it issued is
  signed on the way, for exactly the resource that it was asked for: one for another resource is not made good by this.
- It wants to be asked for the resource that its own metadata name. Whoever asks for exactly the one that the gateway's
  metadata name asks for that one; whatever else is asked for stays as it is, and the suite finds it wrong.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
from joserfc import jwt
from joserfc.jwk import ECKey
from tests.conformance.auth_client import Json, play, published
from tests.gateway import Gateway

SERVER = "suite"
PERSON = "a-person-of-the-suite"
UPSTREAM_VARIABLE = "DOORWARD_TEST_UPSTREAM_TOKEN"
UPSTREAM_TOKEN = "test-token-of-the-gateway"  # the suite's server takes whatever begins with `test-token`
FORM = "application/x-www-form-urlencoded"
ISSUED = ("test-token", "cc-token")
LIFETIME = 3600  # what the suite's authorization server says of its tokens

POLICY = f"""
@id("the-suite")
permit (principal == Doorward::User::"{SERVER}|{PERSON}", action, resource in Doorward::Server::"{SERVER}");
"""


class Between(httpx2.AsyncBaseTransport):
    """The client's way out. `resource` is the gateway's, `suite` the metadata that the suite publishes of its own."""

    def __init__(self, resource: str, suite: Json, key: ECKey) -> None:
        self._resource = resource
        self._suite = suite
        self._key = key
        self._way = httpx2.AsyncHTTPTransport()
        self._asked_for = ""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        headers, content = dict(request.headers), await request.aread()
        if str(request.url) == self._resource:
            scheme, _, token = headers.get("authorization", "").partition(" ")
            if token.startswith(ISSUED):
                headers["authorization"] = f"{scheme} {self._signed(token)}"
        elif headers.get("content-type") == FORM:
            form = dict(parse_qsl(content.decode()))
            self._asked_for = form.get("resource", "")
            content = self._translated(form).encode()
            headers["content-length"] = str(len(content))
        extensions = request.extensions
        altered = httpx2.Request(request.method, request.url, headers=headers, content=content, extensions=extensions)
        return await self._way.handle_async_request(altered)

    def address(self, url: str) -> str:
        """Where a browser is sent instead."""
        parts = urlsplit(url)
        return parts._replace(query=self._translated(dict(parse_qsl(parts.query)))).geturl()

    async def aclose(self) -> None:
        await self._way.aclose()

    def _translated(self, form: Mapping[str, str]) -> str:
        ours = form.get("resource") == self._resource
        return urlencode({**form, "resource": self._suite["resource"]} if ours else form)

    def _signed(self, issued: str) -> str:
        now = int(time.time())
        issuer = self._suite["authorization_servers"][0]
        claims = {"iss": issuer, "sub": PERSON, "client_id": "a-client-of-the-suite", "jti": issued}
        header = {"alg": "ES256", "typ": "at+jwt", "kid": self._key.kid}
        lives = {"iat": now, "exp": now + LIFETIME}
        return jwt.encode(header, {**claims, **lives, "aud": self._asked_for}, self._key)


def settings(directory: Path, issuer: str, key: ECKey) -> Json:
    """What the gateway of a scenario is told beside its server."""
    (directory / "jwks.json").write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    (directory / "policies").mkdir()
    (directory / "policies" / "suite.cedar").write_text(POLICY)
    trusted = {"issuer": issuer, "name": SERVER, "jwks": f"file:{directory / 'jwks.json'}"}
    return {"identity": {"issuers": [trusted], "agents": []}, "policies": str(directory / "policies")}


def main() -> None:
    warnings.simplefilter("ignore")
    directory, url = Path(tempfile.mkdtemp(dir=sys.argv[1])), sys.argv[2]
    suite = asyncio.run(published(url))
    key = ECKey.generate_key("P-256", {"kid": "suite", "use": "sig", "alg": "ES256"})
    credential = {"use": "static", "headers": {"Authorization": f"Bearer ${{env:{UPSTREAM_VARIABLE}}}"}}
    server = {"url": url, "credentials": credential}
    with Gateway(
        directory / "gateway",
        {SERVER: server},
        mode="enforce",
        extra=settings(directory, suite["authorization_servers"][0], key),
        environment={**os.environ, UPSTREAM_VARIABLE: UPSTREAM_TOKEN},
    ) as gateway:
        resource = gateway.url(SERVER)
        between = Between(resource, suite, key)
        asyncio.run(play(resource, between, between.address))


if __name__ == "__main__":
    main()
