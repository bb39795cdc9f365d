import hashlib
import hmac

import pytest

from doorward.core.audit import AuditRecord, digest, timestamp


def test_digests_are_keyed() -> None:
    assert digest(b"k", b"123-45-6789") == hmac.new(b"k", b"123-45-6789", hashlib.sha256).hexdigest()
    assert digest(b"k", memoryview(b"x")) != digest(b"l", b"x")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (1_795_000_000.1239, "2026-11-18T11:06:40.123Z"),
        (1_795_000_000.9999, "2026-11-18T11:06:40.999Z"),
        (1_795_000_001.0, "2026-11-18T11:06:41.000Z"),
    ],
)
def test_timestamps_are_utc_with_milliseconds(seconds: float, shown: str) -> None:
    assert timestamp(seconds) == shown


def test_the_fields_of_the_contract_are_all_there() -> None:
    listed = """v event_id exchange_id writer seq prev kind phase timestamp trace_id span_id identity client groups
        client_ip grant_id act credential mcp_server tool_name method protocol transport args_hash response_hash
        forwarded_hash delivered_hash hash_key_id decision reason rules mode would_have severity override sensitivity
        facts pii_redacted redaction_count entities findings uninspected bytes_in bytes_out manifest_digest
        policy_digest upstream_status latency_ms gateway_ms sampled batch_id"""
    assert set(listed.split()) <= set(AuditRecord.__struct_fields__)
