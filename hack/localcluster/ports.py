"""Free ports of loopback, and servers that are started on them."""

import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from localcluster import processes

HOST: Final = "127.0.0.1"
LISTEN_SECONDS: Final = 90
_ATTEMPTS: Final = 5


def free_pair() -> tuple[int, int]:
    """Return two ports that nobody listens on just now."""
    with socket.socket() as first, socket.socket() as second:
        first.bind((HOST, 0))
        second.bind((HOST, 0))
        return first.getsockname()[1], second.getsockname()[1]


def start_listening(
    family: processes.Family, name: str, command: Callable[[int, int], list[str]], log: Path
) -> tuple[processes.Child, int]:
    """Start what *command* returns for two free ports; return it when it listens on the first one.

    A port that was free may be taken before the server binds it: then it is started again on others.
    Raises ChildEnded or TimeoutError.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        pair = free_pair()
        child = family.start(name, command(*pair), log)
        try:
            processes.wait_until(f"{name} listens", partial(_listens, pair[0]), LISTEN_SECONDS, [child])
        except processes.ChildEnded:
            if attempt == _ATTEMPTS or "address already in use" not in child.tail(40).lower():
                raise
        else:
            return child, pair[0]
    raise AssertionError("the last attempt returns or raises")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0
