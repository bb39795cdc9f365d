"""The demo: its parts alone, and the whole as a person runs it."""

import asyncio
import io
import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from mcp.types import TextResourceContents

from doorward.cli.demo import command
from doorward.control.keys.audit_keys import load
from doorward.core.audit import AuditRecord, timestamp
from doorward.demo import proof
from doorward.demo import setting as demo_setting
from doorward.demo.client import ERAS, LEGACY, MODERN, Session, crm_command, over_http, over_stdio, text_of
from doorward.demo.customers import CUSTOMERS, KEY, PRODUCTS
from doorward.demo.grants import minted
from doorward.demo.paper import Paper
from doorward.demo.setting import AGENT, DemoError, Setting, prepared, started
from doorward.demo.show import run
from doorward.gateway.journal import FileJournal

WHOLE_S = 60


@asynccontextmanager
async def crm() -> AsyncIterator[str]:
    """The sample server over HTTP: its URL."""
    process = await asyncio.create_subprocess_exec(*crm_command("--port", "0"), stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield (await asyncio.wait_for(process.stdout.readline(), 20)).decode().strip()
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 10)


@pytest.mark.parametrize("era", ERAS)
async def test_the_sample_server_offers_tools_a_resource_and_a_prompt_in_both_eras(era: str) -> None:
    async with crm() as url, over_http(url, era) as session:
        assert session.version == era
        assert [tool.name for tool in (await session.client.list_tools()).tools] == [
            "search_contacts",
            "get_customer",
            "get_products",
            "read_notes",
            "create_note",
        ]
        found = await session.call("search_contacts", query="fjordlight")
        assert found.structured_content is not None
        assert [row["id"] for row in found.structured_content["result"]] == ["c-101", "c-104"]
        customer = await session.call("get_customer", customer_id="c-102")
        assert customer.structured_content == CUSTOMERS[1]
        assert CUSTOMERS[1]["account"] in text_of(customer)
        by_mail = await session.call("search_contacts", query=CUSTOMERS[2]["email"])
        assert CUSTOMERS[2]["id"] in text_of(by_mail)
        assert (await session.call("get_products")).structured_content == {"result": list(PRODUCTS)}
        assert KEY in text_of(await session.call("read_notes", customer_id="c-102"))
        assert (await session.call("read_notes", customer_id="c-101")).structured_content == {"result": []}
        assert text_of(await session.call("create_note", customer_id="c-101", text="x")) == "Note 1 added to c-101."
        assert (await session.call("read_notes", customer_id="c-101")).structured_content == {"result": ["x"]}
        unknown = await session.call("get_customer", customer_id="nobody")
        assert unknown.is_error
        assert "search_contacts" in text_of(unknown)
        [contents] = (await session.client.read_resource("crm://customers")).contents
        assert isinstance(contents, TextResourceContents)
        assert CUSTOMERS[0]["name"] in contents.text
        prompt = await session.client.get_prompt("prepare_call", {"customer_id": "c-103"})
        assert "c-103" in str(prompt.messages[0].content)


@pytest.mark.parametrize("era", ERAS)
async def test_the_tap_holds_the_bytes_of_the_answers_to_calls_only(era: str, tmp_path: Path) -> None:
    async with crm() as url, over_http(url, era) as http:
        await http.client.list_tools()
        await http.call("get_customer", customer_id="c-101")
    stdio_files = tmp_path / "out", tmp_path / "err"
    async with over_stdio(crm_command("--stdio"), era, *stdio_files, os.environ) as stdio:
        await stdio.client.list_tools()
        await stdio.call("get_customer", customer_id="c-101")
    for session in (http, stdio):
        [answer] = session.tap.answers
        assert CUSTOMERS[0]["email"].encode() in answer
        assert session.tap.size() == len(answer)
    assert http.tap.answers[0].startswith(b"event: message" if era == LEGACY else b'{"jsonrpc"')
    assert stdio.tap.answers[0].endswith(b"}\n")


async def test_different_answers_have_different_fingerprints() -> None:
    async with (
        crm() as url,
        over_http(url, MODERN) as one,
        over_http(url, MODERN) as same,
        over_http(url, MODERN) as other,
    ):
        await one.call("get_customer", customer_id="c-101")
        await same.call("get_customer", customer_id="c-101")
        await other.call("get_customer", customer_id="c-102")
    assert one.tap.fingerprint() == same.tap.fingerprint() != other.tap.fingerprint()


def test_tables_are_aligned_and_plain_off_a_terminal() -> None:
    stream = io.StringIO()
    paper = Paper(stream)
    paper.section("Title")
    paper.table([("a", "long cell"), ("longer", "b")], ("x", "y"))
    paper.verdict(True, "fine")
    assert stream.getvalue() == "\n1  Title\n   x       y\n   a       long cell\n   longer  b\n   fine\n"


def test_colours_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = Terminal()
    Paper(stream).verdict(True, "fine")
    assert stream.getvalue() == "   \033[32mfine\033[0m\n"


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("doorward.demo.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mcp", None)
    outcome = CliRunner().invoke(command)
    assert outcome.exit_code == 1
    assert "pip install 'doorward[demo]'" in outcome.output


async def test_a_gateway_that_does_not_start_says_why_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_setting, "_configuration", lambda _: {"no_such_section": 1})
    with pytest.raises(DemoError, match=r"the gateway did not start:\n(.|\n)*no_such_section"):
        async with started(prepared(tmp_path)):
            pytest.fail("it started")


def test_a_failure_is_one_clear_line_and_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Paper) -> None:
        raise DemoError("an answer changed")

    monkeypatch.setattr("doorward.demo.show.run", broken)
    outcome = CliRunner().invoke(command)
    assert outcome.exit_code == 1
    assert outcome.stderr == "doorward demo: an answer changed\n"


def test_a_changed_answer_fails_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    async def with_a_key(session: Session) -> None:
        await session.call("read_notes", customer_id="c-102")

    monkeypatch.setattr("doorward.demo.show._clean_call", with_a_key)
    monkeypatch.setattr(demo_setting, "DETECTORS", ("secrets",))
    quick(monkeypatch)
    stream = io.StringIO()
    with pytest.raises(DemoError, match="an answer changed"):
        run(Paper(stream))
    assert "DIFFERENT" in stream.getvalue()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "doorward", "demo"],
        capture_output=True,
        text=True,
        timeout=WHOLE_S,
        check=False,
        env={**os.environ, "TMPDIR": str(tmp_path_factory.mktemp("demo"))},
    )


def test_the_whole_demo_ends_well(whole: "subprocess.CompletedProcess[str]") -> None:
    assert (whole.returncode, whole.stderr) == (0, "")
    assert "\033" not in whole.stdout


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("transport", ["HTTP", "stdio"])
def test_it_shows_the_same_bytes(whole: "subprocess.CompletedProcess[str]", era: str, transport: str) -> None:
    [line] = re.findall(rf"{era} +{transport} +(\w+) +(\w+) +\d+ +identical", whole.stdout)
    assert line[0] == line[1]


def test_it_shows_records_and_the_cost(whole: "subprocess.CompletedProcess[str]") -> None:
    for phase in ("intent", "outcome"):
        assert re.search(rf"{MODERN} +http +{phase} +agent:sales-assistant +crm/get_products", whole.stdout)
    for era, tool in [*((era, "get_products") for era in ERAS), (MODERN, "get_customer")]:
        assert re.search(rf"{era} +{tool} +[\d.]+ ms +[\d.]+ ms +[+-][\d.]+ ms +[\d.]+ ms", whole.stdout)


@pytest.mark.parametrize(
    "shown",
    [
        r"no token: 401, .*WWW-Authenticate: Bearer resource_metadata= \"http://127",
        r"another tool: .*Refused by the security gateway: .*\(rule grant\)",
        r"An allowed call.* record says: decision = allow, rules = \['agents:agent:sales-assistant:crm'\]",
        r"its grant says: sub = agent:sales-assistant, act = \{'sub': 'agent:helper'\}",
        r"identity = agent:helper.* get_customer is refused, .*rules = \['grant'\]",
        r"model reads: .*\(rule people-write-notes\)\. Next: give the note to a person",
        r"audit mode client sees: Note 1 added to c-101\. record says: decision = allow, would_have = deny",
        r"doorward override grant --rule people-write-notes .*--why",
        r"client sees: Note 2 added to c-101\. record says: override = ovr-\w+, would_have = deny",
        r"the next call: 401, auth.revoked, [\d.]+ s after",
    ],
)
def test_it_shows_who_may_call_what(whole: "subprocess.CompletedProcess[str]", shown: str) -> None:
    assert re.search(shown, " ".join(whole.stdout.split()))


@pytest.mark.parametrize(
    "shown",
    [
        r"id c-102 c-102 name Tomás Ferreira <PERSON> company Cork & Canvas Cork & Canvas",
        r"email tomas@corkcanvas\.example <EMAIL_ADDRESS> phone \+1 503-555-0147 <PHONE_NUMBER>",
        r"address 14 Harbour .* 97205 <LOCATION> account ACCT-40071958 <ACCOUNT_ID> open_deals 0 0",
        r"client is told: _meta\[\"io\.doorward/redaction\"\] = \{'count': 10, 'entities': \['ACCOUNT_ID'",
        r"client sees: <PERSON> called\. Their shop signs in with <SECRET> until Friday; then <PERSON> sends",
        r"client sees: \{'id': 'c-102', .* record says: EMAIL_ADDRESS: 1 in arguments",
        r"model reads: Refused by the security gateway: it holds SECRET .* Next: .* Reason pii\.blocked",
        r"record says: decision = deny, SECRET: 1 in arguments",
        r"in refused messages 1, passed 1\.",
        r"crm get_customer ACCOUNT_ID results \d+",
    ],
)
def test_it_shows_what_is_found(whole: "subprocess.CompletedProcess[str]", shown: str) -> None:
    assert re.search(shown, " ".join(whole.stdout.split()))


@pytest.mark.parametrize(
    "shown",
    [
        r"INTACT: every record that is there .* COMPLETE: nothing that was written up to the last exported",
        r"exported checkpoints of (\d) of \1 writers, covering (\d+) of \2 records",
        r"forged: writer (\w{32}), record (\d+): .* verify says: writer \1, record \2: .*was changed",
    ],
)
def test_it_shows_that_the_log_is_whole_and_a_forged_one_is_not(
    whole: "subprocess.CompletedProcess[str]", shown: str
) -> None:
    assert re.search(shown, " ".join(whole.stdout.split()))


def test_it_leaves_the_report_and_nothing_else(whole: "subprocess.CompletedProcess[str]") -> None:
    [named] = re.findall(r"^ +(/\S+/report\.html)$", whole.stdout, re.MULTILINE)
    report = Path(named)
    assert [*report.parent.parent.iterdir()] == [report.parent]
    assert (report.parent.stat().st_mode & 0o777, report.stat().st_mode & 0o777) == (0o700, 0o600)
    page = report.read_text(encoding="utf-8")
    assert "<html" in page
    assert AGENT in page
    assert not any(value in page for value in (KEY, CUSTOMERS[1]["name"], CUSTOMERS[1]["email"]))


async def test_a_forgery_that_is_not_found_fails_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    setting = with_a_log(tmp_path)
    monkeypatch.setattr("doorward.demo.proof._FORGED", proof._SAID)
    with pytest.raises(DemoError, match="verify ended with 0"):
        await proof.tampered(Paper(io.StringIO()), setting)


async def test_a_log_that_is_not_whole_fails_the_demo(tmp_path: Path) -> None:
    setting = with_a_log(tmp_path)
    proof._forge(setting.log)
    with pytest.raises(DemoError, match="verify ended with 1"):
        await proof.verified(Paper(io.StringIO()), setting)


async def test_no_report_stays_of_a_demo_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    setting = with_a_log(tmp_path)
    left = tmp_path / "left"
    left.mkdir()
    monkeypatch.setattr("doorward.demo.proof.tempfile.tempdir", str(left))
    monkeypatch.setattr("doorward.demo.proof.AGENT", "agent:nobody")
    with pytest.raises(DemoError, match="does not name agent:nobody"):
        await proof.page(Paper(io.StringIO()), setting)
    assert [*left.iterdir()] == []


def with_a_log(home: Path) -> Setting:
    """A setting whose gateway wrote one refusal, and has ended."""
    setting = prepared(home)
    setting.configuration.write_text(json.dumps(demo_setting._configuration(setting)))
    (home / "policies").mkdir()
    keys = load(home / "keys", rotate=math.inf, now=time.time())
    journal = FileJournal(setting.log, signer=keys.signer(), copy_to=home / "checkpoints")
    journal.append(
        AuditRecord(
            event_id="1",
            exchange_id="1",
            kind="security",
            phase="security",
            timestamp=timestamp(time.time()),
            decision="deny",
        )
    )
    journal.close()
    return setting


def test_it_fits_and_shows_no_secret(whole: "subprocess.CompletedProcess[str]") -> None:
    assert max(map(len, whole.stdout.splitlines())) <= 100
    assert "eyJ" not in whole.stdout


def test_all_but_tables_fits_a_terminal_of_80_columns() -> None:
    stream = io.StringIO()
    paper = Paper(stream)
    paper.title("word " * 30)
    paper.section("word " * 30)
    paper.line("word " * 30)
    paper.verdict(True, "word " * 30)
    paper.paragraph("label:", "word " * 30)
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert stream.getvalue().split() == [*["word"] * 30, "1", *["word"] * 90, "label:", *["word"] * 30]
    assert [line[:3] for line in lines if line.startswith("1")] == ["1  "]
    paper.table([("cell " * 20, "x")])
    assert stream.getvalue().splitlines()[-1] == f"   {'cell ' * 20}  x"


def test_a_paragraph_stands_beside_its_label() -> None:
    stream = io.StringIO()
    Paper(stream).paragraph("label:", "word " * 20)
    first, second = stream.getvalue().splitlines()
    assert first.startswith("   label:          word word")
    assert second.startswith("                   word")


def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what has no part in the failures below, and is shown to hold by the whole demo: the sessions over stdio
    with their records, and all but one of the timed calls."""

    async def nothing(*_: object) -> list[list[str]]:
        return []

    monkeypatch.setattr("doorward.demo.show._all_stdio", nothing)
    monkeypatch.setattr("doorward.demo.show._seen", nothing)
    monkeypatch.setattr("doorward.demo.show._CALLS", 1)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("_POLICY", "was not refused by people-write-notes"),
        ("RULE", "was not refused by another"),
    ],
)
def test_a_policy_that_does_not_hold_fails_the_demo(monkeypatch: pytest.MonkeyPatch, broken: str, said: str) -> None:
    if broken == "RULE":
        monkeypatch.setattr("doorward.demo.exceptions.RULE", "another")
    else:
        monkeypatch.setattr(demo_setting, broken, "")
    monkeypatch.setattr(demo_setting, "DETECTORS", ())  # the policies come first
    quick(monkeypatch)
    with pytest.raises(DemoError, match=said):
        run(Paper(io.StringIO()))


@pytest.mark.parametrize(
    ("detectors", "said"),
    [
        ((), "the customer's data should be in the direct answer only"),
        (("patterns",), "the key should be in the direct answer only"),
    ],
)
def test_what_is_not_found_fails_the_demo(
    monkeypatch: pytest.MonkeyPatch, detectors: tuple[str, ...], said: str
) -> None:
    monkeypatch.setattr(demo_setting, "DETECTORS", detectors)
    quick(monkeypatch)
    with pytest.raises(DemoError, match=said):
        run(Paper(io.StringIO()))


async def test_an_agent_with_a_wrong_secret_is_told_so_and_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_setting, "DETECTORS", ())  # nothing is looked through here
    setting = prepared(tmp_path)
    async with started(setting):
        wrong = replace(setting, secrets={AGENT: "not-the-secret-of-anybody"})
        with pytest.raises(DemoError, match="the token service refused agent:sales-assistant") as told:
            await minted(wrong)
        with pytest.raises(DemoError, match="doorward override grant ended with 2"):
            await setting.doorward("override", "grant", "--rule", "*")
    assert "not-the-secret" not in str(told.value)


@pytest.mark.parametrize("when", ["Starting", "What has nothing in it"])
def test_a_stopped_demo_leaves_no_process(when: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "doorward", "demo"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if when in line:
                break
        until = time.monotonic() + 20
        while len(family := _descendants(demo.pid)) < 2 and time.monotonic() < until:
            time.sleep(0.01)  # they are being started
        demo.send_signal(signal.SIGTERM)
        code = demo.wait(20)
        assert demo.stderr is not None
        assert (code, len(family) >= 2) == (1, True), demo.stderr.read()
        assert [pid for pid in family if Path(f"/proc/{pid}").exists()] == []


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (thread / "children").read_text().split()):
            found += [child, *_descendants(child)]
    return found
