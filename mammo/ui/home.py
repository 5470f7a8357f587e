"""The parts of the home page: the tour, and the two models at a glance from the artifacts."""

import math

import streamlit as st

from mammo import text
from mammo.artifacts import Card, Manifest
from mammo.report.glossary import glossary_link
from mammo.report.model_card import how_trained
from mammo.ui.kit import cache
from mammo.ui.kit.frame import PAGES, small_print

_HIDDEN = "tour_hidden"


def show_tour() -> None:
    """Show the tour, or the button that brings it back."""
    if st.session_state.get(_HIDDEN, False):
        st.button(
            "Show the tour", icon=":material/tour:", type="tertiary", key="show_tour",
            on_click=st.session_state.update, args=({_HIDDEN: False},),
        )  # fmt: skip
        return
    with st.container(border=True):
        st.header("First time here?", icon=":material/tour:", anchor=False)
        st.markdown("Ten minutes, in this order. The links lead there; the sidebar leads back.")
        steps = [page for page in PAGES if page.tour]
        for number, page in enumerate(steps, start=1):
            with st.container(gap=None):
                st.page_link(
                    page.path,
                    label=f"**{number}. {page.title}**",
                    icon=page.icon,
                    query_params=dict(page.view),
                )
                st.markdown(page.tour)
        st.button(
            "Hide the tour", icon=":material/close:", type="tertiary", key="hide_tour",
            on_click=st.session_state.update, args=({_HIDDEN: True},),
        )  # fmt: skip


UNITS = {"crop": "one picture of a lesion", "lesion": "all views of a lesion together"}


def models_at_a_glance() -> None:
    """Show each model's headline figures side by side, with their intervals."""
    cards = cache.cards()
    for column, card in zip(st.columns(len(cards), border=True), cards, strict=True):
        with column:
            _model(card)
    small_print(_how_measured(cache.manifest()))


def _model(card: Card) -> None:
    st.subheader(card.title)
    size = f"{weights(card.parameters)} weights."
    st.caption(f"{size} {how_trained(card)} Trained on {card.trained_on}.")
    for metric_column, (unit, meaning) in zip(st.columns(2), UNITS.items(), strict=True):
        with metric_column.container(gap="xxsmall"):
            auc = card.metrics.get("test", {}).get(unit, {}).get("auc")
            st.metric(f"AUC, {meaning}", headline(auc))
            st.caption(interval(auc))


def headline(metric: text.Estimate | None) -> str:
    """Write a metric to two decimals, or say that the artifacts do not hold it."""
    if metric is None or math.isnan(metric.value):
        return "not recorded"
    return text.number(metric.value, 2)


def interval(metric: text.Estimate | None) -> str:
    """Write the 95% interval of a metric."""
    if metric is None or math.isnan(metric.low) or math.isnan(metric.high):
        return "no interval"
    return f"95% interval {text.number(metric.low, 2)} to {text.number(metric.high, 2)}"


def weights(parameters: int) -> str:
    """Write a number of weights in words that can be said aloud.

    >>> weights(2_259_265), weights(88_400), weights(34)
    ('2.3 million', '88 thousand', '34')
    """
    if parameters >= 1_000_000:
        return f"{parameters / 1_000_000:.1f} million"
    return f"{parameters / 1_000:.0f} thousand" if parameters >= 1_000 else str(parameters)


def _how_measured(facts: Manifest) -> str:
    data = facts.data
    return (
        f"Measured on {data.n_test:,} crops of {data.n_test_patients:,} patients. Neither training "
        f"nor the choice of settings used them. {data.n_train:,} crops of "
        f"{data.n_train_patients:,} other patients trained the models. "
        f"{glossary_link('auc')} is the chance that a model ranks a malignant lesion above a "
        "benign one: 0.5 is chance, 1 is perfect. "
        f"{text.NOTICE_SHORT}"
    )
