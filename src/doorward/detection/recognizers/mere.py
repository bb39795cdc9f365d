"""Values that are nothing but what they are: counts, measures, ids, points in time, where no name speaks for anything
else.

Arrays and columns of them are common and long, and no recogniser finds anything in them; so that is told without asking
any.
"""

import re
from typing import Final

from doorward.detection.keys import Key, is_account_id
from doorward.detection.recognizers import phones
from doorward.detection.recognizers.cards import is_card

# Of digits in a row where nothing speaks for a number: up to ten there is no form that counts, or is a guess, by
# itself (``numbers.Rule.plain``), of these many only that of cards, of more none. A telephone number needs a word, an
# account's a letter. Eleven and fifteen have rules of their own (PESEL, CPF, NIR).
_FEW: Final = 10
_OF_CARDS: Final = frozenset((12, 13, 14, 16, 17, 18, 19))
_MANY: Final = range(20, 256)
# A UUID of letters alone could be taken for a name with hyphens.
_PLAIN: Final = re.compile(
    r"-[0-9]{1,10}|-?[0-9]{1,30}\.[0-9]{1,30}(?:[eE][+-]?[0-9]{1,3})?"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
    r"|(?=[a-fA-F-]*[0-9])[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
)


def is_mere(string: str) -> bool:
    """Whether ``string`` is a number, a point in time or a UUID of which there are no candidates under any key that is
    mute.
    """
    if string.isdigit():
        size = len(string)
        if size <= _FEW:
            return string.isascii()
        return (size in _MANY or (size in _OF_CARDS and not is_card(string))) and string.isascii()
    return _PLAIN.fullmatch(string) is not None


def is_mute(key: Key) -> bool:
    """Whether ``key`` speaks for nothing, so that a number under it is told by its form alone."""
    return not (key.entity or key.hints or is_account_id(key) or phones.is_reached(key))
