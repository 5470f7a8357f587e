"""Both models side by side, the map of a method over the crop, and what is known of the case.

`show_maps` is a fragment: another method, opacity or colour map asks no network what it has
answered already.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

import numpy as np
import pandas as pd
import streamlit as st

from mammo import text
from mammo.artifacts import Card
from mammo.data.descriptors import recorded_sentence
from mammo.inference import Classifier, ModelResult
from mammo.inference.maps import METHODS, Method, method_named
from mammo.inference.overlay import COLOUR_MAPS, ColourMap, overlay
from mammo.inference.pictures import Panel, heat_map_sheet
from mammo.inference.result import BALANCED
from mammo.plots.viewer import place_counts, place_figure, place_sentence
from mammo.ui.kit import cache, case_folder
from mammo.ui.kit.address import choose_number, choose_option, keep_in_link, went_back
from mammo.ui.kit.cases import recorded_table, score_lines
from mammo.ui.kit.display import data_uri, enlarged, show_picture
from mammo.ui.kit.frame import sentences, small_notice
from mammo.ui.kit.get_images import offer_images
from mammo.ui.kit.result import choose_threshold, map_caption, report_buttons, show_answers
from mammo.ui.kit.settings import THRESHOLD_LINK
from mammo.ui.kit.viewer import View, Viewer
from mammo.ui.kit.widgets import download, show_figure
from mammo.ui.viewer.viewed import Viewed, offer_panels, offer_png

TRAINED_ON = (
    "This is a case of training: the released models learned from it, and what they say of it "
    "below flatters them. The honest score is the recorded one, given out of fold."
)
NO_PIXELS = (
    "The image of this case is not here, so there is no heat map. What was recorded and scored is "
    "below."
)
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


@st.fragment
def show_maps(viewed: Viewed) -> None:
    """Show what both models say of the crop, and where on it they found that."""
    left, right = st.columns([3, 2], gap="medium")
    with left:
        viewer = _show_crop(viewed)
    with right:
        answers = st.container()
        method, look, threshold = _choose_look()
        st.caption(f"**{method.title}**: {method.sentence} ({method.reference})")
    with answers:
        show_answers(viewed.result(), threshold, {})
        small_notice()
    with left, sentences():
        heats = {model.card.title: viewed.heat(model, method) for model in viewed.models}
        viewer.show_maps(heats, None, look.colours, method.title, look.opacity)
        columns = st.columns(len(viewed.models))
        for column, model in zip(columns, viewed.models, strict=True):
            with column:
                _show_map(viewed, model, method, look)
    _show_row(viewed, look)


def _choose_look() -> tuple[Method, Look, str]:
    """Ask for method, colour map, opacity and threshold."""
    titles = {method.key: method.title for method in METHODS}
    method = method_named(choose_option("Method", "method", titles, METHODS[0].key))
    with st.container():
        colours = choose_option("Colours", "colours", COLOUR_NAMES, COLOUR_MAPS[0], COLOURS_HELP)
        opacity = choose_number("Opacity", "opacity", (0.0, 100.0, 5.0), 45.0, "%d%%")
        silent = BALANCED if went_back() else None
        asked = st.query_params.get(THRESHOLD_LINK) or silent
        threshold = choose_threshold("viewer_threshold", asked)
    keep_in_link(THRESHOLD_LINK, None if threshold == BALANCED else threshold)
    return method, Look(cast("ColourMap", colours), opacity / 100), threshold


def _show_crop(viewed: Viewed) -> Viewer:
    """Show the crop to look at closely; return its viewer, which takes the maps."""
    name, (height, width) = viewed.picture.name, viewed.crop.shape
    viewer = Viewer("case", viewed.picture.key)
    alt = f"The crop of {name}, {width} x {height} pixels"
    viewer.show([View("Crop", alt, data_uri(enlarged(viewed.crop)), width, height)])
    st.caption(f"{text.literal(name)}, {width} x {height} pixels, as it is.")
    return viewer


def _show_map(viewed: Viewed, model: Classifier, method: Method, look: Look) -> None:
    """Say what a map shows and how far to trust it, and offer it as a picture."""
    heat, title = viewed.heat(model, method), model.card.title
    resolution = f"{method.resolution(model.card)}."
    st.caption(f"**{title}.** {map_caption(heat)} {resolution}")
    _show_sanity(model, method)
    about = (
        f"{viewed.picture.name}. {title}, {method.title} ({method.reference}). {resolution}",
        f"{_estimate(viewed.result()[model.name])} {SHORT_OF_LESION}",
        text.NOTICE_SHORT,
    )
    offer_png(
        lambda: heat_map_sheet(viewed.crop, heat, about, look.opacity, look.colours),
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


def _show_row(viewed: Viewed, look: Look) -> None:
    """Show the maps of all methods in a row a model, once asked: some take seconds."""
    wanted = choose_option(
        "All methods in a row", "row", {"off": "Hide", "on": "Show"}, "off",
        "Maps that disagree cannot all show what the model used.",
    )  # fmt: skip
    if wanted == "off":
        return
    panels = []
    for model in viewed.models:
        title = model.card.title
        st.markdown(f"**{title}**")
        with st.grid(len(METHODS), min_column_width=150):
            for method in METHODS:
                with st.container(gap="xsmall"), sentences():
                    heat = viewed.heat(model, method)
                    picture = overlay(viewed.crop, heat, look.opacity, look.colours)
                    show_picture(picture, f"{method.title} of {title}", 320, caption=method.title)
                    panels.append(Panel(f"{title}: {method.title}", picture))
    if panels:
        about = [*map(_estimate, viewed.result().answers), SHORT_OF_LESION]
        offer_panels(viewed, panels, len(METHODS), "all-methods", about, look.colours)


def show_standing(viewed: Viewed) -> None:
    """Say where the case comes from, as far as that changes what to think of the answers."""
    if viewed.row is None:
        return
    if viewed.row["split"] != "test":
        st.warning(TRAINED_ON, icon=":material/school:")
    with sentences():
        case_folder.folder()  # one that cannot be read has its sentence here
    if viewed.pixels is None:
        st.info(NO_PIXELS, icon=":material/hide_image:")
        offer_images([str(viewed.row["case_id"])], "viewer")


def show_record(viewed: Viewed, cards: Sequence[Card]) -> None:
    """Show what the data set records of a public case, once asked: first guess, then look."""
    if viewed.row is None:
        return
    if viewed.pixels is not None and not st.toggle(
        "Show what was recorded", key=_record_key(viewed)
    ):
        return
    with st.container(border=True):
        st.markdown(f"Recorded as **{text.pathology_words(str(viewed.row['pathology']))}**.")
        row = viewed.row.to_dict()
        recorded, scores = st.columns(2)
        recorded.markdown(recorded_table(row))
        scores.markdown("\n".join(f"- {line}" for line in score_lines(row, cards)))
        small_notice()


def _record_key(viewed: Viewed) -> str:
    return f"viewer_record_{viewed.picture.key}"


def show_report(viewed: Viewed) -> None:
    """Offer the report; it tells what was recorded only once the visitor has asked for it."""
    recorded, case = "", "" if viewed.row is None else viewed.picture.name
    if viewed.row is not None and st.session_state.get(_record_key(viewed), False):
        recorded = recorded_sentence(viewed.row.to_dict())
    with st.container(horizontal=True):
        key, result = "viewer_report", viewed.result()
        report_buttons(viewed.picture, result, key=key, recorded=recorded, case=case)


def show_place(viewed: Viewed, cards: Sequence[Card]) -> None:
    """Show the test scores of each model by class, and mark this case's estimate among them."""
    st.header("Among the test cases", anchor="place")
    estimates = _estimates(viewed, cards)
    shown = [card for card in cards if card.name in estimates]
    if not shown:
        st.caption("No model has a score of this case.")
        return
    for column, card in zip(st.columns(len(shown)), shown, strict=True):
        with column:
            _show_model(card, estimates[card.name])
    st.caption("Dashed: the balanced threshold. The test split was scored once by each model.")
    small_notice()


def _estimates(viewed: Viewed, cards: Sequence[Card]) -> Mapping[str, float]:
    """Return the p of each model that has one: of the crop, without one that of the record."""
    if viewed.pixels is not None or viewed.row is None:
        return {name: answer.probability for name, answer in viewed.result().models.items()}
    recorded = {card.name: float(viewed.row[f"{card.name}_p"]) for card in cards}
    return {name: p for name, p in recorded.items() if p == p}


def _show_model(card: Card, p_case: float) -> None:
    cases = cache.cases()
    test = cases[(cases["split"] == "test") & cases[f"{card.name}_p"].notna()]
    p, labels = test[f"{card.name}_p"].to_numpy(np.float64), (test["label"] == 1).to_numpy(bool)
    name, sentence = f"place-{card.name}", place_sentence(p, labels, p_case)
    st.markdown(f"**{card.title}**")
    show_figure(
        place_figure(p, labels, p_case, card.thresholds[BALANCED]),
        name,
        f"Test crops by the estimate of {card.title} and by class. {sentence}",
    )
    st.markdown(sentence)
    edges, benign, malignant = place_counts(p, labels)
    counts = {
        "from": edges[:-1],
        "to": edges[1:],
        "benign": benign,
        "malignant": malignant,
        "this case": p_case,
    }
    download(pd.DataFrame(counts), name)
