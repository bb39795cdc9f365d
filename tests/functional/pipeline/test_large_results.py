"""Long structured results, which are read at a glance where nothing in them is looked for."""

import json
from typing import Any

import pytest
from tests.functional.pipeline.bench import SECRET, Literal, actions, call, result
from tests.functional.pipeline.policed import Policed

from doorward.core.policy import Mode
from doorward.gateway import returning
from doorward.stages import binary

ROW = {
    "type": "object",
    "properties": {"id": {"type": "integer"}, "name": {"type": "string"}, "score": {"type": "number", "minimum": 0}},
    "required": ["id"],
}
TOOL = {
    "name": "find",
    "inputSchema": {"type": "object"},
    "outputSchema": {"type": "object", "properties": {"rows": {"type": "array", "items": ROW}}, "required": ["rows"]},
}
ROWS = ",".join(f'{{"id":{at},"name":"Köln {at}","score":{at}.50}}' for at in range(300))


def answers(bench: Policed, last: str, *, text: str = "") -> bytes:
    """A result of many rows, of which the last one is this, beside a text."""
    data = result(1, {"content": [{"type": "text", "text": text}], "structuredContent": {"rows": "ROWS"}})
    data = data.replace(b'"ROWS"', f"[{ROWS},{last}]".encode())
    bench.server.script = lambda _: bench.server.json(data)
    return data


class Triggered(Literal):
    """Looks where what it knows stands in the bytes, as detectors do."""

    def quiet(self, raw: bytes, direction: str) -> bool:
        return not any(found.encode() in raw for found in self.literals.values())

    def passes(self, raw: bytes, direction: str) -> bool:
        return self.quiet(raw, direction) and not binary.might_hold(raw)


@pytest.fixture
def read_exactly(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The bodies that the strict reader made values of."""
    read, bodies = returning.read, list[bytes]()

    def noting(raw: bytes, **limits: Any) -> Any:
        bodies.append(raw)
        return read(raw, **limits)

    monkeypatch.setattr(returning, "read", noting)
    return bodies


@pytest.mark.parametrize("mode", list(Mode))
async def test_it_passes_as_it_came(mode: Mode, read_exactly: list[bytes]) -> None:
    bench = Policed(mode)
    await bench.listed(TOOL)
    read_exactly.clear()
    for last in ('{"id":1}', '{"id":1.0,"score":0.10}', '{"id":123456789012345678901234567890,"more":[1E-2]}'):
        data = answers(bench, last)
        client = await bench.send(call(1))
        assert client.reply is not None
        assert client.reply.body == data
        assert bench.records[-1].reason == ""
    assert not read_exactly


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        ('{"id":"x"}', "schema.result"),
        ('{"id":1.00000000000000000001}', "schema.result"),  # as a double it would be an integer
        ('{"id":1,"score":-1e-999}', "schema.result"),  # and this one zero
        ('{"id":1,"score":1e99999}', "schema.result"),
        ('{"id":1,"id":1}', "upstream.garbage"),
        (r'{"id":1,"more":{"a":"\u003a\u003a","b":{"a":1,"a":2}}}', "upstream.garbage"),
        (r'{"id":1,"n\u0061me":"x"}', "upstream.garbage"),
        ('{"id":1,"more":' + "[" * 70 + "]" * 70 + "}", "upstream.garbage"),
    ],
)
async def test_it_is_held_to_all_that_a_short_one_is(last: str, reason: str) -> None:
    bench = Policed(Mode.ENFORCE)
    await bench.listed(TOOL)
    answers(bench, last)
    client = await bench.send(call(1))
    assert client.reason == reason
    assert bench.records[-1].reason == reason


async def test_what_is_looked_through_keeps_its_fractions(read_exactly: list[bytes]) -> None:
    bench = Policed(Mode.ENFORCE, scanner=Triggered(PHONE="4155550142.50"), actions=actions("redact"))
    data = answers(bench, '{"id":1,"score":4155550142.50}')
    body = (await bench.send(call(1))).json
    assert "4155550142.5" not in json.dumps(body)
    assert data in read_exactly


async def test_what_is_marked_is_read_exactly(read_exactly: list[bytes]) -> None:
    bench = Policed(Mode.ENFORCE, scanner=Triggered(US_SSN=SECRET), actions=actions("redact"))
    data = answers(bench, '{"id":1}')
    client = await bench.send(call(1, arguments={"q": SECRET}))
    assert client.reply is not None
    assert b"_meta" in client.reply.body
    assert data in read_exactly
