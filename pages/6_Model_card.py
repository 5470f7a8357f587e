"""Model card: intended use, limits, figures, methods and data of the models; and the glossary.

Layout only; the parts are in `mammo.ui.model_card`, the text in `mammo.report.model_card`.
"""

import streamlit as st

from mammo.report.model_card import CHECKS, DATA, METHODS, MODELS
from mammo.ui.kit.frame import frame, sentences
from mammo.ui.model_card import show_glossary, show_part

frame("Model card", ":material/badge:")
st.markdown(
    "What the two models are for, how accurate they are, and where they fail. Every number about a "
    "model comes from the files saved when it was trained and tested."
)
GLOSSARY = "Glossary"
part = st.segmented_control(
    "Part",
    (MODELS, METHODS, DATA, CHECKS, GLOSSARY),
    default=MODELS,
    required=True,
    label_visibility="collapsed",
    key="part",
    bind="query-params",
)
if part == GLOSSARY:
    st.markdown("Terms used in mammo, in plain English. Other pages link here.")
    show_glossary(
        st.text_input(
            "Find a term", key="find_word", placeholder="for example: prevalence", width=320
        )
    )
else:
    with sentences():
        show_part(str(part or MODELS))
