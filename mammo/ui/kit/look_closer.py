"""The way from a result on the upload page to the viewer; a crop of one's own goes by the session.

An example at its recorded window is a public case, so that its link can be sent.
"""

from typing import TYPE_CHECKING

import streamlit as st

from mammo.imaging.window import CROP_SIZE
from mammo.inference import Lesion, LesionResult
from mammo.ui.kit import cache
from mammo.ui.kit.own_files import OwnCrop, forget_own, keep_own

if TYPE_CHECKING:
    from mammo.ui.kit.source import Picture


VIEWER = "pages/4_Grad-CAM_viewer.py"


def look_closer(picture: "Picture", result: LesionResult) -> None:
    """Offer the viewer for a lesion that has just been answered."""
    st.page_link(
        VIEWER,
        label="Look closer",
        icon=":material/visibility:",
        help="Maps by several methods, the inside of both networks, and what changes the estimate.",
        query_params=_prepare(picture, result),
    )


def _prepare(picture: "Picture", result: LesionResult) -> dict[str, str]:
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
