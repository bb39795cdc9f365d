import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from doorward.cli.inspect import command
from doorward.gateway import scanning

MAIL = "ines@fjordlight.example"
CARD = "4012 8888 8888 1881"  # a test number that card schemes publish
KEY = "".join(("sk", "_live_", "7hQ2mVx9", "LrT4bNc8", "WkZ3pYd6"))
MESSAGE = {"jsonrpc": "2.0", "id": 1, "result": {"content": [{"type": "text", "text": f"write to {MAIL}"}]}}
STUB = "inspect: {detectors: [{use: stub, texts: {PERSON: [Ines, Jun]}}]"


@pytest.fixture(autouse=True)
def no_trigger_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiling it takes seconds, and this command looks at every text."""

    class Nothing:
        def __init__(self, expressions: Iterable[str]) -> None:
            list(expressions)

    monkeypatch.setattr(scanning, "Triggers", Nothing)


def inspect(what: str | bytes, *arguments: str) -> Result:
    return CliRunner().invoke(command, [*arguments, "-"], input=what)


def found(what: str | bytes, *arguments: str) -> list[dict[str, Any]]:
    done = inspect(what, "--json", *arguments)
    assert done.exit_code in (0, 1), done.output
    shown: list[dict[str, Any]] = json.loads(done.stdout)
    assert done.exit_code == any(one["counts"] for one in shown)
    return shown


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "doorward.yaml"


def test_a_message_is_taken_apart() -> None:
    (one,) = found(json.dumps(MESSAGE))
    assert (one["line"], one["pointer"], one["start"], one["end"]) == (1, "/result/content/0/text", 9, 9 + len(MAIL))
    assert (one["entity"], one["counts"], one["action"], one["detector"]) == (
        "EMAIL_ADDRESS",
        True,
        "redact",
        "patterns",
    )
    assert one["rule"]
    assert one["score"] >= 0.9


def test_patterns_secrets_and_names_are_on_without_a_configuration() -> None:
    text = f"Yesterday Ines Halvorsen wrote that the key {KEY} and the card {CARD} are hers."
    assert [one["detector"] for one in found(json.dumps({"note": text}))] == ["names", "secrets", "patterns"]


def test_json_lines_are_looked_through_one_by_one() -> None:
    shown = found(f'{{"mail": "{MAIL}"}}\n\n{{"n": 1}}\n{{"mail": "x{MAIL}"}}\n')
    assert [(one["line"], one["pointer"]) for one in shown] == [(1, "/mail"), (4, "/mail")]


def test_plain_text_is_told_by_line_and_place_in_it() -> None:
    shown = found(f"Dear all,\n\nwrite to {MAIL}.\n", "--values")
    assert [(one["line"], one["pointer"], one["start"], one["end"], one["value"]) for one in shown] == [
        (3, "", 9, 9 + len(MAIL), MAIL)
    ]


def test_what_is_no_utf8_is_looked_through_all_the_same() -> None:
    assert [one["entity"] for one in found(b"\xff\xfe " + MAIL.encode())] == ["EMAIL_ADDRESS"]


def test_a_file_and_nothing_in_it(tmp_path: Path) -> None:
    file = tmp_path / "quiet.json"
    file.write_text('{"sku": "FL-2040", "name": "Elliott armchair"}')
    done = CliRunner().invoke(command, [str(file)])
    assert (done.exit_code, done.stdout) == (0, "Nothing found.\n")
    assert found("") == []


def test_values_are_hidden_unless_they_are_asked_for() -> None:
    message = json.dumps({"people": {MAIL: {"card": CARD}}})
    for arguments in ((), ("--json",)):
        shown = inspect(message, *arguments).stdout
        assert MAIL not in shown
        assert CARD not in shown
        assert "/people/in***/card" in shown
    shown = inspect(message, "--values").stdout
    assert f"/people/{MAIL}/card" in shown
    assert CARD in shown
    assert "--values" not in shown


def test_the_table_says_what_would_be_done() -> None:
    head, row, _, last = inspect(json.dumps(MESSAGE)).stdout.splitlines()
    assert head.split() == ["line", "place", "entity", "score", "action", "rule", "value"]
    assert row.split()[:3] == ["1", "/result/content/0/text", f"9-{9 + len(MAIL)}"]
    assert row.split()[-1] == "in***"
    assert last == "In an enforcing mode: redact 1. --values shows what was found."


@pytest.mark.parametrize(("direction", "actions"), [("results", ["redact"] * 2), ("arguments", ["detect", "block"])])
def test_the_direction_decides_what_is_done(direction: str, actions: list[str]) -> None:
    shown = found(json.dumps({"mail": MAIL, "key": KEY}), "--direction", direction)
    assert [one["action"] for one in sorted(shown, key=lambda one: str(one["entity"]))] == actions


def test_nothing_of_a_text_is_obeyed_by_the_terminal() -> None:
    shown = inspect(json.dumps({"\x1b[2J\u202e": MAIL})).stdout
    assert "/\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER} 0-" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_the_settings_of_a_configuration_hold(file: Path) -> None:
    file.write_text(
        STUB + ", entities: {PERSON: {results: detect, threshold: 0.9}, ACCOUNT_ID: {results: block}}, allow: [jun],"
        " patterns: [{entity: ACCOUNT_ID, regex: 'ACCT-[0-9]{4}', score: 0.95}]}\n"
    )
    text = json.dumps(["Ines", "Jun", "ACCT-4711"])
    shown = {one["value"]: (one["entity"], one["action"]) for one in found(text, "-c", str(file), "--values")}
    assert shown == {"Ines": ("PERSON", "detect"), "ACCT-4711": ("ACCOUNT_ID", "block")}
    told = inspect(text, "-c", str(file)).stdout
    assert "In an enforcing mode: block 1, detect 1." in told
    assert told.endswith("1 more does not count: --all shows why.\n")
    (allowed,) = [one for one in found(text, "-c", str(file), "--all", "--values") if one["value"] == "Jun"]
    assert (allowed["counts"], allowed["action"]) == (False, "none")


@pytest.mark.parametrize(
    ("place", "action"),
    [
        ([], "redact"),
        (["--server", "files"], "redact"),
        (["--server", "crm"], "detect"),
        (["--server", "crm", "--tool", "list_deals"], "detect"),
        (["--server", "crm", "--tool", "get_customer"], "block"),
    ],
)
def test_what_a_server_and_a_tool_want_otherwise(file: Path, place: list[str], action: str) -> None:
    file.write_text(
        """
        servers:
          files: {url: "http://127.0.0.1:9/mcp"}
          crm:
            url: http://127.0.0.1:9/mcp
            inspect: {entities: {PERSON: {results: detect}}}
            tools: {"get_*": {inspect: {entities: {PERSON: {results: block}}, allow: [Jun]}}}
        """
        + STUB
        + "}\n"
    )
    shown = found(json.dumps(["Ines", "Jun"]), "-c", str(file), *place, "--all")
    assert shown[0]["action"] == action
    assert shown[1]["counts"] == ("get_customer" not in place)


def test_what_does_not_count_is_no_reason_to_say_no(file: Path) -> None:
    file.write_text(STUB + ", allow: [Ines]}\n")
    done = inspect("Ines", "-c", str(file))
    assert (done.exit_code, done.stdout.splitlines()[0]) == (0, "Nothing found that counts.")
    assert inspect("Ines", "-c", str(file), "--all").stdout.startswith("line ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("foo: 1\n", ":1:1: foo: unknown key 'foo'"),
        ("inspect: {detectors: [{use: stub, heavi: true}]}\n", "heavi: unknown key 'heavi' (did you mean heavy?)"),
        ("inspect: {detectors: [{use: nobody}]}\n", "inspect.detectors[0]: detectors: 'nobody' is not available"),
        (STUB + ", allow: ['/(?=x)/']}\n", "RE2"),
        (STUB + ", patterns: [{entity: X, regex: '(?=x)'}]}\n", "inspect.patterns[0]"),
        ("servers: {a: {url: 'http://127.0.0.1:9/mcp'}}\n", "inspect.detectors: nothing is looked for"),
    ],
)
def test_a_configuration_that_cannot_be_used(file: Path, text: str, said: str) -> None:
    file.write_text(text)
    done = inspect("Ines", "-c", str(file))
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [[], ["/no/such/file"], ["-c", "/no/such/file", "-"], ["--direction", "up", "-"], ["--server", "crm", "-"]],
)
def test_wrong_use(arguments: list[str]) -> None:
    assert CliRunner().invoke(command, arguments).exit_code == 2


def test_a_server_that_is_not_there(file: Path) -> None:
    file.write_text(STUB + "}\n")
    done = inspect("Ines", "-c", str(file), "--server", "crm")
    assert (done.exit_code, done.stderr) == (2, "doorward: --server: there is no 'crm' in the configuration\n")
    assert inspect("Ines", "-c", str(file), "--tool", "x").exit_code == 2


def test_a_detector_that_fails(file: Path) -> None:
    file.write_text("inspect: {detectors: [{use: stub, fail: true}]}\n")
    done = inspect("Ines", "-c", str(file))
    assert (done.exit_code, done.stdout) == (3, "")
    assert done.stderr == "doorward: a detector failed: the stub was told to fail\n"
