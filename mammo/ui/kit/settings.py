"""What a visitor may set for all pages, in one place: the dialog Settings in the sidebar.

The threshold that a result opens with, the folder of prepared crops, and how to get light or dark.
Kept in the visitor's session only.
"""

import os
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st

from mammo import text
from mammo.data.download.crops import default_folder
from mammo.ui.kit import cache
from mammo.ui.kit.address import keep_in_link

FOLDER_VARIABLE = "MAMMO_DATA"
FIELD_VARIABLE = "MAMMO_FOLDER_FIELD"
_FIELD = "settings_folder"
_KEPT = "data_folder"
DOWNLOAD = "download"
"""In place of a folder: every visitor may have the server download the images."""
OFFERED = "images_offered_at"
"""Which part of the page offers the images; a full run of the page asks anew."""
_HERE = ("localhost", "127.0.0.1", "::1", "::ffff:127.0.0.1")


def data_folder() -> str:
    """Return the folder of prepared crops, or of downloaded images; "" where there is none."""
    folder = _chosen_folder()
    with suppress(RuntimeError, OSError):  # "~nobody", no home folder, or none that may be read
        if folder not in ("", DOWNLOAD):
            return str(Path(folder).expanduser())
        downloaded = default_folder()
        return str(downloaded) if (downloaded / "index.csv").exists() else ""
    return "" if folder == DOWNLOAD else folder


def _chosen_folder() -> str:
    """Return what the visitor typed, the secret or the variable says; "" where none does."""
    folder = str(st.session_state.get(_KEPT, "")) if _field_is_offered() else ""
    with suppress(FileNotFoundError):  # there is no file of secrets
        folder = folder or str(st.secrets.get("data", ""))
    return folder or os.environ.get(FOLDER_VARIABLE, "")


def download_is_allowed() -> bool:
    """Return whether this visitor may have the server download the images of the public cases.

    By default whoever uses the app on the machine that it runs on; others where the secret `data`
    or the variable says `download`. A folder that is set is left as it is.
    """
    chosen = _chosen_folder()
    return chosen == DOWNLOAD if chosen else is_here(st.context.url, st.context.ip_address)


def is_here(url: str | None, address: str | None) -> bool:
    """Return whether a visitor's browser runs on the server's machine.

    Streamlit listens to everybody unless told otherwise, so where it listens says little; and
    behind a proxy every connection comes from this machine, but the browser names another one.

    Parameters
    ----------
    url : what the browser's address bar says, None where unknown
    address : IP address from which it connects; Streamlit has None for this machine

    Examples
    --------
    >>> is_here("http://localhost:8501/Reading_room", "::ffff:127.0.0.1")
    True
    >>> [is_here("https://class.example", None), is_here("http://localhost", "10.0.0.7")]
    [False, False]
    """
    return urlsplit(url or "").hostname in _HERE and (address is None or address in _HERE)


def _ask_for_folder() -> None:
    """Offer a field for the folder where whoever started the server allows it."""
    if not _field_is_offered():
        return
    st.text_input(
        "Folder of prepared crops",
        value=data_folder(),
        key=_FIELD,
        on_change=_keep,
        args=(_FIELD,),
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
    chosen = st.session_state.get(_THRESHOLD)
    return str(chosen) if chosen in names else names[0]


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
    _ask_for_folder()
    st.caption(folder_sentence(bool(data_folder())))
    st.caption(
        f"**Light or dark:** this page is {st.context.theme.type or 'light'} now, and follows your "
        "system or browser."
    )


def folder_sentence(is_set: bool) -> str:
    """Report whether images of cases are available; never which folder, as others may see it."""
    if is_set:
        return "**Images of cases:** installed on this server."
    return (
        "**Images of cases:** those of the example films. Whoever runs this server can let "
        f"visitors get the others ({FOLDER_VARIABLE}={DOWNLOAD}), or set a folder of prepared "
        f"crops ({FOLDER_VARIABLE}=FOLDER)."
    )


def _keep_threshold() -> None:
    # A widget's own key is forgotten when its dialog closes.
    st.session_state[_THRESHOLD] = str(st.session_state[_THRESHOLD_FIELD])
    st.session_state[_THRESHOLD_CHANGES] = st.session_state.get(_THRESHOLD_CHANGES, 0) + 1
    keep_in_link(THRESHOLD_LINK, None)
