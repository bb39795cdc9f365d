"""The servers behind the gateway: there, without a word of MCP."""

import os
import shutil
import socket
import ssl
import time
from urllib.parse import urlsplit

from doorward.bootstrap.doctor.line import Line, fail, ok
from doorward.core.snapshot import Server
from doorward.transports.child import served_environment
from doorward.transports.tls import upstream_context

PATIENCE = 3.0
"""Seconds for connecting, and as many for TLS."""


def server(configured: Server) -> list[Line]:
    """One server: its address takes connections, or its program exists."""
    about = f"server {configured.id}"
    if configured.target.transport == "stdio":
        return [_program(about, configured)]
    return [_address(about, configured.target.url)]


def _program(about: str, configured: Server) -> Line:
    target = configured.target
    if target.cwd is not None and not os.path.isdir(target.cwd):
        return fail(about, f"{target.cwd} is no directory", f"make it, or change servers.{configured.id}.cwd")
    path = served_environment(os.environ, target.env).get("PATH", os.defpath)
    command = target.command
    if os.sep in command and target.cwd is not None:
        command = os.path.join(target.cwd, command)  # that is where it is started
    if shutil.which(command, path=path) is None:
        return fail(about, f"{target.command}: there is no such program", "install it, or give its whole path")
    return ok(about, f"{target.command} is there")


def _address(about: str, url: str) -> Line:
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    where = f"{host}:{port}"  # never the whole URL: it may hold a secret
    began = time.monotonic()
    try:
        with socket.create_connection((host, port), PATIENCE) as opened:
            opened.settimeout(PATIENCE)
            if secure:
                with upstream_context().wrap_socket(opened, server_hostname=host):
                    pass
    except ssl.SSLCertVerificationError as fault:
        said = f"{where}: its certificate is not trusted: {fault.verify_message}"
        return fail(about, said, "the server needs one of a known authority, for this name")
    except ssl.SSLError as fault:
        return fail(
            about, f"{where}: TLS fails: {fault.reason}", "see whether http:// is meant, and what the server offers"
        )
    except socket.gaierror:
        return fail(about, f"{host}: the name cannot be looked up", "check the name, and the DNS of this machine")
    except TimeoutError:
        return fail(
            about, f"{where}: no connection within {PATIENCE:g} s", "check the address, and firewalls on the way"
        )
    except OSError as fault:
        return fail(about, f"{where}: no connection: {fault.strerror}", "start the server, or check its address")
    return ok(about, f"{where} takes connections ({1000 * (time.monotonic() - began):.0f} ms)")
