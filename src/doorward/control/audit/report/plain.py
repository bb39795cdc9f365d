"""Text that others chose, numbers and times, as a page or a terminal may show them."""

import unicodedata

LONGEST = 80
"""Characters of one name."""

_UNSEEN = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"))


def plain(text: str, longest: int = LONGEST) -> str:
    """One line in which nothing is invisible, moves the cursor, or turns the direction of what follows."""
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    if cut.isascii() and cut.isprintable():
        return cut
    return "".join(_escaped(one) if unicodedata.category(one) in _UNSEEN else one for one in cut)


def _escaped(one: str) -> str:
    number = ord(one)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def count(number: int) -> str:
    """With the thousands parted."""
    return f"{number:,}"


def counted(number: int, one: str, many: str = "") -> str:
    """ "1 call", "2 calls", "1,000 refusals"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def share(part: int, whole: int) -> str:
    """In per cent; never 0 % or 100 % of what is more than nothing and less than all."""
    if not whole:
        return "–"
    hundredth = 100 * part / whole
    if 0 < hundredth < 0.1:
        return "< 0.1 %"
    if 99.9 < hundredth < 100:
        return "> 99.9 %"
    return f"{hundredth:.0f} %" if part in (0, whole) else f"{hundredth:.1f} %"


def milliseconds(value: float | None) -> str:
    """Two or three digits that mean something, and the unit."""
    if value is None:
        return "–"
    if value < 1:
        return f"{value:.2f} ms" if value >= 0.1 or value == 0 else f"{value:.2g} ms"
    if value < 10:
        return f"{value:.1f} ms"
    if value < 1000:
        return f"{value:.0f} ms"
    return f"{value / 1000:,.1f} s"


def moment(timestamp: str) -> str:
    """A record's timestamp to the second, without the letters; anything else as it is, made safe."""
    if len(timestamp) == 24 and timestamp[10] == "T" and timestamp.endswith("Z"):
        return plain(f"{timestamp[:10]} {timestamp[11:19]}")
    return plain(timestamp, 24) if timestamp else "–"
