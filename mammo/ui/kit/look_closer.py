"""The way from a result on the upload page to the viewer; a crop of one's own goes by the session.

An example at its recorded window is a public case, so that its link can be sent.
"""

from typing import TYPE_CHECKING

import streamlit as st

from mammo.imaging.window import CROP_SIZE
from mammo.ui.kit import cache
from mammo.ui.kit.own_files import OwnCrop, forget_own, keep_own

if TYPE_CHECKING:
    from mammo.ui.kit.source import Lesion


VIEWER = "pages/4_Grad-CAM_viewer.py"


def look_closer(lesion: "Lesion") -> None:
    """Offer the viewer for a lesion that has just been answered."""
    asked = _prepare(lesion)
    st.page_link(
        VIEWER,
        label="Look closer",
        icon=":material/visibility:",
        help="Maps by several methods, the inside of both networks, and what changes the estimate.",
        query_params=asked,
    )


def _prepare(lesion: "Lesion") -> dict[str, str]:
    """Return what the link says of a lesion; keep its crop in the session where it must."""
    example = lesion.picture.example
    if example is not None and lesion.window is not None and tuple(lesion.window) == example.window:
        forget_own()
        return {"case": example.case_id}
    size = max([CROP_SIZE, *(card.crop_size for card in cache.cards())])
    picture = lesion.picture
    keep_own(OwnCrop(picture.name, lesion.crop(size), lesion.source_side, picture.image.warnings))
    return {"from": "own"}
