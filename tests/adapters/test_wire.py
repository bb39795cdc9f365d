"""What a real SDK server writes reaches the client byte for byte: bodies, events, ids, and a stream that is resumed."""

import http.client
import json
import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.adapters.journal import Journal
from tests.adapters.servers import faulty_server
from tests.gateway import TOKEN, Gateway, Mode

pytestmark = pytest.mark.peers

PATIENCE = 20
MODERN = "2026-07-28"
LEGACY = ("2025-03-26", "2025-06-18", "2025-11-25")

Message = dict[str, Any]


class EndOfStream(Exception):
    """The server closed a stream of events."""


class Wire:
    """Raw HTTP towards one endpoint; remembers the session. Header names are given with underscores."""

    def __init__(self, url: str, version: str, **headers: str) -> None:
        self._url = urlsplit(url)
        self._headers = {**named(headers), "MCP-Protocol-Version": version}
        self._version = version

    @contextmanager
    def request(self, verb: str, body: str | None = None, **headers: str) -> Iterator[http.client.HTTPResponse]:
        accept = "text/event-stream" if verb == "GET" else "application/json, text/event-stream"
        fields = {**self._headers, "Accept": accept, "Content-Type": "application/json"}
        fields |= named(headers)
        connection = http.client.HTTPConnection(self._url.netloc, timeout=PATIENCE)
        with closing(connection):
            connection.request(verb, self._url.path, body.encode() if body is not None else None, fields)
            with connection.getresponse() as response:
                yield response

    def post(self, message: Message, **headers: str) -> tuple[int, str | None, bytes]:
        with self.request("POST", json.dumps(message), **headers) as response:
            return response.status, response.headers["content-type"], response.read()

    def initialize(self) -> bytes:
        params = {"protocolVersion": self._version, "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}}
        with self.request("POST", json.dumps(asked(0, "initialize", **params))) as response:
            self._headers["Mcp-Session-Id"] = response.headers["mcp-session-id"]
            first = response.read()
        self.post({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return first


def named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def asked(identifier: int | str, method: str, **params: Any) -> Message:
    return {"jsonrpc": "2.0", "id": identifier, "method": method, "params": params}


def call(identifier: int, name: str, **arguments: Any) -> Message:
    return asked(identifier, "tools/call", name=name, arguments=arguments)


SESSION = [
    asked(1, "tools/list"),
    call(2, "echo", text="Grüße \U0001f980", number=10000000000000000000000000, small=1e-7),
    call(3, "test_multiple_content_types"),
    call(4, "test_tool_with_logging"),
    call(5, "test_error_handling"),
    call(6, "no such tool"),
    asked("seven", "resources/read", uri="test://static-binary"),
    asked(8, "no/such/method"),
    asked(9, "completion/complete"),
    asked(10, "ping"),
]


LISTS = ("tools/list",)  # of those in SESSION


def modern(message: Message) -> tuple[Message, dict[str, str]]:
    """A message of the stateless era, and the headers that mirror it."""
    meta = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}
    params = {**message.get("params", {}), "_meta": meta}
    headers = {"Mcp_Method": message["method"]}
    if name := params.get("name", params.get("uri")):
        headers["Mcp_Name"] = name
    return {**message, "params": params}, headers


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with faulty_server(tmp_path_factory.mktemp("upstream") / "server.log") as url:
        yield url


@pytest.fixture(scope="module", params=["audit", "enforce"])
def gateway(request: pytest.FixtureRequest, url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    mode: Mode = request.param
    with Gateway(tmp_path_factory.mktemp(mode), {"all": {"url": url}}, mode=mode) as gateway:
        yield gateway


def ids_apart(body: bytes) -> list[bytes]:
    """A body's lines without the ids of its events, which a server counts on over all its streams."""
    return [line for line in body.splitlines(keepends=True) if not line.startswith(b"id:")]


@pytest.mark.parametrize("version", LEGACY)
def test_a_legacy_session_passes_byte_for_byte(gateway: Gateway, url: str, version: str) -> None:
    direct, through = Wire(url, version), Wire(gateway.url("all"), version, X_MCP_Token=TOKEN)
    assert ids_apart(through.initialize()) == ids_apart(direct.initialize())
    for message in SESSION:
        status, kind, body = through.post(message)
        expected_status, expected_kind, expected_body = direct.post(message)
        assert (status, kind, ids_apart(body)) == (expected_status, expected_kind, ids_apart(expected_body))
        assert body.count(b"id: ") == expected_body.count(b"id: ")


def test_a_modern_exchange_passes_byte_for_byte(gateway: Gateway, url: str) -> None:
    direct, through = Wire(url, MODERN), Wire(gateway.url("all"), MODERN, X_MCP_Token=TOKEN)
    for message in [asked(0, "server/discover"), *SESSION]:
        body, headers = modern(message)
        status, kind, expected = direct.post(body, **headers)
        if gateway.mode == "enforce" and message["method"] in LISTS:
            expected = kept_by_nobody_else(expected)
        assert through.post(body, **headers) == (status, kind, expected)


def kept_by_nobody_else(page: bytes) -> bytes:
    """A page of a list as it is where lists are cut for each caller; all but these two values as it came."""
    private = page.replace(b'"cacheScope":"public"', b'"cacheScope":"private"')
    return re.sub(rb'"ttlMs":(\d+)', lambda found: b'"ttlMs":%d' % min(int(found[1]), 60_000), private)


def next_event(response: http.client.HTTPResponse) -> tuple[str, Message | None]:
    """The next event that has an id: that and its message, if it holds one."""
    identifier = data = ""
    while line := response.readline().decode():
        name, _, value = line.rstrip("\r\n").partition(": ")
        if name == "id":
            identifier = value
        elif name == "data":
            data = value
        elif not name and identifier:
            return identifier, json.loads(data) if data else None
    raise EndOfStream


def next_message(response: http.client.HTTPResponse) -> tuple[str, Message]:
    while True:
        identifier, message = next_event(response)
        if message is not None:
            return identifier, message


def resumed(wire: Wire, ready: Path) -> list[Message]:
    """Begins a call, goes away after its first message, and comes back for the rest of it."""
    wire.initialize()
    message = asked(1, "tools/call", name="wait", arguments={"until": str(ready)}, _meta={"progressToken": "p"})
    with wire.request("POST", json.dumps(message)) as response:
        assert response.status == 200
        assert next_event(response)[1] is None, "the event that primes the client comes first"
        last, progress = next_message(response)
    ready.touch()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        # The server ends a stream at once that comes back before it has noticed that the first one is gone.
        with wire.request("GET", Last_Event_ID=last) as response, suppress(EndOfStream):
            assert response.status == 200
            return [progress, next_message(response)[1]]
    raise AssertionError(f"the rest of the call did not come within {PATIENCE} s")


def test_a_call_is_resumed_through_the_gateway(gateway: Gateway, url: str, tmp_path: Path) -> None:
    journal = Journal(gateway.audit_path)
    journal.mark()
    version = "2025-11-25"
    seen = resumed(Wire(gateway.url("all"), version, X_MCP_Token=TOKEN), tmp_path / "through")
    assert seen == resumed(Wire(url, version), tmp_path / "direct")
    assert seen[1]["result"]["content"][0]["text"] == "waited"
    (left,) = journal.until(lambda: journal.of(tool_name="wait", phase="outcome"))
    assert left["reason"] == "client.disconnected"
    assert journal.of(reason="stream.resumed")


def test_an_unknown_event_is_the_servers_to_refuse(gateway: Gateway, url: str) -> None:
    answers = []
    for wire in (Wire(url, "2025-11-25"), Wire(gateway.url("all"), "2025-11-25", X_MCP_Token=TOKEN)):
        wire.initialize()
        with wire.request("GET", Last_Event_ID="999999") as response:
            answers.append((response.status, response.headers["content-type"]))
            if response.status != 200:
                answers[-1] += (response.read(),)
    assert answers[0] == answers[1]
