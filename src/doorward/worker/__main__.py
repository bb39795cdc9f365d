"""``python -m doorward.worker KIND FD``: the supervisor starts it, nobody else. KIND is ``serve`` or ``ship``, FD the
inherited end of its channel.
"""

import os
import sys

from doorward.worker.process import run

SHIPPER_NICENESS = 10
"""Where there are few cores, calls come before what is sent about them."""

if __name__ == "__main__":
    kind, descriptor = sys.argv[1], int(sys.argv[2])
    if kind == "ship":
        from doorward.bootstrap.shipping import build as ship  # each kind imports only what it needs

        os.nice(SHIPPER_NICENESS)
        sys.exit(run(descriptor, ship, listens=False))
    from doorward.bootstrap.serve import build

    sys.exit(run(descriptor, build))
