"""Model card: what the models are, on what they learned, what they must not be used for; the words.

Layout only; the parts are in `mammo.ui.model_card`, the text in `mammo.report.model_card`.
"""

import streamlit as st

from mammo.ui.kit.frame import frame, sentences
from mammo.ui.model_card.glossary_part import show_glossary
from mammo.ui.model_card.parts import GLOSSARY_PART, choose_part, show_part

frame("Model card", ":material/badge:")
st.markdown(
    "What the two models are, on what data they learned, how good they are, where they fail, and "
    "what they must not be used for. Every figure is read from the trained artifacts."
)

with sentences():
    part = choose_part()
    if part == GLOSSARY_PART:
        show_glossary()
    else:
        show_part(part)
