"""A canary in every place of every message: found, replaced where it may be, counted, and nowhere written down."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from tests.functional.matrix.canaries import pointer
from tests.functional.matrix.fields import EVERY, ROWS, UNKNOWN, Row, messages
from tests.functional.matrix.world import Log, Seen, Wire, World, everywhere, listening

from doorward.core.methods import METHODS, REVISIONS
from doorward.core.policy import Mode
from doorward.gateway.found import place

Group = tuple[str, str, str]
GROUPS: dict[Group, list[tuple[int, Row]]] = defaultdict(list)
for _number, _row in enumerate(ROWS):
    GROUPS[_row.method, _row.kind, _row.sender].append((_number, _row))

each_message = pytest.mark.parametrize("group", GROUPS, ids=lambda group: "-".join(group).replace("/", "_"))
WIRES: tuple[Wire, ...] = ("body", "pipe")


@pytest.fixture
def log() -> Iterator[Log]:
    with listening() as heard:
        yield heard


# -- what must hold of one message


def told(seen: Seen, log: Log) -> Iterable[str]:
    """Whatever was done: it is counted, the record says where, and the value itself stands nowhere."""
    row = seen.row
    found = [place for record in seen.records for place in record.findings]
    where = place(pointer(row, seen.hidden))
    entity = seen.hidden.entity
    if not any((f["entity"], f["direction"], f["pointer"]) == (entity, row.direction, where) for f in found):
        yield f"the record does not say that it is at {where}"
    if not any(record.entities.get(entity) for record in seen.records):
        yield "not counted"
    if seen.hidden.seen_in(seen.kept()):
        yield "it stands in the records or metrics"
    if seen.hidden.seen_in("\n".join(log.lines)):
        yield "it stands in the log"


def untouched(seen: Seen) -> bool:
    """Whether the message went on as it was. (A list is cut for its caller, and then says how long that holds.)"""
    if seen.out == seen.message:
        return True
    if seen.row.kind != "result" or not seen.row.method.endswith("/list") or not seen.out:
        return False
    out = json.loads(seen.out)
    for name, value in (("cacheScope", "private"), ("ttlMs", 0)):
        if out["result"].pop(name) != value:
            return False
    return bool(out == json.loads(seen.message))


def redacted(seen: Seen, log: Log) -> Iterable[str]:
    yield from told(seen, log)
    if seen.row.fate == "exact":
        if not untouched(seen):
            yield f"not byte for byte: {seen.out[:200]!r}"
        return
    if not seen.out:
        yield f"nothing went on: {seen.told[:200]!r}"
    elif not _is_json(seen.out):
        yield "no JSON any more"
    if seen.hidden.seen_in(seen.out) or seen.hidden.seen_in(seen.told):
        yield f"it got out: {seen.out[:200]!r}"
    if not any(record.redaction_count for record in seen.records):
        yield "the record does not say that something was replaced"


def watched(seen: Seen, log: Log) -> Iterable[str]:
    yield from told(seen, log)
    if seen.out != seen.message:
        yield f"changed: {seen.out[:200]!r}"
    would = {record.would_have for record in seen.records if record.entities}
    if ("redact" in would) != (seen.row.fate == "open"):
        yield f"would have: {would}"


def detected(seen: Seen, log: Log) -> Iterable[str]:
    """The defaults: what servers send is redacted, what clients send is told of."""
    if seen.row.direction == "results":
        yield from redacted(seen, log)
        return
    yield from told(seen, log)
    if seen.hidden.entity == "SECRET" and seen.row.fate == "open":
        if seen.out:
            yield "a secret got to the server"
    elif seen.out != seen.message:
        yield f"changed: {seen.out[:200]!r}"


def blocked(seen: Seen, log: Log) -> Iterable[str]:
    yield from told(seen, log)
    if seen.row.fate == "exact":
        if not untouched(seen):
            yield f"not byte for byte: {seen.out[:200]!r}"
        return
    if seen.row.direction == "arguments" and seen.out:
        yield f"it went to the server: {seen.out[:200]!r}"
    if seen.hidden.seen_in(seen.out) or seen.hidden.seen_in(seen.told):
        yield "it got out, be it in the refusal"
    if not any(record.reason == "pii.blocked" for record in seen.records):
        yield "the record does not say why"


def kept_here(seen: Seen, log: Log) -> Iterable[str]:
    """A credential of the gateway's own goes nowhere; not even where nothing may be changed."""
    if seen.hidden.seen_in(seen.kept()) or seen.hidden.seen_in("\n".join(log.lines)):
        yield "it stands in the records, metrics or log"
    if seen.row.place in ("/id", "/method"):
        pass  # a refusal answers by the id of its request
    elif seen.hidden.seen_in(seen.out) or seen.hidden.seen_in(seen.told):
        yield f"it got out: {seen.out[:200]!r}"
    if seen.row.direction == "arguments" and seen.out:
        yield "it went to the server"
    if not any(record.entities.get("SECRET") for record in seen.records):
        yield "not counted as a secret"


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except ValueError:
        return False
    return True


# -- the matrix

Check = Callable[[Seen, Log], Iterable[str]]


async def faults(
    rows: Iterable[tuple[int, Row]],
    check: Check,
    log: Log,
    mode: Mode = Mode.ENFORCE,
    wires: Iterable[Wire] = WIRES,
    versions: frozenset[str] = frozenset(REVISIONS),
    **settings: Any,
) -> list[str]:
    found: list[str] = []
    for number, row in rows:
        for version in row.revisions:
            for wire in wires if version in versions else ():
                if not is_carried(row, version, wire):
                    continue
                log.lines.clear()
                seen = await World(row, number, version, wire, mode, **settings).run()
                found += [f"{row}, {version}, {wire}: {fault}" for fault in check(seen, log)]
    return found


def is_carried(row: Row, version: str, wire: Wire) -> bool:
    """A request that lies about its revision is refused over HTTP, where a header says it too."""
    return wire == "pipe" or not row.place.endswith("~1protocolVersion") or row.sender == "server"


@each_message
async def test_enforced_with_redaction_both_ways(group: Group, log: Log) -> None:
    assert not await faults(GROUPS[group], redacted, log, actions=everywhere("redact"))


NEWEST = frozenset(REVISIONS[-2:])


@each_message
async def test_audited(group: Group, log: Log) -> None:
    own = [(number, row) for number, row in GROUPS[group] if not row.every]
    shared = [(number, row) for number, row in GROUPS[group] if row.every]  # not in all revisions: there are many
    settings: dict[str, Any] = {"mode": Mode.AUDIT, "actions": everywhere("redact")}
    assert not await faults(own, watched, log, **settings)
    assert not await faults(shared, watched, log, versions=NEWEST, **settings)


SOME = [(number, row) for number, row in enumerate(ROWS) if not row.every or row.method in ("tools/call", UNKNOWN)]
SLICES = [SOME[start::8] for start in range(8)]
in_slices = pytest.mark.parametrize("rows", SLICES, ids=range(8))


@in_slices
async def test_enforced_as_it_is_by_default(rows: list[tuple[int, Row]], log: Log) -> None:
    assert not await faults(rows, detected, log, versions=NEWEST)


@in_slices
async def test_enforced_with_everything_blocked(rows: list[tuple[int, Row]], log: Log) -> None:
    assert not await faults(rows, blocked, log, versions=NEWEST, actions=everywhere("block"))


@in_slices
async def test_what_comes_as_an_event_of_a_stream(rows: list[tuple[int, Row]], log: Log) -> None:
    answers = [(number, row) for number, row in rows if row.sender == "server" and row.kind in ("result", "error")]
    assert not await faults(answers, redacted, log, wires=["event"], versions=NEWEST, actions=everywhere("redact"))


@in_slices
async def test_credentials_that_the_gateway_holds(rows: list[tuple[int, Row]], log: Log) -> None:
    """Whatever the detectors say: here there are none."""
    texts = [(number, row) for number, row in rows if row.dress in ("text", "key", "json")]
    assert not await faults(texts, kept_here, log, versions=NEWEST, scanner=None, held=True)


# -- the table itself


def test_every_method_has_its_rows_and_every_kind_of_message_its_places() -> None:
    assert set(GROUPS) == set(messages())
    assert {method for method, _, _ in GROUPS} == {*METHODS, UNKNOWN}
    assert {(row.method, row.kind, row.sender) for row in EVERY} == set(messages())


def test_every_row_is_exercised() -> None:
    assert [row for row in ROWS if not row.revisions] == []
    assert {version for row in ROWS for version in row.revisions} == set(REVISIONS)
    assert len({(row.method, row.kind, row.sender, row.place, row.dress, str(row.beside)) for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("method", METHODS)
def test_every_member_that_the_protocol_defines_has_a_row(method: str) -> None:
    """A member that is added to ``core/methods.py`` must come into the table as well."""
    entry = METHODS[method]
    kind = "notification" if entry.is_notification else "request"
    members = {
        row.place.split("/")[2] for row in ROWS if (row.method, row.kind) == (method, kind) and "params" in row.place
    }
    counted = {"progress", "total", "temperature", "maxTokens"}  # numbers alone
    assert entry.reserved.exact - counted <= members


@pytest.mark.parametrize("method", METHODS)
def test_what_is_exact_is_exact_in_the_product_and_nothing_else_is(method: str) -> None:
    entry = METHODS[method]
    rows = [row for row in ROWS if row.method == method]
    for row in rows:
        shown = pointer(row, World(row, 0, row.revisions[0], "body", Mode.AUDIT).hidden)
        assert entry.is_opaque(shown) == (row.fate == "exact"), str(row)
    exact = {row.place for row in rows if row.fate == "exact"}
    kinds = {row.kind for row in rows}
    wanted = {place for place in entry.opaque if place.startswith("/params") or "result" in kinds}
    wanted -= {"/jsonrpc", "/id", "/method"} if entry.is_notification else {"/jsonrpc", "/method"}
    if entry.is_notification:
        wanted -= {place for place in wanted if place.startswith("/result") or place in _OF_REQUESTS}
    assert wanted <= exact


_OF_REQUESTS = frozenset(
    {
        "/params/_meta/progressToken",
        "/params/_meta/io.modelcontextprotocol~1protocolVersion",
        "/params/_meta/io.modelcontextprotocol~1related-task/taskId",
    }
)
