import json
import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from tests.functional.edge.certificates import Authority
from tests.receivers.events import event, some
from tests.receivers.syslog import Syslog as Receiver
from tests.receivers.syslog import parse

from doorward.configtypes import InvalidConfiguration, Plugin, Refused, Size
from doorward.core.delivery import ALL, Event, SinkFault
from doorward.plugins import builder
from doorward.sinks.syslog import BEFORE, LATELY, Syslog, _Lately
from doorward.sinks.syslog_message import FACILITIES, message

Make = Callable[..., Syslog]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as serving:
        yield serving


@pytest.fixture
def syslog(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    monkeypatch.setattr("doorward.sinks.syslog.PROOF", 0.05)
    made: list[Syslog] = []

    def make(**options: Any) -> Syslog:
        options = {"host": "127.0.0.1", "port": receiver.port, "tls": False, "timeout": 5.0, **options}
        made.append(Syslog(Syslog.Options(**options)))
        return made[-1]

    yield make
    for one in made:
        one.close()


def taken(receiver: Receiver) -> list[str]:
    return [one.data["event_id"] for one in receiver.messages]


def test_an_event_is_a_message(syslog: Make, receiver: Receiver) -> None:
    made = event(1, severity="high", decision="deny", entities={"US_SSN": 1, "EMAIL": 2})
    assert syslog(hostname="gate-1", facility="audit").deliver([made]) == ALL
    receiver.wait_for(1)
    (one,) = receiver.messages
    assert (one.facility, one.severity, one.host, one.app, one.kind) == (13, 3, "gate-1", "doorward", "exchange")
    assert one.timestamp == "2026-09-21T14:13:21.064Z"
    assert one.sd_id == "doorward@32473"
    assert one.data["event_id"] == made.id
    assert one.data["finding"] == "EMAIL,US_SSN"
    assert json.loads(one.text) == json.loads(made.data)


def test_many_over_one_connection_in_their_order(syslog: Make, receiver: Receiver) -> None:
    sink = syslog()
    for begin in range(0, 300, 100):
        assert sink.deliver([event(begin + number) for number in range(100)]) == ALL
    receiver.wait_for(300)
    assert taken(receiver) == [one.id for one in some(300)]
    assert receiver.connections == 1


@pytest.mark.parametrize(
    ("members", "severity"),
    [
        ({"severity": "critical"}, 2),
        ({"severity": "high"}, 3),
        ({"severity": "medium"}, 4),
        ({"severity": "low"}, 5),
        ({}, 6),
        ({"decision": "error"}, 3),
    ],
)
def test_severities(members: Any, severity: int) -> None:
    for facility in range(len(FACILITIES)):
        made = parse(message(event(1, **members), facility, "h", "a", "x@1"))
        assert (made.facility, made.severity) == (facility, severity)


@pytest.mark.parametrize(
    "name",
    [
        'a"b',
        "a]b",
        "a\\b",
        'a\\"]',
        "a\nb",
        "a\r\n<1>1 forged",
        "\x00\x1f\x7f",
        "\x85\u2028\u2029",
        "naïve",
        "日本",
        "🦀",
    ],
)
@pytest.mark.parametrize("format", ["native", "cef"])
def test_one_event_is_one_line_whatever_a_tool_is_called(name: str, format: str) -> None:
    made = event(1, tool_name=name, kind=name, data=None if format == "native" else f"CEF:0|{name}".encode())
    parsed = parse(message(made, 16, "h", "a", "x@1"))
    printable = name.isprintable() and name.isascii()
    assert (parsed.data["tool_name"] == name) is (printable or name in ("naïve", "日本", "🦀"))
    if format == "native":
        assert json.loads(parsed.text)["tool_name"] == name


def test_text_beyond_ascii_is_marked_where_it_is_no_json() -> None:
    assert "\ufeff" not in parse(message(event(1, tool_name="ï"), 16, "h", "a", "x@1")).text
    assert b"] \xef\xbb\xbfCEF:0|\xc3\xaf" in message(event(1, data="CEF:0|ï".encode()), 16, "h", "a", "x@1")


def test_what_the_receiver_would_cut_is_not_sent(syslog: Make, receiver: Receiver) -> None:
    large = event(1, data=b"x" * 8192)
    sink = syslog()
    assert sink.limits.event == 8192 - BEFORE
    assert sink.deliver([event(0), large, event(2)]).refused == {1: "larger than the receiver takes whole"}
    receiver.wait_for(2)
    assert taken(receiver) == [event(0).id, event(2).id]
    receiver._largest = 1 << 20
    assert syslog(largest=Size(1 << 20)).deliver([large]) == ALL
    receiver.wait_for(3)


@pytest.mark.parametrize(("end", "again"), [("leave", [2]), ("cut", [0, 1, 2])])
def test_a_connection_that_ended_before_is_replaced_and_what_was_sent_lately_comes_again(
    syslog: Make, receiver: Receiver, end: str, again: list[int]
) -> None:
    """After an end in order, when the receiver had read all, the last delivery; after a reset more than that."""
    sink = syslog()
    sink.deliver(some(2))
    receiver.wait_for(2)
    sink.deliver([event(2)])
    receiver.wait_for(3)
    getattr(receiver, end)()
    assert sink.deliver([event(3)]) == ALL
    receiver.wait_for(4 + len(again))
    assert taken(receiver) == [event(number).id for number in (0, 1, 2, *again, 3)]


@pytest.mark.parametrize("end", ["leave", "cut"])
def test_what_a_receiver_leaves_unread_comes_again_in_order(syslog: Make, receiver: Receiver, end: str) -> None:
    """Its TCP has confirmed several deliveries, and it ends without having read one of them."""
    receiver.read(False)
    sink = syslog()
    for number in range(5):
        assert sink.deliver([event(number)]) == ALL
    getattr(receiver, end)()
    receiver.read(True)
    assert not receiver.messages
    assert sink.deliver([event(5)]) == ALL
    receiver.wait_for(6)
    assert taken(receiver) == [event(number).id for number in range(6)]


@pytest.mark.parametrize("end", ["leave", "cut"])
def test_what_is_left_unread_comes_again_over_tls_too(tmp_path: Path, end: str) -> None:
    authority = Authority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("server"))
    with Receiver(context) as receiver:
        receiver.read(False)
        sink = Syslog(Syslog.Options(host="127.0.0.1", port=receiver.port, timeout=5.0, ca=authority.path))
        for number in range(3):
            assert sink.deliver([event(number)]) == ALL
        getattr(receiver, end)()
        receiver.read(True)
        assert sink.deliver([event(3)]) == ALL
        receiver.wait_for(4)
        assert taken(receiver) == [event(number).id for number in range(4)]
        sink.close()


def test_that_nobody_listened_meanwhile_makes_no_end_in_order_a_broken_one(syslog: Make, receiver: Receiver) -> None:
    sink = syslog()
    for number in range(3):
        sink.deliver([event(number)])
    receiver.wait_for(3)
    receiver.leave()
    receiver.down()
    with pytest.raises(SinkFault, match="refused"):
        sink.deliver([event(3)])
    receiver.up()
    assert sink.deliver([event(3)]) == ALL
    receiver.wait_for(5)
    assert taken(receiver) == [event(number).id for number in (0, 1, 2, 2, 3)]


def test_what_may_come_again_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    lately = _Lately()
    assert lately.again(broken=True) == []
    frames = [letter * (LATELY // 5 * 2) for letter in (b"a", b"b", b"c")]
    for frame in frames:
        lately.add(frame)
    assert lately.again(broken=True) == frames[1:]
    assert lately.again(broken=False) == frames[2:]
    lately.add(b"d" * (LATELY + 1))
    assert lately.again(broken=True) == [b"d" * (LATELY + 1)]
    monkeypatch.setattr("doorward.sinks.syslog.LONGEST_UNREAD", -1.0)  # all was long ago
    lately.add(b"e")
    assert lately.again(broken=True) == [b"e"]


class Slow:
    """In place of the connection: a new one each time, over which every delivery takes nine seconds of ten."""

    broken = True

    def __init__(self) -> None:
        self.now = 0.0
        self.sent: list[bytes] = []

    def monotonic(self) -> float:
        return self.now

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...

    def stands(self) -> bool:
        return False

    def open(self, until: float) -> None: ...

    def send(self, data: bytes, until: float) -> None:
        self.sent.append(data)
        self.now += 9
        if self.now >= until:
            raise TimeoutError

    def drained(self, until: float) -> None: ...

    def close(self) -> None: ...


def test_what_comes_again_has_the_time_that_it_had_before(syslog: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else, over a line that is just fast enough, it would never come through."""
    sink, slow = syslog(timeout=10.0), Slow()
    monkeypatch.setattr("doorward.sinks.syslog.time", slow)
    monkeypatch.setattr(sink, "_line", slow)
    for number in range(4):
        assert sink.deliver([event(number)]) == ALL
    assert len(slow.sent) == 1 + 2 + 3 + 4


@pytest.mark.parametrize("at", [1, 3, 50, 120])
def test_a_connection_that_breaks_costs_nothing(syslog: Make, receiver: Receiver, at: int) -> None:
    """However far the receiver is behind what its TCP has confirmed."""
    receiver.cut_at = at
    sink = syslog()
    for begin in range(0, 150, 10):
        _delivered(sink, [event(begin + number) for number in range(10)])
    with receiver._changed:
        assert receiver._changed.wait_for(lambda: not receiver.cut_at, 10)
    _delivered(sink, [event(999)])
    _settled(receiver, event(999))
    assert set(taken(receiver)) == {one.id for one in (*some(150), event(999))}
    first = dict.fromkeys(taken(receiver))  # where each came for the first time
    assert list(first) == [one.id for one in (*some(150), event(999))]


def _delivered(sink: Syslog, events: list[Event]) -> None:
    for _ in range(3):
        with suppress(SinkFault):
            assert sink.deliver(events) == ALL
            return
    pytest.fail("it never came through")


def _settled(receiver: Receiver, last: Event) -> None:
    """All that was sent has been read: the last is there."""
    with receiver._changed:
        assert receiver._changed.wait_for(lambda: last.id in taken(receiver), 10)


def test_a_proxy_that_accepts_for_nobody_is_found_out(syslog: Make, receiver: Receiver) -> None:
    receiver.cut_at = 1
    with pytest.raises(SinkFault):
        syslog().deliver(some(1))


def test_nobody_listens_and_then_somebody_does(syslog: Make, receiver: Receiver) -> None:
    sink = syslog()
    receiver.down()
    with pytest.raises(SinkFault, match="refused"):
        sink.deliver(some(1))
    receiver.up()
    assert sink.deliver(some(1)) == ALL


def test_a_receiver_that_does_not_read_is_no_receiver(syslog: Make, receiver: Receiver) -> None:
    receiver.read(False)
    sink = syslog(timeout=0.3)
    events = [event(number, data=b"x" * 6000) for number in range(900)]
    with pytest.raises(SinkFault, match="no answer in time"):
        sink.deliver(events)
    receiver.read(True)
    for begin in range(0, 900, 100):
        assert sink.deliver(events[begin : begin + 100]) == ALL
    _settled(receiver, events[-1])
    assert set(taken(receiver)) >= {one.id for one in events}


def test_closing_ends_what_is_under_way(syslog: Make, receiver: Receiver) -> None:
    receiver.read(False)
    sink = syslog(timeout=30)
    raised: list[SinkFault] = []

    def deliver() -> None:
        try:
            sink.deliver([event(number, data=b"x" * 6000) for number in range(900)])
        except SinkFault as fault:
            raised.append(fault)

    delivering = Thread(target=deliver)
    delivering.start()
    with receiver._changed:
        assert receiver._changed.wait_for(lambda: receiver.connections > 0, 10)
    sink.close()
    delivering.join(10)
    assert raised
    with pytest.raises(SinkFault, match="closed"):
        sink.deliver(some(1))


def test_over_tls_both_sides_are_verified(tmp_path: Path) -> None:
    authority, other = Authority(tmp_path), Authority(tmp_path, "other authority")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("server"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.path)
    certificate, key = authority.issue("client")
    with Receiver(context) as receiver:
        common: dict[str, Any] = {"host": "127.0.0.1", "port": receiver.port, "timeout": 5.0}
        sink = Syslog(Syslog.Options(ca=authority.path, certificate=certificate, key=key, **common))
        assert [sink.deliver(some(100)), sink.deliver(some(5))] == [ALL, ALL]
        receiver.wait_for(105)
        assert receiver.connections == 1
        sink.close()
        with pytest.raises(SinkFault, match="certificate"):
            Syslog(Syslog.Options(ca=other.path, certificate=certificate, key=key, **common)).deliver(some(1))
        with pytest.raises(SinkFault):
            Syslog(Syslog.Options(ca=authority.path, **common)).deliver(some(1))
    with pytest.raises(Refused, match="certificate or its key cannot be read: No such file"):
        Syslog(Syslog.Options(certificate=tmp_path / "none", **common))
    os.mkfifo(pipe := tmp_path / "pipe")
    with pytest.raises(Refused, match="certificate or its key cannot be read: it is not a plain file"):
        Syslog(Syslog.Options(certificate=certificate, key=pipe, **common))


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"host": ""}, "host or port"),
        ({"host": "tls://siem.example.com"}, "host or port"),
        ({"host": "siem.example.com:6514"}, "host or port"),
        ({"host": "[::1]"}, "host or port"),
        ({"ca": Path("ca.pem")}, "go with tls"),
        ({"tls": True, "key": Path("key.pem")}, "key goes with certificate"),
        ({"port": 0}, "host or port"),
        ({"largest": Size(1000)}, "largest"),
        ({"hostname": "a b"}, "header"),
        ({"app": ""}, "header"),
        ({"sd_id": 'a"b'}, "sd_id"),
        ({"sd_id": "a=b"}, "sd_id"),
    ],
)
def test_what_cannot_be(syslog: Make, options: Any, what: str) -> None:
    with pytest.raises(Refused, match=what):
        syslog(**options)


def test_as_a_configuration_writes_it(tmp_path: Path) -> None:
    spec: dict[str, Any] = {"host": "siem.example.com", "facility": "authpriv", "largest": "64KiB"}
    made = builder({}, tmp_path)("sinks", Plugin("syslog", spec))
    assert isinstance(made, Syslog)
    assert made.limits.event == (64 << 10) - BEFORE
    with pytest.raises(InvalidConfiguration) as caught:
        builder({}, tmp_path)("sinks", Plugin("syslog", {**spec, "facility": "local9"}))
    assert caught.value.problems[0].path == "facility"
