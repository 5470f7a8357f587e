"""Upload and classify: mark a lesion and read both models' answers, or let many crops be a table.

Layout and words only; the parts are in `mammo.ui`.
"""

from collections.abc import Sequence

import streamlit as st

from mammo.ui.kit import result, source
from mammo.ui.kit.frame import frame, notice_accepted, sentences
from mammo.ui.kit.patches import TURNS
from mammo.ui.upload import batch, film

frame("Upload and classify", ":material/center_focus_strong:")
st.markdown(
    "Choose an example or open your own film, mark the lesion, and read what both models make of "
    "it. A ready crop of a lesion is used whole; many crops become a table."
)

picture: source.Picture | None = None
files: Sequence[source.OwnFile] = ()
with sentences():
    picture, files = source.choose()

if len(files) > 1:
    if not notice_accepted():
        st.stop()
    with sentences():
        batch.show_files(files)
    with sentences():
        picture = source.open_one_of(files)
else:
    batch.forget_rows()

if picture is not None:
    left, right = st.columns([5, 7], gap="large")
    with left:
        kind = source.choose_kind(picture)
    area = None
    with right, sentences():
        area = film.marked_area(picture) if kind == "film" else None
        if kind == "film" and area is None:
            st.info(
                "Drag a box around the lesion on the film with a mouse, or type its four numbers "
                "below the film. Both answers then appear here.",
                icon=":material/crop_free:",
            )
            result.show_doubts(picture.image.warnings)
    with left:
        if kind == "film":
            film.mark_lesion(picture)
        else:
            source.show_crop(picture)
    if kind == "crop" or area is not None:
        with right, sentences():
            if notice_accepted():
                with TURNS:
                    result.show_result(picture, result.assessed_once(picture, area))
