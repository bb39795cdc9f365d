"""What a server writes to its standard error: looked through, recorded. It is nobody's answer, so nothing is refused;
but the gateway's own log must not tell what no message may.
"""

from doorward.core.errors import DetectorFault
from doorward.core.finding import Finding, Text, resolve
from doorward.core.looking import RESULTS, SECRET
from doorward.gateway.edge_records import EdgeRecords
from doorward.gateway.found import by_entity
from doorward.gateway.live import Live
from doorward.stages.inspect import HELD, judge
from doorward.stages.redact import redacted_text

_UNSEEN = "a line that could not be looked through"


class Stderr:
    """One for a worker; call it with each line."""

    def __init__(self, live: Live, records: EdgeRecords) -> None:
        self._live = live
        self._records = records

    async def __call__(self, server_id: str, line: bytes) -> str:
        """Record what is found in a line of this server; return the line with all of it replaced."""
        snapshot = self._live.snapshot
        text = Text("", line.decode("utf-8", "backslashreplace"))
        found: list[Finding] = []
        try:
            if snapshot.scanner is not None and not snapshot.scanner.quiet(line, RESULTS):
                found = await snapshot.scanner.scan_text(line, [text], RESULTS)
        except DetectorFault:
            return _UNSEEN
        if snapshot.held is not None:
            held = [Finding(text, *span, SECRET, 1.0, HELD) for span in snapshot.held.find(text.string)]
            found = resolve([*held, *found])
        server = snapshot.servers.get(server_id)
        if not found or server is None:
            return text.string
        counted = judge(found, RESULTS, snapshot.looking(server, None), lambda _: False).counted
        if not counted:
            return text.string
        self._records.found(server_id, by_entity(counted))
        return redacted_text(text, counted, snapshot.replace, snapshot.keys.hashing)
