"""What a visitor may set for all pages, in one place: the dialog Settings in the sidebar.

The threshold that a result opens with, the folder of prepared crops, and how to get light or dark.
Kept in the visitor's session only.
"""

import os
from contextlib import suppress
from pathlib import Path

import streamlit as st

from mammo import text
from mammo.ui.kit import cache
from mammo.ui.kit.address import keep_in_link

FOLDER_VARIABLE = "MAMMO_DATA"
FIELD_VARIABLE = "MAMMO_FOLDER_FIELD"
_FIELD = "data_folder_field"
_KEPT = "data_folder"


def data_folder() -> str:
    """Return the folder of prepared crops, "" where none is set."""
    folder = str(st.session_state.get(_KEPT, "")) if _field_is_offered() else ""
    with suppress(FileNotFoundError):  # there is no file of secrets
        folder = folder or str(st.secrets.get("data", ""))
    folder = folder or os.environ.get(FOLDER_VARIABLE, "")
    with suppress(RuntimeError):  # "~nobody"
        return str(Path(folder).expanduser()) if folder else ""
    return folder


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


THRESHOLD_LINK = "threshold"
"""What a link calls the threshold of the result that it opens."""
_THRESHOLD_FIELD = "settings_threshold"
_THRESHOLD = "default_threshold"
_THRESHOLD_CHANGES = "default_threshold_changes"


def default_threshold() -> str:
    """Return the threshold that a result opens with, by its key on a model's card."""
    names = cache.threshold_names()
    kept = st.session_state.get(_THRESHOLD)
    return str(kept) if kept in names else names[0]


def threshold_key(field: str) -> str:
    """Return the key of a page's own threshold, which follows when the setting changes."""
    changes = st.session_state.get(_THRESHOLD_CHANGES, 0)
    return f"{field}_{changes}" if changes else field


def settings_button() -> None:
    """Offer the settings on every page."""
    if st.button("Settings", icon=":material/settings:", width="stretch", key="open_settings"):
        _settings()


@st.dialog("Settings", icon=":material/settings:", on_dismiss="rerun")
def _settings() -> None:
    """Ask for the settings; the page behind takes them up when the dialog is closed."""
    st.caption("Kept until you close this tab; nothing is stored.")
    names = cache.threshold_names()
    st.selectbox(
        "Threshold that results open with",
        names,
        index=names.index(default_threshold()),
        format_func=text.threshold_name,
        help=cache.threshold_help(),
        key=_THRESHOLD_FIELD,
        on_change=_keep_threshold,
    )
    ask_for_folder("settings_folder")
    st.caption(folder_sentence(bool(data_folder())))
    st.caption(
        f"**Light or dark:** this page is {st.context.theme.type or 'light'} now, and follows your "
        "system or browser."
    )


def folder_sentence(is_set: bool) -> str:
    """Say whether pictures of cases are at hand; never which folder, as others may read along."""
    if is_set:
        return "**Pictures of cases:** a folder of prepared crops is set."
    return (
        "**Pictures of cases:** those of the example films. Whoever runs this server can set a "
        f"folder of prepared crops, by {FOLDER_VARIABLE}."
    )


def _keep_threshold() -> None:
    # A widget's own key is forgotten when its dialog closes.
    st.session_state[_THRESHOLD] = str(st.session_state[_THRESHOLD_FIELD])
    st.session_state[_THRESHOLD_CHANGES] = st.session_state.get(_THRESHOLD_CHANGES, 0) + 1
    keep_in_link(THRESHOLD_LINK, None)
