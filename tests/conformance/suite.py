"""Runs the official suite and compares two runs of it, check by check.

The suite writes one directory per scenario with its checks as JSON; those are read, not what it prints. It is run alone
with ample time, and a scenario that fails is run once more before it is believed: under load some of its own time-outs
are short.
"""

import functools
import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.peers import ROOT, node, npm_bin

REVISIONS = ("2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")
SCENARIO_MS = 30_000
# Neither is a verdict on whoever is tested.
NEUTRAL = frozenset(("INFO", "SKIPPED"))

RESULT_DIRECTORY = re.compile(r"(?P<scenario>.+)-\d{4}-\d\d-\d\dT[\d-]+Z")


class Check(NamedTuple):
    scenario: str
    id: str
    name: str
    status: str
    message: str

    @property
    def passed(self) -> bool:
        return self.status == "SUCCESS"

    @property
    def failed(self) -> bool:
        return not self.passed and self.status not in NEUTRAL

    def __str__(self) -> str:
        return f"{self.scenario}: {self.id} ({self.name}): {self.status} {self.message}"


Results = Mapping[str, Sequence[Check]]


def server_results(url: str, revision: str, out: Path, direct: Results | None = None) -> Results:
    """Every check of every server scenario of a revision, by scenario.

    With the results of a direct run, a scenario that lost something against it is run once more as well.
    """
    common = ["server", "--url", url, "--spec-version", revision, "--timeout", str(SCENARIO_MS)]
    results = dict(_run([*common, "--suite", "all"], out / "first", prefix="server-"))
    for scenario in scenarios("Server", revision):
        checks = results.get(scenario, ())
        lost = list(_lost(direct[scenario], checks)) if direct else []
        if not checks or failures(checks) or lost:
            results.update(_run([*common, "--scenario", scenario], out / "again" / scenario, prefix="server-"))
    return results


def client_results(command: str, scenario: str, revision: str, out: Path) -> Sequence[Check]:
    """The checks of one client scenario, and one of ours: that the client ended well. The suite appends its URL to
    `command`."""
    arguments = ["client", "--command", command, "--scenario", scenario, "--spec-version", revision]
    arguments += ["--timeout", str(SCENARIO_MS), "--force"]  # an extension's scenario belongs to no revision
    checks = _play(arguments, scenario, out / "first")
    return _play(arguments, scenario, out / "again") if failures(checks) else checks


def authorization_server_results(issuer: str, scenario: str, out: Path) -> Sequence[Check]:
    """The checks of one scenario that is played against an authorization server."""
    _suite("authorization", "--url", issuer, "--scenario", scenario, "-o", str(out))
    return dict(_read(out, "authorization-server-"))[scenario]


def _play(arguments: Sequence[str], scenario: str, out: Path) -> Sequence[Check]:
    finished = _suite(*arguments, "-o", str(out))
    status = "FAILURE" if finished.returncode else "SUCCESS"
    ended = Check(scenario, "client-exit", "ClientEndedWell", status, finished.stdout + finished.stderr)
    return [*dict(_read(out, "")).get(scenario, ()), ended]


def scenarios(kind: str, revision: str | None = None) -> list[str]:
    """The names that the suite lists for a revision, under "Server", "Client" or "Authorization server".

    Without one: all of them, those of extensions among them.
    """
    section = re.search(rf"^{kind} scenarios.*?:\n(.*?)(?:\n\n|\Z)", _listing(revision), re.DOTALL | re.MULTILINE)
    return re.findall(r"^  - (\S+)", section[1], re.MULTILINE) if section else []


@functools.cache
def _listing(revision: str | None) -> str:
    return _suite("list", *(["--spec-version", revision] if revision else [])).stdout


def failures(checks: Sequence[Check]) -> list[Check]:
    return [check for check in checks if check.failed]


def worse(direct: Results, through: Results) -> list[str]:
    """What a run through the gateway lost: checks that passed direct and now do not, and failures that are new."""
    return [line for scenario, checks in direct.items() for line in _lost(checks, through.get(scenario, ()))]


def _lost(direct: Sequence[Check], through: Sequence[Check]) -> Iterator[str]:
    # One scenario may emit the same check several times, so they are counted, not named.
    passed_direct = Counter((check.id, check.name) for check in direct if check.passed)
    passed_through = Counter((check.id, check.name) for check in through if check.passed)
    for (check_id, name), count in (passed_direct - passed_through).items():
        yield f"{direct[0].scenario}: {check_id} ({name}) passed {count} times less than direct"
    failed_direct = Counter((check.id, check.name) for check in direct if check.failed)
    for check in failures(through):
        if failed_direct[check.id, check.name] == 0:
            yield str(check)


def _run(arguments: Sequence[str], out: Path, *, prefix: str) -> Results:
    finished = _suite(*arguments, "-o", str(out))
    found = dict(_read(out, prefix))
    assert found, f"the suite ended with {finished.returncode}:\n{finished.stdout}\n{finished.stderr}"
    return found


def _suite(*arguments: str) -> subprocess.CompletedProcess[str]:
    index = npm_bin("@modelcontextprotocol/conformance", "dist/index.js")
    # The client command is given relative to the repository; 600 s is far beyond what a whole revision takes.
    return subprocess.run([node(), index, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=600)


def _read(out: Path, prefix: str) -> Iterator[tuple[str, Sequence[Check]]]:
    for path in sorted(out.rglob("checks.json")):
        # A scenario's name may hold a slash: auth/metadata-default.
        name = path.parent.relative_to(out).as_posix()
        directory = RESULT_DIRECTORY.fullmatch(name)
        assert directory is not None, f"the suite names its results anew: {name}"
        scenario = directory["scenario"].removeprefix(prefix)
        rows = json.loads(path.read_text())
        yield scenario, [Check(scenario, r["id"], r["name"], r["status"], r.get("errorMessage") or "") for r in rows]
