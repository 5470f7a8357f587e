"""What every page shares: its head and sidebar, the notice, sentences in place of failures.

The browser's part is a component of Streamlit's second kind, `browser.js` and `browser.css` beside
this file: it scrolls by finger, remembers the notice, and finds a lost session. When the server is
restarted, or a tab was not connected for longer than `server.disconnectedSessionTTL`, Streamlit
gives the tab a new session without a word: the page stays as it was, its fragments are unknown to
the server, and its files are listed but gone. The browser therefore names the session that it knows
whenever it is connected again. Where that is another one, the page is emptied, so that no field
keeps what the server no longer has, and then drawn anew.
"""

import secrets
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from mammo import text
from mammo.errors import MammoError
from mammo.ui.kit.address import begin_address
from mammo.ui.kit.patches import drop_uploads_of_a_left_page, patch_server
from mammo.ui.kit.settings import OFFERED, settings_button
from mammo.ui.kit.widgets import let_words_follow_the_theme

MARK = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="64" height="64">'
    '<rect width="64" height="64" rx="14" fill="#12343B"/>'
    '<path d="M8 10C40 10 53 23 53 32S40 54 8 54Z" fill="#A9C3C9"/>'
    '<rect x="23" y="22" width="20" height="20" fill="none" stroke="#F0E442" stroke-width="3.5"/>'
    '<circle cx="33" cy="32" r="5.5" fill="#FFFFFF"/>'
    "</svg>"
)
"""The app's mark, carried as text so that no page fetches an icon from another server.

A breast in outline, a lesion, and the window that the models see.
"""

DATA_SET = "https://doi.org/10.7937/K9/TCIA.2016.7O02S9CY"
CHOSEN = ":material/check:"
"""Icon of the chosen one of several buttons: a sign for all eyes, where a colour is none."""


REMEMBERED_DAYS = 30
_COOKIE = "mammo_notice"
_WORDING = f"{zlib.crc32(text.NOTICE.encode()):08x}"
"""Another wording of the notice asks for another consent."""
_ACCEPTED, _SESSION, _LOST = "notice_accepted", "session", "session_lost_on"
_HERE = Path(__file__)
_MOUNT = st.components.v2.component(
    "mammo_browser",
    css=_HERE.with_name("browser.css").read_text(encoding="utf-8"),
    js=_HERE.with_name("browser.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


@dataclass(frozen=True)
class Page:
    """A page: its file, its title, its icon."""

    path: str
    title: str
    icon: str


PAGES = (
    Page("app.py", "Home", ":material/home:"),
    Page("pages/1_Upload_and_classify.py", "Upload and classify", ":material/center_focus_strong:"),
    Page("pages/2_Model_comparison.py", "Model comparison", ":material/compare_arrows:"),
    Page("pages/3_Dataset_explorer.py", "Dataset explorer", ":material/dataset:"),
    Page("pages/4_Grad-CAM_viewer.py", "Grad-CAM viewer", ":material/visibility:"),
    Page("pages/5_Reading_room.py", "Reading room", ":material/groups:"),
    Page("pages/7_Train_a_model.py", "Train a model", ":material/model_training:"),
    Page("pages/6_Model_card.py", "Model card", ":material/badge:"),
    Page("pages/8_Lessons.py", "Lessons", ":material/school:"),
)


def frame(title: str, icon: str) -> None:
    """Draw what every page shares, under its title; call it first, before any other element."""
    patch_server()
    begin_address()
    st.session_state.pop(OFFERED, None)
    drop_uploads_of_a_left_page(title)
    st.set_page_config(
        page_title=title if title == "mammo" else f"{title} · mammo",
        page_icon=MARK,
        layout="wide",
        menu_items={"About": f"**mammo**. {text.NOTICE}"},
    )
    let_words_follow_the_theme()
    if st.context.is_embedded:  # the page stands in another page, which has a menu of its own
        _connect_browser(title)
        small_notice()
    else:
        st.logo(MARK, size="large")
        with st.sidebar:
            _sidebar()
            _connect_browser(title)
    st.title(title, icon=icon)
    if _LOST in st.session_state:
        st.warning(text.SESSION_LOST, icon=":material/cloud_off:")


def _connect_browser(page: str) -> None:
    """Mount the browser's part; stop the run where the page belongs to a lost session."""
    session = st.session_state.setdefault(_SESSION, secrets.token_hex(8))
    seconds = REMEMBERED_DAYS * 24 * 60 * 60
    cookie = f"{_COOKIE}={_WORDING}; Max-Age={seconds}; Path=/; SameSite=Lax"
    known = _MOUNT(
        data={"session": session, "cookie": cookie if _ACCEPTED in st.session_state else None},
        key="browser",
        on_reconnected_change=lambda: None,  # each names an event, whose value the run reads
        on_emptied_change=lambda: None,
    ).reconnected
    if known not in (None, session):
        st.session_state[_LOST] = page
        st.stop()
    if st.session_state.get(_LOST) != page:
        st.session_state.pop(_LOST, None)


def _sidebar() -> None:
    """Show the current page, links to the others, and the notice in short."""
    st.markdown("**mammo**")
    for page in PAGES:
        st.page_link(page.path, label=page.title, icon=page.icon, width="stretch")
    settings_button()
    st.space("small")
    small_notice()
    small_print(f"Films: CBIS-DDSM ([source]({DATA_SET}), CC BY 3.0).")


def small_notice() -> None:
    """Repeat the notice in one line, as it must stand by every result."""
    st.caption(f":material/info: {text.NOTICE_SHORT}")


def small_print(text: str) -> None:
    """Write small and grey what holds links: a caption fades them below a contrast of 4.5 to 1."""
    st.markdown(f":gray[:small[{text}]]")


def notice_accepted(about: str = "") -> bool:
    """Show the notice until it has been accepted in this browser; return whether it has.

    `about` is Markdown on what the page will show, where it has not yet said so: a link may lead
    here. Results may show only where this returns True.
    """
    remembered = st.context.cookies.get(_COOKIE) == _WORDING
    if remembered or st.session_state.get(_ACCEPTED, False):
        return True
    if about:
        st.markdown(about)
    with st.container(border=True):
        st.header(text.NOTICE_TITLE, icon=":material/front_hand:")
        st.markdown(text.NOTICE)
        accept = st.session_state.update  # the next run stores it in the browser
        args = ({_ACCEPTED: True},)
        st.button(text.ACCEPT, icon=CHOSEN, on_click=accept, args=args, key="accept")
        st.caption(text.ACCEPT_REMEMBERED)
    return False


@contextmanager
def sentences() -> Iterator[None]:
    """Show the sentence of a `MammoError` where the guarded part would have stood.

    What follows the guarded part goes on; any other exception is a defect and passes through.
    """
    try:
        yield
    except MammoError as error:
        st.error(text.literal(error), icon=":material/error:")


def warn(*sentences: str, icon: str = ":material/warning:", title: str | None = None) -> None:
    """Show sentences that may quote a file or a link, a list where there are several.

    They show as they are, not as Markdown; nothing shows where all are empty.
    """
    shown = [text.literal(sentence) for sentence in sentences if sentence]
    if shown:
        listed = "\n".join(f"- {sentence}" for sentence in shown)
        st.warning(listed if len(shown) > 1 or title else shown[0], icon=icon, title=title)
