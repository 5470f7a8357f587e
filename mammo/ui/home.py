"""The parts of the home page: an example lesion with its released answers, and the ways in."""

import math
from contextlib import suppress

import streamlit as st

from mammo import text
from mammo.artifacts import Card
from mammo.errors import MammoError
from mammo.inference.result import BALANCED
from mammo.plots.style import probability_bar
from mammo.report.content import film_preview
from mammo.report.glossary import glossary_link
from mammo.report.model_card import how_trained
from mammo.ui.kit import cache
from mammo.ui.kit.cases import DISAGREE, sides_of_cases
from mammo.ui.kit.display import data_uri
from mammo.ui.kit.frame import Page
from mammo.ui.kit.source import example_name, first_example

WIDTH, LONGEST = 165, 560
"""Of the film: its width on the screen; the longest side that the browser gets, in pixels."""


def offer_example(upload: Page) -> None:
    """Offer to open the example that the page shows."""
    if st.button("Try an example", type="primary", icon=":material/play_arrow:", key="try"):
        st.switch_page(upload.path, query_params={"example": example_name(first_example())})


def show_example() -> None:
    """Show an example lesion with the probability that each model is released with."""
    case, cards, rows = first_example().case_id, cache.cards(), cache.cases()
    recorded = rows[rows["case_id"] == case].to_dict("records")  # another training may not have it
    scores = [float(row[f"{card.name}_p"]) for row in recorded for card in cards]
    side = sides_of_cases((case,)).get(case) if len(cards) > 1 else None
    agree = "disagree" if side == DISAGREE else "agree"
    st.markdown(f"**The models {agree} on this mass.**" if side else "**An example of a mass.**")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.image(_film(case), alt="Mammogram with the lesion outlined", width=WIDTH)
        with st.container(width="stretch"):
            st.caption("Estimated probability of malignancy")
            for card, p in zip(cards, scores, strict=False):
                if not math.isnan(p):
                    _show_answer(card, p)


@cache.shared(2)
def _film(case: str) -> str:
    """Return the whole film of an example, small, with its lesion outlined, as an address."""
    lesion = cache.examples()[case]
    film = cache.example_film(lesion.film).pixels
    return data_uri(film_preview(film, lesion.window, LONGEST, line=5))


def _show_answer(card: Card, p: float) -> None:
    at = card.thresholds[BALANCED]
    with st.container(gap="xxsmall"):
        st.metric(card.title, text.percent(p), help=how_trained(card))
        alt = f"{card.title}: {text.percent(p)}, {text.standing(p, at).lower()}"
        st.html(probability_bar(p, p, p, at, alt))


def test_figures() -> str:
    """Return each model's AUC on the test crops, or the purpose of the comparison where unknown."""
    more = "See how often each is right, and where it fails."
    with suppress(MammoError):
        figures = [(card, card.metrics.get("test", {}).get("crop", {})) for card in cache.cards()]
        shown = [
            f"{card.title} {text.estimate(scores['auc'], 2)}" for card, scores in figures if scores
        ]
        return f"{glossary_link('auc')} on the test crops: {text.listed(shown)}." if shown else more
    return more


def show_way(title: str, page: Page, words: str) -> None:
    """Link to a page by what a visitor wants there."""
    with st.container(gap="xsmall"):
        st.page_link(page.path, label=f"**{title}**", icon=page.icon)
        st.markdown(words)
