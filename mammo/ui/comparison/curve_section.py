"""One curve at a time: ROC, precision and recall, reliability, decision, not sure, training."""

from collections.abc import Mapping

import streamlit as st

from mammo.evaluation.comparison import Share, Study
from mammo.plots.curves import (
    calibration_sentence,
    coverage_figure,
    coverage_sentences,
    decision_figure,
    precision_recall_figure,
    reliability_figure,
    roc_figure,
    training_figure,
)
from mammo.plots.style import figure_config, look_of
from mammo.ui.kit import cache, studies, wording
from mammo.ui.kit.frame import sentences, small_notice
from mammo.ui.kit.widgets import choose_option, draw


def show_curves(study: Study, thresholds: Mapping[str, Share]) -> None:
    """Show the curve that the visitor chose, with a sentence on what to see in it."""
    st.header("Curves", anchor="curves")
    curve = choose_option("Curve", "curve", wording.CURVES, "roc")
    st.caption(wording.CAPTIONS[curve])
    if curve == "training":
        _show_training(study)
        return
    if curve == "coverage":
        _show_coverage(study)
        return
    if not study.has_both_classes:
        st.info(study.split.headline)
        return
    figure = {
        "roc": lambda: roc_figure(study, thresholds),
        "pr": lambda: precision_recall_figure(study),
        "reliability": lambda: reliability_figure(study),
        "decision": lambda: decision_figure(study),
    }[curve]()
    draw(
        figure,
        config=figure_config(f"{curve}-{study.unit}"),
        key=f"curve_{curve}_{study.unit}",
        alt=f"{wording.CURVES[curve]}. {wording.CAPTIONS[curve]}",
    )
    if curve == "reliability":
        for model in study.models:
            st.markdown(f"- {calibration_sentence(study, model.name)}")
    small_notice()


def _show_coverage(study: Study) -> None:
    trust = cache.trust()
    if trust is None:
        st.info(
            "These artifacts hold no measured “not sure” zones. Add them with "
            "`python -m mammo.training.trust --data DIR`."
        )
        return
    titles = {model.name: model.title for model in study.models}
    measured = trust.measured["uncertainty"]
    draw(
        coverage_figure(measured, titles),
        config=figure_config("coverage"),
        key="curve_coverage",
        alt=f"{wording.CURVES['coverage']}. {wording.CAPTIONS['coverage']}",
    )
    for sentence in coverage_sentences(measured, titles):
        st.markdown(f"- {sentence}")
    small_notice()


def _show_training(study: Study) -> None:
    for place, (column, model) in enumerate(
        zip(st.columns(len(study.models)), study.models, strict=True)
    ):
        with column, sentences():
            st.markdown(f"**{model.title}**")
            draw(
                training_figure(studies.history(model.name), look_of(place)),
                config=figure_config(f"training-{model.name}"),
                key=f"training_{model.name}",
                alt=f"Training curves of {model.title}. {wording.CAPTIONS['training']}",
            )
