"""Grad-CAM viewer: why a model said so, and how far that can be trusted, for any lesion.

Layout and words only; the parts are in `mammo.ui.viewer`.
"""

import streamlit as st

from mammo.ui.kit import cache
from mammo.ui.kit.frame import frame, notice_accepted, sentences
from mammo.ui.kit.result import show_similar, show_warnings
from mammo.ui.kit.viewer import ROOM, keep_room
from mammo.ui.viewer.answers import show_maps, show_place, show_record, show_report, show_standing
from mammo.ui.viewer.probes import show_inside, show_occlusion, show_sensitivity
from mammo.ui.viewer.viewed import choose_case

frame("Grad-CAM viewer", ":material/visibility:")
keep_room(ROOM)
st.caption("See which parts of a crop raised each model's estimate.")

with sentences():
    viewed = choose_case()
    if not notice_accepted():
        st.stop()
    show_standing(viewed)
    cards, has_crop = cache.cards(), viewed.pixels is not None
    if has_crop:
        show_warnings(viewed.result())
        show_maps(viewed)
        show_similar(viewed.result().signals)
    show_record(viewed, cards)
    if has_crop:
        show_report(viewed)
    with sentences():
        show_place(viewed, cards)
    if has_crop:
        show_occlusion(viewed)
        show_sensitivity(viewed)
        show_inside(viewed)
