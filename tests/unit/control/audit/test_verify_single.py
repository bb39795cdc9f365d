"""The verifier in one file, which has nothing of Doorward."""

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from doorward.control.audit.verify import places, segments
from doorward.control.audit.verify.public_keys import CONTEXT
from doorward.control.audit.verify.single import MODULES, single_file
from doorward.core import audit_layout, checkpoint
from doorward.core.decision import Reason

GOLDEN = Path(__file__).parents[3] / "golden" / "audit"
PACKAGE = Path(places.__file__).parent

# What runs it finds cryptography, and nothing else that is installed.
ISOLATED = """
import importlib.abc, runpy, sys

class Block(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        root = name.partition(".")[0]
        if root not in sys.stdlib_module_names and root not in ("cryptography", "_cffi_backend", "cffi"):
            raise ImportError(f"{name} is not here")

sys.meta_path.insert(0, Block())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("single") / "verify.py"
    made.write_text(single_file(), encoding="utf-8")
    return made


def run(program: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-c", ISOLATED, str(program), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_it_verifies_the_golden_log_alone(program: Path) -> None:
    key = GOLDEN / "public.pem"
    done = run(program, GOLDEN / "log", "--public-key", key, "--checkpoints", GOLDEN / "exported")
    assert (done.returncode, done.stderr) == (0, "")
    assert "INTACT" in done.stdout
    assert "NOT" not in done.stdout


def test_it_finds_a_tampering_alone(program: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(GOLDEN / "log", tmp_path / "log")
    segment = tmp_path / "log" / ("a1" * 16) / "journal-000002.jsonl"
    segment.write_bytes(segment.read_bytes().replace(b'"seq":14,', b'"seq":15,'))
    done = run(program, tmp_path / "log", "--public-key", GOLDEN / "public.pem", "--jobs", "2")
    assert done.returncode == 1
    assert f"writer {'a1' * 16}, record 14: record 14 missing" in done.stdout


def test_its_exit_codes(program: Path, tmp_path: Path) -> None:
    assert run(program).returncode == 2
    assert run(program, GOLDEN / "log", "--public-key", GOLDEN / "make.py").returncode == 2
    assert run(program, tmp_path / "nothing", "--public-key", GOLDEN / "public.pem").returncode == 2


def test_nothing_in_it_has_two_meanings() -> None:
    """The names that its modules define at their top live together in one file."""
    names = Counter(name for module in MODULES for name in _defined((PACKAGE / f"{module}.py").read_text("utf-8")))
    assert [name for name, times in names.items() if times > 1] == []


def _defined(source: str) -> list[str]:
    found = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.append(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found += [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
    return found


def test_it_has_all_modules() -> None:
    assert {path.stem for path in PACKAGE.glob("*.py")} == {*MODULES, "__init__", "single"}
    assert "doorward." not in "".join(line for line in single_file().splitlines() if "import" in line)


def test_its_words_are_those_of_the_format() -> None:
    assert (places.LOCK, places.CHECKPOINTS, places.CLOSED, places.RESERVE) == (
        audit_layout.LOCK,
        audit_layout.CHECKPOINTS,
        audit_layout.CLOSED,
        audit_layout.RESERVE,
    )
    assert places.SEGMENT.fullmatch(audit_layout.segment(7))
    assert places.TORN.fullmatch(audit_layout.torn(7, 4711))
    assert audit_layout.exported("a" * 32) == "a" * 32 + places.COPY
    assert audit_layout.is_writer("a" * 32)
    assert places.WRITER.fullmatch("a" * 32)
    assert audit_layout.INDEX.startswith("index.")
    assert checkpoint.CONTEXT == CONTEXT
    assert Reason.JOURNAL_TORN == segments._TORN
