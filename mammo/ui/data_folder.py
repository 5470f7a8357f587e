"""Where prepared crops are at hand: one setting for every page that shows pictures of cases.

In this order: the field on the dataset page and in the settings (offered only to a visitor on the
server's own machine, because it names a folder there), the Streamlit secret `data`, the environment
variable MAMMO_DATA.
"""

import os
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st

FOLDER_VARIABLE = "MAMMO_DATA"
_FIELD = "data_folder_field"
_KEPT = "data_folder"
_OWN_MACHINE = ("localhost", "127.0.0.1", "::1")
_FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-Ip")


def data_folder() -> str:
    """Return the folder of prepared crops, "" where none is set."""
    typed = str(st.session_state.get(_KEPT, ""))
    return _at_home(typed or _secret() or os.environ.get(FOLDER_VARIABLE, ""))


def ask_for_folder(key: str = _FIELD) -> None:
    """Offer a field for the folder to who sits at the server's own machine."""
    if not at_the_servers_machine():
        return
    st.text_input(
        "Folder of prepared crops",
        value=data_folder(),
        key=key,
        on_change=_keep,
        args=(key,),
        placeholder="as python -m mammo.prepare leaves it",
        help="On this machine. Nothing is copied; the pictures of the cases show.",
    )


def at_the_servers_machine() -> bool:
    """Say whether the visitor's browser runs on the server's own machine.

    Behind a proxy every visitor's address is the proxy's, which may be this machine's: then the
    name that the browser asked for, or a forwarding header, tells.
    """
    headers = st.context.headers
    try:
        asked_for = urlsplit(f"//{headers.get('Host', '')}").hostname
    except ValueError:
        asked_for = None
    forwarded = any(headers.get(name) for name in _FORWARDED)
    return st.context.ip_address is None and asked_for in _OWN_MACHINE and not forwarded


def _keep(key: str) -> None:
    # A widget's own key is forgotten when its page is left.
    st.session_state[_KEPT] = str(st.session_state[key]).strip()


def _at_home(folder: str) -> str:
    try:
        return str(Path(folder).expanduser()) if folder else ""
    except RuntimeError:  # "~nobody"
        return folder


def _secret() -> str:
    try:
        return str(st.secrets.get("data", ""))
    except FileNotFoundError:
        return ""
