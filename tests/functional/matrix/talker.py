"""A stdio server that says one thing in every way it has: on stderr, as a line that is no message, before the answer,
and in the answer. What it was sent is appended to a file.

    talker.py SAYING FILE [quiet]
"""

import json
import sys

saying, file = sys.argv[1:3]
quiet = "quiet" in sys.argv


def send(**members: object) -> None:
    print(json.dumps({"jsonrpc": "2.0", **members}), flush=True)


for line in sys.stdin:
    with open(file, "a") as log:
        log.write(line)
    message = json.loads(line)
    if "id" not in message:
        continue
    if message["method"] == "initialize":
        answer = {"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": {"name": saying, "version": "1"}}
        send(id=message["id"], result=answer)
        continue
    if not quiet:
        print(f"cannot reach {saying}", file=sys.stderr, flush=True)
        print(f"now asking {saying} again", flush=True)
    send(method="notifications/message", params={"level": "info", "data": {"asked": saying}})
    text = json.dumps({"contact": saying})
    send(id=message["id"], result={"content": [{"type": "text", "text": text}], "structuredContent": {saying: saying}})
