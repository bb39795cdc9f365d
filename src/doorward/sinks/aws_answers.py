"""An answer of one of Amazon's services, bounded in bytes and time: botocore itself reads whatever comes, for as long
as it comes, and a thread that was left behind would keep all of it.
"""

import time
from collections.abc import Iterator
from importlib import import_module
from typing import Any

LARGEST = 1 << 20
"""Bytes. An answer to 500 records is a tenth of that."""

_PIECE = 16 << 10


class NoEnd(Exception):
    """More came than an answer has, or later than it was waited for."""


class Cut(Exception):
    """The connection ended within the answer."""


def bound(client: Any, seconds: float) -> None:
    """Let a client of boto3 read no more than ``LARGEST`` bytes of an answer, for ``seconds`` from its request on."""
    session = client._endpoint.http_session  # what sends; botocore lets it be replaced, and does not hand it out

    def send(request: Any, **_: Any) -> Any:
        until = time.monotonic() + seconds
        request.stream_output = True  # so that it is not read yet
        response = session.send(request)
        body = _body(response.raw, until)
        return import_module("botocore.awsrequest").AWSResponse(
            response.url, response.status_code, response.headers, _Read(body)
        )

    client.meta.events.register("before-send", send)


class _Read:
    """A body as botocore takes one."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        yield self._body


def _body(raw: Any, until: float) -> bytes:
    """All of it. Raises ``NoEnd``, ``Cut``, and what urllib3 does for an answer that is late."""
    read = getattr(raw, "read1", raw.read)  # what came, as it comes; the first urllib3 has none
    body = bytearray()
    try:
        while piece := read(_PIECE):
            body += piece
            if len(body) > LARGEST or time.monotonic() >= until:
                raise NoEnd
    except BaseException as fault:
        raw.close()
        if type(fault).__name__ == "ProtocolError":
            raise Cut from None
        raise
    return bytes(body)
