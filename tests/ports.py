"""Ports for servers under test, below those that outgoing connections are given."""

import random
import socket

_LOWEST, _HIGHEST = 20_000, 32_000


def free_port() -> int:
    """A port that nobody holds, with the next one free as well: a server's downloads are served there."""
    while True:
        port = random.randrange(_LOWEST, _HIGHEST, 2)
        try:
            with socket.socket() as one, socket.socket() as next_one:
                one.bind(("127.0.0.1", port))
                next_one.bind(("127.0.0.1", port + 1))
        except OSError:
            continue
        return port
