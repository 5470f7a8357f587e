"""What stands in the page's address, so that a link or a bookmark shows the same view.

The browser sends its address with every act. An act may start before the browser has heard of the
last change, on a slow line or in a full class; it then brings the old address, and a fragment that
wrote its own name alone would take the other change back. So each write writes the rest again.

Each change is a step of the browser's way back. Who goes back wants what the address then says, and
a page that held on to what was chosen last would write that anew, and never let its reader leave.
"""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

_KEY = "address"


def begin_address() -> None:
    """Start a full run of a page: what was written before is forgotten."""
    st.session_state[_KEY] = {}


def went_back() -> bool:
    """Tell whether the browser's way back or forward led here: what the address says now holds."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def keep_in_link(name: str, text: str | None) -> None:
    """Let the link say `name=text`, or nothing of `name` where `text` is None."""
    written: dict[str, str | None] = st.session_state.setdefault(_KEY, {})
    written[name] = text
    for each, said in written.items():
        _write(each, said)


def _write(name: str, text: str | None) -> None:
    if text is None:
        if name in st.query_params:
            del st.query_params[name]
    elif st.query_params.get(name) != text:
        st.query_params[name] = text
