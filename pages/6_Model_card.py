"""Model card: what the models are, on what they learned, what they must not be used for; the words.

Layout only; the parts are in `mammo.ui.model_card`, the text in `mammo.report.model_card`.
"""

import streamlit as st

from mammo.report.model_card import CHECKS, DATA, MODELS
from mammo.ui.kit.frame import frame, sentences
from mammo.ui.model_card import show_glossary, show_part

frame("Model card", ":material/badge:")
st.markdown(
    "What the two models are, on what data they learned, how good they are, where they fail, and "
    "what they must not be used for. Every figure is read from the trained artifacts."
)
GLOSSARY = "Glossary"
part = st.segmented_control(
    "Part",
    (MODELS, DATA, CHECKS, GLOSSARY),
    default=MODELS,
    required=True,
    label_visibility="collapsed",
    key="part",
    bind="query-params",
)
if part == GLOSSARY:
    st.markdown("Words that you meet in mammo, in plain English. Other pages link here.")
    show_glossary(
        st.text_input(
            "Find a word", key="find_word", placeholder="for example: prevalence", width=320
        )
    )
else:
    with sentences():
        show_part(str(part or MODELS))
