"""Where a picture comes from: one of the example lesions, or a file of the visitor's own.

A visitor's decoded files live in their own session only, and stay for the visit until the visitor
removes them or opens others; nothing of them is cached across sessions.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

import streamlit as st

from mammo import text
from mammo.imaging import Image, Window
from mammo.imaging.region import looks_like_crop
from mammo.inference import Lesion, LesionResult
from mammo.ui.kit import cache
from mammo.ui.kit.address import keep_in_link, set_from_link
from mammo.ui.kit.display import data_uri, enlarged, scaled_down
from mammo.ui.kit.own_files import OwnFile, open_files, read_own, show_still_open

if TYPE_CHECKING:
    from mammo.data.examples import ExampleLesion


Kind = Literal["film", "crop"]
EXAMPLE = "An example lesion"
UPLOAD = "My own files"
KINDS: dict[Kind, str] = {"film": "A film: mark the lesion", "crop": "A crop: use it whole"}
_OPENED = "opened"
_NAMES = "opened_names"


@dataclass(frozen=True, eq=False)
class Picture:
    """Hold the picture on show.

    Attributes
    ----------
    key : str
        Tells this picture from any other of the session.
    name : str
        How the visitor knows it.
    own : Image or None
        The visitor's own film or crop; None where the picture is an example, whose film all share,
        so that no session keeps one.
    example : ExampleLesion or None
        The lesion's record, where the picture is an example.
    """

    key: str
    name: str
    own: Image | None
    example: "ExampleLesion | None" = None

    @property
    def image(self) -> Image:
        """Return the pixels and what is known of them."""
        if self.own is None and self.example is not None:
            return cache.example_film(self.example.film)
        return cast("Image", self.own)

    @property
    def case(self) -> str:
        """Return the id of a public case; empty for a visitor's own picture."""
        return "" if self.example is None else self.example.case_id

    def assessed(
        self,
        area: Window | None = None,
        *,
        patient: str | None = None,
        cut_from: int | None = None,
    ) -> LesionResult:
        """Ask every model about a lesion: an area of a film, or the ready crop.

        The result holds no film, so that a session can keep it. `patient` is whose lesions are no
        similar cases, `cut_from` the side of what a ready crop was cut from.

        Raises
        ------
        WindowError
            The area does not fit the film, or the ready crop is far from square.
        """
        lesion = Lesion(self.image, window=area, cut_from=cut_from)
        return cache.models().assess(lesion, exclude_patient=patient)


def choose() -> tuple[Picture | None, Sequence[OwnFile]]:
    """Ask for a picture: an example, or files of the visitor's own.

    Returns
    -------
    tuple
        The picture (None while there is none, or with many files), and the visitor's files.

    Raises
    ------
    DataError
        The package with the example films is not installed.
    ImageError
        The one own file is not a picture that can be read.
    """
    sources = (EXAMPLE, UPLOAD)
    set_from_link("source", "source", sources, EXAMPLE)
    source = st.segmented_control("Picture", sources, required=True, key="source")
    _keep("source", sources)
    if source == EXAMPLE:
        show_still_open(f"Choose “{UPLOAD}” to return.")
        return _choose_example(), ()
    files = open_files()
    if len(files) == 1:
        return open_own(files[0], files[0].name), files
    return None, files


def _choose_example() -> Picture:
    """Ask for an example; it stays chosen, and in the link, while files of one's own are open."""
    lesions = {example_name(lesion): lesion for lesion in cache.example_lesions()}
    names = tuple(lesions)
    set_from_link("example", "example", names, names[0])
    name = st.selectbox("Example lesion", names, key="example", width=320, persist_state="page")
    _keep("example", names)
    return Picture(lesions[name].case_id, name, None, lesions[name])


def _keep(name: str, options: Sequence[str]) -> None:
    """Keep what was chosen in the link; the first of the options only where it stands there."""
    chosen = str(st.session_state[name])
    silent = chosen == options[0] and st.query_params.get(name) != chosen
    keep_in_link(name, None if silent else chosen)


def example_name(lesion: "ExampleLesion") -> str:
    """Name an example lesion by patient, film and number, without its label."""
    patient = "_".join(lesion.case_id.split("_")[1:3])
    number = lesion.case_id.rsplit("_", 1)[1]
    return f"{patient} {text.film_name(lesion.laterality, lesion.view)} mass {number}"


def open_one_of(files: Sequence[OwnFile]) -> Picture | None:
    """Ask which of many files to look at closely, and open it.

    Raises
    ------
    ImageError
        The file is not a picture that can be read.
    """
    by_id = {file.file_id: file for file in files}
    names = dict(zip(by_id, numbered([file.name for file in files]), strict=True))
    _keep_open(names)
    chosen = st.selectbox(
        "Open one file",
        list(by_id),
        index=None,
        format_func=names.__getitem__,
        placeholder="Look at one of them closely",
        key=_OPENED,
        width=420,
        persist_state="session",
    )
    return None if chosen is None else open_own(by_id[chosen], names[chosen])


def _keep_open(names: Mapping[str, str]) -> None:
    """Keep a file open whose name, by its id in `names`, has just got or lost its number."""
    if st.session_state.get(_NAMES) != names:
        st.session_state[_NAMES] = names
        opened = st.session_state.get(_OPENED)
        st.session_state[_OPENED] = opened if opened in names else None


def numbered(names: Sequence[str]) -> list[str]:
    """Number the names that come more than once, so that each tells one file from the others.

    A choice by name could not tell them apart: of two, the last would open.

    Examples
    --------
    >>> numbered(["1-1.png", "left.png", "1-1.png"])
    ['1-1.png (1 of 2)', 'left.png', '1-1.png (2 of 2)']
    """
    told, counts = list(names), Counter(names)
    while len(counts) < len(told):  # a number may make a name that another file has
        so_far: Counter[str] = Counter()
        for place, name in enumerate(told):
            so_far[name] += 1
            if counts[name] > 1:
                told[place] = f"{name} ({so_far[name]} of {counts[name]})"
        counts = Counter(told)
    return told


def open_own(file: OwnFile, name: str) -> Picture:
    """Open one of the visitor's own files."""
    with st.spinner("Reading the file"):
        return Picture(file.file_id, name, read_own(file))


def choose_kind(picture: Picture) -> Kind:
    """Guess whether a file is a film or a crop, and let the visitor say otherwise."""
    if picture.example is not None:
        return "film"
    guess: Kind = "crop" if looks_like_crop(picture.image.shape) else "film"
    return st.segmented_control(
        "This picture is",
        list(KINDS),
        default=guess,
        required=True,
        format_func=KINDS.__getitem__,
        key=f"kind_{picture.key}",
        persist_state="session",
    )


def show_crop(picture: Picture) -> None:
    """Show a ready crop as it is."""
    shown = scaled_down(picture.image.pixels, 512)
    st.image(
        data_uri(enlarged(shown) if shown.shape[0] == shown.shape[1] else shown),
        width="stretch",
        alt=f"Crop {picture.name}",
    )
    height, width = picture.image.shape
    st.caption(f"{text.literal(picture.name)}, {width} x {height} pixels, used whole.")
