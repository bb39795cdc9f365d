"""The tables of look-alikes are one to one in length, and say nothing about Latin letters."""

import unicodedata

from doorward.detection.confusables import DRAWN, LOOKALIKES


def test_look_alikes_are_of_other_scripts_and_stand_for_one_latin_letter() -> None:
    for odd, plain in LOOKALIKES.items():
        assert unicodedata.name(odd).split()[0] in {"CYRILLIC", "GREEK", "ARMENIAN"}, odd
        assert len(odd) == len(plain) == 1
        assert plain.isascii()
        assert plain.isalpha()


def test_drawn_letters_are_small_capitals() -> None:
    for odd, plain in DRAWN.items():
        assert unicodedata.name(odd).endswith(f"SMALL CAPITAL {plain}")
