from hypothesis import given
from hypothesis import strategies as st

from doorward.transports.http1.chunks import Pieces

SOUP = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"0", b"abc"])).map(b"".join)


@given(SOUP, st.lists(st.integers(1, 5)))
def test_nothing_is_lost_and_every_piece_ends_behind_the_empty_line(data, sizes):
    pieces, whole, start = Pieces(), b"", 0
    for size in [*sizes, len(data)]:
        for piece in pieces.cut(data[start : start + size]):
            assert piece
            whole += piece
            # No end may hide inside a piece: only its last byte can complete CRLFCRLF.
            assert b"\r\n\r\n" not in whole[-len(piece) - 3 : -1]
        start += size
    assert whole == data
