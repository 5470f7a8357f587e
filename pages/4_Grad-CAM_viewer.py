"""Grad-CAM viewer: which parts of a crop raised each model's probability, for any lesion.

Layout and words only; the parts are in `mammo.ui.viewer`.
"""

import streamlit as st

from mammo.ui.kit import cache
from mammo.ui.kit.frame import frame, notice_accepted, sentences
from mammo.ui.kit.patches import TURNS
from mammo.ui.kit.result import show_result
from mammo.ui.kit.viewer import keep_room
from mammo.ui.viewer import answers
from mammo.ui.viewer.drawer import show_drawer
from mammo.ui.viewer.viewed import choose_case

frame("Grad-CAM viewer", ":material/visibility:")
keep_room("clamp(16rem, min(100vh - 23.5rem, 66vw), 60rem)")

with sentences():
    viewed = choose_case()
    if not notice_accepted("See which parts of a lesion raised each model's probability."):
        st.stop()
    answers.show_standing(viewed)
    if viewed.pixels is not None:
        with st.container(key="workbench"):
            left, right = st.columns([3, 2], gap="medium")
        with left:
            viewer = answers.show_picture_of(viewed)
        with right, sentences(), TURNS:
            show_result(viewed.picture, viewed.result(), {}, answers.record_of(viewed))
        with left, st.container(key="later"), sentences():
            answers.show_maps(viewed, viewer)
        show_drawer(viewed)
    elif viewed.row is not None:
        answers.show_record(viewed.row, cache.cards())
        answers.show_place(viewed, cache.cards())
