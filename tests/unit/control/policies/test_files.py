from pathlib import Path

import pytest
from tests.pipes import pipe

from doorward.config import Config
from doorward.configtypes import InvalidConfiguration
from doorward.control.policies.files import MAX_BYTES, PolicyFiles, directory_of, read_files


def test_what_counts_in_a_directory(tmp_path: Path) -> None:
    for name in ("b.cedar", "a.cedar", "facts.yaml", "x.test.yaml", "notes.md", ".hidden.cedar", "other.yaml"):
        (tmp_path / name).write_text(name)
    read = read_files(tmp_path)
    assert dict(read.files) == {name: name for name in ("a.cedar", "b.cedar", "facts.yaml")}
    assert read.tests == (tmp_path / "x.test.yaml",)
    assert read.place("a.cedar") == str(tmp_path / "a.cedar")


def test_the_digest_is_over_names_and_texts() -> None:
    digests = {
        PolicyFiles(files).digest
        for files in ({}, {"a.cedar": ""}, {"b.cedar": ""}, {"a.cedar": "x"}, {"a.cedar": "", "b.cedar": ""})
    }
    assert len(digests) == 5
    assert PolicyFiles({"a": "1", "b": "2"}).digest == PolicyFiles({"b": "2", "a": "1"}, "elsewhere").digest


def test_what_cannot_be_read_is_a_problem_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "a.cedar").write_bytes(b"\xff")
    (tmp_path / "b.cedar").mkdir()
    (tmp_path / "c.cedar").write_bytes(b" " * (MAX_BYTES + 1))
    with pytest.raises(InvalidConfiguration) as raised:
        read_files(tmp_path)
    said = [str(problem) for problem in raised.value.problems]
    assert [words in text for words, text in zip(("UTF-8", "directory", "1 MiB"), said, strict=True)] == [True] * 3
    assert str(tmp_path / "a.cedar") in said[0]


def test_a_directory_that_is_configured_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration):
        read_files(tmp_path / "none")
    assert read_files(None) == PolicyFiles()


def test_the_usual_directory_counts_if_it_is_there(tmp_path: Path) -> None:
    assert directory_of(Config(), tmp_path) is None
    (tmp_path / "policies").mkdir()
    assert directory_of(Config(), tmp_path) == tmp_path / "policies"
    assert directory_of(Config(policies="rules/"), tmp_path) == tmp_path / "rules"


def test_a_pipe_is_refused_without_waiting_for_its_writer(tmp_path: Path) -> None:
    with pipe(tmp_path / "a.cedar", b""), pytest.raises(InvalidConfiguration, match="it is not a plain file"):
        read_files(tmp_path)
