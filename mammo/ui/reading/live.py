"""A live room on the screen: the readers' way in, and the lecturer's board.

A reader's page gets the picture, the rating and nothing else of the room: other readers' ratings
are on the board alone, and the diagnoses come when the lecturer shows them. The board's link has
the room's secret, which no reader's page knows.
"""

import io
import zipfile

import segno
import streamlit as st

import mammo
from mammo import text
from mammo.errors import SettingsError
from mammo.plots.reading import dots_figure
from mammo.reading import Record, Result, read_code, write_result
from mammo.reading.live import LiveRoom, read_room_code
from mammo.reading.results_file import LONGEST_NICKNAME
from mammo.text import counted
from mammo.ui.kit.address import choose_option, keep_in_link, reachable
from mammo.ui.kit.frame import sentences
from mammo.ui.kit.widgets import offer_file, show_figure
from mammo.ui.reading import session
from mammo.ui.reading.cover import HOW_TO_RATE, in_words
from mammo.ui.reading.files import show_room
from mammo.ui.reading.results import file_name
from mammo.ui.reading.review import show_review
from mammo.ui.reading.session import LEAD, LIVE, ROUND, TITLE, Play, Round, Seat, rooms

_TITLE = "reading_title"
_SECONDS = 0.5
"""How often the board looks for new ratings."""


def take_seat(code: str) -> Play | None:
    """Return this reader's play in a live room; without one ask for a nickname, or wait."""
    code = read_room_code(code)
    play = session.seated(code)
    if play is not None:
        session.keep(play)
        return play
    seat = session.seat_in_link(code)
    room = rooms().find(code)
    if room is None:
        st.info(
            f"No live room {code} is open here. If it is about to start, wait on this page. It may "
            "also have ended. Your ratings are in this page's address.",
            icon=":material/hourglass_top:",
        )
        session.watch(lambda: rooms().find(code) is not None)
    elif room.closed:
        raise SettingsError(f"The lecturer has closed the live room {code}.")
    elif seat is None:
        _ask_for_nickname(room)
    else:
        play = session.from_link(room.plan, seat)
        session.sit(play)
    return play


def _ask_for_nickname(room: LiveRoom) -> None:
    with st.form("reading_join", width=560):
        st.header(text.literal(room.title) or "Live room", anchor=False)
        shown = "results" if room.plan.feedback else "diagnoses"
        st.markdown(f"{in_words(room.plan)} {HOW_TO_RATE} The lecturer shows the {shown}.")
        nickname = st.text_input(
            "Nickname", max_chars=LONGEST_NICKNAME, key="reading_join_name",
            help="The lecturer sees it beside your ratings. Do not use your real name.",
        )  # fmt: skip
        if st.form_submit_button("Join", icon=":material/login:"):
            with sentences():
                token = session.own_token()
                seat = Seat(room.code, room.join(token, nickname), token)
                session.sit(Play(Record(room.plan), seat, started=True))
                st.rerun()


def show_board(asked: dict[str, str]) -> None:
    """Show the lecturer's board of the room that a link leads."""
    plan = read_code(asked.get(ROUND, ""))
    served = session.artifacts_fingerprint()
    room = rooms().lead(asked[LEAD], plan, served, asked.get(LIVE))
    opened = session.open_round(plan)
    session.require_pictures(opened)
    session.go_to(asked)
    views = {
        "join": "Students", "dots": "Ratings", "score": "Results", "cases": "Discuss the cases",
    }  # fmt: skip
    if room.closed:
        st.warning("You have closed this room. The server forgets it soon: download the results.")
    with st.container(horizontal=True, vertical_alignment="center"):
        view = choose_option("View", "board", views, "join", hide_label=True)
        _show_controls(opened, room)
    if view == "join":
        _show_way_in(room)
    elif view == "dots":
        _show_dots(opened, room)
    elif view == "cases":
        show_review(opened, room.room(), "")
    else:
        done = room.room(whole=True)
        session.watch(lambda: len(room.room(whole=True).readers) > len(done.readers))
        if done.readers:
            show_room(opened, done)
        else:
            st.info("No reader has finished the round yet.", icon=":material/hourglass_top:")


def _show_controls(opened: Round, room: LiveRoom) -> None:
    st.button(
        "The diagnoses are shown" if room.revealed else "Show the diagnoses to everyone",
        icon=":material/visibility:", disabled=room.revealed or room.closed,
        on_click=setattr, args=(room, "revealed", True), key="reading_reveal",
        help="Each reader who has finished then sees their results. Ratings that come later "
        "do not count.",
    )  # fmt: skip
    with st.popover("Close the room", icon=":material/meeting_room:", disabled=room.closed):
        st.markdown("No reader can join or rate in this room any more.")
        st.button(
            "Close it now", on_click=setattr, args=(room, "closed", True), key="reading_close"
        )
    served = session.artifacts_fingerprint()
    offer_file(
        "Download the results", lambda: _zipped(room, served),
        f"mammo-room-{opened.code}.zip", "application/zip", key="reading_room_zip",
    )  # fmt: skip


def _zipped(room: LiveRoom, artifacts: str) -> bytes:
    """Return the result file of each reader who has finished, as a zip archive."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, one in enumerate(room.room(whole=True).readers, start=1):
            result = Result(one.record, one.name, artifacts, mammo.__version__)
            name = f"{number:03}-{file_name(room.code, one.name)}"
            archive.writestr(name, write_result(result, text.NOTICE_SHORT))
    return content.getvalue()


def _show_way_in(room: LiveRoom) -> None:
    """Show the readers' link, code and QR code, and the lecturer's own link."""
    page = session.page_address()
    address = reachable(page)
    link = f"{address}?{LIVE}={room.code}"
    way_in, people = st.columns([3, 4], gap="large")
    with way_in:
        qr_code = segno.make(link, error="m").svg_data_uri(scale=8, light="#fff")
        st.image(qr_code, width=270, alt="QR code of the students' link")
        st.header(room.code, anchor=False)
        st.caption("Students scan this, enter the code on the page Reading room, or open the link:")
        st.code(link, language=None, wrap_lines=True)
        if address != page:
            st.caption(
                "This is the address of your computer in its network. If students cannot open it, "
                "join their network, and start the app with `--server.address=0.0.0.0`."
            )
    with people:
        _show_readers(room)
        st.session_state.setdefault(_TITLE, room.title or st.query_params.get(TITLE, ""))
        room.title = st.text_input("Title of the room", max_chars=LONGEST_NICKNAME, key=_TITLE)
        keep_in_link(TITLE, room.title or None)
        st.caption(
            f"{in_words(room.plan)} The server keeps the ratings in its memory alone, for two "
            "hours at most. **The address of this page leads the room:** keep it, and do not show "
            "it. If the server is restarted, open it again: the readers' pages bring their ratings "
            "back."
        )


@st.fragment(run_every=_SECONDS)
def _show_readers(room: LiveRoom) -> None:
    """List who has joined and how far each reader is."""
    readers = room.room().readers
    done = sum(one.record.whole for one in readers)
    st.subheader(f"{counted(len(readers), 'reader')}, {done} finished", anchor=False)
    if readers:
        rated = st.column_config.ProgressColumn(format="%d", min_value=0, max_value=room.plan.n)
        table = {"Reader": [r.name for r in readers], "Cases": [r.record.at for r in readers]}
        alt = "Readers, and how many cases each has rated"
        st.dataframe(table, column_config={"Cases": rated}, hide_index=True, width=560, alt=alt)


@st.fragment(run_every=_SECONDS)
def _show_dots(opened: Round, room: LiveRoom) -> None:
    """Draw the ratings as they come in; the diagnoses once everyone may see them."""
    if not room.revealed:
        st.caption("Readers must not see this before they have finished.")
    show_figure(
        dots_figure(room.room(), opened.cases, list(range(opened.plan.n)), room.revealed),
        f"dots-{opened.code}", "Each reader's rating of each case beside both models",
        key="reading_dots",
    )  # fmt: skip
