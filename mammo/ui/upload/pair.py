"""Two views of one lesion, CC and MLO: whether two pictures are that, and the other view's result.

The films are marked one after the other. The session keeps the results of the two pictures asked
about last, so that only the film on show need be in memory.
"""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from mammo.data.examples import ExampleLesion
from mammo.errors import ImageError
from mammo.imaging import Window
from mammo.imaging.region import looks_like_crop
from mammo.inference import Lesion, LesionResult
from mammo.inference.overlay import overlay
from mammo.inference.result import PAIR, name_film
from mammo.report.case_report import HEAT_OPACITY, pictured
from mammo.text import literal, percent
from mammo.ui.kit import cache
from mammo.ui.kit.display import show_side_by_side
from mammo.ui.kit.result import OtherView
from mammo.ui.kit.source import VIEWS, OwnFile, Picture, example_name, numbered, open_own, read_own

FOR_EXAMPLE, FOR_FILES = "Both views", "Two views of one lesion"
HELP = (
    "One result from the CC and the MLO view of a lesion. It has a calibration and thresholds of "
    "its own, from training lesions with two views."
)


def ask_for_example(picture: Picture) -> bool:
    """Ask whether to answer from both views of an example, where the other one is known."""
    if _sibling(picture.example) is None:
        return False
    return st.toggle(FOR_EXAMPLE, key="both_views", help=HELP, persist_state="session")


def ask_for_files(files: Sequence[OwnFile]) -> bool:
    """Ask whether two files are views of one lesion; yes where their films or names say so."""
    if len(files) != 2:
        return False
    key = f"two_views_{'_'.join(file.file_id for file in files)}"
    if key not in st.session_state:
        st.session_state[key] = _are_pair(files)
    return st.toggle(FOR_FILES, key=key, help=HELP, persist_state="session")


def choose_view(files: Sequence[OwnFile]) -> Picture:
    """Ask which of two views is on show."""
    by_id = {file.file_id: file for file in files}
    names = dict(zip(by_id, numbered([file.name for file in files]), strict=True))
    chosen = st.segmented_control(
        "View",
        list(by_id),
        default=files[0].file_id,
        required=True,
        format_func=lambda file_id: literal(names[file_id]),
        key=f"view_{'_'.join(by_id)}",
        label_visibility="collapsed",
        persist_state="session",
    )
    return open_own(by_id[chosen], names[chosen])


def keep_view(picture: Picture, result: LesionResult) -> None:
    """Keep the result of the picture on show, and that of the picture before."""
    views: dict[str, OtherView] = st.session_state.setdefault(VIEWS, {})
    before = views.pop(picture.key, None)
    if before is None or before.result is not result:
        name = picture.case or picture.name
        before = OtherView(name, result, pictured(picture.image, result.area))
    views[picture.key] = before
    for key in list(views)[:-2]:
        del views[key]


def other_view(picture: Picture, files: Sequence[OwnFile]) -> OtherView | None:
    """Return the other view of the lesion on show, or None with a word until it is marked.

    An example's lesion, and a ready crop, need no mark.
    """
    views: dict[str, OtherView] = st.session_state.setdefault(VIEWS, {})
    area, sibling = None, _sibling(picture.example)
    if sibling is not None:
        other = Picture(sibling.case_id, example_name(sibling), None, sibling)
        area = Window(*sibling.window)
    else:
        file = next(file for file in files if file.file_id != picture.key)
        other = Picture(file.file_id, file.name, None)
    if other.key not in views:
        if sibling is None:
            other = replace(other, own=read_own(file))
        if sibling is None and not looks_like_crop(other.image.shape):
            st.info(f"Now mark the lesion on the other view: {literal(other.name)}.")
            return None
        result = other.assessed(area)
        if area is not None:
            result = cache.models().redraw(Lesion(other.image, window=area), result)
        keep_view(other, result)
    return views[other.key]


def show_both_maps(result: LesionResult) -> None:
    """Show the heat map of each view and model, with the probability from that view alone."""
    shown = [
        (
            overlay(answer.crop, answer.heat_map(), HEAT_OPACITY),
            f"{view}, {answer.card.title}: {percent(answer.probability)}",
            f"Heat map of {answer.card.title} on {view}",
        )
        for view, single in result.views.items()
        for answer in single.answers
    ]
    st.caption("Each view alone")
    show_side_by_side(shown, len(shown))


def _sibling(lesion: ExampleLesion | None) -> ExampleLesion | None:
    """Return the example that is the other view of a lesion."""
    if lesion is None:
        return None
    view = next(view for view in PAIR if view != lesion.view)
    return cache.examples().get(lesion.case_id.replace(f"_{lesion.view}_", f"_{view}_"))


def _are_pair(files: Sequence[OwnFile]) -> bool:
    """Return whether two films state, in their files or names, one side, and CC and MLO."""
    try:
        with st.spinner("Reading the files"):
            films = [name_film(read_own(file), file.name) for file in files]
    except ImageError:
        return False
    sides = {film.laterality for film in films}
    return len(sides) == 1 and None not in sides and {film.view for film in films} == {*PAIR}
