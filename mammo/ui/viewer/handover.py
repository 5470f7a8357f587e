"""The visitor's own crop, on its way from the upload page to the viewer: in their session only.

The crop alone is kept, never the film that it was cut from, and it goes when the upload does.
Nothing here is ever in a cache that visitors share.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

_OWN = "viewer_own_crop"
OWN_SHELF = "viewer_own_shelf"
"""Where `shelf` keeps what was computed of it."""


@dataclass(frozen=True, eq=False)
class OwnCrop:
    """Hold a crop of the visitor's own, or a window that they marked on an example film.

    Attributes
    ----------
    name : str, the file's or the example's
    crop : uint8 (S, S), 0-255
    source_side : int, side of what was cut, in pixels of the file
    doubts : tuple of str, what the reader said of the whole picture
    """

    name: str
    crop: NDArray[np.uint8]
    source_side: int
    doubts: tuple[str, ...]

    @property
    def key(self) -> str:
        """Tell this crop from any other of the session."""
        return hashlib.sha256(self.crop.tobytes()).hexdigest()[:16]


def keep_own(own: OwnCrop) -> None:
    """Keep a crop for the viewer, in place of the one before."""
    st.session_state[_OWN] = own


def own_crop() -> OwnCrop | None:
    """Return the crop that is kept in this session, None where there is none."""
    own: OwnCrop | None = st.session_state.get(_OWN)
    return own


def forget_own() -> None:
    """Drop the crop of this session, and all that was computed of it."""
    st.session_state.pop(_OWN, None)
    st.session_state.pop(OWN_SHELF, None)
