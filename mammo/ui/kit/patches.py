"""Everything that changes how Streamlit, its server, the C library or Python work here.

For Streamlit 1.67.0 with Starlette 1.10.0, CPython 3.11 and glibc. The last column names what
measured the gain; `tests/ui/test_patches.py` fails where these versions no longer need a patch.

| patch | without | with | measured by |
| --- | --- | --- | --- |
| `send_at_once` | an act takes 42 ms more | 26 ms in all | benchmarks.server: slider_ms |
| `keep_memory_flat`, blocks | 484 MB after six films | 337 MB | tests.ui.test_patches |
| `keep_memory_flat`, arenas | a class adds 75 MB, and grows | 44 MB | benchmarks.load: memory |
| `admit_uploads`, in memory | files above 1 MB on the disk | none | tests.browser.test_privacy |
| `admit_uploads`, in turn | twelve films end 690 MB | 649 MB | benchmarks.strangers |
| `drop_uploads_of_a_left_page` | kept until the tab closes | freed | tests.ui.test_upload |
| `set_libraries_apart` | half of a visit's processor time | saved | benchmarks.load: acts |
"""

import asyncio
import ctypes
import gc
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, cast

import streamlit as st
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx


def patch_server() -> None:
    """Apply what concerns the whole server; each page calls it, as a library may load late."""
    send_at_once()
    keep_memory_flat()
    admit_uploads()
    set_libraries_apart()


TURNS = threading.BoundedSemaphore((os.cpu_count() or 1) + 1)
"""Acquire one to compute one lesion's result (0.1 to 0.2 s), and for nothing longer.

One more than there are cores: one visitor's result is drawn while the networks of others run.
"""

_INTERNET = (socket.AF_INET, socket.AF_INET6)


@cache
def send_at_once() -> int:
    """Turn Nagle's algorithm off where this process listens; return at how many ports.

    Streamlit's server opens its socket without a protocol number, so asyncio takes it for no TCP
    socket and leaves the algorithm on: it holds a message back until the last one is acknowledged,
    up to 40 ms later (RFC 896; tcp(7), TCP_NODELAY). A connection begins with the setting of the
    socket that accepted it.
    """
    ports = {
        _port(connection)
        for connection in _tcp_sockets()
        if connection.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    }
    for connection in _tcp_sockets():
        if _port(connection) in ports:  # a peer may be gone by now
            with suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return len(ports)


def _tcp_sockets() -> Iterator[socket.socket]:
    """Lend each open TCP socket of this process in turn."""
    with suppress(OSError):
        for file in Path("/dev/fd").iterdir():
            with suppress(OSError):
                copy = os.dup(int(file.name))
                try:
                    connection = socket.socket(fileno=copy)
                except OSError:  # an open file that is none
                    os.close(copy)
                    continue
                with connection:
                    if connection.type == socket.SOCK_STREAM and connection.family in _INTERNET:
                        yield connection


def _port(connection: socket.socket) -> int:
    return int(connection.getsockname()[1])


_M_MMAP_THRESHOLD, _THRESHOLD_BYTES = -3, 1 << 20
_M_ARENA_MAX, _ARENAS = -8, 2


@cache
def keep_memory_flat() -> bool:
    """Make the C library map large blocks one by one, and keep few arenas for small ones.

    Each run of a page has a thread of its own, and glibc lets each thread's arena keep freed blocks
    of up to 32 MB for later; decoding a film frees several such blocks. And each arena has holes of
    its own. Return whether the library has such settings: systems other than Linux with glibc are
    left as they are.

    Reference: mallopt(3), M_ARENA_MAX, and M_MMAP_THRESHOLD, which ends its automatic growth.
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(
        mallopt(_M_MMAP_THRESHOLD, _THRESHOLD_BYTES) and mallopt(_M_ARENA_MAX, _ARENAS)
    )


_FORM_PARSER = "starlette.formparsers"
NO_ROOM = "application/x-no-room"
"""Content type of an upload that arrived empty, because the server had no memory for it."""

_LARGEST_UPLOAD = 105_000_000
_SMALL_UPLOAD = 2_000_000
_TIMES_ITS_SIZE = 2.5
"""What an upload takes while it is received, or while it is decoded: in both processes together."""

_SECONDS_TO_WAIT = 60.0
_KERNEL_BYTES = 45_000_000
"""What a control group needs besides its processes' own memory: kernel memory, pages of files."""


def admit_uploads() -> bool:
    """Receive uploads in memory, and large ones only while there is memory for them.

    An upload arrives as a form, which Starlette writes to a temporary file once it has 1 MB. And it
    receives as many at once as are sent. Large ones wait for each other, and one for which there is
    no memory arrives empty (`NO_ROOM`).
    """
    parsers = sys.modules.get(_FORM_PARSER)
    if parsers is None:
        return False
    parser = parsers.MultiPartParser
    parser.spool_max_size = sys.maxsize
    if not hasattr(parser, "parse_at_once"):
        parser.parse_at_once, parser.parse = parser.parse, _parse_when_there_is_room
    return True


class _Receiving:
    """How many bytes of uploads are on their way; used by the server's event loop alone."""

    size = 0


async def _parse_when_there_is_room(parser: Any) -> Any:
    """Parse an upload once there is memory for it; where there is none, leave its content out."""
    length = int(parser.headers.get("content-length", _LARGEST_UPLOAD))
    admitted = await _room_for(length)
    if not admitted:
        parser.on_part_data = lambda *_: None  # the method that stores a part of an upload
        length = 0
    _Receiving.size += length
    try:
        form = await parser.parse_at_once()
    finally:
        _Receiving.size -= length
    for upload in form.values():
        if not hasattr(upload, "file"):  # a plain field of the form
            continue
        if admitted:
            upload.file._file.getvalue()  # cuts the buffer to its size, so that `read` shares it
        else:
            upload.headers = type(parser.headers)({"content-type": NO_ROOM})
    return form


async def _room_for(length: int) -> bool:
    """Wait until an upload of so many bytes fits into memory; return whether it does."""
    until = time.monotonic() + _SECONDS_TO_WAIT
    while length > _SMALL_UPLOAD:
        left, waiting = memory_left(), _Receiving.size + _stored_uploads()
        fits = left >= _TIMES_ITS_SIZE * length
        if fits and waiting + length <= max(_LARGEST_UPLOAD, left // 4):
            return True
        if time.monotonic() > until:
            return False
        await asyncio.sleep(0.2)
    return True


def _stored_uploads() -> int:
    """Return how many bytes of uploads wait to be read; those of visitors who left are dropped."""
    runtime = Runtime.instance()
    uploads = cast("Any", runtime.uploaded_file_mgr)
    for session in list(uploads.file_storage):
        if not runtime.is_active_session(session):
            uploads.remove_session_files(session)
    files = [file for of_one in list(uploads.file_storage.values()) for file in of_one.values()]
    return sum(len(file.data) for file in files)


def memory_left() -> int:
    """Return how many bytes this server may still take, of its control groups and the machine."""
    left = [sys.maxsize]
    with suppress(OSError, ValueError, KeyError):
        left.append(_numbers(Path("/proc/meminfo"), ":")["MemAvailable"] * 1024)
    for folder, limit, own in _control_groups():
        with suppress(OSError, ValueError, KeyError):
            most = int((folder / limit).read_text(encoding="ascii"))  # "max" is no number
            left.append(most - _numbers(folder / "memory.stat")[own] - _KERNEL_BYTES)
    return min(left)


def _control_groups() -> Iterator[tuple[Path, str, str]]:
    """Yield the folders of the control groups, with the names of their limit and own memory."""
    with suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            number, controllers, path = line.split(":", 2)
            if number == "0":
                mount, names = Path("/sys/fs/cgroup"), ("memory.max", "anon")
            elif "memory" in controllers.split(","):
                mount = Path("/sys/fs/cgroup/memory")
                names = ("memory.limit_in_bytes", "total_rss")
            else:
                continue
            own = mount / path.lstrip("/")
            yield from ((folder, *names) for folder in (own, *own.parents) if folder.exists())


def _numbers(file: Path, end_of_name: str = " ") -> dict[str, int]:
    lines = (line.split(end_of_name, 1) for line in file.read_text(encoding="ascii").splitlines())
    return {name: int(value.split()[0]) for name, value in lines}


_PAGE = "page_of_uploads"


def drop_uploads_of_a_left_page(page: str) -> bool:
    """Free what this visitor uploaded on another page than this; return whether there was one."""
    context = get_script_run_ctx()
    left = bool(st.session_state.get(_PAGE, page) != page)
    st.session_state[_PAGE] = page
    if left and context is not None:
        context.uploaded_file_mgr.remove_session_files(context.session_id)
    return left


_SECONDS_APART = 60.0
"""How long what is set apart stays so: a visitor's things among it may be garbage by then."""


class _Apart:
    """Remember when things were last set apart, and how many modules were loaded then."""

    since = float("-inf")
    modules = 0


def set_libraries_apart() -> bool:
    """Exclude what is loaded by now from garbage collection; return whether that was done anew.

    After each run Streamlit has Python look through everything for garbage (`runner.postScriptGC`).
    Of the 200,000 things there, nearly all are parts of libraries; meanwhile everybody waits.
    """
    now, modules = time.monotonic(), len(sys.modules)
    if modules == _Apart.modules and now < _Apart.since + _SECONDS_APART:
        return False
    _Apart.since, _Apart.modules = now, modules
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    return True
