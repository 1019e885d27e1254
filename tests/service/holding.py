"""Opens connections and holds them, as a process: ``python -m tests.service.holding HOST PORT COUNT PATH TOKEN``.

It prints how many once all were opened, and lets them go when its stdin ends.
"""

import resource
import socket
import sys

# What a connection says and does not go on with; the last one is answered, and then idle.
BEGUN = (
    "",
    "POST {path} HT",
    "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ",
    "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nContent-Length: 99\r\n\r\n{{",
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
)
# A source address has fewer than 28,000 ports.
A_SOURCE = 5000


def main() -> None:
    host, port, count, path, token = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5]
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    held = []
    for number in range(count):
        source = f"127.0.0.{2 + number // A_SOURCE}" if host == "127.0.0.1" else ""
        one = socket.create_connection((host, port), timeout=60, source_address=(source, 0))
        held.append(one)
        # Whoever is cut before it spoke is one of those that are held no more.
        try:
            one.sendall(BEGUN[number % len(BEGUN)].format(path=path, token=token).encode())
        except OSError:
            continue
    print(len(held), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
