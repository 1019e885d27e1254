"""The floor: a loop of the standard library that answers MCP over stdio from ready bytes, and does nothing else.

Started with the path of a file that holds the result of tools/list as JSON.
"""

import json
import sys
from pathlib import Path

_INITIALIZED = json.dumps(
    {
        "protocolVersion": "2025-11-25",
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "floor", "version": "1"},
    }
).encode()


def main() -> None:
    ready = {
        "initialize": _INITIALIZED,
        "tools/list": Path(sys.argv[1]).read_bytes(),
        "ping": b"{}",
    }
    for line in sys.stdin.buffer:
        message = json.loads(line)
        if "id" not in message:
            continue
        result = ready[message["method"]]
        sys.stdout.buffer.write(b'{"jsonrpc":"2.0","id":%d,"result":%b}\n' % (message["id"], result))
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
