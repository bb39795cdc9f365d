import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from doorward.core.exchange import Exchange, Inbound
from doorward.core.message import Request, read
from doorward.core.tracing import Context, span_id_of, trace_id_of
from doorward.stages.propagate import ours, propagate

PARENT = f"00-{'a' * 32}-{'b' * 16}-00"
NAMES = st.text(max_size=6).filter(lambda name: name.casefold() not in ("traceparent", "_meta"))
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(NAMES, below, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=4)
METAS = st.builds(
    lambda some, parent: some | parent,
    OBJECTS,
    st.sampled_from([{}, {"traceparent": PARENT}, {"traceparent": "?"}]),
)
PARAMS = st.builds(lambda some, meta: some | meta, OBJECTS, st.just({}) | METAS.map(lambda meta: {"_meta": meta}))


def exchange(message: Request, header: bytes | None = None) -> Exchange:
    return Exchange("x1", Inbound("http", "POST", "crm", traceparent=header), message=message)


@given(
    params=st.none() | PARAMS, indent=st.sampled_from([None, 1]), first=st.booleans(), spaces=st.sampled_from(["", " "])
)
@settings(max_examples=150, deadline=None)
def test_nothing_changes_but_the_context(params: Any, indent: int | None, first: bool, spaces: str) -> None:
    whole = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    if params is not None:
        whole = {"params": params, **whole} if first else {**whole, "params": params}
    raw = (spaces + json.dumps(whole, indent=indent, ensure_ascii=first) + spaces).encode()
    message = read(raw)
    if not isinstance(message, Request):
        return  # a name that is too like one of the protocol's own
    made = exchange(message)
    after, _ = propagate(raw, (), [made], batch=False)
    mine = ours(made).traceparent()
    expected = json.loads(raw)
    expected.setdefault("params", {}).setdefault("_meta", {})["traceparent"] = mine
    assert json.loads(after) == expected
    assert isinstance(read(after), Request)
    if "traceparent" in message.params.get("_meta", {}):
        assert after.replace(mine.encode(), message.params["_meta"]["traceparent"].encode(), 1) == raw
    else:
        added = len(after) - len(raw)
        assert any(after[:at] + after[at + added :] == raw for at in range(len(raw) + 1))


def request(meta: str) -> Request:
    found = read(f'{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"_meta":{meta}}}}}'.encode())
    assert isinstance(found, Request)
    return found


def test_the_trace_and_its_flags_are_the_callers_or_begin_here() -> None:
    span_id = span_id_of("x1")
    assert ours(exchange(request(f'{{"traceparent":"{PARENT}"}}'))) == Context("a" * 32, span_id, "00")
    assert ours(exchange(request("{}"), PARENT.encode())) == Context("a" * 32, span_id, "00")
    assert ours(exchange(request("{}"))) == Context(trace_id_of("x1"), span_id, "01")


def test_without_a_request_everything_is_the_same_object() -> None:
    raw = b'{"jsonrpc":"2.0","method":"notifications/x"}'
    note = read(raw)
    headers = ((b"traceparent", PARENT.encode()),)
    body, kept = propagate(raw, headers, [Exchange("x1", Inbound("http", "POST", "crm"), message=note)], batch=False)  # type: ignore[arg-type]
    assert body is raw
    assert kept is headers
