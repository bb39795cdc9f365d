"""Starts a program in a warm interpreter with this process's own streams, and ends with its exit code.

    python -I -S warm_start.py ADDRESS TARGET ARGUMENTS...

For whoever starts its programs by a command (``warm.command``). When this is killed, so is the program.
"""

import json
import os
import socket
import struct
import sys


def main() -> int:
    address, target, *arguments = sys.argv[1:]
    wanted = {
        "target": target,
        "arguments": arguments,
        "environment": dict(os.environ),
        "directory": os.getcwd(),
    }
    data = json.dumps(wanted).encode()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        socket.send_fds(connection, [struct.pack("!I", len(data))], (0, 1, 2))
        connection.sendall(data)
        replies = connection.recv(8, socket.MSG_WAITALL)
    return int(struct.unpack("!ii", replies)[1]) if len(replies) == 8 else 1


if __name__ == "__main__":
    sys.exit(main())
