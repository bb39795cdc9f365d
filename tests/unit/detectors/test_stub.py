import pytest

from doorward.configtypes import Duration, Refused
from doorward.core.errors import DetectorFault
from doorward.core.finding import Text
from doorward.core.leaf import Document, Leaf
from doorward.detectors import stub
from doorward.detectors.stub import Stub


def spans(detector: Stub, *strings: str) -> list[tuple[str, str, int, int]]:
    texts = [Text(f"/{index}", string) for index, string in enumerate(strings)]
    found = detector.detect(Document([Leaf(text, text.string) for text in texts]))
    assert all(finding.score == 1.0 and finding.detector == "stub" for finding in found)
    assert all(finding.text.string[finding.start : finding.end] for finding in found)
    return [(finding.text.pointer, finding.entity, finding.start, finding.end) for finding in found]


def test_every_occurrence_in_every_text() -> None:
    detector = Stub(Stub.Options(texts={"A": ("ab",), "B": ("Ada", "b")}))
    assert spans(detector, "abxab", "no", "Ada") == [
        ("/0", "A", 0, 2),
        ("/0", "A", 3, 5),
        ("/0", "B", 1, 2),
        ("/0", "B", 4, 5),
        ("/2", "B", 0, 3),
    ]


def test_occurrences_of_one_literal_do_not_overlap() -> None:
    assert spans(Stub(Stub.Options(texts={"A": ("aa",)})), "aaaaa") == [("/0", "A", 0, 2), ("/0", "A", 2, 4)]


def test_nothing_to_find() -> None:
    assert spans(Stub(Stub.Options()), "text") == []
    assert not Stub(Stub.Options()).heavy


def test_it_can_fail() -> None:
    with pytest.raises(DetectorFault) as caught:
        Stub(Stub.Options(fail=True)).detect(Document([]))
    assert caught.value.code == "detector.failed"


def test_it_can_be_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(stub.time, "sleep", slept.append)
    detector = Stub(Stub.Options(heavy=True, delay=Duration(0.25)))
    detector.detect(Document([]))
    assert (slept, detector.heavy) == ([0.25], True)


def test_an_empty_literal_would_match_everything() -> None:
    with pytest.raises(Refused, match="empty"):
        Stub(Stub.Options(texts={"A": ("",)}))
