"""Decode strangers' files in a child process with a limit on memory and a clock.

The app reads what visitors upload through `Decoder`, so that a file which no count in
the readers foresaw costs a sentence and not the server. The child is this module run as
a program (`python -m mammo.imaging.worker`): it reads one file at a time from its standard input,
and answers with the picture's pixels or with an error sentence. It is started with `subprocess`: a
fork would copy the server's threads, and `multiprocessing` would run the app's main script again.

Library and commands decode in their own process, behind the same counts.
"""

import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from mammo.errors import ImageError
from mammo.imaging.image import Image
from mammo.imaging.read import read_image

MEMORY_BYTES = 400_000_000  # address space for one file, above what the child's imports take
PROCESSOR_SECONDS = 2.0  # processor time for one file

# Time by the clock for one file. On a busy machine two seconds of the processor take much longer;
# where processor time cannot be limited, this is the only limit.
WAIT_SECONDS = 60.0

_COMMAND = (sys.executable, "-m", "mammo.imaging.worker")
_CHECK_SECONDS = 0.1
_SIZE = 8  # bytes of the number that precedes each file: its length, little-endian

_TOO_SLOW = (
    "The file takes too long to read: expected an ordinary mammogram or image, received one that "
    f"needs more than {PROCESSOR_SECONDS:g} seconds of the processor. Save the mammogram "
    "uncompressed and open it again."
)
_FAILED = (
    "The file cannot be read: expected an ordinary mammogram or image, received one that needs too "
    "much memory or stops the decoder. Save the mammogram uncompressed or smaller and open it "
    "again."
)


class AbandonedError(Exception):
    """Raised where nobody waits for the picture any more."""


class Decoder:
    """Read pictures in a child process, one at a time; safe to use from many threads.

    The child starts with the first file and stays warm for the next. It is ended where a file
    exceeds a limit or nobody wants the picture any more; the next file then starts another one.
    """

    def __init__(self, command: Sequence[str] = _COMMAND) -> None:
        self._command = command
        self._turns = ThreadPoolExecutor(max_workers=1)
        self._lock = threading.Lock()
        self._file: BytesIO | None = None  # which the child reads now
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the child where there is none yet, so that the first file need not wait for it."""
        self._turns.submit(self._running_child)

    def read(self, file: BytesIO, wanted: Callable[[], bool] = lambda: True) -> Image:
        """Read a film or picture as `mammo.read_image` does.

        Parameters
        ----------
        file : BytesIO
            The whole file. It is emptied once the child has it: an upload takes up to 100 MB.
        wanted : function
            Whether somebody still waits for the picture; called ten times per second.

        Raises
        ------
        ImageError
            If the file cannot be read as a grey picture, or exceeds a limit.
        AbandonedError
            If `wanted` returned False.
        """
        exchange, start = self._turns.submit(self._exchange, file), math.inf
        while not wait([exchange], _CHECK_SECONDS).done:
            start = min(start, time.monotonic()) if exchange.running() else start
            is_wanted = wanted()
            if not is_wanted or time.monotonic() > start + WAIT_SECONDS:
                exchange.cancel()
                with self._lock:  # another's file may be next
                    if self._file is not file:
                        file.truncate(0)  # if it is next, it is read as an empty one
                    elif self._child is not None:
                        self._child.kill()
                        self._child.wait()
                raise ImageError(_TOO_SLOW) if is_wanted else AbandonedError
        return exchange.result()

    def close(self) -> None:
        """End the child."""
        child = self._child
        if child is not None:
            child.kill()
            child.wait()
            for stream in (child.stdin, child.stdout):
                with suppress(OSError):
                    cast("BinaryIO", stream).close()

    def _running_child(self) -> "subprocess.Popen[bytes]":
        if self._child is None or self._child.poll() is not None:
            self._child = _start_child(self._command)
        return self._child

    def _exchange(self, file: BytesIO) -> Image:
        with self._lock:
            child, self._file = self._running_child(), file
        sent, received = cast("BinaryIO", child.stdin), cast("BufferedReader", child.stdout)
        answer: dict[str, Any] = {}
        try:
            with suppress(OSError, EOFError):
                sent.write(len(file.getbuffer()).to_bytes(_SIZE, "little"))
                sent.write(file.getbuffer())
                sent.flush()
                file.truncate(0)
                line = received.readline()
                stated = json.loads(line) if line.endswith(b"\n") else {}
                pixels = np.empty(stated.pop("shape", 0), dtype=np.uint8)
                if received.readinto(pixels.reshape(-1).data) == pixels.size:
                    answer = stated
        finally:
            with self._lock:
                self._file = None
                if not answer:
                    self.close()
        if not answer:
            out_of_time = child.returncode == -getattr(signal, "SIGPROF", 0)
            raise ImageError(_TOO_SLOW if out_of_time else _FAILED)
        if "error" in answer:
            raise ImageError(answer["error"])
        return Image(pixels, **answer | {"warnings": tuple(answer["warnings"])})


def _start_child(command: Sequence[str]) -> "subprocess.Popen[bytes]":
    root = str(Path(__file__).parents[2])
    known = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH")))),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "1",  # each arena of glibc reserves 64 MB of address space
        "MALLOC_MMAP_THRESHOLD_": "1000000",  # a film's memory goes back to the system at once
    }
    return subprocess.Popen(  # noqa: S603 - our own module, without a shell
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # decoders quote file contents there
        env=known,
    )


def main() -> None:
    """Answer files from the standard input until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends the child
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not break the answers
    from mammo.imaging import dicom  # noqa: F401 - imported before the limit is set

    _limit_memory()
    while length := sys.stdin.buffer.read(_SIZE):
        answer, pixels = _answer(sys.stdin.buffer.read(int.from_bytes(length, "little")))
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.write(pixels)
        answers.flush()


def _answer(content: bytes) -> tuple[dict[str, Any], bytes | memoryview]:
    """Return what is known of the picture in a file, and its pixels."""
    try:
        _set_clock(PROCESSOR_SECONDS)
        image = read_image(content)
    except ImageError as error:
        return {"error": str(error)}, b""
    except Exception:  # noqa: BLE001 - whatever a decoder raises, the child answers
        return {"error": _FAILED}, b""
    finally:
        _set_clock(0)
    facts = {name: value for name, value in vars(image).items() if name != "pixels"}
    return facts | {"shape": image.shape}, np.ascontiguousarray(image.pixels).reshape(-1).data


def _limit_memory() -> None:
    """Limit the address space to what the imports took and `MEMORY_BYTES` more, where possible."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * resource.getpagesize() + MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _set_clock(seconds: float) -> None:
    """Set the system to end this process after so much more processor time; 0 stops the clock."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


if __name__ == "__main__":
    main()
