"""Secrets told by their shape."""

import re

from hypothesis import given
from hypothesis import strategies as st

from doorward.detection.secrets import shapes, values

# A cookie and its value as one expression, which is tried at every character: what ``shapes.cookie`` must agree with.
_COOKIE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z\-]{1,64})=\"?([A-Za-z0-9%+/=_.:~!|\-]{1,2048}+)")


def _one_by_one(string: str, at: int) -> shapes.Hit | None:
    for match in _COOKIE.finditer(string, at, at + shapes._LONGEST_COOKIE):
        if "\n" in string[at : match.start()]:
            return None
        value = match[2]
        known = shapes._SESSION.search(match[1]) is not None and shapes._COOKIE_NO.search(match[1]) is None
        if known and len(value) >= 16 and not values.stands_for(value) and values.random(value.replace("%", ""), 16):
            return shapes.Hit(match.start(2), match.end(2), 0.7, "cookie")
    return None


_PARTS = st.sampled_from(
    (
        "sid", "session", "theme", "=", "==", '="', "; ", " ", "\n", "ü", "(", "x" * 63, "a_b" * 30, "%41", "dark",
        "k3J9xQ2mZ7pL4vT8wR1y", "Zq8" * 9, "m4Xw9Kp2Ht7Yb3Nc6Vd1" * 3, "y" * 3000,
    )
)  # fmt: skip


@given(parts=st.lists(_PARTS, max_size=30), at=st.integers(0, 40))
def test_a_cookie_is_found_from_its_equals_sign_as_by_one_expression(parts: list[str], at: int) -> None:
    string = "".join(parts)
    assert shapes.cookie(string, at) == _one_by_one(string, at)


def test_a_cookie_may_have_a_name_of_64_characters_and_stand_behind_others() -> None:
    value = "k3J9xQ2mZ7pL4vT8wR1y"
    name = "session".rjust(70, "a")
    hit = shapes.cookie(f" theme=dark; {name}={value}; x=1", 0)
    assert hit is not None
    assert (hit.start, hit.kind) == (14 + 70, "cookie")
    assert shapes.cookie(f" theme=dark\n sid={value}", 0) is None


def test_what_a_password_is_called_stands_for_one() -> None:
    assert all(values.stands_for(label) for label in ("Passwort", "Contraseña", "hasło", "Пароль"))
