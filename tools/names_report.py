"""Measures the model of names: precision, recall and F1 by corpus, and how long it takes."""

import collections
import json
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from doorward.detection.names import prose  # noqa: E402

LABELS = ("PERSON", "LOCATION")


def letters(text: str, start: int, end: int) -> set[int]:
    return {i for i in range(start, min(end, len(text))) if text[i].isalnum()}


class Tally:
    """Counts as the development data's scorer does: a span is found when at least half of its letters and digits are
    covered by one finding of its kind, at least half of which lies on it; it leaks unless nine tenths are covered.
    """

    def __init__(self) -> None:
        self.gold = self.hit = self.covered = self.said = self.right = self.clean = self.untouched = self.named = 0

    def add(
        self, text: str, gold: list[tuple[int, int]], said: list[tuple[int, int]], other: set[int], named: set[int]
    ) -> None:
        """``other`` counts neither way; ``named`` is what is a name of another kind."""
        marks = [letters(text, a, b) for a, b in gold]
        finds = [letters(text, a, b) for a, b in said]
        everything = set().union(*finds) if finds else set()
        wanted = set().union(*marks) if marks else set()
        for mark in marks:
            self.gold += 1
            self.hit += any(2 * len(mark & f) >= len(mark) and 2 * len(mark & f) >= len(f) for f in finds)
            self.covered += len(mark - everything) <= 0.1 * len(mark)
        for find in finds:
            if not find:
                continue
            if 2 * len(find & wanted) >= len(find):
                self.said += 1
                self.right += 1
            elif 2 * len(find & (wanted | other)) < len(find):
                self.said += 1
                self.named += 2 * len(find & named) >= len(find)
        if not gold:
            self.clean += 1
            self.untouched += not said

    def row(self) -> str:
        precision = self.right / self.said if self.said else 1.0
        aside = self.right / (self.said - self.named) if self.said > self.named else 1.0
        recall = self.hit / self.gold if self.gold else 0.0
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        leak = self.covered / self.gold if self.gold else 0.0
        clean = self.untouched / self.clean if self.clean else 1.0
        return f"{self.gold:5d} | {precision:.3f} | {aside:.3f} | {recall:.3f} | {f1:.3f} | {leak:.3f} | {clean:.3f}"


def sentences(path: Path, only: str = "") -> list[dict[str, Any]]:
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [r for r in found if not only or r["src"] == only]


def measure(name: str, rows: list[dict[str, Any]], party: Any) -> None:
    for label in LABELS:
        tally = Tally()
        for row in rows:
            text = row["text"]
            spans = [(a, b) for a, b, what in row["ents"] if what == label and text[a] not in "@#"]
            roles = [(a, b) for a, b in spans if party.fullmatch(text[a:b].strip())]
            spans = [s for s in spans if s not in roles]
            other = set().union(*(letters(text, a, b) for a, b, what in row["ents"] if what == label), set())
            said = [(s.start, s.end) for s in prose.found(text) if s.entity == label and s.score >= 0.5]
            named = set().union(*(letters(text, a, b) for a, b, what in row["ents"] if what != label), set())
            tally.add(text, spans, said, other, named)
        print(f"| {name} | {label} | {tally.row()} |", flush=True)


def report(data: Path) -> None:
    from train_names import PARTY

    print("| corpus | entity | spans | precision | other names aside | recall | F1 | nine tenths covered | untouched |")
    print("|---|---|---|---|---|---|---|---|---|")
    dev = sentences(data / "ner" / "dev.jsonl")
    for source in sorted({r["src"] for r in dev}):
        measure(f"{source} (dev)", [r for r in dev if r["src"] == source], PARTY)
    measure("wikigold (train part, unseen)", sentences(data / "ner" / "train.jsonl", "wikigold"), PARTY)
    timing(dev)


def timing(rows: list[dict[str, Any]]) -> None:
    """Prose of 10 KB, cold and warm, in milliseconds."""
    text = ""
    samples = []
    for row in rows:
        text += row["text"] + " "
        if len(text.encode()) >= 10_000:
            samples.append(text)
            text = ""
    prose.model.cache_clear()
    begun = time.perf_counter()
    model = prose.model()
    loaded = time.perf_counter() - begun
    took: dict[str, list[float]] = collections.defaultdict(list)
    for sample in samples:
        model.forget()
        for how in ("cold", "known words"):
            prose.forget()
            begun = time.perf_counter()
            prose.found(sample)
            took[how].append(time.perf_counter() - begun)
        begun = time.perf_counter()
        prose.found(sample)
        took["known text"].append(time.perf_counter() - begun)
    print(f"\nload {loaded * 1e3:.0f} ms")
    for how, times in took.items():
        times.sort()
        print(f"10 KB, {how}: p50 {times[len(times) // 2] * 1e3:.2f} ms, max {times[-1] * 1e3:.2f} ms")
