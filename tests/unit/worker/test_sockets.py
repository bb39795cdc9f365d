import socket

import pytest

from doorward.worker.sockets import Place, listener, reserve, resolve


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("127.0.0.1:8080", Place(socket.AF_INET, "127.0.0.1", 8080)),
        ("[::1]:0", Place(socket.AF_INET6, "::1", 0)),
    ],
)
def test_addresses_are_read(address: str, place: Place) -> None:
    assert resolve(address) == place
    assert str(place) == address


@pytest.mark.parametrize(
    "address", ["8080", "localhost", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536", "h:-1", "h:٣"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        resolve(address)


def test_a_reserved_port_is_shared_by_listeners_only() -> None:
    held, place = reserve(resolve("127.0.0.1:0"))
    with held:
        assert place.port > 0
        with listener(place, shared=True) as first, listener(place, shared=True) as second:
            first.listen()
            second.listen()
            with socket.create_connection((place.host, place.port), 5):
                pass
            with pytest.raises(OSError):
                reserve(place)
            with pytest.raises(OSError):
                listener(place, shared=False)


def test_nobody_answers_on_a_port_that_is_only_reserved() -> None:
    held, place = reserve(resolve("127.0.0.1:0"))
    with held, pytest.raises(ConnectionRefusedError):
        socket.create_connection((place.host, place.port), 5)
