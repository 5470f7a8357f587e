"""Upload and classify: mark a lesion and read both models' results, or open many crops as a table.

Layout and words only; the parts are in `mammo.ui`.
"""

from collections.abc import Sequence

import streamlit as st

from mammo.ui.kit import result, source
from mammo.ui.kit.frame import frame, notice_accepted, sentences
from mammo.ui.kit.patches import TURNS
from mammo.ui.kit.viewer import ROOM, keep_room
from mammo.ui.upload import batch, film

frame("Upload and classify", ":material/center_focus_strong:")
keep_room(ROOM)

picture: source.Picture | None = None
files: Sequence[source.OwnFile] = ()
both = False
with sentences():
    picture, files = source.choose()
    if len(files) == 2:
        with st.container(horizontal=True, vertical_alignment="center"):
            if both := film.ask_for_files(files):
                picture = film.choose_view(files)

if both:
    batch.forget_rows()
elif len(files) > 1:
    if not notice_accepted():
        st.stop()
    with sentences():
        batch.show_files(files)
    with sentences():
        picture = source.open_one_of(files)
else:
    batch.forget_rows()

if picture is not None:
    with st.container(key="workbench"):
        left, right = st.columns([3, 2], gap="medium")
    area, other = None, None
    with right:
        both = both or film.ask_for_example(picture)
    with left:
        kind = source.choose_kind(picture)
    if kind == "film":
        with right, sentences():
            area = film.marked_area(picture)
            if area is None:
                st.info(
                    "Mark the lesion on the mammogram. Both results then appear here.",
                    icon=":material/crop_free:",
                )
                result.show_doubts(picture.image.warnings)
    with left:
        if kind == "film":
            film.mark_lesion(picture)
        else:
            film.show_crop(picture)
    if kind == "crop" or area is not None:
        slots: result.Slots = {}
        with right, sentences():
            if notice_accepted():
                with TURNS:
                    answer = result.assessed_once(picture, area)
                    if both:
                        other = film.other_view(picture, files)
                    together = result.joined(answer, other)
                    result.show_result(picture, answer, slots, other=other)
        if slots:
            with left:
                film.show_maps(picture, answer)
                if other is not None:
                    film.show_both_maps(together)
            with TURNS:
                answer = result.redraw_once(picture, answer, slots, other)
            if both or picture.example is None:
                film.keep_view(picture, answer)
