"""A fuzz target for the strict reader and the splicing writer; no part of the default tests.

With atheris (`pip install atheris`), coverage guided, until a find or Ctrl-C:

    python tests/fuzz/fuzz_reader.py [libFuzzer options] [corpus directory]

Without it, plain random mutation of a few seeds: `python tests/fuzz/fuzz_reader.py --random 100000 [seed]`.
A find is an AssertionError or any other exception; its input is printed as a Python literal. Every find becomes a case
in tests/differential/test_parsers.py.
"""

import importlib
import json
import random
import sys
from typing import Any

from doorward.core.message import Batch, Edit, Request, Unreadable, read, span, splice

SEEDS = (
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{"a":[1.50,"\\u00e9\\ud83d\\ude00"]}}}',
    b'{"jsonrpc":"2.0","id":"a","result":{"content":[{"type":"text","text":"]}\\"{["}],"_meta":{"x/y":1e-7}}}',
    b'{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"","data":[[],{},[[{"":-0}]]]}}',
    b' [ {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":7}} ,\n'
    b'{"jsonrpc":"2.0","id":2,"result":null}]',
)
PIECES = (
    b'"',
    b"\\",
    b"\\u",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\x00",
    b"\xff",
    b"\xef\xbb\xbf",
    b"e",
    b"0",
    b"-",
)


def check(raw: bytes) -> None:
    """The promises that hold for any bytes."""
    for batches in (False, True):
        found = read(raw, batches=batches)
        if isinstance(found, Unreadable):
            continue
        there = json.loads(raw, parse_float=str, parse_int=str)
        messages = found.messages if isinstance(found, Batch) else (found,)
        for message, other in zip(messages, there if isinstance(found, Batch) else (there,), strict=True):
            assert as_text(message.value) == other
            if isinstance(message, Request) and message.params:
                assert json.loads(bytes(span(message, "params")), parse_float=str, parse_int=str) == other["params"]
            edit = Edit("/jsonrpc", "2.0")
            assert json.loads(splice(message.raw, [edit]))["jsonrpc"] == "2.0"
            if b'"2.0"' in message.raw:
                assert splice(message.raw, [edit]) == message.raw


def as_text(value: Any) -> Any:
    """A value with its numbers as spelt (an integer -0 has lost its sign: the text has it still)."""
    if isinstance(value, dict):
        return {name: as_text(of) for name, of in value.items()}
    if isinstance(value, list):
        return [as_text(of) for of in value]
    return value if isinstance(value, str | bool) or value is None else Number(value)


class Number:
    """Equal to its own spelling."""

    def __init__(self, value: object) -> None:
        self.spelling = str(value)

    def __eq__(self, other: object) -> bool:
        return self.spelling == ("0" if other == "-0" else other)

    __hash__ = None  # type: ignore[assignment]


def mutate(pick: random.Random) -> bytes:
    """A seed with one to eight random cuts, doublings and insertions."""
    raw = bytearray(pick.choice(SEEDS))
    for _ in range(pick.randint(1, 8)):
        at = pick.randrange(len(raw) + 1)
        match pick.randrange(4):
            case 0:
                del raw[at : at + pick.randint(1, 4)]
            case 1:
                raw[at:at] = pick.choice(PIECES)
            case 2:
                raw[at:at] = raw[at : at + pick.randint(1, 30)]
            case _:
                raw[at : at + 1] = bytes((pick.randrange(256),))
    return bytes(raw)


def run_random(rounds: int, seed: int) -> None:
    """Check `rounds` mutations; print the input of a find and let its exception out."""
    pick = random.Random(seed)
    for _ in range(rounds):
        raw = mutate(pick)
        try:
            check(raw)
        except BaseException:
            print(repr(raw))
            raise
    print(f"{rounds} inputs, no find")


def main() -> None:
    """Run with atheris, or `--random ROUNDS [SEED]` without it."""
    if sys.argv[1:2] == ["--random"]:
        run_random(int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 0)
        return
    atheris = importlib.import_module("atheris")
    atheris.instrument_all()
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
