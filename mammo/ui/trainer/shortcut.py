"""The lesson on shortcuts: what film size alone predicts, and how to test a network for it."""

import pandas as pd
import streamlit as st

from mammo.artifacts import FilmSizeLesson, load_film_size_lesson
from mammo.data.table import FILM, read_film_sizes
from mammo.plots.explorer import film_size_figure
from mammo.text import estimate, listed, percentage
from mammo.ui.kit import cache
from mammo.ui.kit.widgets import download, show_figure

_lesson = cache.of_artifacts(1)(load_film_size_lesson)
_HALVES = {"out_of_fold": "Training patients, out-of-fold", "test": "Official test patients"}
_TESTS = """
**How to test a network for a shortcut**
1. Fit a model to the shortcut alone: here, a random forest of film width and height.
2. Compare only crops with a similar score of that model (the same fifth). If the network's AUC is
   much lower there, the network used the shortcut.
3. Correlate both scores within each class. A correlation away from 0 means that the network follows
   the shortcut.
"""


def show_shortcut() -> None:
    """Show the lesson where `python -m mammo.training.lessons film-size` has measured it."""
    lesson = _lesson()
    if lesson is None:
        return
    st.header("Lesson: learning a shortcut", anchor="shortcut")
    st.markdown(_sentence(lesson))
    chart, words = st.columns([3, 2], gap="medium")
    with chart:
        alt = "Width and height of the training films by class: sizes cluster by scanner."
        show_figure(film_size_figure(_training_films()), "film-size", alt)
    words.markdown(_TESTS)
    table = _table(lesson)
    st.table(table, hide_index=True, alt="AUC of film size and of the networks, and both tests")
    st.markdown(_verdict(lesson))
    download(table, "film-size")


@cache.of_artifacts(1)
def _training_films() -> pd.DataFrame:
    """Return the training cases with the size of their film, those whose size is known."""
    rows = cache.cases().join(read_film_sizes(), on="case_id").dropna(subset=FILM)
    return rows[rows["split"] == "train"]


def _sentence(lesson: FilmSizeLesson) -> str:
    trained, tested = (estimate(model.auc, 2) for model in lesson.strongest)
    shares = lesson.halves[0].shares
    return (
        "The width and height of the scanned film, without a pixel of the breast, predict "
        f"malignancy: AUC {trained} out-of-fold, {tested} on the official test. In the fifth of "
        f"training crops with the lowest score {percentage(shares[0], 0)} are malignant, in the "
        f"highest {percentage(shares[-1], 0)}. Film size marks the scanner and, through it, the "
        "hospital. A network that learned this could fail at another hospital."
    )


def _table(lesson: FilmSizeLesson) -> pd.DataFrame:
    rows = []
    for half in lesson.halves:
        for model in half.sizes:
            name = f"Film size alone: {model.title.lower()}"
            rows.append(
                {"Patients": _HALVES[half.split], "Score": name, "AUC": estimate(model.auc)}
            )
        rows += [
            {
                "Patients": _HALVES[half.split], "Score": network.title,
                "AUC": estimate(network.auc), "AUC within fifths": estimate(network.within),
                "Correlation, benign": estimate(network.benign),
                "Correlation, malignant": estimate(network.malignant),
            }
            for network in half.networks
        ]  # fmt: skip
    return pd.DataFrame(rows).fillna("")


def _verdict(lesson: FilmSizeLesson) -> str:
    """Return which networks follow film size, by the intervals of their correlations."""
    follows = sorted({
        network.title
        for half in lesson.halves
        for network in half.networks
        for one in (network.benign, network.malignant)
        if one.low > 0 or one.high < 0
    })  # fmt: skip
    if follows:
        return f"A correlation's interval excludes 0 for {listed(follows)}: check it further."
    return (
        "The interval of every correlation includes 0: no released network was found to follow "
        "film size. A weak dependence is not excluded."
    )
