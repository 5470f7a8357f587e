"""One curve at a time: ROC, precision and recall, reliability, decision, not sure, training."""

from collections.abc import Callable
from typing import NamedTuple

import plotly.graph_objects as go
import streamlit as st

from mammo.artifacts import load_history
from mammo.evaluation import SplitEvaluation
from mammo.plots import curves
from mammo.plots.style import look_of
from mammo.ui.kit import cache
from mammo.ui.kit.address import choose_option
from mammo.ui.kit.frame import sentences
from mammo.ui.kit.widgets import show_figure


class Curve(NamedTuple):
    """A curve of the page: its name, what to look for, its figure, and a sentence on each model."""

    title: str
    caption: str
    figure: Callable[[SplitEvaluation], go.Figure] | None = None
    below: Callable[[SplitEvaluation, str], str] | None = None


@st.fragment
def show_curves(split: SplitEvaluation) -> None:
    """Show the curve that the visitor chose, with what to look for in it."""
    st.header("Other curves", anchor="curves")
    titles = {key: curve.title for key, curve in CURVES.items()}
    name = choose_option("Curve", "curve", titles, "reliability", hide_label=True)
    title, caption, figure, below = CURVES[name]
    st.caption(caption)
    if name == "coverage":
        _show_coverage(split, f"{title}. {caption}")
    elif name == "training":
        _show_training(split, caption)
    elif not split.has_both_classes or figure is None:
        st.info(split.headline)
    else:
        show_figure(figure(split), f"{name}-{split.unit}", f"{title}. {caption}")
        if below is not None:
            for model in split.models:
                st.markdown(f"- {below(split, model)}")


def _show_coverage(split: SplitEvaluation, alt: str) -> None:
    trust = cache.trust()
    if trust is None:
        st.info(
            "These models have no measured “not sure” range. To measure it, run "
            "`python -m mammo.training.trust --data DIR`."
        )
        return
    titles = {name: model.title for name, model in split.models.items()}
    measured = trust.measured["uncertainty"]
    show_figure(curves.coverage_figure(measured, titles), "coverage", alt)
    for sentence in curves.coverage_sentences(measured, titles):
        st.markdown(f"- {sentence}")


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
    "reliability": Curve(
        "Reliability",
        "On the dotted line, predicted and observed frequencies agree. Below it, the probability "
        "is too high; above it, too low. Bars show 95% confidence intervals.",
        curves.reliability_figure,
        below=curves.calibration_sentence,
    ),
    "pr": Curve(
        "Precision and recall",
        "Higher is better. The dotted line is reached by flagging every case.",
        curves.precision_recall_figure,
    ),
    "decision": Curve(
        "Decision curve",
        "Net benefit weighs true positives against false positives. A useful model lies above "
        "both flagging all (dotted) and flagging none (zero).",
        curves.decision_figure,
    ),
    "coverage": Curve(
        "Not sure",
        "A model can abstain when its probability is close to the threshold. The error rate falls "
        "as it answers fewer crops. Bands show 95% confidence intervals.",
    ),
    "training": Curve(
        "Training",
        "Mean over the folds, shaded from the lowest to the highest fold. Where held-out loss "
        "stops falling but training loss still falls, the model begins to overfit.",
    ),
}
"""The page's curves by their name in the link."""
