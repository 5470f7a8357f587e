"""Every file that a page hands out: made once somebody asks for it, kept until it was fetched.

Streamlit makes such a file when the button is pressed, answers with its address, and forgets it
after the next two runs of anybody's page. In a class of thirty that is less than the way of the
address to the browser and back: the file was gone when it was fetched. Entered under the visitor's
session it stays until their own page runs again.
"""

from collections.abc import Callable
from functools import partial
from threading import Thread

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import add_script_run_ctx, get_script_run_ctx

DOWNLOAD_ICON = ":material/download:"


def offer_file(
    label: str,
    make: Callable[[], bytes],
    name: str,
    media_type: str,
    *,
    key: str,
    icon: str = DOWNLOAD_ICON,
) -> None:
    """Offer a file that is made once its button is pressed; the page does not run again.

    Parameters
    ----------
    label : str, on the button
    make : gives the content; called on another thread, at each press
    name : str, of the file
    media_type : str, as "text/csv"
    key : str, of the button
    icon : str, a Material symbol
    """
    st.download_button(
        label,
        partial(_made_and_kept, make, _keeper(name, media_type, f"file of {key}")),
        name,
        media_type,
        icon=icon,
        on_click="ignore",
        key=key,
    )


def _made_and_kept(make: Callable[[], bytes], keep: Callable[[bytes], None]) -> bytes:
    content = make()
    keep(content)
    return content


def _keeper(name: str, media_type: str, place: str) -> Callable[[bytes], None]:
    """Give what enters a content under this visitor's session, at a place of its own.

    The session is that of the thread which enters, so a thread is lent it.
    """
    context = get_script_run_ctx()

    def keep(content: bytes) -> None:
        if context is None or not runtime.exists():
            return
        enter = runtime.get_instance().media_file_mgr.add
        arguments = (content, media_type, place, name, True)
        thread = add_script_run_ctx(Thread(target=enter, args=arguments), context)
        thread.start()
        thread.join()

    return keep
