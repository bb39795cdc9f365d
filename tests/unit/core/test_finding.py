from hypothesis import given
from hypothesis import strategies as st

from doorward.core.finding import Finding, Text, resolve

TEXT, KEY = Text("/a", "x" * 50), Text("/a", "x" * 50, key=True)


def found(start: int, end: int, score: float = 1.0, text: Text = TEXT) -> Finding:
    return Finding(text, start, end, "E", score, "d")


def test_the_higher_score_wins_then_the_longer_then_the_earlier() -> None:
    assert resolve([found(0, 9, 0.5), found(8, 10, 0.9)]) == [found(8, 10, 0.9)]
    assert resolve([found(0, 3), found(2, 9)]) == [found(2, 9)]
    assert resolve([found(2, 4), found(1, 3)]) == [found(1, 3)]


def test_what_is_declared_a_part_of_a_whole_gives_way_to_it() -> None:
    wholes = {("LOCATION", "street"): frozenset({"PERSON"})}
    street = Finding(TEXT, 0, 30, "LOCATION", 0.8, "d", rule="street")
    town, other = Finding(TEXT, 10, 20, "PERSON", 1.0, "d"), Finding(TEXT, 25, 35, "PERSON", 1.0, "d")
    assert resolve([street, town], wholes) == [street]
    assert resolve([street, town]) == [town]
    assert resolve([street, town, other], wholes) == [town, other]
    field = Finding(TEXT, 0, 30, "LOCATION", 0.8, "d", rule="address+key")
    assert resolve([field, town], wholes) == [town]
    number = Finding(TEXT, 10, 20, "PHONE_NUMBER", 1.0, "d")
    assert resolve([street, number], wholes) == [number]


def test_neighbours_and_other_texts_do_not_overlap() -> None:
    both = [found(0, 3), found(3, 5)]
    assert resolve(both) == both
    assert len(resolve([found(0, 3), found(0, 3, text=KEY), found(0, 3, text=Text("/b", "xxx"))])) == 3


spans = st.builds(
    lambda start, size, score, text: found(start, start + size, score, text),
    st.integers(0, 20),
    st.integers(1, 9),
    st.sampled_from([0.3, 0.6, 1.0]),
    st.sampled_from([TEXT, KEY, Text("/b", "y" * 50)]),
)


@given(st.lists(spans, max_size=12))
def test_what_is_kept_never_overlaps_and_what_is_dropped_always_did(findings: list[Finding]) -> None:
    kept = resolve(findings)

    def overlap(a: Finding, b: Finding) -> bool:
        same = (a.text.pointer, a.text.key) == (b.text.pointer, b.text.key)
        return same and a.start < b.end and b.start < a.end

    assert not any(overlap(a, b) for i, a in enumerate(kept) for b in kept[:i])
    assert all(any(overlap(f, k) and k.score >= f.score for k in kept) for f in findings)


empty_too = st.builds(
    lambda start, size, score, text: found(start, start + size, score, text),
    st.integers(0, 20),
    st.integers(0, 9),
    st.sampled_from([0.3, 0.6, 1.0]),
    st.sampled_from([TEXT, KEY, Text("/b", "y" * 50)]),
)


@given(st.lists(empty_too, max_size=12))
def test_the_best_are_taken_one_by_one_and_given_in_the_order_of_their_places(findings: list[Finding]) -> None:
    def meet(a: Finding, b: Finding) -> bool:
        same = (a.text.pointer, a.text.key) == (b.text.pointer, b.text.key)
        return same and (a.start == b.start or (a.start < b.end and b.start < a.end))

    taken: list[Finding] = []
    for finding in sorted(findings, key=lambda f: (-f.score, f.start - f.end, f.start)):
        if not any(meet(finding, other) for other in taken):
            taken.append(finding)
    taken.sort(key=lambda f: (f.text.pointer, f.text.key, f.start))
    assert list(map(id, resolve(findings))) == list(map(id, taken))  # of equal ones, the one that came first
