"""One further curve or table at a time: reliability, recall, decision, abstention, training."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import plotly.graph_objects as go
import streamlit as st

from mammo.artifacts import load_history
from mammo.evaluation import SplitEvaluation
from mammo.evaluation.tables import conformal_sets
from mammo.plots import curves
from mammo.plots.style import look_of
from mammo.ui.kit import cache
from mammo.ui.kit.address import choose_option
from mammo.ui.kit.frame import sentences
from mammo.ui.kit.widgets import download, show_figure


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
    if name == "sets":
        st.caption(caption)
        _show_sets(split)
        return
    chart, words = st.columns([0.6, 0.4])
    with chart:
        show_figure(figure(split), f"{name}-{split.unit}", f"{title}. {caption}")
    with words:
        st.markdown(caption)
        st.markdown("\n".join(f"- {sentence}" for sentence in below(split)))


def _show_sets(split: SplitEvaluation) -> None:
    table = conformal_sets(split)
    if table.empty:
        st.info(_UNMEASURED)
        return
    st.table(table, hide_index=True, alt="Coverage and abstention of each model by class")
    download(table, f"conformal-sets-{split.unit}")


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
    "There are no conformal sets to measure here. They are for crops and for lesions with two "
    "views. `python -m mammo.training.release` adds them to older models."
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
    "sets": Curve(
        "Abstention",
        "A model cannot tell when its probability is compatible with both diagnoses (conformal "
        "sets, set to contain 90% of each class in training patients).",
    ),
    "training": Curve(
        "Training",
        "Mean over the folds, shaded from the lowest to the highest fold. Where held-out loss "
        "stops falling but training loss still falls, the model begins to overfit.",
    ),
}
"""The page's curves by their name in the link."""
