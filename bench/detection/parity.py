"""What Presidio's recognizers find and ours do not: ``python -m bench.detection parity --data DIRECTORY``.

Of every span that must be found and that Presidio's recognizer of the same entity finds (whatever its score), the ones
that Doorward's library misses, counted by entity and tag. None is to be left but what docs/detection.md lists.
"""

import argparse
import collections
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.detection import library, score, stock
from bench.detection.data import Item, items, scorer
from bench.detection.page import put
from bench.report import table


def main(arguments: Sequence[str]) -> None:
    chosen = _parser().parse_args(arguments)
    if chosen.data is None or not chosen.data.is_dir() or not chosen.presidio.exists():
        print("skipped: --data DIRECTORY, or --presidio PYTHON (make peers), is not there")
        return
    found, judge = items(chosen.data, chosen.part), scorer(chosen.data)
    chosen.out.mkdir(parents=True, exist_ok=True)
    theirs = stock.spans(found, score.presidio_raw(found, chosen, judge), 0.0, judge, names=False)
    ours = library.spans(found, library.detectors(names=False))
    both: collections.Counter[str] = collections.Counter()
    missed: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for item in found:
        for label in labels(item):
            if hit(item, label, theirs[item["id"]], judge):
                both[label["entity"]] += 1
                if not hit(item, label, ours[item["id"]], judge):
                    missed[label["entity"]].update(item["tags"])
                    missed[label["entity"]]["(all)"] += 1
                    if chosen.show:
                        print(item["id"], label["entity"], repr(label["text"]))
    rows = [
        [entity, str(count), str(missed[entity]["(all)"]), _tags(missed[entity])]
        for entity, count in sorted(both.items())
    ]
    beside = table(["entity", "Presidio finds", "we miss", "in items tagged"], rows)
    print(beside)
    if chosen.markdown:
        put(chosen.markdown, "parity", beside)


def labels(item: Item) -> Iterator[Any]:
    """The spans that must be found."""
    return (label for label in item["labels"] if not label.get("optional"))


def hit(item: Item, label: Any, spans: Sequence[Any], judge: Any) -> bool:
    """Whether a span of the same entity covers half of the label, and half of the span lies on it (as ``score.py``)."""
    place = (label["pointer"], label.get("in") == "key")
    texts = {(pointer, where == "key"): text for pointer, where, text in judge.walk(item["message"])}
    wanted = judge.alnum(texts[place], label["start"], label["end"])
    for span in spans:
        if span["entity"] == label["entity"] and (span["pointer"], span.get("in") == "key") == place:
            covered = judge.alnum(texts[place], span["start"], span["end"])
            if len(covered & wanted) >= max(0.5 * len(wanted), 0.5 * len(covered)):
                return True
    return False


def _tags(missed: "collections.Counter[str]") -> str:
    return ", ".join(f"{tag} {count}" for tag, count in missed.most_common() if tag != "(all)") or "-"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.detection parity", description="Beside Presidio.")
    parser.add_argument("--data", type=Path, help="directory of the labelled messages and their score.py")
    parser.add_argument("--part", choices=["tune", "held-out", "all"], default="tune")
    parser.add_argument("--presidio", type=Path, default=stock.USUAL, metavar="PYTHON", help="that has Presidio")
    parser.add_argument("--out", type=Path, default=Path(".doorward/detection"), help="where Presidio's part is kept")
    parser.add_argument("--show", action="store_true", help="print each one that is missed, with its text")
    parser.add_argument(
        "--markdown", type=Path, metavar="PAGE", help="put the table into this page (docs/detection.md)"
    )
    return parser
