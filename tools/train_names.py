#!/usr/bin/env python3
"""Trains the model of names in prose, and reports how good it is.

    python tools/train_names.py --data PATH            writes src/doorward/detection/names/model.bin and its SHA-256
    python tools/train_names.py --data PATH --report   measures the committed model; writes nothing

PATH holds ``ner/train.jsonl`` and ``ner/dev.jsonl`` (``{"text", "ents": [[start, end, label]], "src"}``);
``dev_real.jsonl`` beside them serves to leave sentences out, never to learn. Needs ``python-crfsuite`` and ``faker``
(for names to swap in); the same versions and the same data give the same bytes.

docs/names.md says what is learned, from what, and under which licences.
"""

import argparse
import collections
import hashlib
import json
import random
import re
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import names_templates as t

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from doorward.detection.names import lexicon, words  # noqa: E402

SEED = 20261
FREQUENT = 4000
HIDDEN = 0.3
"""Share of the named tokens that are shown as if never met, so that context and shape are learned too."""
LABELS = ("O", "P", "L", "G")
OF = {"PERSON": "P", "LOCATION": "L", "ORG": "G"}
LEFT_OUT = {"wikigold"}
PARTS = ROOT / "src" / "doorward" / "detection" / "names"
# "The Borrower" of a contract is labelled PERSON in the filings; a role names nobody.
PARTY = re.compile(
    r"(?i)(the )?(co-)?(borrowers?|lenders?|executive|employee|employer|company|guarantors?|tenant|landlord|purchaser"
    r"|seller|holder|trustee|agent|grantor|lessee|lessor|consultant|director|officer|we|i|us|you|he|she|they|his|her|our)"
)
LOCALES = t.LOCALES

Tagged = tuple[list[str], list[str]]


# --- data


def records(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def squeezed(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


def strings(value: Any) -> Iterator[str]:
    """Every string in a message, those of JSON in text included."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value
        if value[:1] in "[{":
            try:
                yield from strings(json.loads(value))
            except ValueError:
                pass


def unseen(data: Path) -> set[str]:
    """What the development messages hold, squeezed; sentences in it are not learned from."""
    path = data / "dev_real.jsonl"
    if not path.exists():
        return set()
    return {squeezed(string) for record in records(path) for string in strings(record["message"])}


def tagged(text: str, spans: list[tuple[int, int, str]]) -> Tagged:
    """Tokens and their labels."""
    marks = ["O"] * len(text)
    for start, end, label in spans:
        for index in range(start, min(end, len(text))):
            marks[index] = label
    found: list[str] = []
    labels: list[str] = []
    at = 0
    for number, line in enumerate(text.splitlines(keepends=True)):
        if number:
            found.append(words.EDGE)
            labels.append("O")
        for chunk in re.finditer(r"\S+", line):
            for token, (start, _) in zip(words.tokens(chunk[0]), words.place(chunk[0]), strict=True):
                found.append(token)
                labels.append(marks[at + chunk.start() + start])
        at += len(line)
    return found, labels


def clean(record: dict[str, Any]) -> list[tuple[int, int, str]]:
    spans = []
    for start, end, label in record["ents"]:
        said = record["text"][start:end]
        if label == "PERSON" and (said[:1] in "@#" or PARTY.fullmatch(said.strip())):
            continue
        spans.append((start, end, OF[label]))
    return spans


# --- names to fill in


class Names:
    """Draws names. Beside Faker's lists (MIT) those of ``names_templates``."""

    def __init__(self, rng: random.Random) -> None:
        import importlib

        self.rng = rng
        self.people: list[tuple[list[str], list[str]]] = []
        for locale in LOCALES:
            provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
            given = [*_names(provider, "first_names_male"), *_names(provider, "first_names_female")]
            given = given or _names(provider, "first_names")
            last = _names(provider, "last_names") or (
                _names(provider, "last_names_male") + _names(provider, "last_names_female")
            )
            given = [n for n in given if _latin(n)]
            last = [n for n in last if _latin(n)]
            if given and last:
                self.people.append((given, last))
        self.people += [(t.GIVEN, t.SURNAMES)] * 6

    def pair(self) -> tuple[str, str]:
        given, last = self.rng.choice(self.people)
        if self.rng.random() < 0.15:
            last = self.rng.choice(self.people)[1]
        return self.rng.choice(given), self.rng.choice(last)

    def full(self) -> str:
        rng = self.rng
        given, last = self.pair()
        dice = rng.random()
        if dice < 0.66:
            name = f"{given} {last}"
        elif dice < 0.74:
            name = f"{given} {rng.choice('ABCDEFGHJKLMNPRSTW')}. {last}"
        elif dice < 0.77:
            name = f"{given[0]}. {last}"
        elif dice < 0.85:
            name = f"{last}, {given}"
        elif dice < 0.88:
            name = f"{given} {self.pair()[0]} {last}"
        elif dice < 0.91:
            name = (
                f"{given} {rng.choice(('van', 'de', 'von', 'da', 'van der', 'del', 'bin', 'Al', 'di', 'dos'))} {last}"
            )
        elif dice < 0.93:
            name = f"{given} {last}-{self.pair()[1]}"
        elif dice < 0.95:
            name = f"{given} {last} {self.pair()[1]}"
        elif dice < 0.97:
            name = f"{rng.choice(('Dr.', 'Mr.', 'Mrs.', 'Ms.', 'Prof.', 'Dr', 'Sir'))} {given} {last}"
        elif dice < 0.98:
            name = f"{last} {given}"
        else:
            name = f"{given} {last} {rng.choice(('Jr.', 'III', 'Sr.', 'PhD'))}"
        case = rng.random()
        if case < 0.04:
            return name.upper()
        if case < 0.09:
            return name.lower()
        return name

    def any(self) -> str:
        dice = self.rng.random()
        if dice < 0.62:
            return self.full()
        if dice < 0.82:
            name = self.pair()[0]
        elif dice < 0.9:
            name = self.titled()
        else:
            name = self.pair()[1]
        return name.lower() if self.rng.random() < 0.04 else name

    def titled(self) -> str:
        title = self.rng.choice(
            ("Mr.", "Mrs.", "Ms.", "Dr.", "Mr", "Ms", "Mrs", "Dr", "Prof.", "Professor", "Miss", "Officer")
        )
        return f"{title} {self.pair()[1]}"

    def place(self) -> str:
        rng = self.rng
        dice = rng.random()
        if dice < 0.5:
            return rng.choice(PLACES).capitalize()
        last = self.pair()[rng.random() < 0.6]
        if dice < 0.75:
            return last + rng.choice(t.TOWN_TAILS)
        if dice < 0.92:
            return f"{rng.choice(t.TOWN_HEADS)} {last}"
        return f"{rng.choice(PLACES).capitalize()}, {rng.choice(STATES)}"

    def address(self) -> str:
        rng = self.rng
        street = f"{rng.randint(1, 9999)} {self.pair()[rng.random() < 0.6]} {rng.choice(t.STREETS)}"
        if rng.random() < 0.2:
            street = f"{self.pair()[1]}straße {rng.randint(1, 200)}"
        if rng.random() < 0.3:
            street += f" Apt. {rng.randint(1, 999)}"
        dice = rng.random()
        if dice < 0.5:
            return f"{street}, {self.place()}, {rng.choice(STATES)} {rng.randint(10000, 99999)}"
        if dice < 0.8:
            return f"{street}, {rng.randint(10000, 99999)} {self.place()}"
        return f"{street}, {self.place()}"

    def organisation(self) -> str:
        rng = self.rng
        dice = rng.random()
        last = self.pair()[1]
        if dice < 0.3:
            return f"{last} {rng.choice(t.ORG_TAILS)}"
        if dice < 0.5:
            return f"{last}, {self.pair()[1]} and {self.pair()[1]}"
        if dice < 0.6:
            return f"{last}-{self.pair()[1]}"
        if dice < 0.8:
            return f"{rng.choice(t.WORDS)} {rng.choice(t.ORG_TAILS)}"
        return f"{rng.choice(PLACES).capitalize()} {rng.choice(t.ORG_TAILS)}"


PLACES = sorted(lexicon.PLACES - {"us", "uk", "usa", "eu", "uae", "nice"})
STATES = t.STATES


def _names(provider: Any, name: str) -> list[str]:
    return sorted(set(getattr(provider, name, ()) or ()))


def _latin(name: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-zÀ-ɏḀ-ỿ'’ -]{2,24}", name)) and name[0].isupper()


def fill(template: str, names: Names, rng: random.Random) -> Tagged:
    """A template with its blanks filled in."""
    text = ""
    spans: list[tuple[int, int, str]] = []
    for part in re.split(r"(\{[A-Z]\})", template.replace("\\n", "\n")):
        if len(part) != 3 or part[0] != "{":
            text += part
            continue
        what = part[1]
        label = ""
        if what == "P":
            value, label = names.any(), "P"
        elif what == "F":
            value, label = names.full(), "P"
        elif what == "G":
            value, label = names.pair()[0], "P"
        elif what == "S":
            value, label = names.pair()[1], "P"
        elif what == "T":
            value, label = names.titled(), "P"
        elif what == "L":
            value, label = names.place(), "L"
        elif what == "A":
            value, label = names.address(), "L"
        elif what == "O":
            value, label = names.organisation(), "G"
        elif what == "B":
            value = rng.choice(t.TOOLS)
            if rng.random() < 0.2:
                value += " " + rng.choice((rng.choice(t.WORDS), rng.choice(t.TOOLS), "Pro", "CI", "X"))
        elif what == "X":
            value = rng.choice(t.WORDS)
        elif what == "W":
            value = rng.choice(t.JOBS)
        elif what == "D":
            value = rng.choice(t.DATES)
        elif what == "E":
            given, last = names.pair()
            value = f"{given}.{last}@example.org".lower().replace(" ", "")
        elif what == "K":
            value = "".join(rng.choice("abcdef0123456789-_K") for _ in range(rng.randint(5, 12))).strip("-_") or "x1"
        else:
            value = str(
                rng.choice((rng.randint(1, 99), rng.randint(100, 99999), f"{rng.randint(1, 9)}.{rng.randint(0, 30)}"))
            )
        if label:
            spans.append((len(text), len(text) + len(value), label))
        text += value
    return tagged(text, spans)


def swapped(record: dict[str, Any], spans: list[tuple[int, int, str]], names: Names, rng: random.Random) -> Tagged:
    """A sentence of a corpus with other people in it."""
    text, out, at = record["text"], "", 0
    moved: list[tuple[int, int, str]] = []
    for start, end, label in sorted(spans):
        if start < at:
            continue
        said = text[start:end]
        if label == "P":
            count = len(said.split())
            if count == 1:
                new = names.pair()[rng.random() < 0.4]
            elif count <= 3:
                given, last = names.pair()
                new = f"{given} {last}"
            else:
                new = said
            if said.islower():
                new = new.lower()
            elif said.isupper():
                new = new.upper()
        elif label == "L" and rng.random() < 0.3 and len(said.split()) == 1 and said.istitle():
            new = names.place()
        else:
            new = said
        out += text[at:start]
        moved.append((len(out), len(out) + len(new), label))
        out += new
        at = end
    return tagged(out + text[at:], moved)


def corpus(
    data: Path, names: Names, rng: random.Random, seen: set[str], counts: collections.Counter[str]
) -> list[Tagged]:
    sentences: list[Tagged] = []
    bank: list[Tagged] = []
    for record in records(data / "ner" / "train.jsonl"):
        source = record["src"]
        if source in LEFT_OUT:
            continue
        if squeezed(record["text"]) in seen:
            counts[f"left out, also in dev_real: {source}"] += 1
            continue
        counts[source] += 1
        spans = clean(record)
        one = tagged(record["text"], spans)
        sentences.append(one)
        bank.append(one)
        if any(label == "P" for _, _, label in spans):
            for _ in range(2):
                sentences.append(swapped(record, spans, names, rng))
        if rng.random() < 0.04:
            sentences.append(([w.upper() for w in one[0]], one[1]))
    for template in t.PEOPLE.strip().splitlines():
        for _ in range(14):
            sentences.append(fill(template, names, rng))
            counts["templates with people"] += 1
    for template in t.NOBODY.strip().splitlines():
        for _ in range(11):
            sentences.append(fill(template, names, rng))
            counts["templates without"] += 1
    rng.shuffle(sentences)
    joined: list[Tagged] = []
    while sentences:
        found, labels = sentences.pop()
        while sentences and rng.random() < 0.35 and len(found) < 80:
            more, marks = sentences.pop()
            between = [] if rng.random() < 0.5 else [words.EDGE]
            found, labels = found + between + more, labels + ["O"] * len(between) + marks
        joined.append((found, labels))
    return joined


# --- learning


def learned_flags(sentences: list[Tagged], names: Names) -> dict[str, int]:
    """What each word often is, from the labels of the training data."""
    first: collections.Counter[str] = collections.Counter()
    last: collections.Counter[str] = collections.Counter()
    place: collections.Counter[str] = collections.Counter()
    org: collections.Counter[str] = collections.Counter()
    lower: collections.Counter[str] = collections.Counter()
    for given, family in names.people[:-5]:
        for name in given:
            for word in words.tokens(name):
                first[word.lower()] += 2
        for name in family:
            for word in words.tokens(name):
                last[word.lower()] += 2
    for found, labels in sentences:
        for index, (word, label) in enumerate(zip(found, labels, strict=True)):
            if not word.isalpha() or len(word) < 2:
                continue
            low = word.lower()
            if label == "O":
                if word.islower():
                    lower[low] += 1
            elif label == "P" and word not in lexicon.TITLES:
                begins = index == 0 or labels[index - 1] != "P"
                (first if begins else last)[low] += 0.25 if word.islower() else 1  # type: ignore[assignment]
            elif label == "L":
                place[low] += 1
            elif label == "G":
                org[low] += 1
    flags: dict[str, int] = {}
    for word in {*first, *last, *place, *org, *lower}:
        total = first[word] + last[word] + place[word] + org[word] + lower[word]
        flag = 0
        person = first[word] + last[word]
        if person >= 2 and word not in lexicon.PARTICLES and word not in lexicon.TITLES:
            if first[word] >= 0.25 * person:
                flag |= words.GIVEN
            if last[word] >= 0.25 * person:
                flag |= words.SURNAME
        if place[word] >= 3 and place[word] >= 0.3 * total:
            flag |= words.PLACE
        if org[word] >= 3 and org[word] >= 0.3 * total:
            flag |= words.ORG
        if lower[word] >= 3:
            flag |= words.COMMON
        if lower[word] >= 60 and not lower[word] < 2 * person:
            flag &= words.COMMON
        if flag:
            flags[word] = flag
    return flags


def features(found: list[str], flags: dict[str, int], hidden: set[int]) -> list[list[str]]:
    """What each position looks at. ``hidden``: tokens shown as if the model had never met them."""
    looks = []
    for index, word in enumerate(found):
        if index in hidden:
            *parts, kind = words.attributes(word, 0)
            looks.append((*[[a for a in part if a[0] != "w"] for part in parts], kind))
        else:
            flag = flags.get(word.lower(), 0)
            looks.append(words.attributes(word, flag))
    edge = words.attributes(words.EDGE, 0)
    looks = [edge, edge, *looks, edge, edge]
    result = []
    for index in range(2, len(looks) - 2):
        before, here, behind = looks[index - 1], looks[index], looks[index + 1]
        one = ["0" + a for a in here[0]]
        one += ["-" + a for a in before[1]]
        one += ["+" + a for a in behind[1]]
        one += ["<" + a for a in looks[index - 2][2]]
        one += [">" + a for a in looks[index + 2][2]]
        one.append(f"B{before[3]} {here[3]}")
        one.append(f"A{here[3]} {behind[3]}")
        one.append(f"T{before[3]} {here[3]} {behind[3]}")
        result.append(one)
    return result


def train(sentences: list[Tagged], flags: dict[str, int], rng: random.Random, c1: float, c2: float, rounds: int) -> Any:
    import pycrfsuite

    trainer = pycrfsuite.Trainer(verbose=False)
    for found, labels in sentences:
        hidden: set[int] = set()
        for index, label in enumerate(labels):
            share = 0.0
            if label != "O":
                share = HIDDEN
            elif words.case(found[index]) in "CAl" and flags.get(found[index].lower(), 0):
                share = 0.05
            if share and rng.random() < share:
                hidden.add(index)
        trainer.append(features(found, flags, hidden), labels)
    trainer.set_params({"c1": c1, "c2": c2, "max_iterations": rounds, "feature.possible_transitions": True})
    path = Path("/tmp") / f"names-{random.SystemRandom().getrandbits(40):x}.crf"
    trainer.train(str(path))
    tagger = pycrfsuite.Tagger()
    tagger.open(str(path))
    info = tagger.info()
    path.unlink()
    return {"state": dict(info.state_features), "moves": dict(info.transitions)}


def frequent(sentences: list[Tagged]) -> list[str]:
    """The tokens that come most often; the model works them out when it is read, so that no message waits for them."""
    counts = collections.Counter(word for found, _ in sentences for word in found)
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    return [word for word in ranked if word.isprintable() and " " not in word][:FREQUENT]


def pack(info: Any, flags: dict[str, int], often: list[str]) -> bytes:
    """The artefact: see ``doorward.detection.names.model.unpack``."""
    parts: list[dict[str, list[float]]] = [{}, {}, {}]
    where = {"0": (0, 0), "-": (1, 0), "+": (1, 4), "<": (2, 0), ">": (2, 4)}
    pairs: dict[str, list[float]] = collections.defaultdict(lambda: [0.0] * 4)
    for (attribute, label), weight in info["state"].items():
        which = LABELS.index(label)
        if attribute[0] in "BAT":
            pairs[attribute][which] += weight
        else:
            part, slot = where[attribute[0]]
            parts[part].setdefault(attribute[1:], [0.0] * 8)[slot + which] += weight
    scale = 24.0  # steps of 1/24; weights beyond +-5.2 are cut

    def small(values: list[float]) -> list[int]:
        """Weights of the three labels against O's."""
        return [max(-126, min(126, round((value - values[0]) * scale))) for value in values[1:]]

    lists: list[str] = []
    body = bytearray()
    for part, size in enumerate((3, 6, 6)):
        kept = []
        for attribute in sorted(parts[part]):
            weights = parts[part][attribute]
            values = small(weights[:4]) + (small(weights[4:]) if size == 6 else [])
            if max(map(abs, values)) >= 2:
                kept.append(attribute)
                body += bytes(v & 255 for v in values)
        lists.append("\t".join(kept))
    pair_names: list[str] = []
    pair_body = bytearray()
    for attribute in sorted(pairs):
        values = small(pairs[attribute])
        if max(map(abs, values)) >= 2:
            pair_names.append(attribute)
            pair_body += bytes(v & 255 for v in values)
    moves = [[info["moves"].get((a, b), 0.0) for b in LABELS] for a in LABELS]
    listed = sorted(flags)
    head = {
        "scale": scale,
        "moves": [[round(m, 4) for m in row] for row in moves],
    }
    raw = json.dumps(head, sort_keys=True).encode() + b"\n"
    raw += "\n".join([*lists, "\t".join(pair_names), "\t".join(listed), "\t".join(often)]).encode() + b"\n"
    raw += bytes(body) + bytes(pair_body) + bytes(flags[word] for word in listed)
    return b"DWN1" + zlib.compress(raw, 9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--out", type=Path, default=PARTS / "model.bin")
    parser.add_argument("--c1", type=float, default=0.08)
    parser.add_argument("--c2", type=float, default=0.02)
    parser.add_argument("--rounds", type=int, default=100)
    options = parser.parse_args()
    if options.report:
        import names_report

        names_report.report(options.data)
        return
    rng = random.Random(SEED)
    names = Names(rng)
    counts: collections.Counter[str] = collections.Counter()
    sentences = corpus(options.data, names, rng, unseen(options.data), counts)
    flags = learned_flags(sentences, names)
    for what, count in sorted(counts.items()):
        print(f"{count:7d} {what}")
    print(f"{sum(len(s[0]) for s in sentences)} tokens, {len(flags)} words with flags", flush=True)
    info = train(sentences, flags, rng, options.c1, options.c2, options.rounds)
    artefact = pack(info, flags, frequent(sentences))
    options.out.parent.mkdir(exist_ok=True)
    options.out.write_bytes(artefact)
    digest = hashlib.sha256(artefact).hexdigest()
    options.out.with_name("digest.py").write_text(
        f'"""The SHA-256 of the model beside it; ``tools/train_names.py`` writes both."""\n\nSHA256 = "{digest}"\n'
    )
    print(f"{options.out.name}: {len(artefact)} bytes, sha256 {digest}")


if __name__ == "__main__":
    main()
