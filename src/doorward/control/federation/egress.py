"""Which addresses a fetched URL may reach (docs/issuers.md, "What Doorward fetches").

Pure: addresses in, a judgement out. ``fetch.py`` asks for every address that a name resolves to, and connects only to
one that was judged.
"""

from collections.abc import Iterable
from enum import IntEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Reach(IntEnum):
    """What it takes to reach an address, the strictest last."""

    PUBLIC = 1  # nothing
    PRIVATE = 2  # the operator wrote the host, or its network into egress.allow
    LOOPBACK = 3  # the operator wrote the host
    NEVER = 4


# Link-local and what clouds answer with credentials on; also what is no single machine's address (RFC 6890).
_NEVER = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # "this host": Linux connects it to loopback
        "169.254.0.0/16",  # link-local: AWS, GCP, Azure, OpenStack, Tencent metadata; AWS task credentials
        "100.100.100.200/32",  # Alibaba Cloud metadata, inside the CGNAT block
        "168.63.129.16/32",  # Azure's platform address, inside a public block
        "192.0.0.192/32",  # Oracle Cloud metadata
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "fe80::/10",
        "fec0::/10",  # site-local, deprecated (RFC 3879)
        "ff00::/8",
        "fd00:ec2::/32",  # AWS: metadata, DNS and time on Nitro
        "fd20:ce::254/128",  # GCP metadata
        "fd00:42::42/128",  # Scaleway metadata
        "64:ff9b:1::/48",  # local-use NAT64 (RFC 8215): where the IPv4 address stands in it is the network's secret
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052 §2.1
_COMPATIBLE = IPv6Network("::/96")  # RFC 4291 §2.5.5.1, deprecated
_TRANSLATED = IPv6Network("::ffff:0:0:0/96")  # RFC 2765 §2.1: stateless translation
_ISATAP = 0x5EFE  # RFC 5214 §6.1: in the interface identifier, before the IPv4 address that the tunnel leads to
_UNIVERSAL = 0x02000000


def reach(address: Address) -> Reach:
    """What it takes to reach ``address``; an IPv4 address inside an IPv6 one counts with it, whatever the spelling."""
    return max(_own(one) for one in (address, *embedded(address)))


def embedded(address: Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses that a packet to an IPv6 one may end at: mapped, compatible, translated, NAT64, 6to4, Teredo,
    ISATAP.
    """
    if isinstance(address, IPv4Address):
        return ()
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    compatible = address in _COMPATIBLE and int(address) > 1  # ::1 is loopback, :: is refused anyway
    tunnelled = int(address) >> 32 & 0xFFFFFFFF & ~_UNIVERSAL == _ISATAP
    if compatible or tunnelled or address in _NAT64 or address in _TRANSLATED:
        found.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return tuple(one for one in found if one is not None)


def permitted(addresses: Iterable[str], *, written: bool, allow: Iterable[Network]) -> bool:
    """Whether every one of ``addresses`` may be reached, and there is at least one.

    ``written``: the operator wrote the host into the configuration. ``allow``: ``egress.allow``; it opens private
    networks alone, so that ``0.0.0.0/0`` does not open loopback.
    """
    networks = tuple(allow)
    judged = [_may(text, written, networks) for text in addresses]
    return bool(judged) and all(judged)


def _may(text: str, written: bool, allow: tuple[Network, ...]) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return False  # a scope names a link
    needed = reach(address)
    if needed is Reach.PUBLIC:
        return True
    if needed is Reach.PRIVATE:
        return written or any(address in network for network in allow)
    return needed is Reach.LOOPBACK and written


def _own(address: Address) -> Reach:
    if any(address in network for network in _NEVER):
        return Reach.NEVER
    if address.is_loopback:
        return Reach.LOOPBACK
    if isinstance(address, IPv6Address) and (address.ipv4_mapped is not None or address in _NAT64):
        return Reach.PUBLIC  # a spelling of an IPv4 address, which is judged beside it
    return Reach.PUBLIC if address.is_global else Reach.PRIVATE
