"""What is decided about a message, why, and what a mode makes of it."""

from enum import StrEnum

import msgspec

from doorward.core.policy import Mode, Severity


class Effect(StrEnum):
    ALLOW = "allow"
    REDACT = "redact"
    DENY = "deny"
    ERROR = "error"  # only in records: nobody refused it, something broke


class Reason(StrEnum):
    """Every way to be refused. Stable: programs and dashboards match on these; ``docs/reasons.md`` explains each."""

    NONE = ""
    # the message is not one clear message (core/reader.py; the first member says which rule)
    MESSAGE_INVALID_JSON = "message.invalid_json"
    MESSAGE_INVALID_UTF8 = "message.invalid_utf8"
    MESSAGE_BOM = "message.bom"
    MESSAGE_ESCAPED_NAME = "message.escaped_name"
    MESSAGE_DUPLICATE_KEY = "message.duplicate_key"
    MESSAGE_LONE_SURROGATE = "message.lone_surrogate"
    MESSAGE_CASE_VARIANT = "message.case_variant"
    MESSAGE_TOO_DEEP = "message.too_deep"
    MESSAGE_TOO_LARGE = "message.too_large"
    MESSAGE_AMBIGUOUS_NUMBER = "message.ambiguous_number"
    MESSAGE_NUMBER_TOO_LONG = "message.number_too_long"
    MESSAGE_NOT_AN_OBJECT = "message.not_an_object"
    MESSAGE_BATCH_NOT_ALLOWED = "message.batch_not_allowed"
    MESSAGE_BATCH_TOO_LARGE = "message.batch_too_large"
    MESSAGE_BATCH_EMPTY = "message.batch_empty"
    MESSAGE_BATCH_REFUSED = "message.batch_refused"
    MESSAGE_INITIALIZE_IN_BATCH = "message.initialize_in_batch"
    MESSAGE_INVALID_ENVELOPE = "message.invalid_envelope"
    MESSAGE_INVALID_PARAMS = "message.invalid_params"
    MESSAGE_INVALID_ID = "message.invalid_id"
    MESSAGE_RESPONSE_NOT_ALLOWED = "message.response_not_allowed"
    # headers that mirror the body (MCP 2026-07-28, streamable HTTP, "Server Validation")
    HEADER_MISMATCH = "header.mismatch"
    HEADER_MISSING = "header.missing"
    HEADER_DUPLICATE = "header.duplicate"
    HEADER_MALFORMED = "header.malformed"
    HEADER_VERSION = "header.version"
    # the HTTP edge
    HTTP_HOST = "http.host"
    HTTP_ORIGIN = "http.origin"
    HTTP_ROUTE = "http.route"
    HTTP_METHOD = "http.method"
    HTTP_MEDIA_TYPE = "http.media_type"
    HTTP_NOT_ACCEPTABLE = "http.not_acceptable"
    HTTP_MALFORMED = "http.malformed"
    # who calls
    AUTH_REQUIRED = "auth.required"
    AUTH_INVALID = "auth.invalid"
    AUTH_EXPIRED = "auth.expired"
    AUTH_AMBIGUOUS = "auth.ambiguous"
    AUTH_AUDIENCE = "auth.audience"
    AUTH_ISSUER = "auth.issuer"
    AUTH_LIFETIME = "auth.lifetime"
    AUTH_REVOKED = "auth.revoked"
    AUTH_KIND = "auth.kind"
    AUTH_SCOPE = "auth.scope"
    AUTH_UNAVAILABLE = "auth.unavailable"
    # what they may do
    POLICY_DENIED = "policy.denied"
    POLICY_ERROR = "policy.error"
    POLICY_UNREADABLE_ARGUMENT = "policy.unreadable_argument"
    POLICY_SERVER_REQUEST = "policy.server_request"
    POLICY_TASK = "policy.task"
    SCHEMA_ARGUMENTS = "schema.arguments"
    SCHEMA_RESULT = "schema.result"
    POLICY_RELAY_ENFORCED = "policy.relay_enforced"
    LIMIT_RATE = "limit.rate"
    LIMIT_OVERLOAD = "limit.overload"
    LIMIT_STREAMS = "limit.streams"
    # what was found in it
    PII_BLOCKED = "pii.blocked"
    PII_REDACTED = "pii.redacted"
    PII_UNREDACTABLE = "pii.unredactable"
    PII_BINARY = "pii.binary"
    DETECTOR_FAILED = "detector.failed"
    DETECTOR_TIMEOUT = "detector.timeout"
    # sessions
    SESSION_UNKNOWN = "session.unknown"
    SESSION_ENDED = "session.ended"
    # the server behind us
    UPSTREAM_UNREACHABLE = "upstream.unreachable"
    UPSTREAM_TIMEOUT = "upstream.timeout"
    UPSTREAM_CLOSED = "upstream.closed"
    UPSTREAM_GARBAGE = "upstream.garbage"
    UPSTREAM_TOO_LARGE = "upstream.too_large"
    UPSTREAM_UNSOLICITED = "upstream.unsolicited"
    UPSTREAM_NO_ANSWER = "upstream.no_answer"
    UPSTREAM_UNAUTHORIZED = "upstream.unauthorized"
    UPSTREAM_REDIRECT = "upstream.redirect"
    UPSTREAM_BREAKER = "upstream.breaker"
    UPSTREAM_CRASHED = "upstream.crashed"
    # ourselves
    CREDENTIAL_UNAVAILABLE = "credential.unavailable"
    STATE_UNAVAILABLE = "state.unavailable"
    JOURNAL_UNAVAILABLE = "journal.unavailable"
    GATEWAY_FAULT = "gateway.fault"
    GATEWAY_DRAINING = "gateway.draining"
    # ends that are nobody's refusal, in records only
    DISCONNECTED = "client.disconnected"
    CANCELLED = "client.cancelled"
    RESUMED = "stream.resumed"
    # what the log says about itself, in records only
    JOURNAL_INTERRUPTED = "journal.interrupted"
    JOURNAL_TORN = "journal.torn"
    JOURNAL_UNSYNCED = "journal.unsynced"


class Decision(msgspec.Struct, frozen=True):
    """One judgement. ``what`` says what was refused, ``remedy`` what to do next; neither repeats payload text."""

    effect: Effect
    reason: Reason = Reason.NONE
    severity: Severity = Severity.HIGH
    rules: tuple[str, ...] = ()
    what: str = ""
    remedy: str = ""
    wait: int = 0  # seconds until another try can succeed, where that is known


ALLOW = Decision(Effect.ALLOW)


class Act(StrEnum):
    """What is done to the message in the end."""

    PASS = "pass"
    REDACT = "redact"
    REFUSE = "refuse"


class Ruling(msgspec.Struct, frozen=True):
    """A decision seen through a mode. ``would_have`` is what enforcement would have done where the mode does less."""

    act: Act
    alert: bool = False
    would_have: Effect | None = None


_PASS = Ruling(Act.PASS)
_REDACT = Ruling(Act.REDACT)
_REFUSE = Ruling(Act.REFUSE)


def under(mode: Mode, decision: Decision, *, overridden: bool = False) -> Ruling:
    """The one place where the modes differ (docs/transparency.md).

    ``overridden``: a valid, justified override exists; it matters in ``soft`` alone.
    """
    effect = decision.effect
    if effect is Effect.ALLOW:
        return _PASS
    if not mode.enforcing:
        return Ruling(Act.PASS, alert=mode is Mode.WARN, would_have=effect)
    if effect is Effect.REDACT:
        return _REDACT
    if mode is Mode.ENFORCE:
        return _REFUSE
    if decision.severity < Severity.HIGH or overridden:
        return Ruling(Act.PASS, alert=True, would_have=effect)
    return _REFUSE
