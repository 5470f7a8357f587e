"""What a visitor may set for all pages, in one place: the dialog Settings in the sidebar.

The threshold that a result opens with, the folder of prepared crops, and how to get light or dark.
Kept in the visitor's session only.
"""

import streamlit as st

from mammo import text
from mammo.ui.kit import cache
from mammo.ui.kit.address import keep_in_link
from mammo.ui.kit.data_folder import FOLDER_VARIABLE, ask_for_folder, data_folder

THRESHOLD_LINK = "threshold"
"""What a link calls the threshold of the result that it opens."""
_FIELD = "settings_threshold"
_KEPT = "default_threshold"
_CHANGES = "default_threshold_changes"


def default_threshold() -> str:
    """Return the threshold that a result opens with, by its key on a model's card."""
    return str(st.session_state.get(_KEPT, next(iter(text.THRESHOLD_NAMES))))


def threshold_key(field: str) -> str:
    """Return the key of a page's own threshold, which follows when the setting changes."""
    changes = st.session_state.get(_CHANGES, 0)
    return f"{field}_{changes}" if changes else field


def settings_button() -> None:
    """Offer the settings on every page."""
    if st.button("Settings", icon=":material/settings:", width="stretch", key="open_settings"):
        _settings()


@st.dialog("Settings", icon=":material/settings:", on_dismiss="rerun")
def _settings() -> None:
    """Ask for the settings; the page behind takes them up when the dialog is closed."""
    st.caption("Kept until you close this tab; nothing is stored.")
    names = tuple(text.THRESHOLD_NAMES)
    st.selectbox(
        "Threshold that results open with",
        names,
        index=names.index(default_threshold()),
        format_func=text.threshold_name,
        help=cache.threshold_help(),
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
    st.session_state[_KEPT] = str(st.session_state[_FIELD])
    st.session_state[_CHANGES] = st.session_state.get(_CHANGES, 0) + 1
    keep_in_link(THRESHOLD_LINK, None)
