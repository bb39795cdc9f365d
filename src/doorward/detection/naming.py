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
from doorward.detection import languages

# How a name may go on after its word: more of the word, or a further word.
_REST: Final = r"[A-Za-z0-9_.-]*(?:[ '/#&(]+[A-Za-z0-9_.-]+)?[)?]?"
# "Titular de la cuenta", "Apellidos y nombre"
_OF: Final = r"(?i:(?: (?:d[aeiou]|d[aeo]s|del|della|of|l[aeo]s?|el|y|et?|och|und))+ [A-Za-z]+)?"
_SPACE: Final = r"(?:[ \t\r\n*_]|\\+[nrt])*"
_QUOTE: Final = r"\\*[\"'`]"
_ALONE: Final = r"(?:^|[^A-Za-z]|\\[nrt])"
# Between a name and its value.
_IS: Final = rf"(?:{_QUOTE})?{_SPACE}(?:[:=]>?|->){_SPACE}(?:- *)?(?:{_QUOTE})?"
# After the head of a column: plain, or in quotes, when no member name ends there.
_CELL: Final = (
    r"(?: *(?:[|\t;]|\\+t|,[A-Za-z_0-9\\]|<\\*/)|"
    r"[\"'`] *(?:[|\t;]|\\+t)|"
    r"\\+\" *(?:[|;]|\\+t|, *\\+\"[^\"\\]*\\+\" *(?:,|\]|\\+[nr]))|"
    # Further heads, two spaces apart.
    r" {2,}[A-Za-z][A-Za-z0-9_.-]*(?: [A-Za-z0-9_.-]+)?(?: {2}|\\+[nr]|[\r\n])|"
    # A pair: ["surname", "Lee"]
    rf"\\*\"{_SPACE},{_SPACE}\\*\"[A-Z][^\"\\]*\\*\"{_SPACE}\])"
)
# The last head of all, and what is before it.
_BEFORE: Final = r"(?:[|\t;]|\\+t|  |,(?:\\*\")?) ?[A-Za-z0-9_]*[ _]?"
_LAST: Final = rf"(?:{_QUOTE})? *(?:\\+[nr]|[\r\n])"
# Before the names of columns in JSON: ``"columns": ["id", …``, or the first of several rows.
_HEADS: Final = (
    r"(?:\"(?:col(?:umn)?s|column_?names|head(?:er)?s?|field_?names|fields|names|keys|schema|spalten|felder|columnas|"
    r"campos|colonnes?|champs|campi|kolumny|kolommen|meta(?:[dD]ata)?|"
    r"column_?(?:[mM]etadata|[iI]nfo)|row_?[tT]ype|field_?[lL]ist|headings|header_?[rR]ow)\\*\"\s*:\s*\[|\[\s*\[)[^\[\]]*"
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
    rf"(?:\[|\{{\s*(?:\\+[nrt]\s*)*(?:'|\\*\"(?:{_other('type', 'description', 'title')}|"
    rf"type\\*\"\s*:\s*(?:[^\"\\\s]|\\*\"{_other('string', 'integer', 'number', 'boolean', 'array', 'object')})|"
    rf"[^\"{{}}]*\"[^{{}}]*\"(?:{_VALUED})\\*\"\s*:)))"
)


def _words(words: Iterable[str]) -> str:
    """Any of the words as they occur in names."""
    return f"(?:{_long(words)}|{_short(words)})"


def _long(words: Iterable[str]) -> str:
    """The long words; those that contain another are left out."""
    long: list[str] = []
    for word in _sorted(words):
        if len(word) > _SHORT and not any(part in word for part in long):
            long.append(word)
    return f"(?i:{'|'.join(long)}){_REST}"


def _short(words: Iterable[str]) -> str:
    """The short ones, which stand alone or where a further word of a name begins."""
    short = [word for word in _sorted(words) if len(word) <= _SHORT]
    humps = "|".join(word.capitalize() for word in short)
    ends = [word for word in short if len(word) == _SHORT]
    # What is glued here may be set apart there: "first_name", "First Name", "E-Mail".
    alone = rf"(?:{_ALONE}(?i:{'|'.join(short)})|[a-z](?:{humps}))(?:(?:[0-9_.' (?-]|[A-Z]|{_GLUED}){_REST})?"
    glued = f"|[A-Za-z](?i:{'|'.join(ends)})" if ends else ""
    return f"(?:{alone}{glued})"


def _sorted(words: Iterable[str]) -> list[str]:
    return sorted({word for word in words if word.isascii()}, key=lambda word: (len(word), word))


def _named(words: str, value: str) -> str:
    """Member, label or element with a value that begins like ``value``; or the head of a column."""
    return f"{words}(?:{_IS}(?:{_OBJECT}|{value})|>|{_CELL})"


def _heads(words: str) -> str:
    """The last head of all, or one of those that a list of heads names."""
    return f"(?:{_BEFORE}{words}{_LAST}|{_HEADS}{words}{_QUOTE})"


_APART: Final = r"[_ .-]?"


def _list(words: Iterable[str]) -> str:
    return f"(?:{'|'.join(sorted(words))})"


def _apart(names: Iterable[str]) -> str:
    """Names of two words and more that are in the tables without the breaks between them: "nombre de pila"."""
    found: set[str] = set()
    for name in names:
        for word in k.NAME:
            rest = name.removeprefix(word)
            if len(word) > 2 and len(rest) > 1 and rest != name:
                of = next((of for of in ("de", "di", "y", "e", "et") if rest.startswith(of) and len(rest) > 4), "")
                found.add(f"{word}{_APART}{of}{_APART if of else ''}{rest[len(of) :]}")
            rest = name.removesuffix(word)
            if len(word) > 2 and len(rest) > 1 and rest != name:
                found.add(f"{rest}{_APART}{word}")
    return "|".join(sorted(found))


_WHO_WORDS: Final = (k.GIVEN | k.SURNAME | k.FULLNAME | k.ROLE | k.WEAK_ROLE | k.ROLL | k.TALLY) | {
    "fn",
    "ln",
    *languages.WHOLE_PERSON.split(),
}
# "first name", "name on card", "created_by"
_WHO_APART: Final = (
    rf"(?i:{_apart(k.GIVEN | k.SURNAME | k.FULLNAME)}|(?:preferred|goes|known){_APART}(?:first|by|as)|"
    rf"(?:enviar|entregar|pagar|vender|faturar){_APART}(?:a|para)|zu{_APART}haenden|z{_APART}hd|"
    rf"{_list(k.NAME_PART | k.CARD_WORD)}{_APART}{_list(k.NAME)}|{_list(k.NAME)}{_APART}{_list(k.NAME_PART)}|"
    rf"name.{{1,4}}on.{{1,4}}card|"
    rf"ho{_APART}(?:va{_APART})?ten|xing{_APART}ming|"
    rf"{_list(k.DONE)}{_APART}(?:by|to)|{_list(k.DONE_BY)}{_APART}by){_REST}{_OF}"
)
_WHO_LONG: Final = f"{_long(_WHO_WORDS)}{_OF}"
_WHO_SHORT: Final = f"{_short(_WHO_WORDS)}{_OF}"
_WHERE_WORDS: Final = k.STREET | k.POSTCODE
_WHERE_APART: Final = f"(?i:dia[_ -]chi){_REST}{_OF}"
_BIRTH_WORDS: Final = (
    k.BIRTH
    | {"birth", "born", "nacimiento", "nascita", "naissance", "geburt", "urodzenia", "gebdat"}
    | {"lahir", "sinh", "rozhdeniya", "rodenja", "rodjenja", "rojstva", "naixement", "tithi", "chusheng"}
)
_WHERE_LONG: Final = f"(?:{_long(_WHERE_WORDS)}{_OF}|{_long(_BIRTH_WORDS)})"
_WHERE_SHORT: Final = f"(?:{_short(_WHERE_WORDS)}{_OF}|{_short(_BIRTH_WORDS)})"
# Short for a street, and a type in code: "title: str = 'untitled'". Behind a colon and a space no line begins with it,
# so that it can only name what is quoted there; which is no address, in small letters and without a digit.
_TYPE: Final = "str"
_WHERE_NAMED: Final = (
    rf"(?:{_short(_WHERE_WORDS - {_TYPE})}|(?:(?:^|[^A-Za-z: ]|(?:^|[^:]) |\\[nrt])(?i:{_TYPE})|"
    rf"[a-z]{_TYPE.capitalize()})(?:(?:[0-9_.' (?-]|[A-Z]|{_GLUED}){_REST})?){_OF}|{_short(_BIRTH_WORDS)}"
)
_MORE: Final = rf"(?:[0-9_.'(?-]|[A-Z]|{_GLUED}| +[A-Za-z0-9_.'/#&(?)-]){_REST}{_OF}"  # of such a name
_ASSIGNED: Final = (
    rf"(?:(?:{_QUOTE})?(?:{_OBJECT}|[A-Z0-9])|[a-z]|\\*`[a-z]|\\*'[a-z][^'\\]*[0-9\\]|"
    r"\\*\"[a-z][^\"\\]*(?:[0-9]|\\+[^\"\\]))"
)
_TYPED: Final = (
    rf": (?i:{_TYPE})(?:{_named(_MORE, '[A-Za-z0-9]')}|"
    rf"(?:{_QUOTE})?{_SPACE}(?:[:=]>?|->){_SPACE}(?:- *)?{_ASSIGNED}|>|{_CELL})"
)
_NUMBER_WORDS: Final = (
    (k.ACCOUNT | k.ACCOUNT_WORD | k.PASSPORT | k.LICENSE | k.NATIONAL.keys() | k.NATIONAL_GENERIC | k.PHONE | k.CARD)
    | {"member", "policy", "licen", "driver", "driving", "identi", "steuer", "codice", "medical", "passport"}
    | {"pan", "card", "tax", "dl", "dln", "sin"}
)
_NUMBERS: Final = (
    rf"(?:{_words(_NUMBER_WORDS)}|(?i:(?:customer|client|kunden?|klant|cliente|ice|emergency){_APART}"
    rf"(?:no|nr|num|number|nummer)){_REST})"
)
_NAME: Final = _words(k.NAME | k.SEARCH | {"nomb"})
# Two capitalised words or more; "Jan van der Berg".
_TWO: Final = r"[A-Z][A-Za-z'.-]*,? (?:[a-z'.]+ )*[A-Z]"

# What is called a name has parts inside, which only there are somebody's: {"name": {"first": "Ann"}}
_PART: Final = rf"(?i:{_list(k.NAME_PART)})[A-Za-z0-9_ .'-]*(?:{_QUOTE})?{_SPACE}(?:[:=]|->)"
_PARTS: Final = (
    rf"(?:{_IS}(?:\{{[^{{}}]*|\[[^\[\]]*)[^A-Za-z]{_PART}|"
    # Below it in lines, after others that stand below it.
    rf"[ \t*_]*[:=][ \t*_]*(?:\\+[nr]|[\r\n])(?:[ \t]+[^\\\r\n\"]*(?:\\+[nr]|[\r\n]))*[ \t]*(?:[-*] )?[*_]*{_PART}|"
    rf"><(?i:{_list(k.NAME_PART)})[A-Za-z_-]*>)"
)

# Several automata: in one, what each is waiting for would be states for every combination, more than memory is given
# to, so that they would be made anew for every message. Words that are short, or in every message ("name"), are asked
# for always, along with the shapes; the long ones are met seldom enough to be spotted first (trigger.py).
PERSONAL: Final[tuple[str, ...]] = (
    "|".join(
        (
            _named(_WHO_SHORT, "[A-Za-z]"),
            _heads(_WHO_SHORT),
            _named(f"(?:{_WHERE_NAMED})", "[A-Za-z0-9]"),
            _TYPED,
            _heads(_WHERE_SHORT),
            # A name of somebody or something.
            rf"{_NAME}(?:{_IS}(?:[\[{{]{_SPACE}(?:{_QUOTE}[A-Za-z_]+{_IS})?(?:{_QUOTE})?)?{_TWO}|>{_SPACE}{_TWO}|{_CELL}|{_PARTS})",
            _heads(_NAME),
        )
    ),
    "|".join((_named(_WHO_LONG, "[A-Za-z]"), _named(_WHERE_LONG, "[A-Za-z0-9]"))),
    "|".join((_heads(_WHO_LONG), _heads(_WHERE_LONG))),
    "|".join(
        (
            _named(_WHO_APART, "[A-Za-z]"),
            _heads(_WHO_APART),
            _named(_WHERE_APART, "[A-Za-z0-9]"),
            _heads(_WHERE_APART),
        )
    ),
    "|".join(
        (
            _named(_NUMBERS, "[A-Za-z]{0,4}[ -]?[0-9]"),
            _heads(_NUMBERS),
            # A word for a number, and the number, in prose; six words between are the most.
            rf"{_NUMBERS}(?:[^A-Za-z0-9{{}}\"]+[A-Za-z]+){{0,6}}[^A-Za-z{{}}\"]*[0-9]{{2}}",
            # And behind one. Seven digits fire by themselves: this is for codes with letters.
            r"(?i:passport|pasaporte|reisepass|passeport|paspoort|paszport|passaport|licen[cs]e (?:no|num)|"
            r"driv[a-z']+ licen)",
        )
    ),
)
"""For personal data."""
