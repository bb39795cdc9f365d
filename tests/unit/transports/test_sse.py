"""The reader of event streams against the rules of WHATWG HTML, "Server-sent events"."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.core.errors import UpstreamFault
from doorward.core.exchange import Event
from doorward.transports.sse import SseReader, parse

BOM = b"\xef\xbb\xbf"


def read(*chunks: bytes, limit: int = 1 << 20) -> list[Event]:
    reader = SseReader(limit)
    return [event for chunk in chunks for event in reader.feed(chunk)] + reader.end()


def every_cut(stream: bytes) -> list[tuple[bytes, ...]]:
    cuts = [(stream[:at], stream[at:]) for at in range(len(stream) + 1)]
    return [*cuts, tuple(stream[i : i + 1] for i in range(len(stream)))]


# -- an independent reading, written from the standard and not from the code


def dispatched(stream: bytes) -> list[tuple[bytes, bytes]]:
    """(name, data) of every event that a browser would fire: the standard's algorithm, line by line."""
    stream = stream.removeprefix(BOM)
    fired, data, name = [], None, b""
    pieces = re.split(rb"\r\n|\r|\n", stream)
    for line in pieces[:-1]:  # what follows the last line end is an unfinished line
        if not line:
            if data is not None:
                fired.append((name, data[:-1]))
            data, name = None, b""
            continue
        field, _, value = line.partition(b":")
        value = value[1:] if value.startswith(b" ") else value
        if field == b"data":
            data = (data or b"") + value + b"\n"
        elif field == b"event":
            name = value
    return fired


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_line_ending_cut_at_every_byte(end: bytes) -> None:
    lines = [b": comment", b"", b"id: 1", b"event: message", b"data: {", b"data:}", b"", b"retry: 5", b"", b"data", b""]
    stream = end.join(lines) + end
    for chunks in every_cut(stream):
        events = read(*chunks)
        assert [(e.data, e.id, e.name) for e in events] == [
            (None, None, b""),
            (b"{\n}", b"1", b"message"),
            (None, None, b""),
            (b"", None, b""),
        ]
        assert b"".join(e.raw for e in events) == stream


def test_mixed_line_endings_cut_at_every_byte() -> None:
    stream = b"data: a\r\n\ndata: b\r\rdata: c\n\r\ndata: d\r\n\r\n\ndata: e\n\n"
    for chunks in every_cut(stream):
        events = read(*chunks)
        assert [e.data for e in events if e.data is not None] == [b"a", b"b", b"c", b"d", b"e"]
        assert b"".join(e.raw for e in events) == stream


@pytest.mark.parametrize("stream", [BOM + b"data: x\n\n", BOM + b"id: 1\ndata: x\r\n\r\n"])
def test_a_byte_order_mark_at_the_start_belongs_to_no_field(stream: bytes) -> None:
    for chunks in every_cut(stream):
        (event,) = read(*chunks)
        assert event.data == b"x"
        assert event.raw == stream


@pytest.mark.parametrize("start", [b"data: x\n\n", b"\n", BOM + b": c\n\n"])
def test_a_later_one_hides_its_line(start: bytes) -> None:
    for chunks in every_cut(start + BOM + b"data: y\n\n"):
        event = read(*chunks)[-1]
        assert (event.data, event.odd, event.plain()) == (None, True, b"")
    assert read(start + BOM + b"data: y\ndata: z\n\n")[-1].plain() == b"data: z\n\n"


def test_a_byte_order_mark_inside_a_line_is_text() -> None:
    assert read(b"data: " + BOM + b"z\n\n")[0].data == BOM + b"z"


@pytest.mark.parametrize(
    ("raw", "data", "identifier", "name"),
    [
        (b"id: 7\ndata: \n\n", b"", b"7", b""),  # a priming event (MCP 2025-11-25, basic/transports)
        (b"id: 7\ndata:\n\n", b"", b"7", b""),
        (b"data\n\n", b"", None, b""),
        (b": only a comment\n\n", None, None, b""),
        (b"retry: 1000\n\n", None, None, b""),
        (b"data:  two spaces\n\n", b" two spaces", None, b""),
        (b"data: a\ndata: b\n\n", b"a\nb", None, b""),
        (b"datax: a\nDATA: b\n data: c\n\n", None, None, b""),
        (b"id: a\0b\ndata: x\n\n", b"x", None, b""),
        (b"id\ndata: x\n\n", b"x", b"", b""),
        (b"event: endpoint\ndata: /m?a=b:c\n\n", b"/m?a=b:c", None, b"endpoint"),
    ],
)
def test_fields(raw: bytes, data: bytes | None, identifier: bytes | None, name: bytes) -> None:
    event = parse(raw)
    assert (event.data, event.id, event.name, event.raw) == (data, identifier, name, raw)


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        (b"foo: x\nid: 7\ndata: a\n\n", b"id: 7\ndata: a\n\n"),
        (b"data: \r{}\n\n", b"data: \n\n"),  # a message to whoever ends lines at LF alone
        (b"{}\n\n", b""),
        (b" data: x\n\n", b""),
        (b"Data: x\nretry: 5\n\n", b"retry: 5\n\n"),
        (": a\u2028data: x\n\n".encode(), b""),  # two lines to readers that cut at all that Unicode calls a line end
        ("id: a\u2029data: x\ndata: y\n\n".encode(), b"data: y\n\n"),
        ("event: a\x85data: x\n\n".encode(), b""),
        (b"retry: 1\x0bdata: x\n\n", b""),
        (b": a\x0cdata: x\n: b\n\n", b": b\n\n"),
        (b": a\x1ddata: x\n\n", b""),
    ],
)
def test_lines_that_readers_do_not_take_alike(raw: bytes, plain: bytes) -> None:
    event = parse(raw)
    assert event.odd
    assert event.plain() == plain
    assert not parse(event.with_data(b"new") or b"\n").odd


@pytest.mark.parametrize(
    "raw", [b"data: a\n\n", b": c\r\nevent: e\rid: 1\nretry: 5\ndata: x\r\n\r\n", "data: \u2028\n\n".encode(), b"\n"]
)
def test_lines_that_they_do_stay_as_they_are(raw: bytes) -> None:
    event = parse(raw)
    assert not event.odd
    assert event.plain() is event.raw


def test_a_long_event_grows_in_place() -> None:
    """A copy of all that has come for each piece of it would be quadratic: minutes for one event in small pieces."""
    reader = SseReader(1 << 20)
    reader.feed(b"data: ")
    held = reader._buffer
    for _ in range(100):
        assert reader.feed(b"x" * 100) == []
        assert reader._buffer is held
    assert [event.data for event in reader.feed(b"\n\ndata: y")] == [b"x" * 10_000]
    assert reader.pending == b"data: y"


def test_an_event_is_there_with_its_last_byte() -> None:
    reader = SseReader(100)
    assert reader.feed(b"data: a\n") == []
    assert [e.data for e in reader.feed(b"\n")] == [b"a"]
    assert reader.feed(b"data: b\r\n\r") == []  # the LF may still come
    assert [e.data for e in reader.feed(b"\n")] == [b"b"]
    assert [e.data for e in reader.feed(b"data: c\r\r")] == [b"c"]  # these are line ends of their own
    assert [e.raw for e in reader.feed(b"\ndata: d\n\n")] == [b"\n", b"data: d\n\n"]  # or were they? It goes on, too


def test_an_unfinished_event_is_dropped_at_the_end_and_a_finished_one_is_not() -> None:
    assert read(b"data: a\n") == []
    assert read(b"data: a") == []
    assert read(b"data: a\r") == []
    assert [e.data for e in read(b"data: a\r\r")] == [b"a"]
    assert [e.data for e in read(b"data: a\n\r")] == [b"a"]
    assert [e.raw for e in read(b"data: a\n\n\r")] == [b"data: a\n\n", b"\r"]


@pytest.mark.parametrize("chunk", [1, 7, 1000])
@pytest.mark.parametrize("ended", [True, False])
def test_an_event_over_the_limit_is_refused_however_it_comes(chunk: int, ended: bool) -> None:
    stream = b"data: " + b"x" * 200 + (b"\n\n" if ended else b"")
    with pytest.raises(UpstreamFault) as fault:
        read(*(stream[at : at + chunk] for at in range(0, len(stream), chunk)), limit=100)
    assert fault.value.code == "upstream.too_large"


def test_the_limit_is_that_of_one_event() -> None:
    one = b"data: " + b"x" * 92 + b"\n\n"
    assert len(one) == 100
    assert len(read(one * 50, limit=100)) == 50
    with pytest.raises(UpstreamFault):
        read(one[:6] + b"x" + one[6:], limit=100)


@pytest.mark.parametrize("line", [b"data:\n", b"data\r", b": c\r\n", b"id\n"])
@pytest.mark.parametrize("ended", [True, False])
def test_one_event_has_a_bounded_number_of_lines(line: bytes, ended: bool) -> None:
    """Each takes its time, and nobody is served meanwhile; an event of the largest size could have three million."""
    stream = line * 300_000 + line[-1:] + (b": next" if ended else b"")
    with pytest.raises(UpstreamFault) as fault:
        read(stream, limit=1 << 24)
    assert fault.value.code == "upstream.too_large"
    assert len(read(line * 60_000 + line[-1:] + b": next", limit=1 << 24)) == 1


lines = [b"data", b"data: ", b"data:x", b"id: 1", b"retry: 5", b": c", b"event: e", b":", b" ", b"x"]
ends = [b"\n", b"\r", b"\r\n"]
streams = st.tuples(
    st.sampled_from([b"", BOM, BOM[:2]]), st.lists(st.sampled_from(lines + ends * 3), max_size=25).map(b"".join)
).map(b"".join)


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    bounds = [0, *sorted({p % (len(stream) + 1) for p in places}), len(stream)]
    return [stream[a:b] for a, b in pairwise(bounds)]


@given(streams, st.lists(st.integers(0, 500), max_size=8))
def test_any_chunks_give_the_same_events_and_lose_no_byte(stream: bytes, places: list[int]) -> None:
    # Where an LF comes late behind two CRs it is an empty line of its own, which ends nothing.
    whole = [e.with_data(e.data) for e in read(stream) if e.raw.strip()]
    assert [e.with_data(e.data) for e in read(*cut(stream, places)) if e.raw.strip()] == whole
    reader = SseReader(1 << 20)
    raws = b"".join(e.raw for chunk in cut(stream, places) for e in reader.feed(chunk))
    assert raws + reader.pending == stream


@given(streams)
def test_the_messages_are_those_that_a_browser_would_fire(stream: bytes) -> None:
    found = [(e.name, e.data) for e in read(stream) if e.data is not None]
    assert found == dispatched(stream)
