"""What the strict reader costs, as a ratio to `orjson.loads` in the same run: `python bench/reader.py`.

Text results and structured ones of 1, 10 and 100 KB. Rounds are interleaved (one reader after the other, many times),
so that a busy machine slows all alike; the ratio is that of the medians. To reach: 4 on text, 3 on structured results.
`span` is the digest's part of the cost: `read` and then the bytes of the result.
"""

import json
import random
import statistics
from collections.abc import Callable
from time import perf_counter

import orjson

from doorward.core.message import Response, read, span

SIZES = (1_000, 10_000, 100_000)
ROUNDS = 25
BYTES_PER_ROUND = 400_000


def text_result(size: int) -> bytes:
    """A tools/call result with one text block."""
    words = random.Random(1).choices(
        ["order", "shipped", 'the "blue" one\n', "Köln", "12.50 EUR,", "on Monday"], k=size
    )
    text = " ".join(words)[: size - 90]
    return json.dumps(
        {"jsonrpc": "2.0", "id": 7, "result": {"content": [{"type": "text", "text": text}], "isError": False}},
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()


def structured_result(size: int) -> bytes:
    """A tools/call result with rows as structuredContent."""
    pick = random.Random(2)
    rows: list[dict[str, object]] = []
    held = 90
    while held < size:
        number = len(rows)
        row = {
            "id": number,
            "name": f"Customer {number}",
            "email": f"c{number}@example.com",
            "total": round(pick.random() * 1000, 2),
            "active": number % 2 == 0,
            "tags": ["new", "vip"],
        }
        rows.append(row)
        held += len(json.dumps(row, separators=(",", ":"))) + 1
    result = {"content": [], "structuredContent": {"rows": rows}}
    return json.dumps({"jsonrpc": "2.0", "id": 7, "result": result}, separators=(",", ":")).encode()


def call(size: int) -> bytes:
    """A modern tools/call request with one long argument."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "progressToken": 7,
    }
    params = {"name": "search", "arguments": {"query": "x" * (size - 260), "limit": 10}, "_meta": meta}
    return json.dumps({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}).encode()


def read_and_span(raw: bytes) -> object:
    """Read a response and take its digest's bytes."""
    message = read(raw)
    return span(message, "result") if isinstance(message, Response) else None


def medians(readers: dict[str, Callable[[bytes], object]], raw: bytes) -> dict[str, float]:
    """Microseconds per call of each reader, taken in turns."""
    repeat = max(2, BYTES_PER_ROUND // len(raw))
    taken: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(ROUNDS):
        for name, reader in readers.items():
            begin = perf_counter()
            for _ in range(repeat):
                reader(raw)
            taken[name].append((perf_counter() - begin) / repeat * 1e6)
    return {name: statistics.median(values) for name, values in taken.items()}


def main() -> None:
    """Print one line for each body."""
    readers: dict[str, Callable[[bytes], object]] = {"orjson": orjson.loads, "read": read, "read+span": read_and_span}
    print(f"{'body':<12}{'bytes':>8}{'orjson us':>12}{'read us':>10}{'ratio':>8}{'with span':>11}")
    for name, make in (("text", text_result), ("structured", structured_result), ("call", call)):
        for size in SIZES:
            raw = make(size)
            took = medians(readers, raw)
            base = took["orjson"]
            print(
                f"{name:<12}{len(raw):>8}{base:>12.2f}{took['read']:>10.2f}"
                f"{took['read'] / base:>8.2f}{took['read+span'] / base:>11.2f}"
            )


if __name__ == "__main__":
    main()
