"""Reading room: compare yourself, or a class, with the models on the same cases.

Layout and words only; the parts are in `mammo.ui.reading`.
"""

import streamlit as st

from mammo.ui.kit.address import choose_option
from mammo.ui.kit.frame import frame, notice_accepted, sentences
from mammo.ui.kit.get_images import offer_images
from mammo.ui.kit.viewer import keep_room
from mammo.ui.reading import session
from mammo.ui.reading.cover import show_cover, show_finish, show_setup
from mammo.ui.reading.files import show_files
from mammo.ui.reading.live import show_board, take_seat
from mammo.ui.reading.play import ROOM, read
from mammo.ui.reading.results import show_results
from mammo.ui.reading.session import LEAD, LIVE, open_round, require_pictures

frame("Reading room", ":material/groups:")
keep_room(ROOM)
READ, FILES = "read", "files"
ABOUT = (
    "Rate lesions without knowing the pathology. Then compare your ratings with those of two "
    "networks and of the radiologists who read the cases."
)
DEEDS = {READ: "Read a round", FILES: "Open result files"}
asked = session.asked()
in_room = bool({LIVE, LEAD} & asked.keys())
deed = READ
if not in_room and not session.reading_now():
    deed = choose_option("What to do", "do", DEEDS, READ)

if not notice_accepted(ABOUT):
    st.stop()
if deed == FILES:
    with sentences():
        show_files()
    st.stop()

play = None
with sentences():
    if LEAD in asked:
        show_board(asked)
    else:
        play = take_seat(asked[LIVE]) if LIVE in asked else session.current(asked)
if play is None and in_room:
    st.button("Another round", on_click=session.leave, key="reading_leave_room")
    st.stop()
if play is None:
    st.markdown(ABOUT)
    with sentences():
        show_setup()
    st.stop()
opened = None
with sentences():
    blind = play.seat is not None and not play.truth_asked
    name = play.seat.room if blind else ""
    opened = open_round(play.record.plan, name, play.record.readings)
    require_pictures(opened)
    if play.truth_asked:
        show_results(opened, play)
    elif play.done:
        show_finish(opened, play)
    elif play.started:
        read(opened, play)
    else:
        show_cover(opened, play)
    st.stop()
if opened is not None:
    offer_images(session.cases_without_images(opened), "round")
st.button("Another round", on_click=session.leave, key="reading_leave_broken")
