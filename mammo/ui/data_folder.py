"""Where prepared crops are at hand: one setting for every page that shows pictures of cases.

In this order: the field on the dataset page (offered only to a visitor on the server's own machine,
because it names a folder there), the Streamlit secret `data`, the environment variable MAMMO_DATA.
"""

import os

import streamlit as st

FOLDER_VARIABLE = "MAMMO_DATA"
_FIELD = "data_folder_field"


def data_folder() -> str:
    """Return the folder of prepared crops, "" where none is set."""
    typed = str(st.session_state.get("data_folder", ""))
    return typed or _secret() or os.environ.get(FOLDER_VARIABLE, "")


def ask_for_folder() -> None:
    """Offer a field for the folder to who sits at the server's own machine."""
    if st.context.ip_address is not None:
        return
    st.text_input(
        "Folder of prepared crops",
        value=data_folder(),
        key=_FIELD,
        on_change=_keep,
        placeholder="as python -m mammo.prepare leaves it",
        help="On this machine. Nothing is copied; the pictures of the cases show.",
    )


def _keep() -> None:
    # A widget's own key is forgotten when its page is left.
    st.session_state["data_folder"] = str(st.session_state[_FIELD]).strip()


def _secret() -> str:
    try:
        return str(st.secrets.get("data", ""))
    except FileNotFoundError:
        return ""
