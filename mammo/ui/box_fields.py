"""A box as four number fields, for the keyboard and for touch, beside a box drawn with the mouse.

Used on the film and on the crop; the fields hold the box, whoever set it.
"""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from mammo.ui.region import Region, whole_box

NAMES = ("x", "y", "width", "height")


@dataclass(frozen=True)
class BoxFields:
    """Hold one box of a page in the session, in whole pixels of its picture.

    Parameters
    ----------
    prefix : str, begins the key of each field
    """

    prefix: str

    def get(self) -> Region | None:
        """Return the box; None until all four numbers are there."""
        return whole_box([st.session_state.get(self.key(name)) for name in NAMES])

    def set(self, box: Region | None) -> None:
        """Put a box into the fields; None empties them."""
        for position, name in enumerate(NAMES):
            st.session_state[self.key(name)] = None if box is None else box[position]

    def key(self, name: str) -> str:
        """Return the session's key of one of `NAMES`."""
        return f"{self.prefix}_{name}"

    def show(self, height: int, width: int, step: int, **options: Any) -> None:
        """Draw the fields for a picture of that height and width.

        Parameters
        ----------
        height, width : int, pixels of the picture
        step : int, pixels that a click on plus or minus adds
        options : more of `st.number_input`
        """
        limits = ((0, width - 1), (0, height - 1), (1, width), (1, height))
        with st.grid(len(NAMES), min_column_width=70, gap="small"):
            for name, (low, high) in zip(NAMES, limits, strict=True):
                st.number_input(
                    name.capitalize(), low, high, None, step=step, key=self.key(name), **options
                )
