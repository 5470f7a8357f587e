"""The answer of both models: one sentence, then probability, threshold, spread, prevalence, record.

`show_result` moves on its own (a fragment): another operating point or prevalence reads no film and
asks no network again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeGuard, cast

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray
from streamlit.delta_generator import DeltaGenerator

from mammo import text
from mammo.data.descriptors import recorded_sentence
from mammo.evaluation.build import PREVALENCES as NAMED_PREVALENCES
from mammo.evaluation.operating import moved_to_prevalence
from mammo.imaging import Image, Window
from mammo.imaging.window import CROP_SIZE
from mammo.inference import Lesion, LesionResult, ModelResult, Signals, two_views
from mammo.inference.result import BALANCED
from mammo.inference.trust import NOT_A_CROP
from mammo.plots.style import probability_bar
from mammo.report import FORMS, Form, render
from mammo.report.case_report import (
    SIMILAR_HELP,
    compose_report,
    similar_table,
    vote_sentence,
)
from mammo.report.content import MEDIA_TYPES
from mammo.report.glossary import glossary_line
from mammo.report.verdict import box_sentence, sets_sentence, verdict
from mammo.settings import TITLES
from mammo.ui.kit import cache
from mammo.ui.kit.address import choose_share, keep_in_link, option_from_link, went_back
from mammo.ui.kit.case_folder import thumbnails
from mammo.ui.kit.cases import VIEWER
from mammo.ui.kit.frame import small_notice, small_print, warn
from mammo.ui.kit.get_images import offer_images
from mammo.ui.kit.settings import THRESHOLD_LINK, default_threshold, threshold_key
from mammo.ui.kit.source import LAST_RESULT, OWN_CROP, Picture, crop_picture, forget_own
from mammo.ui.kit.widgets import download_results, offer_file

OPEN_VIEWER = "Open in Grad-CAM viewer"
LABELS: dict[Form, str] = {"pdf": "Case report (PDF)", "html": "Case report (HTML)"}
ICONS: dict[Form, str] = {"pdf": ":material/picture_as_pdf:", "html": ":material/html:"}
PROBABILITY = "Estimated probability of malignancy"
EXPLAINED = ("threshold", "calibration", "conformal", "spread", "grad_cam", "similar_cases")


READING_MARKS = {
    "benign": ":blue-badge[benign]",
    "malignant": ":orange-badge[malignant]",
    "cannot tell": ":gray-badge[:material/help: cannot tell]",
}
PREVALENCES = {
    "called_back": "Called back: 4.4%",
    "biopsied": "Biopsied: 28.6%",
    "test_set": "As in this test set",
}
PREVALENCE_HELP = (
    "Prevalence of malignancy in your setting. Cancer is found in 4.4% of cases recalled after "
    "screening, and in 28.6% of cases biopsied (Lehman et al. 2017, Radiology 283:49-58; newer "
    "figures exist)."
)


@dataclass(frozen=True)
class Record:
    """What is recorded of a public case, in one sentence, and whether it shows at once."""

    case: str
    sentence: str
    revealed: bool = False


Slots = dict[str, DeltaGenerator]
"""Where the first sentence and each model's spread are, by "verdict" or the model's name."""


OtherView = tuple[Picture, LesionResult]
"""The other view of a lesion, and its own result."""


def joined(result: LesionResult, other: OtherView | None) -> LesionResult:
    """Return the result of one view, or one result of both."""
    return result if other is None else two_views(result, other[1])


def assessed_once(picture: Picture, area: Window | None) -> LesionResult:
    """Ask every model about this visitor's lesion, unless it is the one asked about last."""
    asked = (picture.key, area, cache.manifest().created)
    before, result = st.session_state.get(LAST_RESULT, (None, None))
    if before != asked or result is None:
        result = picture.assessed(area)
        st.session_state[LAST_RESULT] = [asked, result]
    return cast("LesionResult", result)


def redraw_once(
    picture: Picture, result: LesionResult, slots: Slots, other: OtherView | None = None
) -> LesionResult:
    """Ask how far the answer depends on the box, and show that in its place; only on a film."""
    if result.area is None or any(answer.box_spread for answer in result.answers):
        return result
    lesion = Lesion(picture.image, window=result.area)
    result = cache.models().redraw(lesion, result)
    st.session_state[LAST_RESULT][1] = result
    _fill(slots, joined(result, other), st.session_state[threshold_key("threshold")])
    return result


def _latest(asked: Sequence[Any] | None, result: LesionResult) -> LesionResult:
    """Return a result with its spread over changes of the box, where that is known by now."""
    latest = None if asked is None else asked[1]
    return latest if latest and latest.answers[0].crop is result.answers[0].crop else result


def _fill(slots: Slots, result: LesionResult, threshold: str) -> None:
    """Write the first sentence, and each model's spread, into their places."""
    slots["verdict"].header(verdict(result, threshold), anchor=False)
    for answer in result.answers:
        at, p = answer.card.thresholds[threshold], answer.probability
        percent, standing = text.percent(p), text.standing(p, at).lower()
        alt = f"{answer.card.title}: {percent}, {standing}"
        with slots[answer.card.name].container(gap="xxsmall"):
            st.html(probability_bar(p, *(answer.box_spread or answer.spread), at, alt))
            st.caption(box_sentence(answer, threshold) or _mirror_sentence(answer, threshold))


def _mirror_sentence(answer: ModelResult, threshold: str) -> str:
    if len(views := answer.card.views) < 2:
        return ""
    return text.spread_sentence(views, *answer.spread, answer.card.thresholds[threshold])


@st.fragment
def show_result(
    picture: Picture, single: LesionResult, slots: Slots, viewed: Record | None = None,
    other: OtherView | None = None,
) -> None:  # fmt: skip
    """Show what both models say of one lesion, and what is recorded of it, once asked.

    Parameters
    ----------
    picture : Picture
    single : LesionResult, of this picture
    slots : dict, filled with the places that `redraw_once` writes into
    viewed : Record of the case, on the page Grad-CAM viewer; None elsewhere
    other : OtherView, which makes it one answer from two views
    """
    single = _latest(st.session_state.get(LAST_RESULT), single)
    result = joined(single, other)
    answers, prevalence = st.container(), st.container()
    show_warnings(result)
    field = "threshold" if viewed is None else "viewer_threshold"
    threshold = choose_threshold(field, linked=viewed is not None, two_views=other is not None)
    with answers:
        show_answers(result, threshold, slots)
    with prevalence:
        show_prevalence(result)
    record = viewed or _record_of(picture)
    shown = _show_record(picture, record)
    with st.container(horizontal=True):
        if viewed is None and other is None:
            _open_viewer(picture, result)
        name = record.case or picture.name
        if other is not None:
            name += f" + {other[0].case or other[0].name}"
        download_results(
            [(name, result, "")],
            [answer.card for answer in result.answers],
            "result",
            "download_result",
        )
        report_buttons(picture, single, recorded=shown, case=record.case, other=other)
    show_concepts(result)
    show_reliability(result, threshold)
    if viewed is None and has_similar(result.signals):
        with st.expander("Similar known cases", icon=":material/compare:"):
            show_similar(result.signals)
    small_print(glossary_line(*EXPLAINED))
    small_notice()


def show_warnings(result: LesionResult) -> None:
    """Warn above a result of a picture that is no mammogram crop, and of what is doubtful."""
    if result.signals is not None and result.questioned:
        sentence = result.signals.familiarity.reason
        st.error(sentence, title=NOT_A_CROP, icon=":material/block:")
    show_doubts(result.doubts)


def show_doubts(sentences: Sequence[str]) -> None:
    """List what makes a picture doubtful; nothing where nothing does."""
    warn(*sentences, title="Take these figures with care")


def choose_threshold(field: str, *, linked: bool = False, two_views: bool = False) -> str:
    """Ask for the operating point that turns a probability into above or below.

    `field` tells this choice from others; `linked` is whether the page's link has it, in place of
    the visitor's setting.
    """
    key = threshold_key(field)
    names = cache.threshold_names()
    asked, back = st.query_params.get(THRESHOLD_LINK) if linked else None, linked and went_back()
    if back or st.session_state.get(key) not in names:
        default = BALANCED if back else default_threshold()
        st.session_state[key] = option_from_link(asked, names, default)
    chosen = st.segmented_control(
        "Threshold",
        names,
        required=True,
        format_func=text.threshold_name,
        help=cache.threshold_help(two_views),
        key=key,
        wrap=True,
    )
    if linked:
        keep_in_link(THRESHOLD_LINK, None if chosen == BALANCED else str(chosen))
    return str(chosen)


def show_answers(result: LesionResult, threshold: str, slots: Slots) -> None:
    """Show each model's probability in a column of its own, below the sentence on them all."""
    slots["verdict"] = st.container(key="verdict").empty()
    with st.grid(len(result.models), min_column_width=150):
        for answer in result.answers:
            with st.container():
                if result.questioned:
                    st.markdown(":red-badge[:material/block: Do not interpret]")
                _show_probability(answer, threshold, read=not result.questioned)
                slots[answer.card.name] = st.empty()
    for sentence in result.disagreements(threshold):
        st.markdown(sentence)
    _fill(slots, result, threshold)


def _show_probability(answer: ModelResult, threshold: str, *, read: bool) -> None:
    """Show one model's probability, its side of a threshold of its card, and its reading."""
    at, percent = answer.card.thresholds[threshold], text.percent(answer.probability)
    standing = text.standing(answer.probability, at)
    # The side of the threshold by word and arrow, and by colour only besides.
    colour, arrow = ("orange", "upward") if answer.is_above(threshold) else ("blue", "downward")
    with st.container(gap="xxsmall"):
        st.metric(answer.card.title, percent, help=PROBABILITY)
        mark = f" {READING_MARKS[answer.reading]}" if read and answer.reading else ""
        st.markdown(f":{colour}[:material/arrow_{arrow}: {standing}]{mark}")


def show_prevalence(result: LesionResult) -> None:
    """Show both probabilities at the visitor's own prevalence, by Bayes' theorem."""
    learned = cache.training_share(bool(result.pair))
    if learned is None or result.questioned:
        return
    named = {"data_set": learned, **dict(zip(PREVALENCES, NAMED_PREVALENCES, strict=False))}
    titles = PREVALENCES | {"data_set": f"Training data: {text.percent(learned)}"}
    stated = choose_share(
        "Prevalence", "prevalence", named, titles.__getitem__, "biopsied", PREVALENCE_HELP,
        small=True,
    )  # fmt: skip
    stated = min(max(stated, 0.001), 0.999)  # Bayes' theorem needs both classes
    moved = moved_to_prevalence([answer.probability for answer in result.answers], learned, stated)
    shown = ", ".join(
        f"{answer.card.title} **{text.percent(p)}**"
        for answer, p in zip(result.answers, moved, strict=True)
    )
    st.markdown(f"At a prevalence of {text.percentage(stated)}: {shown}.")


def show_concepts(result: LesionResult) -> None:
    """Show margin and shape as read from a network's features, where they are read."""
    read = result.concepts
    if read is None or result.questioned:
        return
    probes, title = read.concepts, TITLES.get(read.concepts.model, read.concepts.model)
    rows = [
        {"": one.name.capitalize(), "Reading": text.percent(read.p[one.name]),
         "AUC (95% CI)": text.estimate(one.test, 2)}
        for one in probes.shown
    ]  # fmt: skip
    with st.expander(f"Margin and shape: {read.title}", icon=":material/category:"):
        st.table(pd.DataFrame(rows), hide_index=True, alt="Concept readings with their AUC")
        st.caption(
            f"Read from {title}'s features{' (mean of both views)' * bool(result.pair)}, not "
            f"measured. AUC: against the recorded descriptors of the test crops. From these "
            f"readings alone, the probability of malignancy is {text.percent(read.p_malignant)} "
            f"(AUC {text.estimate(probes.malignancy, 2)}; {title} "
            f"{text.number(probes.network.value, 2)})."
        )


def show_reliability(result: LesionResult, threshold: str) -> None:
    """Show what each probability rests on: calibration, mirror images, conformal sets."""
    with st.expander("How reliable is this?", icon=":material/fact_check:"):
        for answer in result.answers:
            lines = [f"Calibrated on {answer.card.calibration.fitted_on}."]
            lines.append(_mirror_sentence(answer, threshold))
            if not result.questioned:
                lines.append(sets_sentence(answer, two_views=bool(result.pair)))
            st.markdown(f"**{answer.card.title}.** {' '.join(line for line in lines if line)}")


def map_caption(heat: NDArray[np.float32]) -> str:
    """Describe what a heat map shows, or that it is empty."""
    if not heat.any():
        return "The map is empty: nothing in the crop raised the probability."
    return (
        "Bright areas of the map mark what raised the probability most, not the extent of the "
        "lesion."
    )


def has_similar(signals: Signals | None) -> TypeGuard[Signals]:
    """Return whether similar cases are known; a questioned picture resembles none of them."""
    if signals is None or signals.familiarity.questioned:
        return False
    return bool(signals.neighbours)


def show_similar(signals: Signals) -> None:
    """Show the similar known cases, with images where these are available."""
    st.markdown(vote_sentence(signals.neighbours, signals.trust.measured["vote"]["test"]))
    table = similar_table(signals.neighbours)
    found, complaint = thumbnails([neighbour.case_id for neighbour in signals.neighbours])
    if found:
        table.insert(0, "Picture", [found.get(case, "") for case in table["Case"]])
    st.dataframe(
        table,
        column_config={"Picture": st.column_config.ImageColumn("Picture", width="small")},
        hide_index=True,
        alt="Similar training lesions with their pathology and descriptors",
    )
    st.caption(SIMILAR_HELP)
    warn(complaint)
    offer_images([case for case in table["Case"] if case not in found], "similar")


def _record_of(picture: Picture) -> Record:
    example = picture.example
    return Record(picture.case, "" if example is None else recorded_sentence(vars(example)))


def _show_record(picture: Picture, record: Record) -> str:
    """Show the record once asked: first guess, then look; return what is shown."""
    key = f"record_{picture.key}"
    st.session_state.setdefault(key, record.revealed)
    if not record.sentence or not st.toggle("Show the recorded diagnosis", key=key):
        return ""
    st.info(record.sentence, icon=":material/clinical_notes:")
    return record.sentence


def report_buttons(
    picture: Picture, result: LesionResult, *, key: str = "report", recorded: str = "",
    case: str = "", other: OtherView | None = None,
) -> None:  # fmt: skip
    """Offer the report of one lesion for download; it is made when a button is pressed.

    Parameters
    ----------
    picture : Picture, the film or the ready crop
    result : LesionResult
    key : str, another for each place on a page
    recorded : str, the truth in words; leave it empty until the reader has asked for it
    case : str, the id of a public case; an example's own is known. Never a file's name
    other : OtherView, for a report of two views
    """
    case, asked = case or picture.case, st.session_state.get(LAST_RESULT)
    for form in FORMS:
        offer_file(
            LABELS[form],
            partial(_report, picture, result, asked, case, recorded, form, other),
            f"mammo-case-report.{form}",
            MEDIA_TYPES[form],
            key=f"{key}_{form}",
            icon=ICONS[form],
        )


def _report(
    picture: Picture, result: LesionResult, asked: Sequence[Any] | None, case: str, recorded: str,
    form: Form, other: OtherView | None,
) -> bytes:  # fmt: skip
    """Make the report; until then nothing holds an example's film, which all visitors share."""
    measured = cache.measured(other is not None)
    result = _latest(asked, result)
    images = [picture.image]
    if other is not None:
        images.append(other[0].image)
        case = f"{case} and {other[0].case}" if case else ""
    report = compose_report(joined(result, other), images, measured, case=case, recorded=recorded)
    return render(report, form)


def _open_viewer(picture: Picture, result: LesionResult) -> None:
    """Offer the viewer for a lesion just answered, whose crop the session keeps where it must."""
    example, query = picture.example, {"from": "own"}
    if example is not None and result.area is not None and tuple(result.area) == example.window:
        forget_own()
        query = {"case": example.case_id}
    else:
        size = max([CROP_SIZE, *(card.crop_size for card in cache.cards())])
        lesion = Lesion(picture.image, window=result.area)
        crop = Image(lesion.crop(size), warnings=lesion.picture.warnings)
        own = crop_picture(picture.name, crop, lesion.source_side)
        st.session_state[OWN_CROP] = own
    st.page_link(
        VIEWER,
        label=OPEN_VIEWER,
        icon=":material/visibility:",
        help="Heat maps by several methods, inner layers of both networks, robustness tests.",
        query_params=query,
    )
