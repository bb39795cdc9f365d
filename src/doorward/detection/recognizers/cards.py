"""Payment card numbers: an issuer's range, its length and Luhn's check digit (ISO/IEC 7812-1)."""

from functools import lru_cache
from typing import Final

# (first, last leading digits; lengths). From the schemes' public documents.
_RANGES: Final[tuple[tuple[str, str, frozenset[int]], ...]] = tuple(
    (first, last, frozenset(lengths))
    for first, last, lengths in (
        ("4", "4", (13, 16, 18, 19)),  # Visa
        ("51", "55", (16,)),  # Mastercard
        ("2221", "2720", (16,)),
        ("34", "34", (15,)),  # American Express
        ("37", "37", (15,)),
        ("6011", "6011", (16, 17, 18, 19)),  # Discover
        ("644", "649", (16, 17, 18, 19)),
        ("65", "65", (16, 17, 18, 19)),  # also RuPay, Elo
        ("300", "305", (14, 16, 17, 18, 19)),  # Diners Club
        ("3095", "3095", (14, 16, 17, 18, 19)),
        ("36", "36", (14, 15, 16, 17, 18, 19)),
        ("38", "39", (14, 16, 17, 18, 19)),
        ("3528", "3589", (16, 17, 18, 19)),  # JCB
        ("1800", "1800", (15,)),  # JCB, of old
        ("2131", "2131", (15,)),
        ("62", "62", (16, 17, 18, 19)),  # UnionPay
        ("81", "82", (16, 17, 18, 19)),  # UnionPay, RuPay
        ("50", "50", (12, 13, 14, 15, 16, 17, 18, 19)),  # Maestro, Elo, Verve, Dankort, RuPay
        ("56", "58", (12, 13, 14, 15, 16, 17, 18, 19)),  # Maestro
        ("6304", "6304", (12, 13, 14, 15, 16, 17, 18, 19)),
        ("6390", "6390", (12, 13, 14, 15, 16, 17, 18, 19)),
        ("67", "67", (12, 13, 14, 15, 16, 17, 18, 19)),
        ("6060", "6099", (16,)),  # RuPay, Hipercard
        ("636", "639", (16, 17, 18, 19)),  # InterPayment, Elo, Instapayment
        ("2200", "2205", (16, 17, 18, 19)),  # Mir
        ("9792", "9792", (16,)),  # Troy
        ("8600", "8600", (16,)),  # Uzcard
        ("9860", "9860", (16,)),  # Humo
    )
)
_DOUBLED: Final = bytes.maketrans(b"0123456789", b"0246813579")


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of those before it."""
    raw = digits.encode()
    total = sum(raw[-1::-2]) + sum(raw[-2::-2].translate(_DOUBLED))
    return (total - 48 * len(raw)) % 10 == 0


@lru_cache(maxsize=10_000)
def _lengths(first: str) -> frozenset[int]:
    """How long numbers are that begin with these four digits."""
    found: set[int] = set()
    for low, high, lengths in _RANGES:
        if low <= first[: len(low)] <= high:
            found |= lengths
    return frozenset(found)


def issued(digits: str) -> bool:
    """Whether a scheme gives out numbers of this length that begin like this."""
    return len(digits) in _lengths(digits[:4])


def is_card(digits: str) -> bool:
    """Range, length and check digit; "0000 0000 0000 0000" and its like have none of the first."""
    return issued(digits) and luhn(digits)
