"""Faults: something broke. (A refusal is no fault; it is a ``Decision``.)

Fault
├── UpstreamFault       the server behind us could not be reached or did not keep to HTTP or MCP
├── JournalFault        the audit log could not take a record
├── BrokerFault         no credential for the upstream could be had
├── DetectorFault       a detector is missing, raised, or missed its deadline
└── ConfigurationFault  a file, reference or plug-in is wrong
"""


class Fault(Exception):
    """Something broke; ``code`` is the stable reason (``core.decision.Reason``) that clients and records see."""

    code = "gateway.fault"

    def __init__(self, detail: str = "", *, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if code is not None:
            self.code = code


class UpstreamFault(Fault):
    code = "upstream.unreachable"


class JournalFault(Fault):
    code = "journal.unavailable"


class BrokerFault(Fault):
    code = "credential.unavailable"


class DetectorFault(Fault):
    code = "detector.failed"


class ConfigurationFault(Fault):
    code = "configuration.invalid"
