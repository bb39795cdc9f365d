"""``python -m bench.detection score|parity|speed|cost``: see ``bench/README.md``."""

import sys

from bench.detection import cost, parity, score, speed

COMMANDS = {"score": score.main, "parity": parity.main, "speed": speed.main, "cost": cost.main}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        sys.exit(f"usage: python -m bench.detection {{{','.join(COMMANDS)}}} …")
    COMMANDS[sys.argv[1]](sys.argv[2:])
