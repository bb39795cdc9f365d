"""The directory of policies, read as text: ``*.cedar``, ``facts.yaml`` and the names of ``*.test.yaml``."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from doorward.config import Config
from doorward.configtypes import InvalidConfiguration, Problem, content, is_directory

FACTS = "facts.yaml"
MAX_BYTES = 1 << 20
MAX_FILES = 1000


class PolicyFiles(msgspec.Struct, frozen=True):
    """File name -> text of every ``*.cedar`` and of ``facts.yaml``; ``directory`` is what problems name, "" if none.

    ``tests``: the ``*.test.yaml`` beside them, which decide nothing and are not read here.
    """

    files: Mapping[str, str] = {}
    directory: str = ""
    tests: tuple[Path, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 in hexadecimal over names and texts."""
        return hashlib.sha256(msgspec.json.encode(sorted(self.files.items()))).hexdigest()

    def place(self, name: str) -> str:
        """What a problem calls a file."""
        return str(Path(self.directory) / name)


def directory_of(config: Config, base_dir: Path) -> Path | None:
    """Where the policies are: ``policies`` of the configuration, else ``policies/`` beside it if there is one."""
    place = place_of(config, base_dir)
    return place if config.policies is not None or is_directory(place) else None


def place_of(config: Config, base_dir: Path) -> Path:
    """The same, whether there is one or not."""
    return base_dir / (config.policies if config.policies is not None else "policies")


def read_files(directory: Path | None) -> PolicyFiles:
    """Read the directory; None: no files. Raises ``InvalidConfiguration`` with all that cannot be read."""
    if directory is None:
        return PolicyFiles()
    try:
        names = sorted(entry.name for entry in directory.iterdir())
    except OSError as fault:
        raise InvalidConfiguration([_unreadable(directory, fault.strerror or "it is no directory")]) from None
    wanted = [name for name in names if _counts(name)]
    if len(wanted) > MAX_FILES:
        raise InvalidConfiguration([_unreadable(directory, f"it holds more than {MAX_FILES} policy files")])
    files: dict[str, str] = {}
    problems: list[Problem] = []
    for name in wanted:
        try:
            files[name] = _text(directory / name)
        except (OSError, ValueError) as fault:
            why = fault.strerror if isinstance(fault, OSError) else str(fault)
            problems.append(_unreadable(directory / name, why or "unknown"))
    if problems:
        raise InvalidConfiguration(problems)
    tests = tuple(directory / name for name in names if name.endswith(".test.yaml"))
    return PolicyFiles(files, str(directory), tests)


def with_tests(files: PolicyFiles) -> PolicyFiles:
    """The same files, with the cases that lie beside them now."""
    found = sorted(Path(files.directory).glob("*.test.yaml")) if files.directory else ()
    return msgspec.structs.replace(files, tests=tuple(found))


def _counts(name: str) -> bool:
    return name == FACTS or (name.endswith(".cedar") and not name.startswith("."))


def _text(path: Path) -> str:
    data = content(path, MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValueError("it is larger than 1 MiB")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8 text") from None


def _unreadable(path: Path, why: str) -> Problem:
    return Problem(
        path="policies", message=f"cannot be read: {why}", remedy="check its path and permissions", file=str(path)
    )
