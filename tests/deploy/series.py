"""For each alert, made-up series that must fire it: (series, values in promtool's notation), (evaluated after)."""


def _calls(values: str, **labels: str) -> tuple[str, str]:
    given = {"server": "crm", "method": "tools/call", "decision": "allow", "reason": ""} | labels
    return _one("doorward_calls_total", values, **given)


def _one(name: str, values: str, **labels: str) -> tuple[str, str]:
    inside = ", ".join(f'{key}="{value}"' for key, value in {"job": "doorward", "instance": "a", **labels}.items())
    return f"{name}{{{inside}}}", values


def _slow(name: str, under: str, over: str) -> list[tuple[str, str]]:
    """A histogram of which half lies between ``under`` and ``over`` seconds."""
    return [
        _one(f"{name}_bucket", "0+0x60", stage="total_ours", le=under),
        _one(f"{name}_bucket", "0+60x60", stage="total_ours", le=over),
        _one(f"{name}_bucket", "0+60x60", stage="total_ours", le="+Inf"),
    ]


FIRING: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "DoorwardUnreachable": ("5m", [_one("up", "0x60")]),
    "DoorwardWorkerDown": ("5m", [_one("doorward_worker_up", "0x60", worker="1")]),
    "DoorwardWorkersRestart": ("15m", [_one("doorward_worker_restarts_total", "0x5 1 2 3 4 4x60")]),
    "DoorwardConfigurationRefused": ("10m", [_one("doorward_config_reload_failed", "1x60")]),
    "DoorwardSlow": ("20m", _slow("doorward_gateway_seconds", "0.025", "0.05")),
    "DoorwardOverloaded": ("15m", [_calls("0+3x60", decision="deny", reason="limit.overload")]),
    "DoorwardUpstreamFails": (
        "15m",
        [
            _calls("0+60x60"),
            _one("doorward_upstream_failures_total", "0+12x60", server="crm", reason="upstream.timeout"),
        ],
    ),
    "DoorwardRefusalsRise": ("90m", [_calls("0+2x70 152+30x30", decision="deny", reason="policy.denied")]),
    "DoorwardEdgeRefuses": ("20m", [_one("doorward_edge_refused_total", "0+600x60", reason="http.origin")]),
    "DoorwardSecretsInArguments": (
        "20m",
        [_one("doorward_findings_total", "_x15 1x60", entity="SECRET", direction="arguments")],
    ),
    "DoorwardDetectorsFail": ("15m", [_calls("0+1x60", decision="deny", reason="detector.timeout")]),
    "DoorwardKeysUnavailable": ("15m", [_calls("0+1x60", decision="deny", reason="auth.unavailable")]),
    "DoorwardJournalRefuses": ("6m", [_calls("_x5 1x60", decision="deny", reason="journal.unavailable")]),
    "DoorwardJournalStopped": ("10m", [_one("doorward_journal_stops", "0x5 1x60")]),
    "DoorwardJournalBehind": ("5m", [_one("doorward_journal_queued", "4000x60")]),
    "DoorwardSyncSlow": ("5m", [_one("doorward_journal_sync_seconds", "1.5x60")]),
    "DoorwardCheckpointsNotCopied": ("20m", [_one("doorward_journal_copies_failed", "0+6x60")]),
    "DoorwardShipperDown": ("5m", [_one("doorward_shipper_up", "0x60")]),
    "DoorwardShipperRestarts": ("15m", [_one("doorward_shipper_restarts_total", "0x5 1 2 3 4 4x60")]),
    "DoorwardSinkDown": (
        "10m",
        [
            _one("doorward_sink_up", "0x60", sink="splunk"),
            _one("doorward_sink_waiting_bytes", "4000x60", sink="splunk"),
        ],
    ),
    "DoorwardCursorNotSaved": ("10m", [_one("doorward_sink_cursor_unsaved", "1x60", sink="splunk")]),
    "DoorwardDeliveryLate": ("30m", [_one("doorward_sink_waiting_seconds", "0+120x60", sink="splunk")]),
    "DoorwardDeliveryRepeats": (
        "40m",
        [
            _one("doorward_sink_repeated_total", "0+60x60", sink="splunk"),
            _one("doorward_sink_delivered_total", "0+10x60", sink="splunk"),
        ],
    ),
    "DoorwardDeadLetters": ("10m", [_one("doorward_sink_dead_letters_total", "0x5 1x60", sink="splunk")]),
    "DoorwardLogUnreadable": ("10m", [_one("doorward_sink_unreadable_total", "0x5 1x60", sink="splunk")]),
    "DoorwardSpoolHalfFull": ("10m", [_one("doorward_sink_spool_ratio", "0.6x60", sink="splunk")]),
    "DoorwardSpoolNearlyFull": ("5m", [_one("doorward_sink_spool_ratio", "0.9x60", sink="splunk")]),
}

NOT_BEGUN = ("DoorwardSinkDown", "10m", [_one("doorward_sink_up", "0x60", sink="splunk")])
"""A sink of which nothing is known but that it takes nothing fires too."""

HEALTHY: list[tuple[str, str]] = [
    _one("up", "1x120"),
    _one("doorward_worker_up", "1x120", worker="0"),
    _one("doorward_worker_restarts_total", "0x30 1x90"),
    _one("doorward_config_reload_failed", "0x120"),
    _calls("0+600x120"),
    _calls("0+20x120", decision="deny", reason="policy.denied"),
    _one("doorward_upstream_failures_total", "0+6x120", server="crm", reason="upstream.timeout"),
    _one("doorward_edge_refused_total", "0+2x120", reason="http.route"),
    _one("doorward_findings_total", "0+9x120", entity="PERSON", direction="arguments"),
    _one("doorward_findings_total", "0+9x120", entity="SECRET", direction="results"),
    _one("doorward_gateway_seconds_bucket", "0+600x120", stage="total_ours", le="0.005"),
    _one("doorward_gateway_seconds_bucket", "0+600x120", stage="total_ours", le="+Inf"),
    _one("doorward_journal_queued", "7x120"),
    _one("doorward_journal_stops", "2x30 0x90"),  # a worker that had counted them was replaced
    _one("doorward_journal_copies_failed", "4x120"),
    _one("doorward_journal_sync_seconds", "0.004x120"),
    _one("doorward_shipper_up", "1x120"),
    _one("doorward_shipper_restarts_total", "0x120"),
    _one("doorward_sink_up", "1x120", sink="splunk"),
    _one("doorward_sink_up", "0x120", sink="new"),  # nothing was there for it yet
    _one("doorward_sink_waiting_bytes", "0x120", sink="new"),
    _one("doorward_sink_waiting_seconds", "1x120", sink="splunk"),
    _one("doorward_sink_repeated_total", "0x120", sink="splunk"),
    _one("doorward_sink_delivered_total", "0x120", sink="splunk"),
    _one("doorward_sink_dead_letters_total", "3x120", sink="splunk"),
    _one("doorward_sink_unreadable_total", "2x120", sink="splunk"),
    _one("doorward_sink_spool_ratio", "0.01x120", sink="splunk"),
    _one("doorward_sink_cursor_unsaved", "0x120", sink="splunk"),
]
"""A gateway that is well, for two hours: no alert fires."""
