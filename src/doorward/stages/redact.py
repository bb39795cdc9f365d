"""message x findings -> message: only the found spans differ, every other byte is as it came."""

import base64
from collections.abc import Mapping, Sequence

from doorward.core.finding import Finding, Text
from doorward.core.message import Edit, splice
from doorward.stages.replacing import Replacements


def redact(raw: bytes, findings: Sequence[Finding], styles: Mapping[str, str], key: bytes) -> bytes:
    """Replace each finding in ``raw``. ``findings`` must not overlap; ``styles`` and ``key`` as in ``Replacements``.

    Raises ValueError where it cannot be done (the caller refuses the message): nothing is ever half redacted.
    """
    return replaced(raw, findings, Replacements(findings, styles, key, raw))


def replaced(raw: bytes, findings: Sequence[Finding], table: Replacements) -> bytes:
    """The same with a table that the caller made of these findings, or of more."""
    by_text: dict[tuple[str, bool], list[Finding]] = {}
    for finding in findings:
        by_text.setdefault((finding.text.pointer, finding.text.key), []).append(finding)
    edits = []
    for (pointer, is_key), found in by_text.items():
        text = found[0].text
        new = rewritten(text, found, table)
        if not is_key and pointer.endswith("/blob"):
            new = _blob(new, found)
        edits.append(Edit(pointer, new, key=is_key, literal=text.number and not is_key))
    return splice(raw, edits)


def _blob(new: str, findings: Sequence[Finding]) -> str:
    """A resource's ``blob`` is base64 (MCP server/resources, "Binary Content"), and stays so."""
    encoded = any(
        finding.value and finding.value != finding.text.string[finding.start : finding.end] for finding in findings
    )
    return base64.b64encode(new.encode()).decode() if encoded else new


def redacted_text(text: Text, findings: Sequence[Finding], styles: Mapping[str, str], key: bytes) -> str:
    """One text that is no message (an error page, a line of stderr) with its findings replaced. Raises ValueError."""
    return rewritten(text, findings, Replacements(findings, styles, key, text.string.encode("utf-8", "replace")))


def rewritten(text: Text, findings: Sequence[Finding], table: Replacements) -> str:
    """The text with what ``table`` gives in place of its findings. Raises ValueError."""
    pieces: list[str] = []
    done = 0
    for finding in sorted(findings, key=_start):
        if finding.start < done:
            raise ValueError("two findings overlap")
        pieces += (text.string[done : finding.start], table.of(finding))
        done = finding.end
    pieces.append(text.string[done:])
    return "".join(pieces)


def _start(finding: Finding) -> int:
    return finding.start
