"""Every client sees the same through the gateway as without it: the official SDK 1.30 and 2.3, FastMCP, both eras."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests import warm
from tests.adapters.journal import Journal
from tests.adapters.player import ALL, SDKS, Json, Kind, Player, over_http, over_stdio
from tests.adapters.servers import faulty_server
from tests.gateway import TOKEN, Gateway, Mode
from tests.peers import ROOT

pytestmark = pytest.mark.peers

WATCHED = "test://watched-resource"


def tool(name: str, **arguments: Any) -> Json:
    return {"do": "call", "name": name, "arguments": arguments}


READING: list[Json] = [
    {"do": "tools"},
    tool("echo", text="Grüße, 世界 \U0001f980", nested={"a": [1, 2.5, None, True]}),
    *(tool(f"test_{kind}") for kind in ("simple_text", "image_content", "audio_content", "embedded_resource")),
    tool("test_multiple_content_types"),
    tool("test_error_handling"),
    tool("no such tool"),
    {"do": "resources"},
    {"do": "templates"},
    {"do": "read", "uri": "test://static-text"},
    {"do": "read", "uri": "test://static-binary"},
    {"do": "read", "uri": "test://template/7/data"},
    {"do": "read", "uri": "test://nowhere"},
    {"do": "prompts"},
    {"do": "prompt", "name": "test_simple_prompt"},
    {"do": "prompt", "name": "test_prompt_with_arguments", "arguments": {"arg1": "one", "arg2": "two"}},
    {"do": "prompt", "name": "test_prompt_with_arguments", "arguments": {}},
    {"do": "complete", "prompt": "test_prompt_with_arguments", "argument": {"name": "arg1", "value": "par"}},
    {"do": "ping"},
]
# The last member of each is how many things the client must have heard from the server by then.
TALKING: list[tuple[Json, int]] = [
    (tool("test_tool_with_logging"), 3),
    (tool("test_tool_with_progress"), 3),
    (tool("test_reconnection"), 2),
]
ASKED_BY_REQUEST: list[tuple[Json, int]] = [
    ({"do": "level", "level": "info"}, 0),
    (tool("test_sampling", prompt="What?"), 1),
    (tool("test_elicitation", message="Who?"), 1),
    (tool("test_roots"), 1),
]
ASKED_IN_RESULTS: list[tuple[Json, int]] = [
    (tool("test_input_required_result_multiple_inputs"), 3),
    (tool("test_input_required_result_request_state"), 1),
]
WATCHING: dict[str, list[tuple[Json, int]]] = {
    "sdk-1.30": [
        ({"do": "subscribe", "uri": WATCHED}, 0),
        (tool("test_trigger_resource_update"), 1),
        (tool("test_trigger_tool_change"), 1),
        ({"do": "unsubscribe", "uri": WATCHED}, 0),
        ({"do": "say_progress", "message": "nearly"}, 0),
    ],
    "sdk-2.3-modern": [({"do": "listen", "resource": WATCHED}, 1)],
}
WATCHING["sdk-2.3-legacy"] = WATCHING["sdk-1.30"]


def session(client: str) -> list[tuple[Json, int]]:
    """All that a client can do, as one session."""
    asked = ASKED_IN_RESULTS if ALL[client].modern else ASKED_BY_REQUEST
    return [*((step, 0) for step in READING), *TALKING, *asked, *WATCHING.get(client, [])]


LISTS = ("tools", "resources", "templates", "prompts")


def enforced(seen: list[Any]) -> list[Any]:
    """The same where lists are cut for each caller: nothing of this caller's is hidden, but nobody else may have a page
    from a cache, nor anybody for long (MCP 2026-07-28 server/utilities/caching)."""
    begun, steps, outcomes, heard = seen[0], seen[1::3], seen[2::3], seen[3::3]
    for index, step in enumerate(steps):
        if step["do"] in LISTS and "ttlMs" in outcomes[index]["result"]:
            page = outcomes[index]["result"]
            page = {**page, "cacheScope": "private", "ttlMs": min(page["ttlMs"], 60_000)}
            outcomes[index] = {"result": page}
    return [begun, *(part for each in zip(steps, outcomes, heard, strict=True) for part in each)]


def played(player: Player, steps: list[tuple[Json, int]]) -> list[Any]:
    """What the client saw: how the session began, and each step's outcome with what was heard beside it."""
    seen: list[Any] = [player.about]
    for step, count in steps:
        seen += [step, player.play(**step), player.result("heard", count=count)]
    return seen


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with faulty_server(tmp_path_factory.mktemp("upstream") / "server.log") as url:
        yield url


@pytest.fixture(scope="module", params=["audit", "enforce"])
def gateway(
    request: pytest.FixtureRequest, upstream: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    mode: Mode = request.param
    # A detector that finds nothing: everything is read, as in earnest.
    extra = {"inspect": {"detectors": [{"use": "stub", "texts": {"NOTHING": ["a text that does not occur"]}}]}}
    directory = tmp_path_factory.mktemp(mode)
    with Gateway(directory, {"all": {"url": upstream}}, mode=mode, extra=extra) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def direct(upstream: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[Any]]:
    """What a client sees without a gateway; asked once."""
    known: dict[str, list[Any]] = {}

    def of(client: str) -> list[Any]:
        if client not in known:
            with Player(ALL[client], over_http(upstream), tmp_path_factory.mktemp("direct") / "client.log") as player:
                known[client] = played(player, session(client))
        return known[client]

    return of


def through(gateway: Gateway, kind: Kind, log: Path) -> Player:
    return Player(kind, over_http(gateway.url("all"), {"X-MCP-Token": TOKEN}), log)


@pytest.mark.parametrize("client", ALL)
def test_a_whole_session_is_the_same_through_the_gateway(
    gateway: Gateway, direct: Callable[[str], list[Any]], client: str, tmp_path: Path
) -> None:
    journal = Journal(gateway.audit_path)
    journal.mark()
    with through(gateway, ALL[client], tmp_path / "client.log") as player:
        seen = played(player, session(client))
    assert seen == (enforced(direct(client)) if gateway.mode == "enforce" else direct(client))
    assert all("broken" not in part for part in seen if isinstance(part, dict)), seen
    requests = [step for step, _ in session(client) if step["do"] == "call"]
    intents = journal.of(method="tools/call", phase="intent")
    outcomes = journal.of(method="tools/call", phase="outcome")
    assert len(intents) == len(outcomes) >= len(requests)
    assert {record["exchange_id"] for record in intents} == {record["exchange_id"] for record in outcomes}
    assert {record["tool_name"] for record in outcomes} >= {step["name"] for step in requests}
    assert {record["decision"] for record in journal.since()} == {"allow"}
    assert {record["identity"] for record in journal.since()} == {"agent:test"}
    version = player.about["protocolVersion"]
    assert {record["protocol"] for record in outcomes} == {version}


EVERYTHING = "tests.conformance.everything_server"
STDIO = [sys.executable, "-m", EVERYTHING, "--stdio"]


@pytest.fixture(scope="module")
def hosting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Starts the server itself, and speaks with it over stdio."""
    settings = {"command": STDIO[0], "args": STDIO[1:], "cwd": str(ROOT)}
    with Gateway(tmp_path_factory.mktemp("hosting"), {"all": settings}, mode="enforce") as gateway:
        yield gateway


@pytest.mark.parametrize("client", ALL)
def test_a_whole_session_over_stdio_is_the_same_behind_serve_and_run(
    hosting: Gateway, client: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    kind, steps = ALL[client], session(client)
    # Of two modern requests each may be another process's: a change there is news to nobody here.
    alone = [step for step in steps if step[0]["do"] != "listen"]
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    stdio = warm.words(EVERYTHING, "--stdio")  # behind serve it starts as it does in earnest
    wrapped = over_stdio([sys.executable, "-m", "doorward", "run", "--", *stdio], state)
    with (
        Player(kind, over_stdio(stdio), tmp_path / "direct.log") as direct,
        through(hosting, kind, tmp_path / "served.log") as served,
        Player(kind, wrapped, tmp_path / "wrapped.log") as run,
        ThreadPoolExecutor() as together,
    ):
        seen_served = together.submit(played, served, alone)
        seen_wrapped = together.submit(played, run, alone)
        expected = played(direct, alone)
        assert seen_served.result() == enforced(expected)
        assert seen_wrapped.result() == expected
        for step, _ in steps[len(alone) :]:
            assert run.play(**step) == direct.play(**step)
    calls = [step["name"] for step, _ in steps if step["do"] == "call"]
    outcomes = Journal(tmp_path / "state").of(method="tools/call", phase="outcome")
    assert {record["tool_name"] for record in outcomes} >= set(calls)
    assert len(outcomes) >= len(calls)


@pytest.mark.parametrize("client", SDKS)
def test_a_cancellation_reaches_the_server(gateway: Gateway, client: str, tmp_path: Path) -> None:
    journal = Journal(gateway.audit_path)
    with through(gateway, SDKS[client], tmp_path / "client.log") as player:
        before = cancellations(player)
        journal.mark()
        outcome = player.result("cancel", step=tool("wait"), after=1)
        assert "result" not in outcome, outcome
        journal.until(lambda: cancellations(player) == before + 1)
        (record,) = journal.until(lambda: journal.of(tool_name="wait", phase="outcome"))
        if player.kind.modern:
            assert record["reason"] == "client.disconnected"
        elif client == "sdk-1.30":  # the server answers what was cancelled, and so the exchange has an end of its own
            assert journal.of(kind="message", method="notifications/cancelled")
        assert player.result("call", name="echo", arguments={"x": 1})["structuredContent"] == {"x": 1}


def cancellations(player: Player) -> int:
    return int(player.result("call", name="was_cancelled")["content"][0]["text"])
