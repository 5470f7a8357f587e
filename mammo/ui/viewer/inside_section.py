"""Inside a network: the crop as it goes in, filters and maps stage by stage, and the last sum.

A fragment, one network at a time; opened networks are shared by all visitors, their maps are not.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mammo import text
from mammo.artifacts import artifacts_folder
from mammo.imaging.preprocess import prepare
from mammo.inference import Classifier, ModelResult, load_classifier
from mammo.inference.inside import Head, Inside, LastStep, Stage, open_head, open_inside
from mammo.inference.overlay import ColourMap, colour, overlay
from mammo.inference.pictures import Panel, mosaic, most_active, shares, signed_shares
from mammo.plots.style import figure_config
from mammo.plots.viewer import parts_figure
from mammo.ui.kit import cache
from mammo.ui.kit.display import data_uri, enlarged
from mammo.ui.kit.frame import sentences, small_notice
from mammo.ui.kit.widgets import choose_option, draw
from mammo.ui.viewer import controls, viewing
from mammo.ui.viewer.controls import choose_number
from mammo.ui.viewer.viewing import Crop, Viewed, remembered

COLUMNS = 8
TILE = 96
GROUND = 150
"""Grey level between the maps, seen on light and dark alike."""
MAP_COLOURS: ColourMap = "viridis"

Maps = dict[str, NDArray[np.float32]]


@st.fragment
def show_inside(viewed: Viewed, crop: Crop, models: Sequence[Classifier]) -> None:
    """Follow the crop through one of the networks, from its pixels to the estimate."""
    st.header("Inside the network", anchor="inside")
    titles = {model.name: model.card.title for model in models}
    name = choose_option("Network", "inside", titles, models[0].name)
    model = next(model for model in models if model.name == name)
    with sentences():
        inside, head = _opened(name, str(artifacts_folder()), cache.manifest().created)
        sized = viewing.sized(crop, model.card.crop_size)
        maps = remembered(viewed, ("inside", name), lambda: inside.maps(sized))
        panels = [_show_input(sized, model)]
        for number, stage in enumerate(inside.stages, start=1):
            panels.append(_show_stage(number, stage, maps[stage.key], number == 1))
        about = f"{model.card.title}: maps of each stage, the most active in this crop first."
        controls.offer_panels(viewed, panels, 2, f"inside-{name}", [about], MAP_COLOURS)
        _show_one_map(viewed, crop, inside, maps)
        _show_last_step(viewed, sized, model, head)
    small_notice()


@st.cache_resource(max_entries=2, show_spinner="Opening the network")
def _opened(name: str, folder: str, created: str) -> tuple[Inside, Head]:  # noqa: ARG001
    model = load_classifier(name, Path(folder))
    return open_inside(model), open_head(model)


def _show_input(sized: Crop, model: Classifier) -> Panel:
    """Show the crop as the network gets it."""
    preprocessing = model.card.preprocessing
    prepared = np.rint(prepare(sized[np.newaxis], preprocessing)[0]).astype(np.uint8)
    st.subheader("The crop as it goes in", anchor=False)
    st.image(data_uri(prepared, lossless=True), width=224, alt="The crop as the network gets it")
    st.caption(
        f"Greys stretched from percentile {preprocessing.low_percentile:g} to "
        f"{preprocessing.high_percentile:g}, {preprocessing.input_size} pixels a side."
    )
    return Panel("as it goes in", prepared)


def _show_stage(number: int, stage: Stage, maps: NDArray[np.float32], first: bool) -> Panel:
    """Show the most active maps of a stage, with their filters where those are pictures."""
    places = most_active(maps)
    title = stage_title(number, stage)
    st.subheader(title, anchor=False)
    st.caption(stage_words(stage, maps, places))
    if first:
        kernels = mosaic(signed_shares(stage.filters[places]), COLUMNS, TILE)
        st.markdown("Filters: dark takes away, bright adds, mid-grey counts nothing.")
        st.image(data_uri(_grey(kernels)), width="stretch", alt=f"Filters of {title}")
        st.markdown("What they make of the crop, in the same order:")
    picture = _coloured(shares(maps[places]))
    st.image(data_uri(picture), width="stretch", alt=f"Feature maps of {title}")
    return Panel(title, picture)


def _coloured(tiles: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Lay maps of 0-1 out in colour, with grey lines between them."""
    between = mosaic(np.zeros_like(tiles), COLUMNS, TILE, ground=1.0) > 0
    picture = colour(mosaic(tiles, COLUMNS, TILE, ground=0.0), MAP_COLOURS)
    picture[between] = GROUND
    return picture


def _grey(picture: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.asarray(np.rint(255 * picture), np.uint8)


def _show_one_map(viewed: Viewed, crop: Crop, inside: Inside, maps: Maps) -> None:
    """Show one map of one stage over the crop."""
    st.subheader("One map over the crop", anchor=False)
    titles = {
        stage.key: stage_title(number, stage) for number, stage in enumerate(inside.stages, 1)
    }
    key = choose_option("Layer", "layer", titles, inside.stages[-1].key)
    ranks = most_active(maps[key], len(maps[key]))
    rank = int(choose_number("Rank by activity", "rank", (1.0, float(len(ranks)), 1.0), 1.0, "%g"))
    chosen = maps[key][ranks[rank - 1]]
    peak = float(maps[key].max(initial=0))
    large = cv2.resize(chosen, crop.shape[::-1], interpolation=cv2.INTER_LINEAR)
    heat = np.clip(large / peak, 0, 1) if peak > 0 else np.zeros(crop.shape, np.float32)
    picture = overlay(crop, heat, 0.5, MAP_COLOURS)
    st.image(
        data_uri(enlarged(picture)),
        width=420,
        alt=f"Map {ranks[rank - 1]} of {titles[key]} over the crop",
    )
    st.caption(
        f"Map {ranks[rank - 1]} of {titles[key]}, {chosen.shape[0]} x {chosen.shape[1]} cells, "
        "bright where it is active. It says what this filter found, not what speaks for malignancy."
    )
    controls.offer_panels(
        viewed, [Panel("the crop", crop), Panel(f"map {ranks[rank - 1]}", picture)], 2,
        "one-map", [f"Map {ranks[rank - 1]} of {titles[key]}."], MAP_COLOURS,
    )  # fmt: skip


def _show_last_step(viewed: Viewed, sized: Crop, model: Classifier, head: Head) -> None:
    """Show how the features add up to the logit, and the logit becomes the estimate."""
    st.subheader("From features to the estimate", anchor=False)
    last = remembered(viewed, ("last step", model.name), lambda: head.of(sized))
    given = viewing.assessed(viewed)[model.name]
    for sentence in last_step_sentences(last, given):
        st.markdown(sentence)
    draw(
        parts_figure(last),
        config=figure_config(f"last-step-{model.name}"),
        key=f"last_step_{model.name}",
        alt=f"The largest parts of the logit of {model.card.title}",
    )
    order = np.argsort(-np.abs(last.parts), kind="stable")
    controls.offer_csv(
        {
            "feature": order.tolist(),
            "value": last.features[order].tolist(),
            "weight": head.weights[order].tolist(),
            "part of the logit": last.parts[order].tolist(),
        },
        f"last-step-{model.name}",
    )


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


def last_step_sentences(last: LastStep, given: ModelResult) -> list[str]:
    """Say how the features of the crop add up to its logit, and what that is as an estimate."""
    up, down = (float(part.sum()) for part in (last.parts[last.parts > 0],
                                               last.parts[last.parts < 0]))  # fmt: skip
    active = int((last.features > 0).sum())
    calibration, assessment = given.card.calibration, given.assessment
    return [
        f"{active} of {last.features.size} features are active. Each counts by its weight: "
        f"{up:+.2f} speaks for malignancy, {down:+.2f} against, and the bias is {last.bias:+.2f}: "
        f"together a logit of **{last.logit:+.2f}**.",
        f"Calibrated (times {calibration.slope:.2f}, plus {calibration.intercept:+.2f}, through "
        f"the logistic function) that is **{text.percent(last.p_malignant)}** for the crop as it "
        f"is; averaged with its mirror images the estimate is "
        f"**{text.percent(assessment.p_malignant)}**.",
    ]
