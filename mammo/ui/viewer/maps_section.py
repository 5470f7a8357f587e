"""Both models side by side: estimate, threshold, spread, and the map of a method over the crop.

A fragment: another method, opacity or colour map asks no network what it has answered already.
"""

from collections.abc import Sequence
from typing import cast

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mammo import text
from mammo.inference import Classifier, ModelResult
from mammo.inference.maps import METHODS, Method
from mammo.inference.overlay import COLOUR_MAPS, ColourMap, colour, overlay
from mammo.ui.kit import cache
from mammo.ui.kit.address import keep_in_link, went_back
from mammo.ui.kit.display import data_uri, enlarged
from mammo.ui.kit.frame import sentences, small_notice
from mammo.ui.kit.result import THRESHOLDS, choose_threshold, show_answer, show_steadiness
from mammo.ui.kit.settings import THRESHOLD_LINK
from mammo.ui.kit.trust import show_mark, show_zone
from mammo.ui.kit.widgets import choose_option
from mammo.ui.viewer import controls, viewing
from mammo.ui.viewer.controls import choose_number
from mammo.ui.viewer.viewing import Crop, Viewed

COLOUR_NAMES: dict[str, str] = {name: name.capitalize() for name in COLOUR_MAPS}
NOT_MEASURED = (
    "How far this method can be trusted on this model was not measured for these artifacts: "
    "`python -m mammo.training.audit` does it."
)
VERDICT_MARKS = {
    True: ":green-badge[:material/check: passed]",
    False: ":orange-badge[:material/close: failed]",
    None: ":gray-badge[:material/help: not tested]",
}
COLOURS_HELP = "All three rise evenly in lightness, for colour-blind eyes and grey prints alike."


@st.fragment
def show_maps(viewed: Viewed, crop: Crop, models: Sequence[Classifier]) -> None:
    """Show what both models say of the crop, and where on it they found that."""
    method, colours, opacity, threshold = _choose_look()
    st.caption(f"**{method.title}**: {method.sentence} ({method.reference})")
    result = viewing.assessed(viewed)
    given, signals = result.answers, result.signals
    alone, *columns = st.columns([3, *[4] * len(models)], border=True)
    with alone:
        _show_crop(viewed, crop)
        show_legend(colours)
    for column, model, answer in zip(columns, models, given, strict=True):
        with column:
            show_mark(signals)
            show_answer(answer, threshold)
            with sentences():
                _show_map(viewed, crop, model, answer, method, (colours, opacity))
            show_steadiness(answer, threshold)
            show_zone(signals, answer)
    small_notice()
    _show_row(viewed, crop, models, colours, opacity, given)


def _show_crop(viewed: Viewed, crop: Crop) -> None:
    st.header("The crop", anchor=False)
    uri = data_uri(enlarged(crop))
    st.image(uri, width="stretch", alt=f"The crop of {viewed.name} without a map")
    name = text.literal(viewed.name)
    st.caption(f"{name}, {crop.shape[1]} x {crop.shape[0]} pixels, as it is.")


def _choose_look() -> tuple[Method, ColourMap, float, str]:
    """Ask for method, colour map, opacity (0-1) and threshold."""
    titles = {method.key: method.title for method in METHODS}
    key = choose_option("Method", "method", titles, METHODS[0].key)
    method = next(method for method in METHODS if method.key == key)
    with st.grid(3, min_column_width=260):
        colours = choose_option("Colours", "colours", COLOUR_NAMES, COLOUR_MAPS[0], COLOURS_HELP)
        opacity = choose_number("Opacity", "opacity", (0.0, 100.0, 5.0), 45.0, "%d%%")
        silent = THRESHOLDS[0] if went_back() else None
        asked = st.query_params.get(THRESHOLD_LINK) or silent
        threshold = choose_threshold("viewer_threshold", asked)
    keep_in_link(THRESHOLD_LINK, None if threshold == THRESHOLDS[0] else threshold)
    return method, cast("ColourMap", colours), opacity / 100, threshold


def _show_map(
    viewed: Viewed,
    crop: Crop,
    model: Classifier,
    answer: ModelResult,
    method: Method,
    look: tuple[ColourMap, float],
) -> None:
    heat = viewing.heat(viewed, crop, model, method)
    st.image(
        data_uri(enlarged(overlay(crop, heat, look[1], look[0]))),
        width="stretch",
        alt=f"The crop under the {method.title} map of {model.card.title}",
    )
    st.caption(map_caption(heat, f"{method.resolution(model.card)}."))
    _show_sanity(model, method)
    controls.offer_map(viewed, crop, answer, method, heat, look)


def _show_sanity(model: Classifier, method: Method) -> None:
    """Say what the audit found of a method on a model, or that there was none."""
    with sentences():
        audit = cache.audit(model.name)
        found = None if audit is None else audit.methods.get(method.key)
        if audit is None or found is None:
            st.caption(f":material/help: {NOT_MEASURED}")
            return
        mark = VERDICT_MARKS[found.passed]
        st.markdown(f"{mark} {found.verdict}")
        with st.popover("More of the audit", icon=":material/fact_check:"):
            st.markdown(f"{found.faithfulness}\n\n{found.stability}\n\n{audit.lesion_words}")


def map_caption(heat: NDArray[np.float32], resolution: str) -> str:
    """Say how coarse a map is, and where nothing is on it.

    Examples
    --------
    >>> map_caption(np.zeros((4, 4), np.float32), "7 x 7 cells.")
    'The map is empty: nothing in the crop raised the estimate. 7 x 7 cells.'
    """
    if not heat.any():
        return f"The map is empty: nothing in the crop raised the estimate. {resolution}"
    return f"Bright: what raised the estimate most. Not the extent of the lesion. {resolution}"


def show_legend(colours: ColourMap) -> None:
    """Show the colour scale of the maps from its dark to its bright end, with what they mean."""
    ramp = np.tile(np.linspace(0, 1, 512), (24, 1))
    uri = data_uri(colour(ramp, colours), lossless=True)
    st.image(uri, width="stretch", alt=f"Colour scale {colours}, dark to bright")
    st.caption("The maps' scale: left nothing, right the most in this crop.")


def _show_row(
    viewed: Viewed,
    crop: Crop,
    models: Sequence[Classifier],
    colours: ColourMap,
    opacity: float,
    given: Sequence[ModelResult],
) -> None:
    """Show the maps of all methods in a row a model, once asked: some take seconds."""
    wanted = choose_option(
        "All methods in a row", "row", {"off": "Hide", "on": "Show"}, "off",
        "Maps that disagree cannot all show what the model used.",
    )  # fmt: skip
    if wanted == "off":
        return
    panels = []
    for model in models:
        st.markdown(f"**{model.card.title}**")
        with st.grid(len(METHODS), min_column_width=150):
            for method in METHODS:
                with st.container(gap="xsmall"), sentences():
                    heat = viewing.heat(viewed, crop, model, method)
                    picture = overlay(crop, heat, opacity, colours)
                    st.image(
                        data_uri(enlarged(picture, 320)),
                        caption=method.title,
                        width="stretch",
                        alt=f"{method.title} of {model.card.title}",
                    )
                    panels.append(controls.titled(model, method.title, picture))
    if panels:
        about = [controls.estimate(answer) for answer in given]
        about.append(controls.SHORT_OF_LESION)
        controls.offer_panels(viewed, panels, len(METHODS), "all-methods", about, colours)
