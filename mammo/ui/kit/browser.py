"""What the browser does for every page: scroll by finger, remember the notice, find a lost session.

A component of Streamlit's second kind: `browser.js` and `browser.css` beside this file.

When the server is restarted, or a tab was not connected for longer than
`server.disconnectedSessionTTL`, Streamlit gives the tab a new session without a word: the page
stays as it was, its fragments are unknown to the server, and its files are listed but gone. The
browser therefore names the session that it knows whenever it is connected again. Where that is
another one, the page is emptied, so that no field keeps what the server no longer has, and then
drawn anew.
"""

import secrets
import zlib
from pathlib import Path

import streamlit as st

from mammo import text

REMEMBERED_DAYS = 30
_COOKIE = "mammo_notice"
_WORDING = f"{zlib.crc32(text.NOTICE.encode()):08x}"
"""Another wording of the notice asks for another consent."""
_ACCEPTED = "notice_accepted"
_SESSION, _LOST = "session", "session_lost_on"
_HERE = Path(__file__)
_MOUNT = st.components.v2.component(
    "mammo_browser",
    css=_HERE.with_suffix(".css").read_text(encoding="utf-8"),
    js=_HERE.with_suffix(".js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def connect_browser(page: str) -> None:
    """Mount the browser's part; stop the run where the page belongs to a lost session."""
    session = st.session_state.setdefault(_SESSION, secrets.token_hex(8))
    accepted = st.session_state.get(_ACCEPTED, False)
    known = _MOUNT(
        data={"session": session, "cookie": _cookie() if accepted else None},
        key="browser",
        on_reconnected_change=_ignore,
        on_emptied_change=_ignore,
    ).reconnected
    if known not in (None, session):
        st.session_state[_LOST] = page
        st.stop()
    if st.session_state.get(_LOST) != page:
        st.session_state.pop(_LOST, None)


def _ignore() -> None:
    """Name an event for Streamlit; the run that follows reads its value."""


def session_was_lost() -> bool:
    """Return whether this page was open in a session that the server no longer has."""
    return _LOST in st.session_state


def accept_notice() -> None:
    """Store that the notice was accepted, in this session and by the next run in the browser."""
    st.session_state[_ACCEPTED] = True


def has_accepted_notice() -> bool:
    """Return whether this wording of the notice was accepted in this session or browser."""
    if st.context.cookies.get(_COOKIE) == _WORDING:
        return True
    return bool(st.session_state.get(_ACCEPTED, False))


def _cookie() -> str:
    seconds = REMEMBERED_DAYS * 24 * 60 * 60
    return f"{_COOKIE}={_WORDING}; Max-Age={seconds}; Path=/; SameSite=Lax"
