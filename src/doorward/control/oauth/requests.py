"""Requests to the token service as forms and credentials, and its answers as JSON: the HTTP face, without a server."""

from collections.abc import Mapping
from math import ceil
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from doorward.control.jose.claims import InvalidToken, OAuthRefusal
from doorward.control.oauth.clients import ASSERTION_TYPE, Credentials, read_basic
from doorward.core.decision import Reason
from doorward.core.exchange import Headers

MAX_BODY = 64 << 10
MAX_FIELDS = 64
_REPEATABLE = frozenset(("resource", "audience"))  # RFC 8707 §2, RFC 8693 §2.1

Reply = tuple[int, Headers, bytes]

_JSON = (b"content-type", b"application/json")
_NO_STORE = (b"cache-control", b"no-store")


class Form(msgspec.Struct, frozen=True):
    """The parameters of one request; those without a value count as absent (RFC 6749 §3.2)."""

    single: Mapping[str, str]
    resources: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "Form(****)"

    def get(self, name: str) -> str:
        return self.single.get(name, "")

    def need(self, name: str) -> str:
        value = self.single.get(name, "")
        if not value:
            raise malformed(f"the parameter {name} is missing")
        return value


def malformed(detail: str) -> OAuthRefusal:
    """A request that cannot be read."""
    return OAuthRefusal("invalid_request", detail, Reason.HTTP_MALFORMED)


def read_form(query: str, headers: Headers, body: bytes) -> Form:
    """The form in a POST. Raises ``OAuthRefusal``; nothing of the body is in it."""
    if query:
        raise malformed("parameters belong into the body, not into the URL, which is logged")
    media = [value.partition(b";")[0].strip().lower() for name, value in headers if name.lower() == b"content-type"]
    if media != [b"application/x-www-form-urlencoded"]:
        raise malformed("the body must be application/x-www-form-urlencoded")
    if len(body) > MAX_BODY:
        raise malformed("the body is larger than 64 KiB")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:
        raise malformed("the body is not a form") from None
    return _form([(name, value) for name, value in pairs if value])


def _form(pairs: list[tuple[str, str]]) -> Form:
    single: dict[str, str] = {}
    repeated: dict[str, list[str]] = {name: [] for name in _REPEATABLE}
    for name, value in pairs:
        if name in _REPEATABLE:
            repeated[name].append(value)
        elif name in single:
            raise malformed("a parameter occurs twice")
        else:
            single[name] = value
    return Form(single, tuple(repeated["resource"]), tuple(repeated["audience"]))


def read_credentials(headers: Headers, form: Form) -> Credentials:
    """How the client says who it is: at most one way (RFC 6749 §2.3). Raises ``OAuthRefusal``."""
    shown = [value for name, value in headers if name.lower() == b"authorization"]
    ways = len(shown) + ("client_secret" in form.single) + ("client_assertion" in form.single)
    if ways > 1:
        raise malformed("the client authenticates in more than one way")
    client_id = form.get("client_id")
    if shown:
        try:
            found = read_basic(shown[0].decode("latin-1"))
        except InvalidToken as fault:
            raise OAuthRefusal("invalid_client", fault.detail, fault.reason, 401) from None
        if client_id and client_id != found.client_id:
            raise malformed("client_id differs from the one in the Authorization header")
        return found
    if "client_assertion" in form.single:
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise malformed("client_assertion_type is not the one of RFC 7523")
        return Credentials(client_id, assertion=form.get("client_assertion"))
    return Credentials(client_id, secret=form.single.get("client_secret"))


def answer(value: Mapping[str, Any], status: int = 200, *more: tuple[bytes, bytes]) -> Reply:
    """A JSON answer that nobody may keep (RFC 6749 §5.1)."""
    return status, (_JSON, _NO_STORE, (b"pragma", b"no-cache"), *more), msgspec.json.encode(value)


def published(value: Mapping[str, Any]) -> Reply:
    """A public document. Five minutes: less than the time for which a new key is published before it signs."""
    return 200, (_JSON, (b"cache-control", b"public, max-age=300")), msgspec.json.encode(value)


def refused(refusal: OAuthRefusal, *, basic: bool = False) -> Reply:
    """RFC 6749 §5.2. ``basic``: the client used HTTP Basic, so the answer must name it."""
    more = [(b"www-authenticate", b'Basic realm="doorward"')] if refusal.status == 401 and basic else []
    body = {"error": refusal.error, "error_description": refusal.detail, "reason": str(refusal.reason)}
    return answer(body, refusal.status, *more)


def later(seconds: float) -> Reply:
    """429 with the time to wait."""
    body = {"error": "temporarily_unavailable", "error_description": "too many requests", "reason": Reason.LIMIT_RATE}
    return answer(body, 429, (b"retry-after", str(max(1, ceil(seconds))).encode()))


def wrong_method(allowed: bytes) -> Reply:
    what = f"another method is needed: {allowed.decode()}"
    body = {"error": "invalid_request", "error_description": what, "reason": Reason.HTTP_METHOD}
    return answer(body, 405, (b"allow", allowed))


def unknown() -> Reply:
    body = {"error": "invalid_request", "error_description": "there is nothing here", "reason": Reason.HTTP_ROUTE}
    return answer(body, 404)
