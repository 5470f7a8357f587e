"""The answer of both models, side by side: probability, threshold, spread, heat map, record.

Everything here moves on its own (a fragment): another operating point or another opacity reads no
film and asks no network again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mammo import text
from mammo.artifacts import Card
from mammo.data.examples import recorded_sentence
from mammo.imaging import quality_warnings
from mammo.inference import Assessment, Classifier
from mammo.inference.overlay import overlay
from mammo.plots.style import BAR_CONFIG, probability_figure
from mammo.report.glossary import glossary_line
from mammo.ui.kit import cache
from mammo.ui.kit.address import went_back
from mammo.ui.kit.display import data_uri, enlarged
from mammo.ui.kit.frame import small_notice, small_print, warn
from mammo.ui.kit.link import option_from_link
from mammo.ui.kit.look_closer import look_closer
from mammo.ui.kit.report_buttons import report_buttons
from mammo.ui.kit.settings import default_threshold, threshold_key
from mammo.ui.kit.source import Lesion, Picture
from mammo.ui.kit.table import Row, csv_bytes
from mammo.ui.kit.trust import Signals, show_familiarity, show_mark, show_similar, show_zone
from mammo.ui.kit.widgets import draw, offer_file

THRESHOLDS = tuple(text.THRESHOLD_NAMES)
PROBABILITY = "Estimated probability of malignancy"
_ASKED = "asked"
EXPLAINED = ("threshold", "calibration", "spread", "grad_cam", "similar_cases")


@dataclass(frozen=True, eq=False)
class Answer:
    """Hold what one model, known by its card, says of one crop, uint8 (S, S)."""

    card: Card
    crop: NDArray[np.uint8]
    assessment: Assessment


def ask(classifiers: Sequence[Classifier], lesion: Lesion) -> tuple[Answer, ...]:
    """Ask every model about one lesion, cut at the crop size of the model's card."""
    return tuple(ask_one(model, lesion.crop(model.card.crop_size)) for model in classifiers)


def ask_once(classifiers: Sequence[Classifier], lesion: Lesion) -> tuple[Answer, ...]:
    """Ask every model about this visitor's lesion, unless it is the one asked about last."""
    crops = [lesion.crop(model.card.crop_size) for model in classifiers]
    kept: tuple[Answer, ...] = st.session_state.get(_ASKED, ())
    if len(kept) == len(crops) and all(
        answer.card is model.card and np.array_equal(answer.crop, crop)
        for answer, model, crop in zip(kept, classifiers, crops, strict=True)
    ):
        return kept
    answers = tuple(map(ask_one, classifiers, crops))
    st.session_state[_ASKED] = answers
    return answers


def ask_one(model: Classifier, crop: NDArray[np.uint8]) -> Answer:
    """Ask one model about one crop, uint8 (S, S)."""
    return Answer(model.card, crop, model.assess(crop)[0])


def choose_threshold(field: str, asked: str | None = None) -> str:
    """Ask for the operating point that turns a probability into above or below.

    Parameters
    ----------
    field : str, tells this choice from others
    asked : str or None, what a link asks for, in place of the visitor's setting
    """
    key = threshold_key(field)
    linked = asked is not None and went_back()
    if linked or st.session_state.get(key) not in THRESHOLDS:
        st.session_state[key] = option_from_link(asked, THRESHOLDS, default_threshold())
    chosen = st.segmented_control(
        "Threshold",
        THRESHOLDS,
        required=True,
        format_func=text.threshold_name,
        help=cache.threshold_help(),
        key=key,
        wrap=True,
    )
    return str(chosen)


@st.fragment
def show_result(lesion: Lesion, answers: Sequence[Answer], signals: Signals | None = None) -> None:
    """Show what both models say of one lesion, and its record where the picture is an example."""
    show_familiarity(signals)
    show_doubts(doubts(lesion, answers))
    threshold = choose_threshold("threshold")
    opacity = st.slider("Heat map opacity", 0, 100, 45, 5, format="%d%%", key="opacity")
    for column, answer in zip(st.columns(len(answers), border=True), answers, strict=True):
        with column:
            show_mark(signals)
            show_answer(answer, answer.card.thresholds[threshold])
            _heat_map(answer, opacity)
            show_steadiness(answer, answer.card.thresholds[threshold])
            show_zone(signals, answer.card.name, answer.assessment)
    show_similar(signals)
    recorded = _record(lesion.picture)
    with st.container(horizontal=True):
        _download(lesion, answers, signals)
        report_buttons(lesion, answers, signals, recorded=recorded, doubts=doubts(lesion, answers))
        look_closer(lesion)
    small_print(glossary_line(*EXPLAINED))
    small_notice()


def show_answer(answer: Answer, threshold: float) -> None:
    """Say one model's probability and its side of the threshold."""
    given = answer.assessment
    st.header(answer.card.title, anchor=False)
    with st.container(gap="xxsmall"):
        st.markdown(PROBABILITY)
        st.metric(PROBABILITY, text.percent(given.p_malignant), label_visibility="collapsed")
        st.caption(f"calibrated on {answer.card.calibration.fitted_on}")
    st.markdown(_standing_badge(given, threshold))
    draw(
        probability_figure(given.p_malignant, given.p_low, given.p_high, threshold),
        config=BAR_CONFIG,
        key=f"bar_{answer.card.name}",
        alt=f"{answer.card.title}: {text.percent(given.p_malignant)}, "
        f"{text.standing(given.p_malignant, threshold).lower()}",
    )


def show_steadiness(answer: Answer, threshold: float) -> None:
    """Say how far the mirror images of the crop agree, where the model looks at them."""
    given = answer.assessment
    if len(given.flips_p) > 1:
        unsure = given.straddles(threshold)
        st.markdown(text.spread_sentence(given.p_low, given.p_high, unsure))


def _standing_badge(given: Assessment, threshold: float) -> str:
    """Mark the side of the threshold by word and arrow, and by colour only besides."""
    standing = text.standing(given.p_malignant, threshold)
    if text.is_above(given.p_malignant, threshold):
        return f":orange-badge[:material/arrow_upward: {standing}]"
    return f":blue-badge[:material/arrow_downward: {standing}]"


def _heat_map(answer: Answer, opacity: int) -> None:
    heat = answer.assessment.heat_map(answer.crop.shape[0])
    st.image(
        data_uri(enlarged(overlay(answer.crop, heat, opacity / 100))),
        width="stretch",
        alt=f"Crop of the lesion under the heat map of {answer.card.title}",
    )
    if heat.any():
        st.caption("Bright: what raised the estimate. Not the extent of the lesion.")
    else:
        st.caption("The map is empty: nothing in the crop raised the estimate.")


def doubts(lesion: Lesion, answers: Sequence[Answer]) -> tuple[str, ...]:
    """Say in plain words what makes this picture doubtful, each doubt once."""
    of_crop = quality_warnings(answers[0].crop, source_side=lesion.source_side)
    return tuple(dict.fromkeys((*lesion.picture.image.warnings, *of_crop)))


def show_doubts(sentences: Sequence[str]) -> None:
    """List what makes a picture doubtful; nothing where nothing does."""
    warn(*sentences, title="Take these figures with care")


def _record(picture: Picture) -> str:
    """Show the record of an example once asked: first guess, then look; return what is shown."""
    if picture.example is None:
        return ""
    if not st.toggle("Show what was recorded", key=f"record_{picture.key}"):
        return ""
    recorded = recorded_sentence(picture.example)
    st.info(recorded, icon=":material/clinical_notes:")
    return recorded


def _download(lesion: Lesion, answers: Sequence[Answer], signals: Signals | None) -> None:
    row = Row(
        lesion.picture.name,
        " ".join(doubts(lesion, answers)),
        window=lesion.window,
        assessments={answer.card.name: answer.assessment for answer in answers},
        questioned=None if signals is None else signals.familiarity.questioned,
    )
    offer_file(
        "Download as CSV",
        lambda: csv_bytes([row], [answer.card for answer in answers]),
        "mammo-result.csv",
        "text/csv",
        key="download_result",
    )
