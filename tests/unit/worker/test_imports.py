"""What a worker does not import: each of these is memory of every worker, for what few gateways or none of them do."""

import subprocess
import sys

NOT_IN_A_WORKER = (
    "anyio",
    "click",
    "cryptography.x509",
    "difflib",
    "doorward.brokers.relay",
    "doorward.cli",
    "doorward.control.api",
    "doorward.control.audit",
    "doorward.control.policies.testing",
    "doorward.detection",
    "doorward.detectors",
    "doorward.formats",
    "doorward.gateway.scanning",
    "doorward.shipping",
    "doorward.sinks",
    "doorward.supervisor",
    "doorward.transports.stdio_host",
    "http.client",
    "hyperscan",
    "importlib.metadata",
    "joserfc",
    "jsonschema_rs",
    "multiprocessing",
    "opentelemetry",
    "phonenumbers",
    "prometheus_client",
    "re2",
    "starlette",
    "stdnum",
    "urllib.request",
    "uvicorn",
    "xml",
)


def test_a_worker_that_serves_imports_nothing_that_it_does_not_need() -> None:
    keys = "from doorward.control.keys.own_keys import make, read; read('ES256', make('ES256').der()).sign(b'')"
    code = f"import sys, doorward.worker.process, doorward.bootstrap.serve; {keys}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    imported = set(done.stdout.split())
    assert "doorward.gateway.pipeline" in imported
    assert imported.isdisjoint(NOT_IN_A_WORKER)
