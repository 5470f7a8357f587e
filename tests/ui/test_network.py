"""A listening process sends at once, to whom it already serves and to whoever comes."""

import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from mammo.ui.kit.patches import send_at_once


def sends_at_once(one: socket.socket) -> bool:
    return bool(one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))


@pytest.mark.skipif(not Path("/dev/fd").is_dir(), reason="the system lists no open files")
def test_old_and_new_connections_of_a_listener_send_at_once() -> None:
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())  # as Streamlit opens its own
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address = listener.getsockname()

        def served() -> socket.socket:
            stack.enter_context(socket.create_connection(address))
            return stack.enter_context(listener.accept()[0])

        before = served()
        elsewhere = stack.enter_context(socket.socket())
        assert not sends_at_once(before)
        send_at_once.cache_clear()
        assert send_at_once() >= 1
        assert sends_at_once(before)
        assert sends_at_once(served())
        assert not sends_at_once(elsewhere)
        listener.settimeout(1)
        assert served().getpeername()[0] == address[0], "the socket is still open and listens"
