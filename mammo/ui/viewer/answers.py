"""The picture of a case under the models' maps, and what is known of the case.

The maps are a fragment: another method or colour map asks no network what it has answered already.
"""

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import pandas as pd
import streamlit as st

from mammo import text
from mammo.artifacts import Card
from mammo.data.descriptors import recorded_sentence
from mammo.imaging.preprocess import stretch
from mammo.inference import Classifier, ModelResult
from mammo.inference.maps import METHODS, Method, method_named
from mammo.inference.overlay import COLOUR_MAPS, ColourMap, see_through
from mammo.inference.pictures import Panel, heat_map_sheet
from mammo.inference.result import BALANCED
from mammo.plots.viewer import place_counts, place_figure, place_sentence
from mammo.ui.kit import cache, case_folder
from mammo.ui.kit.address import choose_option, number_from_link
from mammo.ui.kit.cases import recorded_table, score_lines
from mammo.ui.kit.display import data_uri, enlarged, scaled_down, show_picture
from mammo.ui.kit.frame import sentences, small_notice
from mammo.ui.kit.get_images import offer_images
from mammo.ui.kit.result import Record, map_caption
from mammo.ui.kit.viewer import View, Viewer
from mammo.ui.kit.widgets import download, show_figure
from mammo.ui.viewer.viewed import Crop, Viewed, offer_panels, offer_png

TRAINED_ON = (
    "Training case: the models learned from it, so the probabilities below are too good. Compare "
    "the out-of-fold scores."
)
NO_PIXELS = "The image of this case is not available, so there is no heat map."
COLOUR_NAMES: dict[str, str] = {name: name.capitalize() for name in COLOUR_MAPS}
COLOURS_HELP = (
    "In all three colour scales, brighter means higher. They remain legible to colour-blind "
    "readers and in greyscale prints."
)
NOT_MEASURED = "This method was not tested on this model."
VERDICT_MARKS = {
    True: ":green-badge[:material/check: passed]",
    False: ":orange-badge[:material/close: failed]",
    None: ":gray-badge[:material/help: not tested]",
}
CHECK_HELP = (
    "The randomisation test checks whether the map changes when the network's weights are "
    "shuffled. A map that stays the same cannot explain the model."
)
NOT_THE_EXTENT = "A map shows what the model used, not the extent of the lesion."
OPACITY = 60
"""Of the maps, in per cent, where the link asks for no other."""


def as_seen(viewed: Viewed, crop: Crop) -> Crop:
    """Stretch the contrast of a crop as the first network gets it."""
    return stretch(crop, viewed.models[0].card.preprocessing).astype(np.uint8)


def show_picture_of(viewed: Viewed) -> Viewer:
    """Show the crop as the networks get it, and an example's film; return the viewer."""
    name, (height, width) = viewed.picture.name, viewed.crop.shape
    seen = as_seen(viewed, viewed.crop)
    alt = f"The crop of {name}, {width} x {height} pixels"
    views = [View("Crop", alt, data_uri(enlarged(seen)), width, height)]
    if viewed.area is not None:
        film = viewed.picture.image.pixels
        height, width = film.shape
        alt, source = f"The mammogram of {name}", data_uri(scaled_down(film))
        views.append(View("Mammogram", alt, source, width, height, viewed.area))
    viewer = Viewer("case", viewed.picture.key)
    viewer.show(views)
    if viewed.area is not None:
        viewer.show_detail(viewed.picture.image.pixels, viewed.area, view=1)
    if viewed.row is None:
        st.caption(f"{text.literal(name)}, {width} x {height} pixels.")
    return viewer


@st.fragment
def show_maps(viewed: Viewed, viewer: Viewer) -> None:
    """Draw both models' maps of a method over the picture, and say how far to trust them."""
    titles = {method.key: method.title for method in METHODS}
    words = "\n".join(f"- **{one.title}**: {one.sentence} ({one.reference})" for one in METHODS)
    method = method_named(choose_option("Method", "method", titles, METHODS[0].key, words))
    summary = st.container()
    with st.expander("About these maps", icon=":material/fact_check:"):
        chosen = choose_option("Colours", "colours", COLOUR_NAMES, COLOUR_MAPS[0], COLOURS_HELP)
        colours = cast("ColourMap", chosen)
        heats, marks = {}, []
        for model in viewed.models:
            with sentences():
                heats[model.card.title] = viewed.heat(model, method)
                marks.append(_show_map(viewed, model, method, colours))
    viewer.show_maps(heats, None, colours, method.title, _opacity())
    with summary:
        highest = np.maximum.reduce([*heats.values()]) if heats else np.zeros((1, 1), np.float32)
        st.caption(map_caption(highest))
        st.markdown(f"Randomisation test: {', '.join(marks)}", help=CHECK_HELP)


def _opacity() -> float:
    """Return the opacity that the link asks for, 0-1."""
    return number_from_link(st.query_params.get("opacity"), 0, 100, 5, OPACITY) / 100


def _show_map(viewed: Viewed, model: Classifier, method: Method, colours: ColourMap) -> str:
    """Describe a map, offer it as a picture, and return the result of its check."""
    heat, title = viewed.heat(model, method), model.card.title
    resolution = f"{method.resolution(model.card)}."
    audit = cache.audit(model.name)
    check = None if audit is None else audit.methods.get(method.key)
    st.markdown(f"**{title}.** {resolution}")
    if audit is None or check is None:
        st.caption(NOT_MEASURED)
    else:
        for sentence in (check.verdict, check.faithfulness, check.stability):
            st.caption(sentence)
        st.caption(audit.on_lesion(method.key))
    about = (
        f"{viewed.picture.name}. {title}, {method.title} ({method.reference}). {resolution}",
        f"{_estimate(viewed.result()[model.name])} {NOT_THE_EXTENT}",
        text.NOTICE_SHORT,
    )
    offer_png(
        lambda: heat_map_sheet(viewed.crop, heat, about, _opacity(), colours),
        f"{method.key}-{model.name}",
    )
    return f"{title} {VERDICT_MARKS[None if check is None else check.passed]}"


def _estimate(answer: ModelResult) -> str:
    percent = text.percent(answer.probability)
    return f"{answer.card.title}: estimated probability of malignancy {percent}."


def show_methods(viewed: Viewed) -> None:
    """Show the maps of all methods in a row per model; some take seconds."""
    st.caption("Maps that disagree cannot all show what the model used.")
    panels, opacity = [], _opacity()
    for model in viewed.models:
        title = model.card.title
        st.markdown(f"**{title}**")
        with st.grid(len(METHODS), min_column_width=150):
            for method in METHODS:
                with st.container(gap="xsmall"), sentences():
                    map_drawn = see_through(viewed.heat(model, method))
                    share = opacity * map_drawn[..., 3:] / 255
                    crop = as_seen(viewed, viewed.crop)[..., np.newaxis]
                    picture = ((1 - share) * crop + share * map_drawn[..., :3]).astype(np.uint8)
                    show_picture(picture, f"{method.title} of {title}", 320, caption=method.title)
                    panels.append(Panel(f"{title}: {method.title}", picture))
    if panels:
        about = [*map(_estimate, viewed.result().answers), NOT_THE_EXTENT]
        offer_panels(viewed, panels, len(METHODS), "all-methods", about, COLOUR_MAPS[0])


def show_standing(viewed: Viewed) -> None:
    """Warn of a training case, and offer the image of a case without one."""
    if viewed.row is None:
        return
    if viewed.row["split"] != "test":
        st.warning(TRAINED_ON, icon=":material/school:")
    with sentences():
        case_folder.folder()  # one that cannot be read has its sentence here
    if viewed.pixels is None:
        st.info(NO_PIXELS, icon=":material/hide_image:")
        offer_images([str(viewed.row["case_id"])], "viewer")


def record_of(viewed: Viewed) -> Record:
    """Return what is recorded of a public case, in one sentence; nothing of an own crop."""
    if viewed.row is None:
        return Record("", "")
    sentence = recorded_sentence(viewed.row.to_dict())
    return Record(viewed.picture.name, sentence, viewed.reviewed)


def show_record(row: pd.Series, cards: Sequence[Card]) -> None:
    """Show what the data set records of a case without its image, and its scores."""
    st.markdown(f"Recorded as **{text.pathology_words(str(row['pathology']))}**.")
    recorded, scores = st.columns(2)
    recorded.markdown(recorded_table(row.to_dict()))
    scores.markdown("\n".join(f"- {line}" for line in score_lines(row.to_dict(), cards)))
    small_notice()


def show_place(viewed: Viewed, cards: Sequence[Card]) -> None:
    """Show the test scores of each model by class, and mark this case's probability among them."""
    estimates = _estimates(viewed, cards)
    shown = [card for card in cards if card.name in estimates]
    if not shown:
        st.caption("No model has a score of this case.")
        return
    if viewed.row is not None and viewed.row["split"] != "test":
        st.markdown("\n".join(f"- {line}" for line in score_lines(viewed.row.to_dict(), cards)))
    for column, card in zip(st.columns(len(shown)), shown, strict=True):
        with column:
            _show_model(card, estimates[card.name])
    st.caption("Dashed: the balanced threshold.")


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
    st.markdown(f"**{card.title}.** {sentence}")
    show_figure(
        place_figure(p, labels, p_case, card.thresholds[BALANCED]),
        name,
        f"Test crops by the probability of {card.title} and by class. {sentence}",
    )
    edges, benign, malignant = place_counts(p, labels)
    counts = {
        "from": edges[:-1],
        "to": edges[1:],
        "benign": benign,
        "malignant": malignant,
        "this case": p_case,
    }
    download(pd.DataFrame(counts), name)
