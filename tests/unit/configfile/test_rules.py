"""What must hold between sections: each rule once, with its reason and remedy, and beside it what passes."""

import textwrap
from pathlib import Path

import pytest

from doorward.configfile import InvalidConfiguration, Loaded, load_text
from doorward.configtypes import Problem

CRM = "servers: {crm: {url: 'http://127.0.0.1:3001/mcp'}}\n"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("")
    return tmp_path


def read(base: Path, text: str) -> Loaded:
    return load_text(textwrap.dedent(text), file=str(base / "doorward.yaml"))


def refused(base: Path, text: str) -> dict[str, Problem]:
    with pytest.raises(InvalidConfiguration) as caught:
        read(base, text)
    assert all(problem.remedy and problem.line for problem in caught.value.problems), caught.value.problems
    return {problem.path: problem for problem in caught.value.problems}


def warned(base: Path, text: str) -> dict[str, str]:
    return {notice.path: notice.message for notice in read(base, text).warnings}


def test_a_plain_server_has_nothing_to_say(base: Path) -> None:
    assert read(base, CRM).warnings == []


# --- listen


@pytest.mark.parametrize("address", ["0.0.0.0:80", "10.1.2.3:80", "'[::]:80'", "gateway.example:80"])
def test_off_loopback_needs_a_public_url_and_tls(base: Path, address: str) -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        read(base, f"listen: {{address: {address}}}\n{CRM}")
    told = [(problem.message, problem.remedy) for problem in caught.value.problems]
    assert any("no public_url" in message and "listen.public_url" in remedy for message, remedy in told)
    assert any("no TLS" in message and "tls_terminated: true" in remedy for message, remedy in told)


@pytest.mark.parametrize("address", ["127.0.0.1:80", "127.9.9.9:80", "localhost:80", "'[::1]:80'", "127.0.0.1:0"])
def test_loopback_needs_neither(base: Path, address: str) -> None:
    assert read(base, f"listen: {{address: {address}}}\n{CRM}").warnings == []


@pytest.mark.parametrize("tls", ["tls: {certificate: cert.pem, key: key.pem}", "tls_terminated: true"])
def test_off_loopback_with_both(base: Path, tls: str) -> None:
    text = f"listen: {{address: '0.0.0.0:443', public_url: 'https://mcp.example.com', {tls}}}\n{CRM}"
    assert read(base, text).warnings == []


@pytest.mark.parametrize(
    "address", ["8080", "':8080'", "127.0.0.1", "127.0.0.1:99999", "'::1:80'", "127.0.0.1:x", "''"]
)
@pytest.mark.parametrize("section", ["listen", "admin"])
def test_an_address_is_host_and_port(base: Path, section: str, address: str) -> None:
    found = refused(base, f"{section}: {{address: '{address.strip(chr(39))}'}}\n{CRM}")
    assert found[f"{section}.address"].message == "expected HOST:PORT"


@pytest.mark.parametrize(
    "url",
    [
        "mcp.example.com",
        "ftp://x",
        "https://",
        "https://u:p@x",
        "https://x?a=1",
        "https://x#a",
        "https://x?",
        "https://x#",
        "https://x y",
        "https://x:99999",
        "https://мцп.example",
        "https://x/ü",
        'https://x/a"b',
        "https://x/a\\b",
        "https://x/{a}",
    ],
)
def test_a_public_url_is_that_of_a_site(base: Path, url: str) -> None:
    assert "listen.public_url" in refused(base, f"listen: {{public_url: '{url}'}}\n{CRM}")


def test_a_public_url_is_https(base: Path) -> None:
    found = refused(base, f"listen: {{public_url: 'http://mcp.example.com'}}\n{CRM}")
    assert found["listen.public_url"].message == "must be https"
    tls = "tls: {certificate: cert.pem, key: key.pem}"
    assert "listen.public_url" in refused(base, f"listen: {{public_url: 'http://localhost:8080', {tls}}}\n{CRM}")
    assert read(base, f"listen: {{public_url: 'http://localhost:8080'}}\n{CRM}").warnings == []


def test_certificates_must_be_there(base: Path) -> None:
    found = refused(base, f"listen: {{tls: {{certificate: cert.pem, key: other.pem, client_ca: ca.pem}}}}\n{CRM}")
    assert set(found) == {"listen.tls.key", "listen.tls.client_ca"}


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "https://x/",
        "https://x/a",
        "x.example",
        "https://*.x",
        "https://u@x",
        "ftp://x",
        "HTTPS://x",
        "https://ü.example",
    ],
)
def test_an_origin_is_exact(base: Path, origin: str) -> None:
    assert "listen.allowed_origins[0]" in refused(base, f"listen: {{allowed_origins: ['{origin}']}}\n{CRM}")


@pytest.mark.parametrize("host", ["*", "http://x", "x/y", "u@x", "x:99999", "a b", "", "ü..example", "ü" * 70])
def test_a_host_is_exact(base: Path, host: str) -> None:
    assert "listen.allowed_hosts[1]" in refused(base, f"listen: {{allowed_hosts: ['x:80', '{host}']}}\n{CRM}")


def test_trusted_proxies_are_addresses(base: Path) -> None:
    found = refused(base, f"listen: {{trusted_proxies: [10.0.0.1, 10.0.0.0/8]}}\n{CRM}")
    assert "networks are not available" in found["listen.trusted_proxies[1]"].remedy


def test_port_0_needs_one_worker(base: Path) -> None:
    assert "listen.address" in refused(base, f"listen: {{address: '127.0.0.1:0', workers: 2}}\n{CRM}")


def test_the_admin_address_is_another_one_and_better_local(base: Path) -> None:
    found = refused(base, f"listen: {{address: '127.0.0.1:90'}}\nadmin: {{address: '127.0.0.1:90'}}\n{CRM}")
    assert "same as listen" in found["admin.address"].message
    assert "asks for no token" in warned(base, f"admin: {{address: '0.0.0.0:90'}}\n{CRM}")["admin.address"]
    both = "listen: {address: '127.0.0.1:0'}\nadmin: {address: '127.0.0.1:0'}\n"
    assert read(base, both + CRM).warnings == []


# --- identity


def test_anonymous_true_with_an_enforcing_server(base: Path) -> None:
    text = """
        identity: {anonymous: true, agents: [{id: "agent:a", token: env:T, servers: {crm: ["*"]}}]}
        servers: {crm: {url: "http://127.0.0.1:1/", mode: enforce}}
    """
    assert "lets nobody in to crm" in warned(base, text)["identity.anonymous"]


def test_anonymous_true_off_loopback(base: Path) -> None:
    listen = "listen: {address: '0.0.0.0:1', public_url: 'https://x', tls_terminated: true}\n"
    text = f"{listen}identity: {{anonymous: true}}\n{CRM}"
    assert "whoever reaches" in warned(base, text)["identity.anonymous"]


@pytest.mark.parametrize(
    ("section", "path"),
    [
        ("state: {url: 'postgresql://db/x'}", "state.url"),
    ],
)
def test_what_this_build_has_not_is_refused(base: Path, section: str, path: str) -> None:
    assert "not available in this build" in refused(base, section)[path].message


def test_what_would_protect_nobody_is_a_warning(base: Path) -> None:
    text = """
        audit: {sampling: {keep: 0.5}}
        servers:
          a:
            url: http://x/
            tools: {t: {strict: true}}
    """
    found = warned(base, text)
    assert set(found) == {"audit.sampling", "servers.a.tools.t.strict"}
    assert "no effect: there are no sinks" in found["audit.sampling"]
    assert "waits for the disk" in found["servers.a.tools.t.strict"]


@pytest.mark.parametrize("agent", ["{id: 'agent:a'}", "{id: 'agent:a', token: env:T, secret: env:S}"])
def test_an_agent_proves_itself_in_one_way(base: Path, agent: str) -> None:
    assert "exactly one of token" in refused(base, f"identity: {{agents: [{agent}]}}")["identity.agents[0]"].message


# what identity.issuers and the other ways of proof may say


def issuer(fields: str) -> str:
    return f"identity: {{issuers: [{{{fields}}}]}}\n{CRM}"


@pytest.mark.parametrize("key", ["audience", "groups"])
def test_an_issuer_says_nothing_by_an_empty_text(base: Path, key: str) -> None:
    """Nobody would be in a group that is forbidden something."""
    found = refused(base, issuer(f"issuer: 'https://idp.example.com', {key}: ''"))
    assert found[f"identity.issuers[0].{key}"].message == "must not be empty"


def test_one_audience_for_all_servers_is_a_warning(base: Path) -> None:
    found = warned(base, issuer("issuer: 'https://idp.example.com', audience: 'api://mcp'"))
    assert "every other" in found["identity.issuers[0].audience"]


@pytest.mark.parametrize(
    ("agent", "path"),
    [
        ("secret: written-here-in-the-clear", "secret"),
        ("jwks: 'file:nowhere.json'", "jwks"),
        ("jwks: 'https://idp.example.com/keys'", "jwks"),
    ],
)
def test_an_agent_that_proves_nothing(base: Path, agent: str, path: str) -> None:
    text = (
        "identity: {issuers: [{issuer: 'https://idp.example.com'}], "
        f"agents: [{{id: 'agent:a', servers: {{crm: [x]}}, {agent}}}]}}\n{CRM}"
    )
    assert f"identity.agents[0].{path}" in refused(base, text)


@pytest.mark.parametrize(
    "agent", ["match: {issuer: 'https://idp.example.com', sub: a}", "secret: env:S", "jwks: 'file:key.pem'"]
)
def test_an_agent_with_short_lived_grants_is_nothing_to_warn_about(base: Path, agent: str) -> None:
    text = (
        "identity: {issuers: [{issuer: 'https://idp.example.com'}], "
        f"agents: [{{id: 'agent:a', servers: {{crm: [x]}}, {agent}}}]}}\n{CRM}"
    )
    assert read(base, text).warnings == []


def test_an_authorization_server_is_a_url(base: Path) -> None:
    found = refused(base, "servers: {a: {url: 'http://x/', authorization_servers: [idp]}}")
    assert "servers.a.authorization_servers[0]" in found


def test_a_token_does_not_belong_into_the_file(base: Path) -> None:
    found = refused(base, "identity: {agents: [{id: 'agent:a', token: abcdefghijklmnopqrst}]}")
    assert "does not belong" in found["identity.agents[0].token"].message
    assert "abcdefghij" not in str(found)


def test_a_fixed_token_is_warned_about(base: Path) -> None:
    text = f"identity: {{agents: [{{id: 'agent:a', token: env:T, servers: {{crm: [x]}}}}]}}\n{CRM}"
    assert "fixed token" in warned(base, text)["identity.agents[0].token"]


def test_agents_name_servers_that_are_there(base: Path) -> None:
    text = f"identity: {{agents: [{{id: 'agent:a', token: env:T, servers: {{crn: [x]}}}}]}}\n{CRM}"
    problem = refused(base, text)["identity.agents[0].servers.crn"]
    assert (problem.message, problem.remedy) == ("there is no server 'crn'", "did you mean crm?")


def test_agents_that_may_do_nothing_are_warned_about(base: Path) -> None:
    text = f"""
identity:
  agents:
    - {{id: "agent:a", token: env:T}}
    - {{id: "agent:b", token: env:U, servers: {{crm: []}}}}
{CRM}"""
    found = warned(base, text)
    assert "may use no server" in found["identity.agents[0]"]
    assert "lists no tool" in found["identity.agents[1].servers.crm"]


def test_two_agents_of_one_id(base: Path) -> None:
    one = "{id: 'agent:a', token: env:T}"
    assert "identity.agents[1].id" in refused(base, f"identity: {{agents: [{one}, {one}]}}")


@pytest.mark.parametrize("lifetime", ["0s", "16m", "1d"])
def test_a_grant_lives_for_at_most_15_minutes(base: Path, lifetime: str) -> None:
    assert "identity.tokens.lifetime" in refused(base, f"identity: {{tokens: {{lifetime: {lifetime}}}}}")


def test_enforcing_without_agents_denies_everybody(base: Path) -> None:
    assert "deny everybody (crm)" in warned(base, f"mode: soft\n{CRM}")["identity.agents"]
    assert "identity.agents" not in warned(base, f"mode: warn\n{CRM}")


def test_no_server_at_all(base: Path) -> None:
    assert "nothing to forward to" in warned(base, "mode: audit")["servers"]


# --- servers


@pytest.mark.parametrize("server", ["{}", "{url: 'http://x/', command: y}"])
def test_exactly_one_of_url_and_command(base: Path, server: str) -> None:
    assert "exactly one of url and command" in refused(base, f"servers: {{a: {server}}}")["servers.a"].message


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("ftp://x/", "not an http or https URL"),
        ("x:3001/mcp", "not an http or https URL"),
        ("http:///mcp", "not an http or https URL"),
        ("http://x:0/", "not an http or https URL"),
        ("http://x/a b", "not an http or https URL"),
        ("http://user:hunter2@x/", "user name or password"),
        ("http://x/#a", "fragment"),
    ],
)
def test_a_server_s_url(base: Path, url: str, what: str) -> None:
    found = refused(base, f"servers: {{a: {{url: '{url}'}}}}")
    assert what in found["servers.a.url"].message
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    ("more", "path"),
    [("args: [x]", "args"), ("env: {A: b}", "env"), ("cwd: x", "cwd")],
)
def test_what_belongs_to_a_command(base: Path, more: str, path: str) -> None:
    assert f"servers.a.{path}" in refused(base, f"servers: {{a: {{url: 'http://x/', {more}}}}}")


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ("transport: http", "transport"),
        ("transport: sse", "transport"),
        ("headers: {request: [X-A]}", "headers"),
        ("credentials: {use: static, headers: {A: b}}", "credentials"),
    ],
)
def test_what_belongs_to_a_url(base: Path, more: str, path: str) -> None:
    assert f"servers.a.{path}" in refused(base, f"servers: {{a: {{command: x, {more}}}}}")


@pytest.mark.parametrize("server", ["{command: x}", "{url: 'http://x/sse', transport: sse}"])
def test_stdio_and_sse_need_one_worker(base: Path, server: str) -> None:
    found = refused(base, f"listen: {{workers: 2}}\nservers: {{a: {server}}}")
    assert "needs one worker" in found["servers.a"].message
    assert read(base, f"listen: {{workers: 1}}\nservers: {{a: {server}}}").warnings == []


@pytest.mark.parametrize("mode", ["mode: enforce", "mode: soft", "tools: {x: {mode: enforce}}"])
def test_relay_is_refused_in_enforcing_modes(base: Path, mode: str) -> None:
    found = refused(
        base, f"servers: {{a: {{url: 'http://x/', credentials: {{use: relay, headers: [Authorization]}}, {mode}}}}}"
    )
    assert "refused in enforcing modes" in found["servers.a.credentials"].message


def test_relay_is_refused_where_the_whole_enforces(base: Path) -> None:
    server = "servers: {a: {url: 'http://x/', credentials: {use: relay, headers: [Authorization]}}}"
    assert "servers.a.credentials" in refused(base, f"mode: enforce\n{server}")
    assert "own credentials" in warned(base, f"mode: warn\n{server}")["servers.a.credentials"]


@pytest.mark.parametrize(
    "name",
    ["Authorization", "cookie", "X-MCP-TOKEN", "Proxy-Authorization", "X-Forwarded-For", "Forwarded", "Host", "TE"],
)
def test_request_headers_that_never_cross(base: Path, name: str) -> None:
    found = refused(base, f"servers: {{a: {{url: 'http://x/', headers: {{request: [X-Tenant, {name}]}}}}}}")
    assert "never crosses" in found["servers.a.headers.request[1]"].message


@pytest.mark.parametrize(
    "name", ["Set-Cookie", "location", "WWW-Authenticate", "Connection", "Access-Control-Allow-Origin"]
)
def test_response_headers_that_never_cross(base: Path, name: str) -> None:
    found = refused(base, f"servers: {{a: {{url: 'http://x/', headers: {{response: [{name}]}}}}}}")
    assert "never crosses" in found["servers.a.headers.response[0]"].message


@pytest.mark.parametrize("name", ["'X A'", "'X:'", "''", "'X-Ü'", "'X\\r'"])
def test_a_header_name_is_a_token(base: Path, name: str) -> None:
    found = refused(base, f"servers: {{a: {{url: 'http://x/', headers: {{request: [{name}]}}}}}}")
    assert "not a header name" in found["servers.a.headers.request[0]"].message


def test_inline_credentials_are_warned_about(base: Path) -> None:
    static = "credentials: {use: static, headers: {X-Tenant: acme, X-Key: 'k ${env:K}', X-File: 'file:x'}}"
    found = read(base, f"servers: {{a: {{url: 'http://x/', {static}}}}}").warnings
    assert [notice.path for notice in found] == ["servers.a.credentials.headers.X-Tenant"]
    assert "acme" not in str(found)


# --- inspection, policies, limits


def test_policies_that_nobody_would_read(base: Path) -> None:
    assert "there is no such directory" in refused(base, f"policies: rules/\n{CRM}")["policies"].message
    (base / "policies").mkdir()
    assert read(base, CRM).warnings == []


def test_a_link_that_leads_nowhere_is_no_empty_set_of_policies(base: Path) -> None:
    (base / "policies").symlink_to("a-volume-that-is-not-mounted")
    assert "there is no such directory" in refused(base, CRM)["policies"].message


def test_a_name_that_the_system_refuses_is_one_problem(base: Path) -> None:
    long = "x" * 300  # a directory that may not be entered ends in the same OSError
    agent = f"{{id: 'agent:x', jwks: 'file:{long}', servers: {{crm: ['*']}}}}"
    issuer = f"{{issuer: 'https://idp.example.com', jwks: 'file:{long}'}}"
    text = f"""\
policies: {long}
listen: {{tls: {{certificate: {long}, key: {long}}}}}
identity: {{agents: [{agent}], issuers: [{issuer}]}}
{CRM}"""
    assert set(refused(base, text)) == {
        "policies",
        "listen.tls.certificate",
        "listen.tls.key",
        "identity.agents[0].jwks",
    }


def test_an_entity_that_no_detector_finds_is_told(base: Path) -> None:
    named = "entities: {US_SN: {arguments: block}, US_SSN: {arguments: block}, TICKET: {results: detect}}"
    own = "patterns: [{entity: TICKET, regex: 'T-[0-9]+'}]"
    (notice,) = read(base, f"inspect: {{detectors: [patterns], {own}, {named}}}\n{CRM}").warnings
    assert (notice.path, notice.remedy) == ("inspect.entities.US_SN", "did you mean US_SSN?")
    assert read(base, f"inspect: {{detectors: [patterns, theirs], {own}, {named}}}\n{CRM}").warnings == []


def test_acting_on_an_entity_needs_a_detector(base: Path) -> None:
    found = refused(base, f"inspect: {{entities: {{US_SSN: {{results: redact}}}}}}\n{CRM}")
    assert "there is no detector" in found["inspect.entities.US_SSN"].message
    assert "no effect" in warned(base, f"inspect: {{entities: {{US_SSN: {{}}}}}}\n{CRM}")["inspect.entities.US_SSN"]
    text = f"inspect: {{detectors: [{{use: stub}}], entities: {{US_SSN: {{results: redact}}}}}}\n{CRM}"
    assert set(warned(base, text)) == {"inspect.detectors[0]"}


@pytest.mark.parametrize(
    ("section", "path"),
    [
        ("limits: {request_bytes: 0B}", "limits.request_bytes"),
        ("limits: {header_bytes: 2MiB}", "limits.header_bytes"),
        ("limits: {buffered: 8MiB}", "limits.response_bytes"),
        ("limits: {depth: 3}", "limits.depth"),
        ("limits: {in_flight: 0}", "limits.in_flight"),
        ("timeouts: {connect: 0s}", "timeouts.connect"),
        ("timeouts: {total: 0ms}", "timeouts.total"),
        ("keys: {rotate: 5m}", "keys.rotate"),
        ("egress: {allow: [somewhere]}", "egress.allow[0]"),
    ],
)
def test_numbers_are_sane(base: Path, section: str, path: str) -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        read(base, f"{section}\n{CRM}")
    assert [problem.path for problem in caught.value.problems] == [path]


def test_a_share_that_is_more_than_the_whole(base: Path) -> None:
    found = warned(base, f"limits: {{in_flight: 10, in_flight_per_identity: 100}}\n{CRM}")
    assert "holds first" in found["limits.in_flight_per_identity"]
