"""The film on the page: look closer, mark the lesion by mouse or by numbers, see the window.

The four number fields hold the lesion box and are the one truth; a box drawn on the film fills
them in. Zoom, brightness, contrast and inversion change the screen only.
"""

import streamlit as st

from mammo import text
from mammo.errors import WindowError
from mammo.imaging import Image, Window, lesion_window
from mammo.imaging.region import (
    Region,
    box_in_window,
    covers_most,
    middle,
    selected_box,
    zoomed_view,
)
from mammo.plots.style import FILM_CONFIG, film_figure
from mammo.ui.kit.display import cut_view, data_uri, toned
from mammo.ui.kit.own_files import OWN_BOXES
from mammo.ui.kit.source import Picture
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

    Raises
    ------
    WindowError
        The marked box does not fit the film.
    """
    _start(picture)
    box = _BOX.get()
    if box is None:
        return None
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
    return None if picture.example is None else box_in_window(picture.example.window)


def mark_lesion(picture: Picture) -> None:
    """Show the film with its controls; a change of the box runs the whole page again.

    The number fields stand outside the film's fragment: a fragment that asks for a run of the
    page while the last one is still on its way to the browser takes the end of its own part
    with it, and with that what was typed a moment before.
    """
    _controlled_film(picture)
    _number_fields(picture)
    _way_back(picture, _BOX.get())


@st.fragment
def _controlled_film(picture: Picture) -> None:
    """Show the film below its controls; looking closer or brighter runs this part alone."""
    box = _BOX.get()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        zoom = _zoom(box)
        tone = _tone()
    _ask_back()
    _film(picture, box, zoom, tone)


def _ask_back() -> None:
    """Ask whether a drawn box of most of the film is meant; no model answers for it before."""
    if _ASKED not in st.session_state:
        return
    st.warning("The box covers most of the film. Is that the lesion?", icon=":material/help:")
    with st.container(horizontal=True):
        st.button("Use this box", on_click=_use_asked, key="use_box")
        st.button("Discard it", on_click=st.session_state.pop, args=(_ASKED,), key="discard_box")


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
    film = picture.image.pixels
    view = zoomed_view(film.shape, zoom, middle(box) if box and zoom > 1 else None)
    shown = toned(cut_view(film, view), *tone)
    asked = st.session_state.get(_ASKED)
    window = None if box is None or asked else _window(picture, box)
    chart, shape = f"film_{picture.key}", film.shape
    st.plotly_chart(
        film_figure(data_uri(shown), (shown.shape[0], shown.shape[1]), view, asked or box, window),
        key=chart,
        on_select=lambda: _take_drawn_box(chart, shape),  # must not keep the film alive
        selection_mode=("box",),
        config=FILM_CONFIG,
        alt=_film_words(picture, box),
    )


def _window(picture: Picture, box: Region) -> Region | None:
    """Find the window to draw; a box that has none has its sentence beside the film already."""
    try:
        window = lesion_window(picture.image.shape, box, picture.image.pixel_spacing_mm)
    except WindowError:
        return None
    return window.x, window.y, window.width, window.height


def _take_drawn_box(chart: str, film_shape: tuple[int, ...]) -> None:
    """Take the box that was just drawn, if one was; ask back first where it is most of the film."""
    box = selected_box(st.session_state.get(chart), film_shape)
    if box is None:
        return
    st.session_state[_ASKED] = box
    if not covers_most(box, film_shape):
        _use_asked()


def _number_fields(picture: Picture) -> None:
    """Offer the lesion box as numbers, for the keyboard and for touch."""
    height, width = picture.image.shape
    _BOX.show(height, width, 10, persist_state="session")
    st.caption(
        f"{_film_facts(picture.image)} The lesion box counts in film pixels from the top left "
        "corner: drag on the film with a mouse, or type. The yellow square is the window that the "
        "models read."
    )


def _way_back(picture: Picture, box: Region | None) -> None:
    """Offer an example's own box again, once the visitor has moved it."""
    recorded = _recorded_box(picture)
    if recorded is not None and box != recorded:
        st.button(
            "Back to the recorded box",
            icon=":material/undo:",
            on_click=_BOX.set,
            args=(recorded,),
            key="way_back",
        )


def _film_facts(image: Image) -> str:
    height, width = image.shape
    spacing = image.pixel_spacing_mm
    stated = "not stated" if spacing is None else f"{spacing:.3f} mm"
    name = text.film_name(image.laterality, image.view)
    return f"{name}, {width:,} x {height:,} pixels, pixel spacing {stated}."


def _film_words(picture: Picture, box: Region | None) -> str:
    name = text.film_name(picture.image.laterality, picture.image.view)
    marked = "no lesion marked yet" if box is None else "lesion box and context window drawn"
    return f"Mammogram {picture.name}, {name}, {marked}"
