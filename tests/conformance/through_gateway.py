"""The client of this suite, with a gateway of its own before the server that the suite plays.

    python -m tests.conformance.through_gateway MODE DIRECTORY CLIENT URL

CLIENT is the client's command, and the suite appends URL. The exit code is the client's, or 1 if the gateway did not
start or did not end well.
"""

import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import cast

from tests.conformance.detecting import DETECTING
from tests.gateway import Gateway, Mode


def main() -> int:
    mode, directory, client, url = sys.argv[1:]
    own = Path(tempfile.mkdtemp(dir=directory))
    servers, strict = {"suite": {"url": url}}, mode == "enforce"
    with Gateway(
        own, servers, mode=cast(Mode, mode), with_token=strict, extra=DETECTING if strict else None
    ) as gateway:
        return subprocess.run([*shlex.split(client), gateway.url("suite")]).returncode


if __name__ == "__main__":
    sys.exit(main())
