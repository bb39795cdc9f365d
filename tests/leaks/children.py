"""The most trivial server there is, in the shell: it answers every request with its process id."""

SCRIPT = r"""
while IFS= read -r line; do
  case $line in *'"method":"exit"'*) exit 3 ;; esac
  case $line in *'"method":"wait"'*) continue ;; esac
  case $line in *'"id":'*)
    id=${line#*'"id":'}
    id=${id%%[,\}]*}
    printf '{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-06-18","capabilities":{},' "$id"
    printf '"serverInfo":{"name":"sh","version":"%s"}}}\n' "$$" ;;
  esac
done
"""
COMMAND = ("sh", "-c", SCRIPT)
SH = {"command": "sh", "args": ["-c", SCRIPT.replace("${", "$${")]}  # as the configuration spells it
MUTE = {"command": "sh", "args": ["-c", "while read -r line; do :; done"]}

INITIALIZE = (
    b'{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},'
    b'"clientInfo":{"name":"c","version":"1"}}}'
)


def pid_in(result: object) -> int:
    """The process id in an answer of the script."""
    assert isinstance(result, dict)
    return int(result["serverInfo"]["version"])
