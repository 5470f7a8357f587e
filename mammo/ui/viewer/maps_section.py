"""Both models side by side: estimate, threshold, spread, and the map of a method over the crop.

A fragment: another method, opacity or colour map asks no network what it has answered already.
"""

from typing import NamedTuple, cast

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mammo import text
from mammo.inference import Classifier, ModelResult
from mammo.inference.maps import METHODS, Method, method_named
from mammo.inference.overlay import COLOUR_MAPS, ColourMap, legend, overlay
from mammo.inference.pictures import Panel, heat_map_sheet
from mammo.inference.result import BALANCED
from mammo.ui.kit import cache
from mammo.ui.kit.address import keep_in_link, went_back
from mammo.ui.kit.display import data_uri, enlarged
from mammo.ui.kit.frame import sentences, small_notice
from mammo.ui.kit.result import (
    choose_threshold,
    show_answer,
    show_mark,
    show_steadiness,
    show_zone,
)
from mammo.ui.kit.settings import THRESHOLD_LINK
from mammo.ui.kit.widgets import choose_option
from mammo.ui.viewer import controls
from mammo.ui.viewer.viewing import Asked, Crop

COLOUR_NAMES: dict[str, str] = {name: name.capitalize() for name in COLOUR_MAPS}
COLOURS_HELP = "All three rise evenly in lightness, for colour-blind eyes and grey prints alike."
NOT_MEASURED = (
    "How far this method can be trusted on this model was not measured for these artifacts: "
    "`python -m mammo.training.audit` does it."
)
VERDICT_MARKS = {
    True: ":green-badge[:material/check: passed]",
    False: ":orange-badge[:material/close: failed]",
    None: ":gray-badge[:material/help: not tested]",
}
SHORT_OF_LESION = "A map shows what the model used, not the extent of the lesion."


class Look(NamedTuple):
    """How maps are drawn: the colour map, and its opacity, 0-1."""

    colours: ColourMap
    opacity: float

    def over(self, crop: Crop, heat: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Lay a map, (S, S) in 0-1, over its crop."""
        return overlay(crop, heat, self.opacity, self.colours)


@st.fragment
def show_maps(asked: Asked) -> None:
    """Show what both models say of the crop, and where on it they found that."""
    method, look, threshold = _choose_look()
    st.caption(f"**{method.title}**: {method.sentence} ({method.reference})")
    result = asked.result()
    alone, *columns = st.columns([3, *[4] * len(asked.models)], border=True)
    with alone:
        _show_crop(asked, look.colours)
    for column, model, answer in zip(columns, asked.models, result.answers, strict=True):
        with column:
            show_mark(result.signals)
            show_answer(answer, threshold)
            with sentences():
                _show_map(asked, model, answer, method, look)
            show_steadiness(answer, threshold)
            show_zone(result.signals, answer)
    small_notice()
    _show_row(asked, look)


def _choose_look() -> tuple[Method, Look, str]:
    """Ask for method, colour map, opacity and threshold."""
    titles = {method.key: method.title for method in METHODS}
    method = method_named(choose_option("Method", "method", titles, METHODS[0].key))
    with st.grid(3, min_column_width=260):
        colours = choose_option("Colours", "colours", COLOUR_NAMES, COLOUR_MAPS[0], COLOURS_HELP)
        opacity = controls.choose_number("Opacity", "opacity", (0.0, 100.0, 5.0), 45.0, "%d%%")
        silent = BALANCED if went_back() else None
        asked = st.query_params.get(THRESHOLD_LINK) or silent
        threshold = choose_threshold("viewer_threshold", asked)
    keep_in_link(THRESHOLD_LINK, None if threshold == BALANCED else threshold)
    return method, Look(cast("ColourMap", colours), opacity / 100), threshold


def _show_crop(asked: Asked, colours: ColourMap) -> None:
    """Show the crop without a map, and the colour scale of the maps, dark to bright."""
    name, (height, width) = asked.viewed.name, asked.crop.shape
    st.header("The crop", anchor=False)
    uri = data_uri(enlarged(asked.crop))
    st.image(uri, width="stretch", alt=f"The crop of {name} without a map")
    st.caption(f"{text.literal(name)}, {width} x {height} pixels, as it is.")
    ramp = data_uri(legend(colours, 512, 24), lossless=True)
    st.image(ramp, width="stretch", alt=f"Colour scale {colours}, dark to bright")
    st.caption("The maps' scale: left nothing, right the most in this crop.")


def _show_map(
    asked: Asked, model: Classifier, answer: ModelResult, method: Method, look: Look
) -> None:
    heat, title = asked.heat(model, method), model.card.title
    resolution = f"{method.resolution(model.card)}."
    st.image(
        data_uri(enlarged(look.over(asked.crop, heat))),
        width="stretch",
        alt=f"The crop under the {method.title} map of {title}",
    )
    st.caption(map_caption(heat, resolution))
    _show_sanity(model, method)
    about = (
        f"{asked.viewed.name}. {title}, {method.title} ({method.reference}). {resolution}",
        f"{_estimate(answer)} {SHORT_OF_LESION}",
        text.NOTICE_SHORT,
    )
    controls.offer_png(
        lambda: heat_map_sheet(asked.crop, heat, about, look.opacity, look.colours),
        f"{method.key}-{model.name}",
    )


def _estimate(answer: ModelResult) -> str:
    percent = text.percent(answer.probability)
    return f"{answer.card.title}: estimated probability of malignancy {percent}."


def _show_sanity(model: Classifier, method: Method) -> None:
    """Say what the audit found of a method on a model, or that there was none."""
    with sentences():
        audit = cache.audit(model.name)
        found = None if audit is None else audit.methods.get(method.key)
        if audit is None or found is None:
            st.caption(f":material/help: {NOT_MEASURED}")
            return
        st.markdown(f"{VERDICT_MARKS[found.passed]} {found.verdict}")
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


def _show_row(asked: Asked, look: Look) -> None:
    """Show the maps of all methods in a row a model, once asked: some take seconds."""
    wanted = choose_option(
        "All methods in a row", "row", {"off": "Hide", "on": "Show"}, "off",
        "Maps that disagree cannot all show what the model used.",
    )  # fmt: skip
    if wanted == "off":
        return
    panels = []
    for model in asked.models:
        title = model.card.title
        st.markdown(f"**{title}**")
        with st.grid(len(METHODS), min_column_width=150):
            for method in METHODS:
                with st.container(gap="xsmall"), sentences():
                    picture = look.over(asked.crop, asked.heat(model, method))
                    st.image(
                        data_uri(enlarged(picture, 320)),
                        caption=method.title,
                        width="stretch",
                        alt=f"{method.title} of {title}",
                    )
                    panels.append(Panel(f"{title}: {method.title}", picture))
    if panels:
        about = [*map(_estimate, asked.result().answers), SHORT_OF_LESION]
        columns = len(METHODS)
        controls.offer_panels(asked.viewed, panels, columns, "all-methods", about, look.colours)
