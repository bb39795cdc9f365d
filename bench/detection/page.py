"""Puts tables into a page, between two marks."""

from pathlib import Path


def parts(page: Path, what: str) -> tuple[str, str]:
    """What stands before the mark ``<!-- WHAT -->`` and behind its end. Raises ValueError where one is missing."""
    begin, end = f"<!-- {what} -->", f"<!-- end of {what} -->"
    before, found, rest = page.read_text("utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{page} has no {begin} … {end}")
    return before, after


def put(page: Path, what: str, tables: str) -> None:
    """Replace all between the two marks."""
    before, after = parts(page, what)
    page.write_text(f"{before}<!-- {what} -->\n\n{tables.strip()}\n\n<!-- end of {what} -->{after}", encoding="utf-8")
