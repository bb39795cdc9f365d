"""Messages of a size for the detectors: clean ones, records, prose, code, and what only looks like something.

Made here from small tables and a seed, so that a cold pass gets other people than the one before. The people and the
numbers are nobody's: cards are the issuers' test prefixes with a right check digit, mail goes to reserved domains.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

FIRST = [
    "Amelia",
    "Bruno",
    "Chidi",
    "Dagmar",
    "Elif",
    "Farah",
    "Goran",
    "Hanna",
    "Ivo",
    "Jamila",
    "Kenji",
    "Laila",
    "Mateo",
    "Nadia",
    "Oscar",
    "Priya",
    "Quentin",
    "Rosa",
    "Stefan",
    "Tamar",
    "Ursula",
    "Viktor",
    "Wanda",
    "Xavier",
    "Yusuf",
    "Zofia",
]
LAST = [
    "Abbott",
    "Bergmann",
    "Castillo",
    "Dubois",
    "Eriksen",
    "Fontana",
    "Gupta",
    "Haddad",
    "Ivanova",
    "Jensen",
    "Kowalski",
    "Lindqvist",
    "Moreau",
    "Nakamura",
    "Okafor",
    "Petrov",
    "Quinn",
    "Rossi",
    "Schmidt",
    "Tanaka",
    "Usman",
    "Vogel",
    "Weber",
    "Yilmaz",
    "Zhang",
]
CITIES = ["Lisbon", "Graz", "Leeds", "Osaka", "Tampa", "Bergen", "Porto", "Lyon", "Gdansk", "Malmo"]
STREETS = ["Mill Lane", "Oak Street", "Harbour Road", "Station Avenue", "High Street", "Park Drive"]
PLAIN = (
    "the cache keeps what was read before and drops the oldest part first\n",
    "open the settings, choose a theme, then press save and wait a moment\n",
    "each step says what it needs and what it leaves behind for the next one\n",
    "a queue that grows is a sign of a slow reader and not of a fast writer\n",
)
CODE = (
    "def close(self) -> None:\n    for item in self._items:\n        item.close()\n",
    "if not found:\n    raise LookupError(f'no entry named {name}')\n",
    "return [value for value in values if value is not None]\n",
    "class Window(Frame):\n    title: str = 'untitled'\n    width: int = 640\n",
)


@dataclass(frozen=True)
class Payload:
    """``make(random)``: a whole ``tools/call`` response of about ``kilobytes``. ``clean``: no trigger may fire."""

    name: str
    kilobytes: int
    make: Callable[[Random], bytes]
    names: bool = False
    clean: bool = False


def message(result: Any) -> bytes:
    """A response with this result."""
    return json.dumps({"jsonrpc": "2.0", "id": 7, "result": result}, ensure_ascii=False, separators=(",", ":")).encode()


def text(string: str) -> bytes:
    return message({"content": [{"type": "text", "text": string}], "isError": False})


def fill(random: Random, kilobytes: int, pieces: Callable[[Random], Iterator[str]]) -> str:
    """Pieces until the size is reached."""
    made: list[str] = []
    size, source = 0, pieces(random)
    while size < kilobytes * 1024:
        made.append(next(source))
        size += len(made[-1])
    return "".join(made)


def mail(random: Random, first: str, last: str) -> str:
    return f"{first.lower()}.{last.lower()}{random.randrange(90)}@example.{random.choice(('com', 'org', 'net'))}"


def phone(random: Random) -> str:
    return f"+1 {random.choice((212, 312, 415, 617))} 555 01{random.randrange(10, 100)}"


def card(random: Random) -> str:
    """Sixteen digits with the check digit of ISO/IEC 7812-1."""
    digits = [4, *(random.randrange(10) for _ in range(14))]
    total = sum(sum(divmod(2 * d, 10)) if at % 2 == 0 else d for at, d in enumerate(digits))
    return "".join(map(str, [*digits, -total % 10]))


def person(random: Random) -> dict[str, Any]:
    """One record of a CRM."""
    first, last = random.choice(FIRST), random.choice(LAST)
    return {
        "id": random.randrange(10**6),
        "name": f"{first} {last}",
        "email": mail(random, first, last),
        "phone": phone(random),
        "address": f"{random.randrange(1, 200)} {random.choice(STREETS)}, {random.choice(CITIES)}",
        "stage": random.choice(("new", "won", "lost")),
        "amount": random.randrange(100, 90000) / 100,
        "updated_at": f"2026-0{random.randrange(1, 10)}-1{random.randrange(10)}T08:1{random.randrange(10)}:00Z",
    }


def rows(random: Random, kilobytes: int) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    size = 0
    while size < kilobytes * 1024:
        made.append(person(random))
        size += len(json.dumps(made[-1]))
    return made


def clean(kilobytes: int) -> Callable[[Random], bytes]:
    return lambda random: text(fill(random, kilobytes, lambda r: iter(lambda: r.choice(PLAIN), "")))


def clean_rows(kilobytes: int) -> Callable[[Random], bytes]:
    def make(random: Random) -> bytes:
        states = [{"state": random.choice(("open", "done")), "steps": 4, "ok": True} for _ in range(kilobytes * 25)]
        return message({"content": [], "structuredContent": {"jobs": states}, "isError": False})

    return make


def own_text() -> list[bytes]:
    """The documentation and the source of this repository in messages of 4 KB: of text that says the same again and
    again an automaton has every state that it needs, of text as it is it has to make them.
    """
    here = Path(__file__).parents[2]
    files = sorted([*here.glob("docs/**/*.md"), *here.glob("src/**/*.py")])
    texts = [file.read_text("utf-8") for file in files]
    return [text(whole[at : at + 4096]) for whole in texts for at in range(0, len(whole), 4096)]


def mixed(random: Random) -> bytes:
    """What tools say in a day: records, prose, code and figures, in turns."""
    prose = fill(random, 3, lambda r: iter(lambda: r.choice(PLAIN), ""))
    code = fill(random, 2, lambda r: iter(lambda: r.choice(CODE), ""))
    log = "".join(
        f"2026-07-1{random.randrange(10)} 10:0{random.randrange(10)}:00 INFO took {random.randrange(900)} ms\n"
        for _ in range(20)
    )
    blocks = [json.dumps(rows(random, 3)), prose, code, log]
    content = [{"type": "text", "text": block} for block in blocks]
    return message({"content": content, "isError": False})


def dense(kilobytes: int) -> Callable[[Random], bytes]:
    """Three findings in a kilobyte of plain text."""

    def pieces(random: Random) -> Iterator[str]:
        while True:
            first, last = random.choice(FIRST), random.choice(LAST)
            for found in (f"mail {mail(random, first, last)}", f"phone {phone(random)}", f"card {card(random)}"):
                yield f"{found}\n" + "".join(random.choice(PLAIN) for _ in range(4))

    return lambda random: text(fill(random, kilobytes, pieces))


def crm_text(kilobytes: int) -> Callable[[Random], bytes]:
    return lambda random: text(json.dumps(rows(random, kilobytes), indent=1))


def crm_structured(kilobytes: int) -> Callable[[Random], bytes]:
    return lambda random: message({"content": [], "structuredContent": {"rows": rows(random, kilobytes)}})


def crm_csv(kilobytes: int) -> Callable[[Random], bytes]:
    def make(random: Random) -> bytes:
        people = rows(random, kilobytes * 2)
        out = io.StringIO()
        table = csv.DictWriter(out, list(people[0]))
        table.writeheader()
        table.writerows(people)
        return text(out.getvalue()[: kilobytes * 1024])

    return make


def prose(kilobytes: int) -> Callable[[Random], bytes]:
    """Sentences with people in them, and no key that says so."""

    def pieces(random: Random) -> Iterator[str]:
        while True:
            who, other = (f"{random.choice(FIRST)} {random.choice(LAST)}" for _ in range(2))
            yield random.choice(
                (
                    f"Yesterday {who} asked whether the contract could wait until {other} is back from the trip. ",
                    f"I spoke with {who} about the delay, and we agreed to meet in {random.choice(CITIES)} on Monday. ",
                    f"Please send the notes to {who}; the rest of the team has read them already. ",
                    "The weather was fine, the room was small, and nobody had brought the printed version. ",
                )
            )

    return lambda random: text(fill(random, kilobytes, pieces))


def contacts(kilobytes: int) -> Callable[[Random], bytes]:
    """A line for each person, as address books are pasted: name, mailbox, phone, street and town."""

    def pieces(random: Random) -> Iterator[str]:
        while True:
            first, last = random.choice(FIRST), random.choice(LAST)
            home = f"{random.randrange(1, 200)} {random.choice(STREETS)}, {random.choice(CITIES)}"
            yield f"{first} {last} <{mail(random, first, last)}>, {phone(random)}; {home}\n"

    return lambda random: text(fill(random, kilobytes, pieces))


def mails(kilobytes: int) -> Callable[[Random], bytes]:
    """A thread of mails with their heads, greetings, signatures and what they quote."""

    def pieces(random: Random) -> Iterator[str]:
        while True:
            first, last = random.choice(FIRST), random.choice(LAST)
            other, name = random.choice(FIRST), random.choice(LAST)
            yield f"From: {first} {last} <{mail(random, first, last)}>\n"
            yield f"To: {other} {name} <{mail(random, other, name)}>\n"
            yield f"Date: Mon, {random.randrange(10, 28)} Nov 2025 10:1{random.randrange(10)}:00 +0100\n"
            yield f"Subject: the notes of {random.choice(CITIES)}\n\nHi {other},\n\n{random.choice(PLAIN)}"
            yield f"I will call you on {phone(random)} tomorrow.\n\nBest regards,\n{first} {last}\n"
            yield f"{random.randrange(1, 200)} {random.choice(STREETS)}, {random.choice(CITIES)}\n\n"
            yield f"> {random.choice(PLAIN)}"

    return lambda random: text(fill(random, kilobytes, pieces))


def telemetry(kilobytes: int) -> Callable[[Random], bytes]:
    """Code and figures: digits everywhere, and nobody's."""

    def pieces(random: Random) -> Iterator[str]:
        while True:
            yield random.choice(CODE)
            yield f"ts={1_700_000_000 + random.randrange(10**7)} span={random.getrandbits(64):016x} "
            yield f"p99={random.random() * 100:.6f} bytes={random.randrange(10**9)} host=node-{random.randrange(99)}\n"

    return lambda random: text(fill(random, kilobytes, pieces))


def near(kilobytes: int) -> Callable[[Random], bytes]:
    """What almost is something, packed: the worst that a reader can be given."""

    def pieces(random: Random) -> Iterator[str]:
        while True:
            digits = f"{random.randrange(10**15, 10**16)}"
            yield f"{digits[:4]} {digits[4:8]} {digits[8:12]} {digits[12:]} "
            yield f"{digits[:3]}-{digits[3:5]}-{digits[5:8]} a@b a.b@c. @@ x@y@z GB{digits[:14]}= +{digits[:11]} "
            yield f"password= token: sk- ghp_ {random.getrandbits(80):020x}== %4{digits[:1]} &#{digits[:2]} "

    return lambda random: text(fill(random, kilobytes, pieces))


PAYLOADS = (
    Payload("clean 1 KB", 1, clean(1), clean=True),
    Payload("clean 10 KB", 10, clean(10), clean=True),
    Payload("clean 100 KB", 100, clean(100), clean=True),
    Payload("clean rows 10 KB", 10, clean_rows(10), clean=True),
    Payload("mixed 10 KB", 10, mixed),
    Payload("three findings a KB, 10 KB", 10, dense(10)),
    Payload("three findings a KB, 100 KB", 100, dense(100)),
    Payload("CRM in text 10 KB", 10, crm_text(10)),
    Payload("CRM structured 10 KB", 10, crm_structured(10)),
    Payload("CRM as CSV 10 KB", 10, crm_csv(10)),
    Payload("CRM in text 100 KB", 100, crm_text(100)),
    Payload("contact list 20 KB", 20, contacts(20)),
    Payload("contact list 100 KB", 100, contacts(100)),
    Payload("mail thread 100 KB", 100, mails(100)),
    Payload("code and telemetry 10 KB", 10, telemetry(10)),
    Payload("code and telemetry 100 KB", 100, telemetry(100)),
    Payload("prose with names 10 KB", 10, prose(10), names=True),
)
NEAR = Payload("near-matches 200 KB", 200, near(200))
