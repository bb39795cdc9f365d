"""One complete request, as a handler sees it."""

from typing import Any

import msgspec

from .wire import Headers


class HttpRequest(msgspec.Struct, frozen=True, eq=False):
    """A request whose framing was valid and whose body is all here.

    `target` is as received; `path` and `query` (without `?`, empty if absent) are its parts, not percent-decoded.
    Header names are in lower case, values without surrounding blanks, in the order received. `notes` is for what a
    handler concludes from the request line and the headers alone: the next request with the same head, from whomever,
    may come with them.
    """

    method: str
    path: str
    query: str
    target: str
    headers: Headers
    body: bytes
    client: str
    tls: bool
    notes: dict[str, Any] = {}

    def get(self, name: bytes) -> bytes | None:
        """The first value of a header; `name` in lower case."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    def all(self, name: bytes) -> list[bytes]:
        """Every value of a header, in order; `name` in lower case."""
        return [value for key, value in self.headers if key == name]
