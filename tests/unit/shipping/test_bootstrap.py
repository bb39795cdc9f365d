"""``bootstrap.shipping``: a configuration down to a shipper, and the service that the supervisor runs."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import msgspec
import pytest
from tests.audit_logs import Log
from tests.waiting import until

from doorward import configfile
from doorward.bootstrap import shipping
from doorward.bootstrap.shipping import ReadOnlyTools, build, sampling, targets
from doorward.configtypes import InvalidConfiguration
from doorward.control.keys import secret_keys
from doorward.control.store import Store
from doorward.core.audit import AuditRecord, timestamp
from doorward.core.delivery import Limits
from doorward.formats import FORMATS
from doorward.shipping.packing import MOST_BYTES, Packing
from doorward.shipping.sampling import FirstCalls
from doorward.sinks.options import Format
from doorward.sinks.syslog_message import message

SERVERS = "servers: {crm: {url: http://127.0.0.1:9/mcp}}\n"


def loaded(directory: Path, *sinks: str, more: str = "") -> configfile.Loaded:
    return configfile.load_text(text(*sinks, more=more), file=str(directory / "doorward.yaml"))


def text(*sinks: str, more: str = "") -> str:
    return f"{SERVERS}audit: {{sinks: [{', '.join(sinks)}]{more}}}\n"


def test_a_sink_as_it_is_configured(tmp_path: Path) -> None:
    one, two = targets(
        loaded(tmp_path, "{use: file, path: x, format: ocsf, every: 5s, events: 7}", "{use: stdout, name: out}")
    )
    assert (one.name, one.use, one.every, one.limits.events) == ("file", "file", 5.0, 7)
    assert (two.name, two.use, two.every) == ("out", "stdout", 1.0)
    record = msgspec.to_builtins(AuditRecord(event_id="e", exchange_id="x", kind="gap", timestamp=timestamp(1e9)))
    assert (one.lines(record), two.lines(record)) == (FORMATS["ocsf"](record), FORMATS["native"](record))
    assert one.limits.bytes <= MOST_BYTES


@pytest.mark.parametrize("form", get_args(Format))
def test_what_a_sink_does_not_take_whole_it_gets_with_less_in_it(tmp_path: Path, form: str) -> None:
    """The call in which most was found has the longest record of all, and is the one to be told of."""
    (target,) = targets(loaded(tmp_path, f"{{use: syslog, host: siem.example.com, format: {form}}}"))
    finding = {"entity": "US_SSN", "direction": "response", "pointer": "/result/structuredContent/*/*", "score": 0.95}
    record = AuditRecord(
        event_id="e",
        exchange_id="x",
        kind="exchange",
        phase="outcome",
        timestamp=timestamp(1e9),
        tool_name="export",
        entities={"US_SSN": 4000},
        findings=[finding | {"detector": "patterns", "rule": "us-ssn"}] * 100,
    )
    packing = Packing(target.lines, target.limits, None, FirstCalls(tmp_path / "first-calls.json"))
    events, _, dead = packing(msgspec.to_builtins(record), "w" * 32)
    assert dead == []
    assert all(b"US_SSN" in event.data for event in events[1:] or events)
    assert all(len(message(event, 16, "h", "a", "x@1")) <= 8192 for event in events)


def test_all_that_is_wrong_is_said_with_its_place(tmp_path: Path) -> None:
    sinks = ["{use: nowhere}", "{use: file}", "{use: stdout, name: ../x}", "stdout", "{use: stdout, name: stdout}"]
    with pytest.raises(InvalidConfiguration) as caught:
        targets(loaded(tmp_path, *sinks))
    said = {problem.path: problem for problem in caught.value.problems}
    assert set(said) == {f"audit.sinks[{index}]" for index in (0, 1, 2, 4)}
    assert "two sinks are called 'stdout'" in said["audit.sinks[4]"].message
    assert "cannot be the name" in said["audit.sinks[2]"].message
    assert all(problem.line == 2 for problem in said.values())


def test_a_secret_that_is_missing_says_how_one_is_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        targets(loaded(tmp_path, '{use: splunk, url: "https://siem.example.com:8088"}'))
    (problem,) = caught.value.problems
    assert (problem.message, problem.remedy) == (
        "'token' is missing",
        "add token; env:NAME or file:PATH can stand for it",
    )


def test_what_would_deliver_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        targets(
            loaded(tmp_path, "{use: stdout, timeout: 0s, events: -1}", "{use: file, path: x, timeout: 1ms, events: 0}")
        )
    said = {problem.path: problem for problem in caught.value.problems}
    assert set(said) == {"audit.sinks[0].timeout", "audit.sinks[0].events"}
    assert all(problem.remedy and problem.line == 2 for problem in said.values())


class Closing:
    """A plug-in that is counted."""

    opened, closed = 0, 0

    def __init__(self) -> None:
        Closing.opened += 1
        self.limits = Limits()

    def close(self) -> None:
        Closing.closed += 1


def test_none_is_left_open_where_another_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = shipping.plugins.builder

    def builder(*arguments: Any) -> Any:
        made = real(*arguments)
        return lambda kind, spec: Closing() if spec.use == "stdout" else made(kind, spec)

    monkeypatch.setattr(shipping.plugins, "builder", builder)
    with pytest.raises(InvalidConfiguration):
        targets(loaded(tmp_path, "stdout", "{use: nowhere}"))
    assert (Closing.opened, Closing.closed) == (1, 1)


def test_no_sampling_unless_it_is_asked_for(tmp_path: Path) -> None:
    assert sampling(loaded(tmp_path, "stdout"), tmp_path / "keys", None) is None
    assert not (tmp_path / "keys").exists()


def test_the_key_of_sampling_survives_rotations_and_is_no_other_key(tmp_path: Path) -> None:
    asked = loaded(tmp_path, "stdout", more=", sampling: {after: 1d, keep: 0.25}")
    first = sampling(asked, tmp_path / "keys", None)
    kept = secret_keys.load(tmp_path / "keys", rotate=1.0, now=4e9)  # much later
    again = sampling(asked, tmp_path / "keys", None)
    assert first is not None
    assert again is not None
    assert (first.after, first.keep) == (86400.0, 0.25)
    assert first.key == again.key
    assert len(first.key) == 32
    assert first.key not in (kept.lasting, kept.hashing, *kept.sealing)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "state" / "state.db")
    yield made
    made.close()


def test_which_tools_only_read(store: Store) -> None:
    said = {
        "get": b'{"readOnlyHint":true}',
        "put": b'{"readOnlyHint":false}',
        "odd": b'{"readOnlyHint":"yes"}',
        "none": b"",
        "a@b": b'{"readOnlyHint":true}',
        "c@d": b'{"readOnlyHint":true}',
        "e f@": b'{"readOnlyHint":true}',
        "e g@": b"{}",
    }
    for name, annotations in said.items():
        store.keep_tool("crm", name, b"{}", None, annotations, 1.0)
    store.keep_tool("other", "get", b"{}", None, b'{"readOnlyHint":true}', 1.0)
    reads = ReadOnlyTools(store.path, ["crm"])
    assert reads("crm", "get")
    assert [name for name in ("put", "odd", "none", "unknown") if reads("crm", name)] == []
    assert not reads("other", "get")
    assert reads("crm", "*")  # as records call both of them
    assert not reads("crm", "e *")  # one of the two that are called so writes


def test_without_a_store_no_tool_only_reads(tmp_path: Path) -> None:
    assert not ReadOnlyTools(None, ["crm"])("crm", "get")
    assert not ReadOnlyTools(tmp_path / "state.db", ["crm"])("crm", "get")
    assert not (tmp_path / "state.db").exists()


def test_a_store_that_fails_changes_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store.keep_tool("crm", "get", b"{}", None, b'{"readOnlyHint":true}', 1.0)
    monkeypatch.setattr(shipping, "TOOLS_EACH", 0.0)
    reads = ReadOnlyTools(store.path, ["crm"])
    assert reads("crm", "get")
    store.path.chmod(0o644)  # others can read it: that is refused
    assert reads("crm", "get")
    assert "what is known stays" in caplog.text


def test_a_store_that_cannot_be_looked_at_holds_up_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def denied(_: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    reads = ReadOnlyTools(tmp_path / "state.db", ["crm"])
    monkeypatch.setattr(Path, "exists", denied)
    assert not reads("crm", "get")
    assert "what is known stays: Permission denied" in caplog.text


async def test_the_service_ships_takes_another_configuration_and_ends(tmp_path: Path) -> None:
    log = Log(tmp_path / "audit")
    writer = log.writer()
    start = SimpleNamespace(
        path=tmp_path / "doorward.yaml",
        text=text("{use: file, path: one, every: 10ms}"),
        keys=tmp_path / "keys",
        audit=log.directory,
        store=None,
    )
    service = await build(start)
    await service.open(None)
    one, two = tmp_path / "one", tmp_path / "two"
    await until(lambda: one.exists() and len(one.read_bytes().splitlines()) == 1)
    assert service.reasons() == []
    await until(lambda: service.export()["sinks"][0]["delivered"] == 1)
    json.dumps(service.export())
    with pytest.raises(InvalidConfiguration):
        service.prepare(2, text("{use: file}"))
    service.prepare(3, text("{use: file, path: never}"))
    prepared = service.prepare(4, text("{use: file, path: two, every: 10ms}"))
    await service.swap(prepared)
    writer.refusal()
    await until(lambda: two.exists() and len(two.read_bytes().splitlines()) == 1)  # where `file` was before
    writer.refusal()
    await service.drain()
    await service.close()
    assert len(two.read_bytes().splitlines()) == 2
    assert len(one.read_bytes().splitlines()) == 1
    assert not (tmp_path / "never").exists()


async def test_export_never_waits_for_a_sink(tmp_path: Path) -> None:
    Log(tmp_path / "audit").writer()
    start = SimpleNamespace(
        path=tmp_path / "doorward.yaml",
        text=text("{use: file, path: one, every: 1h}"),
        keys=tmp_path / "keys",
        audit=tmp_path / "audit",
        store=None,
    )
    service = await build(start)
    assert service.export()["sinks"][0]["up"] is False  # it has not begun
    await service.open(None)
    with service._shipper._change:  # as while a reload is under way
        assert [sink["name"] for sink in service.export()["sinks"]] == ["file"]
    await asyncio.gather(service.close(), service.close())


async def test_sinks_of_versions_that_are_not_used_are_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipping.plugins, "builder", lambda *_: lambda *_: Closing())
    monkeypatch.setattr(Closing, "opened", 0)
    monkeypatch.setattr(Closing, "closed", 0)
    start = SimpleNamespace(
        path=tmp_path / "doorward.yaml", text=text("stdout"), keys=tmp_path / "keys", audit=tmp_path, store=None
    )
    service = await build(start)
    refused = service.prepare(2, text("stdout"))
    await service.drop(refused)
    assert (Closing.opened, Closing.closed) == (2, 1)
    service.prepare(3, text("stdout"))
    used = service.prepare(3, text("stdout"))  # by a reload, and by who catches up with it
    await service.swap(used)
    assert (Closing.opened, Closing.closed) == (4, 3)
    await service.drop(used)  # it is in use: that is not to be taken away
    assert Closing.closed == 3
    await service.close()
    assert Closing.closed == 4


def test_none_is_left_open_where_sampling_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipping.plugins, "builder", lambda *_: lambda *_: Closing())
    monkeypatch.setattr(Closing, "opened", 0)
    keys = tmp_path / "keys"
    keys.mkdir(mode=0o777)
    keys.chmod(0o777)
    start = SimpleNamespace(path=tmp_path / "doorward.yaml", text="", keys=keys, audit=tmp_path, store=None)
    service = shipping.Shipping(start, [], None)  # type: ignore[arg-type]
    with pytest.raises(InvalidConfiguration):
        service.prepare(2, text("stdout", more=", sampling: {after: 1d, keep: 0.25}"))
    assert Closing.opened == 0
