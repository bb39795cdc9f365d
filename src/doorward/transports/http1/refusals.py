"""Why the edge refuses a request before any handler sees it: one row per reason, and the answer ready to send."""


class Refusal(Exception):
    """A refused request. `code` is stable; the connection closes behind the answer."""

    def __init__(self, status: int, code: str, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after


def _row(status: int, code: str, message: str) -> tuple[int, str, str]:
    return status, code, message


BAD_REQUEST_LINE = _row(400, "http.bad_request_line", "The request line is not valid HTTP/1.1.")
BAD_TARGET = _row(400, "http.bad_target", "The request target must be a path, or a URL whose authority equals Host.")
BAD_HEADER = _row(400, "http.bad_header", "A header line is not valid HTTP/1.1.")
BAD_HOST = _row(400, "http.bad_host", "The request must carry exactly one valid Host header.")
BAD_FRAMING = _row(400, "http.bad_framing", "The length of the request body is ambiguous or invalid.")
BAD_CHUNK = _row(400, "http.bad_chunk", "The chunked body is not valid HTTP/1.1.")
UNKNOWN_METHOD = _row(501, "http.unknown_method", "This method is not supported.")
BAD_VERSION = _row(505, "http.bad_version", "Only HTTP/1.1 and HTTP/1.0 are spoken here.")
BAD_EXPECTATION = _row(417, "http.bad_expectation", "Only the expectation 100-continue is supported.")
TARGET_TOO_LONG = _row(414, "http.target_too_long", "The request target is too long.")
HEAD_TOO_LARGE = _row(431, "http.head_too_large", "The request line and headers are too large or too many.")
BODY_TOO_LARGE = _row(413, "http.body_too_large", "The request body is too large.")
HEAD_TIMEOUT = _row(408, "http.head_timeout", "The request line and headers did not arrive in time.")
BODY_TIMEOUT = _row(408, "http.body_timeout", "The request body stopped arriving.")
OVERLOADED = _row(503, "http.overloaded", "Too many request bytes are held at the moment. Try again.")
TOO_MANY_CONNECTIONS = _row(503, "http.too_many_connections", "Too many connections are open. Try again.")
TOO_MANY_FROM_ADDRESS = _row(503, "http.too_many_from_address", "Too many connections from this address. Try again.")
INTERNAL = _row(500, "http.internal", "The request could not be handled.")


def refusal(row: tuple[int, str, str], retry_after: int | None = None) -> Refusal:
    return Refusal(*row, retry_after)


def error_body(code: str, message: str) -> bytes:
    """A small JSON body. Codes and messages are the constants above, so nothing needs escaping."""
    return b'{"error":{"code":"%b","message":"%b"}}' % (code.encode(), message.encode())
