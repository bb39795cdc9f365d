"""``doorward audit query``"""

import sys
import time
from pathlib import Path

import click
import msgspec

from doorward.cli.audit.asking import asked, complain, log_of, progress
from doorward.cli.audit.drawn import MOST_CALLS, term_of, told_tree
from doorward.cli.audit.shown import Lines
from doorward.cli.options import OUTSIDE_FAILED, config_file, json_flag
from doorward.control.audit.index import IndexFault
from doorward.control.audit.questions import newest


@click.command("query")
@click.argument("filter", nargs=-1)
@config_file
@click.option("-n", "--number", default=50, show_default=True, type=click.IntRange(1, 100_000), help="How many.")
@click.option("--all", "all_records", is_flag=True, help="Every record; else one line for each exchange.")
@click.option("--rebuild", is_flag=True, help="Make the index anew first, from the journals alone.")
@click.option("--trace", metavar="ID", help="Of one trace: the same as the term trace=ID.")
@click.option("--tree", "as_tree", is_flag=True, help="With --trace: which call came of which.")
@json_flag
def command(
    filter: tuple[str, ...],
    config: Path,
    number: int,
    all_records: bool,
    rebuild: bool,
    trace: str | None,
    as_tree: bool,
    as_json: bool,
) -> None:
    """Records that fit FILTER, the newest first.

    FILTER is one or more terms that must all fit: who=agent:sales server=crm tool=get_*,search decision!=allow
    severity>=high entity=US_SSN latency_ms>500 since=24h (docs/query.md). Without one: the newest records.

    An exchange is one line, its outcome; one that has none yet is `open`. --json prints the records as they are in the
    journal, one a line. --tree puts the calls of a trace together (docs/traces.md); with --json as one document.
    """
    if as_tree:
        number, all_records = MOST_CALLS, False
    question, directory = asked((*filter, *term_of(trace, as_tree)), time.time()), log_of(config)

    def without(fault: IndexFault) -> None:
        click.echo(f"note: no index, so the journals are read: {fault}", err=True)

    try:
        with progress("reading new records") as told:
            found = newest(
                directory,
                question,
                number,
                all_records=all_records,
                rebuild=rebuild,
                told=told,
                without=without,
            )
    except IndexFault as fault:
        complain(str(fault), OUTSIDE_FAILED)
    lines = Lines(sys.stdout, open_intents=not all_records)
    if as_tree and (found or as_json):
        for line in told_tree([hit.raw for hit in found], lines, as_json=as_json):
            click.echo(line, color=lines.colours)
        return
    for hit in found:
        click.echo(hit.raw if as_json else lines.line(msgspec.json.decode(hit.raw)), color=lines.colours)
    if not found and not as_json:
        click.echo("no record fits", err=True)
