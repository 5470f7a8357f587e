"""Train a model: a small network, trained in the visitor's own browser; and learning a shortcut.

Layout and words only; the parts are in `mammo.ui.trainer`.
"""

import streamlit as st

from mammo.report.glossary import glossary_line
from mammo.ui.kit.frame import frame, sentences, small_notice, small_print
from mammo.ui.trainer.crops import show_suggestions, show_trainer
from mammo.ui.trainer.shortcut import show_shortcut

frame("Train a model", ":material/model_training:")
st.markdown(
    "Train a small neural network on real crops, in your own browser. Press **Train**, then change "
    "one choice and train again. The server only sends the crops."
)
with sentences():
    show_trainer()
    show_suggestions()
with sentences():
    show_shortcut()
small_print(glossary_line("auc", "overfitting", "leak"))
small_notice()
