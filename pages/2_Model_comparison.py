"""Model comparison: which model is better, at which threshold, for whom, and what it got wrong.

Layout and words only; the parts are in `mammo.ui.comparison`.
"""

import streamlit as st

from mammo.report.glossary import glossary_line
from mammo.ui.comparison.groups import show_lesson, show_subgroups, show_teacher
from mammo.ui.comparison.overview import choose_evaluation, show_headline, show_scores
from mammo.ui.comparison.thresholds import show_analysis
from mammo.ui.kit.frame import frame, sentences, small_print

frame("Model comparison", ":material/compare_arrows:")
st.markdown(
    "Both models, and the radiologists' recorded assessments, on patients whom neither model had "
    "seen. The address of this page holds its settings: send it, and others see this very view."
)
small_print(glossary_line("auc", "roc", "sensitivity", "specificity", "ppv", "npv", "prevalence"))

with sentences():
    evaluation = choose_evaluation()
    split = evaluation.splits["test"]
    show_headline(evaluation)
    show_analysis(split)
    show_scores(split)
    show_subgroups(split)
    show_lesson()
    show_teacher()
