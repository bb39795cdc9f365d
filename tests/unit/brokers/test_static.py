import pytest

from doorward.brokers.static import StaticBroker
from doorward.configtypes import Refused, Secret
from doorward.core.identity import NOTHING


def made(headers: dict[str, str]) -> StaticBroker:
    return StaticBroker(StaticBroker.Options({name: Secret(value) for name, value in headers.items()}))


async def test_the_same_fields_for_every_call() -> None:
    credential = await made({"Authorization": "Bearer k", "X-Tenant": "acme one"}).mint(NOTHING, [(b"cookie", b"c")])
    assert credential.headers == ((b"authorization", b"Bearer k"), (b"x-tenant", b"acme one"))
    assert credential.label == "static"
    assert "acme" not in repr(credential)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("X A", "what no name may"),
        ("", "what no name may"),
        ("X-MCP-Token", "gateway's own"),
        ("Host", "gateway's own"),
        ("Content-Length", "gateway's own"),
        ("Mcp-Session-Id", "gateway's own"),
        ("Last-Event-ID", "gateway's own"),
        ("content-type", "gateway's own"),
    ],
)
def test_names_that_are_not_for_credentials(name: str, what: str) -> None:
    with pytest.raises(Refused, match=what):
        made({name: "v"})


@pytest.mark.parametrize("value", ["", " val", "val ", "val\r\nX: b", "val\nb", "val\x00b", "valü", "val\x7f"])
def test_values_that_would_be_read_differently(value: str) -> None:
    with pytest.raises(Refused, match="the value of X-Key") as caught:
        made({"X-Key": value})
    assert "val" not in str(caught.value).replace("the value of", "")


def test_no_header_and_the_same_header_twice() -> None:
    with pytest.raises(Refused, match="no header"):
        made({})
    with pytest.raises(Refused, match="twice"):
        made({"X-Key": "a", "x-key": "b"})
