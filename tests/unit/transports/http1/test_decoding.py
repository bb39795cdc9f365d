import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.transports.http1.decoding import inflater
from doorward.transports.http1.errors import UpstreamGarbage


@given(st.binary(max_size=2000) | st.integers(0, 5000).map(lambda n: b"a" * n), st.integers(1, 300), st.integers(1, 99))
def test_pieces_in_bounded_pieces_out(data, limit, size):
    raw, machine, out = gzip.compress(data), inflater(b"gzip"), b""
    for start in range(0, len(raw), size):
        piece = machine.decode(raw[start : start + size], limit)
        while True:
            assert len(piece) <= limit
            out += piece
            if not machine.pending:
                break
            piece = machine.decode(b"", limit)
    machine.check_end()
    assert out == data


@pytest.mark.parametrize("coding", [b"", b"identity", b"IDENTITY"])
def test_identity_needs_nothing(coding):
    assert inflater(coding) is None


@pytest.mark.parametrize("coding", [b"br", b"zstd", b"gzip, gzip", b"compress"])
def test_other_codings_are_refused(coding):
    with pytest.raises(UpstreamGarbage):
        inflater(coding)


def test_an_end_that_never_comes():
    machine = inflater(b"deflate")
    machine.decode(zlib.compress(b"text" * 100)[:-4], 1000)
    with pytest.raises(UpstreamGarbage):
        machine.check_end()
