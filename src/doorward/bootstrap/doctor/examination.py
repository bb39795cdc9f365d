"""What ``doorward doctor`` looks at, in order."""

from contextlib import suppress
from functools import partial
from pathlib import Path

import msgspec

from doorward.bootstrap.configured import compiled, load_detectors
from doorward.bootstrap.doctor.addresses import addresses, running
from doorward.bootstrap.doctor.certificates import certificate
from doorward.bootstrap.doctor.clock import Clocks
from doorward.bootstrap.doctor.delivery import delivery
from doorward.bootstrap.doctor.disk import audit, checkpoints, room
from doorward.bootstrap.doctor.issuers import issuer
from doorward.bootstrap.doctor.keys_and_store import keys, store
from doorward.bootstrap.doctor.line import Line, fail, ok, warn, worst
from doorward.bootstrap.doctor.servers import server
from doorward.bootstrap.doctor.side_by_side import Check, looked, within
from doorward.bootstrap.shipping import targets
from doorward.configfile import Loaded, load
from doorward.configtypes import InvalidConfiguration
from doorward.control.federation.issuers import name_of
from doorward.control.keys.secret_keys import ephemeral
from doorward.core.errors import DetectorFault
from doorward.core.snapshot import Snapshot

PATIENCE = 20.0
"""Seconds for all that is looked at beside each other."""

GATEWAY = 10.0
"""Seconds for a gateway that runs to say how it is."""

DETECTORS = 60.0
"""Seconds for the detectors to get ready: models are read."""


class Report(msgspec.Struct, frozen=True):
    """``usable``: the configuration can be used."""

    file: str
    usable: bool
    lines: list[Line]


def examined(file: Path) -> Report:
    """Look at everything around a gateway with this file. Nothing is made, changed or started."""
    try:
        loaded = load(file)
    except InvalidConfiguration as invalid:
        return Report(str(file), False, _problems(invalid))
    snapshot, sinks, lines = _configuration(loaded)
    usable = worst(lines) != "fail"
    lines += looked(_checks(loaded, snapshot, sinks), PATIENCE)
    if snapshot is not None and snapshot.scanner is not None:
        lines += looked([("detectors", partial(_detectors, loaded, snapshot))], DETECTORS)
    return Report(str(file), usable, lines)


def _configuration(loaded: Loaded) -> tuple[Snapshot | None, list[str], list[Line]]:
    """What is compiled of it, policies and plug-ins included; the names of the sinks; and what there is to say."""
    lines: list[Line] = []
    snapshot, notices, sinks = None, len(loaded.warnings), []
    try:
        made = compiled(loaded, ephemeral(), version=0)
        snapshot, notices = made.snapshot, notices + len(made.notices) + len(made.policies.notices)
    except InvalidConfiguration as invalid:
        lines += _problems(invalid)
    try:
        for target in targets(loaded):
            sinks.append(target.name)
            with suppress(Exception):  # a plug-in may raise anything, and nothing was sent to it
                target.sink.close()
    except InvalidConfiguration as invalid:
        lines += _problems(invalid)
    if lines:
        return snapshot, sinks, lines
    if notices:
        said = f"{loaded.file}: can be used, {notices} warning{'' if notices == 1 else 's'}"
        return snapshot, sinks, [warn("configuration", said, "`doorward check` shows them")]
    return snapshot, sinks, [ok("configuration", f"{loaded.file}: can be used")]


def _problems(invalid: InvalidConfiguration) -> list[Line]:
    return [
        fail("configuration", str(msgspec.structs.replace(problem, remedy="")), problem.remedy)
        for problem in invalid.problems
    ]


def _checks(loaded: Loaded, snapshot: Snapshot | None, sinks: list[str]) -> list[Check]:
    found = within(GATEWAY, partial(running, loaded))  # it may be anything that has this address now
    serving = found is not None and found.has(loaded)
    checks: list[Check] = [
        ("keys", partial(keys, loaded)),
        ("store", partial(store, loaded)),
        ("audit", partial(audit, loaded)),
        ("room", partial(room, loaded)),
        ("checkpoints", partial(checkpoints, loaded)),
        ("clock", partial(Clocks().look, loaded)),
        ("addresses", partial(addresses, loaded, found)),
        ("certificate", partial(certificate, loaded)),
    ]
    servers = snapshot.servers.values() if snapshot is not None else ()
    checks += [(f"server {each.id}", partial(server, each)) for each in servers]
    checks += [(f"issuer {name_of(each)}", partial(issuer, loaded, each)) for each in loaded.config.identity.issuers]
    checks.append(("delivery", partial(delivery, loaded, sinks, serving=serving)))
    return checks


def _detectors(loaded: Loaded, snapshot: Snapshot) -> list[Line]:
    names = [spec.use for spec in loaded.config.inspect.detectors]
    try:
        load_detectors(snapshot)
    except (ImportError, DetectorFault) as fault:
        return [
            fail("detectors", f"cannot get ready: {fault}", "install what is missing; calls are refused until then")
        ]
    return [ok("detectors", f"{', '.join(names)}: ready" if names else "your own patterns: ready")]
