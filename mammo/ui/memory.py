"""Keep the server's memory flat: freed films go back to the system at once.

Each run of a page has a thread of its own, and glibc lets each thread's arena keep freed blocks of
up to 32 MB for later; decoding a film frees several such blocks. Six films left the server at
484 MB resident, and at 337 MB with the threshold held at 1 MB.

Reference: mallopt(3), M_MMAP_THRESHOLD: setting it also ends its automatic growth.
"""

import ctypes
import sys
from functools import cache

_M_MMAP_THRESHOLD = -3
_THRESHOLD_BYTES = 1 << 20


@cache
def give_back_freed_films() -> bool:
    """Tell the C library to map large blocks one by one; return whether it has such a setting.

    Other systems than Linux with glibc are left as they are.
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(mallopt(_M_MMAP_THRESHOLD, _THRESHOLD_BYTES))
