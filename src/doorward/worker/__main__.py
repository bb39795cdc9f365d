"""``python -m doorward.worker FD``: the supervisor starts it, nobody else. FD is the inherited end of its channel."""

import sys

from doorward.bootstrap.serve import build
from doorward.worker.process import run

if __name__ == "__main__":
    sys.exit(run(int(sys.argv[1]), build))
