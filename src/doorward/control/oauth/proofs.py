"""How a client proves at the token service that it is itself, and how often it may try (``clients``, ``attempts``)."""

import asyncio

import msgspec

from doorward.control.jose.claims import InvalidToken, OAuthRefusal
from doorward.control.oauth import clients
from doorward.control.oauth.attempts import Attempts
from doorward.control.oauth.clients import Client, Credentials
from doorward.control.oauth.documents import JWT_BEARER
from doorward.control.oauth.grant_types import Settings, Store
from doorward.control.oauth.requests import Form
from doorward.core.decision import Reason
from doorward.core.ports import Clock


class MustWait(Exception):
    """Too many requests in the name of this client; ``seconds`` until the next may be made."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Told(msgspec.Struct):
    """What is known of a request so far, for its record. ``proven``: ``client`` is not only what it says it is.
    ``tickets``: of the records that were made of it, to be waited for before it is answered.
    """

    path: str
    address: str
    client: str = ""
    proven: bool = False
    tickets: list[int] = []


class Proofs:
    """``hashing`` is the key that the clients' secrets were hashed with."""

    def __init__(self, settings: Settings, store: Store, clock: Clock, attempts: Attempts, hashing: bytes) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._attempts = attempts
        self._hashing = hashing

    async def client(self, told: Told, form: Form, credentials: Credentials) -> Client | None:
        """The client, or None where an assertion may stand for it. Raises ``OAuthRefusal`` and
        ``MustWait``.
        """
        told.client = credentials.client_id if credentials.client_id in self._settings.clients else ""
        if credentials.assertion is not None:
            return await self._by_assertion(told, credentials)
        if credentials.secret is None:
            if form.get("grant_type") == JWT_BEARER:
                return None
            raise OAuthRefusal("invalid_client", "the client did not authenticate", Reason.AUTH_REQUIRED, 401)
        self._may_try(told.client)
        client = self._settings.clients.get(credentials.client_id)
        right = clients.right_secret(client, credentials.secret, self._hashing)  # asked also where there is no client
        if client is None or not right:
            raise OAuthRefusal("invalid_client", "unknown client, or wrong secret", Reason.AUTH_INVALID, 401)
        return client

    async def _by_assertion(self, told: Told, credentials: Credentials) -> Client:
        now = self._clock.wall()
        try:
            assertion = clients.read_assertion(
                credentials.assertion or "", self._settings.clients, self._settings.issuer, now
            )
        except InvalidToken as fault:
            detail = f"the client assertion {fault.detail}"
            raise OAuthRefusal("invalid_client", detail, fault.reason, 401) from None
        client = assertion.client
        told.client = client.id
        if credentials.client_id not in ("", client.id):
            raise OAuthRefusal("invalid_client", "client_id is not that of the assertion", Reason.AUTH_INVALID, 401)
        self._may_try(client.id)
        new = await asyncio.to_thread(self._store.use_once, client.id, assertion.jti, until=assertion.expires, now=now)
        if not new:
            raise OAuthRefusal("invalid_client", "the client assertion was used before", Reason.AUTH_INVALID, 401)
        return client

    def _may_try(self, client_id: str) -> None:
        wait = self._attempts.client(client_id, self._clock.monotonic()) if client_id else 0.0
        if wait:
            raise MustWait(wait)
