"""What the project promises of detection, as figures over labelled items; each with the bound that it has to keep."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.detection.data import Item, tagged
from bench.detection.library import Spans

KEYED = ("users", "customers", "payments", "invoices", "intl", "args", "numbers", "keys")
PROSE = ("tickets", "chat")
STRONG = frozenset(("CREDIT_CARD", "IBAN_CODE", "BR_CPF"))
WEAK = frozenset(("UK_NHS", "IN_AADHAAR", "ES_NIF", "PL_PESEL", "CA_SIN"))
DISGUISES = ("fullwidth", "homoglyph", "spaced", "zerowidth")  # the other evasions are encodings
PREFIXES = [
    "AKIA",
    "ASIA",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "sk-",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "pk_live_",
    "xox",
    "AIza",
    "eyJ",
    "npm_",
    "pypi-",
    "hf_",
    "SG.",
    "dop_v1_",
    "shpat_",
    "whsec_",
    "ya29.",
    "GOCSPX-",
    "key-",
    "lin_api_",
    "EAAC",
    "-----BEGIN",
]
CLASSES, LEAST_CLASSES = 13, 11

Figure = tuple[float, int]
"""A share, and of how many."""


@dataclass(frozen=True)
class Goal:
    """One promise. ``names``: with the names model. ``least``: None, where it is only told."""

    name: str
    names: bool | None
    least: float | None


GOALS = (
    Goal("precision, all entities", False, 0.97),
    Goal("leak recall, rows with keys", False, 0.95),
    Goal("leak recall, cards, IBAN and CPF, plain or once encoded", False, 0.99),
    Goal("leak recall, secrets with a known prefix", False, 0.99),
    Goal("clean messages untouched", False, 0.97),
    Goal("hard negatives untouched", False, 0.95),
    Goal("share of evasion classes with leak recall of .90", False, LEAST_CLASSES / CLASSES),
    Goal("PERSON leak recall, prose, tickets, e-mails", True, 0.75),
    Goal("PERSON leak recall, real sentences", True, 0.55),
    Goal("PERSON precision, prose and real sentences", True, 0.75),
    Goal("clean messages untouched", True, 0.92),
    Goal("precision, all entities", None, None),
    Goal("recall, all entities", None, None),
    Goal("leak recall, all entities", None, None),
    Goal("leak recall, ids with a weak check digit", None, None),
    Goal("leaves without personal data untouched", None, None),
)


class Spanned:
    """Figures over predicted spans."""

    def __init__(self, items: Sequence[Item], found: Spans, scorer: Any) -> None:
        self._items, self._found, self._scorer = items, found, scorer

    def figures(self) -> dict[str, Figure]:
        """By the goals' names; what the items have none of is left out."""
        whole = self._score(self._items)
        figures = {
            "precision, all entities": (whole["all"]["P"], whole["all"]["pred"]),
            "recall, all entities": (whole["all"]["R"], whole["all"]["gold"]),
            "leak recall, all entities": _leak(whole),
            "clean messages untouched": (whole["utility_negatives_untouched"], whole["negatives"]),
            "leaves without personal data untouched": (whole["clean_leaves_untouched"], whole["items"]),
        }
        figures |= common(self._items, lambda some: _leak(self._score(some)), self._untouched)
        figures["PERSON leak recall, prose, tickets, e-mails"] = self._person("leak_recall", "gold", *PROSE)
        figures["PERSON leak recall, real sentences"] = self._person("leak_recall", "gold", "real")
        figures["PERSON precision, prose and real sentences"] = self._person("P", "pred", *PROSE, "real")
        return {name: figure for name, figure in figures.items() if figure[1]}

    def by(self, what: str) -> dict[str, Mapping[str, Any]]:
        """The scorer's line for each tag, source or entity."""
        if what == "entity":
            lines: dict[str, Mapping[str, Any]] = self._score(self._items)["entities"]
            return lines
        return dict(self._scorer.score(self._items, self._found, by=what)["by"])

    def _score(self, items: Sequence[Item]) -> Any:
        return self._scorer.score(items, self._found)

    def _untouched(self, items: Sequence[Item]) -> Figure:
        scored = self._score(items)
        return scored["utility_negatives_untouched"], scored["negatives"]

    def _person(self, what: str, count: str, *tags: str) -> Figure:
        line = self._score(tagged(self._items, *tags))["entities"].get("PERSON")
        return (line[what], line[count]) if line else (0.0, 0)


class Redacted:
    """Figures over what came out of a gateway: a value has leaked when it can still be read anywhere in its message."""

    def __init__(self, items: Sequence[Item], came: Mapping[str, Any], scorer: Any) -> None:
        self._items, self._came, self._scorer = items, came, scorer

    def figures(self) -> dict[str, Figure]:
        whole = self._score(self._items)
        figures = {
            "leak recall, all entities": self._leak(self._items),
            "clean messages untouched": (whole["utility_negatives_untouched"], whole["negatives"]),
        }
        figures |= common(self._items, self._leak, self._untouched)
        figures["PERSON leak recall, prose, tickets, e-mails"] = self._person(*PROSE)
        figures["PERSON leak recall, real sentences"] = self._person("real")
        return {name: figure for name, figure in figures.items() if figure[1]}

    def by(self, what: str) -> dict[str, Mapping[str, Any]]:
        """The leak recall for each tag, source or entity."""
        if what == "entity":
            return dict(self._score(self._items)["entities"])
        groups: dict[str, list[Item]] = {}
        for item in self._items:
            for name in item["tags"] if what == "tag" else [item["src"]]:
                groups.setdefault(name, []).append(item)
        lines: dict[str, Mapping[str, Any]] = {}
        for name, some in sorted(groups.items()):
            scored = self._score(some)
            lines[name] = {
                "gold": self._leak(some)[1],
                "leak_recall": scored["leak_recall"],
                "neg": scored["negatives"],
                "neg_ok": scored["utility_negatives_untouched"],
            }
        return lines

    def _score(self, items: Sequence[Item]) -> Any:
        return self._scorer.score_redacted(items, self._came)

    def _leak(self, items: Sequence[Item]) -> Figure:
        scored = self._score(items)
        return scored["leak_recall"], sum(line["gold"] for line in scored["entities"].values())

    def _untouched(self, items: Sequence[Item]) -> Figure:
        scored = self._score(items)
        return scored["utility_negatives_untouched"], scored["negatives"]

    def _person(self, *tags: str) -> Figure:
        line = self._score(tagged(self._items, *tags))["entities"].get("PERSON")
        return (line["leak_recall"], line["gold"]) if line else (0.0, 0)


def common(
    items: Sequence[Item], leak: Callable[[Sequence[Item]], Figure], untouched: Callable[[Sequence[Item]], Figure]
) -> dict[str, Figure]:
    """What both ways of looking measure alike."""
    plain = [item for item in items if not {f"evasion:{name}" for name in DISGUISES} & set(item["tags"])]
    whole = [item for item in plain if "layout:split" not in item["tags"]]
    classes = sorted({tag for item in items for tag in item["tags"] if tag.startswith("evasion:")})
    caught = sum(leak(tagged(items, name))[0] >= 0.90 for name in classes)
    hard = [item for item in items if any(tag.startswith("neg:") for tag in item["tags"])]
    return {
        "leak recall, rows with keys": leak(tagged(items, *KEYED)),
        "leak recall, cards, IBAN and CPF, plain or once encoded": leak(
            _only(whole, lambda label: label["entity"] in STRONG)
        ),
        "leak recall, ids with a weak check digit": leak(_only(whole, lambda label: label["entity"] in WEAK)),
        "leak recall, secrets with a known prefix": leak(
            _only(plain, lambda label: label["entity"] == "SECRET" and label["text"].startswith(tuple(PREFIXES)))
        ),
        "hard negatives untouched": untouched(hard),
        "share of evasion classes with leak recall of .90": (caught / max(1, len(classes)), len(classes)),
    }


def _only(items: Iterable[Item], wanted: Callable[[Any], bool]) -> list[Item]:
    """The items that hold a wanted label; the other labels are neither demanded nor punished."""
    return [
        item | {"labels": [label if wanted(label) else label | {"optional": True} for label in item["labels"]]}
        for item in items
        if any(wanted(label) and not label.get("optional") for label in item["labels"])
    ]


def _leak(scored: Any) -> Figure:
    return scored["all"]["leak_recall"], scored["all"]["gold"]
