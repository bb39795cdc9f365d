"""What can go wrong towards an upstream.

UpstreamFault
├── ConnectFailed       nobody listens, no such name, refused
├── ConnectTimeout
├── TlsFailed           handshake or certificate
├── PoolFull            as many connections are busy as are allowed
├── FirstByteTimeout    no answer began in time
├── IdleTimeout         an answer began and stopped
├── TotalTimeout        an answer took longer as a whole than its caller grants
├── UpstreamClosed      the connection ended before the answer did
├── UpstreamGarbage     the answer is not valid, or not what we asked for
└── ResponseTooLarge
"""


class UpstreamFault(Exception):
    """A call to an upstream failed; `code` is stable. The text never repeats what the upstream sent."""

    code = "upstream.fault"


class ConnectFailed(UpstreamFault):
    code = "upstream.connect_failed"


class ConnectTimeout(UpstreamFault):
    code = "upstream.connect_timeout"


class TlsFailed(UpstreamFault):
    code = "upstream.tls_failed"


class PoolFull(UpstreamFault):
    code = "upstream.pool_full"


class FirstByteTimeout(UpstreamFault):
    code = "upstream.first_byte_timeout"


class IdleTimeout(UpstreamFault):
    code = "upstream.idle_timeout"


class TotalTimeout(UpstreamFault):
    code = "upstream.total_timeout"


class UpstreamClosed(UpstreamFault):
    code = "upstream.closed"


class UpstreamGarbage(UpstreamFault):
    code = "upstream.garbage"


class ResponseTooLarge(UpstreamFault):
    code = "upstream.too_large"
