"""One curve at a time: ROC, precision and recall, reliability, decision, not sure, training."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import plotly.graph_objects as go
import streamlit as st

from mammo.artifacts import load_history
from mammo.evaluation import SplitEvaluation
from mammo.plots import curves
from mammo.plots.style import look_of
from mammo.ui.kit import cache
from mammo.ui.kit.address import choose_option
from mammo.ui.kit.frame import sentences, small_notice
from mammo.ui.kit.widgets import show_figure


class Curve(NamedTuple):
    """A curve of the page: its name, what to see, its figure, and a sentence on each model."""

    title: str
    caption: str
    figure: Callable[[SplitEvaluation, Mapping[str, float]], go.Figure] | None = None
    below: Callable[[SplitEvaluation, str], str] | None = None


def show_curves(split: SplitEvaluation, thresholds: Mapping[str, float]) -> None:
    """Show the curve that the visitor chose, with a sentence on what to see in it."""
    st.header("Curves", anchor="curves")
    name = choose_option(
        "Curve", "curve", {key: curve.title for key, curve in CURVES.items()}, "roc"
    )
    title, caption, figure, below = CURVES[name]
    st.caption(caption)
    if name == "coverage":
        _show_coverage(split, f"{title}. {caption}")
    elif name == "training":
        _show_training(split, caption)
    elif not split.has_both_classes or figure is None:
        st.info(split.headline)
    else:
        show_figure(figure(split, thresholds), f"{name}-{split.unit}", f"{title}. {caption}")
        if below is not None:
            for model in split.models:
                st.markdown(f"- {below(split, model)}")
        small_notice()


def _show_coverage(split: SplitEvaluation, alt: str) -> None:
    trust = cache.trust()
    if trust is None:
        st.info(
            "These artifacts hold no measured “not sure” zones. Add them with "
            "`python -m mammo.training.trust --data DIR`."
        )
        return
    titles = {name: model.title for name, model in split.models.items()}
    measured = trust.measured["uncertainty"]
    show_figure(curves.coverage_figure(measured, titles), "coverage", alt)
    for sentence in curves.coverage_sentences(measured, titles):
        st.markdown(f"- {sentence}")
    small_notice()


def _show_training(split: SplitEvaluation, caption: str) -> None:
    columns = st.columns(len(split.models))
    for place, (column, model) in enumerate(zip(columns, split.models.values(), strict=True)):
        with column, sentences():
            st.markdown(f"**{model.title}**")
            figure = curves.training_figure(_history(model.name), look_of(place))
            alt = f"Training curves of {model.title}. {caption}"
            show_figure(figure, f"training-{model.name}", alt)


_history = cache.of_artifacts(6)(load_history)


CURVES = {
    "roc": Curve(
        "ROC",
        "Higher and further left is better. See how far the bands (95% intervals) overlap, and "
        "where the radiologists' biopsy point lies. Large points: the thresholds set below; open "
        "points: the named ones.",
        curves.roc_figure,
    ),
    "pr": Curve(
        "Precision and recall",
        "Higher is better, above the dotted line that flagging everything reaches. See how soon "
        "precision falls as more malignant ones are found.",
        lambda split, _: curves.precision_recall_figure(split),
    ),
    "reliability": Curve(
        "Reliability",
        "On the dotted line the probabilities are real. See whether points lie below it (the model "
        "says too much) or above (too little); bars are 95% intervals.",
        lambda split, _: curves.reliability_figure(split),
        below=curves.calibration_sentence,
    ),
    "decision": Curve(
        "Decision curve",
        "Net benefit weighs malignant ones found against false alarms. See where a model rises "
        "above both flagging all (dotted) and flagging none (zero).",
        lambda split, _: curves.decision_figure(split),
    ),
    "coverage": Curve(
        "Not sure",
        "A model may keep silent where it stands near its balanced threshold. See how far the "
        "share of wrong answers falls as it answers fewer crops; bands are 95% intervals, always "
        "of single crops.",
    ),
    "training": Curve(
        "Training",
        "Mean over the folds, shaded from the lowest to the highest fold. See where held-out loss "
        "stops falling while training loss falls on: the model begins to learn by heart.",
    ),
}
"""The page's curves by their name in the link."""
