"""What the app changes of its server helps, and is still needed: `pytest tests/ui/test_patches.py`.

A test that fails with "no longer needed" says that a new version does by itself what a patch does.
"""

import inspect
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from starlette.formparsers import MultiPartParser
from streamlit import config
from streamlit.web.server.starlette import starlette_server

from benchmarks.memory_limit import memory_limit
from mammo.ui.kit import patches

ROOT = Path(__file__).parents[2]


def test_streamlit_still_opens_a_socket_that_asyncio_takes_for_no_tcp_socket() -> None:
    with starlette_server._bind_socket("127.0.0.1", 0, 1) as listener:
        assert listener.proto != socket.IPPROTO_TCP, "send_at_once is no longer needed"


def test_starlette_still_writes_uploads_to_the_disk_and_streamlit_still_collects() -> None:
    limit = inspect.getsource(MultiPartParser).partition("spool_max_size = ")[2].partition(" #")[0]
    assert limit.strip() == "1024 * 1024", "admit_uploads may no longer be needed"
    assert config.get_option("runner.postScriptGC"), "set_libraries_apart is no longer needed"


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
        patches.send_at_once.cache_clear()
        assert patches.send_at_once() >= 1
        assert sends_at_once(before)
        assert sends_at_once(served())
        assert not sends_at_once(elsewhere)
        listener.settimeout(1)
        assert served().getpeername()[0] == address[0], "the socket is still open and listens"


PROGRAM = """
import threading
import numpy as np
from mammo.ui.kit.patches import keep_memory_flat

def resident_mb():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 2**20

def decode_and_drop():
    films = [np.ones(size, np.uint8) for size in (14_000_000, 28_000_000, 14_000_000)]
    kept = np.ones(100_000, np.uint8)
    del films

keep_memory_flat()
before = resident_mb()
for _ in range(6):
    thread = threading.Thread(target=decode_and_drop)
    thread.start()
    thread.join()
print(resident_mb() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the resident size from /proc")
def test_films_decoded_and_dropped_in_threads_leave_no_memory_behind() -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert float(run.stdout) < 20


ARENAS = """
import ctypes, sys, threading
from pathlib import Path
from mammo.ui.kit.patches import keep_memory_flat

def arenas(path):
    libc = ctypes.CDLL(None)
    libc.fopen.restype = ctypes.c_void_p
    file = ctypes.c_void_p(libc.fopen(path.encode(), b"w"))
    libc.malloc_info(0, file)
    libc.fclose(file)
    return Path(path).read_text().count("<heap nr=")

def run():
    kept = [bytes(2000) for _ in range(100)]
    all_there.wait()
    counted.wait()

keep_memory_flat()
all_there, counted = threading.Barrier(17), threading.Barrier(17)
threads = [threading.Thread(target=run) for _ in range(16)]
for thread in threads:
    thread.start()
all_there.wait()
print(arenas(sys.argv[1]))
counted.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks glibc")
def test_all_threads_share_few_arenas(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ARENAS, str(tmp_path / "arenas.xml")]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert 1 <= int(run.stdout) <= 4


GARBAGE = """
import gc, sys, weakref
from mammo.ui.kit import patches

class Thing:
    pass

def in_a_ring():
    first, second = Thing(), Thing()
    first.other, second.other = second, first
    return first, weakref.ref(first)

kept, seen = in_a_ring()
assert patches.set_libraries_apart()
assert not patches.set_libraries_apart()
assert gc.get_freeze_count() > 10 * len(gc.get_objects())

del kept
gc.collect()
assert seen() is not None, "set apart, and so not looked at"
_, young = in_a_ring()
del _
gc.collect()
assert young() is None, "what came later is looked at"

sys.modules["a_library"] = type(sys)("a_library")
assert patches.set_libraries_apart(), "a library was loaded"
assert seen() is None, "garbage among what was set apart goes when it is done anew"
patches._Apart.since -= patches._SECONDS_APART
assert patches.set_libraries_apart(), "a minute is over"
"""


def test_garbage_collection_passes_over_libraries_and_loses_no_garbage() -> None:
    subprocess.run([sys.executable, "-c", GARBAGE], check=True, cwd=ROOT)


def test_the_memory_left_is_that_of_the_control_group() -> None:
    program = "from mammo.ui.kit.patches import memory_left; print(memory_left())"
    with memory_limit(300) as limit:
        if limit is None:
            pytest.skip("needs a control group for memory: Linux, as root")
        command = [*limit.under, sys.executable, "-c", program]
        run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert 50e6 < int(run.stdout) < 270e6
