"""Grad-CAM viewer: why a model said so, and how far that can be trusted, for any lesion.

Layout and words only; the parts are in `mammo.ui.viewer`.
"""

import streamlit as st

from mammo.ui.kit import cache
from mammo.ui.kit.frame import frame, notice_accepted, sentences
from mammo.ui.kit.result import show_doubts, show_familiarity, show_similar
from mammo.ui.viewer.case_section import (
    recorded_estimates,
    show_place,
    show_record,
    show_report,
    show_standing,
)
from mammo.ui.viewer.change_section import show_occlusion, show_sensitivity
from mammo.ui.viewer.choose import choose_case
from mammo.ui.viewer.inside_section import show_inside
from mammo.ui.viewer.maps_section import show_maps
from mammo.ui.viewer.viewing import Asked

frame("Grad-CAM viewer", ":material/visibility:")
st.markdown(
    "Why did they say so? What each model used on a lesion, by several methods; what goes on "
    "inside; and what moves the estimate. The address of this page holds its settings: send it, "
    "and others see this very view."
)

with sentences():
    viewed = choose_case()
    if not notice_accepted():
        st.stop()
    show_standing(viewed)
    cards = cache.cards()
    estimates = recorded_estimates(viewed, cards)
    asked = None if viewed.crop is None else Asked(viewed, viewed.crop, cache.classifiers())
    if asked:
        result = asked.result()
        show_familiarity(result.signals)
        show_doubts(result.doubts)
        show_maps(asked)
        estimates = {name: answer.probability for name, answer in result.models.items()}
        show_similar(result.signals)
    show_record(viewed, cards)
    if asked:
        show_report(asked)
    with sentences():
        show_place(estimates, cards)
    if asked:
        show_occlusion(asked)
        show_sensitivity(asked)
        show_inside(asked)
