from typing import Any

import pytest

from doorward.core.exchange import Inbound
from doorward.core.snapshot import Keys, Server, Snapshot, Target
from doorward.transports.http1 import HttpRequest
from doorward.transports.http_inbound import inbound_of

Field = tuple[bytes, bytes]


def sort(*headers: Field, relay: frozenset[bytes] = frozenset(), more: frozenset[bytes] = frozenset()) -> Inbound:
    server = Server("crm", Target(), relay=relay, request_headers=more)
    snapshot = Snapshot(1, "", {"crm": server}, {}, Keys(b"", "", ()))
    return inbound_of(
        HttpRequest("POST", "/mcp/crm", "q=1", "/", headers, b"body", "192.0.2.1", False), snapshot, "crm", 5.0
    )


def test_what_the_transport_knows() -> None:
    found = sort()
    assert (found.transport, found.verb, found.server, found.body) == ("http", "POST", "crm", b"body")
    assert (found.client_ip, found.received) == ("192.0.2.1", 5.0)
    assert found.token is None
    assert not found.token_ambiguous


PASSING: list[Field] = [
    (b"accept", b"a"),
    (b"content-type", b"b"),
    (b"traceparent", b"c"),
    (b"tracestate", b"d"),
    (b"baggage", b"e"),
    (b"user-agent", b"f"),
    (b"mcp-method", b"g"),
    (b"mcp-name", b"h"),
    (b"mcp-param-x", b"i"),
    (b"mcp-something-new", b"j"),
]


def test_what_passes_keeps_its_order() -> None:
    found = sort(*PASSING)
    assert found.headers == tuple(PASSING)
    assert found.mirrors == tuple(PASSING[6:])


@pytest.mark.parametrize(
    "name",
    [
        b"authorization",
        b"cookie",
        b"x-mcp-token",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"forwarded",
        b"via",
        b"x-real-ip",
        b"host",
        b"origin",
        b"referer",
        b"connection",
        b"te",
        b"upgrade",
        b"proxy-authorization",
        b"accept-encoding",
        b"x-doorward-route",
        b"last-event-id",
        b"mcp-session-id",
        b"mcp-protocol-version",
    ],
)
def test_what_does_not(name: bytes) -> None:
    found = sort((name, b"v"))
    assert found.headers == found.mirrors == found.relayed == ()


def test_what_the_pipeline_decides_about_is_set_apart() -> None:
    found = sort((b"mcp-session-id", b"s"), (b"mcp-protocol-version", b"v"), (b"last-event-id", b"7"))
    assert (found.session, found.version, found.last_event_id) == (b"s", b"v", b"7")
    assert sort((b"mcp-protocol-version", b"v"), (b"mcp-protocol-version", b"v")).version_count == 2


@pytest.mark.parametrize("name", [b"mcp-session_id", b"mcp-protocol_version"])
def test_a_field_that_cgi_takes_for_one_of_those_stays_here(name: bytes) -> None:
    """RFC 3875 §4.1.18: `-` becomes `_`, so a server behind WSGI could take an id that nobody has opened."""
    found = sort((name, b"stolen"), (b"mcp-session-id", b"s"))
    assert found.headers == found.mirrors == ()
    assert (found.session, found.version) == (b"s", None)


def test_a_parameter_may_have_such_a_name() -> None:
    assert sort((b"mcp-param-user_id", b"1")).mirrors == ((b"mcp-param-user_id", b"1"),)


def test_another_charset_is_noted() -> None:
    assert not sort((b"content-type", b"application/json; charset=utf-8")).other_charset
    utf7 = (b"content-type", b"application/json; charset=utf-7")
    assert sort(utf7).other_charset
    assert sort((b"content-type", b"application/json"), utf7).other_charset
    assert not sort((b"user-agent", b"charset=utf-7")).other_charset


def test_more_headers_of_a_server() -> None:
    assert sort((b"x-tenant", b"t"), more=frozenset({b"x-tenant"})).headers == ((b"x-tenant", b"t"),)


def test_duplicates_of_mirrors_are_kept_for_the_header_law() -> None:
    assert len(sort((b"mcp-name", b"a"), (b"mcp-name", b"b")).mirrors) == 2


@pytest.mark.parametrize("name", [b"mcp-session-id", b"mcp-protocol-version", b"last-event-id"])
def test_of_two_that_differ_neither_is_believed(name: bytes) -> None:
    found = sort((name, b"one"), (name, b"two"))
    assert {found.session, found.version, found.last_event_id} <= {None, b""}


AUTH = frozenset({b"authorization"})


@pytest.mark.parametrize(
    ("headers", "token", "ambiguous"),
    [
        ([(b"x-mcp-token", b"t")], b"t", False),
        ([(b"authorization", b"Bearer t")], b"t", False),
        ([(b"authorization", b"bearer  t")], b"t", False),
        ([(b"authorization", b"Basic dTpw")], None, False),  # another scheme is no token of ours
        ([(b"authorization", b"Bearer")], b"", False),
        ([(b"x-mcp-token", b"t"), (b"authorization", b"Bearer u")], b"t", False),
        ([(b"x-mcp-token", b"t"), (b"x-mcp-token", b"t")], None, True),
        ([(b"authorization", b"Bearer t"), (b"authorization", b"Bearer t")], None, True),
        ([(b"x-mcp-token", b"t"), (b"authorization", b"a"), (b"authorization", b"b")], None, True),
    ],
)
def test_our_token(headers: list[Field], token: bytes | None, ambiguous: bool) -> None:
    found = sort(*headers)
    assert (found.token, found.token_ambiguous) == (token, ambiguous)
    assert b"t" not in [value for _, value in found.headers]


def test_a_relayed_authorization_is_the_servers_and_not_ours() -> None:
    found = sort((b"authorization", b"Bearer theirs"), relay=AUTH)
    assert found.token is None
    assert found.relayed == ((b"authorization", b"Bearer theirs"),)
    assert found.headers == ()
    both = sort((b"authorization", b"Bearer theirs"), (b"x-mcp-token", b"ours"), relay=AUTH)
    assert both.token == b"ours"
    assert both.relayed == ((b"authorization", b"Bearer theirs"),)


def test_who_identifies_by_bearer_relays_nothing() -> None:
    key = frozenset({b"x-api-key"})
    ours = (b"authorization", b"Bearer ours")
    assert sort(ours, (b"x-api-key", b"k"), relay=key).relayed == ()
    assert sort((b"x-mcp-token", b"ours"), (b"x-api-key", b"k"), relay=key).relayed == ((b"x-api-key", b"k"),)
    assert sort((b"x-api-key", b"k"), relay=key).relayed == ((b"x-api-key", b"k"),)


def test_a_head_that_comes_again_is_sorted_once_for_each_snapshot_and_server() -> None:
    server = Server("crm", Target(), request_headers=frozenset({b"x-more"}))
    first = Snapshot(1, "", {"crm": server}, {}, Keys(b"", "", ()))
    second = Snapshot(2, "", {"crm": Server("crm", Target())}, {}, Keys(b"", "", ()))
    headers = ((b"x-more", b"1"), (b"x-mcp-token", b"one"), (b"mcp-method", b"ping"))
    notes: dict[str, Any] = {}

    def again(client: str, snapshot: Snapshot, to: str = "crm") -> Inbound:
        return inbound_of(
            HttpRequest("POST", "/mcp/crm", "", "/", headers, client.encode(), client, False, notes), snapshot, to, 5.0
        )

    one, two = again("192.0.2.1", first), again("192.0.2.2", first)
    assert one.headers is two.headers
    assert (one.token, two.token) == (b"one", b"one")
    assert (one.client_ip, one.body, two.client_ip, two.body) == ("192.0.2.1", b"192.0.2.1", "192.0.2.2", b"192.0.2.2")
    assert one.headers == (headers[0], headers[2])
    assert again("192.0.2.1", second).headers == (headers[2],)
    assert again("192.0.2.1", first, "other").headers == (headers[2],)
