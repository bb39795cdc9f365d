"""``doorward schema``"""

import json

import click

from doorward.configfile.schema import schema


@click.command("schema")
@click.option("--json", "_as_json", is_flag=True, help="For symmetry with other verbs: it is always JSON.")
def command(_as_json: bool) -> None:
    """Print the JSON Schema of the configuration file, for editors.

    Put `# yaml-language-server: $schema=FILE` into the first line of the configuration.
    """
    click.echo(text(), nl=False)


def text() -> str:
    """The schema as it is committed in docs/doorward.schema.json."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
