"""Durations, sizes, references, plug-in specs."""

from pathlib import Path

import pytest
from tests.pipes import pipe

from doorward.configtypes import Duration, Plugin, Problem, Reference, Refused, Secret, Size, Text

HERE = Path(".")


@pytest.mark.parametrize(
    ("text", "seconds"), [("0s", 0), ("500ms", 0.5), ("30s", 30), ("5m", 300), ("1h", 3600), ("30d", 2_592_000)]
)
def test_a_duration(text: str, seconds: float) -> None:
    assert Duration.parse(text) == seconds
    assert str(Duration.parse(text)) == text


@pytest.mark.parametrize("wrong", ["30", 30, 30.5, "30 s", "-1s", "1w", "1.5h", "", None, True, "٣s", "1s\n"])
def test_not_a_duration(wrong: object) -> None:
    with pytest.raises(Refused, match="duration"):
        Duration.parse(wrong)


@pytest.mark.parametrize(
    ("value", "size"), [("0B", 0), ("512B", 512), ("32KiB", 32768), ("4MiB", 4 << 20), ("1GiB", 1 << 30), (77, 77)]
)
def test_a_size(value: object, size: int) -> None:
    assert Size.parse(value) == size


@pytest.mark.parametrize("wrong", ["4", "4MB", "4 MiB", "-4MiB", -1, 1.5, True, None, "4MiB\n"])
def test_not_a_size(wrong: object) -> None:
    with pytest.raises(Refused, match="size"):
        Size.parse(wrong)


def test_a_duration_and_a_size_made_in_code_print_plainly() -> None:
    assert (str(Duration(90)), str(Size(12))) == ("90s", "12B")


def test_a_reference_as_a_whole_and_inside() -> None:
    environ = {"KEY": "k-value"}
    assert Reference.parse("env:KEY").resolve(environ, HERE) == "k-value"
    assert Reference.parse("Bearer ${env:KEY}!").resolve(environ, HERE) == "Bearer k-value!"
    assert Reference.parse("plain").resolve(environ, HERE) == "plain"
    assert Reference.parse("$${env:KEY}").resolve(environ, HERE) == "${env:KEY}"


def test_a_resolved_value_is_not_read_again() -> None:
    assert Reference.parse("${env:A}").resolve({"A": "${env:B}", "B": "no"}, HERE) == "${env:B}"


def test_a_text_takes_no_whole_reference() -> None:
    assert Text.parse("file:///data").resolve({}, HERE) == "file:///data"
    assert Text.parse("--key=${env:KEY}").resolve({"KEY": "v"}, HERE) == "--key=v"


def test_a_literal_means_itself() -> None:
    assert Text.literal("${HOME} ${env:X}").resolve({}, HERE) == "${HOME} ${env:X}"


def test_a_file_relative_to_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from the file\r\n")
    assert Reference.parse("file:key").resolve({}, tmp_path) == "from the file"
    assert Reference.parse("x${file:key}y").resolve({}, tmp_path) == "xfrom the filey"


@pytest.mark.parametrize(
    "wrong", ["${KEY}", "${input:key}", "${env:}", "${env:A-B}", "${", "a ${env:A", "env:A B", "file:"]
)
def test_what_is_no_reference_is_refused_and_not_repeated(wrong: str) -> None:
    with pytest.raises(Refused, match="not a reference") as caught:
        Reference.parse(wrong)
    assert "A B" not in caught.value.message


def test_a_shells_variable_is_no_reference() -> None:
    with pytest.raises(Refused, match="no reference") as caught:
        Reference.parse("$SPLUNK_TOKEN")
    assert "SPLUNK" not in f"{caught.value} {caught.value.remedy}"
    assert "env:NAME" in caught.value.remedy
    for literal in ("$", "$1", "$a b", "pa$SWORD", "$${x"):
        assert Reference.parse(literal).inline


def test_vault_is_not_there_yet() -> None:
    with pytest.raises(Refused, match="not available in this build"):
        Reference.parse("vault:secret/x#key")


@pytest.mark.parametrize("environ", [{}, {"KEY": ""}])
def test_a_variable_that_is_not_set(environ: dict[str, str]) -> None:
    with pytest.raises(Refused, match="KEY is not set, or empty"):
        Reference.parse("env:KEY").resolve(environ, HERE)


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe", b"x" * 70_000])
def test_a_file_that_holds_no_secret(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    with pytest.raises(Refused, match="the file of file:key"):
        Reference.parse("file:key").resolve({}, tmp_path)


def test_a_directory_is_no_secret_file(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be read"):
        Reference.parse("file:.").resolve({}, tmp_path)


def test_nothing_prints_its_value() -> None:
    shown = repr([Reference("hunter2"), Text("hunter2"), Secret("hunter2"), Plugin("static", {"headers": "hunter2"})])
    assert "hunter2" not in shown
    assert repr(Reference("Bearer ${env:KEY}")) == "Reference(env:KEY)"


def test_inline_is_what_holds_no_reference() -> None:
    assert Reference("value").inline
    assert not Reference("env:KEY").inline
    assert not Reference("a${env:KEY}").inline
    assert not Reference("").inline


def test_equal_texts_are_equal_and_kinds_differ() -> None:
    assert Text("a") == Text("a")
    assert Text("a") != Reference("a")
    assert len({Text("a"), Text("a"), Text("b")}) == 2


def test_a_plugin_by_name_and_by_mapping() -> None:
    assert Plugin.parse("none") == Plugin("none")
    assert Plugin.parse({"use": "stub", "heavy": True}) == Plugin("stub", {"heavy": True})
    assert Plugin.parse({"use": "stub"}) != Plugin("none")


@pytest.mark.parametrize("wrong", [None, 3, [], {}, {"use": ""}, {"use": 3}, {"name": "stub"}, ""])
def test_not_a_plugin(wrong: object) -> None:
    with pytest.raises(Refused, match="plug-in"):
        Plugin.parse(wrong)


def test_a_problem_reads_as_one_line() -> None:
    problem = Problem(path="mode", message="is wrong", remedy="right it", file="d.yaml", line=3, column=7)
    assert str(problem) == "d.yaml:3:7: mode: is wrong (right it)"
    assert str(Problem(path="", message="is wrong")) == "is wrong"


def test_a_pipe_is_no_file_and_nobody_waits_for_it(tmp_path: Path) -> None:
    with pipe(tmp_path / "key", b"from a pipe"), pytest.raises(Refused, match="it is not a plain file"):
        Reference.parse("file:key").resolve({}, tmp_path)


def test_a_device_is_no_file() -> None:
    with pytest.raises(Refused, match="it is not a plain file"):
        Reference.parse("file:/dev/null").resolve({}, HERE)


def test_a_link_to_a_file_is_one(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("as Kubernetes mounts it\n")
    (tmp_path / "link").symlink_to("key")
    assert Reference.parse("file:link").resolve({}, tmp_path) == "as Kubernetes mounts it"
