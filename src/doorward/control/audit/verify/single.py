"""The verifier in one file, for who wants to verify without Doorward: its modules, one after the other."""

import ast
from importlib import resources

MODULES = (
    "strict",
    "lines",
    "public_keys",
    "places",
    "checkpoints",
    "findings",
    "segments",
    "walk",
    "vouching",
    "chains",
    "report",
    "whole",
    "telling",
    "progress",
    "main",
)
"""In the order in which they need each other. They import the standard library, ``cryptography`` and one another."""

_PACKAGE = "doorward.control.audit.verify"
_HEAD = '''#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The verifier of Doorward's audit log: python3 verify.py AUDIT --public-key FILE [--checkpoints DIR].

Needs Python 3.11 and the package "cryptography", and nothing of Doorward. Printed by
`doorward audit verify --print-verifier`; docs/verify.md says what it looks at.
"""
'''


def single_file() -> str:
    """The text of the file."""
    imports: set[str] = set()
    bodies = []
    for name in MODULES:
        source = resources.files(_PACKAGE).joinpath(f"{name}.py").read_text("utf-8")
        found, body = _parted(source)
        imports |= found
        bodies.append(f"# --- {name} ---\n\n{body}")
    return f"{_HEAD}\n{_sorted(imports)}\n\n" + "\n\n".join(bodies)


def _parted(source: str) -> tuple[set[str], str]:
    """The imports at the top of a module that are not of this package, and what comes after all imports, its docstring
    as comment.
    """
    tree = ast.parse(source)
    lines = source.splitlines(keepends=True)
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    outside = {ast.unparse(node) for node in imports if not getattr(node, "module", "").startswith(_PACKAGE)}
    taken = {number for node in (tree.body[0], *imports) for number in range(node.lineno, (node.end_lineno or 0) + 1)}
    rest = "".join(line for number, line in enumerate(lines, 1) if number not in taken)
    said = "".join(f"# {line}".rstrip() + "\n" for line in (ast.get_docstring(tree) or "").splitlines())
    return outside, f"{said}\n{rest.strip()}\n"


def _sorted(imports: set[str]) -> str:
    return "".join(f"{line}\n" for line in sorted(imports, key=lambda line: (line.split()[1], line)))
