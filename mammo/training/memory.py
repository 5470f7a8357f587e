"""One setting of the C library that makes training on Linux a third faster."""

import ctypes
import platform


def keep_freed_memory() -> None:
    """Let the C library keep what TensorFlow frees each step, instead of asking for it anew.

    Without it a third of the processor's time on Linux goes into page faults. Elsewhere than on
    glibc nothing happens. mallopt(3): M_TRIM_THRESHOLD is -1, M_MMAP_MAX is -4.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    library = ctypes.CDLL(None)
    library.mallopt(-4, 0)
    library.mallopt(-1, 2**31 - 1)
