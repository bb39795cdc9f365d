import asyncio
import json
import re
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.garbage import uncollected

from doorward.core.errors import DetectorFault
from doorward.core.finding import Finding
from doorward.core.leaf import Document
from doorward.detection.custom import Custom, Pattern
from doorward.detectors.patterns import Patterns
from doorward.detectors.stub import Stub
from doorward.gateway import scanning
from doorward.gateway.scanning import Detectors
from doorward.stages.binary import might_hold

VALUE = {"a": "x" * 2048}
RAW = b'{"a":"' + b"x" * 2048 + b'"}'
BOTH = frozenset({"arguments", "results"})


class One:
    """Finds the first character of every value; ``before`` is called first, where it looks."""

    def __init__(
        self,
        name: str = "one",
        *,
        heavy: bool = False,
        triggers: Sequence[str] | None = None,
        directions: frozenset[str] = BOTH,
        before: Callable[[Document], None] = lambda _: None,
    ) -> None:
        self.name, self.heavy, self.triggers, self.directions = name, heavy, triggers, directions
        self.before = before
        self.threads: list[int] = []
        self.loaded = 0

    def load(self) -> None:
        self.loaded += 1

    def detect(self, document: Document) -> list[Finding]:
        self.threads.append(threading.get_ident())
        self.before(document)
        return [leaf.finding(0, 1, self.name, 1.0, self.name) for leaf in document.leaves if not leaf.name]


def raises(error: Exception) -> Callable[[Document], None]:
    def before(document: Document) -> None:
        raise error

    return before


async def scanned(detectors: Detectors, raw: bytes = RAW, direction: str = "results") -> list[str]:
    try:
        return [found.entity for found in await detectors.scan(raw, VALUE, direction)]
    finally:
        detectors.close()


async def test_of_all_detectors_one_finding_for_each_place() -> None:
    first, second = One("a"), One("b")
    assert await scanned(Detectors([first, second])) == ["a"]
    assert len(second.threads) == 1


async def test_what_one_detector_declares_a_whole_takes_in_what_another_finds_inside_it() -> None:
    value = {"text": "12 Rosa Parks Street, Springfield, IL 62701"}
    raw = json.dumps(value).encode()
    names = Stub(Stub.Options(texts={"PERSON": ("Rosa Parks",)}))  # as sure as can be
    detectors = Detectors([names, Patterns(Patterns.Options())], base=30.0, most=30.0)
    try:
        found = [(one.entity, one.read) for one in await detectors.scan(raw, value, "results")]
    finally:
        detectors.close()
    assert found == [("LOCATION", "12 Rosa Parks Street, Springfield, IL 62701")]


async def test_only_in_the_direction_that_a_detector_is_for() -> None:
    detectors = Detectors([One(directions=frozenset({"results"}))])
    assert detectors.quiet(RAW, "arguments")
    assert not detectors.quiet(RAW, "results")
    assert await scanned(detectors, direction="arguments") == []


def test_quiet_is_what_fires_no_trigger_of_any_detector() -> None:
    detectors = Detectors([One(triggers=["zebra"]), One(triggers=["yak[0-9]"])])
    assert detectors.quiet(b'{"a":"horse"}', "results")
    assert not detectors.quiet(b'{"a":"a zebra"}', "results")
    assert not detectors.quiet(b'{"a":"yak7"}', "results")
    assert not detectors.quiet('{"a":"é"}'.encode(), "results"), "a way to hide it fires by itself"


BINARY = [b'"blob"', b'"image"', b'"audio"', b"\\u0061", b"\\\\users", b'"', b"\\", b"u", b"blob", b'im"', b'"Audio"']
PASSED = [b'{"', b'":"', b'"}', b"horse", b"zebra", b'"clientInfo"', b"client", *BINARY]


@pytest.mark.parametrize("direction", sorted(BOTH))
@pytest.mark.parametrize("engine", ["both", "re2"])
def test_what_passes_is_quiet_and_holds_nothing_binary(
    engine: str, direction: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if engine == "re2":
        monkeypatch.setitem(sys.modules, "hyperscan", None)
    scanning._compiled.cache_clear()
    detectors = Detectors([One(triggers=["zebra", "client"])])
    detectors.load()

    @given(st.lists(st.sampled_from(PASSED), max_size=6))
    def holds_for(parts: list[bytes]) -> None:
        raw = b"".join(parts)
        assert detectors.passes(raw, direction) is (detectors.quiet(raw, direction) and not might_hold(raw))

    holds_for()
    scanning._compiled.cache_clear()


def test_what_passes_where_nobody_looks_or_everybody_does() -> None:
    nobody, everybody = Detectors([One(directions=frozenset({"results"}), triggers=["a"])]), Detectors([One()])
    for made in (nobody, everybody):
        made.load()
    assert nobody.passes("é".encode(), "arguments")
    assert not nobody.passes(b'"blob"', "arguments")
    assert not everybody.passes(b"horse", "arguments")


def test_a_detector_that_says_nothing_of_its_triggers_sees_every_message() -> None:
    assert not Detectors([One(triggers=["zebra"]), One()]).quiet(b'{"a":"horse"}', "results")


async def test_a_small_message_is_looked_through_on_the_spot_and_a_large_one_in_a_thread() -> None:
    one, here = One(), threading.get_ident()
    await scanned(Detectors([one]), RAW)
    await scanned(Detectors([one]), b" " * scanning.ON_THE_SPOT + RAW)
    await scanned(Detectors([one]), b" " * scanning.ONE_AT_A_TIME + RAW)
    assert [ident == here for ident in one.threads] == [True, False, False]


async def test_a_heavy_one_leaves_the_loop_free() -> None:
    one = One(heavy=True)
    await scanned(Detectors([one]))
    assert one.threads != [threading.get_ident()]


async def test_the_largest_wait_for_each_other() -> None:
    inside, most, free = 0, 0, threading.Event()

    def before(document: Document) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        free.wait(0.05)
        inside -= 1

    detectors = Detectors([One(before=before)])
    large = b" " * scanning.ONE_AT_A_TIME + RAW
    await asyncio.gather(*(detectors.scan(large, VALUE, "results") for _ in range(3)))
    detectors.close()
    assert most == 1


@pytest.mark.parametrize("heavy", [True, False])
@pytest.mark.parametrize("error", [ValueError("x"), RecursionError(), DetectorFault("x"), MemoryError()])
async def test_whatever_one_raises_leaves_nothing_unscanned_in_silence(error: Exception, heavy: bool) -> None:
    with pytest.raises(DetectorFault) as fault:
        await scanned(Detectors([One(), One(heavy=heavy, before=raises(error))], base=30.0, most=30.0))
    assert fault.value.code == "detector.failed"


async def test_one_that_does_not_come_back_is_given_up() -> None:
    free = threading.Event()
    with pytest.raises(DetectorFault) as fault:
        await scanned(Detectors([One(heavy=True, before=lambda _: bool(free.wait(5)) and None)], base=0.01))
    free.set()
    assert fault.value.code == "detector.timeout"


@pytest.mark.parametrize(
    ("clock", "step", "stopped"), [("thread_time", 0.1, True), ("monotonic", 0.1, False), ("monotonic", 6.0, True)]
)
async def test_work_is_bounded_by_its_own_time_and_by_the_clock(
    monkeypatch: pytest.MonkeyPatch, clock: str, step: float, stopped: bool
) -> None:
    now = 100.0
    monkeypatch.setattr(scanning, "monotonic", lambda: now)
    if clock == "thread_time":  # whoever works takes time by the clock, too
        monkeypatch.setattr(scanning, "thread_time", lambda: now)

    def before(document: Document) -> None:
        nonlocal now
        now += step
        document.check()

    if not stopped:
        assert await scanned(Detectors([One(before=before)])) == ["one"]
        return
    with pytest.raises(DetectorFault) as fault:
        await scanned(Detectors([One(before=before)]))
    assert fault.value.code == "detector.timeout"


async def test_the_thread_is_not_asked_for_its_time_before_it_can_be_late(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(scanning, "thread_time", lambda: asked.append(1) or 0.0)

    def before(document: Document) -> None:
        for _ in range(100):
            document.check()

    assert await scanned(Detectors([One(before=before)], base=60.0)) == ["one"]
    assert len(asked) == 1


@pytest.mark.parametrize("kilobytes", [1, 20, 600])
async def test_time_that_the_host_took_is_given_once_more_away_from_the_loop(
    monkeypatch: pytest.MonkeyPatch, kilobytes: int
) -> None:
    now, threads = 100.0, []
    monkeypatch.setattr(scanning, "thread_time", lambda: now)
    monkeypatch.setattr(scanning, "monotonic", lambda: now)

    def before(document: Document) -> None:
        nonlocal now
        threads.append(threading.get_ident())
        now += 0.0 if len(threads) > 1 else 1.0
        document.check()

    assert await scanned(Detectors([One(before=before)]), b" " * (kilobytes * 1024)) == ["one"]
    assert len(threads) == 2
    assert threads[1] != threading.get_ident()


INSIDE = {
    "nothing": "x" * 2048,
    "JSON": json.dumps([{"mail": f"a{number}@mail.example"} for number in range(100)]),
    "a table": "a,b\n" + "\n".join(f"x{number},a{number}@mail.example" for number in range(100)),
    "lines": "\n".join(f"name{number}: a{number}@mail.example" for number in range(100)),
    "markup": "<r>" + "".join(f"<p><b>x</b> a{number}@mail.example</p>" for number in range(100)) + "</r>",
    "JSON in a list": [json.dumps({"mail": f"a{number}@mail.example"}) for number in range(100)],
}


@pytest.mark.parametrize("inside", INSIDE)
@pytest.mark.parametrize("heavy", [False, True])
@pytest.mark.parametrize("late", [False, True])
async def test_a_message_that_was_looked_through_is_not_left_to_the_garbage_collector(
    inside: str, heavy: bool, late: bool
) -> None:
    value = {"params": {"arguments": {"text": INSIDE[inside]}}}

    def before(document: Document) -> None:
        if late:  # a new one each time: what the test kept would be a cycle of its own, and its thread may end late
            raise DetectorFault("deadline", code="detector.timeout")

    detectors = Detectors([One(heavy=heavy, before=before)])
    with uncollected() as found:
        with suppress(DetectorFault):
            await detectors.scan(json.dumps(value).encode(), value, "arguments")
        detectors.close()
    assert not found


@pytest.mark.parametrize(("kilobytes", "seconds"), [(2, 2.0), (200, 4.0)])
async def test_the_deadline_grows_with_the_message_up_to_its_most(
    monkeypatch: pytest.MonkeyPatch, kilobytes: int, seconds: float
) -> None:
    given: list[float] = []
    real = asyncio.timeout

    def noted(allowed: float) -> asyncio.Timeout:
        given.append(allowed)
        return real(5)

    monkeypatch.setattr(asyncio, "timeout", noted)
    monkeypatch.setattr(scanning, "monotonic", lambda: 100.0)
    raw = b" " * (kilobytes * 1024)
    await scanned(Detectors([One(heavy=True)], base=1.0, per_kilobyte=0.5, most=4.0), raw)
    assert given == [seconds]


def test_what_takes_time_is_done_before_the_first_message() -> None:
    one = One(triggers=["zebra"])
    detectors = Detectors([one])
    detectors.load()
    assert one.loaded == 2, "for each direction; a detector loads once"


async def test_a_body_that_is_no_message() -> None:
    from doorward.core.finding import Text

    detectors = Detectors([One()])
    text = Text("", "<html>")
    assert [found.text for found in await detectors.scan_text(b"<html>", [text], "results")] == [text]
    detectors.close()


SPEAKERS = [f'"{vendor}{name}"'.encode() for vendor in ("", "io.modelcontextprotocol/") for name in ("clientInfo", "x")]
SPEAKERS += [b'"serverInfo"', b'clientCapabilities"', b'"io.modelcontextprotocol/serverCapabilities"', b'"', b'_"']


@given(st.lists(st.sampled_from([*SPEAKERS, b":", b'{"', b'"_"', b"name", b" "]), max_size=8))
def test_names_of_speakers_are_left_out_from_left_to_right(parts: list[bytes]) -> None:
    """Also where they are no JSON: two in a row that share a mark of quotation."""
    raw = b"".join(parts)
    name = rb'"(?:io\.modelcontextprotocol/)?(?:client|server)(?:Info|Capabilities)"'
    assert scanning._without_names(raw) == re.sub(name, b'"_"', raw)


def test_who_speaks_fires_nothing() -> None:
    detectors = Detectors([One(triggers=["client", "server"])])
    assert detectors.quiet(b'{"clientInfo":{},"io.modelcontextprotocol/serverCapabilities":{}}', "results")
    assert not detectors.quiet(b'{"clientInfo":{"client":1}}', "results")


async def test_a_name_in_lines_that_is_found_once_is_found_wherever_it_stands() -> None:
    text = "hosts:\n  acme: up\n  other: up\nsites:\n  acme: down\nrooms:\n  - acme: 1\n  - acme: 2\n"
    detectors = Detectors([Custom([Pattern(entity="HOST", regex="^acme$")])])
    raw = json.dumps({"text": text}).encode()
    found = await detectors.scan(raw, {"text": text}, "results")
    detectors.close()
    assert [one.start for one in found] == [match.start() for match in re.finditer("acme", text)]
