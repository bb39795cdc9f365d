import asyncio
import threading
from collections.abc import Sequence

import pytest

from doorward.core.errors import DetectorFault
from doorward.core.finding import Finding, Text
from doorward.gateway.scanning import Detectors

TEXTS = [Text("/a", "x" * 2048)]


class One:
    def __init__(self, name: str = "one", heavy: bool = False, error: Exception | None = None) -> None:
        self.name, self.heavy, self.error = name, heavy, error
        self.free = threading.Event()
        self.threads: list[int] = []
        self.wait = 0.0

    def detect(self, texts: Sequence[Text]) -> list[Finding]:
        self.threads.append(threading.get_ident())
        self.free.wait(self.wait)
        if self.error is not None:
            raise self.error
        return [Finding(text, 0, 1, "E", 1.0, self.name) for text in texts]


def test_all_detectors_in_order() -> None:
    detectors = Detectors([One("a"), One("b")])
    assert [f.detector for f in detectors.scan(TEXTS)] == ["a", "b"]
    assert not detectors.heavy
    detectors.close()


@pytest.mark.parametrize("error", [ValueError("x"), RecursionError(), DetectorFault("x"), MemoryError()])
def test_whatever_one_raises_leaves_nothing_unscanned_in_silence(error: Exception) -> None:
    with pytest.raises(DetectorFault) as fault:
        Detectors([One(), One(error=error)]).scan(TEXTS)
    assert fault.value.code == "detector.failed"


async def test_heavy_ones_leave_the_loop_free() -> None:
    detector = One(heavy=True)
    detectors = Detectors([detector])
    assert detectors.heavy
    assert len(await detectors.scan_heavy(TEXTS)) == 1
    assert detector.threads != [threading.get_ident()]
    detectors.close()


async def test_a_deadline_that_is_missed() -> None:
    detector = One(heavy=True)
    detector.wait = 5.0
    detectors = Detectors([detector], base=0.01)
    with pytest.raises(DetectorFault) as fault:
        await detectors.scan_heavy(TEXTS)
    assert fault.value.code == "detector.timeout"
    detector.free.set()
    detectors.close()


async def test_a_heavy_detector_that_fails() -> None:
    detectors = Detectors([One(heavy=True, error=KeyError("x"))])
    with pytest.raises(DetectorFault) as fault:
        await detectors.scan_heavy(TEXTS)
    assert fault.value.code == "detector.failed"
    detectors.close()


async def test_the_deadline_grows_with_the_text_up_to_its_most(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float] = []
    real = asyncio.wait_for

    async def noted(work, seconds):  # type: ignore[no-untyped-def]
        given.append(seconds)
        return await real(work, 5)

    monkeypatch.setattr(asyncio, "wait_for", noted)
    detectors = Detectors([One(heavy=True)], base=1.0, per_kilobyte=0.5, most=4.0)
    await detectors.scan_heavy(TEXTS)
    await detectors.scan_heavy(TEXTS * 100)
    assert given == [2.0, 4.0]
    detectors.close()
