"""The process for the largest messages: the same findings as here, and ended when it is late, broken or gone."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from doorward.bootstrap.apart import Setup, apart
from doorward.config import Inspect, Pattern
from doorward.configtypes import Plugin
from doorward.core.errors import DetectorFault
from doorward.gateway.apart import Apart
from doorward.gateway.scanning import APART, Detectors

INSPECT = Inspect(
    detectors=(Plugin("stub", {"texts": {"PERSON": ["Ann Lee"]}}),),
    patterns=(Pattern(entity="TICKET", regex="T-[0-9]{4}"),),
)
HELD = ["x Ann Lee, y", 'in {"n": "Ann Lee"}', "T-1234"]
RAW = json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"a": HELD}}).encode()
SAYS = "import sys; out = sys.stdout.buffer; out.write(b'\\0\\0\\0\\5ready'"


@pytest.fixture
def looking(tmp_path: Path) -> Iterator[Apart]:
    made = apart(INSPECT, tmp_path)
    yield made
    made.close()


async def test_it_finds_what_the_detectors_of_the_configuration_find(looking: Apart) -> None:
    for _ in range(2):
        found = await looking.findings(RAW, "results", 20.0, 64)
        assert [(f.entity, f.text.pointer, f.read) for f in found] == [
            ("PERSON", "/result/a/0", "Ann Lee"),
            ("PERSON", "/result/a/1", "Ann Lee"),
            ("TICKET", "/result/a/2", "T-1234"),
        ]


async def test_late_it_is_ended_and_the_next_message_gets_another(tmp_path: Path) -> None:
    slow = Inspect(detectors=(Plugin("stub", {"texts": {"A": ["Ann"]}, "delay": "5s"}),))
    looking = apart(slow, tmp_path)
    for _ in range(2):
        with pytest.raises(DetectorFault) as fault:
            await looking.findings(RAW, "results", 0.2, 64)
        assert fault.value.code == "detector.timeout"
    looking.close()


async def test_a_detector_that_fails_there_fails_here(tmp_path: Path) -> None:
    looking = apart(Inspect(detectors=(Plugin("stub", {"fail": True}),)), tmp_path)
    with pytest.raises(DetectorFault) as fault:
        await looking.findings(RAW, "results", 20.0, 64)
    assert fault.value.code == "detector.failed"
    looking.close()


@pytest.mark.parametrize(
    "program",
    [
        "raise SystemExit(1)",
        "import sys; sys.stdout.buffer.write(b'\\0\\0\\0\\5steady')",
        SAYS + " + b'\\0\\0\\0\\2{}'); out.flush(); sys.stdin.read()",
        SAYS + " + b'\\xff' * 4); out.flush(); sys.stdin.read()",
    ],
)
async def test_what_is_no_such_process_leaves_nothing_unscanned_in_silence(program: str) -> None:
    looking = Apart((sys.executable, "-c", program), b"setup")
    with pytest.raises(DetectorFault) as fault:
        await looking.findings(RAW, "results", 5.0, 64)
    assert fault.value.code == "detector.failed"
    looking.close()


async def test_only_the_largest_messages_go_there(looking: Apart) -> None:
    class Nowhere:
        name, heavy, triggers, directions = "here", False, None, frozenset({"results"})

        def detect(self, document: object) -> list[object]:
            return []

    detectors = Detectors([Nowhere()], apart=looking)  # type: ignore[list-item]
    value = json.loads(RAW)
    assert await detectors.scan(RAW, value, "results") == []
    assert len(await detectors.scan(RAW + b" " * APART, value, "results")) == 3
    assert await detectors.scan(RAW + b" " * APART, value, "arguments") == []
    detectors.close()


def test_what_is_told_to_it_is_what_is_configured(tmp_path: Path) -> None:
    import msgspec

    told = msgspec.msgpack.decode(apart(INSPECT, tmp_path)._setup, type=Setup)
    assert told == Setup([("stub", {"texts": {"PERSON": ["Ann Lee"]}})], [("TICKET", "T-[0-9]{4}", 0.9)], str(tmp_path))
