"""Runs the detectors of a snapshot over one message's texts: light ones on the spot, heavy ones off the event loop."""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from doorward.core.errors import DetectorFault
from doorward.core.finding import Finding, Text
from doorward.core.ports import Detector

log = logging.getLogger(__name__)


class Detectors:
    """A ``Scanner`` over a list of detectors. Whatever one raises becomes a ``DetectorFault``: never silently
    unscanned.

    ``base`` seconds plus ``per_kilobyte`` for each KiB of text is the deadline for heavy ones, at most ``most``.
    """

    __slots__ = ("_detectors", "_pool", "base", "heavy", "most", "per_kilobyte")

    def __init__(
        self, detectors: Sequence[Detector], *, base: float = 0.05, per_kilobyte: float = 0.001, most: float = 5.0
    ) -> None:
        self._detectors = tuple(detectors)
        self.heavy = any(detector.heavy for detector in self._detectors)
        self._pool = ThreadPoolExecutor(2, "doorward-detectors") if self.heavy else None
        self.base, self.per_kilobyte, self.most = base, per_kilobyte, most

    def scan(self, texts: Sequence[Text]) -> list[Finding]:
        """All findings of all detectors, in the detectors' order; they may overlap."""
        findings: list[Finding] = []
        for detector in self._detectors:
            try:
                findings.extend(detector.detect(texts))
            except Exception as error:  # a plug-in may raise anything; unscanned is the only safe reading of it
                log.error("detector %s failed: %s", detector.name, type(error).__name__)
                raise DetectorFault(detector.name) from error
        return findings

    async def scan_heavy(self, texts: Sequence[Text]) -> list[Finding]:
        """The same in a thread, within the deadline."""
        seconds = min(self.most, self.base + self.per_kilobyte * sum(len(t.string) for t in texts) / 1024)
        work = asyncio.get_running_loop().run_in_executor(self._pool, self.scan, texts)
        try:
            return await asyncio.wait_for(work, seconds)
        except TimeoutError as error:
            raise DetectorFault("deadline", code="detector.timeout") from error

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
