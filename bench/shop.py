"""A shop that costs nothing: answers every GET with the same ready bytes, so that only the desk is measured.

Started with the path of a file that holds the body; prints its address and serves until it is killed.
"""

import socket
import sys
import threading
from pathlib import Path


def serve(connection: socket.socket, answer: bytes) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection:
        waiting = b""
        while received := connection.recv(65536):
            waiting += received
            while b"\r\n\r\n" in waiting:
                _, _, waiting = waiting.partition(b"\r\n\r\n")
                connection.sendall(answer)


def main() -> None:
    body = Path(sys.argv[1]).read_bytes()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(connection, head + body), daemon=True).start()


if __name__ == "__main__":
    main()
