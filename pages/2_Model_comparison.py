"""Model comparison: which model is better, at which threshold, for whom, and what it got wrong.

Layout and words only; the parts are in `mammo.ui.comparison`.
"""

import streamlit as st

from mammo.report.glossary import glossary_line
from mammo.ui.comparison.curves import show_curves
from mammo.ui.comparison.overview import (
    choose_evaluation,
    show_lesson,
    show_scores,
    show_subgroups,
    show_teacher,
)
from mammo.ui.comparison.thresholds import PAGE_STYLE, show_analysis
from mammo.ui.kit.frame import frame, sentences, small_notice, small_print

TERMS = (
    "auc", "roc", "sensitivity", "specificity", "ppv", "npv", "prevalence", "likelihood_ratio",
    "precision_recall", "brier", "calibration",
)  # fmt: skip

frame("Model comparison", ":material/compare_arrows:")
st.html(PAGE_STYLE)

with sentences():
    evaluation = choose_evaluation()
    split = evaluation.splits["test"]
    show_analysis(split)
    show_scores(split)
    show_curves(split)
    show_subgroups(split)
    show_lesson()
    show_teacher()
small_print(glossary_line(*TERMS))
small_notice()
