"""The Presidio detector over a small stand-in for Presidio, which the real worker program imports; and its worker
process over programs that misbehave. The real Presidio is in tests/adapters/test_presidio.py.
"""

import json
import os
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from doorward.configtypes import Duration, Refused
from doorward.core.errors import DetectorFault
from doorward.core.finding import Text
from doorward.core.leaf import Document, Leaf
from doorward.detectors import presidio, presidio_process
from doorward.detectors.presidio import Presidio
from doorward.detectors.presidio_process import Process, environment

# Finds runs of `x`; what else it does is in the text that it gets. `context` goes into the recognizer's name.
STAND_IN = """
import os, pathlib, re, socket, subprocess, time

class Result:
    def __init__(self, start, end, name="stand-in", entity="RUN"):
        self.start, self.end, self.entity_type, self.score = start, end, entity, 0.5
        self.recognition_metadata = {"recognizer_name": name}

class Registry:
    def __init__(self): self.added = []
    def load_predefined_recognizers(self, languages, nlp_engine): pass
    def add_recognizer(self, recognizer): self.added.append(recognizer)

class Engine:
    def __init__(self, registry=None, nlp_engine=None):
        self.registry = registry or Registry()
    def get_supported_entities(self, language):
        return ["RUN"]
    def analyze(self, text, language, entities, score_threshold, context):
        print("not a frame")
        text.encode()
        if text == "raise": raise KeyError(text)
        if text == "hang":
            pathlib.Path(os.environ["TMPDIR"], "hangs").write_text(str(os.getpid()))
            while True: time.sleep(1)
        if text == "die": os._exit(3)
        if text == "outside": return [Result(0, 99)]
        if text == "connect": socket.create_connection(("127.0.0.1", 9))
        if text == "look up": socket.getaddrinfo("localhost", 9)
        if text == "start": subprocess.run(["true"])
        name = ",".join([*context, *(type(r).__name__ for r in self.registry.added), str(score_threshold), language])
        return [Result(m.start(), m.end(), name) for m in re.finditer("x+", text)]

class AnalyzerEngineProvider:
    def __init__(self, analyzer_engine_conf_file): self.file = analyzer_engine_conf_file
    def create_engine(self):
        if "model" in open(self.file).read(): raise SystemExit(1)
        return Engine()

AnalyzerEngine, RecognizerRegistry = Engine, Registry
"""
NLP = """
class NoOpNlpEngine:
    def __init__(self, models): pass
    def load(self): pass
"""
SUFFIXES = """
class TLDExtract:
    def __init__(self, cache_dir, suffix_list_urls): assert cache_dir is None and suffix_list_urls == ()
    def __call__(self, text): return text
from tldextract import tldextract
"""
MINE = "class Mine: pass\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with the stand-in, on the worker's path."""
    files = {
        "presidio_analyzer/__init__.py": STAND_IN,
        "presidio_analyzer/nlp_engine.py": NLP,
        "presidio_analyzer-9.9.dist-info/METADATA": "Metadata-Version: 2.1\nName: presidio-analyzer\nVersion: 9.9\n",
        "tldextract/__init__.py": SUFFIXES,
        "tldextract/tldextract.py": "",
        "mine.py": MINE,
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def made(place: Path) -> Iterator[Callable[..., Presidio]]:
    detectors: list[Presidio] = []

    def make(**options: Any) -> Presidio:
        detectors.append(Presidio(Presidio.Options(python=sys.executable, **options)))
        return detectors[-1]

    yield make
    for detector in detectors:
        detector.close()


def leaf(string: str, *names: str, **more: Any) -> Leaf:
    return Leaf(Text("/a", string), string, names, **more)


def spans(detector: Presidio, *leaves: Leaf) -> list[tuple[str, int, int, str]]:
    return [(f.text.string, f.start, f.end, f.rule) for f in detector.detect(Document(leaves))]


def test_spans_come_back_to_their_leaves_with_the_names_as_context(made: Callable[..., Presidio]) -> None:
    found = spans(made(), leaf("axxa x", "cardNumber", "Órden"), leaf("none"), leaf(" "), leaf("x"))
    words = "cardnumber,órden,card,number"
    assert found == [
        ("axxa x", 1, 3, f"{words},None,en"),
        ("axxa x", 5, 6, f"{words},None,en"),
        ("x", 0, 1, "None,en"),
    ]


def test_a_leaf_of_another_layer_maps_back(made: Callable[..., Presidio]) -> None:
    text = Text("/a", "id=%78x;", key=True)
    inner = Leaf(text, "xx", start=3, offsets=[3, 6, 7], name=True)
    (finding,) = made().detect(Document([inner]))
    assert (finding.text, finding.start, finding.end, finding.value) == (text, 3, 7, "xx")
    assert (finding.name, finding.number, finding.score, finding.entity) == (True, False, 0.5, "RUN")
    assert finding.detector == "presidio"


def test_the_same_question_is_asked_once(made: Callable[..., Presidio], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    detector = made()
    ask = Process.ask
    monkeypatch.setattr(Process, "ask", lambda self, batch, check: asked.append(batch) or ask(self, batch, check))
    assert len(spans(detector, leaf("x"), leaf("x"), leaf("x", "k"))) == 3
    assert asked == [[("x", ()), ("x", ("k",))]]


def test_long_messages_go_in_pieces(made: Callable[..., Presidio], monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    detector = made()
    ask = Process.ask
    monkeypatch.setattr(Process, "ask", lambda self, batch, check: sizes.append(len(batch)) or ask(self, batch, check))
    long = [leaf(f"{index}x" + "-" * 100_000) for index in range(5)]
    assert [(s[1], s[2]) for s in spans(detector, *long)] == [(1, 2)] * 5
    assert sizes == [2, 2, 1]


def test_exact_gives_each_text_whole_and_no_context(made: Callable[..., Presidio]) -> None:
    text, number = Text("/a", '{"k": "x"}'), Text("/b", "7", number=True)
    inside = [Leaf(text, "k", start=2, name=True), Leaf(text, "x", ("k",), start=7), Leaf(number, "7", number=True)]
    assert spans(made(exact=True), *inside) == [('{"k": "x"}', 7, 8, "None,en")]


def test_settings_reach_presidio(made: Callable[..., Presidio], place: Path) -> None:
    (place / "p.yaml").write_text("supported_languages: [es]\n")
    detector = made(config=str(place / "p.yaml"), recognizers=("mine:Mine",), language="es", threshold=0.3)
    assert spans(detector, leaf("x")) == [("x", 0, 1, "Mine,0.3,es")]


def test_a_lone_surrogate_does_no_harm(made: Callable[..., Presidio]) -> None:
    assert [span[1:3] for span in spans(made(), leaf("\ud800x"))] == [(1, 2)]


@pytest.mark.parametrize("text", ["raise", "outside", "connect", "look up", "start"])
def test_what_goes_wrong_with_a_text_is_a_fault_and_the_worker_goes_on(
    made: Callable[..., Presidio], text: str
) -> None:
    detector = made()
    with pytest.raises(DetectorFault) as caught:
        spans(detector, leaf(text))
    assert caught.value.code == "detector.failed"
    assert text not in caught.value.detail or text in ("raise", "outside")
    assert len(spans(detector, leaf("x"))) == 1


@pytest.mark.parametrize("text", ["connect", "look up", "start"])
def test_there_is_no_network_and_no_child(made: Callable[..., Presidio], text: str) -> None:
    with pytest.raises(DetectorFault, match="Presidio raised PermissionError"):
        spans(made(), leaf(text))


def test_a_worker_that_dies_is_replaced(made: Callable[..., Presidio]) -> None:
    detector = made()
    with pytest.raises(DetectorFault, match="broke off"):
        spans(detector, leaf("die"))
    assert len(spans(detector, leaf("x"))) == 1


def test_the_deadline_kills_what_hangs(made: Callable[..., Presidio], place: Path) -> None:
    detector, hangs = made(), place / "hangs"
    spans(detector, leaf("x"))

    def check() -> None:
        if hangs.exists() and hangs.read_text():
            raise DetectorFault("late")

    with pytest.raises(DetectorFault) as caught:
        detector.detect(Document([leaf("hang")], check=check))
    assert caught.value.code == "detector.timeout"
    with pytest.raises(ProcessLookupError):
        os.kill(int(hangs.read_text()), 0)
    hangs.unlink()
    assert len(spans(detector, leaf("x"))) == 1


def test_a_deadline_while_it_loads_lets_it_load(made: Callable[..., Presidio]) -> None:
    detector = made()
    detector.load()
    process = detector._process._process

    def check() -> None:
        raise DetectorFault("late")

    with pytest.raises(DetectorFault) as caught:
        detector.detect(Document([leaf("x")], check=check))
    assert caught.value.code == "detector.timeout"
    assert len(spans(detector, leaf("x"))) == 1
    assert detector._process._process is process


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"config": "model.yaml"}, "a model that the configuration names is not installed"),
        ({"config": "empty.yaml"}, "holds no settings"),
        ({"recognizers": ("mine:Nothing",)}, "Nothing"),
        ({"entities": ("OTHER",)}, "no recognizer finds OTHER"),
    ],
)
def test_a_worker_that_cannot_start_says_why_in_the_log_and_is_not_tried_at_once(
    made: Callable[..., Presidio],
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    options: dict[str, Any],
    why: str,
) -> None:
    (place / "model.yaml").write_text("model: none\n")
    (place / "empty.yaml").write_text("")
    monkeypatch.chdir(place)
    detector = made(**options)
    for _ in range(2):
        with pytest.raises(DetectorFault, match="did not start"):
            spans(detector, leaf("x"))
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert why in record.getMessage()


def test_options_that_cannot_be_meant(tmp_path: Path) -> None:
    for options in (
        {"config": str(tmp_path / "none.yaml")},
        {"python": str(tmp_path / "python")},
        {"recognizers": ("mine",)},
        {"threshold": 1.5},
    ):
        with pytest.raises(Refused):
            Presidio(Presidio.Options(**{"python": sys.executable} | options))


def test_presidio_has_to_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presidio.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Refused, match="not installed"):
        Presidio(Presidio.Options())


def test_loading_leaves_the_complaint_to_the_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object, **__: object) -> None:
        raise OSError(2, "no such file")

    detector = Presidio(Presidio.Options(python=sys.executable))
    monkeypatch.setattr(presidio_process.subprocess, "Popen", failing)
    detector.load()
    with pytest.raises(DetectorFault, match="did not start"):
        detector.detect(Document([leaf("x")]))


def test_nothing_runs_before_it_is_needed(made: Callable[..., Presidio]) -> None:
    detector = made(directions=("results",), start_within=Duration(5))
    assert detector._process._process is None
    assert (detector.heavy, detector.triggers, detector.directions) == (True, None, {"results"})


# -- the process, over programs that misbehave

READY = struct.pack(">I", 14) + json.dumps({"ready": "1"}).encode()


def program(body: str) -> list[str]:
    return [sys.executable, "-c", f"import sys, os, time\nout = sys.stdout.buffer\n{body}"]


def say(data: bytes) -> str:
    return f"out.write({data!r}); out.flush(); "


def asked(process: Process, check: Callable[[], None] = lambda: None) -> Any:
    try:
        return process.ask([["x", []]], check)
    finally:
        process.close()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("", "did not start"),
        (say(struct.pack(">I", 1 << 31)), "did not start"),
        (say(struct.pack(">I", 2) + b"[]"), "did not start"),
        (say(struct.pack(">I", 20) + b'{"error": "no luck"}'), "did not start"),
        (say(READY), "broke off: "),
        (say(READY + struct.pack(">I", 1 << 31)) + "sys.stdin.read()", "broke off: ValueError"),
        (say(READY + struct.pack(">I", 3) + b"{x}") + "sys.stdin.read()", "broke off: "),
        (say(READY + struct.pack(">I", 2) + b"[]") + "sys.stdin.read()", "Presidio raised nothing"),
    ],
)
def test_programs_that_misbehave_are_faults(body: str, why: str) -> None:
    with pytest.raises(DetectorFault, match=why) as caught:
        asked(Process(program(body), {}))
    assert caught.value.code == "detector.failed"


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(DetectorFault, match="did not start"):
        asked(Process(["/nowhere/python"], {}))


def test_a_program_that_never_gets_ready_is_given_up() -> None:
    with pytest.raises(DetectorFault, match="did not start"):
        asked(Process(program("sys.stdin.read()"), {}, start_s=0.05))


def test_a_program_that_does_not_read_is_stopped_too() -> None:
    ticks = iter(range(20))

    def check() -> None:
        if next(ticks, None) is None:
            raise DetectorFault("late")

    process = Process(program(say(READY) + "time.sleep(600)"), {})
    with pytest.raises(DetectorFault) as caught:
        process.ask(["x" * (1 << 20)], check)
    process.close()
    assert caught.value.code == "detector.timeout"


def test_a_frame_has_a_greatest_length(monkeypatch: pytest.MonkeyPatch) -> None:
    process = Process(program(say(READY) + "sys.stdin.read()"), {})
    monkeypatch.setattr(presidio_process, "MOST_BYTES", 14)
    with pytest.raises(DetectorFault, match="too long"):
        process.ask(["x" * 20], lambda: None)
    process.close()


def test_the_worker_sees_no_secret() -> None:
    base = {"PATH": "/bin", "HF_HOME": "/hf", "HF_TOKEN": "t", "DOORWARD_X": "s", "HTTPS_PROXY": "p", "LC_ALL": "C"}
    kept = environment(base)
    assert {name: kept[name] for name in base if name in kept} == {"PATH": "/bin", "HF_HOME": "/hf", "LC_ALL": "C"}
    assert kept["HF_HUB_OFFLINE"] == "1"
