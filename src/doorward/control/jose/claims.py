"""Claims of a token, read one at a time and typed; and how a token, or a request for one, is refused."""

from collections.abc import Mapping
from typing import Any

from doorward.core.decision import Reason


class InvalidToken(Exception):
    """A token that is not accepted: the stable ``reason``, and a ``detail`` that repeats nothing of the token."""

    def __init__(self, detail: str, reason: Reason = Reason.AUTH_INVALID) -> None:
        super().__init__(detail)
        self.detail = detail
        self.reason = reason


class OAuthRefusal(Exception):
    """A request to the token service that is refused: ``error`` as RFC 6749 §5.2, RFC 8693 §2.2.2 or RFC 8707 §2 name
    it, ``detail`` for people (ASCII, no quotes, nothing secret), ``reason`` for the record.
    """

    def __init__(self, error: str, detail: str, reason: Reason = Reason.AUTH_INVALID, status: int = 400) -> None:
        super().__init__(f"{error}: {detail}")
        self.error = error
        self.detail = detail
        self.reason = reason
        self.status = status


def text(claims: Mapping[str, Any], name: str) -> str:
    """A claim that must be text with something in it. NUL separates keys elsewhere, so none may hold one."""
    value = claims.get(name)
    if not isinstance(value, str) or not value or "\0" in value:
        raise InvalidToken(f"has no usable {name}")
    return value


def texts(value: Any, name: str) -> tuple[str, ...]:
    """A list of such texts; it may be empty."""
    if not isinstance(value, list):
        raise InvalidToken(f"has no usable {name}")
    return tuple(text({name: entry}, name) for entry in value)


def seconds(claims: Mapping[str, Any], name: str) -> float:
    """A claim that must be a NumericDate (RFC 7519 §2)."""
    value = claims.get(name)
    if value is None or isinstance(value, str | bool | list | dict):
        raise InvalidToken(f"has no usable {name}")
    try:
        found = float(value)  # the strict reader keeps fractions as they were spelt
    except OverflowError:  # a whole number of hundreds of digits
        found = -1.0
    if not 0 <= found < 1 << 53:
        raise InvalidToken(f"has no usable {name}")
    return found


def audience(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """``aud`` as a list, whichever of its two forms it has (RFC 7519 §4.1.3)."""
    value = claims.get("aud")
    return texts([value] if isinstance(value, str) else value, "aud")
