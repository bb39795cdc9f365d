"""How well private data is found: ``python -m bench.detection score --data DIRECTORY``.

The library, stock Presidio where it is installed, and with ``--gateway`` a running gateway with every entity at
``redact`` both ways; each beside what is to be reached. Spans and redacted messages are left in ``--out``.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.detection import library, stock
from bench.detection.blackbox import redacted
from bench.detection.data import Item, items, scorer
from bench.detection.measures import GOALS, Figure, Redacted, Spanned
from bench.detection.page import parts, put
from bench.report import table

Measured = Spanned | Redacted
THRESHOLDS = (0.4, 0.5)


def main(arguments: Sequence[str]) -> None:
    chosen = _parser().parse_args(arguments)
    if chosen.data is None or not chosen.data.is_dir():
        print("skipped: --data DIRECTORY, with the labelled messages and their score.py, is not there")
        return
    what = f"figures of the part: {chosen.part}"
    if chosen.markdown:
        parts(chosen.markdown, what)  # before the minutes that follow
    found, judge = items(chosen.data, chosen.part), scorer(chosen.data)
    chosen.out.mkdir(parents=True, exist_ok=True)
    said = [f"{len(found)} messages."]
    for names in {"off": [False], "on": [True], "both": [False, True]}[chosen.names]:
        systems = measure(found, judge, names, chosen)
        said.append(f"Names {'on' if names else 'off'}:\n\n{goals_table(systems, names)}")
        if chosen.by:
            said += [f"{name}, by {chosen.by}:\n\n{by_table(one.by(chosen.by))}" for name, one in systems.items()]
    tables = "\n\n".join(said)
    print(tables)
    if chosen.markdown:
        put(chosen.markdown, what, tables)


def measure(found: list[Item], judge: Any, names: bool, chosen: argparse.Namespace) -> dict[str, Measured]:
    """Each system by its name."""
    suffix = f"{chosen.part}_{'names' if names else 'plain'}"
    ours = library.spans(found, library.detectors(names))
    write(chosen.out / f"spans_{suffix}.jsonl", [{"id": key, "spans": value} for key, value in ours.items()])
    systems: dict[str, Measured] = {"library": Spanned(found, ours, judge)}
    if chosen.gateway:
        came = redacted(found, names)
        write(chosen.out / f"redacted_{suffix}.jsonl", [{"id": key, "message": value} for key, value in came.items()])
        systems["gateway"] = Redacted(found, came, judge)
    if chosen.presidio.exists():
        raw = presidio_raw(found, chosen, judge)
        for threshold in THRESHOLDS:
            theirs = stock.spans(found, raw, threshold, judge, names)
            systems[f"Presidio {threshold}"] = Spanned(found, theirs, judge)
    else:
        print("Presidio is not installed (make peers, or --presidio PYTHON): left out", file=sys.stderr)
    return systems


def presidio_raw(found: list[Item], chosen: argparse.Namespace, judge: Any) -> stock.Raw:
    """What Presidio finds; it takes minutes, so it is kept in ``--out``."""
    kept = chosen.out / f"presidio_{chosen.part}.json"
    if kept.exists():
        raw: stock.Raw = json.loads(kept.read_text())
        if all(item["id"] in raw for item in found):
            return raw
    raw = stock.raw(found, chosen.presidio, judge)
    kept.write_text(json.dumps(raw))
    return raw


def goals_table(systems: Mapping[str, Measured], names: bool) -> str:
    """A row a goal: what is to be reached, and what each system reaches; ours with kept or MISSED."""
    figures = {name: measured.figures() for name, measured in systems.items()}
    rows = []
    for goal in GOALS:
        if goal.names not in (None, names) or (goal.least is None and _has_goal(goal.name, names)):
            continue
        least = "-" if goal.least is None else f"{goal.least:.2f}"
        cells = [_cell(figures[name].get(goal.name), goal.least, name in ("library", "gateway")) for name in figures]
        rows.append([f"{goal.name}{_of(figures['library'].get(goal.name))}", least, *cells])
    return table(["measure (of how many)", "least", *figures], rows)


def _has_goal(name: str, names: bool) -> bool:
    return any(goal.name == name and goal.names is names for goal in GOALS)


def _of(figure: Figure | None) -> str:
    return f" ({figure[1]})" if figure else ""


def _cell(figure: Figure | None, least: float | None, ours: bool) -> str:
    if figure is None:
        return "-"
    shown = f"{figure[0]:.3f}"
    if least is None or not ours:
        return shown
    return f"{shown} {'kept' if figure[0] >= least else 'MISSED'}"


def by_table(lines: Mapping[str, Mapping[str, Any]]) -> str:
    """The scorer's figures, a row each."""
    wanted = ("gold", "R", "leak_recall", "fp", "neg", "neg_ok")  # precision has no tags: what is too much has no label
    heads = [head for head in wanted if any(head in line for line in lines.values())]
    rows = [[name, *(str(line.get(head, "-")) for head in heads)] for name, line in lines.items()]
    return table(["", *heads], rows)


def write(file: Path, lines: Sequence[Any]) -> None:
    """JSON lines, as the scorer reads them."""
    file.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.detection score", description="How well it finds.")
    parser.add_argument("--data", type=Path, help="directory of the labelled messages and their score.py")
    parser.add_argument("--part", choices=["tune", "held-out", "all"], default="tune")
    parser.add_argument("--names", choices=["on", "off", "both"], default="off", help="the names detector")
    parser.add_argument("--by", choices=["tag", "src", "entity"], help="the scorer's figures for each")
    parser.add_argument("--gateway", action="store_true", help="also through a running gateway")
    parser.add_argument("--presidio", type=Path, default=stock.USUAL, metavar="PYTHON", help="that has Presidio")
    parser.add_argument("--out", type=Path, default=Path(".doorward/detection"), help="for spans and redacted messages")
    parser.add_argument(
        "--markdown", type=Path, metavar="PAGE", help="put the tables into this page (docs/detection.md)"
    )
    return parser
