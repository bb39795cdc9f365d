"""The strict reader against other JSON parsers: never "accepted here, read differently there".

For every body that the reader accepts, each other parser must accept it too and find the same structure, names,
strings, booleans and nulls, and numbers that are the same by spelling (where a parser keeps only a double: the double
nearest to the spelling). The corpus is hostile on purpose; a body that is refused here needs no agreement.
"""

import base64
import itertools
import json
import math
import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest

from doorward.core.message import Batch, LosslessFloat, Response, Unreadable, glance, read

PARSE = Path(__file__).with_name("parse.mjs")
NODE = os.environ.get("DOORWARD_NODE") or shutil.which("node")

# --- the corpus: values that stand where a result, an argument, a name or the whole body could stand

VALUES: list[bytes] = [
    *(b"0 -0 1 -1 12 1.0 -0.0 0.1 1e0 1E0 1e+0 1e-0 1E400 -1e400 1e-400 0e1 0E+1 1.7976931348623157e308".split()),
    b"5e-324",
    *(b"9007199254740991 9007199254740992 9007199254740993 9223372036854775807 9223372036854775808".split()),
    *(b"18446744073709551615 18446744073709551616 -9223372036854775809 123456789012345678901234567890".split()),
    *(b"0.1000000000000000055511151231257827021181583404541015625 3.141592653589793238462643383279 1e1000000".split()),
    *(b"01 -01 00 +1 .5 1. -.5 1.e1 1e 1e+ - -- 1-1 0x1 0b1 0o7 1_0 1,0 1a 1.2.3 0e 1e1.5 Infinity NaN -NaN".split()),
    b"nan",
    *(b"true false null True TRUE nul nulll undefined None t".split()),
    b"1" * 400,
    b"1" * 5000,
    b"1." + b"3" * 5000,
    b'""',
    b'"a"',
    b"'a'",
    b'"',
    b'"\\"',
    b'"\\\\"',
    b'"\\\\\\""',
    b'"\\/\\b\\f\\n\\r\\t\\u0000\\u001f\\u007f\\u2028"',
    b'"\\a"',
    b'"\\x41"',
    b'"\\U00000041"',
    b'"\\u"',
    b'"\\u1"',
    b'"\\u123"',
    b'"\\u123g"',
    b'"\\u+123"',
    b'"\\u 123"',
    b'"\\u00e9"',
    b'"\\u00E9"',
    '"é"'.encode(),
    '"e\u0301"'.encode(),
    '"\U0001f600"'.encode(),
    b'"\\ud83d\\ude00"',
    b'"\\uD83D\\uDE00"',
    b'"\\ud83d"',
    b'"\\ude00"',
    b'"\\ude00\\ud83d"',
    b'"\\ud83d\\u0041"',
    b'"\\ud83dx"',
    b'"\\ud83d\\ud83d\\ude00"',
    '"\ufeff"'.encode(),
    '"\uffff\ufdd0\U0010ffff"'.encode(),
    '"\u0085\u2028\u2029\u00a0"'.encode(),
    b'"\x7f"',
    b'"\xff"',
    b'"\xc3"',
    b'"\xc0\xaf"',
    b'"\xe0\x80\xaf"',
    b'"\xed\xa0\xbd\xed\xb8\x80"',
    b'"\xf4\x90\x80\x80"',
    b'"\xf8\x88\x80\x80\x80"',
    *(b'"' + bytes((code,)) + b'"' for code in (0, 1, 8, 9, 10, 13, 27, 31)),
    b"[]",
    b"{}",
    b"[ ]",
    b"{\n}",
    b"[1]",
    b"[1,]",
    b"[,1]",
    b"[,]",
    b"[1,,2]",
    b"[1 2]",
    b"[1;2]",
    b"[1:2]",
    b"[",
    b"]",
    b"[1",
    b"[1}",
    b"[[]",
    b"[]]",
    b'{"a":1}',
    b'{"a":1,}',
    b'{,"a":1}',
    b'{"a":1,,"b":2}',
    b'{"a" 1}',
    b'{"a"::1}',
    b'{"a"}',
    b'{"a":}',
    b"{:1}",
    b"{a:1}",
    b"{1:1}",
    b"{null:1}",
    b"{'a':1}",
    b'{"a":1,"a":1}',
    b'{"a":1,"a":2}',
    b'{"a":1,"\\u0061":2}',
    b'{"\\u0061":1,"\\u0061":2}',
    b'{"":1,"":2}',
    b'{"\\u0000":1,"\\u0000":2}',
    b'{"a":1,"A":2}',
    b'{"a":{"a":1},"b":{"a":2}}',
    '{"é":1,"e\u0301":2}'.encode(),
    '{"é":1,"\\u00e9":2}'.encode(),
    b'{"__proto__":1}',
    b'{"__proto__":{"x":1},"constructor":2,"toString":3,"hasOwnProperty":4}',
    b'{"__proto__":1,"__pro\\u0074o__":2}',
    b'{"2":1,"1":2,"-1":3,"01":4}',
    b'{"a\\u0000b":1,"a":2}',
    b"/* c */ 1",
    b"1 // c",
    b"# c\n1",
    b"1 1",
    b"1\x00",
    b"\x00 1",
    b"\x0c1",
    b"\x0b1",
    b"\xc2\xa01",
    b"\xe2\x80\xa81",
    b"\xef\xbb\xbf1",
    b"\xfe\xff\x001",
    b"1\x1a",
    b"\t\n\r 1 \t\n\r",
    b"[" * 60 + b"]" * 60,
    b"[" * 70 + b"]" * 70,
    b'{"a":' * 70 + b"1" + b"}" * 70,
    b"[" * 3000,
    b"[" * 3000 + b"]" * 3000,
]

TEMPLATES: list[bytes] = [
    b"%s",
    b'{"jsonrpc":"2.0","id":1,"result":%s}',
    b'{"jsonrpc":"2.0","id":%s,"method":"ping"}',
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{"v":%s}}}',
    b'{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"m","data":[%s]},"more":0}',
    b'{"jsonrpc":"2.0","id":1,"result":{"rows":[{"id":1,"ID":2,%%s:3}]}}',
    b'[{"jsonrpc":"2.0","id":1,"method":"ping","x":%s}]',
    b'{"jsonrpc":%s,"id":1,"method":"ping"}',
]

ENVELOPES: list[bytes] = [
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","method":"ping"}',
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","Method":"ping"}',
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","m\\u0065thod":"ping"}',
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read","name":"wipe"}}',
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read","Name":"wipe"}}',
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read"},"param\\u017f":{"name":"wipe"}}',
    b'{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}',
    '{"jsonrpc":"2.0","id":1,"method":"ping"}'.encode("utf-16"),
    '{"jsonrpc":"2.0","id":1,"method":"ping"}'.encode("utf-16-be"),
    '{"jsonrpc":"2.0","id":1,"method":"ping"}'.encode("utf-32"),
    b'\xef\xbb\xbf{"jsonrpc":"2.0","id":1,"method":"ping"}',
    b'{"jsonrpc":"2.0","id":1,"method":"ping"}{"jsonrpc":"2.0","id":2,"method":"ping"}',
    b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n{"jsonrpc":"2.0","id":2,"method":"ping"}',
    b'\x1e{"jsonrpc":"2.0","id":1,"method":"ping"}\n',
    b'{"jsonrpc":"2.0","id":1,"result":{"x":[1e1,1E1,10,10.0]}}],[{"jsonrpc":"2.0"}',
]


def corpus() -> list[bytes]:
    """Every value in every place, the envelopes, the same made long, and random damage with a fixed seed."""
    bodies = [template.replace(b"%%s", b'"%s"').replace(b"%s", value) for template in TEMPLATES for value in VALUES]
    bodies += [b'{"jsonrpc":"2.0","id":1,"result":{"rows":[{"id":1,%s:3}]}}' % value for value in VALUES]
    bodies += ENVELOPES
    bodies += [body + b" " * 10_000 for body in bodies if len(body) < 500]
    pick = random.Random(20260728)
    sound = [body for body in bodies if len(body) < 500 and not isinstance(read(body), Unreadable)]
    for body in itertools.islice(itertools.cycle(sound), 4000):
        damaged = bytearray(body)
        at = pick.randrange(len(damaged))
        damaged[at : at + pick.randrange(3)] = pick.choice(
            (b"", b'"', b"\\", b"{", b"]", b",", b"0", b"\xe9", b"e", b" ")
        )
        bodies.append(bytes(damaged))
    return list(dict.fromkeys(bodies))


CORPUS = corpus()
ACCEPTED = [(body, found) for body in CORPUS if not isinstance(found := read(body, batches=True), Unreadable)]


def test_a_text_that_may_be_too_deep_is_read_alike(monkeypatch: pytest.MonkeyPatch):
    plain = [repr(read(body, batches=True)) for body in CORPUS]
    monkeypatch.setattr("doorward.core.decode._is_shallow", lambda *_: False)
    assert [repr(read(body, batches=True)) for body in CORPUS] == plain


def test_a_glance_accepts_nothing_that_is_refused_and_sees_the_same(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("doorward.core.skim.LEAST", 0)
    monkeypatch.setattr("doorward.core.skim._NAMES", 0)
    compared = 0
    for body in CORPUS:
        rough = glance(body)
        if rough is not None:
            exact = read(body)
            assert isinstance(exact, Response), body[:200]
            assert (exact.raw, exact.id, rough.exact) == (rough.raw, rough.id, False)
            assert differs(exact.value, rough.value) is None, body[:200]
            compared += 1
    assert compared > 300


def ours(found: Any) -> Any:
    """The reading of the strict reader."""
    return [message.value for message in found.messages] if isinstance(found, Batch) else found.value


def differs(here: Any, there: Any, where: str = "") -> str | None:
    """Where two readings differ. A float there must be the double that the spelling here is nearest to."""
    if isinstance(here, dict):
        if not isinstance(there, dict) or list(here) != list(there):
            return f"{where}: names"
        pairs = [(name, here[name], there[name]) for name in here]
    elif isinstance(here, list):
        if not isinstance(there, list) or len(here) != len(there):
            return f"{where}: elements"
        pairs = [(str(index), *pair) for index, pair in enumerate(zip(here, there, strict=True))]
    else:
        return None if same_scalar(here, there) else f"{where}: value"
    return next((found for name, a, b in pairs if (found := differs(a, b, f"{where}/{name}"))), None)


def same_scalar(here: Any, there: Any) -> bool:
    if isinstance(there, Spelt):
        return type(here) in (int, LosslessFloat) and str(here) == ("0" if there == "-0" else there)
    if type(here) in (int, LosslessFloat):
        if type(there) is int:
            return type(here) is int and here == there
        return type(there) is float and float(str(here)) == there
    return type(here) is type(there) and here == there


class Spelt(str):
    """A number as the other parser's source text."""

    __slots__ = ()


def test_the_corpus_has_both_sides():
    assert len(ACCEPTED) > 1000
    assert len(CORPUS) - len(ACCEPTED) > 1000
    assert any(isinstance(found, Batch) for _, found in ACCEPTED)


def test_the_comparison_sees_a_difference():
    found = read(b'{"jsonrpc":"2.0","id":1,"result":[1.50,"a",null,{"b":true}]}')
    for other in ('[1.5,"a",null,{"b":true}]', '[1.50,"A",null,{"b":true}]', '[1.50,"a",0,{"b":true}]', "[1.50]"):
        there = json.loads(f'{{"jsonrpc":"2.0","id":1,"result":{other}}}', parse_float=Spelt, parse_int=Spelt)
        assert differs(ours(found), there)


def test_the_standard_library_reads_every_accepted_body_alike_and_every_number_as_spelt():
    for body, found in ACCEPTED:
        assert differs(ours(found), json.loads(body, parse_int=Spelt, parse_float=Spelt)) is None, body[:200]


@pytest.mark.parametrize("parser", [orjson.loads, msgspec.json.decode], ids=["orjson", "msgspec"])
def test_a_parser_with_doubles_reads_every_accepted_body_alike(parser: Any):
    compared = 0
    for body, found in ACCEPTED:
        if beyond_doubles(ours(found)):
            continue  # they refuse 1e400 and the like: a refusal there is no other reading
        assert differs(ours(found), parser(body)) is None, body[:200]
        compared += 1
    assert compared > 900


def beyond_doubles(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(beyond_doubles, value.values() if isinstance(value, dict) else value))
    return type(value) in (int, LosslessFloat) and math.isinf(float(str(value)))


@pytest.mark.skipif(NODE is None, reason="no node: set DOORWARD_NODE")
def test_node_reads_every_accepted_body_alike():
    assert NODE is not None
    request = json.dumps({"bodies": [base64.b64encode(body).decode() for body, _ in ACCEPTED]})
    answer = subprocess.run([NODE, PARSE], input=request, capture_output=True, text=True, timeout=60, check=True)
    lines = answer.stdout.split("\n")
    assert len(lines) == len(ACCEPTED)
    for (body, found), line in zip(ACCEPTED, lines, strict=True):
        there = json.loads(line)
        assert there is not None, body[:200]
        assert differs(by_name(ours(found)), by_name(from_node(there))) is None, body[:200]


def by_name(value: Any) -> Any:
    """A reading with its members in the order of their names: Node moves names that look like indices to the front."""
    if isinstance(value, dict):
        return {name: by_name(value[name]) for name in sorted(value)}
    return [by_name(of) for of in value] if isinstance(value, list) else value


def from_node(tagged: Any) -> Any:
    """What parse.mjs says: a number is its source text, or a double from engines that do not keep it."""
    if isinstance(tagged, str):
        return {"z": None, "t": True, "f": False}[tagged]
    kind, value = tagged
    if kind == "o":
        return {name: from_node(of) for name, of in value}
    if kind == "a":
        return [from_node(of) for of in value]
    return Spelt(value) if kind == "n" else float(value) if kind == "d" else value
