"""The drawer below a case: one of several closer looks at a time, so that only that is computed."""

from collections.abc import Mapping

import streamlit as st

from mammo.inference.perturb import CHANGES
from mammo.ui.kit import cache
from mammo.ui.kit.address import choose_option
from mammo.ui.kit.frame import sentences
from mammo.ui.kit.result import has_similar, show_similar
from mammo.ui.viewer.answers import show_methods, show_place
from mammo.ui.viewer.probes import show_inside, show_occlusion, show_sensitivity
from mammo.ui.viewer.viewed import Viewed

SECTIONS = {
    "cover": "Cover a part",
    "methods": "All methods",
    "robustness": "Robustness",
    "inside": "Inside the network",
    "similar": "Similar cases",
    "tests": "Among the test cases",
}
_OF_LINK = {
    "cover": ("cover", "fill"),
    "methods": ("row",),
    "robustness": ("change", *(change.key for change in CHANGES)),
    "inside": ("inside", "layer", "rank"),
}
"""What a link of the first edition has of each section, which it then opens."""


def section_of(link: Mapping[str, str]) -> str:
    """Return the section that a link without one opens.

    >>> section_of({"blur": "3"}), section_of({"case": "Mass-Test_P_00820_LEFT_CC_1"})
    ('robustness', 'cover')
    """
    asked = (name for name, parts in _OF_LINK.items() if any(part in link for part in parts))
    return next(asked, "cover")


@st.fragment
def show_drawer(viewed: Viewed) -> None:
    """Ask for a closer look at the case, and show it."""
    st.header("More about this case", anchor="drawer")
    signals = viewed.result().signals
    sections = {
        name: title for name, title in SECTIONS.items() if name != "similar" or has_similar(signals)
    }
    link = st.query_params.to_dict()
    section = choose_option("Analysis", "drawer", sections, section_of(link))
    with sentences():
        if section == "cover":
            show_occlusion(viewed)
        elif section == "methods":
            show_methods(viewed)
        elif section == "robustness":
            show_sensitivity(viewed)
        elif section == "inside":
            show_inside(viewed)
        elif has_similar(signals) and section == "similar":
            show_similar(signals)
        else:
            show_place(viewed, cache.cards())
