"""A small scripted MCP server on stdio. What it does is in the name of the tool that is called; see `CALLS`.

Every result holds the process's id, so that tests see which process answered. Arguments: `--log FILE` appends every
line received; `--slow-start SECONDS`; `--deaf` ignores the end of input and SIGTERM; `--legacy` knows no discovery.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time

options = argparse.ArgumentParser()
options.add_argument("--log")
options.add_argument("--slow-start", type=float, default=0)
options.add_argument("--deaf", action="store_true")
options.add_argument("--legacy", action="store_true")
options.add_argument("--noise", action="store_true")
args = options.parse_args()

waiting: dict[object, dict] = {}  # id -> request whose answer is held back
asked: dict[object, object] = {}  # id of ours -> id of the call that waits for it


def send(message: object) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def result(identifier: object, **members: object) -> None:
    send({"jsonrpc": "2.0", "id": identifier, "result": {"pid": os.getpid(), **members}})


def notify(method: str, **params: object) -> None:
    send({"jsonrpc": "2.0", "method": method, "params": params})


def echo(request: dict, arguments: dict) -> None:
    result(request["id"], echo=arguments)


def progress(request: dict, arguments: dict) -> None:
    token = request["params"]["_meta"]["progressToken"]
    for step in range(arguments.get("steps", 2)):
        notify("notifications/progress", progressToken=token, progress=step)
    result(request["id"])


def log(request: dict, arguments: dict) -> None:
    notify("notifications/message", level="info", data="working")
    result(request["id"])


def crash(request: dict, arguments: dict) -> None:
    os._exit(3)


def garbage(request: dict, arguments: dict) -> None:
    print("Listening on stdio, have fun!", flush=True)
    print(f'{{"id":{request["id"]},"level":"info"}}', flush=True)
    result(request["id"])


def unclear(request: dict, arguments: dict) -> None:
    print(f'{{"jsonrpc":"2.0","id":{request["id"]},"result":{{"rate":NaN}}}}', flush=True)


def foreign(request: dict, arguments: dict) -> None:
    result("nobody asked this")
    result(request["id"])


def hang(request: dict, arguments: dict) -> None:
    waiting[request["id"]] = request


def big(request: dict, arguments: dict) -> None:
    result(request["id"], text="x" * arguments["size"])


def flood(request: dict, arguments: dict) -> None:
    for number in range(arguments["count"]):
        notify("notifications/message", level="info", data=f"{number:06d}" + "y" * arguments.get("size", 0))
    result(request["id"])


def fork(request: dict, arguments: dict) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(300)"]
    result(request["id"], grandchild=subprocess.Popen(command).pid)


def ask(request: dict, arguments: dict) -> None:
    asked["ours-1"] = request["id"]
    send({"jsonrpc": "2.0", "id": "ours-1", "method": "roots/list"})


def late(request: dict, arguments: dict) -> None:
    """Answer first, then go on talking."""
    result(request["id"])
    for number in range(arguments["count"]):
        data = f"{number}".ljust(size, ".") if (size := arguments.get("size")) else number
        notify("notifications/message", level="info", data=data)


def complain(request: dict, arguments: dict) -> None:
    print("something is wrong\x1b[31m", file=sys.stderr, flush=True)
    result(request["id"])


def fail(request: dict, arguments: dict) -> None:
    send({"jsonrpc": "2.0", "id": request["id"], "error": {"code": arguments["code"], "message": "no"}})


def environment(request: dict, arguments: dict) -> None:
    result(request["id"], names=sorted(os.environ))


def mute(request: dict, arguments: dict) -> None:
    """Close the output, but live on."""
    os.close(1)


CALLS = [
    echo,
    progress,
    log,
    crash,
    garbage,
    unclear,
    foreign,
    hang,
    big,
    flood,
    fork,
    ask,
    late,
    complain,
    fail,
    environment,
    mute,
]
TOOLS = {call.__name__: call for call in CALLS}
SCHEMA = {"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}}


def request(message: dict) -> None:
    method, identifier = message["method"], message["id"]
    if method == "tools/call":
        TOOLS[message["params"]["name"]](message, message["params"].get("arguments", {}))
    elif method == "tools/list":
        result(identifier, tools=[{"name": "echo", "inputSchema": SCHEMA}])
    elif method == "subscriptions/listen":
        waiting[identifier] = message
        notify("notifications/subscriptions/acknowledged")
    elif method == "server/discover" and args.legacy:
        send({"jsonrpc": "2.0", "id": identifier, "error": {"code": -32601, "message": "Method not found"}})
    elif method == "initialize" and message["params"].get("protocolVersion") == "refuse":
        send({"jsonrpc": "2.0", "id": identifier, "error": {"code": -32602, "message": "Unsupported protocol version"}})
    else:
        result(identifier, method=method)


def take(message: dict) -> None:
    if "method" not in message:
        if message.get("id") in asked:
            result(asked.pop(message["id"]), answer=message.get("result"))
    elif "id" in message:
        request(message)
    elif message["method"] == "notifications/cancelled":
        held = waiting.pop(message["params"]["requestId"], None)
        if held is not None and held["params"].get("arguments", {}).get("answers"):
            result(held["id"], cancelled=True)
    elif message["method"] == "notifications/initialized":
        notify("notifications/tools/list_changed")


def main() -> None:
    if args.deaf:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if args.noise:
        print("starting up", flush=True)
    time.sleep(args.slow_start)
    for line in sys.stdin:
        if args.log:
            with open(args.log, "a") as file:
                file.write(line)
        message = json.loads(line)
        if isinstance(message, list):
            for each in message:
                take(each)
        else:
            take(message)
    while args.deaf:
        time.sleep(1)


main()
