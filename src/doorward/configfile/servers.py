"""What one entry of ``servers`` may say."""

from collections.abc import Iterator
from pathlib import Path

from doorward.config import Config, Server
from doorward.configfile.decode import child
from doorward.configfile.edge import site
from doorward.configfile.headers import forbidden_request, forbidden_response, well_formed_name
from doorward.configtypes import Notice, Problem, Refused, Text
from doorward.core.policy import Mode

Found = Iterator[Problem]


def enforcing(config: Config, server: Server) -> bool:
    """Whether the server, or any of its tools, is in an enforcing mode."""
    return mode_of(config, server).enforcing or any(
        tool.mode is not None and tool.mode.enforcing for tool in server.tools.values()
    )


def mode_of(config: Config, server: Server) -> Mode:
    """The server's own mode: its setting, else the whole's."""
    return server.mode if server.mode is not None else config.mode


def examine_server(config: Config, path: str, server: Server) -> Found:
    if (server.url is None) == (server.command is None):
        yield Problem(
            path=path,
            message="needs exactly one of url and command",
            remedy="url for HTTP, command for a local process",
        )
    elif server.url is not None:
        yield from _over_http(path, server)
    else:
        yield from _child(path, server)
    if config.listen.workers != 1 and (server.command is not None or server.transport == "sse"):
        what = "a stdio server" if server.command is not None else "transport: sse"
        remedy = "set listen.workers: 1, or reach the server over Streamable HTTP"
        yield Problem(
            path=path, message=f"{what} needs one worker, for its connections live in one process", remedy=remedy
        )
    yield from _inline_values(path, server)
    yield from _headers(path, server)
    yield from _credentials(config, path, server)
    yield from _tools(path, server)
    for index, url in enumerate(server.authorization_servers):
        if site(url) is None:
            remedy = "write the issuer's URL"
            yield Problem(path=f"{path}.authorization_servers[{index}]", message="is no URL", remedy=remedy)


def _over_http(path: str, server: Server) -> Found:
    for key in ("args", "env", "cwd"):
        if getattr(server, key):
            yield Problem(path=child(path, key), message="belongs to a command, not to a url", remedy=f"remove {key}")
    assert server.url is not None
    if server.url.references():
        return  # control.compile looks at what it becomes
    fault = url_fault(server.url.resolve({}, Path()))
    if fault is not None:
        yield Problem(path=child(path, "url"), message=fault.message, remedy=fault.remedy)


def url_fault(url: str) -> Refused | None:
    """What is wrong with a server's URL, which is not repeated: keys are often part of it."""
    parts = site(url)
    if parts is None:
        return Refused("is not an http or https URL", "write http://HOST:PORT/PATH or https://HOST/PATH")
    if "@" in parts.netloc:
        return Refused("holds a user name or password", "use credentials: {use: static, headers: {Authorization: …}}")
    if parts.fragment:
        return Refused("holds a fragment (#…)", "remove it")
    return None


def _child(path: str, server: Server) -> Found:
    if server.transport != "auto":
        yield Problem(
            path=child(path, "transport"), message="belongs to a url; a command speaks stdio", remedy="remove transport"
        )
    if server.headers.request or server.headers.response:
        yield Problem(
            path=child(path, "headers"), message="belongs to a url, not to a command", remedy="remove headers"
        )
    if server.credentials.use != "none":
        remedy = "pass secrets to a command as env: {NAME: env:NAME}"
        yield Problem(path=child(path, "credentials"), message="belongs to a url, not to a command", remedy=remedy)


def _inline_values(path: str, server: Server) -> Found:
    names = [name for name, value in server.env.items() if value.inline]
    if names:
        remedy = "if one of them is a secret, write NAME: env:NAME or NAME: file:PATH"
        message = f"holds values in this file: {', '.join(names)}"
        yield Notice(path=child(path, "env"), message=message, remedy=remedy)
    headers = server.credentials.options.get("headers")
    if server.credentials.use == "static" and isinstance(headers, dict):
        for name, value in headers.items():
            if isinstance(value, str) and not _has_reference(value):
                remedy = "if it is a secret, write ${env:NAME} in its place"
                yield Notice(
                    path=f"{path}.credentials.headers.{name}", message="is written into this file", remedy=remedy
                )


def _has_reference(value: str) -> bool:
    try:
        return bool(Text(value).references()) or value.startswith(("env:", "file:"))
    except Refused:
        return True  # the broker's own options say what is wrong with it


def _headers(path: str, server: Server) -> Found:
    for direction, forbidden in (("request", forbidden_request), ("response", forbidden_response)):
        for index, name in enumerate(getattr(server.headers, direction)):
            place = f"{path}.headers.{direction}[{index}]"
            if not well_formed_name(name):
                yield Problem(path=place, message="is not a header name", remedy="letters, digits and - only; no value")
            elif forbidden(name):
                remedy = "for a credential of the server use credentials: {use: static, …}"
                yield Problem(path=place, message=f"{name} never crosses the gateway", remedy=remedy)


def _credentials(config: Config, path: str, server: Server) -> Found:
    if server.credentials.use != "relay":
        return
    if enforcing(config, server):
        remedy = "use credentials: static, or keep the server and all its tools in audit or warn"
        yield Problem(path=child(path, "credentials"), message="relay is refused in enforcing modes", remedy=remedy)
    else:
        message = (
            "lets the client's own credentials through to the server; the server sees them, and so may whoever runs it"
        )
        yield Notice(path=child(path, "credentials"), message=message, remedy="move on to static before enforcing")


def _tools(path: str, server: Server) -> Found:
    for glob, tool in server.tools.items():
        place = f"{path}.tools.{glob}"
        if tool.strict:
            message = "refuses calls that no schema can check; each call and each answer waits for the disk"
            yield Notice(path=child(place, "strict"), message=message)
