"""Home: one real lesion with the answer of each model, and three ways in.

Run with `streamlit run app.py`. The server reads this file first, to learn how to send its files;
then each visit to Home runs it as a page.
"""

import streamlit as st
from starlette.middleware import Middleware
from streamlit.runtime.scriptrunner import get_script_run_ctx

from mammo.ui import home
from mammo.ui.kit.compress import Compressed
from mammo.ui.kit.frame import PAGES, frame, sentences

if get_script_run_ctx(suppress_warning=True) is None:  # no page is drawn
    app = st.App("app.py", middleware=[Middleware(Compressed)])
else:
    frame("mammo", ":material/radiology:")
    _, upload, comparison, _, _, reading = PAGES[:6]
    words, example = st.columns([4, 5], gap="medium", vertical_alignment="center")
    with words:
        st.header("How likely is this lesion to be malignant?", anchor=False)
        st.markdown(
            "Two neural networks estimate it. See what influenced them, and how often they are "
            "wrong."
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
            "Everybody rates the same cases and compares the results with the models'.",
        )
