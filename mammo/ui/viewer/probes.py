"""Change the crop and see both probabilities move; and follow it through the inside of a network.

The four number fields store the covering box; a box dragged over the crop fills them in. The curves
of a change are computed once, its slider asks only for its own picture. Opened networks are shared
by all visitors, their maps are not.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from mammo import text
from mammo.artifacts import artifacts_folder
from mammo.inference import Classifier, ModelResult, load_classifier
from mammo.inference.inside import Inside, LastStep, Stage, open_inside
from mammo.inference.overlay import ColourMap, colour, overlay
from mammo.inference.perturb import CHANGES, FILLS, Change, Fill, change_named, covered
from mammo.inference.pictures import Panel, mosaic, most_active, shares, signed_shares
from mammo.inference.result import BALANCED
from mammo.plots.viewer import curve_figure, curve_sentence, parts_figure
from mammo.ui.kit import cache
from mammo.ui.kit.address import choose_number, choose_option, keep_in_link, went_back
from mammo.ui.kit.display import data_uri, enlarged, show_picture
from mammo.ui.kit.frame import sentences
from mammo.ui.kit.result import PROBABILITY
from mammo.ui.kit.viewer import NAMES, BoxFields, View, Viewer
from mammo.ui.kit.widgets import download, show_figure
from mammo.ui.viewer.answers import as_seen
from mammo.ui.viewer.viewed import (
    Crop,
    Viewed,
    box_from_link,
    box_in_link,
    offer_panels,
)

_BOX = BoxFields("viewer_cover", smallest=3, step=4)
_FOR = "viewer_cover_for"
FILL_NAMES = {"mean": "Mean grey", "black": "Black", "blur": "Blur"}
COLUMNS = 8
TILE = 96
GROUND = 150
"""Grey level between the maps, seen on light and dark alike."""
MAP_COLOURS: ColourMap = "viridis"


def show_occlusion(viewed: Viewed) -> None:
    """Show both probabilities of the crop with a part covered that the visitor chooses."""
    st.caption(
        "Draw a box on the crop, or type its coordinates. If the probability falls, the covered "
        "part raised it."
    )
    side = viewed.crop.shape[0]
    _start(viewed.picture.key, side)
    fill = cast("Fill", choose_option("Cover with", "fill", FILL_NAMES, FILLS[0]))
    left, right = st.columns([5, 7], gap="large")
    box = _BOX.get()
    changed = None if box is None else covered(viewed.crop, box, fill)
    with left:
        shown = enlarged(as_seen(viewed, viewed.crop if changed is None else changed))
        alt = f"The crop, {'nothing covered' if box is None else 'a part of it covered'}"
        viewer = Viewer("cover", viewed.picture.key)
        viewer.show([View("Crop", alt, data_uri(shown), side, side)], _BOX)
        viewer.show_box(_BOX, box)
        _BOX.show(side, side, persist_state="page")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Uncover", icon=":material/undo:", on_click=_BOX.set, args=(None,), key="uncover"
            )
            st.caption(f"In crop pixels (0 to {side}) from the top left corner.")
    with right, sentences():
        _show_moved(viewed, changed)
    keep_in_link("cover", box_in_link(box))


def _start(key: str, side: int) -> None:
    """Start a visit to the page with the box of the link, and another crop without one."""
    stayed = _BOX.key(NAMES[0]) in st.session_state and not went_back()
    if stayed and st.session_state.get(_FOR) == key:
        return
    st.session_state[_FOR] = key
    _BOX.set(None if stayed else box_from_link(st.query_params.get("cover"), side))


def _show_moved(viewed: Viewed, changed: Crop | None) -> None:
    """Show both probabilities of the crop, changed or as it is, and how far they moved."""
    about = ["Estimated probability of malignancy."]
    columns = st.columns(len(viewed.models))
    answers = viewed.result().answers
    for column, model, answer in zip(columns, viewed.models, answers, strict=True):
        was, title = answer.probability, model.card.title
        now = was if changed is None else float(model.predict(changed)[0])
        about.append(
            f"{title}: {text.percent(was)} whole, {text.percent(now)} with the part covered."
        )
        with column:
            st.metric(
                title,
                text.percent(now),
                None if changed is None else moved(was, now),
                delta_color="off",
                border=True,
                help=PROBABILITY,
            )
            st.caption(f"{text.standing(now, model.card.thresholds[BALANCED])} (balanced).")
    if changed is None:
        return
    st.caption(
        "The models stretch the contrast of every crop: covering the brightest part brightens the "
        "rest."
    )
    panels = [Panel("whole", viewed.crop), Panel("covered", changed)]
    offer_panels(viewed, panels, 2, "covered", about)


def moved(before: float, after: float) -> str:
    """Write by how many percentage points a probability moved.

    >>> moved(0.81, 0.402), moved(0.5, 0.501), moved(0.2, 0.25)
    ('-41 points', 'unchanged', '+5 points')
    """
    points = round(100 * (after - before))
    return f"{points:+d} points" if points else "unchanged"


def show_sensitivity(viewed: Viewed) -> None:
    """Show the crop under a change, both probabilities of it, and their curves over its range."""
    titles = {change.key: change.title for change in CHANGES}
    change = change_named(choose_option("Change", "change", titles, CHANGES[0].key))
    st.caption(change.sentence)
    limits = (change.low, change.high, change.step)
    label = f"{change.title}, {change.unit}"
    amount = choose_number(label, change.key, limits, change.neutral)
    with sentences():
        left, right = st.columns([4, 8], gap="large")
        with left:
            _show_changed(viewed, change, amount)
        with right:
            _show_curves(viewed, change, amount)


def _show_changed(viewed: Viewed, change: Change, amount: float) -> None:
    changed = change.apply(viewed.crop, amount)
    title = f"{amount:g} {change.unit}"
    show_picture(changed, f"The crop after {change.title.lower()} of {title}")
    estimates = ", ".join(
        f"{model.card.title} {text.percent(float(model.predict(changed)[0]))}"
        for model in viewed.models
    )
    st.markdown(f"Estimated probability of malignancy: **{estimates}**.")
    panels = [Panel("as it is", viewed.crop), Panel(f"{change.title}: {title}", changed)]
    about = [f"Estimated probability of malignancy after the change: {estimates}."]
    offer_panels(viewed, panels, 2, f"changed-{change.key}", about)


def _show_curves(viewed: Viewed, change: Change, amount: float) -> None:
    curves, cards = viewed.curves(change), [model.card for model in viewed.models]
    titles = [card.title for card in cards]
    thresholds = [card.thresholds[BALANCED] for card in cards]
    lines = [
        curve_sentence(change, p, title, threshold)
        for p, title, threshold in zip(curves.values(), titles, thresholds, strict=True)
    ]
    name = f"sensitivity-{change.key}"
    show_figure(
        curve_figure(change, amount, curves, titles, thresholds),
        name,
        f"Probabilities over {change.title.lower()}. {' '.join(lines)}",
    )
    st.markdown("\n".join(f"- {sentence}" for sentence in lines))
    st.caption("Dotted: each model's balanced threshold. Vertical line: your slider.")
    columns = {f"{change.title}, {change.unit}": change.amounts}
    columns |= dict(zip(titles, curves.values(), strict=True))
    download(pd.DataFrame(columns), name)


def show_inside(viewed: Viewed) -> None:
    """Follow the crop through one of the networks, from its pixels to the probability."""
    models = {model.name: model for model in viewed.models}
    titles = {name: model.card.title for name, model in models.items()}
    name = choose_option("Network", "inside", titles, next(iter(models)))
    with sentences():
        inside = _opened(name, str(artifacts_folder()), cache.manifest().created)
        maps = viewed.once(lambda: inside.maps(viewed.crop), "inside", name)
        panels = [_show_input(viewed, models[name])]
        for number, stage in enumerate(inside.stages, start=1):
            panels.append(_show_stage(number, stage, maps[stage.key]))
        about = [f"{titles[name]}: maps of each stage, the most active in this crop first."]
        offer_panels(viewed, panels, 2, f"inside-{name}", about, MAP_COLOURS)
        _show_one_map(viewed, inside, maps)
        _show_last_step(viewed, viewed.result()[name], inside)


@cache.shared(2, "Opening the network")
def _opened(name: str, folder: str, created: str) -> Inside:  # noqa: ARG001
    return open_inside(load_classifier(name, Path(folder)))


def _show_input(viewed: Viewed, model: Classifier) -> Panel:
    """Show the crop as the network gets it."""
    preprocessing = model.card.preprocessing
    prepared = np.rint(model.views(viewed.crop).pictures[0]).astype(np.uint8)
    st.subheader("Input", anchor=False)
    st.image(data_uri(prepared, lossless=True), width=224, alt="The crop as the network gets it")
    st.caption(
        f"Contrast stretched between percentiles {preprocessing.low_percentile:g} and "
        f"{preprocessing.high_percentile:g}; {preprocessing.input_size} pixels per side."
    )
    return Panel("input", prepared)


def _show_stage(number: int, stage: Stage, maps: NDArray[np.float32]) -> Panel:
    """Show the most active maps of a stage, of the first with its filters, which are pictures."""
    places = most_active(maps)
    title = _stage_title(number, stage)
    st.subheader(title, anchor=False)
    st.caption(stage_words(stage, maps, places))
    if number == 1:
        filters = mosaic(signed_shares(stage.filters[places]), COLUMNS, TILE)
        st.markdown("Filter weights: dark is negative, bright is positive, mid-grey is zero.")
        grey = np.rint(255 * filters).astype(np.uint8)
        show_picture(grey, f"Filters of {title}", None)
        st.markdown("Their maps of the crop, in the same order:")
    tiles = shares(maps[places])
    picture = colour(mosaic(tiles, COLUMNS, TILE, ground=0.0), MAP_COLOURS)
    picture[mosaic(np.zeros_like(tiles), COLUMNS, TILE) > 0] = GROUND
    show_picture(picture, f"Feature maps of {title}", None)
    return Panel(title, picture)


def _stage_title(number: int, stage: Stage) -> str:
    return f"Stage {number}, {stage.key}"


def stage_words(stage: Stage, maps: NDArray[np.float32], places: Sequence[int]) -> str:
    """Count a stage's maps, their cells, those empty for this crop, and those shown."""
    rows, columns = stage.grid
    height, width = stage.kernel.shape[2:]
    empty = int((maps.reshape(len(maps), -1).max(axis=1) <= 0).sum())
    shown = "all" if len(places) == stage.channels else f"the {len(places)} most active"
    return (
        f"{stage.channels} filters of {height} x {width} give {stage.channels} maps of {rows} x "
        f"{columns} cells; {empty} are empty for this crop. Shown: {shown}, in order of activity."
    )


def _show_one_map(viewed: Viewed, inside: Inside, maps: dict[str, NDArray[np.float32]]) -> None:
    """Show one map of one stage over the crop."""
    st.subheader("One map on the crop", anchor=False)
    titles = {
        stage.key: _stage_title(number, stage) for number, stage in enumerate(inside.stages, 1)
    }
    key = choose_option("Layer", "layer", titles, inside.stages[-1].key)
    ranks = most_active(maps[key], len(maps[key]))
    limits = (1.0, float(len(ranks)), 1.0)
    chosen = ranks[int(choose_number("Rank by activity", "rank", limits, 1.0)) - 1]
    title, (rows, columns) = f"Map {chosen} of {titles[key]}", maps[key][chosen].shape
    large = cv2.resize(
        shares(maps[key])[chosen], viewed.crop.shape[::-1], interpolation=cv2.INTER_LINEAR
    )
    picture = overlay(viewed.crop, np.clip(large, 0, 1), 0.5, MAP_COLOURS)
    show_picture(picture, f"{title} over the crop", width=420)
    st.caption(
        f"{title}, {rows} x {columns} cells. Bright: where this filter is active. That alone is "
        "not evidence of malignancy."
    )
    panels = [Panel("the crop", viewed.crop), Panel(f"map {chosen}", picture)]
    offer_panels(viewed, panels, 2, "one-map", [f"{title}."], MAP_COLOURS)


def _show_last_step(viewed: Viewed, answer: ModelResult, inside: Inside) -> None:
    """Show how the features add up to the logit, and the logit becomes the probability."""
    st.subheader("From features to the probability", anchor=False)
    card = answer.card
    last = viewed.once(lambda: inside.last_step(viewed.crop), "last step", card.name)
    for sentence in last_step_sentences(last, answer):
        st.markdown(sentence)
    name = f"last-step-{card.name}"
    show_figure(parts_figure(last), name, f"The largest parts of the logit of {card.title}")
    parts = pd.DataFrame(
        {"value": last.features, "weight": inside.weights, "part of the logit": last.parts}
    )
    order = np.argsort(-np.abs(last.parts), kind="stable")
    download(parts.iloc[order].rename_axis("feature").reset_index(), name)


def last_step_sentences(last: LastStep, given: ModelResult) -> list[str]:
    """Describe how the features add up to the logit, and which probability that is."""
    up = float(last.parts[last.parts > 0].sum())
    down = float(last.parts[last.parts < 0].sum())
    active = int((last.features > 0).sum())
    calibration = given.card.calibration
    return [
        f"{active} of {last.features.size} features are active. Their weighted sum is {up:+.2f} "
        f"for malignancy and {down:+.2f} against. With the bias of {last.bias:+.2f} this is a "
        f"logit of **{last.logit:+.2f}**.",
        f"Calibration (slope {text.number(calibration.slope, 2)}, intercept "
        f"{calibration.intercept:+.2f}) turns it into **{text.percent(last.p_malignant)}** for the "
        "crop as it is. Averaged over all its views, the probability is "
        f"**{text.percent(given.probability)}**.",
    ]
