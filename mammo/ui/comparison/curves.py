"""One further curve at a time: reliability, precision-recall, decision, abstention, training."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

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
    """A curve of the page: its name, what to look for, its figure, and its sentences."""

    title: str
    caption: str
    figure: Callable[[SplitEvaluation], go.Figure] = lambda _: go.Figure()
    below: Callable[[SplitEvaluation], Sequence[str]] = lambda _: ()


@st.fragment
def show_curves(split: SplitEvaluation) -> None:
    """Show the curve that the visitor chose, with what to look for in it."""
    st.header("Other curves", anchor="curves")
    titles = {key: curve.title for key, curve in CURVES.items()}
    name = choose_option("Curve", "curve", titles, "reliability", hide_label=True)
    title, caption, figure, below = CURVES[name]
    if name == "training":
        st.caption(caption)
        _show_training(split, caption)
        return
    if not split.has_both_classes:
        st.info(split.headline)
        return
    if name == "coverage" and cache.trust() is None:
        st.info(_UNMEASURED)
        return
    chart, words = st.columns([0.6, 0.4])
    with chart:
        show_figure(figure(split), f"{name}-{split.unit}", f"{title}. {caption}")
    with words:
        st.markdown(caption)
        st.markdown("\n".join(f"- {sentence}" for sentence in below(split)))


def _titles(split: SplitEvaluation) -> dict[str, str]:
    return {name: model.title for name, model in split.models.items()}


def _measured() -> Mapping[str, Any]:
    trust = cache.trust()
    return {} if trust is None else trust.measured["uncertainty"]


def _show_training(split: SplitEvaluation, caption: str) -> None:
    columns = st.columns(len(split.models))
    for place, (column, model) in enumerate(zip(columns, split.models.values(), strict=True)):
        with column, sentences():
            st.markdown(f"**{model.title}**")
            figure = curves.training_figure(_history(model.name), look_of(place))
            alt = f"Training curves of {model.title}. {caption}"
            show_figure(figure, f"training-{model.name}", alt)


_history = cache.of_artifacts(6)(load_history)
_UNMEASURED = (
    "These models have no measured range in which they abstain. To measure it, run "
    "`python -m mammo.training.trust --data DIR`."
)


CURVES = {
    "reliability": Curve(
        "Reliability",
        "On the dotted line, predicted and observed frequencies agree. Below it, the probability "
        "is too high; above it, too low. Bars show 95% confidence intervals.",
        curves.reliability_figure,
        lambda split: [curves.calibration_sentence(split, model) for model in split.models],
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
        "Abstention",
        "A model can abstain when its probability is close to the threshold. The error rate falls "
        "as it answers fewer crops. Bands show 95% confidence intervals.",
        lambda split: curves.coverage_figure(_measured(), _titles(split)),
        lambda split: curves.coverage_sentences(_measured(), _titles(split)),
    ),
    "training": Curve(
        "Training",
        "Mean over the folds, shaded from the lowest to the highest fold. Where held-out loss "
        "stops falling but training loss still falls, the model begins to overfit.",
    ),
}
"""The page's curves by their name in the link."""
