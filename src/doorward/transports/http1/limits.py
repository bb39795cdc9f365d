"""The bounds of the HTTP edge: sizes in bytes, times in seconds."""

import msgspec

KIB = 1024
MIB = 1024 * KIB


class ServerLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one listener grants its clients."""

    target_bytes: int = 8 * KIB
    head_bytes: int = 32 * KIB  # request line and headers together
    head_count: int = 100
    body_bytes: int = 4 * MIB
    chunk_overhead: int = 16 * KIB  # chunk extensions and trailers of one body together
    read_ahead: int = 64 * KIB  # pipelined bytes kept while a handler works
    # Held by all connections together: of requests, and as many of answers. Of those of requests by one address half.
    buffered_bytes: int = 256 * MIB
    write_buffer: int = 64 * KIB  # high-water mark of one connection's answers

    connections: int = 2048
    connections_per_address: int = 256

    head_timeout: float = 10.0  # for the whole head, and for the TLS handshake
    body_timeout: float = 30.0  # without progress
    body_total: float = 600.0  # for a whole body, however steadily it comes
    idle_timeout: float = 75.0  # between requests
    write_stall: float = 30.0  # an answer of which the client takes nothing
    write_total: float = 600.0  # until it has taken what was too much for the buffer, however steadily it does
    linger: float = 2.0  # reading on after a refusal, so that the client can read it (RFC 9112 §9.6)
    retry_after: int = 1
    tick: float = 0.5  # how often timeouts are looked at


class ClientLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one upstream may take of us."""

    head_bytes: int = 32 * KIB
    head_count: int = 100
    max_body: int = 16 * MIB  # of a body read as a whole
    chunk_overhead: int = 16 * KIB  # extensions and trailers, beside 16 bytes for each chunk
    stream_buffer: int = 256 * KIB  # unread bytes of a response after which reading pauses
    interim: int = 8  # 1xx answers before the final one

    connections: int = 1000
    connect: float = 5.0  # DNS, TCP and TLS together
    first_byte: float = 300.0
    idle: float = 300.0  # between two bytes of an answer
    idle_life: float = 3.0  # of a pooled connection, unless the upstream says otherwise
    idle_margin: float = 1.0  # taken off what the upstream says
    idle_life_most: float = 60.0
    tick: float = 0.5
