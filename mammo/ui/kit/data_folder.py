"""The folder of prepared crops: one setting for every page that shows pictures of cases.

In this order: the field on the dataset page and in the settings, the Streamlit secret `data`, the
environment variable MAMMO_DATA.

The field names a folder on the server, so a visitor could probe the server's folders with it. It is
offered only where whoever starts the server sets MAMMO_FOLDER_FIELD=1. Nothing of the request
decides: behind a proxy on the same machine, a stranger arrives from a loopback address too.
"""

import os
from pathlib import Path

import streamlit as st

FOLDER_VARIABLE = "MAMMO_DATA"
FIELD_VARIABLE = "MAMMO_FOLDER_FIELD"
_FIELD = "data_folder_field"
_KEPT = "data_folder"


def data_folder() -> str:
    """Return the folder of prepared crops, "" where none is set."""
    typed = str(st.session_state.get(_KEPT, "")) if _field_is_offered() else ""
    return _at_home(typed or _secret() or os.environ.get(FOLDER_VARIABLE, ""))


def ask_for_folder(key: str = _FIELD) -> None:
    """Offer a field for the folder where whoever started the server allows it."""
    if not _field_is_offered():
        return
    st.text_input(
        "Folder of prepared crops",
        value=data_folder(),
        key=key,
        on_change=_keep,
        args=(key,),
        placeholder="as python -m mammo.prepare leaves it",
        help="On the server. Nothing is copied; the pictures of the cases show.",
    )


def _field_is_offered() -> bool:
    return os.environ.get(FIELD_VARIABLE, "").strip().lower() in ("1", "true", "yes", "on")


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
