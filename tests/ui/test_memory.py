"""The server's memory stays flat: `pytest tests/ui/test_memory.py`."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import threading
import numpy as np
from mammo.ui.memory import give_back_freed_films

def resident_mb():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 2**20

def decode_and_drop():
    films = [np.ones(size, np.uint8) for size in (14_000_000, 28_000_000, 14_000_000)]
    kept = np.ones(100_000, np.uint8)
    del films

give_back_freed_films()
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
