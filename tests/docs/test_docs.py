"""What the docs promise to list, they list; what they name exists; what they tell people to write works."""

import ast
import base64
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
import pytest
import yaml

from doorward.cli.check import examine
from doorward.cli.main import VERBS, main
from doorward.configfile.rules import ENTITIES
from doorward.core.audit import AuditRecord
from doorward.core.decision import Decision, Effect, Reason
from doorward.core.envelope import READER_REASONS
from doorward.core.exchange import Exchange, Inbound
from doorward.core.message import Request, read
from doorward.stages.refuse import code_of, refusal
from doorward.transports.http1 import errors, refusals
from doorward.transports.http_upstream import translated

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "doorward"
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "bench" / "README.md", *sorted(DOCS.rglob("*.md"))]
CODE_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def rows(page: str, after: str = "") -> dict[str, list[list[str]]]:
    """First cell (without back-ticks) -> the other cells, for every table row of a page that begins with code."""
    found: dict[str, list[list[str]]] = {}
    for line in text(page).partition(after)[2].splitlines() if after else text(page).splitlines():
        match = re.match(r"\| `([^`]+)`(?:, .*?)? \| (.*) \|$", line)
        if match is not None:
            found.setdefault(match[1], []).append([cell.strip() for cell in match[2].split(" | ")])
    return found


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


# -- reasons

REASONS = rows("docs/reasons.md")
EDGE = {row[1]: row for row in vars(refusals).values() if isinstance(row, tuple) and len(row) == 3}
FAULTS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.UpstreamFault) and kind is not errors.UpstreamFault
]
UNREAD = {Reason.GATEWAY_DRAINING, Reason.LIMIT_STREAMS}  # decided before a legacy request has been read, or of a GET


def explained(code: str) -> list[str]:
    """The one row with a meaning (the mapping of faults has two cells and names some codes once more)."""
    (row,) = [cells for cells in REASONS[code] if len(cells) > 1]
    return row


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason])
def test_every_reason_is_explained(reason: Reason) -> None:
    meaning, remedy, *rest = explained(reason)
    assert meaning
    assert remedy or rest == ["—"]


def test_every_edge_code_is_explained_with_its_status() -> None:
    assert len(EDGE) >= 18
    assert {code: explained(code)[-1] for code in EDGE} == {code: str(row[0]) for code, row in EDGE.items()}


def test_no_reason_is_explained_that_does_not_exist() -> None:
    areas = {reason.partition(".")[0] for reason in Reason}
    known = {*Reason, *EDGE, *(kind.code for kind in FAULTS)}
    assert {code for code in REASONS if code.partition(".")[0] in areas and "." in code} <= known
    assert set(READER_REASONS) <= set(Reason)


@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: kind.__name__)
def test_every_fault_of_the_client_has_its_reason(kind: type[errors.UpstreamFault]) -> None:
    (cells,) = [cells for cells in REASONS[kind.code] if len(cells) == 1]
    assert cells == [f"`{translated(kind('x')).code}`"]


def a_call(reason: Reason, *, modern: bool) -> Exchange:
    raw = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"}}'
    message = read(raw)
    assert isinstance(message, Request)
    inbound = Inbound("http", "POST", "crm", session=None if modern else b"sealed", version=b"2025-11-25")
    unread = reason in UNREAD and not modern
    return Exchange("id", inbound, message=None if unread else message, modern=modern)


@pytest.mark.parametrize("modern", [False, True], ids=["legacy", "modern"])
@pytest.mark.parametrize("reason", [reason for reason in Reason if reason])
def test_the_statuses_are_those_that_are_sent(reason: Reason, modern: bool) -> None:
    cells = explained(reason)
    if len(cells) != 5:
        assert cells[-1] == "—" or reason.startswith("http.")  # the listener's own: it answers before the pipeline
        return
    stated = cells[3 if modern else 2]
    if stated == "—":
        return
    reply = refusal(a_call(reason, modern=modern), Decision(Effect.DENY, reason))
    mark = "*" if "result" in json.loads(reply.body) else ""
    assert f"{reply.status}{mark}" == stated


def test_every_area_has_its_code() -> None:
    special = {"message": "-32600", "header": "-32020"}
    for area in {reason.partition(".")[0] for reason in Reason if reason} - {"client", "stream"}:
        (cells,) = REASONS[area]
        assert special.get(area, str(code_of(Reason(next(r for r in Reason if r.startswith(area + ".")))))) in cells[0]


# -- records


def test_every_field_of_a_record_is_explained_in_order() -> None:
    assert list(rows("docs/records.md", after="## Fields")) == list(AuditRecord.__struct_fields__)


def test_the_record_shown_is_one() -> None:
    (example,) = [code for language, code in CODE_BLOCK.findall(text("docs/records.md")) if language == "json"]
    shown = json.loads(example)
    assert list(shown) == list(AuditRecord.__struct_fields__)
    assert json.loads(msgspec.json.encode(msgspec.convert(shown, AuditRecord))) == shown


# -- names, links, sizes


def test_the_readme_is_short() -> None:
    assert len(text("README.md").splitlines()) < 150


def test_every_verb_is_in_the_readme_or_in_operations() -> None:
    told = text("README.md") + text("docs/operations.md")
    assert [verb for verb in VERBS if f"doorward {verb}" not in told] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_verb_is_told_that_does_not_exist(page: Path) -> None:
    commands = re.findall(r"(?:^ {4}|`|bin/|&& )doorward ([a-z]+)\b", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(commands) <= set(VERBS)


def options() -> Iterator[tuple[str, set[str]]]:
    """``doorward VERB …`` -> its options, for verbs that are not groups."""

    def below(command: click.Command, name: str) -> Iterator[tuple[str, set[str]]]:
        if isinstance(command, click.Group):
            context = click.Context(command)
            for verb in command.list_commands(context):
                found = command.get_command(context, verb)
                assert found is not None
                yield from below(found, f"{name} {verb}")
        else:
            taken = [param.opts for param in command.params if isinstance(param, click.Option)]
            yield name, {option for opts in taken for option in opts}

    yield from below(main, "doorward")


OPTIONS = dict(options())


@pytest.mark.parametrize("verb", OPTIONS)
def test_every_option_is_told(verb: str) -> None:
    told = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    short = {"--follow": "-f", "--number": "-n", "--output": "-o"}  # shown as people type them
    untold = [name for name in OPTIONS[verb] if not re.search(rf"(?<!\w){short.get(name, name)}\b", told)]
    assert untold == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_option_is_told_that_does_not_exist(page: Path) -> None:
    commands = re.findall(r"doorward ([a-z-]+(?: [a-z-]+)?)((?:[^\n`|]|\\\n)*)", page.read_text(encoding="utf-8"))
    for verb, rest in commands:
        known = OPTIONS.get(f"doorward {verb}", OPTIONS.get(f"doorward {verb.split()[0]}"))
        if known is not None and verb.split()[0] != "run":  # behind run stand options of others
            assert set(re.findall(r"(?<![\w-])--[a-z-]+", rest)) <= known, (verb, rest)


@pytest.mark.parametrize("page", [*PAGES, ROOT / "deploy" / "README.md"], ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    plain = CODE_BLOCK.sub("", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", plain):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        found = (page.parent / place).resolve() if place else page
        assert found.exists(), target
        if anchor:
            assert anchor in anchors(found), target


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", ["docs/failure.md"])
def test_every_test_named_exists(page: str) -> None:
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", text(page))
    assert len(named) > 40
    for file, function in named:
        places = list((ROOT / "tests").rglob(file))
        assert any(f"def {function}(" in place.read_text(encoding="utf-8") for place in places), f"{file}::{function}"


# -- code


def modules() -> Iterator[Path]:
    for path in SOURCE.rglob("*.py"):
        if path.name != "__init__.py":
            yield path.relative_to(SOURCE)


def tree() -> set[Path]:
    """The modules in the tree of docs/architecture.md, by their indentation."""
    block = CODE_BLOCK.findall(text("docs/architecture.md"))[0][1]
    folders: list[str] = []
    found: set[Path] = set()
    for line in block.splitlines():
        if not line.strip():
            continue
        depth = (len(line) - len(line.lstrip())) // 4
        name = line.split()[0]
        folders = folders[:depth]
        if name.endswith("/"):
            folders.append(name.rstrip("/"))
        else:
            found.add(Path(*folders, name))
    return found


def test_the_tree_is_the_tree() -> None:
    assert tree() == set(modules())


def test_the_layers_are_those_that_are_kept() -> None:
    contract = tomllib.loads(text("pyproject.toml"))["tool"]["importlinter"]["contracts"][0]
    layers = [re.sub(r"[()]", "", layer) for layer in contract["layers"]]
    assert CODE_BLOCK.findall(text("docs/architecture.md"))[1][1].split("\n")[:-1] == layers


def defined(path: Path) -> set[str]:
    """``name``, ``Class`` and ``Class.method`` of one module."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            functions = (child for child in node.body if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef))
            found |= {f"{node.name}.{child.name}" for child in functions}
    return found


def test_what_the_tour_shows_is_there() -> None:
    tour = text("docs/tour.md")
    paths = set(re.findall(r"`((?:\w+/)+\w+\.py)`", tour)) - {"tests/functional/pipeline/bench.py"}
    assert len(paths) > 30
    assert [path for path in sorted(paths) if not (SOURCE / path).exists()] == []
    for path, symbol in re.findall(r"`((?:\w+/)+\w+\.py)` `([\w.]+)`", tour):
        assert symbol in defined(SOURCE / path), (path, symbol)
    known = {symbol for path in modules() for symbol in defined(SOURCE / path)}
    assert set(re.findall(r"`([A-Z]\w+\.\w+)`", tour)) <= known


# -- configuration


def snippets() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for number, (language, code) in enumerate(CODE_BLOCK.findall(page.read_text(encoding="utf-8"))):
            if language == "yaml" and isinstance(yaml.safe_load(code), dict):  # a list is an alert of Prometheus
                yield f"{name_of(page)}:{number}", code


SNIPPETS = dict(snippets())


def made_up(name: str) -> str:
    """A value for a variable: some plug-ins look at the form of theirs."""
    if name.endswith("_HOOK"):
        return f"https://hooks.example.com/{name}"
    if name in ("ALERTS_SECRET", "EVENTS_SECRET"):
        return "whsec_" + base64.b64encode(name.ljust(32).encode()).decode()
    return f"made-up-value-of-{name}"


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_every_configuration_shown_can_be_used(snippet: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in re.findall(r"env:(\w+)", SNIPPETS[snippet]):
        monkeypatch.setenv(name, made_up(name))
    file = tmp_path / "doorward.yaml"
    file.write_text(SNIPPETS[snippet], encoding="utf-8")
    assert examine(file).problems == []


def test_the_entities_that_are_explained_are_those_that_are_known() -> None:
    table = text("docs/detection.md").partition("## Entities")[2].partition("\n## ")[0]
    told = [re.findall(r"`([A-Z_]+)`", line.split("|")[1]) for line in table.splitlines() if line.startswith("| `")]
    assert {name for names in told for name in names} == ENTITIES


def test_the_readme_shows_six_lines() -> None:
    (code,) = [code for name, code in SNIPPETS.items() if name.startswith("README.md")]
    assert len(code.splitlines()) == 6
