from doorward.brokers.none import NoneBroker
from doorward.core.identity import NO_CREDENTIAL, NOTHING


async def test_it_gives_nothing_whatever_came() -> None:
    broker = NoneBroker(NoneBroker.Options())
    assert broker.name == "none"
    assert await broker.mint(NOTHING, [(b"authorization", b"Bearer x")]) is NO_CREDENTIAL
