"""The case report of the crop on show, as the upload page and the reading room offer it."""

from collections.abc import Sequence

import streamlit as st

from mammo.imaging import Image, Window
from mammo.ui.kit import cache
from mammo.ui.kit.case_words import recorded_words
from mammo.ui.kit.report_buttons import report_buttons
from mammo.ui.kit.result import Answer
from mammo.ui.kit.source import Lesion, Picture
from mammo.ui.kit.trust import Signals
from mammo.ui.viewer.record_section import record_key
from mammo.ui.viewer.viewing import Viewed


def show_report(viewed: Viewed, answers: Sequence[Answer], signals: Signals | None) -> None:
    """Offer the report; it tells what was recorded only once the visitor has asked for it."""
    asked = bool(st.session_state.get(record_key(viewed), False))
    with st.container(horizontal=True):
        report_buttons(
            _lesion(viewed, answers),
            answers,
            signals,
            key="viewer_report",
            recorded=_recorded(viewed) if asked else "",
            doubts=viewed.doubts,
            case="" if viewed.row is None else str(viewed.row["case_id"]),
        )


def _lesion(viewed: Viewed, answers: Sequence[Answer]) -> Lesion:
    """Return an example with its film; any other crop as it is."""
    case = "" if viewed.row is None else str(viewed.row["case_id"])
    example = cache.examples_at_hand().get(case)
    if example is not None:
        picture = Picture(viewed.key, case, None, example)
        return Lesion(picture, Window(*example.window))
    crop = answers[0].crop if viewed.crop is None else viewed.crop
    return Lesion(Picture(viewed.key, case, Image(crop)))


def _recorded(viewed: Viewed) -> str:
    if viewed.row is None:
        return ""
    return recorded_words(viewed.row.to_dict())
