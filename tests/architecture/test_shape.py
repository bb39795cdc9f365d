"""What the house forbids and no type checker sees (the direction of imports is import-linter's)."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "doorward"
PURE = sorted(path for package in ("core", "stages") for path in (SOURCE / package).rglob("*.py"))

# The event loop, the clock, chance, the log, and every door to the world.
# fmt: off
IMPURE = frozenset({
    "asyncio", "concurrent", "contextvars", "ctypes", "glob", "http", "io", "logging", "mmap", "multiprocessing",
    "os", "pathlib", "queue", "random", "sched", "secrets", "select", "selectors", "shutil", "signal", "socket",
    "socketserver", "sqlite3", "ssl", "subprocess", "tempfile", "threading", "time", "urllib", "uuid", "warnings",
    "anyio", "click", "httptools", "prometheus_client", "starlette", "structlog", "uvicorn", "uvloop",
})
# fmt: on
IMPURE_CALLS = frozenset(("open", "print", "input", "breakpoint"))
CLOCK_READS = frozenset(("now", "utcnow", "today"))
ASYNCHRONOUS = (ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Await)


def imported_roots(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]


def called_names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


def impurities(source: str) -> set[str]:
    """Everything in a module that ties it to the world, by name. A Protocol may *declare* a coroutine."""
    tree = ast.parse(source)
    declared = {id(member) for protocol in _protocols(tree) for member in ast.walk(protocol)}
    found = {name for name in imported_roots(tree) if name in IMPURE}
    found |= {f"{name}()" for name in called_names(tree) if name in IMPURE_CALLS}
    found |= {
        f".{node.attr}" for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in CLOCK_READS
    }
    found |= {
        type(node).__name__ for node in ast.walk(tree) if isinstance(node, ASYNCHRONOUS) and id(node) not in declared
    }
    return found


def _protocols(tree: ast.AST) -> Iterator[ast.ClassDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base).startswith("Protocol") for base in node.bases):
            yield node


@pytest.mark.parametrize("path", PURE, ids=lambda path: str(path.relative_to(SOURCE)))
def test_core_and_stages_are_pure(path: Path) -> None:
    assert impurities(path.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("import logging", "logging"),
        ("from time import monotonic", "time"),
        ("import os.path", "os"),
        ("def f():\n    import random", "random"),
        ("async def f(): ...", "AsyncFunctionDef"),
        ("from datetime import datetime\nx = datetime.now()", ".now"),
        ("open('x')", "open()"),
    ],
)
def test_an_impurity_is_seen(source: str, what: str) -> None:
    assert what in impurities(source)


def test_a_port_may_declare_a_coroutine() -> None:
    assert impurities("class Sink(Protocol):\n    async def write(self) -> None: ...") == set()


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("__init__.py")), ids=lambda path: str(path.relative_to(SOURCE)))
def test_package_files_are_empty_or_a_short_public_face(path: Path) -> None:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    allowed = (ast.ImportFrom, ast.Assign, ast.Expr)
    assert all(isinstance(statement, allowed) for statement in body)
    names = [alias.name for statement in body if isinstance(statement, ast.ImportFrom) for alias in statement.names]
    assert len(names) <= 5


def test_the_root_package_is_empty() -> None:
    # A name in it would tie every module that says `from doorward import ...` to every other.
    assert (SOURCE / "__init__.py").read_text(encoding="utf-8") == ""


def tracked_files() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    return [ROOT / name for name in listing.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


# Spelt in pieces, so that this file does not find itself. A path counts where it starts at the root of a file system.
MACHINE_PATH = re.compile(r"(?:^|[^A-Za-z0-9_.])/(?:" + "|".join(("work", "root", "farm")) + ")/")
REGISTRIES = tuple(name + ".org" for name in ("pypi", "pythonhosted", "npmjs"))


def test_no_file_names_a_machine_path_or_a_registry() -> None:
    culprits = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in tracked_files()
        for number, line in enumerate(path.read_bytes().decode("utf-8", "replace").splitlines(), 1)
        if MACHINE_PATH.search(line) or any(host in line for host in REGISTRIES)
    ]
    assert culprits == []


@pytest.mark.parametrize("line", ["cd /" + "work/main", "(/" + "root/.cache)", "/" + "farm/x"])
def test_a_machine_path_is_seen(line: str) -> None:
    assert MACHINE_PATH.search(line)


def test_lock_files_hold_no_download_addresses() -> None:
    locks = [path for path in tracked_files() if path.name == "package-lock.json" or path.parent.name == "requirements"]
    assert locks
    assert [str(path) for path in locks if '"resolved"' in path.read_text() or "--index-url" in path.read_text()] == []
