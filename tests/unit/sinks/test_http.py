import base64
import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from http.server import HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from tests.receivers.collector import Collector
from tests.receivers.events import event, ids, some
from tests.receivers.serving import Fault

from doorward.configtypes import Duration, InvalidConfiguration, Plugin, Refused, Secret
from doorward.core.delivery import ALL, LARGEST_EVENT, SinkFault
from doorward.plugins import builder
from doorward.sinks.http import Http, batch_id

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
Make = Callable[..., Http]


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector(KEY) as serving:
        yield serving


@pytest.fixture
def http(collector: Collector) -> Iterator[Make]:
    made: list[Http] = []

    def make(**options: Any) -> Http:
        options = {"url": Secret(f"{collector.url}/in"), "secret": Secret(SECRET), "timeout": 5.0, **options}
        made.append(Http(Http.Options(**options)))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("body", ["lines", "array"])
@pytest.mark.parametrize("gzip", [False, True])
def test_a_receiver_verifies_it_with_nothing_of_ours(http: Make, collector: Collector, body: str, gzip: bool) -> None:
    events = some(3, tool_name="naïve")
    assert http(body=body, gzip=gzip).deliver(events) == ALL
    assert collector.taken == [json.loads(one.data) for one in events]
    assert collector.requests[0].path == "/in"


@pytest.mark.parametrize("body", ["lines", "array"])
def test_what_is_no_json_stays_text(http: Make, collector: Collector, body: str) -> None:
    line = 'CEF:0|Doorward|Doorward|1|x|"quoted"|3|act=allow'
    assert http(format="cef", body=body).deliver([event(1, data=line.encode())]) == ALL
    assert collector.taken == [line]


def test_a_batch_has_one_id_however_often_it_is_sent(http: Make, collector: Collector) -> None:
    events = some(3)
    collector.next(Fault("status", 503), None)
    sink = http()
    with pytest.raises(SinkFault):
        sink.deliver(events)
    sink.deliver(events)
    sink.deliver(events[1:])
    first, again, other = (request.headers["webhook-id"] for request in collector.requests)
    assert first == again == batch_id(events) != other


def test_the_receiver_in_the_docs_works(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    page = Path(__file__).parents[3] / "docs" / "how-to" / "http.md"
    (code,) = re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    (query,) = re.findall(r"^```sql\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    monkeypatch.setenv("EVENTS_SECRET", SECRET)
    monkeypatch.chdir(tmp_path)
    real, found = sqlite3.connect, []
    monkeypatch.setattr(sqlite3, "connect", lambda path: real(path, check_same_thread=False))
    names: dict[str, Any] = {"__name__": "receiver"}
    exec(code, names)
    names["found"] = found.append
    with HTTPServer(("127.0.0.1", 0), type("Quiet", (names["Receiver"],), {"log_message": lambda *_: None})) as server:
        serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        url = Secret(f"http://127.0.0.1:{server.server_address[1]}/events")
        sinks = [Http(Http.Options(url=url, secret=Secret(SECRET), timeout=Duration(5))) for _ in range(2)]
        events = [event(1, decision="deny"), event(2, entities={"US_SSN": 1})]
        assert [sink.deliver(events) for sink in sinks] == [ALL, ALL]
        with pytest.raises(SinkFault, match="401"):
            Http(Http.Options(url=url, secret=Secret("whsec_" + base64.b64encode(KEY[::-1]).decode()))).deliver(events)
        server.shutdown()
        serving.join()
    assert [one["event_id"] for one in found] == [event(2).id] * 2
    assert names["DATABASE"].execute(query).fetchall() == [("agent:sales", "get_customer", "", 1)]
    names["DATABASE"].close()


@pytest.mark.parametrize("kind", ["status", "cut", "lost", "half", "hang", "trickle"])
def test_after_a_fault_it_is_sent_again_and_nothing_is_missing(http: Make, collector: Collector, kind: str) -> None:
    collector.next(Fault(kind, 500), Fault(kind, 500))
    sink, events = http(timeout=0.3), some(3)
    with pytest.raises(SinkFault):
        sink.deliver(events)
    collector._queue.clear()
    assert sink.deliver(events) == ALL
    assert ids(collector.taken)[-3:] == [one.id for one in events]
    assert set(ids(collector.taken)) == {one.id for one in events}


def test_what_is_refused_alone_is_named_and_the_rest_is_taken(http: Make, collector: Collector) -> None:
    collector.refuses = lambda one: one["tool_name"] == "bad"
    events = [event(number, tool_name="bad" if number in (2, 7) else "good") for number in range(9)]
    assert http().deliver(events).refused == {2: "HTTP 422", 7: "HTTP 422"}
    assert ids(collector.taken) == [one.id for place, one in enumerate(events) if place not in (2, 7)]


def test_where_everything_is_refused_it_is_not_the_events(http: Make, collector: Collector) -> None:
    collector.refuses = lambda _: True
    with pytest.raises(SinkFault) as caught:
        http().deliver(some(4))
    assert caught.value.wait >= 10


def test_too_much_at_once_goes_in_parts(http: Make, collector: Collector) -> None:
    collector._largest = 1000
    events = some(8)
    assert http().deliver(events) == ALL
    assert ids(collector.taken) == [one.id for one in events]


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 429, 503])
def test_any_other_status_waits(http: Make, collector: Collector, status: int) -> None:
    collector.next(Fault("status", status, {"Retry-After": "45"}))
    with pytest.raises(SinkFault, match=str(status)) as caught:
        http().deliver(some(1))
    assert caught.value.wait == 45


def test_a_wrong_secret_is_no_matter_of_the_events(http: Make, collector: Collector) -> None:
    other = Secret("whsec_" + base64.b64encode(KEY[::-1]).decode())
    with pytest.raises(SinkFault, match="401"):
        http(secret=other).deliver(some(2))
    assert not collector.taken


def test_further_fields_go_along(http: Make, collector: Collector) -> None:
    http(headers={"Authorization": Secret("Bearer abc")}).deliver(some(1))
    assert collector.requests[0].headers["authorization"] == "Bearer abc"


@pytest.mark.parametrize("name", ["Content-Length", "host", "webhook-id", "a b", "", "a:b", "ä"])
def test_fields_that_are_not_the_operators(http: Make, name: str) -> None:
    with pytest.raises(Refused, match="headers"):
        http(headers={name: Secret("x")})


@pytest.mark.parametrize(
    "secret", ["private", "whsec_", "whsec_" + base64.b64encode(KEY[:23]).decode(), "whsec_privaté"]
)
def test_a_secret_of_another_form_is_refused_and_not_shown(http: Make, secret: str) -> None:
    with pytest.raises(Refused, match="24 to 64 bytes") as caught:
        http(secret=Secret(secret))
    assert "priv" not in f"{caught.value} {caught.value.remedy}"


def test_as_a_configuration_writes_it(tmp_path: Path) -> None:
    spec: dict[str, Any] = {"url": "env:URL", "secret": "env:KEY", "body": "array", "headers": {"X-A": "env:A"}}
    environ = {"URL": "https://in.example.com/private", "KEY": SECRET, "A": "1"}
    made = builder(environ, tmp_path)("sinks", Plugin("http", spec))
    assert isinstance(made, Http)
    assert "private" not in repr(made) + repr(made.options)
    assert made.limits.event == LARGEST_EVENT
    with pytest.raises(InvalidConfiguration) as caught:
        builder(environ, tmp_path)("sinks", Plugin("http", {**spec, "body": "xml"}))
    assert caught.value.problems[0].path == "body"
