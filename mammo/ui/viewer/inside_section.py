"""Inside a network: the crop as it goes in, filters and maps stage by stage, and the last sum.

A fragment, one network at a time; opened networks are shared by all visitors, their maps are not.
Tests: `pytest tests/ui/test_viewer_inside.py`.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mammo import text
from mammo.artifacts import artifacts_folder
from mammo.inference import Classifier, ModelResult, load_classifier
from mammo.inference.inside import Inside, LastStep, Stage, open_inside
from mammo.inference.overlay import ColourMap, colour, overlay
from mammo.inference.pictures import Panel, mosaic, most_active, shares, signed_shares
from mammo.plots.style import figure_config
from mammo.plots.viewer import parts_figure
from mammo.ui.kit import cache
from mammo.ui.kit.display import data_uri, enlarged
from mammo.ui.kit.frame import sentences, small_notice
from mammo.ui.kit.widgets import choose_option, draw
from mammo.ui.viewer import controls
from mammo.ui.viewer.viewing import Asked

COLUMNS = 8
TILE = 96
GROUND = 150
"""Grey level between the maps, seen on light and dark alike."""
MAP_COLOURS: ColourMap = "viridis"

Maps = dict[str, NDArray[np.float32]]


@st.fragment
def show_inside(asked: Asked) -> None:
    """Follow the crop through one of the networks, from its pixels to the estimate."""
    st.header("Inside the network", anchor="inside")
    titles = {model.name: model.card.title for model in asked.models}
    name = choose_option("Network", "inside", titles, asked.models[0].name)
    model = next(model for model in asked.models if model.name == name)
    with sentences():
        inside = _opened(name, str(artifacts_folder()), cache.manifest().created)
        maps = asked.once(lambda: inside.maps(asked.crop), "inside", name)
        panels = [_show_input(asked, model)]
        for number, stage in enumerate(inside.stages, start=1):
            panels.append(_show_stage(number, stage, maps[stage.key]))
        about = [f"{titles[name]}: maps of each stage, the most active in this crop first."]
        controls.offer_panels(asked.viewed, panels, 2, f"inside-{name}", about, MAP_COLOURS)
        _show_one_map(asked, inside, maps)
        _show_last_step(asked, model, inside)
    small_notice()


@cache.shared(2, "Opening the network")
def _opened(name: str, folder: str, created: str) -> Inside:  # noqa: ARG001
    return open_inside(load_classifier(name, Path(folder)))


def _show_input(asked: Asked, model: Classifier) -> Panel:
    """Show the crop as the network gets it."""
    preprocessing = model.card.preprocessing
    prepared = np.rint(model.views(asked.crop).pictures[0]).astype(np.uint8)
    st.subheader("The crop as it goes in", anchor=False)
    st.image(data_uri(prepared, lossless=True), width=224, alt="The crop as the network gets it")
    st.caption(
        f"Greys stretched from percentile {preprocessing.low_percentile:g} to "
        f"{preprocessing.high_percentile:g}, {preprocessing.input_size} pixels a side."
    )
    return Panel("as it goes in", prepared)


def _show_stage(number: int, stage: Stage, maps: NDArray[np.float32]) -> Panel:
    """Show the most active maps of a stage, of the first with its filters, which are pictures."""
    places = most_active(maps)
    title = stage_title(number, stage)
    st.subheader(title, anchor=False)
    st.caption(stage_words(stage, maps, places))
    if number == 1:
        filters = mosaic(signed_shares(stage.filters[places]), COLUMNS, TILE)
        grey = np.rint(255 * filters).astype(np.uint8)
        st.markdown("Filters: dark takes away, bright adds, mid-grey counts nothing.")
        st.image(data_uri(grey), width="stretch", alt=f"Filters of {title}")
        st.markdown("What they make of the crop, in the same order:")
    tiles = shares(maps[places])
    picture = colour(mosaic(tiles, COLUMNS, TILE, ground=0.0), MAP_COLOURS)
    picture[mosaic(np.zeros_like(tiles), COLUMNS, TILE) > 0] = GROUND
    st.image(data_uri(picture), width="stretch", alt=f"Feature maps of {title}")
    return Panel(title, picture)


def stage_title(number: int, stage: Stage) -> str:
    """Name a stage by its place and layer."""
    return f"Stage {number}, {stage.key}"


def stage_words(stage: Stage, maps: NDArray[np.float32], places: Sequence[int]) -> str:
    """Say how many maps a stage gives, how large, how many are silent here, and which are shown."""
    rows, columns = stage.grid
    height, width = stage.kernel.shape[2:]
    silent = int((maps.reshape(len(maps), -1).max(axis=1) <= 0).sum())
    shown = (
        "all of them"
        if len(places) == stage.channels
        else f"the {len(places)} most active in this crop"
    )
    return (
        f"{stage.channels} filters of {height} x {width} give {stage.channels} maps of {rows} x "
        f"{columns} cells, of which {silent} found nothing here. Shown: {shown}, the most active "
        "first, on one scale."
    )


def _show_one_map(asked: Asked, inside: Inside, maps: Maps) -> None:
    """Show one map of one stage over the crop."""
    st.subheader("One map over the crop", anchor=False)
    titles = {stage.key: stage_title(place, stage) for place, stage in enumerate(inside.stages, 1)}
    key = choose_option("Layer", "layer", titles, inside.stages[-1].key)
    ranks = most_active(maps[key], len(maps[key]))
    limits = (1.0, float(len(ranks)), 1.0)
    chosen = ranks[int(controls.choose_number("Rank by activity", "rank", limits, 1.0)) - 1]
    title, (rows, columns) = f"Map {chosen} of {titles[key]}", maps[key][chosen].shape
    large = cv2.resize(
        shares(maps[key])[chosen], asked.crop.shape[::-1], interpolation=cv2.INTER_LINEAR
    )
    picture = overlay(asked.crop, np.clip(large, 0, 1), 0.5, MAP_COLOURS)
    st.image(data_uri(enlarged(picture)), width=420, alt=f"{title} over the crop")
    st.caption(
        f"{title}, {rows} x {columns} cells, bright where it is active. It says what this filter "
        "found, not what speaks for malignancy."
    )
    panels = [Panel("the crop", asked.crop), Panel(f"map {chosen}", picture)]
    controls.offer_panels(asked.viewed, panels, 2, "one-map", [f"{title}."], MAP_COLOURS)


def _show_last_step(asked: Asked, model: Classifier, inside: Inside) -> None:
    """Show how the features add up to the logit, and the logit becomes the estimate."""
    st.subheader("From features to the estimate", anchor=False)
    last = asked.once(lambda: inside.last_step(asked.crop), "last step", model.name)
    for sentence in last_step_sentences(last, asked.result()[model.name]):
        st.markdown(sentence)
    name = f"last-step-{model.name}"
    draw(
        parts_figure(last),
        config=figure_config(name),
        key=f"last_step_{model.name}",
        alt=f"The largest parts of the logit of {model.card.title}",
    )
    order = np.argsort(-np.abs(last.parts), kind="stable")
    columns = {
        "feature": order.tolist(),
        "value": last.features[order].tolist(),
        "weight": inside.weights[order].tolist(),
        "part of the logit": last.parts[order].tolist(),
    }
    controls.offer_csv(columns, name)


def last_step_sentences(last: LastStep, given: ModelResult) -> list[str]:
    """Say how the features of the crop add up to its logit, and what that is as an estimate."""
    up, down = (float(part.sum()) for part in (last.parts[last.parts > 0],
                                               last.parts[last.parts < 0]))  # fmt: skip
    active = int((last.features > 0).sum())
    calibration = given.card.calibration
    return [
        f"{active} of {last.features.size} features are active. Each counts by its weight: "
        f"{up:+.2f} speaks for malignancy, {down:+.2f} against, and the bias is {last.bias:+.2f}: "
        f"together a logit of **{last.logit:+.2f}**.",
        f"Calibrated (times {text.number(calibration.slope, 2)}, plus "
        f"{calibration.intercept:+.2f}, through "
        f"the logistic function) that is **{text.percent(last.p_malignant)}** for the crop as it "
        f"is; averaged with its mirror images the estimate is "
        f"**{text.percent(given.probability)}**.",
    ]
