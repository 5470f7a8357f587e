"""Dataset explorer: what is in CBIS-DDSM, before anyone trains on it.

Layout and words only; the parts are in `mammo.ui.explorer`.
"""

import streamlit as st

from mammo.report.glossary import glossary_line
from mammo.ui.explorer.cases import choose_cases, show_case, show_chart, show_gallery, show_table
from mammo.ui.explorer.pixels import show_leak_check, show_preview
from mammo.ui.kit.frame import frame, sentences, small_print

frame("Dataset explorer", ":material/dataset:")
st.markdown(
    "The masses that these models learned from and were tested on: what was recorded, how it is "
    "spread, what it looks like. The address of this page holds the filters: send it, and others "
    "see this very selection."
)
small_print(glossary_line("cbis_ddsm", "mass", "birads", "density", "subtlety", "cc_mlo", "leak"))

with sentences():
    found = choose_cases()

    st.header("What is in the data", anchor="charts")
    with sentences():
        show_chart(found)

    st.header("Gallery", anchor="gallery")
    with sentences():
        show_gallery(found)

    st.header("One case", anchor="case")
    with sentences():
        case = show_case(found)
        st.header("What the network sees", anchor="preview")
        show_preview(case)

    st.header("Table", anchor="table")
    with sentences():
        show_table(found)

    st.header("Does anything leak?", anchor="leaks")
    st.markdown(
        "A test is honest only if nothing of it was seen in training. The check looks for "
        "patients and films that stand in both splits, and for one picture in both, even turned, "
        "mirrored, rescaled or toned."
    )
    with sentences():
        show_leak_check()
