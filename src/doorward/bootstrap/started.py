"""What a process is told when it starts: ``worker.service.Start``, as far as it is used here, for this layer cannot see
that one.
"""

from pathlib import Path
from typing import Protocol


class Start(Protocol):
    """What any process is told: ``path`` and ``text`` are the configuration file's, ``keys`` and ``audit`` directories,
    ``store`` the database's file, if there is one.
    """

    @property
    def path(self) -> Path: ...
    @property
    def text(self) -> str: ...
    @property
    def keys(self) -> Path: ...
    @property
    def audit(self) -> Path: ...
    @property
    def store(self) -> Path | None: ...


class WorkerStart(Start, Protocol):
    """What a worker of ``serve`` is told besides: the number of its configuration, the port that was bound, how many
    workers there are, and the policy files, which all of them must read alike.
    """

    @property
    def version(self) -> int: ...
    @property
    def port(self) -> int: ...
    @property
    def workers(self) -> int: ...
    @property
    def policies(self) -> dict[str, str]: ...
    @property
    def policies_from(self) -> str: ...
