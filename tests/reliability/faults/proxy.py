"""A TCP proxy before mongod that loses, delays and cuts messages, by a seed."""

import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

HEADER = 16  # bytes of a wire message's head, its length first
FAULTS = ("lost request", "lost reply", "cut reply", "slow")


@dataclass
class Proxy:
    """Forwards to `target`; of each hundred messages of a client `percent` meet a fault."""

    target: tuple[str, int]
    percent: float
    seed: int = 1
    delay_seconds: float = 0.2
    met: Counter[str] = field(default_factory=Counter)
    messages: int = 0

    def __post_init__(self) -> None:
        self._random, self._lock = random.Random(self.seed), threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def uri(self) -> str:
        """Where clients connect; they must not look for the other members, which are behind no proxy."""
        host, port = self._listener.getsockname()[:2]
        return f"mongodb://{host}:{port}/?directConnection=true"

    def close(self) -> None:
        """Takes no more clients."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(self.target) as server:
            while message := _message(client):
                fault = self._drawn()
                if fault == "lost request":
                    return
                if fault == "slow":
                    time.sleep(self.delay_seconds)
                server.sendall(message)
                reply = _message(server)
                if not reply or fault == "lost reply":
                    return
                client.sendall(reply[: len(reply) // 2] if fault == "cut reply" else reply)
                if fault == "cut reply":
                    return

    def _drawn(self) -> str:
        with self._lock:
            self.messages += 1
            if self._random.random() * 100 >= self.percent:
                return ""
            fault = self._random.choice(FAULTS)
            self.met[fault] += 1
            return fault


@contextmanager
def faulty(target: tuple[str, int], percent: float, seed: int = 1) -> Iterator[Proxy]:
    """A proxy while the block runs."""
    proxy = Proxy(target, percent, seed)
    try:
        yield proxy
    finally:
        proxy.close()


def _message(source: socket.socket) -> bytes:
    """One whole wire message; nothing when the other side has gone."""
    head = _exactly(source, HEADER)
    return head + _exactly(source, int.from_bytes(head[:4], "little") - HEADER) if head else b""


def _exactly(source: socket.socket, size: int) -> bytes:
    parts = []
    while size > 0 and (part := source.recv(min(size, 1 << 20))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts) if not size else b""
