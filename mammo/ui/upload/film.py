"""The film on the page: look closely, mark the lesion on it or by numbers; and its other view.

The four number fields hold the lesion box and are the one truth; a box drawn on the film fills
them in. Zoom, window, level and inversion change the screen only. Two views of one lesion, CC and
MLO, are marked one after the other; the session keeps the result of each.
"""

from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import streamlit as st

from mammo import text
from mammo.errors import ImageError, WindowError
from mammo.imaging import Window, lesion_window, region
from mammo.imaging.region import Region, looks_like_crop
from mammo.inference import Lesion, LesionResult
from mammo.inference.overlay import overlay
from mammo.inference.result import PAIR, name_film
from mammo.report.case_report import HEAT_OPACITY
from mammo.ui.kit import cache
from mammo.ui.kit.display import data_uri, scaled_down, show_side_by_side
from mammo.ui.kit.result import OtherView, map_caption
from mammo.ui.kit.source import (
    OWN_BOXES,
    VIEWS,
    OwnFile,
    Picture,
    example_name,
    numbered,
    open_own,
    read_own,
)
from mammo.ui.kit.viewer import BoxFields, View, Viewer

_BOX = BoxFields("box")
NUMBERS = "Lesion box in numbers"
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
    _BOX.set(boxes.get(picture.key, _recorded_box(picture)))
    st.session_state[_MARKED] = picture.key
    st.session_state.pop(_ASKED, None)


def _recorded_box(picture: Picture) -> Region | None:
    return None if picture.example is None else region.box_in_window(picture.example.window)


def viewer_of(picture: Picture) -> Viewer:
    """Return the viewer that shows a picture on this page."""
    return Viewer("case", picture.key)


def mark_lesion(picture: Picture) -> None:
    """Show the film and the fields of the lesion box; a change of the box runs the page again."""
    film = picture.image.pixels
    box, viewer = _BOX.get(), viewer_of(picture)

    def take(drawn: Region) -> None:  # asks back first where the box is most of the film
        if region.covers_most(drawn, shape):
            st.session_state[_ASKED] = drawn
        else:
            _use(drawn)

    shape = height, width = film.shape

    alt = f"Mammogram {picture.name}, {_film_name(picture)}"
    viewer.show([View("Mammogram", alt, data_uri(scaled_down(film)), width, height)], _BOX, take)
    asked = st.session_state.get(_ASKED)
    area: Region | None = None
    if box is not None and asked is None:
        with suppress(WindowError):  # whose sentence is beside the film already
            area = _area(picture, box)
    viewer.show_box(_BOX, asked or box, area)
    question = st.container()  # keeps its place: the fields below would be drawn twice for a moment
    if asked is not None:  # no model answers for such a box before
        sentence = "The box covers most of the mammogram. Is that the lesion?"
        question.warning(sentence, icon=":material/help:")
        with question.container(horizontal=True):
            st.button("Use this box", on_click=_use, args=(asked,), key="use_box")
            discard = st.session_state.pop
            st.button("Discard it", on_click=discard, args=(_ASKED,), key="discard_box")
    with st.container(key="later"):
        _show_numbers(picture, box)


def _show_numbers(picture: Picture, box: Region | None) -> None:
    """Offer the box as four numbers, and say what is known of the film."""
    height, width = picture.image.shape
    spacing = picture.image.pixel_spacing_mm
    stated = "not stated" if spacing is None else f"{spacing:.3f} mm"
    recorded = _recorded_box(picture)
    if recorded is not None and box != recorded:
        st.button(
            "Back to the recorded box",
            icon=":material/undo:",
            on_click=_use,
            args=(recorded,),
            key="way_back",
        )
    st.caption(
        "Drag a box around the lesion. On a touch screen, press “Mark lesion” first. You can also "
        "type the coordinates of the box."
    )
    with st.expander(NUMBERS, icon=":material/crop_free:"):
        _BOX.show(height, width, persist_state="session")
        st.caption(
            f"{_film_name(picture)}, {width:,} x {height:,} pixels, pixel spacing {stated}. The "
            "numbers are in pixels from the top left corner of the mammogram. The yellow square is "
            "the crop area that the models read. Display settings do not affect the models."
        )


def show_crop(picture: Picture) -> None:
    """Show a ready crop as it is."""
    height, width = picture.image.shape
    shown = scaled_down(picture.image.pixels, 512)
    view = View("Crop", f"Crop {picture.name}", data_uri(shown), width, height)
    viewer_of(picture).show([view])
    st.caption(f"{text.literal(picture.name)}, {width} x {height} pixels, used as it is.")


def show_maps(picture: Picture, result: LesionResult) -> None:
    """Draw each model's map over the picture, and bring the lesion's pixels at full resolution."""
    viewer = viewer_of(picture)
    maps = {answer.card.title: answer.heat_map() for answer in result.answers}
    viewer.show_maps(maps, result.area or _square(picture))
    st.caption(map_caption(np.maximum.reduce([*maps.values()])))
    if result.area is not None:
        viewer.show_detail(picture.image.pixels, result.area)


def _square(picture: Picture) -> Region:
    """Return the middle of a ready crop that the models read."""
    height, width = picture.image.shape
    side = min(height, width)
    return (width - side) // 2, (height - side) // 2, side, side


def _use(box: Region) -> None:
    st.session_state.pop(_ASKED, None)
    _BOX.set(box)


def _film_name(picture: Picture) -> str:
    return text.film_name(picture.image.laterality, picture.image.view)


BOTH_HELP = "One result from the CC and MLO views. Its thresholds are those for two views."


def ask_for_example(picture: Picture) -> bool:
    """Ask whether to answer from both views of an example, where the other one is known."""
    return _sibling(picture) is not None and st.toggle(
        "Both views", key="both_views", help=BOTH_HELP, persist_state="session"
    )


def ask_for_files(files: Sequence[OwnFile]) -> bool:
    """Ask whether two files are views of one lesion; yes where their films or names say so."""
    key = f"two_views_{'_'.join(file.file_id for file in files)}"
    if key not in st.session_state:
        st.session_state[key] = _are_pair(files)
    return st.toggle("Two views of one lesion", key=key, help=BOTH_HELP, persist_state="session")


def choose_view(files: Sequence[OwnFile]) -> Picture:
    """Ask which of two views is on show."""
    names, key = numbered([file.name for file in files]), "view_on_show"
    if st.session_state.get(key) not in names:
        st.session_state[key] = names[0]
    chosen = st.segmented_control(
        "View", names, required=True, format_func=text.literal, key=key,
        label_visibility="collapsed", persist_state="session",
    )  # fmt: skip
    view = names.index(str(chosen))
    return open_own(files[view], names[view])


def keep_view(picture: Picture, result: LesionResult) -> None:
    """Keep the result of a picture, without its film, and that of the picture before."""
    results: dict[str, LesionResult] = st.session_state.setdefault(VIEWS, {})
    results.pop(picture.key, None)
    results[picture.key] = result
    for key in list(results)[:-2]:
        del results[key]


def other_view(picture: Picture, files: Sequence[OwnFile]) -> OtherView | None:
    """Return the other view of the lesion on show, or None with a word until it is marked.

    An example's lesion, and a ready crop, need no mark.
    """
    if (other := _sibling(picture)) is None:
        file = next(file for file in files if file.file_id != picture.key)
        other = Picture(file.file_id, file.name, read_own(file))
    result: LesionResult | None = st.session_state.get(VIEWS, {}).get(other.key)
    if result is None and other.example is not None:
        area = Window(*other.example.window)
        lesion = Lesion(other.image, window=area)
        result = cache.models().redraw(lesion, other.assessed(area))
    elif result is None and looks_like_crop(other.image.shape):
        result = other.assessed()
    if result is None:
        st.info(f"Now mark the lesion on the other view: {text.literal(other.name)}.")
        return None
    keep_view(other, result)
    return other, result


def show_both_maps(result: LesionResult) -> None:
    """Show the heat map of each view and model, with the probability from that view alone."""
    shown = []
    for view, single in result.views.items():
        for answer in single.answers:
            words = f"{view}, {answer.card.title}: {text.percent(answer.probability)}"
            picture = overlay(answer.crop, answer.heat_map(), HEAT_OPACITY)
            shown.append((picture, words, f"Heat map of {words}"))
    st.caption("Each view alone")
    show_side_by_side(shown, len(shown))


def _sibling(picture: Picture) -> Picture | None:
    """Return the example that is the other view of an example's lesion."""
    if (lesion := picture.example) is None:
        return None
    view = next(view for view in PAIR if view != lesion.view)
    other = cache.examples().get(lesion.case_id.replace(f"_{lesion.view}_", f"_{view}_"))
    return None if other is None else Picture(other.case_id, example_name(other), None, other)


def _are_pair(files: Sequence[OwnFile]) -> bool:
    """Return whether two films state, in their files or names, one side, and CC and MLO."""
    try:
        with st.spinner("Reading the files"):
            films = [name_film(read_own(file), file.name) for file in files]
    except ImageError:
        return False
    sides = {film.laterality for film in films}
    return len(sides) == 1 and None not in sides and {film.view for film in films} == {*PAIR}
