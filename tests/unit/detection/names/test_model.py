import zlib
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.detection.names import prose, words
from doorward.detection.names.model import Model, ModelFault


def artefact() -> bytes:
    return resources.files("doorward.detection.names").joinpath("model.bin").read_bytes()


def test_another_artefact_is_refused() -> None:
    with pytest.raises(ModelFault, match="SHA-256"):
        Model(artefact()[:-1])


def test_another_format_is_refused() -> None:
    from hashlib import sha256

    raw = b"????" + artefact()[4:]
    with pytest.raises(ModelFault, match="format"):
        Model(raw, sha256(raw).hexdigest())


def test_the_artefact_is_small_and_holds_words_only() -> None:
    raw = artefact()
    plain = zlib.decompress(raw[4:])
    _, *lists, _ = plain.split(b"\n", 7)

    assert len(raw) < 5_000_000
    for part in (*lists[:3], *lists[4:]):
        assert not any(" " in name for name in part.decode().split("\t"))
    # What classes of neighbours say together: a letter, then classes of at most four signs.
    assert all(len(kind) <= 4 for name in lists[3].decode().split("\t") for kind in name[1:].split(" "))


def test_tokens_and_entries_are_counted_alike() -> None:
    text = "Hi Ann,\n\nsee https://example.org or ask J.R. O'Neill's team (asap).\n"
    assert len(prose.model().entries(text)) == len(words.spread(text))


@given(st.text(max_size=300))
def test_any_text_gives_chances(text: str) -> None:
    model = prose.model()
    entries = model.entries(text)
    runs, maybe = model.runs(entries, 0.1, 0.1)

    assert all(0 <= run.start < run.end <= len(entries) for run in runs)
    assert all(0.1 <= run.peak <= 1.000001 for run in runs)
    assert all(0.0 <= chance <= 1.000001 for _, chance in maybe)


def test_what_is_kept_of_words_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    from doorward.detection.names import model as module

    model = Model(artefact())
    monkeypatch.setattr(module, "_KEPT", 10)
    model.entries(" ".join(f"Word{'abcdefghij'[i % 10] * (i // 10 + 1)}" for i in range(100)))

    assert len(model._words) <= 11
    assert len(model._chunks) <= 11


def test_what_was_met_is_forgotten() -> None:
    model = Model(artefact())
    often = len(model._words)
    model.entries("Zyxwvut Tsrqponml")
    assert len(model._words) == often + 2
    model.forget()

    assert len(model._words) == often
