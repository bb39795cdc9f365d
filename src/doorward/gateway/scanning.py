"""Runs the detectors of a snapshot over one message.

Most messages end with the trigger pass over their bytes. Of the others a small one is looked through on the spot; a
larger one, or one for a heavy detector, in a thread, so that the loop serves others meanwhile; the largest one at a
time.
"""

import asyncio
import logging
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from time import monotonic, thread_time
from typing import Any

from doorward.core.errors import DetectorFault
from doorward.core.finding import NO_WHOLES, Finding, Text, Wholes, resolve
from doorward.core.leaf import Document, Leaf, release
from doorward.core.looking import ARGUMENTS, RESULTS
from doorward.core.ports import Detector
from doorward.core.scan import holds
from doorward.detection.quiet import Quiet, Reached
from doorward.detection.shape import is_plain
from doorward.detection.trigger import HIDING, Triggers
from doorward.detection.walk import leaves
from doorward.gateway.apart import Apart
from doorward.stages import binary
from doorward.stages.inspect import texts

log = logging.getLogger(__name__)

ON_THE_SPOT = 8 << 10
"""Bytes of a message that is looked through without leaving the loop: a thread costs 0.1 ms and more."""

ONE_AT_A_TIME = 512 << 10
"""Bytes from which messages wait for each other."""

APART = 4 << 20
"""Bytes from which a message is looked through in another process."""

DEEPEST = 200
"""Containers that such a message may nest; the reader has seen to the limit that is configured."""

SWITCH = 0.001
"""Seconds for which a thread that looks through a message keeps the loop waiting (Python's own setting is 5 ms)."""


class Detectors:
    """A ``Scanner`` over a list of detectors. Whatever one raises becomes a ``DetectorFault``: never silently
    unscanned.

    ``base`` seconds plus ``per_kilobyte`` for each KiB of the message is the deadline, at most ``most``. It is counted
    in time that the thread has worked, so that a busy machine does not refuse what it would let pass when it is idle;
    ``most`` holds by the clock, and for heavy detectors, which work elsewhere, all of it. Who is late by its own time
    alone gets that time once more, away from the loop: on a virtual machine it holds what the host took for others.
    ``apart``: a process with the same detectors, for the largest messages; without, they are looked through here.
    """

    __slots__ = ("_apart", "_by_direction", "_large", "_pool", "_triggers", "_wholes", "base", "most", "per_kilobyte")

    def __init__(
        self,
        detectors: Sequence[Detector],
        *,
        apart: Apart | None = None,
        base: float = 0.05,
        per_kilobyte: float = 0.001,
        most: float = 5.0,
    ) -> None:
        self._apart = apart
        self._by_direction = {
            direction: tuple(detector for detector in detectors if direction in detector.directions)
            for direction in (ARGUMENTS, RESULTS)
        }
        self._wholes: dict[tuple[str, str], frozenset[str]] = {}
        for detector in detectors:
            wholes: Wholes = getattr(detector, "wholes", NO_WHOLES)
            for whole, parts in wholes.items():
                self._wholes[whole] = parts | self._wholes.get(whole, frozenset())
        self._triggers: dict[str, Triggers | None] = {}
        self._pool: ThreadPoolExecutor | None = None
        self._large: asyncio.Lock | None = None
        self.base, self.per_kilobyte, self.most = base, per_kilobyte, most

    def load(self) -> None:
        """What would make the first message wait: expressions compiled, models read."""
        for direction, detectors in self._by_direction.items():
            self._trigger(direction)
            for detector in detectors:
                load: Callable[[], None] = getattr(detector, "load", _nothing)
                load()

    def quiet(self, raw: bytes, direction: str) -> bool:
        """Whether there is no detector for this direction, or no trigger of theirs fires."""
        if not self._by_direction[direction]:
            return True
        trigger = self._trigger(direction)
        return trigger is not None and _is_without(raw, direction, trigger.fires)

    def passes(self, raw: bytes, direction: str) -> bool:
        """Whether it is quiet, and holds no binary content either: one look at its bytes for both."""
        trigger = self._triggers.get(direction)
        if trigger is None or not self._by_direction[direction]:
            return self.quiet(raw, direction) and not binary.might_hold(raw)
        return _is_without(raw, direction, trigger.meets)

    async def scan(self, raw: bytes, value: Any, direction: str) -> list[Finding]:
        """All findings in the message ``raw``, read as ``value``, in either direction; none overlap."""
        if self._apart is not None and len(raw) > APART and self._by_direction[direction]:
            return await self._apart.findings(raw, direction, self._seconds(raw), DEEPEST)
        return await self._look(raw, partial(texts, value), direction)

    async def scan_text(self, raw: bytes, found: Sequence[Text], direction: str) -> list[Finding]:
        """The same for a body that is no message, given as texts."""
        return await self._look(raw, lambda: found, direction)

    async def _look(self, raw: bytes, make: Callable[[], Sequence[Text]], direction: str) -> list[Finding]:
        detectors = self._by_direction[direction]
        if not detectors:
            return []
        seconds = self._seconds(raw)
        heavy = any(detector.heavy for detector in detectors)
        wall = seconds if heavy else self.most
        once = partial(self.findings, make, direction, seconds)
        patient = once if heavy else partial(_twice, once)
        if len(raw) > ONE_AT_A_TIME:
            if self._large is None:
                self._large = asyncio.Lock()
            async with self._large:
                return await self._in_a_thread(patient, monotonic() + wall)
        until = monotonic() + wall
        if len(raw) > ON_THE_SPOT or heavy:
            return await self._in_a_thread(patient, until)
        try:
            return once(until)
        except DetectorFault as late:
            if not _is_late(late, until):
                raise
        return await self._in_a_thread(once, until)

    async def _in_a_thread(self, work: Callable[[float], list[Finding]], until: float) -> list[Finding]:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(2, "doorward-detectors")
            sys.setswitchinterval(min(sys.getswitchinterval(), SWITCH))
        begun = asyncio.get_running_loop().run_in_executor(self._pool, work, until)
        try:
            async with asyncio.timeout(until - monotonic()):  # wait_for keeps what it waited for in its frame
                return await begun
        except TimeoutError as error:
            raise DetectorFault("deadline", code="detector.timeout") from error
        finally:
            del begun  # it may hold a fault, whose traceback holds us and the message

    def _seconds(self, raw: bytes) -> float:
        return min(self.most, self.base + self.per_kilobyte * len(raw) / 1024)

    def findings(
        self, make: Callable[[], Sequence[Text]], direction: str, seconds: float, until: float
    ) -> list[Finding]:
        """The work itself: all findings in the texts that ``make`` gives, within ``seconds`` of this thread's own time
        and until the monotonic time ``until``.
        """
        detectors = self._by_direction[direction]
        check = partial(_check, min(monotonic() + seconds, until), thread_time() + seconds, until)
        texts = make()
        look = partial(self._detected, detectors, texts, direction, check, self._quiet(direction))
        found = look(every_name=False)
        if any((one.name or one.text.key) and is_plain(one.read) for one in found):
            # Plain names that come again and again are looked at once; this one must be found wherever it stands.
            found = look(every_name=True)
        return resolve(found, self._wholes) if found else found

    def _quiet(self, direction: str) -> Quiet | None:
        """What tells which texts of a message are quiet. None: there is a detector that has to see into all of them, or
        does not say what it needs, or nobody has asked for the pass yet, which takes seconds to compile.
        """
        trigger = self._triggers.get(direction)
        if trigger is None or not all(getattr(one, "knows_quiet", False) for one in self._by_direction[direction]):
            return None
        return Quiet(trigger.fires)

    def _detected(
        self,
        detectors: Iterable[Detector],
        texts: Sequence[Text],
        direction: str,
        check: Callable[[], None],
        quiet: Quiet | None,
        *,
        every_name: bool,
    ) -> list[Finding]:
        try:
            return self._once(detectors, texts, direction, check, quiet, every_name=every_name)
        except Reached:
            assert quiet is not None
            quiet.is_opened = True
            return self._once(detectors, texts, direction, check, quiet, every_name=every_name)

    def _once(
        self,
        detectors: Iterable[Detector],
        texts: Sequence[Text],
        direction: str,
        check: Callable[[], None],
        quiet: Quiet | None,
        *,
        every_name: bool,
    ) -> list[Finding]:
        found: list[Finding] = []
        seen: list[Leaf] = []
        name = "walk"
        try:
            seen = leaves(texts, check, every_name=every_name, quiet=quiet)
            document = Document(seen, direction, check, quiet.shut if quiet is not None else ())
            for detector in detectors:
                name = detector.name
                check()
                found += detector.detect(document)
            return found
        except (DetectorFault, Reached):
            raise
        except Exception as error:  # a plug-in may raise anything; unscanned is the only safe reading of it
            log.error("detector %s failed: %s", name, type(error).__name__)
            raise DetectorFault(name) from error
        finally:
            release(seen)

    def _trigger(self, direction: str) -> Triggers | None:
        """None: look at every message, for some detector says nothing of what it needs."""
        if direction not in self._triggers:
            wanted = [detector.triggers for detector in self._by_direction[direction]]
            known = [expressions for expressions in wanted if expressions is not None]
            whole = tuple(text for expressions in known for text in expressions)
            self._triggers[direction] = _compiled(whole) if len(known) == len(wanted) else None
        return self._triggers[direction]

    def close(self) -> None:
        if self._apart is not None:
            self._apart.close()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)


def _is_without(raw: bytes, direction: str, fires: Callable[[bytes], bool]) -> bool:
    """Whether a message fires nothing once it is without the names of who speaks."""
    if direction == ARGUMENTS:  # every modern request has the names
        return not fires(_without_names(raw))
    if not fires(raw):
        return True
    without = _without_names(raw)
    return without is not raw and not fires(without)


def _without_names(raw: bytes) -> bytes:
    """The message without the member names that say who speaks: every modern message has them, they carry nothing, and
    they read like names of people's fields ("client…").
    """
    if raw.rfind(b'Info"') < 0 and raw.rfind(b'Capabilities"') < 0:
        return raw
    without = raw.replace(_CLIENT, b'"_"').replace(_CLIENT_CAN, b'"_"')  # as every request has them
    if without.rfind(b'Info"') >= 0 or without.rfind(b'Capabilities"') >= 0:
        for name in _SPEAKERS:
            without = without.replace(name, b'"_"')
    # Two that share a mark of quotation, which JSON does not have, are for one pass from left to right.
    return without if not holds(without, b'"_"_"') else _ANY_SPEAKER.sub(b'"_"', raw)


_SPEAKERS = tuple(
    f'"{vendor}{who}{what}"'.encode()
    for vendor in ("io.modelcontextprotocol/", "")
    for who in ("client", "server")
    for what in ("Info", "Capabilities")
)
_CLIENT, _CLIENT_CAN = _SPEAKERS[:2]
_ANY_SPEAKER = re.compile(b"|".join(map(re.escape, _SPEAKERS)))


@lru_cache(maxsize=4)
def _compiled(expressions: tuple[str, ...]) -> Triggers:
    """Both directions, and a configuration that is read again, mostly want the same; to compile takes a while."""
    return Triggers([*HIDING, *expressions], beside=binary.MIGHT_HOLD)


def _twice(work: Callable[[float], list[Finding]], until: float) -> list[Finding]:
    try:
        return work(until)
    except DetectorFault as late:
        if not _is_late(late, until):
            raise
    return work(until)


def _is_late(fault: DetectorFault, until: float) -> bool:
    """By the thread's time, while there is time left by the clock."""
    return fault.code == "detector.timeout" and monotonic() < until


def _check(first: float, work: float, until: float) -> None:
    """Nobody works longer than the clock goes: the thread's time, for which the system is asked, need not be known
    before ``first``.
    """
    now = monotonic()
    if now > first and (now > until or thread_time() > work):
        raise DetectorFault("deadline", code="detector.timeout")


def _nothing() -> None:
    """There is nothing to load."""
