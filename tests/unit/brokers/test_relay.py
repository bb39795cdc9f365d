import pytest

from doorward.brokers.relay import RelayBroker
from doorward.configtypes import Refused
from doorward.core.identity import NO_CREDENTIAL, NOTHING


async def test_only_what_is_named_passes() -> None:
    broker = RelayBroker(RelayBroker.Options(("Authorization", "X-User")))
    assert broker.relays == {b"authorization", b"x-user"}
    came = [(b"authorization", b"Bearer theirs"), (b"cookie", b"c"), (b"x-user", b"u"), (b"x-mcp-token", b"ours")]
    credential = await broker.mint(NOTHING, came)
    assert credential.headers == ((b"authorization", b"Bearer theirs"), (b"x-user", b"u"))
    assert credential.label == "relay"
    assert "theirs" not in repr(credential)


async def test_nothing_that_is_named_came() -> None:
    broker = RelayBroker(RelayBroker.Options(("Authorization",)))
    assert await broker.mint(NOTHING, [(b"cookie", b"c")]) is NO_CREDENTIAL


@pytest.mark.parametrize("name", ["X-MCP-Token", "Host", "Mcp-Session-Id", "Transfer-Encoding", "X A", ""])
def test_what_cannot_be_relayed(name: str) -> None:
    with pytest.raises(Refused, match="cannot be relayed"):
        RelayBroker(RelayBroker.Options((name,)))


def test_no_header() -> None:
    with pytest.raises(Refused, match="no header"):
        RelayBroker(RelayBroker.Options(()))
