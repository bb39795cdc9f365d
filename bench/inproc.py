"""What a call costs in this process alone, without sockets: `python bench/inproc.py [pipeline|path]`.

`pipeline` is `Pipeline.serve` between a server that answers at once and a real journal; `path` puts the HTTP edge on
both sides of it, on transports that are plain Python objects. Time is the best of many batches, and its ratio to a
plain loop in the same run, for the machine may be busy. `--journal` says whether calls wait for the kernel (standard),
for the disk (strict), or whether nothing is kept (off); `journal_path.py` compares the three. `--instructions` counts
instead, under valgrind: those do not depend on the neighbours at all, and a change of one percent shows.
"""

import argparse
import asyncio
import contextlib
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from math import inf
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))  # where `bench` is, when this file is run as a script

import uvloop

from bench.payloads import LEGACY, MODERN, Case, answer, headers, request
from doorward.bootstrap.clock import SystemClock
from doorward.bootstrap.recorded import Recorded
from doorward.config import Agent
from doorward.control.keys import audit_keys
from doorward.control.policies.compile import compile_policies
from doorward.control.policies.files import PolicyFiles
from doorward.core.exchange import Answer, Inbound, Outbound, Reply
from doorward.core.identity import Credential, Grant, Principal
from doorward.core.policy import Mode, names
from doorward.core.ports import Journal, Scanner, Upstream
from doorward.core.snapshot import Keys, Limits, Server, Snapshot, Target, ToolRule
from doorward.gateway.journal import FileJournal, NullJournal
from doorward.gateway.live import Live
from doorward.gateway.meter import Meter
from doorward.gateway.pipeline import Pipeline
from doorward.gateway.sessions import Sealer
from doorward.gateway.upstreams import Upstreams
from doorward.transports.http1.client import Pool
from doorward.transports.http1.connection import Connection
from doorward.transports.http1.limits import ServerLimits
from doorward.transports.http1.outbox import Outbox
from doorward.transports.http1.server import HttpServer
from doorward.transports.http1.upstream import UpstreamConnection
from doorward.transports.http_upstream import HttpUpstream
from doorward.transports.streamable_http import Listener

SHAPES, SIZES = ("text", "structured", "clean"), (1, 10, 100)
BATCH, BATCHES, WARM = 50, 200, 300
FEW, MANY = 500, 1500  # calls of the two counted runs: what is in both is the start of the process
TOKEN = "a-token-of-the-benchmark"
ID = 4321
One = Callable[[], Awaitable[None]]


def snapshot(keep: str = "standard", *, detecting: bool = False) -> Snapshot:
    """A token, an allow list, enforce, strict reading both ways; ``detecting``: with patterns and secrets."""
    rules = (ToolRule("*", names(("*",)), strict=True),) if keep == "strict" else ()
    server = Server("crm", Target("http://127.0.0.1:9/mcp"), mode=Mode.ENFORCE, strict_reading=True, tools=rules)
    tools = tuple(f"{shape}_{size}" for shape in SHAPES for size in SIZES)
    grant = Grant(Principal("agent:bench", "agent:bench"), {"crm": names(tools)}, "bench")
    listed = Agent(id="agent:bench", servers={"crm": tools})
    policies = compile_policies(PolicyFiles(), [listed], {"crm": server}).engine
    agents = {hashlib.sha256(TOKEN.encode()).digest(): grant}
    keys = Keys(b"k" * 32, "k1", (b"s" * 32,))
    limits = Limits(calls_per_minute=10**9)
    hosts = frozenset({b"localhost"})
    scanner = _scanner() if detecting else None
    return Snapshot(
        1, "d" * 64, {"crm": server}, agents, keys, limits, policies=policies, scanner=scanner, allowed_hosts=hosts
    )


def _scanner() -> Scanner:
    """Imported here: a gateway without detectors has none of it in memory either."""
    from bench.detection.library import detectors
    from doorward.gateway.scanning import Detectors

    made = Detectors(detectors(names=False))
    made.load()
    return made


def pipeline(
    directory: Path,
    upstream: Callable[[Server, Snapshot], Upstream],
    keep: str = "standard",
    *,
    detecting: bool = False,
) -> tuple[Pipeline, Live, Journal]:
    """As ``bootstrap/serve.py`` puts it together; the journal as ``keep`` says, one of ``KEEP``."""
    known, clock, meter = snapshot(keep, detecting=detecting), SystemClock(), Meter()
    live = Live(known)
    signer = audit_keys.ephemeral().signer()
    journal: Journal = NullJournal()
    if keep != "off":
        journal = Recorded(lambda changed: FileJournal(directory, signer=signer, changed=changed), live, meter)
    upstreams = Upstreams(upstream, clock, known)
    return Pipeline(live, journal, upstreams, clock, meter, Sealer(known.keys.sealing)), live, journal


class Instant:
    """A server that answers at once, and the client that gets it."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.got = b""

    async def forward(self, outbound: Outbound, credential: Credential) -> Answer:
        return Answer(200, ((b"content-type", b"application/json"),), self.body)

    async def close(self) -> None: ...

    async def whole(self, reply: Reply) -> None:
        self.got = reply.body


def pipeline_call(case: Case, directory: Path, keep: str = "standard", *, detecting: bool = False) -> One:
    """One call through ``Pipeline.serve``."""
    other = Instant(answer(case, ID))
    serve = pipeline(directory, lambda *_: other, keep, detecting=detecting)[0].serve
    body, token, version = request(case, ID), TOKEN.encode(), case.era.encode()
    mirrors = ((b"mcp-method", b"tools/call"), (b"mcp-name", case.tool.encode())) if case.era == MODERN else ()
    passed = ((b"content-type", b"application/json"), *mirrors)

    async def one() -> None:
        other.got = b""
        await serve(
            Inbound(
                "http",
                "POST",
                "crm",
                body,
                passed,
                mirrors,
                token=token,
                version=version,
                client_ip="127.0.0.1",
                received=time.monotonic(),
            ),
            other,  # type: ignore[arg-type]  # a call that is answered whole needs no more of a client
        )
        assert other.got == other.body, other.got

    return one


class Wire:
    """A transport without a wire: what is written goes to a function."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self.write = write

    def writelines(self, pieces: tuple[bytes, ...]) -> None:
        self.write(b"".join(pieces))

    def get_extra_info(self, name: str) -> Any:
        return ("127.0.0.1", 1) if name == "peername" else None

    def set_write_buffer_limits(self, high: int) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0

    def abort(self) -> None: ...

    close = pause_reading = resume_reading = abort


class Wired(Pool):
    """A pool whose connections are answered at the next turn of the loop."""

    reply = b""

    def done(self, connection: UpstreamConnection, keep_alive: bytes | None) -> None:
        super().done(connection, keep_alive)
        connection.idle_since = inf  # just now, however slowly time passes under valgrind: no kernel can be asked here

    async def _connect(self) -> UpstreamConnection:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self.outbox = Outbox(self._loop)
        loop = self._loop
        connection = UpstreamConnection(self, loop)
        wire: Any = Wire(lambda _: loop.call_soon(connection.data_received, self.reply) and None)
        connection.connection_made(wire)
        self._open.add(connection)
        self._busy.add(connection)
        return connection


def path_call(case: Case, directory: Path, keep: str = "standard", *, detecting: bool = False) -> One:
    """One call from a client's socket to the server's, and back, but for the sockets."""
    return edge(case, directory, keep, detecting=detecting)[0]()


def edge(case: Case, directory: Path, keep: str, *, detecting: bool = False) -> tuple[Callable[[], One], Journal]:
    """A listener before the whole path: what connects one more client to it, and its journal."""
    body, reply = request(case, ID), answer(case, ID)
    fields = {"Host": "localhost", **headers(case, TOKEN), "Content-Length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    asked = f"POST /mcp/crm HTTP/1.1\r\n{lines}\r\n".encode() + body
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"

    def upstream(server: Server, known: Snapshot) -> Upstream:
        made = HttpUpstream(server, known.limits, known.timeouts)
        made._pool = Wired(made._pool.origin, made._pool.limits)
        made._pool.reply = head % len(reply) + reply
        return made

    serving, live, journal = pipeline(directory, upstream, keep, detecting=detecting)
    listener = Listener(serving.serve, lambda: live.snapshot, SystemClock(), lambda *_: None)
    loop = asyncio.get_running_loop()
    server = HttpServer(listener.handle, ServerLimits(), loop=loop)
    server.outbox = Outbox(loop)  # as `start` makes it

    def connect() -> One:
        got: asyncio.Future[bytes] = loop.create_future()
        connection = Connection(server, loop)
        wire: Any = Wire(lambda data: got.set_result(data))
        connection.connection_made(wire)

        async def one() -> None:
            nonlocal got
            got = loop.create_future()
            connection.data_received(asked)
            data = await got
            assert data.endswith(reply), data
            await asyncio.sleep(0)  # the task behind the answer ends

        return one

    return connect, journal


CALLS: dict[str, Callable[..., One]] = {"pipeline": pipeline_call, "path": path_call}
KEEP = ("off", "standard", "strict")


async def time_of(one: One) -> None:
    """Print the best batch, in microseconds a call, and its ratio to a plain loop of 1,000."""
    best = plain = float("inf")
    for _ in range(BATCHES):
        begun = time.perf_counter()
        for _ in range(BATCH):
            await one()
        best = min(best, (time.perf_counter() - begun) / BATCH)
        begun = time.perf_counter()
        for _ in range(10_000):
            pass
        plain = min(plain, (time.perf_counter() - begun) / 10)
    print(f"{best * 1e6:.1f} us a call, {best / plain:.2f} times a plain loop of 1,000")


async def run(what: str, case: Case, calls: int, keep: str, detecting: bool) -> None:
    with scratch() as directory:
        one = CALLS[what](case, directory, keep, detecting=detecting)
        for _ in range(calls or WARM):
            await one()
        if not calls:
            await time_of(one)


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory)


def instructions(arguments: list[str], calls: int) -> int:
    """Instructions of a whole process that makes so many calls."""
    command = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", sys.executable]
    command += [__file__, *arguments, "--calls", str(calls)]
    done = subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": "0"}, capture_output=True, text=True)
    found = re.search(r"I\s+refs:\s+([0-9,]+)", done.stderr)
    if done.returncode or found is None:
        raise SystemExit(done.stderr)
    return int(found[1].replace(",", ""))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=list(CALLS), nargs="?", default="pipeline")
    parser.add_argument("--shape", choices=SHAPES, default="text", help="clean: nothing to find")
    parser.add_argument("--kilobytes", type=int, choices=SIZES, default=1)
    parser.add_argument("--legacy", action="store_true", help="2025-11-25 instead of 2026-07-28")
    parser.add_argument("--journal", choices=KEEP, default="standard", help="what calls wait for")
    parser.add_argument("--detectors", action="store_true", help="look for patterns and secrets both ways")
    parser.add_argument("--instructions", action="store_true", help="count under valgrind, about a minute")
    parser.add_argument("--calls", type=int, default=0, help="make so many calls and print nothing (for a profiler)")
    chosen = parser.parse_args()
    if chosen.instructions:
        arguments = [argument for argument in sys.argv[1:] if argument != "--instructions"]
        counted = (instructions(arguments, MANY) - instructions(arguments, FEW)) / (MANY - FEW)
        print(f"{counted:,.0f} instructions a call")
        return
    case = Case(chosen.shape, chosen.kilobytes, LEGACY if chosen.legacy else MODERN)
    uvloop.run(run(chosen.what, case, chosen.calls, chosen.journal, chosen.detectors))


if __name__ == "__main__":
    main()
