"""The server's memory stays flat: `pytest tests/ui/test_memory.py`."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.memory_limit import memory_limit

ROOT = Path(__file__).parents[2]
PROGRAM = """
import threading
import numpy as np
from mammo.ui.kit.memory import give_back_freed_memory

def resident_mb():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 2**20

def decode_and_drop():
    films = [np.ones(size, np.uint8) for size in (14_000_000, 28_000_000, 14_000_000)]
    kept = np.ones(100_000, np.uint8)
    del films

give_back_freed_memory()
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
from mammo.ui.kit.memory import give_back_freed_memory

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

give_back_freed_memory()
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
from mammo.ui import memory

class Thing:
    pass

def in_a_ring():
    first, second = Thing(), Thing()
    first.other, second.other = second, first
    return first, weakref.ref(first)

kept, seen = in_a_ring()
assert memory.set_libraries_apart()
assert not memory.set_libraries_apart()
assert gc.get_freeze_count() > 10 * len(gc.get_objects())

del kept
gc.collect()
assert seen() is not None, "set apart, and so not looked at"
_, young = in_a_ring()
del _
gc.collect()
assert young() is None, "what came later is looked at"

sys.modules["a_library"] = type(sys)("a_library")
assert memory.set_libraries_apart(), "a library was loaded"
assert seen() is None, "garbage among what was set apart goes when it is done anew"
memory._Apart.since -= memory._SECONDS_APART
assert memory.set_libraries_apart(), "a minute is over"
"""


def test_garbage_collection_passes_over_libraries_and_loses_no_garbage() -> None:
    subprocess.run([sys.executable, "-c", GARBAGE], check=True, cwd=ROOT)


def test_the_memory_left_is_that_of_the_control_group() -> None:
    program = "from mammo.ui.kit.memory import memory_left; print(memory_left())"
    with memory_limit(300) as limit:
        if limit is None:
            pytest.skip("needs a control group for memory: Linux, as root")
        command = [*limit.under, sys.executable, "-c", program]
        run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert 50e6 < int(run.stdout) < 270e6
