"""Dataset explorer: what is in CBIS-DDSM, before anyone trains on it.

Layout and words only; the parts are in `mammo.ui.explorer`.
"""

import streamlit as st

from mammo.report.glossary import glossary_line
from mammo.ui.explorer.case import show_case
from mammo.ui.explorer.leak_section import show_leak_check
from mammo.ui.explorer.preview import show_preview
from mammo.ui.explorer.sections import choose_cases, show_chart, show_gallery, show_table
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
    with sentences():
        show_chart(found)
    with sentences():
        show_gallery(found)
    with sentences():
        case = show_case(found)
        show_preview(case)
    with sentences():
        show_table(found)
    with sentences():
        show_leak_check()
