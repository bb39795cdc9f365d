"""``doorward serve`` with sinks: what is shipped, by whom, and what never is."""

import contextlib
import http.client
import json
import os
import signal
from pathlib import Path
from typing import Any

from tests.functional.gateway_process import Gateway, doorward
from tests.functional.upstreams import Upstream, listening, url_of
from tests.journals import whole_lines
from tests.processes import alive
from tests.receivers.serving import Reply, Request, Serving
from tests.waiting import PATIENCE, until_here

CANARY = "canary-" + "5f1d8e"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
FORMATS = ("native", "ocsf", "ecs", "cef")


class Taking(Serving):
    """Takes whatever comes: ``requests`` has it."""

    def serve(self, request: Request) -> Reply:
        return Reply(200, {} if "json" in request.headers["content-type"] else None)


class Leaky(Upstream):
    """A server whose results are full of what was asked."""

    def result(self, asked: dict[str, Any]) -> dict[str, Any]:
        text = json.dumps(asked["params"]["arguments"])
        return {"content": [{"type": "text", "text": text}], "structuredContent": {CANARY: text}}


def call(running: Gateway, number: int) -> None:
    meta = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "baggage": CANARY}
    params = {"name": "look", "arguments": {"note": CANARY, CANARY: number}, "_meta": meta}
    message = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    connection = http.client.HTTPConnection(*running.listen, timeout=PATIENCE)
    with contextlib.closing(connection):
        connection.request("POST", "/mcp/crm", json.dumps(message), headers)
        answer = connection.getresponse()
        assert CANARY.encode() in answer.read()
        assert answer.status == 200


def configuration(url: str, sinks: list[dict[str, Any]]) -> str:
    return json.dumps(
        {
            "listen": {"address": "127.0.0.1:0"},
            "admin": {"address": "127.0.0.1:0"},
            "servers": {"crm": {"url": url, "trace": "propagate"}},
            "audit": {"sinks": sinks},
        }
    )


def outcomes(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    events = [json.loads(line) for line in whole_lines(path)]
    return [event for event in events if event["phase"] == "outcome"]


def delivered(running: Gateway, sink: str) -> float:
    return running.metric(f'doorward_sink_delivered_total{{sink="{sink}"}}') or 0


def shipper(running: Gateway) -> int:
    return int(until_here(lambda: running.status()["shipper"][0]["pid"]))


def test_events_reach_every_sink_and_nothing_of_the_calls_does(tmp_path: Path) -> None:
    files = [{"use": "file", "name": form, "format": form, "path": f"{form}.out", "every": "100ms"} for form in FORMATS]
    with listening(Leaky) as server, Taking() as receiver:
        posts = [
            {"use": "otlp", "url": receiver.url, "every": "100ms"},
            {"use": "traces", "url": receiver.url, "every": "100ms"},
        ]
        with doorward(tmp_path, configuration(url_of(server), [*files, *posts]), "--log-level", "debug") as running:
            running.ready()
            for number in range(3):
                call(running, number)
            for name in (*FORMATS, "otlp", "traces"):
                until_here(lambda name=name: delivered(running, name) >= 3)
            until_here(lambda: len(outcomes(tmp_path / "native.out")) == 3)
            assert running.metric('doorward_sink_waiting_bytes{sink="native"}') is not None
            metrics = running.get("/metrics")[1]
            running.signal(signal.SIGTERM)
            assert running.end() == 0
            log = "".join(running.log)
        sent = [request.body for request in receiver.requests]
    ids = {event["event_id"] for event in outcomes(tmp_path / "native.out")}
    assert len(ids) == 3
    assert {event["trace_id"] for event in outcomes(tmp_path / "native.out")} == {TRACE}
    assert any(bytes.fromhex(TRACE) in body for body in sent), "no span"
    for form in FORMATS:
        text = (tmp_path / f"{form}.out").read_text()
        assert all(name in text for name in ids), form
        assert '"signed"' in text or "signed" in text, f"{form}: no checkpoint"
        assert CANARY not in text
    assert CANARY.encode() not in b"".join(sent)
    assert CANARY not in metrics
    assert CANARY not in log
    kept = [path for path in (tmp_path / ".doorward").rglob("*") if path.is_file()]
    assert any(path.name == "native.cursor.json" for path in kept)
    assert not [path for path in kept if CANARY.encode() in path.read_bytes()]


def test_a_shipper_that_is_killed_is_started_again_and_goes_on(tmp_path: Path) -> None:
    sinks = [{"use": "file", "path": "events.jsonl", "every": "100ms"}]
    with listening(Leaky) as server, doorward(tmp_path, configuration(url_of(server), sinks)) as running:
        running.ready()
        call(running, 1)
        until_here(lambda: len(outcomes(tmp_path / "events.jsonl")) == 1)
        first = shipper(running)
        os.kill(first, signal.SIGKILL)
        call(running, 2)  # costs the call nothing
        assert until_here(lambda: shipper(running) != first)
        until_here(lambda: len({event["event_id"] for event in outcomes(tmp_path / "events.jsonl")}) == 2)
        assert running.metric("doorward_shipper_restarts_total") == 1
        assert running.get("/readyz")[0] == 200
        running.signal(signal.SIGTERM)
        assert running.end() == 0
        assert not alive(first)


def test_a_sink_that_is_down_costs_no_call_and_gets_everything_when_it_is_back(tmp_path: Path) -> None:
    there = tmp_path / "there"
    sinks = [{"use": "file", "path": "there/events.jsonl", "every": "100ms"}]
    there.write_text("in the way")
    with listening(Leaky) as server, doorward(tmp_path, configuration(url_of(server), sinks)) as running:
        running.ready()
        call(running, 1)
        until_here(lambda: (running.metric('doorward_sink_repeated_total{sink="file"}') or 0) > 0)
        assert running.metric('doorward_sink_up{sink="file"}') == 0
        call(running, 2)
        there.unlink()
        there.mkdir()
        until_here(lambda: len(outcomes(there / "events.jsonl")) == 2)
        until_here(lambda: running.metric('doorward_sink_up{sink="file"}') == 1)


def test_sinks_change_with_a_reload(tmp_path: Path) -> None:
    first = [{"use": "file", "name": "one", "path": "one.jsonl", "every": "100ms"}]
    second = [*first, {"use": "file", "name": "two", "path": "two.jsonl", "every": "100ms"}]
    with listening(Leaky) as server, doorward(tmp_path, configuration(url_of(server), first)) as running:
        running.ready()
        call(running, 1)
        until_here(lambda: len(outcomes(tmp_path / "one.jsonl")) == 1)
        running.write_text(configuration(url_of(server), [{"use": "file", "name": "one"}]))
        until_here(lambda: running.metric("doorward_config_reload_failed") == 1)
        running.write_text(configuration(url_of(server), second))
        until_here(lambda: len(outcomes(tmp_path / "two.jsonl")) == 1)
        assert running.metric("doorward_config_reload_failed") == 0
        call(running, 2)
        until_here(lambda: len(outcomes(tmp_path / "two.jsonl")) == 2)
        until_here(lambda: len(outcomes(tmp_path / "one.jsonl")) == 2)


def test_a_sink_that_cannot_be_made_is_said_at_the_start(tmp_path: Path) -> None:
    with doorward(tmp_path, configuration("http://127.0.0.1:1/", [{"use": "file"}])) as running:
        assert running.end() == 2
        assert running.logged("audit.sinks[0]")
