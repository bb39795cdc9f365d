"""vCards (RFC 6350) and calendars (RFC 5545) inside a string: content lines, ``NAME;PARAMETER=…:value``.

A property says by its name what it is, and N and ADR by the order of their components. They get the names that fields
elsewhere have, so that whoever judges a value need not know the format. Folded lines are read as one.
"""

import re
from collections.abc import Callable

from doorward.core.leaf import Leaf, Record
from doorward.detection.offsets import Offsets
from doorward.detection.shape import Draft, Shape, is_plain, part, reread

_STRIDE = 64  # lines between two looks at the clock
_DEEPEST = 32
_BEGIN = re.compile(r"^[ \t]*+BEGIN:V(?:CARD|CALENDAR|EVENT|TODO|JOURNAL|FREEBUSY)[ \t]*+\r?$", re.M)
_END = re.compile(r"^[ \t]*+END:V(?:CARD|CALENDAR|EVENT|TODO|JOURNAL|FREEBUSY)[ \t]*+\r?$", re.M)
_LINE = re.compile(r"([ \t]*+)(?:([\w-]++)\.)?([\w-]++)((?:;(?:[^\":;\r\n]++|\"[^\"\r\n]*+\")*+)*+):")
_PARAMETER = re.compile(r";([\w-]++)?(=?)((?:\"[^\"\r\n]*+\"|[^\":;\r\n]++)*+)")
_MARK = re.compile(r"\r?\n[ \t]|\\([^\r\n])")  # a fold, or an escaped character
_KIND = re.compile(r"V[A-Za-z]{3,12}[ \t]*+")
_SCHEME = re.compile(r"(?i:mailto|tel|sms|xmpp|sip):")

_CALLED = {
    "FN": "full name",
    "EMAIL": "email",
    "TEL": "phone",
    "BDAY": "date of birth",
    "LABEL": "address",
    "ORG": "organization",
    "TITLE": "job title",
    "ROLE": "job title",
    "CONTACT": "contact person",
}
_COMPONENTS = {
    "N": ("family name", "given name", "middle name", "honorific prefix", "honorific suffix"),
    "ADR": ("po box", "address line 2", "street address", "city", "region", "postal code", "country"),
}
# Where an event is: a number and a town behind a comma are an address, unless it is a room, or no place at all.
_ADDRESS = re.compile(r"(?=[^\r\n]*[0-9])[^\r\n,]{3,}+,\s*+(?=[^\r\n]*[^\W\d_])")
_NO_ADDRESS = re.compile(
    r"(?i)://|\b(?:room|floor|hall|building|desk|gate|stage|booth|level|raum|saal|etage|stock|geb[aä]ude|sala|salle|"
    r"aula|piso|piano|[eé]tage|zaal|kamer|zoom|teams|meet|webex|online|call|phone|tel)\b"
)
_PEOPLE = frozenset(("ATTENDEE", "ORGANIZER"))
_SAYING = frozenset(("CN", "LABEL", "EMAIL", "SORT-AS"))  # parameters that are values themselves


def spans(text: str, check: Callable[[], None]) -> list[tuple[int, int]]:
    """Where in ``text`` cards and calendars begin and end; those that follow each other are one."""
    found: list[tuple[int, int]] = []
    behind = 0
    for begin in _BEGIN.finditer(text):
        check()
        if begin.start() < behind:
            continue
        end = behind = begin.end()
        opened = 1
        while opened:
            closing = _END.search(text, behind)
            if closing is None:  # cut off
                end = behind = len(text)
                break
            opened += len(_BEGIN.findall(text, behind, closing.start())) - 1
            end = behind = closing.end()
        if found and not text[found[-1][1] : begin.start()].strip():
            found[-1] = (found[-1][0], end)
        else:
            found.append((begin.start(), end))
    return found


def read(leaf: Leaf, shape: Shape, check: Callable[[], None]) -> Draft:
    """The values of ``leaf.string``, which is cards or calendars and nothing else."""
    return _Lines(leaf, shape, check).read()


class _Lines:
    def __init__(self, leaf: Leaf, shape: Shape, check: Callable[[], None]) -> None:
        self._leaf = leaf
        self._check = check
        self._draft = Draft()
        self._shape = shape
        self._records = [Record(leaf.record)]

    def read(self) -> Draft:
        text = self._leaf.string
        position = count = 0
        while position < len(text):
            if not count % _STRIDE:
                self._check()
            count += 1
            end = text.find("\n", position)
            while end >= 0 and text[end + 1 : end + 2] in (" ", "\t"):
                end = text.find("\n", end + 1)
            end = len(text) if end < 0 else end
            self._line(position, end - text.endswith("\r", position, end))
            position = end + 1
        return self._draft

    def _line(self, begin: int, end: int) -> None:
        text = self._leaf.string
        found = _LINE.match(text, begin, end)
        if found is None:
            if text[begin:end].strip():
                self._draft.add(part(self._leaf, begin, end, self._shape.names, self._records[-1]), self._shape)
            return
        name = found[3].upper()
        if name == "BEGIN" and len(self._records) < _DEEPEST:
            self._records.append(Record(self._records[-1]))
        elif name == "END" and len(self._records) > 1:
            self._records.pop()
        if name in ("BEGIN", "END") and _KIND.fullmatch(text, found.end(), end) is not None:
            return
        for group in (2, 3):
            if found[group] and not _is_plain(found[group]):
                made = part(self._leaf, *found.span(group), self._shape.names, self._records[-1], name=True)
                self._draft.name(made, self._shape)
        place = self._shape.member(_CALLED.get(name, found[3]))
        if name in _PEOPLE:
            self._records.append(Record(self._records[-1]))
        if found[4]:
            self._parameters(*found.span(4), place)
        if name in _COMPONENTS:
            self._components(found.end(), end, _COMPONENTS[name])
        else:
            start = found.end()
            scheme = _SCHEME.match(text, start, end)
            if scheme is not None:
                start = scheme.end()
                if name in _PEOPLE:
                    place = place.member("email")
            if name == "LOCATION" and _ADDRESS.match(text, start, end) and not _NO_ADDRESS.search(text, start, end):
                place = self._shape.member("address")
            self._value(start, end, place)
        if name in _PEOPLE:
            self._records.pop()

    def _parameters(self, begin: int, end: int, place: Shape) -> None:
        """Names of people, and labels of addresses; what else is said of a value says nothing about anybody."""
        for found in _PARAMETER.finditer(self._leaf.string, begin, end):
            name = (found[1] or "").upper()
            start, behind = found.span(3)
            if found[3][:1] == '"' and found[3][-1:] == '"' and behind - start > 1:
                start, behind = start + 1, behind - 1
            if not found[2]:  # "TEL;HOME:", as in vCard 2.1
                self._value(found.start() + 1, behind, place)
            elif name in _SAYING:
                called = {"CN": "full name", "LABEL": "address", "EMAIL": "email"}.get(name, "full name")
                self._value(start, behind, self._shape.member(called))
            else:
                self._value(start if _is_plain(name) else found.start(1), behind, place.member(name))

    def _components(self, begin: int, end: int, names: tuple[str, ...]) -> None:
        """The parts between semicolons, each under the name of its place."""
        text = self._leaf.string
        position, count = begin, 0
        while position <= end:
            stop = position
            while stop < end and text[stop] != ";":
                stop += 2 if text[stop] == "\\" else 1
            stop = min(stop, end)
            self._value(position, stop, self._shape.member(names[min(count, len(names) - 1)]))
            position = stop + 1
            count += 1

    def _value(self, begin: int, end: int, place: Shape) -> None:
        text = self._leaf.string
        piece = text[begin:end]
        if not piece.strip():
            return
        record = self._records[-1]
        if "\\" not in piece and "\n" not in piece:
            self._draft.add(part(self._leaf, begin, end, place.names, record, place.column), place)
            return
        pieces: list[str] = []
        offsets = Offsets()
        position = begin
        for mark in _MARK.finditer(text, begin, end):
            pieces.append(text[position : mark.start()])
            offsets.run(position, mark.start() - position)
            position = mark.end()
            if mark[1] is not None:
                pieces.append("\n" if mark[1] in "nN" else mark[1])
                offsets.run(mark.start(), 1)
        pieces.append(text[position:end])
        offsets.run(position, end - position)
        offsets.run(end, 1)
        self._draft.add(reread(self._leaf, "".join(pieces), offsets, place.names, record, place.column), place)


def _is_plain(name: str) -> bool:
    return is_plain(name.replace("-", "_"))
