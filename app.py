"""Home: one real lesion with the answer of each model, and three ways in.

Run with `streamlit run app.py`.
"""

import streamlit as st

from mammo.ui import home
from mammo.ui.kit.frame import PAGES, frame, sentences

frame("mammo", ":material/radiology:")
_, upload, comparison, _, _, reading, _ = PAGES
words, example = st.columns([4, 5], gap="medium", vertical_alignment="center")
with words:
    st.subheader(
        "How likely is a breast lesion on a mammogram to be malignant? Two neural networks answer. "
        "See why, and how often they are wrong.",
        anchor=False,
    )
    with sentences():
        home.offer_example(upload)
    st.markdown("mammo is not a medical device, and it does not search for lesions.")
with example, st.container(border=True), sentences():
    home.show_example()
with st.grid(3, min_column_width=240, border=True):
    home.show_way("Try a case", upload, "Open a mammogram or a crop, and mark the lesion.")
    home.show_way("Compare the models", comparison, home.test_figures())
    home.show_way(
        "Run a class",
        reading,
        "Everybody rates the same cases and compares scores with the models.",
    )
