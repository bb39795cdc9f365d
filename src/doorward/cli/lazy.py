"""A group of verbs, each in a file of its own that is imported when it is called, not before."""

from collections.abc import Mapping
from importlib import import_module
from typing import ClassVar

import click


class LazyGroup(click.Group):
    """``package``: where the verbs' modules are; ``verbs``: verb -> its line in the help, in order.

    The command of a verb is ``PACKAGE.VERB:command``, with ``_`` for ``-`` in the module's name.
    """

    package: ClassVar[str]
    verbs: ClassVar[Mapping[str, str]]

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.verbs:
            return None
        command = import_module(f"{self.package}.{cmd_name.replace('-', '_')}").command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self.verbs.items()))
