"""The answer of both models, side by side: probability, threshold, spread, heat map, record.

Everything here moves on its own (a fragment): another operating point or another opacity reads no
film and asks no network again.
"""

import csv
from collections.abc import Mapping, Sequence
from functools import partial
from io import StringIO
from typing import cast

import streamlit as st

from mammo import text
from mammo.artifacts import Card
from mammo.data.descriptors import recorded_sentence
from mammo.imaging import Window
from mammo.imaging.window import CROP_SIZE
from mammo.inference import Lesion, LesionResult, ModelResult, Signals
from mammo.inference.overlay import overlay
from mammo.inference.result import csv_columns, csv_row
from mammo.inference.trust import NOT_A_CROP
from mammo.plots.style import BAR_CONFIG, probability_figure
from mammo.report import FORMS, Form, render
from mammo.report.case_report import (
    SIMILAR_HELP,
    compose_report,
    similar_table,
    vote_sentence,
    zone_sentence,
)
from mammo.report.content import MEDIA_TYPES
from mammo.report.glossary import glossary_line
from mammo.ui.kit import cache
from mammo.ui.kit.address import option_from_link, went_back
from mammo.ui.kit.case_folder import thumbnails
from mammo.ui.kit.display import data_uri, enlarged
from mammo.ui.kit.frame import small_notice, small_print, warn
from mammo.ui.kit.own_files import OwnCrop, forget_own, keep_own
from mammo.ui.kit.settings import default_threshold, threshold_key
from mammo.ui.kit.source import Picture
from mammo.ui.kit.widgets import draw, offer_file


def show_familiarity(signals: Signals | None) -> None:
    """Warn above the result where the picture does not look like a mammogram crop."""
    if signals is not None and signals.familiarity.questioned:
        st.error(signals.familiarity.reason, title=NOT_A_CROP, icon=":material/block:")


def show_mark(signals: Signals | None) -> None:
    """Mark a score that means nothing."""
    if signals is not None and signals.familiarity.questioned:
        st.markdown(":red-badge[:material/block: Means nothing here]")


def show_zone(signals: Signals | None, answer: ModelResult) -> None:
    """Say how often answers like this one were right on the test split."""
    zone = None if signals is None else signals.trust.zone(answer.card.name)
    if signals is not None and zone is not None and not signals.familiarity.questioned:
        measured = signals.trust.measured["uncertainty"][answer.card.name]
        st.caption(zone_sentence(zone, answer.probability, measured))


def show_similar(signals: Signals | None) -> None:
    """Show the similar known cases, with pictures where their pixels are at hand.

    Not for a questioned picture: nothing known is similar to it.
    """
    if signals is None or signals.familiarity.questioned or not signals.neighbours:
        return
    with st.expander("Similar known cases", icon=":material/compare:"):
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


VIEWER = "pages/4_Grad-CAM_viewer.py"


def look_closer(picture: Picture, result: LesionResult) -> None:
    """Offer the viewer for a lesion that has just been answered."""
    st.page_link(
        VIEWER,
        label="Look closer",
        icon=":material/visibility:",
        help="Maps by several methods, the inside of both networks, and what changes the estimate.",
        query_params=_prepare(picture, result),
    )


def _prepare(picture: Picture, result: LesionResult) -> dict[str, str]:
    """Return what the link says of a lesion; keep its crop in the session where it must."""
    example = picture.example
    if example is not None and result.area is not None and tuple(result.area) == example.window:
        forget_own()
        return {"case": example.case_id}
    size = max([CROP_SIZE, *(card.crop_size for card in cache.cards())])
    lesion = Lesion(picture.image, window=result.area)
    warnings = lesion.picture.warnings
    keep_own(OwnCrop(picture.name, lesion.crop(size), lesion.source_side, warnings))
    return {"from": "own"}


LABELS: dict[Form, str] = {"pdf": "Case report (PDF)", "html": "Case report (HTML)"}
ICONS: dict[Form, str] = {"pdf": ":material/picture_as_pdf:", "html": ":material/html:"}


def report_buttons(
    picture: Picture, result: LesionResult, *, key: str = "report", recorded: str = "",
    case: str = "",
) -> None:  # fmt: skip
    """Offer the report of one lesion for download; it is made when a button is pressed.

    Parameters
    ----------
    picture : Picture, the film or the ready crop
    result : LesionResult
    key : str, another for each place on a page
    recorded : str, the truth in words; leave it empty until the reader has asked for it
    case : str, the id of a public case; an example's own is known. Never a file's name
    """
    case = case or picture.case
    for form in FORMS:
        offer_file(
            LABELS[form],
            partial(_made, picture, result, case, recorded, form),
            f"mammo-case-report.{form}",
            MEDIA_TYPES[form],
            key=f"{key}_{form}",
            icon=ICONS[form],
        )


def _made(picture: Picture, result: LesionResult, case: str, recorded: str, form: Form) -> bytes:
    """Make the report; until then nothing holds an example's film, which all visitors share."""
    measured = cache.measured()
    report = compose_report(result, picture.image, measured, case=case, recorded=recorded)
    return render(report, form)


PROBABILITY = "Estimated probability of malignancy"
_ASKED = "asked"
EXPLAINED = ("threshold", "calibration", "spread", "grad_cam", "similar_cases")


def assessed_once(picture: Picture, area: Window | None) -> LesionResult:
    """Ask every model about this visitor's lesion, unless it is the one asked about last."""
    asked = (picture.key, area, cache.manifest().created)
    before, result = st.session_state.get(_ASKED, (None, None))
    if before == asked and result is not None:
        return cast("LesionResult", result)
    result = picture.assessed(area)
    st.session_state[_ASKED] = (asked, result)
    return result


def choose_threshold(field: str, asked: str | None = None) -> str:
    """Ask for the operating point that turns a probability into above or below.

    Parameters
    ----------
    field : str, tells this choice from others
    asked : str or None, what a link asks for, in place of the visitor's setting
    """
    key = threshold_key(field)
    names = cache.threshold_names()
    linked = asked is not None and went_back()
    if linked or st.session_state.get(key) not in names:
        st.session_state[key] = option_from_link(asked, names, default_threshold())
    chosen = st.segmented_control(
        "Threshold",
        names,
        required=True,
        format_func=text.threshold_name,
        help=cache.threshold_help(),
        key=key,
        wrap=True,
    )
    return str(chosen)


@st.fragment
def show_result(picture: Picture, result: LesionResult) -> None:
    """Show what both models say of one lesion, and its record where the picture is an example."""
    signals = result.signals
    show_familiarity(signals)
    show_doubts(result.doubts)
    threshold = choose_threshold("threshold")
    opacity = st.slider("Heat map opacity", 0, 100, 45, 5, format="%d%%", key="opacity")
    columns = st.columns(len(result.models), border=True)
    for column, answer in zip(columns, result.answers, strict=True):
        with column:
            show_mark(signals)
            show_answer(answer, threshold)
            _heat_map(answer, opacity)
            show_steadiness(answer, threshold)
            show_zone(signals, answer)
    show_similar(signals)
    recorded = _record(picture)
    with st.container(horizontal=True):
        offer_file(
            "Download as CSV",
            lambda: csv_bytes(
                [csv_row(picture.case or picture.name, result)], [a.card for a in result.answers]
            ),
            "mammo-result.csv",
            "text/csv",
            key="download_result",
        )
        report_buttons(picture, result, recorded=recorded)
        look_closer(picture, result)
    small_print(glossary_line(*EXPLAINED))
    small_notice()


def csv_bytes(rows: Sequence[Mapping[str, str]], cards: Sequence[Card]) -> bytes:
    """Write rows of `csv_row` as CSV, UTF-8."""
    written = StringIO()
    writer = csv.DictWriter(written, csv_columns(cards), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue().encode("utf-8")


def show_answer(answer: ModelResult, threshold: str) -> None:
    """Show one model's probability and its side of a threshold of its card."""
    at, percent = answer.card.thresholds[threshold], text.percent(answer.probability)
    standing = text.standing(answer.probability, at)
    st.header(answer.card.title, anchor=False)
    with st.container(gap="xxsmall"):
        st.markdown(PROBABILITY)
        st.metric(PROBABILITY, percent, label_visibility="collapsed")
        st.caption(f"calibrated on {answer.card.calibration.fitted_on}")
    # The side of the threshold by word and arrow, and by colour only besides.
    colour, arrow = ("orange", "upward") if answer.is_above(threshold) else ("blue", "downward")
    st.markdown(f":{colour}-badge[:material/arrow_{arrow}: {standing}]")
    draw(
        probability_figure(answer.probability, *answer.spread, at),
        config=BAR_CONFIG,
        key=f"bar_{answer.card.name}",
        alt=f"{answer.card.title}: {percent}, {standing.lower()}",
    )


def show_steadiness(answer: ModelResult, threshold: str) -> None:
    """Show how far the views of the crop agree, where the model takes several."""
    if len(views := answer.card.views) > 1:
        st.markdown(text.spread_sentence(views, *answer.spread, answer.is_unsure(threshold)))


def _heat_map(answer: ModelResult, opacity: int) -> None:
    heat = answer.heat_map()
    st.image(
        data_uri(enlarged(overlay(answer.crop, heat, opacity / 100))),
        width="stretch",
        alt=f"Crop of the lesion under the heat map of {answer.card.title}",
    )
    if heat.any():
        st.caption("Bright: what raised the estimate most. Not the extent of the lesion.")
    else:
        st.caption("The map is empty: nothing in the crop raised the estimate.")


def show_doubts(sentences: Sequence[str]) -> None:
    """List what makes a picture doubtful; nothing where nothing does."""
    warn(*sentences, title="Take these figures with care")


def _record(picture: Picture) -> str:
    """Show the record of an example once asked: first guess, then look; return what is shown."""
    if picture.example is None:
        return ""
    if not st.toggle("Show what was recorded", key=f"record_{picture.key}"):
        return ""
    recorded = recorded_sentence(vars(picture.example))
    st.info(recorded, icon=":material/clinical_notes:")
    return recorded
