import struct
import zlib
from functools import cache
from importlib import resources
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.detection.keywords import listed
from doorward.detection.names import prose, words
from doorward.detection.names.model import POINTS, Model, ModelFault, Run


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


@cache
def tables() -> list[dict[str, tuple[int, ...]]]:
    """The weights as they are in the artefact: of a token's attributes for itself, those beside it and two away."""
    *_, here, near, far, _, _, _, body = zlib.decompress(artefact()[4:]).split(b"\n", 7)
    result, at = [], 0
    for names, size in ((here, 3), (near, 6), (far, 6)):
        each = names.decode().split("\t")
        end = at + size * len(each)
        result.append(dict(zip(each, struct.iter_unpack(f"{size}b", body[at:end]), strict=True)))
        at = end
    return result


WORDS = st.one_of(
    st.sampled_from(
        sorted(
            listed("the Ann O'Neill McAdam SMITH delivered Lieferung 2026 x86_64 ñandú J. 's @ann #tag , — ¶ Dr may")
        )
    ),
    st.from_regex(r"\A[A-Za-zÀ-ÿ]{1,12}\Z"),
    st.from_regex(r"\A[A-Z]?[a-z]{0,4}[0-9_]{1,4}\Z"),
)


@given(WORDS)
def test_what_is_known_of_a_word_is_the_sum_of_its_attributes(word: str) -> None:
    model = prose.model()
    flags = model.flags(word.lower())
    *each, kind = words.attributes(word, flags)
    sums: list[float] = []
    for table, attributes, size in zip(tables(), each, (3, 6, 6), strict=True):
        for column in range(size):
            sums.append(sum(table[one][column] for one in attributes if one in table) * model._step)
    found = model._entry(word)

    assert found[0] == model._kind(kind)
    assert [weight for weights in found[2:] for weight in weights] == sums
    least = -1.5 if word[0].islower() else -2.5
    assert bool(found[1]) == (word[0].isalpha() and max(sums[:2]) > least)
    assert (found[1] == POINTS) == bool(found[1] and word[0].isupper() and not flags & words.COMMON)


TEXTS = st.lists(
    st.sampled_from(
        sorted(listed("I met Ann Lee in Lisbon , Mozilla/5.0 (X11; Linux asked about the Rossi case. Gupta's )"))
    )
    | st.sampled_from(("\n", "\t"))
    | st.from_regex(r"\A[A-Z][a-z]{1,8}[.,]?\Z"),
    max_size=40,
).map(" ".join)


@given(TEXTS, st.sampled_from((0.0, 0.002, 0.15, 0.6)))
def test_a_token_alone_is_judged_as_in_an_island(text: str, high: float) -> None:
    model = prose.model()
    padded = [model.edge] * 2 + model.entries(text) + [model.edge] * 2
    for index in range(len(padded) - 4):
        if not padded[index + 2][1]:
            continue
        found: list[Run] = []
        maybe: list[tuple[int, float]] = []
        model._alone(padded, [index], high, high, found, maybe)
        runs, chances = model._judged(padded[index : index + 5], high, high)

        assert found == [Run(index, index + 1, label, peak) for _, _, label, peak in runs]
        assert maybe == [(index, chance) for _, chance in chances]


@given(TEXTS)
def test_islands_that_are_kept_say_the_same_again(text: str) -> None:
    model = prose.model()
    entries = model.entries(text)
    again = model.runs(entries, 0.15, 0.15)
    model._islands.clear()

    assert model.runs(entries, 0.15, 0.15) == again
    assert model.runs(entries, 0.15, 0.15) == again


def test_what_is_kept_of_islands_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    from doorward.detection.names import model as module

    model = Model(artefact())
    monkeypatch.setattr(module, "_KEPT_ISLANDS", 5)
    each = (
        f"{name} Lee and then we saw that it was good" for name in ("Ann", "Ivo", "Priya", "Sven", "Jamila", "Wanda")
    )
    entries = model.entries("\n".join(each))
    model.runs(entries, 0.15, 0.15)

    assert 0 < len(model._islands) <= 5
    assert all(len(about) <= 12 + 4 for about, _, _ in model._islands.values())
    model._islands.clear()
    model.runs(model.entries(" ".join(["Elif Moreau"] * 30)), 0.15, 0.15)
    assert not model._islands  # a long one hardly comes again
    model.runs(entries, 0.15, 0.15)
    model.forget()
    assert not model._islands


@given(st.text(alphabet="aB9. ,()'’\t\n\r\x0b\x1c\u2028\u3000é-@", max_size=80) | TEXTS)
def test_each_token_has_its_place(text: str) -> None:
    model = prose.model()
    entries, lines = model.read(text)
    tokens = words.spread(text)
    wanted = [index for index, token in enumerate(tokens) if token != words.EDGE]
    places = model.places(lines, wanted)

    assert len(entries) == len(tokens)
    assert [text[slice(*places[index])] for index in wanted if tokens[index] != words.OPAQUE] == [
        tokens[index] for index in wanted if tokens[index] != words.OPAQUE
    ]
    assert sorted(places.values()) == [places[index] for index in wanted]
    for index in wanted:  # alone, too
        assert model.places(lines, [index]) == {index: places[index]}


def test_most_tokens_alone_and_islands_that_are_kept_ask_for_no_exponent(monkeypatch: pytest.MonkeyPatch) -> None:
    from doorward.detection.names import model as module

    asked: list[float] = []

    def counted(value: float) -> float:
        asked.append(value)
        return exp(value)

    model = Model(artefact())
    monkeypatch.setattr(module, "exp", counted)
    trace = 'Traceback (most recent call last):\n  File "/app/run.py", line 3, in run\n    raise Full("value")\n'
    entries = model.entries(trace * 5)
    alive = sum(1 for entry in entries if entry[1])
    model.runs(entries, 0.15, 0.15)
    assert alive >= 10
    assert len(asked) < 3 * alive / 2

    people = model.entries("we saw that Elif Moreau and then that Priya Lindqvist left")
    asked.clear()
    model.runs(people, 0.15, 0.15)
    assert asked
    asked.clear()
    model.runs(people, 0.15, 0.15)
    assert not asked
