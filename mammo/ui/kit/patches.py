"""Send each message of the app at once, and not when the last one was acknowledged.

Streamlit's server opens its socket without a protocol number; asyncio then takes it for no TCP
socket and leaves Nagle's algorithm on, which holds a message back while another is on its way. The
other end waits up to 40 ms before it acknowledges one. So every deed of a visitor took 42 ms more
than its work, on the same machine, and a round trip more elsewhere.

References: RFC 896, section "The small-packet problem"; tcp(7), TCP_NODELAY. A connection begins
with the setting of the socket that accepted it.
"""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

_OPEN_FILES = Path("/dev/fd")
_INTERNET = (socket.AF_INET, socket.AF_INET6)


@cache
def send_at_once() -> int:
    """Turn Nagle's algorithm off where this process listens; return at how many ports."""
    ports = {_port(one) for one in _tcp_sockets() if _listens(one)}
    for one in _tcp_sockets():
        if _port(one) in ports:  # a peer may be gone by now
            with suppress(OSError):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return len(ports)


def _tcp_sockets() -> Iterator[socket.socket]:
    """Lend each open TCP socket of this process in turn."""
    with suppress(OSError):
        for file in _OPEN_FILES.iterdir():
            with suppress(OSError), _lent(int(file.name)) as one:
                if one.type == socket.SOCK_STREAM and one.family in _INTERNET:
                    yield one


@contextmanager
def _lent(number: int) -> Iterator[socket.socket]:
    """Open an open file a second time, as a socket; an `OSError` where it is none."""
    copy = os.dup(number)
    try:
        one = socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        raise
    with one:
        yield one


def _listens(one: socket.socket) -> bool:
    return bool(one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def _port(one: socket.socket) -> int:
    return int(one.getsockname()[1])


TURNS = threading.BoundedSemaphore((os.cpu_count() or 1) + 1)
"""Hold one while making one lesion's answer, a tenth of a second or two, and nothing longer.

One more than there are cores: one visitor's result is drawn while the networks of others run.
"""
