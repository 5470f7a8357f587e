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
    st.markdown(
        "Two neural networks look at a lesion on a mammogram and estimate how likely it is "
        "malignant. Open a real film, mark the lesion, compare the two answers, and see what each "
        "network looked at."
    )

    is_column, is_not_column = st.columns(2, border=True)
    with is_column:
        st.header("What it is", icon=":material/school:")
        st.markdown(
            "- A place to **teach and study** how image classifiers behave on mammograms.\n"
            "- Two models on the same lesions: a small network that a student can read in a "
            "minute, and a pretrained one.\n"
            "- Honest figures: every one from patients that no model had seen, each with its "
            "interval."
        )
    with is_not_column:
        st.header("What it is not", icon=":material/block:")
        st.markdown(
            "- **Not a medical device**, and not for a decision about a person.\n"
            "- Not a search: a person has to find and mark the lesion first.\n"
            "- Not for calcifications, tomosynthesis or ultrasound: the models learned masses on "
            "digitised film."
        )

    home.show_tour()

    st.header("Where to go")
    with st.grid(2, border=True):
        for page in PAGES[1:]:
            with st.container(gap="xsmall"):
                st.page_link(page.path, label=f"**{page.title}**", icon=page.icon)
                st.markdown(page.purpose)

    st.header("The two models")
    with sentences():
        home.models_at_a_glance()
