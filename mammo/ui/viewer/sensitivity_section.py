"""What are the models sensitive to? One change of the crop, its slider, and both curves.

A fragment: the curves of a change are computed once, the slider asks only for its own picture.
"""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from mammo import text
from mammo.inference import Classifier
from mammo.inference.perturb import CHANGES, Change, change_named
from mammo.inference.pictures import Panel
from mammo.plots.style import figure_config
from mammo.plots.viewer import curve_figure, curve_sentence
from mammo.ui.kit.display import data_uri, enlarged
from mammo.ui.kit.frame import sentences, small_notice
from mammo.ui.kit.widgets import choose_option, draw
from mammo.ui.viewer import asking, downloads
from mammo.ui.viewer.asking import Crop
from mammo.ui.viewer.controls import choose_number
from mammo.ui.viewer.viewing import Viewed


@st.fragment
def show_sensitivity(viewed: Viewed, crop: Crop, models: Sequence[Classifier]) -> None:
    """Show the crop under a change, both estimates of it, and their curves over its range."""
    st.header("What are they sensitive to?", anchor="sensitivity")
    titles = {change.key: change.title for change in CHANGES}
    change = change_named(choose_option("Change", "change", titles, CHANGES[0].key))
    st.caption(change.sentence)
    amount = choose_number(
        f"{change.title}, {change.unit}",
        change.key,
        (change.low, change.high, change.step),
        change.neutral,
        "%g",
    )
    with sentences():
        left, right = st.columns([4, 8], gap="large")
        with left:
            _show_changed(viewed, crop, models, change, amount)
        with right:
            _show_curves(viewed, crop, models, change, amount)
    small_notice()


def _show_changed(
    viewed: Viewed, crop: Crop, models: Sequence[Classifier], change: Change, amount: float
) -> None:
    changed = change.apply(crop, amount)
    st.image(
        data_uri(enlarged(changed)),
        width="stretch",
        alt=f"The crop after {change.title.lower()} of {amount:g} {change.unit}",
    )
    said = [
        f"{model.card.title} {text.percent(float(model.predict(changed)[0]))}" for model in models
    ]
    st.markdown(f"Estimated probability of malignancy of this picture: **{', '.join(said)}**.")
    downloads.offer_panels(
        viewed,
        [Panel("as it is", crop), Panel(f"{change.title}: {amount:g} {change.unit}", changed)],
        2,
        f"changed-{change.key}",
        [f"Estimated probability of malignancy after the change: {', '.join(said)}."],
    )


def _show_curves(
    viewed: Viewed, crop: Crop, models: Sequence[Classifier], change: Change, amount: float
) -> None:
    curves = asking.curves(viewed, crop, models, change)
    titles = [model.card.title for model in models]
    thresholds = [model.card.thresholds["youden"] for model in models]
    said = [
        curve_sentence(change, p, title, threshold)
        for p, title, threshold in zip(curves.values(), titles, thresholds, strict=True)
    ]
    draw(
        curve_figure(change, amount, curves, titles, thresholds),
        config=figure_config(f"sensitivity-{change.key}"),
        key=f"sensitivity_{change.key}",
        alt=f"Estimates over {change.title.lower()}. {' '.join(said)}",
    )
    st.markdown("\n".join(f"- {sentence}" for sentence in said))
    st.caption("Dotted: each model's balanced threshold. Upright: your slider.")
    columns: dict[str, Sequence[object]] = {
        f"{change.title}, {change.unit}": change.amounts.tolist()
    }
    columns |= {
        title: np.asarray(p).tolist() for title, p in zip(titles, curves.values(), strict=True)
    }
    downloads.offer_csv(columns, f"sensitivity-{change.key}")
