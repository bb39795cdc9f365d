"""Listening addresses: one port shared by all workers through SO_REUSEPORT, each with an accept queue of its own."""

import socket

import msgspec


class Place(msgspec.Struct, frozen=True):
    """A resolved address to bind: the family as a number, a numeric host, a port (0: any free one)."""

    family: int
    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if self.family == socket.AF_INET6 else f"{self.host}:{self.port}"


def resolve(address: str) -> Place:
    """``HOST:PORT`` or ``[V6]:PORT`` as a place. Raises ValueError, or OSError where the name is unknown."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"{address!r} is no HOST:PORT")
    found = socket.getaddrinfo(host.strip("[]") or None, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, name = found[0]
    return Place(int(family), str(name[0]), int(name[1]))


def reserve(place: Place) -> tuple[socket.socket, Place]:
    """Hold a shared port without listening: it stays ours while workers come and go. With its real port.

    SO_REUSEPORT lets any process of the same user join in, so a second gateway on our port would get half of the calls:
    hence a try without it first, which fails with OSError (EADDRINUSE) if anyone is there.
    """
    with socket.socket(place.family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _bind(probe, place)
    held = socket.socket(place.family, socket.SOCK_STREAM)
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        _bind(held, place)
    except OSError:
        held.close()
        raise
    return held, msgspec.structs.replace(place, port=held.getsockname()[1])


def listener(place: Place, *, shared: bool) -> socket.socket:
    """A bound socket, not yet listening (the server that gets it calls ``listen``). Raises OSError."""
    bound = socket.socket(place.family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        _bind(bound, place)
    except OSError:
        bound.close()
        raise
    bound.setblocking(False)
    return bound


def _bind(sock: socket.socket, place: Place) -> None:
    if place.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.bind((place.host, place.port))
