"""``doorward audit``: what the log says, and whether all of it is there."""

from doorward.cli.audit.verbs import command

__all__ = ["command"]
