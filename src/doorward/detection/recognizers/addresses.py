"""IP addresses, where they are asked for: most traffic is full of addresses of machines, which are nobody's."""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

from doorward.detection.recognizers.look import Candidate, Look

ENTITY: Final = "IP_ADDRESS"
_IPV4: Final = re.compile(r"(?<![\w.-])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![\w]|\.[0-9]|-[0-9])")
_IPV6: Final = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f.]{0,15}(?![\w:])")


def find(look: Look, out: list[Candidate]) -> None:
    """All addresses; versions of four numbers look the same, so the word right before may speak against."""
    string = look.string
    for match in _IPV4.finditer(string):
        try:
            IPv4Address(match[0])
        except AddressValueError:
            continue
        start, end = match.span()
        if look.level(ENTITY, start, end):
            out.append(Candidate(start, end, ENTITY, 0.95, "ipv4+context"))
        elif not look.quiet and not look.numbers_thing(start):
            out.append(Candidate(start, end, ENTITY, 0.6, "ipv4"))
    if string.count(":") < 2:
        return
    for match in _IPV6.finditer(string):
        text = match[0].rstrip(".")
        if len(text) < 6 or not any(c.isdigit() for c in text):
            continue
        try:
            IPv6Address(text)
        except AddressValueError:
            continue
        start = match.start()
        end = start + len(text)
        score = 0.95 if look.level(ENTITY, start, end) else 0.85
        out.append(Candidate(start, end, ENTITY, score, "ipv6"))
