"""What a visitor may set for all pages, in one place: the dialog Settings in the sidebar.

The threshold that a result opens with, the folder of prepared crops, and how to get light or dark.
Kept in the visitor's session only.
"""

import streamlit as st

from mammo.ui import words
from mammo.ui.data_folder import FOLDER_VARIABLE, ask_for_folder, data_folder

THRESHOLD_FIELDS = ("threshold", "batch_threshold")
"""Keys of the pages' own choices, which follow when the setting is changed."""
_FIELD = "settings_threshold"
_KEPT = "default_threshold"


def default_threshold() -> str:
    """Return the threshold that a result opens with, by its key on a model's card."""
    return str(st.session_state.get(_KEPT, next(iter(words.THRESHOLD_NAMES))))


def settings_button() -> None:
    """Offer the settings on every page."""
    if st.button("Settings", icon=":material/settings:", width="stretch", key="open_settings"):
        _settings()


@st.dialog("Settings", icon=":material/settings:")
def _settings() -> None:
    st.caption("Kept until you close this tab; nothing is stored.")
    names = tuple(words.THRESHOLD_NAMES)
    st.selectbox(
        "Threshold that results open with",
        names,
        index=names.index(default_threshold()),
        format_func=words.threshold_name,
        help=words.THRESHOLD_HELP,
        key=_FIELD,
        on_change=_keep_threshold,
    )
    ask_for_folder("settings_folder")
    st.caption(folder_sentence(bool(data_folder())))
    st.caption(
        f"**Light or dark:** this page is {st.context.theme.type or 'light'} now, and follows your "
        "system or browser."
    )


def folder_sentence(is_set: bool) -> str:
    """Say whether pictures of cases are at hand; never which folder, as others may read along.

    Examples
    --------
    >>> folder_sentence(True)
    '**Pictures of cases:** a folder of prepared crops is set.'
    """
    if is_set:
        return "**Pictures of cases:** a folder of prepared crops is set."
    return (
        "**Pictures of cases:** those of the example films. Whoever runs this server can set a "
        f"folder of prepared crops, by {FOLDER_VARIABLE}."
    )


def _keep_threshold() -> None:
    # A widget's own key is forgotten when its dialog closes.
    chosen = str(st.session_state[_FIELD])
    st.session_state[_KEPT] = chosen
    for field in THRESHOLD_FIELDS:
        if field in st.session_state:
            st.session_state[field] = chosen
