"""The film on the page: look closer, mark the lesion by mouse or by numbers, see the window.

The four number fields hold the lesion box and are the one truth; a box drawn on the film fills
them in. Zoom, brightness, contrast and inversion change the screen only.
"""

from contextlib import suppress
from functools import partial

import streamlit as st

from mammo import text
from mammo.errors import WindowError
from mammo.imaging import Window, lesion_window, region
from mammo.imaging.region import Region
from mammo.plots.style import film_figure
from mammo.ui.kit.display import cut_view, data_uri, toned
from mammo.ui.kit.source import OWN_BOXES, Picture
from mammo.ui.kit.widgets import BoxFields

_BOX = BoxFields("box")
ZOOMS = (1, 2, 4, 8)
_ZOOM = "zoom"
_TONES = (-100, 100, 0, 5)
"""Least, most, start and step of brightness and contrast."""
_MARKED = "marked_picture"
_ASKED = "asked_box"
"""A drawn box of most of the film, until the visitor has confirmed or discarded it."""


def marked_area(picture: Picture) -> Window | None:
    """Return the crop area of the lesion that is marked on a film; None while none is.

    A box that does not fit the film is a WindowError.
    """
    _start(picture)
    box = _BOX.get()
    return None if box is None else _area(picture, box)


def _area(picture: Picture, box: Region) -> Window:
    return lesion_window(picture.image.shape, box, picture.image.pixel_spacing_mm)


def _start(picture: Picture) -> None:
    """Begin with the box that was marked on an own film, or with the recorded one, or with none."""
    before = st.session_state.get(_MARKED)
    if before == picture.key:
        return
    boxes: dict[str, Region | None] = st.session_state.setdefault(OWN_BOXES, {})
    if before in boxes:
        boxes[before] = _BOX.get()
    if picture.own is not None:
        boxes.setdefault(picture.key, None)
    box = boxes.get(picture.key, _recorded_box(picture))
    _BOX.set(box)
    st.session_state[_MARKED] = picture.key
    st.session_state.pop(_ASKED, None)
    if box is None:
        st.session_state[_ZOOM] = ZOOMS[0]


def _recorded_box(picture: Picture) -> Region | None:
    return None if picture.example is None else region.box_in_window(picture.example.window)


def mark_lesion(picture: Picture) -> None:
    """Show the film with its controls; a change of the box runs the whole page again.

    The number fields stand outside the film's fragment: a fragment that asks for a run of the
    page while the last one is still on its way to the browser takes the end of its own part
    with it, and with that what was typed a moment before.
    """
    _controlled_film(picture)
    height, width = picture.image.shape
    spacing = picture.image.pixel_spacing_mm
    stated = "not stated" if spacing is None else f"{spacing:.3f} mm"
    _BOX.show(height, width, 10, persist_state="session")
    st.caption(
        f"{_film_name(picture)}, {width:,} x {height:,} pixels, pixel spacing {stated}. The lesion "
        "box counts in film pixels from the top left corner: drag on the film with a mouse, or "
        "type. The yellow square is the window that the models read."
    )
    recorded = _recorded_box(picture)
    if recorded is not None and _BOX.get() != recorded:
        st.button(
            "Back to the recorded box",
            icon=":material/undo:",
            on_click=_BOX.set,
            args=(recorded,),
            key="way_back",
        )


@st.fragment
def _controlled_film(picture: Picture) -> None:
    """Show the film below its controls; looking closer or brighter runs this part alone."""
    box = _BOX.get()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        zoom = _zoom(box)
        tone = _tone()
    if _ASKED in st.session_state:  # no model answers for such a box before
        st.warning("The box covers most of the film. Is that the lesion?", icon=":material/help:")
        with st.container(horizontal=True):
            st.button("Use this box", on_click=_use_asked, key="use_box")
            discard = st.session_state.pop
            st.button("Discard it", on_click=discard, args=(_ASKED,), key="discard_box")
    _film(picture, box, zoom, tone)


def _use_asked() -> None:
    _BOX.set(st.session_state.pop(_ASKED))
    st.rerun()


def _zoom(box: Region | None) -> int:
    st.session_state.setdefault(_ZOOM, ZOOMS[0])
    zoom = st.segmented_control(
        "Zoom",
        ZOOMS,
        required=True,
        format_func=lambda times: f"{times}x",
        disabled=box is None,
        help="The zoom follows the marked box: mark roughly, then look closer and mark again.",
        key=_ZOOM,
        persist_state="page",
    )
    return ZOOMS[0] if box is None or zoom is None else zoom


def _tone() -> tuple[int, int, bool]:
    """Ask for brightness, contrast and inversion of the picture on the screen."""
    with st.popover("Display", icon=":material/tune:"):
        st.caption("For your eyes only: the models always read the film as it is.")
        brightness = st.slider("Brightness", *_TONES, key="brightness", persist_state="page")
        contrast = st.slider("Contrast", *_TONES, key="contrast", persist_state="page")
        invert = st.toggle("Invert", key="invert", persist_state="page")
    return brightness, contrast, invert


def _film(picture: Picture, box: Region | None, zoom: int, tone: tuple[int, int, bool]) -> None:
    film, asked = picture.image.pixels, st.session_state.get(_ASKED)
    view = region.zoomed_view(film.shape, zoom, region.middle(box) if box and zoom > 1 else None)
    shown = toned(cut_view(film, view), *tone)
    window: Region | None = None
    if box is not None and not asked:
        with suppress(WindowError):  # whose sentence stands beside the film already
            window = _area(picture, box)
    marked = "no lesion marked yet" if box is None else "lesion box and context window drawn"
    _BOX.show_film(
        film_figure(data_uri(shown), shown.shape[:2], view, asked or box, window),
        film.shape,
        partial(_take_drawn, film.shape),
        f"film_{picture.key}",
        f"Mammogram {picture.name}, {_film_name(picture)}, {marked}",
    )


def _take_drawn(film_shape: tuple[int, ...], box: Region) -> None:
    """Take the box that was just drawn; ask back first where it is most of the film."""
    st.session_state[_ASKED] = box
    if not region.covers_most(box, film_shape):
        _use_asked()


def _film_name(picture: Picture) -> str:
    return text.film_name(picture.image.laterality, picture.image.view)
