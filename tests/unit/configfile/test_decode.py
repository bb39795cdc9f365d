"""Plain data into structs, with every fault at once."""

import pytest

from doorward.config import Config
from doorward.configfile.decode import child, decode, suggestion
from doorward.configtypes import Problem
from doorward.core.policy import Mode


def problems(value: object) -> dict[str, Problem]:
    config, found = decode(value, Config)
    assert config is None
    return {problem.path: problem for problem in found}


@pytest.mark.parametrize(
    ("value", "path", "message", "remedy"),
    [
        ({"mod": "audit"}, "mod", "unknown key 'mod'", "did you mean mode?"),
        ({"zzz": 1}, "zzz", "unknown key 'zzz'", "known: admin, alerts"),
        ({"listen": {"adress": "x"}}, "listen.adress", "unknown key", "did you mean address?"),
        ({"mode": "enforced"}, "mode", "expected one of audit, warn, soft, enforce", ""),
        ({"mode": None}, "mode", "expected one of", ""),
        ({"listen": []}, "listen", "expected a mapping", "its keys: address"),
        ([], "", "expected a mapping", ""),
        ({"listen": {"workers": "2"}}, "listen.workers", "a whole number", "without quotes"),
        ({"listen": {"workers": True}}, "listen.workers", "a whole number", ""),
        ({"listen": {"workers": 0}}, "listen.workers", "from 1 to 256", ""),
        ({"listen": {"tls_terminated": "yes"}}, "listen.tls_terminated", "true or false", "without quotes"),
        ({"listen": {"address": 8080}}, "listen.address", "expected text", "put it in quotes"),
        ({"listen": {"tls": {"key": "k"}}}, "listen.tls", "'certificate' is missing", "add certificate"),
        ({"listen": {"allowed_hosts": "x"}}, "listen.allowed_hosts", "expected a list", "[a, b]"),
        ({"listen": {"allowed_hosts": ["x", 3]}}, "listen.allowed_hosts[1]", "expected text", ""),
        ({"listen": {"drain": 30}}, "listen.drain", "expected a duration", "30s"),
        ({"limits": {"buffered": "1MB"}}, "limits.buffered", "expected a size", "4MiB"),
        ({"identity": {"anonymous": "maybe"}}, "identity.anonymous", "one of auto or true or false", ""),
        ({"identity": {"agents": [{"id": "bob"}]}}, "identity.agents[0].id", "not of the form", "agent:"),
        ({"servers": {"My Server": {}}}, "servers.My Server", "not of the form", "[a-z0-9-]"),
        ({"servers": {"a": {"mode": "x"}}}, "servers.a.mode", "expected one of", ""),
        ({"servers": {"a": {"env": {"K": 5}}}}, "servers.a.env.K", "expected text", "quotes"),
        ({"servers": {"a": {"credentials": 5}}}, "servers.a.credentials", "expected a plug-in", "use: NAME"),
        ({"servers": {"a": {"server_requests": ["ping"]}}}, "servers.a.server_requests[0]", "sampling", ""),
        ({"inspect": {"entities": {"X": {"threshold": 2}}}}, "inspect.entities.X.threshold", "from 0 to 1", ""),
        ({"inspect": {"entities": {"X": {"results": "drop"}}}}, "inspect.entities.X.results", "detect, redact", ""),
        ({"keys": {"directory": ""}}, "keys.directory", "must not be empty", ""),
        ({"keys": {"directory": "a\x00b"}}, "keys.directory", "control character", ""),
        ({"servers": {"a": {"url": "${KEY}"}}}, "servers.a.url", "not a reference", "${env:NAME}"),
    ],
)
def test_a_fault_has_path_and_remedy(value: object, path: str, message: str, remedy: str) -> None:
    found = problems(value)
    assert path in found, found
    assert message in found[path].message
    assert remedy in found[path].remedy


def test_all_faults_at_once() -> None:
    found = problems({"mode": 1, "listen": {"workers": 0, "x": 1}, "servers": {"a": {"url": 1}, "b": {"args": "x"}}})
    assert set(found) == {"mode", "listen.workers", "listen.x", "servers.a.url", "servers.b.args"}


def test_no_value_is_repeated() -> None:
    value = {
        "mode": "hunter2",
        "listen": {"drain": "hunter2", "tls": "hunter2"},
        "identity": {"agents": [{"id": "hunter2"}]},
    }
    assert "hunter2" not in str(problems(value))


def test_an_empty_section_is_left_out() -> None:
    config, found = decode({"limits": None, "servers": None, "inspect": {"detectors": None}}, Config)
    assert (config, found) == (Config(), [])


def test_what_is_given_is_there() -> None:
    config, found = decode(
        {"mode": "soft", "identity": {"anonymous": False}, "inspect": {"detectors": ["stub"]}}, Config
    )
    assert found == []
    assert config is not None
    assert config.mode is Mode.SOFT
    assert config.identity.anonymous is False
    assert config.inspect.detectors[0].use == "stub"


def test_paths_and_suggestions() -> None:
    assert child(child(child("", "a"), "b"), 0) == "a.b[0]"
    assert suggestion("hubspt", ["hubspot", "files"]) == "did you mean hubspot?"
    assert suggestion("x", []) == "known: none"
