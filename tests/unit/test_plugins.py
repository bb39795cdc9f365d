"""Finding, decoding and constructing plug-ins."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import doorward.plugins as plugins
from doorward.brokers.none import NoneBroker
from doorward.brokers.static import StaticBroker
from doorward.configtypes import InvalidConfiguration, Plugin, Problem
from doorward.detectors.stub import Stub

HERE = Path(".")


def refused(kind: str, spec: Plugin, environ: dict[str, str] | None = None) -> Problem:
    with pytest.raises(InvalidConfiguration) as caught:
        plugins.builder(environ or {}, HERE)(kind, spec)
    return caught.value.problems[0]


def installed(directory: Path, name: str, entry: str, module: str = "") -> None:
    """A distribution as pip would leave it."""
    info = directory / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[doorward.detectors]\n{entry}\n")
    (directory / f"{name}.py").write_text(textwrap.dedent(module))


def test_our_own_by_name() -> None:
    build = plugins.builder({}, HERE)
    assert isinstance(build("brokers", Plugin("none")), NoneBroker)
    assert isinstance(build("detectors", Plugin("stub", {"texts": {"A": ["x"]}})), Stub)


def test_secrets_in_options_are_resolved() -> None:
    build = plugins.builder({"KEY": "k-value"}, HERE)
    made = build("brokers", Plugin("static", {"headers": {"Authorization": "Bearer ${env:KEY}"}}))
    assert isinstance(made, StaticBroker)


def test_a_secret_that_is_not_there() -> None:
    problem = refused("brokers", Plugin("static", {"headers": {"X-Key": "env:KEY"}}))
    assert (problem.path, "KEY is not set" in problem.message) == ("headers.X-Key", True)


@pytest.mark.parametrize("name", ["vision", "stud"])
def test_an_unknown_detector_is_refused_with_the_known_ones(name: str) -> None:
    problem = refused("detectors", Plugin(name))
    assert f"{name!r} is not available in this build" in problem.message
    assert "stub" in problem.remedy


@pytest.mark.parametrize("kind", ["sinks", "discovery"])
def test_kinds_without_any_plugin(kind: str) -> None:
    assert "not available" in refused(kind, Plugin("slack")).message


@pytest.mark.parametrize(
    ("options", "path", "what"),
    [
        ({"text": {}}, "text", "unknown key 'text'"),
        ({"heavy": "yes"}, "heavy", "expected true or false"),
        ({"delay": 3}, "delay", "expected a duration"),
        ({"texts": {"A": "x"}}, "texts.A", "expected a list"),
        ({"texts": {"A": ["x", ""]}}, "", "a literal is empty"),
    ],
)
def test_options_are_checked(options: dict[str, object], path: str, what: str) -> None:
    problem = refused("detectors", Plugin("stub", options))
    assert problem.path == path
    assert what in problem.message
    assert problem.remedy


def test_a_plugin_of_another_distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = """
        import msgspec

        class Detector:
            class Options(msgspec.Struct):
                level: int = 1

            def __init__(self, options):
                self.level = options.level
    """
    installed(tmp_path, "other_one", "other = other_one:Detector", module)
    monkeypatch.syspath_prepend(tmp_path)
    assert plugins.builder({}, HERE)("detectors", Plugin("other", {"level": 3})).level == 3
    assert "other" in plugins.names("detectors")


def test_our_names_cannot_be_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, "other_two", "stub = other_two:Detector", "raise SystemExit")
    monkeypatch.syspath_prepend(tmp_path)
    assert plugins.find("detectors", "stub") is Stub


def test_one_name_from_two_distributions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, "other_three", "mine = other_three:A")
    installed(tmp_path, "other_four", "mine = other_four:B")
    monkeypatch.syspath_prepend(tmp_path)
    assert "more than one installed package" in refused("detectors", Plugin("mine")).message


@pytest.mark.parametrize(
    ("module", "what"),
    [
        ("import nothing_of_this_name", "cannot be imported"),
        ("", "cannot be imported"),
        ("Mine = object", "no Options"),
    ],
)
def test_a_plugin_that_does_not_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, what: str, request: pytest.FixtureRequest
) -> None:
    name = f"broken_{abs(hash(request.node.name))}"
    installed(tmp_path, name, f"broken = {name}:Mine", module)
    monkeypatch.syspath_prepend(tmp_path)
    assert what in refused("detectors", Plugin("broken")).message


def test_our_own_are_declared_as_entry_points_too() -> None:
    pyproject = Path(__file__).resolve().parents[2] / "pyproject.toml"
    text = pyproject.read_text(encoding="utf-8")
    for kind in ("detectors", "brokers"):
        for name in plugins.names(kind):
            made = plugins.find(kind, name)
            assert f'{name} = "{made.__module__}:{made.__qualname__}"' in text


def test_finding_our_own_reads_no_metadata() -> None:
    code = (
        "import importlib.metadata as metadata\n"
        "def refuse(**_): raise AssertionError\n"
        "metadata.entry_points = refuse\n"
        "from doorward import plugins\n"
        "print(plugins.find('brokers', 'none').name)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "none"
