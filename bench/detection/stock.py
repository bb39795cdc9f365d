"""Stock Presidio on the same items, as it is usually put to work: on the dump of the whole message."""

import json
import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.detection.data import Item
from bench.detection.library import COUNTS, Spans, plug
from doorward.core.finding import Text
from doorward.core.leaf import Document, Leaf

HERE = Path(__file__).parent
USUAL = HERE.parents[1] / ".venv-peers" / "presidio" / "bin" / "python"
ENTITIES = [
    "EMAIL_ADDRESS",
    "PHONE_NUMBER",
    "CREDIT_CARD",
    "US_SSN",
    "IBAN_CODE",
    "UK_NHS",
    "UK_NINO",
    "IN_AADHAAR",
    "ES_NIF",
    "PL_PESEL",
    "CA_SIN",
]

Raw = dict[str, list[list[Any]]]


class Stock:
    """Presidio in a process of its own."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.mb = 0.0

    def look(self, text: str) -> tuple[float, list[list[Any]]]:
        """Milliseconds, and [start, end, entity, score] of each result."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(text) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        self.mb = answer["mb"]
        return answer["ms"], answer["found"]


@contextmanager
def stock(python: Path) -> Iterator[Stock]:
    """Started, and ended by its id."""
    command = [str(python), "-P", str(HERE / "stock_worker.py")]
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": os.environ.get("HOME", "")}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            assert process.stdin is not None
            process.stdin.write(json.dumps({"entities": ENTITIES}) + "\n")
            yield Stock(process)
        finally:
            process.kill()


def raw(items: Iterable[Item], python: Path, scorer: Any) -> Raw:
    """By the item's id: what it finds in the message's dump, whatever the score."""
    with stock(python) as presidio:
        return {item["id"]: presidio.look(scorer.dump_with_map(item["message"])[0])[1] for item in items}


def spans(items: Sequence[Item], found: Raw, threshold: float, scorer: Any, names: bool) -> Spans:
    """In the scorer's form. ``names``: with our model's persons in the dump, as a recognizer of PERSON would give."""
    model = plug("names") if names else None
    made: Spans = {}
    for item in items:
        dump, places = scorer.dump_with_map(item["message"])
        results = [(start, end, entity) for start, end, entity, score in found[item["id"]] if score >= threshold]
        if model is not None:
            whole = Document([Leaf(Text("", dump), dump)])
            results += [(f.start, f.end, f.entity) for f in model.detect(whole) if f.score >= COUNTS]
        made[item["id"]] = scorer.map_spans(places, results)
    return made
