"""The whole way from a file to a configuration."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.configfile import InvalidConfiguration, load, load_text
from doorward.configtypes import Problem
from doorward.core.errors import ConfigurationFault

CONTRACT = """
listen:
  address: 0.0.0.0:8080
  public_url: https://mcp.example.com
  tls_terminated: true
  allowed_origins: []
  allowed_hosts: []
  trusted_proxies: []
  workers: 1
  drain: 30s
admin: {address: 127.0.0.1:8081}
keys: {directory: .doorward/keys, rotate: 30d}   # signing, session sealing, hashing
state: {url: "sqlite:.doorward/state.db"}
mode: audit
identity:
  anonymous: auto
  issuers: []
  agents:
    - {id: "agent:ci", token: env:CI_TOKEN, servers: {files: ["*"], hubspot: [search_contacts, "get_*"]}}
  tokens: {lifetime: 15m}
servers:
  hubspot: {url: http://127.0.0.1:3001/mcp, sensitivity: high, mode: enforce, credentials: {use: static, headers: {Authorization: "Bearer ${env:HUBSPOT_KEY}"}}}
  files:   {command: npx, args: [-y, "@modelcontextprotocol/server-filesystem", /data], tools: {"write_*": {sensitivity: high, strict: true, mode: enforce}}}
inspect:
  detectors: [{use: stub, texts: {US_SSN: [078-05-1120]}}]
  entities: {US_SSN: {results: redact, arguments: block, severity: critical}, PERSON: {results: detect, arguments: detect, threshold: 0.6}}
  replace: {default: placeholder, CREDIT_CARD: last4}
  on_timeout: refuse
audit: {directory: .doorward/audit, on_failure: refuse, sampling: {after: 90d, keep: 0.1}, sinks: []}
alerts: []
limits: {request_bytes: 4MiB, response_bytes: 16MiB, header_bytes: 32KiB, depth: 64, in_flight: 1000, in_flight_per_identity: 100, buffered: 256MiB, streams_per_identity: 20, children_per_server: 32, calls_per_minute: 600}
timeouts: {connect: 5s, first_byte: 300s, idle: 300s, total: 1h}
egress: {allow: []}
"""  # noqa: E501


def test_the_contract_s_example_as_far_as_this_build_goes() -> None:
    loaded = load_text(CONTRACT)
    assert set(loaded.config.servers) == {"hubspot", "files"}
    assert loaded.digest == hashlib.sha256(CONTRACT.encode()).hexdigest()
    assert {notice.path for notice in loaded.warnings} == {
        "identity.agents[0].token",
        "servers.files.tools.write_*.strict",
        "inspect.detectors[0]",
        "audit.sampling",
    }


def test_a_file_and_what_is_relative_to_it(tmp_path: Path) -> None:
    file = tmp_path / "doorward.yaml"
    file.write_text("mode: warn\n")
    loaded = load(file)
    assert (loaded.file, loaded.base_dir) == (str(file), tmp_path)
    assert [(notice.file, notice.line) for notice in loaded.warnings] == [(str(file), 1)]


def test_faults_name_file_line_column_key_and_remedy() -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        load_text("mode: audit\nlisten:\n  adress: x\n  workers: none\n", file="here.yaml")
    assert str(caught.value).splitlines() == [
        "here.yaml:3:3: listen.adress: unknown key 'adress' (did you mean address?)",
        "here.yaml:4:3: listen.workers: expected a whole number (write a plain decimal number, without quotes)",
    ]
    assert isinstance(caught.value, ConfigurationFault)
    assert caught.value.code == "configuration.invalid"


@pytest.mark.parametrize("content", [None, b"\xff\xfem\x00", b"a: [", b"- 1", b"text", b"#" * (5 << 20)])
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "doorward.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InvalidConfiguration) as caught:
        load(file)
    (problem,) = caught.value.problems
    assert problem.file == str(file)
    assert problem.remedy


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match="cannot be read"):
        load(tmp_path)


def test_problems_found_later_are_placed() -> None:
    loaded = load_text("mode: audit\nservers:\n  a:\n    command: x\n    env:\n      K: env:K\n", file="here.yaml")
    (placed,) = loaded.located([Problem(path="servers.a.env.K", message="is not set")])
    assert (placed.file, placed.line, placed.column) == ("here.yaml", 6, 7)


def test_reading_a_configuration_imports_nothing_heavy() -> None:
    heavy = ("asyncio", "cryptography", "importlib.metadata", "jsonschema", "orjson", "pydantic", "ssl", "starlette")
    code = f"import sys, doorward.configfile; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def outcome(text: str) -> list[str]:
    """What is wrong with a text; nothing if it can be used. Anything else that is raised is a bug."""
    try:
        load_text(text)
    except InvalidConfiguration as invalid:
        return [str(problem) for problem in invalid.problems] or ["refused without a reason"]
    return []


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_whatever_the_text_is_it_is_read_or_refused_with_a_place(text: str) -> None:
    assert all(told.startswith("doorward.yaml:") for told in outcome(text))


@given(data=st.data())
def test_a_contract_with_a_piece_missing_is_read_or_refused_with_a_place(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(CONTRACT)))
    end = data.draw(st.integers(start, min(len(CONTRACT), start + 40)))
    assert all(told.startswith("doorward.yaml:") for told in outcome(CONTRACT[:start] + CONTRACT[end:]))
