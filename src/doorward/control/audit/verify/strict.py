"""JSON that can be read in one way only: a verifier that takes what another reader takes differently can be fooled."""

import json
from typing import Any, NoReturn, TypeGuard


class Unclear(ValueError):
    """What a text is not, in a few words."""


def strict(text: bytes) -> dict[str, Any]:
    """The object in ``text``: UTF-8, no member twice at any depth, no NaN. Raises ``Unclear``."""
    try:
        value = _decode(text.decode("utf-8"))
    except Unclear:
        raise
    except UnicodeDecodeError:
        raise Unclear("it is not UTF-8") from None
    except RecursionError:
        raise Unclear("it is nested too deeply") from None
    except ValueError:
        raise Unclear("it is not JSON") from None
    if not isinstance(value, dict):
        raise Unclear("it is not a JSON object")
    return value


def is_count(value: object) -> TypeGuard[int]:
    """Whether a value can be a number of records, or of bytes: not below 0, and of no more digits than anybody needs
    (a number of thousands of them is slow, and fills the answer).
    """
    return type(value) is int and 0 <= value < 10**18


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Unclear("a member occurs twice")
    return made


def _no_number(name: str) -> NoReturn:
    raise Unclear(f"{name} is not a number of JSON")


_decode = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_number).decode
