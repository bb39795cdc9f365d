import json

import pytest

from doorward.core.message import Edit, splice

RAW = (
    b'{ "jsonrpc":"2.0",\n "id":1, "params" : {"a\\u0062":"x\\ny", "n":1.50, "list":[ "p" ,{"q":"r"}, 1e3 ], "t":true}}'
)


def test_no_edit_gives_the_very_same_bytes():
    assert splice(RAW, []) is RAW


@pytest.mark.parametrize(
    ("edit", "old", "new"),
    [
        (Edit("/params/ab", "z"), b'"x\\ny"', b'"z"'),
        (Edit("/params/ab", 'q"\\\nü'), b'"x\\ny"', '"q\\"\\\\\\nü"'.encode()),
        (Edit("/params/n", "2.500", literal=True), b"1.50", b"2.500"),
        (Edit("/params/n", -7), b"1.50", b"-7"),
        (Edit("/params/n", "<SSN>"), b"1.50", b'"<SSN>"'),
        (Edit("/params/list/0", ""), b'"p"', b'""'),
        (Edit("/params/list/1/q", "s"), b'"r"', b'"s"'),
        (Edit("/params/list/2", "0E-1", literal=True), b"1e3", b"0E-1"),
        (Edit("/params/ab", "c", key=True), b'"a\\u0062"', b'"c"'),
        (Edit("/params/list/1/q", "Q", key=True), b'"q"', b'"Q"'),
        (Edit("/params", "p", key=True), b'"params"', b'"p"'),
        (Edit("/id", "one"), b":1,", b':"one",'),
    ],
)
def test_one_edit_changes_its_own_bytes_only(edit: Edit, old: bytes, new: bytes):
    assert RAW.count(old) == 1
    assert splice(RAW, [edit]) == RAW.replace(old, new)


def test_pointers_use_the_names_before_any_edit():
    raw = b'{"a":{"b":"1","c":"2"}}'
    edits = [Edit("/a/c", "two"), Edit("/a", "A", key=True), Edit("/a/b", "B", key=True), Edit("/a/b", "one")]
    assert splice(raw, edits) == b'{"A":{"B":"one","c":"two"}}'


def test_names_may_be_swapped():
    raw = b'{"a":1,"b":2}'
    assert splice(raw, [Edit("/a", "b", key=True), Edit("/b", "a", key=True)]) == b'{"b":1,"a":2}'


def test_pointer_escapes_and_odd_names():
    raw = '{"a/b":{"~":{"":{"0":{"ü\\"":"x"}}}}}'.encode()
    assert splice(raw, [Edit('/a~1b/~0//0/ü"', "y")]) == raw.replace(b'"x"', b'"y"')


def test_a_batch_is_edited_through_its_indices():
    raw = b'[ {"a":"x"} , {"a":"x"}]'
    assert splice(raw, [Edit("/1/a", "y")]) == b'[ {"a":"x"} , {"a":"y"}]'


@pytest.mark.parametrize(
    "edits",
    [
        [Edit("/nothing", "x")],
        [Edit("/params/list/3", "x")],
        [Edit("/params/list/-", "x")],
        [Edit("/params/list/00", "x")],
        [Edit("/params/list/\u0660", "x")],  # a digit, but not one of RFC 6901
        [Edit("/params/list/0", "x", key=True)],
        [Edit("/params/ab/x", "x")],
        [Edit("/params/t", "x")],
        [Edit("/params/t/x", "x")],
        [Edit("/params", "x")],
        [Edit("/params/list", "x")],
        [Edit("", "x")],
        [Edit("", "x", key=True)],
        [Edit("params", "x")],
        [Edit("/params/~2", "x")],
        [Edit("/params/ab", 1)],
        [Edit("/params/ab", "1", literal=True)],
        [Edit("/params/n", "01", literal=True)],
        [Edit("/params/n", "1,2", literal=True)],
        [Edit("/params/n", "", literal=True)],
        [Edit("/params/n", "1\n", literal=True)],
        [Edit("/params/n", "\u0661", literal=True)],
        [Edit("/params/n", True)],
        [Edit("/params/n", 1.5)],  # type: ignore[arg-type]
        [Edit("/params/n", 1, key=True)],
        [Edit("/params/n", "\ud800")],
        [Edit("/params/n", "\ud800", key=True)],
        [Edit("/params/n", "x"), Edit("/params/n", "y")],
        [Edit("/params/n", "x", key=True), Edit("/params/n", "y", key=True)],
        [Edit("/params/n", "ab", key=True)],
        [Edit("/params/n", "same", key=True), Edit("/params/t", "same", key=True)],
        [Edit("/params/ab", "x"), Edit("/params/ab/c", "y")],
    ],
)
def test_an_edit_that_cannot_be_made_is_a_fault(edits: list[Edit]):
    with pytest.raises(ValueError) as caught:
        splice(RAW, edits)
    assert "x\\ny" not in str(caught.value)


def test_many_edits_in_a_large_message():
    rows = [{"id": n, "mail": f"c{n}@example.com", "note": '[}"{]\\'} for n in range(2000)]
    raw = json.dumps({"result": {"rows": rows}}).encode()
    spliced = splice(raw, [Edit(f"/result/rows/{n}/mail", "<EMAIL>") for n in range(0, 2000, 2)])
    expected = [row | {"mail": "<EMAIL>"} if row["id"] % 2 == 0 else row for row in rows]  # type: ignore[operator]
    assert json.loads(spliced) == {"result": {"rows": expected}}
    assert len(raw) - len(spliced) == sum(len(f"c{n}@example.com") - len("<EMAIL>") for n in range(0, 2000, 2))


def test_a_string_of_escapes_is_skipped_in_one_go():
    raw = b'{"a":"' + b'\\"' * 1_000_000 + b'","b":"x"}'
    assert splice(raw, [Edit("/b", "y")]) == raw[:-3] + b'y"}'


@pytest.mark.parametrize(
    ("raw", "after"),
    [
        ('{"p":{"_m":{"t":"old","z":1}}}', '{"p":{"_m":{"t":"new","z":1}}}'),
        ('{"p":{"_m":{"z":1 } }}', '{"p":{"_m":{"z":1,"t":"new" } }}'),
        ('{"p":{"_m":{"z":[ 1 ]}, "q":{}}}', '{"p":{"_m":{"z":[ 1 ],"t":"new"}, "q":{}}}'),
        ('{"p":{"_m":{ }}}', '{"p":{"_m":{"t":"new" }}}'),
        ('{"p":{"n":1}, "x":2 }', '{"p":{"n":1,"_m":{"t":"new"}}, "x":2 }'),
        ('{"p":{}}', '{"p":{"_m":{"t":"new"}}}'),
        (' {"x":2\n} ', ' {"x":2,"p":{"_m":{"t":"new"}}\n} '),
        ("{}", '{"p":{"_m":{"t":"new"}}}'),
    ],
)
def test_a_member_that_is_not_there_can_be_added_with_the_objects_on_its_way(raw: str, after: str):
    made = splice(raw.encode(), [Edit("/p/_m/t", "new", add=True)])
    assert made == after.encode()
    assert json.loads(made)["p"]["_m"]["t"] == "new"


def test_several_are_added_beside_other_edits():
    raw = b'[{"a":{"b":"x"}},{},{"c":1}]'
    edits = [
        Edit("/0/a/t", "1", add=True),
        Edit("/0/a/b", "y"),
        Edit("/1/p/q", "2", add=True),
        Edit("/1/p/r", 3, add=True),
        Edit("/0/a", "A", key=True),
    ]
    assert splice(raw, edits) == b'[{"A":{"b":"y","t":"1"}},{"p":{"q":"2","r":3}},{"c":1}]'


@pytest.mark.parametrize(
    "edits",
    [
        [Edit("/p", "x", add=True, key=True)],
        [Edit("/n/x", "x", add=True)],  # below a number
        [Edit("/3/x", "x", add=True), Edit("/3/y", "z")],  # the second is not to be added
        [Edit("/p/a", "x", add=True), Edit("/p/a/b", "x", add=True)],
    ],
)
def test_what_cannot_be_added(edits: list[Edit]):
    with pytest.raises(ValueError):
        splice(b'{"n":1,"p":{}}', edits)


def test_no_element_is_added():
    with pytest.raises(ValueError, match="no such element"):
        splice(b"[1]", [Edit("/1", "x", add=True)])


def test_a_member_that_is_added_is_named_as_json_names_it():
    assert json.loads(splice(b"{}", [Edit('/a"~1\n', "x", add=True)])) == {'a"/\n': "x"}
