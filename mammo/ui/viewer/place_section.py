"""Where the case stands among the scores of the test split, for each model."""

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from mammo.artifacts import Card
from mammo.plots.style import figure_config
from mammo.plots.viewer import place_counts, place_figure, place_sentence
from mammo.ui.kit import cache
from mammo.ui.kit.frame import small_notice
from mammo.ui.kit.widgets import draw
from mammo.ui.viewer.downloads import offer_csv


def show_place(estimates: Mapping[str, float], cards: Sequence[Card]) -> None:
    """Show the test scores of each model by class, and mark this case among them.

    Parameters
    ----------
    estimates : model name -> p of the case, 0-1, for the models that have one
    cards : of the models
    """
    st.header("Among the test cases", anchor="place")
    shown = [card for card in cards if card.name in estimates]
    if not shown:
        st.caption("No model has a score of this case.")
        return
    for column, card in zip(st.columns(len(shown)), shown, strict=True):
        with column:
            _show_model(card, estimates[card.name])
    st.caption("Dashed: the balanced threshold. The test split was scored once by each model.")
    small_notice()


def _show_model(card: Card, p_case: float) -> None:
    cases = cache.cases()
    test = cases[(cases["split"] == "test") & cases[f"{card.name}_p"].notna()]
    p, labels = test[f"{card.name}_p"].to_numpy(np.float64), (test["label"] == 1).to_numpy(bool)
    st.markdown(f"**{card.title}**")
    draw(
        place_figure(p, labels, p_case, card.thresholds["youden"]),
        config=figure_config(f"place-{card.name}"),
        key=f"place_{card.name}",
        alt=f"Test crops by the estimate of {card.title} and by class. "
        + place_sentence(p, labels, p_case),
    )
    st.markdown(place_sentence(p, labels, p_case))
    edges, benign, malignant = place_counts(p, labels)
    offer_csv(
        {
            "from": edges[:-1].tolist(),
            "to": edges[1:].tolist(),
            "benign": benign.tolist(),
            "malignant": malignant.tolist(),
            "this case": [p_case] * len(benign),
        },
        f"place-{card.name}",
    )
