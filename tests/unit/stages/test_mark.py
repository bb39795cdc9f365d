import json

import pytest

from doorward.stages.mark import mark, private


@pytest.mark.parametrize(
    ("raw", "marked"),
    [
        (b'{"id":1,"result":{}}', b'{"id":1,"result":{"_meta":{M}}}'),
        (b'{"id":1,"result": { "a":1}}', b'{"id":1,"result": {"_meta":{M}, "a":1}}'),
        (b'{"result":{"a":1,"_meta":{ }}}', b'{"result":{"a":1,"_meta":{M }}}'),
        (b'{"result":{"_meta":{"x":[1]}}}', b'{"result":{"_meta":{M,"x":[1]}}}'),
        (b'{"result":{"_meta":{"io.doorward/redaction" : [9] ,"x":1}}}', b'{"result":{"_meta":{m ,"x":1}}}'),
        (rb'{"result":{"_met\u0061":{"x":1}}}', rb'{"result":{"_met\u0061":{M,"x":1}}}'),
        (b'{"result":{"_meta":7}}', b'{"result":{"_meta":7}}'),
        (b'{"result":"text"}', b'{"result":"text"}'),
        (b'{"error":{"code":1}}', b'{"error":{"code":1}}'),
        (b'{"a":{"result":{}},"result":{}}', b'{"a":{"result":{}},"result":{"_meta":{M}}}'),
    ],
)
def test_the_mark(raw: bytes, marked: bytes) -> None:
    note = b'{"count":3,"entities":["A","B"]}'
    expected = marked.replace(b"M", b'"io.doorward/redaction":' + note)
    expected = expected.replace(b"{m", b'{"io.doorward/redaction" : ' + note)
    assert mark(raw, {"B": 1, "A": 2}) == expected
    json.loads(mark(raw, {"B": 1, "A": 2}))


def test_the_mark_tells_of_changed_arguments() -> None:
    assert json.loads(mark(b'{"result":{}}', {}, {"A": 2}))["result"]["_meta"] == {
        "io.doorward/redaction": {"count": 0, "entities": [], "arguments": {"count": 2, "entities": ["A"]}}
    }


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"result":{"cacheScope":"public","ttlMs":5}}', b'{"result":{"cacheScope":"private","ttlMs":5}}'),
        (b'{"result":{"cacheSc\\u006fpe" : 7 }}', b'{"result":{"cacheSc\\u006fpe" : "private" }}'),
        (b'{"result":{"ttlMs":5}}', b'{"result":{"cacheScope":"private","ttlMs":5}}'),
    ],
)
def test_what_was_changed_for_one_caller_is_no_others(raw: bytes, expected: bytes) -> None:
    assert private(raw) == expected


@pytest.mark.parametrize(
    "raw",
    [
        b'{"result":{"a":"cacheScope"}}',
        b'{"result":{"cacheScope":"private"}}',
        b'{"result":{"a":{"cacheScope":"public"}}}',
        b'{"result":"ttlMs"}',
        b'{"error":{"data":{"ttlMs":1}}}',
        b'{"result":{}}',
    ],
)
def test_what_no_cache_keeps_stays_as_it_is(raw: bytes) -> None:
    assert private(raw) is raw
