"""``doorward audit tail``"""

import sys
import time
from collections import deque
from pathlib import Path

import click
import msgspec

from doorward.cli.audit.asking import asked, log_of
from doorward.cli.audit.shown import Lines
from doorward.cli.options import config_file, json_flag
from doorward.control.audit.questions import read_newest
from doorward.control.audit.read import Follower

PAUSE = 0.2
"""Seconds between two looks at the journals."""


@click.command("tail")
@click.argument("filter", nargs=-1)
@config_file
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until interrupted.")
@click.option("-n", "--number", default=20, show_default=True, type=click.IntRange(0, 100_000), help="How many.")
@click.option("--all", "all_records", is_flag=True, help="Intents as well, before their outcomes.")
@json_flag
def command(filter: tuple[str, ...], config: Path, follow: bool, number: int, all_records: bool, as_json: bool) -> None:
    """The newest records that fit FILTER, the oldest of them first, and with -f what comes.

    FILTER is as for `audit query`. Here an exchange shows when it ends; --all shows its intent as well.
    """
    question, directory = asked(filter, time.time()), log_of(config)
    shows_intents = all_records or question.asks_for("phase")
    lines = Lines(sys.stdout, open_intents=False)
    decode = msgspec.json.Decoder(dict).decode

    def show(raw: bytes) -> None:
        click.echo(raw if as_json else lines.line(decode(raw)), color=lines.colours)

    following = Follower(directory)
    last: deque[bytes] = deque()
    for hit in read_newest(directory, question, all_records=True, ends=dict(following.places)):
        if len(last) == number:
            break
        if shows_intents or decode(hit.raw).get("phase") != "intent":
            last.appendleft(hit.raw)
    for raw in last:
        show(raw)
    while follow:
        try:
            for line in following.poll():
                try:
                    record = decode(line.raw)
                except msgspec.DecodeError:
                    continue
                if question.matches(record) and (shows_intents or record.get("phase") != "intent"):
                    show(line.raw)
            sys.stdout.flush()
            time.sleep(PAUSE)
        except KeyboardInterrupt:
            return
