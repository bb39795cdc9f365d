"""The trigger pass of names: expressions that fire where something could be found because of what it is called.

They see raw JSON: names of members, also of JSON in strings (``\\"name\\"``), heads of tables, ``name: value`` lines,
elements of markup. A word alone says nothing, most of them are ordinary prose: it must stand where a name stands. What
is in other letters than ASCII, or a number of seven digits, fires by itself (``trigger.HIDING``).

Each expression is a list of words with what may follow any of them, made for an automaton: repeats have no upper bound
wherever one is not needed, as each step of a bound would be a state of its own.
"""

from collections.abc import Iterable
from typing import Final

from doorward.detection import keywords as k

# How a name may go on after its word: more of the word, or a further word.
_REST: Final = r"[A-Za-z0-9_.-]*(?:[ '/#&(]+[A-Za-z0-9_.-]+)?\)?"
_SPACE: Final = r"(?:[ \t\r\n*_]|\\+[nrt])*"
_QUOTE: Final = r"\\*[\"'`]"
_ALONE: Final = r"(?:^|[^A-Za-z]|\\[nrt])"
# Between a name and its value.
_IS: Final = rf"(?:{_QUOTE})?{_SPACE}(?:[:=]>?|->){_SPACE}(?:- *)?(?:{_QUOTE})?"
# After the head of a column: plain, or in quotes, when no member name ends there.
_CELL: Final = (
    r"(?: *(?:[|\t;]|\\+t|,[A-Za-z_0-9\\]|<\\*/)|"
    r"[\"'`] *(?:[|\t;]|\\+t)|"
    r"\\+\" *(?:[|;]|\\+t|, *\\+\"[^\"\\]*\\+\" *(?:,|\]|\\+[nr])))"
)
# The last head of all, and what is before it.
_BEFORE: Final = r"(?:[|\t;]|\\+t|,(?:\\*\")?) ?[A-Za-z0-9_]*[ _]?"
_LAST: Final = rf"(?:{_QUOTE})? *(?:\\+[nr]|[\r\n])"
# Before the names of columns in JSON: ``"columns": ["id", …``, or the first of several rows.
_HEADS: Final = (
    r"(?:\"(?:col(?:umn)?s|column_?names|head(?:er)?s?|field_?names|fields|names|keys|schema|spalten|felder|columnas|"
    r"campos|colonnes?|champs|campi|kolumny|kolommen)\\*\"\s*:\s*\[|\[\s*\[)[^\[\]]*"
)
_SHORT: Final = 4
"""Letters of a word that must stand alone in a name, as so few are part of many others."""


_GLUED: Final = f"(?i:{'|'.join(sorted(k.NAME))}|num|no|nr|date)"
"""What is written behind such a word without a break: "custname"."""


def _other(*words: str) -> str:
    """What begins none of these words (in quotes), as an expression."""
    ways: dict[str, set[str]] = {}
    for word in words:
        for at in range(len(word)):
            ways.setdefault(word[:at], set()).add(word[at])
        ways.setdefault(word, set()).add('"')
    return "(?:" + "|".join(f"{begun}[^{''.join(sorted(next_))}]" for begun, next_ in ways.items()) + ")"


# Fields of a schema or form have values in few members. (Only the order that everybody writes is quiet.)
_VALUED: Final = "|".join(
    sorted((*k.FILLER, "default", "examples?", "const", "enum", "values?", "placeholder", "name"))
)
_OBJECT: Final = (
    rf"(?:\[|\{{\s*(?:\\+[nrt]\s*)*(?:\\*\"(?:{_other('type', 'description', 'title')}|"
    rf"type\\*\"\s*:\s*(?:[^\"\\\s]|\\*\"{_other('string', 'integer', 'number', 'boolean', 'array', 'object')})|"
    rf"[^\"{{}}]*\"[^{{}}]*\"(?:{_VALUED})\\*\"\s*:)))"
)


def _words(words: Iterable[str]) -> str:
    """Any of the words as they occur in names; those that contain another are left out."""
    chosen = sorted({word for word in words if word.isascii()}, key=lambda word: (len(word), word))
    long: list[str] = []
    for word in chosen:
        if len(word) > _SHORT and not any(part in word for part in long):
            long.append(word)
    short = [word for word in chosen if len(word) <= _SHORT]
    if not short:
        return f"(?i:{'|'.join(long)}){_REST}"
    humps = "|".join(word.capitalize() for word in short)
    ends = [word for word in short if len(word) == _SHORT]
    # What is glued here may be set apart there: "first_name", "First Name", "E-Mail".
    alone = rf"(?:{_ALONE}(?i:{'|'.join(short)})|[a-z](?:{humps}))(?:(?:[0-9_.' (-]|[A-Z]|{_GLUED}){_REST})?"
    glued = f"|[A-Za-z](?i:{'|'.join(ends)})" if ends else ""
    return f"(?:(?i:{'|'.join(long)}){_REST}|{alone}{glued})"


def _fires(words: str, value: str) -> tuple[str, ...]:
    """Member, label or element with a value that begins like ``value``; or the head of a column."""
    return (
        f"{words}(?:{_IS}(?:{_OBJECT}|{value})|>|{_CELL})",
        f"(?:{_BEFORE}{words}{_LAST}|{_HEADS}{words}{_QUOTE})",
    )


_APART: Final = r"[_ .-]?"


def _list(words: Iterable[str]) -> str:
    return f"(?:{'|'.join(sorted(words))})"


_WHO: Final = (
    f"(?:{_words(k.GIVEN | k.SURNAME | k.FULLNAME | k.ROLE | k.WEAK_ROLE | {'fn', 'ln'})}|"
    # "first name", "name on card", "created_by"
    rf"(?i:{_list(k.NAME_PART | k.CARD_WORD)}{_APART}{_list(k.NAME)}|name.{{1,4}}on.{{1,4}}card|"
    rf"{_list(k.DONE)}{_APART}(?:by|to)){_REST})"
)
_WHERE: Final = _words(k.STREET | k.POSTCODE)
_BIRTH: Final = _words(
    k.BIRTH | {"birth", "born", "nacimiento", "nascita", "naissance", "geburt", "urodzenia", "gebdat"}
)
_NUMBER_WORDS: Final = (
    (k.ACCOUNT | k.ACCOUNT_WORD | k.PASSPORT | k.LICENSE | k.NATIONAL.keys() | k.NATIONAL_GENERIC | k.PHONE | k.CARD)
    | {"member", "policy", "licen", "driver", "driving", "identi", "steuer", "codice", "medical", "passport"}
    | {"pan", "card", "tax", "dl", "dln", "sin"}
)
_NUMBERS: Final = _words(_NUMBER_WORDS)
_NAMED: Final = _words(k.NAME | k.SEARCH | {"nomb"})
# Two capitalised words or more; "Jan van der Berg".
_TWO: Final = r"[A-Z][A-Za-z'.-]*,? (?:[a-z'.]+ )*[A-Z]"

# Two automata: in one, what either is waiting for would be states for every combination.
PERSONAL: Final[tuple[str, ...]] = (
    "|".join(
        (
            *_fires(_WHO, "[A-Za-z]"),
            *_fires(f"(?:{_WHERE}|{_BIRTH})", "[A-Za-z0-9]"),
            # A name of somebody or something.
            rf"{_NAMED}(?:{_IS}(?:[\[{{]{_SPACE}(?:{_QUOTE}[A-Za-z_]+{_IS})?(?:{_QUOTE})?)?{_TWO}|>{_SPACE}{_TWO}|{_CELL})",
            rf"(?:{_BEFORE}{_NAMED}{_LAST}|{_HEADS}{_NAMED}{_QUOTE})",
        )
    ),
    "|".join(
        (
            *_fires(_NUMBERS, "[A-Za-z]{0,4}[ -]?[0-9]"),
            # A word for a number, and the number, in prose; six words between are the most.
            rf"{_NUMBERS}(?:[^A-Za-z0-9{{}}\"]+[A-Za-z]+){{0,6}}[^A-Za-z{{}}\"]*[0-9]{{2}}",
            # And behind one. Seven digits fire by themselves: this is for codes with letters.
            r"(?i:passport|pasaporte|reisepass|passeport|paspoort|paszport|passaport|licen[cs]e (?:no|num)|"
            r"driv[a-z']+ licen)",
        )
    ),
)
"""For personal data."""
