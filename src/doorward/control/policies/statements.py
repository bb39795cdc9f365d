"""Policy files cut into statements, each with its line: cedarpy's errors say none (docs/policies.md).

A statement ends at the first ``;`` outside of strings and comments; Cedar has it nowhere else. Each is parsed alone
afterwards and must be exactly one policy, so a difference to Cedar's own lexer can only ever be an error.
"""

import re

import msgspec

# Cedar's tokens that can hide a ';': a comment goes to the end of its line, a string to the next bare quote.
_TOKEN = re.compile(r'//[^\n\r]*|"(?:[^"\\]|\\.)*+"|"|;|[^\s;"/]+|/|\s+', re.DOTALL)


class Statement(msgspec.Struct, frozen=True):
    """One statement's text, from its first token to its ``;``, and the line (from 1) where it begins and ends.

    ``ended``: there was a ``;``. ``cut``: a string in it is not closed.
    """

    text: str
    line: int
    ended: bool = True
    cut: bool = False


def statements(text: str) -> list[Statement]:
    """All statements of a file, in order. What stands after the last ``;`` is one too, unless it is only comments."""
    found: list[Statement] = []
    start = -1
    end = 0
    line = first = 1
    cut = False
    for token in _TOKEN.finditer(text):
        kind = token.group()
        here = line
        line += kind.count("\n")
        if kind.isspace() or kind.startswith("//"):
            continue
        if start < 0:
            start, first = token.start(), here
        end = token.end()
        cut = cut or kind == '"'
        if kind == ";" and not cut:
            found.append(Statement(text[start:end], first))
            start = -1
    if start >= 0:
        found.append(Statement(text[start:end], first, ended=False, cut=cut))
    return found
