"""What the log is worth once all has ended: verified, tampered with in a copy, and as a page for people."""

import asyncio
import re
import shutil
import tempfile
from pathlib import Path

from doorward.demo.paper import Paper
from doorward.demo.setting import AGENT, DemoError, Setting

_WRONG = 1  # the exit code of a verification that found something
_SAID, _FORGED = b'"decision":"deny"', b'"decision":"allow"'


async def verified(paper: Paper, setting: Setting) -> None:
    """The log as it was left."""
    paper.section("Whether the log is whole: doorward audit verify --strict")
    said = await setting.doorward("audit", "verify", "--strict")
    if "\nINTACT: " not in said or "\nCOMPLETE: " not in said:
        raise DemoError(f"the log should be intact and complete:\n{said}")
    for line in filter(None, said.replace(f"{setting.log}: ", "").splitlines()):
        paper.line(line)


async def tampered(paper: Paper, setting: Setting) -> None:
    """A copy in which one word was changed, as who wants to hide a refusal would."""
    copy = setting.home / "tampered"
    await asyncio.to_thread(shutil.copytree, setting.log, copy)
    writer, seq = _forge(copy)
    paper.section("A copy in which somebody made a refusal a permission: doorward audit verify --directory COPY")
    paper.paragraph("forged:", f"writer {writer}, record {seq}: {_SAID.decode()} is now {_FORGED.decode()}")
    said = await setting.doorward("audit", "verify", "--directory", str(copy), ends_with=_WRONG)
    caught = re.search(rf"^writer {writer}, record {seq}: .*$", said, re.MULTILINE)
    if caught is None or "\nNOT INTACT: " not in said:
        raise DemoError(f"the forged record {seq} of {writer} should be found:\n{said}")
    paper.paragraph("verify says:", caught[0])
    paper.verdict(True, "Not intact, and it says where; exit code 1.")


async def page(paper: Paper, setting: Setting) -> None:
    """A report that outlives the demo."""
    paper.section("The same for people: doorward audit report --html FILE --verify")
    directory = Path(tempfile.mkdtemp(prefix="doorward-report-"))  # for the owner alone, and kept
    file = directory / "report.html"
    try:
        await setting.doorward("audit", "report", "--verify", "--html", str(file))
        if AGENT not in await asyncio.to_thread(file.read_text, encoding="utf-8"):
            raise DemoError(f"the report does not name {AGENT}")
    except BaseException:
        shutil.rmtree(directory)
        raise
    paper.line("One page that needs nothing else, with nothing of what the calls carried. It stays here:")
    paper.line(str(file), "bold")


def _forge(log: Path) -> tuple[str, int]:
    """Change the first refusal; the writer and the number of the record."""
    for segment in sorted(log.glob("*/journal-*.jsonl")):
        lines = segment.read_bytes().splitlines(keepends=True)
        for seq, line in enumerate(lines):  # each writer has one segment here, so that lines count from 0
            if _SAID in line:
                lines[seq] = line.replace(_SAID, _FORGED)
                segment.write_bytes(b"".join(lines))
                return segment.parent.name, seq
    raise DemoError("the log holds no refusal")
