"""Keep the server's memory flat and quick, and what a visitor uploads in it: never on the disk.

Each run of a page has a thread of its own, and glibc lets each thread's arena keep freed blocks of
up to 32 MB for later; decoding a film frees several such blocks. Six films left the server at
484 MB resident, and at 337 MB with the threshold held at 1 MB. And each arena has holes of its own:
a class of thirty left 75 MB of them in three minutes and more in each further one; where threads
share the arenas that there are, 44 MB.

Reference: mallopt(3), M_MMAP_THRESHOLD (setting it also ends its automatic growth), M_ARENA_MAX.

After each run Streamlit has Python look through everything for garbage (`runner.postScriptGC`),
which keeps memory flat too. Of the 200,000 things there, nearly all are parts of libraries and
never garbage; looking through them took half of the processor's time of a visit, while everybody
waited. They are set apart.

Reference: https://docs.python.org/3/library/gc.html#gc.freeze

An upload arrives as a form, which Starlette, the server under Streamlit, writes to a temporary file
once it has 1 MB; `tests/browser/test_privacy.py` runs the server where no such file can be written.
"""

import ctypes
import gc
import sys
import time
from functools import cache

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

_M_MMAP_THRESHOLD, _THRESHOLD_BYTES = -3, 1 << 20
_M_ARENA_MAX, _ARENAS = -8, 2
_FORM_PARSER = "starlette.formparsers"
_PAGE = "page_of_uploads"
_SECONDS_APART = 60.0
"""How long what is set apart stays so: a visitor's things among it may be garbage by then."""


@cache
def give_back_freed_memory() -> bool:
    """Tell the C library to map large blocks one by one, and to have few arenas for small ones.

    Return whether it has such settings: other systems than Linux with glibc are left as they are.
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(
        mallopt(_M_MMAP_THRESHOLD, _THRESHOLD_BYTES) and mallopt(_M_ARENA_MAX, _ARENAS)
    )


def keep_uploads_off_the_disk() -> bool:
    """Tell the running server to receive uploads in memory; return whether there is a server.

    How large they may be, `server.maxUploadSize` says. Looked up and not imported: without a server
    (a page under test) there is nothing to tell.
    """
    parsers = sys.modules.get(_FORM_PARSER)
    if parsers is None:
        return False
    parsers.MultiPartParser.spool_max_size = sys.maxsize
    return True


def drop_uploads_of_a_left_page(page: str) -> bool:
    """Free what this visitor uploaded on another page than this; return whether there was one.

    The uploader is gone with its page, but Streamlit would keep the bytes until the tab closes.
    """
    context = get_script_run_ctx()
    left = bool(st.session_state.get(_PAGE, page) != page)
    st.session_state[_PAGE] = page
    if left and context is not None:
        context.uploaded_file_mgr.remove_session_files(context.session_id)
    return left


class _Apart:
    """Remember when things were last set apart, and how many modules were loaded then."""

    since = float("-inf")
    modules = 0


def set_libraries_apart() -> bool:
    """Let garbage collection pass over what is loaded by now; return whether that was done anew.

    Done again where a library was loaded since, and once a minute, garbage taken out before.
    """
    now, modules = time.monotonic(), len(sys.modules)
    if modules == _Apart.modules and now < _Apart.since + _SECONDS_APART:
        return False
    _Apart.since, _Apart.modules = now, modules
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    return True
