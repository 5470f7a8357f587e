"""Dataset explorer: the cases of CBIS-DDSM that the models were trained and tested on.

Layout and words only; the parts are in `mammo.ui.explorer`.
"""

import streamlit as st

from mammo.report.glossary import glossary_line
from mammo.ui.explorer.cases import choose_cases, show_case, show_chart, show_gallery, show_table
from mammo.ui.explorer.pixels import show_leak_check, show_preview
from mammo.ui.kit.frame import frame, sentences, small_print
from mammo.ui.kit.viewer import keep_room

frame("Dataset explorer", ":material/dataset:")
keep_room("clamp(16rem, min(100vh - 14rem, 90vw), 34rem)")
st.caption(
    "The masses used to train and test the models. Copy the address to share your selection."
)

with sentences():
    rows = choose_cases()

    with sentences():
        show_chart(rows)

    st.header("Images", anchor="gallery")
    with sentences():
        show_gallery(rows)

    st.header("Case", anchor="case")
    with sentences():
        case = show_case(rows)
        small_print(glossary_line("cbis_ddsm", "cc_mlo", "prior_shift"))
        st.header("What the network sees", anchor="preview")
        show_preview(case)

    st.header("Table", anchor="table")
    with sentences():
        show_table(rows)

    st.header("Data leakage check", anchor="leaks")
    st.caption(
        "No patient, mammogram or image should be in both splits. The check also finds copies that "
        "were rotated, mirrored or rescaled."
    )
    with sentences():
        show_leak_check()
