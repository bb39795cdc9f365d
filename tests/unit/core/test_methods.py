import pytest

from doorward.core.methods import (
    METHODS,
    OPAQUE,
    REVISIONS,
    UNKNOWN,
    Names,
    allows_batches,
    fold,
    has_meta_variant,
    is_modern,
    is_opaque,
    method_entry,
)

mcp_methods = pytest.importorskip("mcp_types.methods")

SENT_BY_CLIENT = set(mcp_methods.CLIENT_REQUESTS) | set(mcp_methods.CLIENT_NOTIFICATIONS)
SENT_BY_SERVER = set(mcp_methods.SERVER_REQUESTS) | set(mcp_methods.SERVER_NOTIFICATIONS)


@pytest.mark.parametrize(("method", "revision"), sorted(SENT_BY_CLIENT | SENT_BY_SERVER))
def test_the_table_agrees_with_the_official_sdk(method: str, revision: str):
    entry = METHODS[method]
    assert revision in entry.revisions
    assert entry.direction == "both" or (entry.direction == "client") == ((method, revision) in SENT_BY_CLIENT)
    for table in (
        mcp_methods.CLIENT_REQUESTS,
        mcp_methods.CLIENT_NOTIFICATIONS,
        mcp_methods.SERVER_REQUESTS,
        mcp_methods.SERVER_NOTIFICATIONS,
    ):
        if model := table.get((method, revision)):
            assert members(model) <= entry.reserved.exact


def members(model: type) -> set[str]:
    field = model.model_fields.get("params")  # type: ignore[attr-defined]
    if field is None:
        return set()
    kinds = getattr(field.annotation, "__args__", (field.annotation,))
    return {
        inner.alias or name
        for kind in kinds
        if hasattr(kind, "model_fields")
        for name, inner in kind.model_fields.items()
    }


def test_no_method_is_claimed_for_a_revision_that_the_official_sdk_denies():
    known = SENT_BY_CLIENT | SENT_BY_SERVER
    in_sdk = {method for method, _ in known}
    claimed = {(entry.name, version) for entry in METHODS.values() for version in entry.revisions}
    assert {pair for pair in claimed if pair[0] in in_sdk} == known


def test_only_reading_methods_are_safe_to_repeat():
    safe = {entry.name for entry in METHODS.values() if entry.safe}
    assert safe == {
        "server/discover",
        "ping",
        "tools/list",
        "resources/list",
        "resources/templates/list",
        "resources/read",
        "prompts/list",
        "prompts/get",
        "roots/list",
        "tasks/list",
    }
    assert not UNKNOWN.safe


def test_an_unknown_method_has_an_entry():
    assert method_entry("acme/x") is UNKNOWN
    assert (UNKNOWN.label, UNKNOWN.direction, UNKNOWN.name_param) == ("other", "both", None)
    assert UNKNOWN.reserved.exact == {"_meta"}


@pytest.mark.parametrize(
    ("method", "parameter"),
    [
        ("tools/call", "name"),
        ("prompts/get", "name"),
        ("resources/read", "uri"),
        ("tasks/update", "taskId"),
        ("x", None),
    ],
)
def test_name_parameters(method: str, parameter: str | None):
    assert method_entry(method).name_param == parameter


def test_tokens_and_name_parameters_are_reserved_members():
    for entry in METHODS.values():
        named = {*entry.tokens} | ({entry.name_param} if entry.name_param else set())
        assert named <= entry.reserved.exact
        assert entry.is_notification == entry.name.startswith("notifications/")


def test_opaque_values_are_places_and_not_names():
    assert is_opaque("/params/requestState")
    assert is_opaque("/result/nextCursor")
    assert is_opaque("/result/tasks/17/taskId")
    assert is_opaque("/params/_meta/progressToken")
    assert not is_opaque("/params/arguments/cursor")
    assert not is_opaque("/result/structuredContent/requestState")
    assert not is_opaque("/result/tasks/x/taskId")
    assert METHODS["tools/call"].is_opaque("/params/requestState")
    assert not METHODS["tools/call"].is_opaque("/params/cursor")
    assert METHODS["tools/call"].opaque < OPAQUE


def test_revisions():
    assert [is_modern(version) for version in REVISIONS] == [False] * 4 + [True]
    assert [allows_batches(version) for version in REVISIONS] == [True, True, False, False, False]
    assert not allows_batches("2099-01-01")


def test_folding_is_ascii_and_two_letters_more():
    assert fold("Method") == fold("METHOD") == fold("method") == "method"
    assert fold("re\u017fult") == "result"
    assert fold("tas\u212aId") == "taskid"
    assert fold("É\u0130") == "É\u0130"


def test_variants():
    names = Names.of(("id", "taskId"))
    assert not names.has_variant(["id", "taskId", "other", "iD2", "ıd"])
    assert names.has_variant(["Id"])
    assert names.has_variant(["taskid"])


@pytest.mark.parametrize(
    ("members", "variant"),
    [
        (["progressToken", "io.modelcontextprotocol/protocolVersion", "acme/X", "acme/x", "ID", "id"], False),
        (["io.modelcontextprotocol/new", "io.modelcontextprotocol/newer"], False),
        (["io.modelcontextprotocol/new", "io.modelcontextprotocol/New"], True),
        (["io.modelcontextprotocol/protocolversion"], True),
        (["Io.modelcontextprotocol/new"], True),
        (["io.modelcontextprotocol/clientInfo\u017f"], False),
        (["io.modelcontextprotocol/\u017ferverInfo"], True),
    ],
)
def test_variants_in_meta(members: list[str], variant: bool):
    assert has_meta_variant(members) is variant
