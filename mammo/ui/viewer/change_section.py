"""Cover a part of the crop, and see both estimates move.

The four number fields hold the box and are the one truth; a box dragged over the crop fills them
in. A fragment: nothing else of the page runs again.
"""

from collections.abc import Sequence
from typing import cast

import numpy as np
import streamlit as st

from mammo import text
from mammo.imaging.region import Region, selected_box
from mammo.inference import Classifier
from mammo.inference.perturb import CHANGES, FILLS, Change, Fill, change_named, covered
from mammo.inference.pictures import Panel
from mammo.plots.style import FILM_CONFIG, figure_config, film_figure
from mammo.plots.viewer import curve_figure, curve_sentence
from mammo.ui.kit.address import keep_in_link, went_back
from mammo.ui.kit.display import data_uri, enlarged
from mammo.ui.kit.frame import sentences, small_notice
from mammo.ui.kit.widgets import NAMES, BoxFields, choose_option, draw
from mammo.ui.viewer import controls, viewing
from mammo.ui.viewer.controls import box_from_link, box_in_link, choose_number
from mammo.ui.viewer.viewing import Crop, Viewed

_BOX = BoxFields("viewer_cover")
FILL_NAMES = {"mean": "Its mean grey", "black": "Black", "blur": "A blur of it"}
SMALLEST = 3
_FOR = "viewer_cover_for"


@st.fragment
def show_occlusion(viewed: Viewed, crop: Crop, models: Sequence[Classifier]) -> None:
    """Let the visitor cover a part of the crop, and say what both models make of the rest."""
    st.header("Cover a part yourself", anchor="cover")
    st.caption(
        "Drag a box over the crop with a mouse, or type its numbers. Where the estimate falls, the "
        "covered part spoke for malignancy; where it rises, against it."
    )
    _start(viewed, crop.shape[0])
    fill = cast("Fill", choose_option("Cover with", "fill", FILL_NAMES, FILLS[0]))
    left, right = st.columns([5, 7], gap="large")
    box = _BOX.get()
    with left:
        _show_crop(viewed, crop, box, fill)
        _number_fields(crop.shape[0])
    with right, sentences():
        _show_answers(viewed, crop, models, box, fill)
    keep_in_link("cover", box_in_link(box))
    small_notice()


def _start(viewed: Viewed, side: int) -> None:
    """Begin a visit to the page with the box of the link; another crop begins without one."""
    stayed = _BOX.key(NAMES[0]) in st.session_state and not went_back()
    if stayed and st.session_state.get(_FOR) == viewed.key:
        return
    st.session_state[_FOR] = viewed.key
    _BOX.set(None if stayed else box_from_link(st.query_params.get("cover"), side))


def _show_crop(viewed: Viewed, crop: Crop, box: Region | None, fill: Fill) -> None:
    chart, side = f"cover_{viewed.key}", crop.shape[0]
    with_box = crop if box is None else covered(crop, box, fill)
    shown = enlarged(with_box)
    st.plotly_chart(
        film_figure(data_uri(shown), shown.shape[:2], (0, 0, side, side), box),
        key=chart,
        on_select=lambda: _take_drawn(chart, side),
        selection_mode=("box",),
        config=FILM_CONFIG,
        alt=f"The crop, {'nothing covered' if box is None else 'a part of it covered'}",
    )


def _take_drawn(chart: str, side: int) -> None:
    box = selected_box(st.session_state.get(chart), (side, side), SMALLEST)
    if box is not None:
        _BOX.set(box)


def _number_fields(side: int) -> None:
    """Offer the box as numbers, for the keyboard and for touch, kept until the page is left."""
    _BOX.show(side, side, 4, persist_state="page")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Uncover", icon=":material/undo:", on_click=_BOX.set, args=(None,), key="uncover")
        st.caption(f"In pixels of the crop, 0 to {side}, from the top left corner.")


def _show_answers(
    viewed: Viewed, crop: Crop, models: Sequence[Classifier], box: Region | None, fill: Fill
) -> None:
    given = viewing.assessed(viewed).answers
    before = [answer.assessment.p_malignant for answer in given]
    changed = crop if box is None else covered(crop, box, fill)
    after = before if box is None else [float(model.predict(changed)[0]) for model in models]
    for column, model, was, now in zip(st.columns(len(models)), models, before, after, strict=True):
        with column:
            st.metric(
                f"{model.card.title}, estimated probability",
                text.percent(now),
                None if box is None else moved(was, now),
                delta_color="off",
                border=True,
            )
            standing = text.standing(now, model.card.thresholds["youden"])
            st.caption(f"{standing} (balanced).")
    if box is None:
        st.info("Nothing is covered yet: drag over the crop on this page.", icon=":material/crop:")
        return
    _offer(viewed, crop, changed, models, (before, after))


def _offer(
    viewed: Viewed,
    crop: Crop,
    changed: Crop,
    models: Sequence[Classifier],
    estimates: tuple[Sequence[float], Sequence[float]],
) -> None:
    st.caption(
        "Each model stretches the greys of what it is given: covering the brightest part also "
        "makes the rest brighter to it."
    )
    said = [
        f"{model.card.title}: {text.percent(was)} whole, {text.percent(now)} with the part covered."
        for model, was, now in zip(models, *estimates, strict=True)
    ]
    controls.offer_panels(
        viewed,
        [Panel("whole", crop), Panel("covered", changed)],
        2,
        "covered",
        ["Estimated probability of malignancy.", *said],
    )


def moved(before: float, after: float) -> str:
    """Say by how many percentage points an estimate moved.

    Examples
    --------
    >>> moved(0.81, 0.402), moved(0.5, 0.501), moved(0.2, 0.25)
    ('-41 points', 'unchanged', '+5 points')
    """
    points = round(100 * (after - before))
    return f"{points:+d} points" if points else "unchanged"


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
    controls.offer_panels(
        viewed,
        [Panel("as it is", crop), Panel(f"{change.title}: {amount:g} {change.unit}", changed)],
        2,
        f"changed-{change.key}",
        [f"Estimated probability of malignancy after the change: {', '.join(said)}."],
    )


def _show_curves(
    viewed: Viewed, crop: Crop, models: Sequence[Classifier], change: Change, amount: float
) -> None:
    curves = viewing.curves(viewed, crop, models, change)
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
    controls.offer_csv(columns, f"sensitivity-{change.key}")
