"""Content codings of an upstream that ignores `Accept-Encoding: identity`, decoded within bounds."""

import zlib

from .errors import UpstreamGarbage

_GZIP = 16 + zlib.MAX_WBITS


class Inflater:
    """gzip or deflate, incrementally. Compressed bytes go in; at most `limit` decoded ones come out at a time."""

    __slots__ = ("_coding", "_full", "_machine", "_pending")

    def __init__(self, coding: bytes) -> None:
        self._coding = coding
        self._machine: zlib._Decompress | None = None
        self._pending = b""
        self._full = False

    @property
    def pending(self) -> bool:
        """True while more can be decoded without new input."""
        return self._full or bool(self._pending)

    def decode(self, data: bytes, limit: int) -> bytes:
        """Raises UpstreamGarbage for an invalid stream, or one with bytes behind its end."""
        data = self._pending + data
        if not data and not self._full:
            return b""
        if self._machine is None:
            self._machine = zlib.decompressobj(self._window(data[0]))
        try:
            out = self._machine.decompress(data, limit)
        except zlib.error:
            raise UpstreamGarbage("the upstream's compressed body is invalid") from None
        if self._machine.unused_data:
            raise UpstreamGarbage("the upstream's compressed body has bytes behind its end")
        self._pending = self._machine.unconsumed_tail
        self._full = len(out) == limit  # zlib may hold more without any input left
        return out

    def check_end(self) -> None:
        """Raises UpstreamGarbage when the stream stopped half-way."""
        if self._machine is not None and not self._machine.eof:
            raise UpstreamGarbage("the upstream's compressed body is cut short")

    def _window(self, first: int) -> int:
        if self._coding == b"gzip":
            return _GZIP
        # "deflate" means zlib's format (RFC 9110 §8.4.1.2), but some send the bare stream.
        return zlib.MAX_WBITS if first & 0x0F == 8 else -zlib.MAX_WBITS


def inflater(coding: bytes) -> Inflater | None:
    """For a value of `Content-Encoding`; None for identity. Raises UpstreamGarbage for codings that we do not know."""
    coding = coding.lower()
    if coding in (b"", b"identity"):
        return None
    if coding in (b"gzip", b"x-gzip"):
        return Inflater(b"gzip")
    if coding == b"deflate":
        return Inflater(coding)
    raise UpstreamGarbage("the upstream used a content coding that was not offered")
