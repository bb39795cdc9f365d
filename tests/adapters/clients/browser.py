"""A browser without a person: follows an authorization request to the address that it comes back to.

Standard library only, for it runs under the interpreter of whichever SDK plays.
"""

import http.cookiejar
import urllib.error
import urllib.request
from typing import IO, Any, NamedTuple
from urllib.parse import parse_qs, urljoin, urlsplit

STEPS = 10
PATIENCE = 20.0


class Returned(NamedTuple):
    """What the provider says to the client in the redirect (RFC 6749 section 4.1.2, RFC 9207)."""

    code: str
    state: str | None
    iss: str | None
    error: str | None


class _Stays(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req: Any, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str) -> None:
        return None


def visit(url: str, until: str) -> Returned:
    """Opens `url` with a fresh set of cookies, and goes where it is sent until that is `until`."""
    cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies, _Stays())
    for _ in range(STEPS):
        url = _next(opener, url)
        if url.partition("?")[0] == until:
            found = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
            error = found.get("error")
            refused = f"{error}: {found.get('error_description')}" if error else None
            return Returned(found.get("code", ""), found.get("state"), found.get("iss"), refused)
    raise AssertionError(f"still not back at {until}, but at {url}")


def _next(opener: urllib.request.OpenerDirector, url: str) -> str:
    try:
        page = opener.open(url, timeout=PATIENCE)
    except urllib.error.HTTPError as answer:
        page = answer
    with page:
        where = page.headers.get("Location")
        if where is None:
            raise AssertionError(f"{url} leads nowhere: {page.status} {page.read(2000)!r}")
        return urljoin(url, where)
