"""The Presidio detector with the real Presidio, which has no model here: patterns, context words, the user's own YAML
and recognizers; and that it neither reaches the network nor outlives its deadline.
"""

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.peers import python_of

from doorward.core.errors import DetectorFault
from doorward.core.finding import Text
from doorward.core.leaf import Document, Leaf
from doorward.detectors.presidio import Presidio

YAML = """
supported_languages: [en]
default_score_threshold: 0.2
nlp_configuration:
  nlp_engine_name: no_op
  models: [{lang_code: en, model_name: no_op}]
recognizer_registry:
  recognizers:
    - name: Ticket
      type: custom
      supported_entity: TICKET
      supported_language: en
      context: [ticket]
      patterns: [{name: ticket, regex: 'T-[0-9]{4}', score: 0.3}]
    - name: Weak
      type: custom
      supported_entity: WEAK
      supported_language: en
      patterns: [{name: weak, regex: '[0-9]{4}', score: 0.1}]
"""

ENDLESS = """
from presidio_analyzer import EntityRecognizer

class Endless(EntityRecognizer):
    def __init__(self): super().__init__(supported_entities=["ENDLESS"])
    def load(self): pass
    def analyze(self, text, entities, nlp_artifacts):
        while text == "endless": pass
        return []
"""

CURIOUS = """
import socket, urllib.request
from presidio_analyzer import EntityRecognizer, RecognizerResult
import tldextract.tldextract

class Curious(EntityRecognizer):
    def __init__(self): super().__init__(supported_entities=["REACHED", "BLOCKED", "LISTS"])
    def load(self): pass
    def analyze(self, text, entities, nlp_artifacts):
        if text.startswith("lists"):
            lists = len(tldextract.tldextract.TLD_EXTRACTOR.suffix_list_urls)
            return [] if lists else [RecognizerResult("LISTS", 0, 5, 1.0)]
        if not text.startswith("port "): return []
        port, found = int(text[5:]), []
        doors = [
            lambda: socket.create_connection(("127.0.0.1", port), 5),
            lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5),
            lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", port)),
            lambda: socket.gethostbyname("localhost"),
        ]
        for number, door in enumerate(doors):
            try: door(); entity = "REACHED"
            except OSError: entity = "BLOCKED"
            found.append(RecognizerResult(entity, number, number + 1, 1.0))
        return found
"""


@pytest.fixture
def made() -> Iterator[Callable[..., Presidio]]:
    detectors: list[Presidio] = []

    def make(**options: Any) -> Presidio:
        detectors.append(Presidio(Presidio.Options(python=str(python_of("presidio")), **options)))
        return detectors[-1]

    yield make
    for detector in detectors:
        detector.close()


@pytest.fixture
def yaml(tmp_path: Path) -> str:
    (tmp_path / "presidio.yaml").write_text(YAML)
    return str(tmp_path / "presidio.yaml")


def leaf(string: str, *names: str) -> Leaf:
    return Leaf(Text("/a", string), string, names)


def found(detector: Presidio, *leaves: Leaf) -> set[tuple[str, str, float]]:
    return {(f.entity, f.read, round(f.score, 2)) for f in detector.detect(Document(leaves))}


PHONE = "2125550" + "199"
MAIL = "ada.smith" + "@example.com"


def test_its_own_recognizers_with_names_as_context(made: Callable[..., Presidio]) -> None:
    detector = made(entities=("PHONE_NUMBER", "EMAIL_ADDRESS"))
    assert found(detector, leaf(PHONE)) == {("PHONE_NUMBER", PHONE, 0.4)}
    assert found(detector, leaf(PHONE, "mobilePhone")) == {("PHONE_NUMBER", PHONE, 0.75)}
    assert found(detector, leaf(f"write to {MAIL} today")) == {("EMAIL_ADDRESS", MAIL, 1.0)}
    assert found(detector, leaf("nothing here")) == set()


def test_the_users_yaml(made: Callable[..., Presidio], yaml: str) -> None:
    detector = made(config=yaml)
    assert found(detector, leaf("T-1234")) == {("TICKET", "T-1234", 0.3)}
    assert found(detector, leaf("T-1234", "ticket_id")) == {("TICKET", "T-1234", 0.65)}
    assert found(made(config=yaml, threshold=0.05), leaf("T-1234")) == {
        ("TICKET", "T-1234", 0.3),
        ("WEAK", "1234", 0.1),
    }


def test_exact_hands_over_the_text_whole(made: Callable[..., Presidio], yaml: str) -> None:
    text = Text("/a", '{"ticket_id":"T-1234"}')
    inside = Leaf(text, "T-1234", ("ticket_id",), start=14)
    (finding,) = made(config=yaml, exact=True).detect(Document([inside]))
    assert (finding.start, finding.end, round(finding.score, 2)) == (14, 20, 0.3)


def test_a_recognizer_that_runs_away_is_stopped(
    made: Callable[..., Presidio], yaml: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "endless.py").write_text(ENDLESS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    detector = made(config=yaml, recognizers=("endless:Endless",))
    found(detector, leaf("T-1234"))
    until = time.monotonic() + 0.2

    def check() -> None:
        if time.monotonic() > until:
            raise DetectorFault("late")

    with pytest.raises(DetectorFault) as caught:
        detector.detect(Document([leaf("endless")], check=check))
    assert caught.value.code == "detector.timeout"
    assert found(detector, leaf("T-1234")) == {("TICKET", "T-1234", 0.3)}


def test_nothing_leaves_the_worker(
    made: Callable[..., Presidio], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "curious.py").write_text(CURIOUS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    detector = made(recognizers=("curious:Curious",), entities=("REACHED", "BLOCKED", "LISTS", "EMAIL_ADDRESS"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        findings = detector.detect(Document([leaf(f"port {server.getsockname()[1]}")]))
        assert [finding.entity for finding in findings] == ["BLOCKED"] * 4
        with pytest.raises(BlockingIOError):
            server.accept()
    assert found(detector, leaf("lists")) == {("LISTS", "lists", 1.0)}
    assert found(detector, leaf(MAIL)) == {("EMAIL_ADDRESS", MAIL, 1.0)}
