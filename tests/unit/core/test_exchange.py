import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.core.exchange import Event, message_event
from doorward.transports.sse import parse

NEW = b'{"new":1}'


@pytest.mark.parametrize(
    ("raw", "replaced", "dropped"),
    [
        (b"data: x\n\n", b"data: " + NEW + b"\n\n", b""),
        (b"id: 1\ndata: x\nretry: 5\n\n", b"id: 1\ndata: " + NEW + b"\nretry: 5\n\n", b"id: 1\nretry: 5\n\n"),
        (b": c\r\ndata: x\r\ndata: y\r\n\r\n", b": c\ndata: " + NEW + b"\n\n", b": c\n\n"),
        (b"event: message\rdata:x\r\r", b"event: message\ndata: " + NEW + b"\n\n", b"event: message\n\n"),
        (b"\xef\xbb\xbfdata: x\nid: 2\n\n", b"data: " + NEW + b"\nid: 2\n\n", b"id: 2\n\n"),
        (b"data\nid: 3\n\n", b"data: " + NEW + b"\nid: 3\n\n", b"id: 3\n\n"),
    ],
)
def test_an_event_with_other_data_or_none(raw: bytes, replaced: bytes, dropped: bytes) -> None:
    event = Event(raw)
    assert event.with_data(NEW) == replaced
    assert event.with_data(None) == dropped


def test_a_message_event_is_read_back() -> None:
    assert parse(message_event(NEW)).data == NEW


lines = st.sampled_from([b"data: secret", b"data:secret", b"data", b"id: 7", b"retry: 1", b": c", b"event: message"])
ends = st.sampled_from([b"\n", b"\r\n", b"\r"])


@given(st.lists(lines, min_size=1, max_size=6), ends, st.sampled_from([b"", b"\xef\xbb\xbf"]))
def test_nothing_of_the_old_data_survives_and_all_else_does(found: list[bytes], end: bytes, mark: bytes) -> None:
    raw = mark + end.join(found) + end + end
    event = parse(raw)
    for new in (NEW, None):
        changed = event.with_data(new)
        assert b"secret" not in changed
        kept = parse(changed) if changed else Event(b"")
        assert kept.id == event.id
        assert kept.data == (new if event.data is not None else None)
        assert [x for x in changed.split(b"\n") if x and not x.startswith(b"data")] == [
            x for x in found if not x.startswith(b"data")
        ]
