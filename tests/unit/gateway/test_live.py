import pytest

from doorward.core.snapshot import Keys, Snapshot
from doorward.gateway.live import Live


def version(number: int) -> Snapshot:
    return Snapshot(number, "", {}, {}, Keys(b"", "", ()))


def test_the_next_version_takes_the_place_of_the_last() -> None:
    live = Live(version(1))
    call = live.snapshot
    live.swap(version(2))
    assert live.snapshot.version == 2
    assert call.version == 1  # what a call took, it keeps


@pytest.mark.parametrize("number", [1, 2])
def test_versions_never_go_back(number: int) -> None:
    live = Live(version(2))
    with pytest.raises(ValueError, match="not newer"):
        live.swap(version(number))
    assert live.snapshot.version == 2


def test_health_follows_the_listener() -> None:
    live = Live(version(1))
    assert live.healthy_reasons() == ["starting: the listener is not open yet"]
    live.ready = True
    assert live.healthy_reasons() == []
    live.draining = True
    assert live.healthy_reasons() == ["draining: this worker is about to stop"]


def test_a_part_in_trouble_is_named_until_it_works_again() -> None:
    live = Live(version(1))
    live.ready = True
    live.trouble("journal", "no space left")
    live.trouble("journal", "cannot be written")
    assert live.healthy_reasons() == ["journal: cannot be written"]
    live.recovered("journal")
    live.recovered("journal")
    assert live.healthy_reasons() == []
