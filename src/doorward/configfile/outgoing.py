"""Addresses that an operator wrote for us to send to: alerts and events alike."""

import ipaddress
from urllib.parse import urlsplit

from doorward.configfile.edge import is_loopback
from doorward.configtypes import Refused, Secret


def address(url: Secret) -> str:
    """The URL of a service, checked. Raises ``Refused``, which never shows it: its path may be a secret."""
    text = url.reveal()
    try:
        parts = urlsplit(text)
        port_is_a_number = parts.port is None or parts.port > 0
    except ValueError:
        raise Refused("the address cannot be read", _REMEDY) from None
    if not parts.hostname or not port_is_a_number or not text.isascii() or any(c <= " " or c == "\x7f" for c in text):
        raise Refused("the address cannot be read", _REMEDY)
    if parts.username is not None or parts.password is not None:
        raise Refused("the address holds a user name", "leave out what stands before @")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise Refused("the address is neither https nor on this machine", _REMEDY)
    return text


def reachable(found: str, *, here: bool) -> bool:
    """Whether what a name was looked up as may be connected to: never link-local (the metadata of clouds), multicast or
    unspecified. ``here``: this machine only.
    """
    at = ipaddress.ip_address(found.partition("%")[0])
    at = getattr(at, "ipv4_mapped", None) or at
    if at.is_link_local or at.is_multicast or at.is_unspecified or str(at) in _METADATA:
        return False
    return at.is_loopback or not here


_REMEDY = "write https://HOST/PATH, or http:// for 127.0.0.1, ::1 or localhost"

# The metadata services of clouds that are not at a link-local address.
_METADATA = frozenset(("fd00:ec2::254", "100.100.100.200", "168.63.129.16"))
