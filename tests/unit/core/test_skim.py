import json
from typing import Any

import orjson
import pytest

from doorward.core import skim as skimming
from doorward.core.decode import UndecodableError, decode
from doorward.core.message import LosslessFloat, Response, glance, read
from doorward.core.skim import skim

ROW = {"id": 7, "name": "Köln: a/b", "of": None, "open": True, "score": 0.5, "tags": ["x", ""], "more": {}}
FILLING = ",".join([json.dumps(ROW, ensure_ascii=False)] * 100)
TIGHT = ",".join([json.dumps(ROW, ensure_ascii=False, separators=(",", ":"))] * 100)


def long(element: str, filling: str = FILLING) -> bytes:
    """An array of many objects, one of which is this."""
    return f"[{filling},{element}]".encode()


def plain(value: Any) -> Any:
    """With doubles, as they are made here."""
    if isinstance(value, dict):
        return {name: plain(of) for name, of in value.items()}
    if isinstance(value, list):
        return [plain(of) for of in value]
    return float(str(value)) if isinstance(value, LosslessFloat) else value


@pytest.mark.parametrize("filling", [FILLING, TIGHT])
@pytest.mark.parametrize(
    "element",
    ["{}", '{"a":"b:c"}', r'"a\"b\\c\/d\n"', "1.50", "-0.0", "1E5", "9007199254740993", '{"http://a":{"a":1},"a":1}'],
)
def test_it_makes_what_the_strict_decoder_makes(element: str, filling: str) -> None:
    raw = long(element, filling)
    found = skim(raw, 64)
    assert found is not None
    assert found == plain(decode(raw, 64))
    assert orjson.dumps(found) == orjson.dumps(plain(decode(raw, 64)))  # the order of names too


@pytest.mark.parametrize("filling", [FILLING, TIGHT])
@pytest.mark.parametrize(
    "element",
    [
        '{"a":1,"a":1}',
        '{"a":1,"b":{"a":1},"a":2}',
        '{"a":{"b":1,"c":":::"},"a":0}',
        r'{"a":1,"a":"\u003a"}',
        r'{"a":1,"\u0061":":"}',
        r'{"a\u0062":1}',
        r'"\ud800"',
        '{"a":1,}',
        "01",
        "1e400",
        "1." + "3" * 5000,
        "1" * 5000,
        '"\x01"',
        "[" * 63 + "[]" + "]" * 63,
        '{"a":' * 64 + "1" + "}" * 64,
    ],
)
def test_what_the_strict_decoder_may_refuse_is_left_to_it(element: str, filling: str) -> None:
    assert skim(long(element, filling), 64) is None


def test_bytes_that_are_no_text_are_left_to_it() -> None:
    for bad in (b'"\xff"', b'"\xed\xa0\x80"', b"\xef\xbb\xbf1", b"1\x00"):
        assert skim(long("#").replace(b"#", bad), 64) is None
    assert skim(b"\xef\xbb\xbf" + long("1"), 64) is None


@pytest.mark.parametrize("depth", [1, 2, 3, 63, 64, 200])
def test_the_depth_is_held_to_the_level(depth: int) -> None:
    for opened, closed in (("[", "]"), ('{"a":', "}")):
        for levels in (depth - 1, depth, depth + 1):
            rest = ",".join(f'"n{at}":0' for at in range(900))
            filled = f'{{{rest},"x":{opened * levels}0{closed * levels}}}'.encode()
            try:
                decode(filled, depth)
            except UndecodableError:
                assert skim(filled, depth) is None
            else:
                assert skim(filled, depth) is not None


def test_short_texts_long_ones_and_prose_are_left_to_it() -> None:
    assert skim(TIGHT[:4000].encode(), 64) is None
    assert skim(b'["' + b"prose " * 2000 + b'"]', 64) is None
    assert skim(json.dumps([json.dumps([ROW] * 100)]).encode(), 64) is None  # rows in a string
    assert skim(long("1", ",".join([TIGHT] * 150)), 64) is None


def test_without_the_writers_bound_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skimming, "_bounds_depth", lambda: False)
    assert skim(long("1"), 64) is None


def response(result: str, **members: str) -> bytes:
    head = "".join(f'"{name}":{value},' for name, value in members.items())
    return f'{{{head}"result":{result}}}'.encode()


def test_a_glance_is_a_response_that_is_not_exact() -> None:
    raw = response(f'{{"structuredContent":[{FILLING}]}}', jsonrpc='"2.0"', id="3")
    found, strict = glance(raw), read(raw)
    assert isinstance(found, Response)
    assert isinstance(strict, Response)
    assert (found.raw is raw, found.id, found.error, found.exact, strict.exact) == (True, 3, None, False, True)
    assert found.result == plain(strict.result)


@pytest.mark.parametrize(
    "members",
    [
        {"jsonrpc": '"2.0"', "id": "1.0"},
        {"jsonrpc": '"2.0"', "id": "1" * 30},
        {"jsonrpc": '"2.0"', "Id": "1", "id": "1"},
        {"jsonrpc": '"1.0"', "id": "1"},
        {"jsonrpc": '"2.0"', "id": "1", "error": "{}"},
        {"jsonrpc": '"2.0"', "id": "1", "method": '"ping"'},
    ],
)
def test_an_envelope_that_is_refused_is_refused_by_the_strict_reader(members: dict[str, str]) -> None:
    assert glance(response(f"[{FILLING}]", **members)) is None


def test_tokens_in_meta_are_held_to_the_same() -> None:
    for token in ("1.0", "1e2", "1" * 30):
        result = f'{{"_meta":{{"progressToken":{token}}},"structuredContent":[{FILLING}]}}'
        assert glance(response(result, jsonrpc='"2.0"', id="1")) is None


def test_requests_and_batches_are_none() -> None:
    params = f'{{"rows":[{FILLING}]}}'
    assert glance(f'{{"jsonrpc":"2.0","id":1,"method":"x","params":{params}}}'.encode()) is None
    assert glance(f'[{{"jsonrpc":"2.0","id":1,"result":{params}}}]'.encode()) is None
