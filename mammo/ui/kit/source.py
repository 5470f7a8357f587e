"""Where a picture comes from: an example lesion, a file of the visitor's own, or a crop of one.

A visitor's decoded files, and the crop on its way from the upload page to the viewer, are in their
session only. They stay for the visit until the visitor removes them or opens others; nothing of
them is ever in a cache that visitors share.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from threading import Lock
from typing import Any, Literal, cast

import streamlit as st
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec

from mammo import text
from mammo.data.examples import ExampleLesion
from mammo.errors import ImageError
from mammo.imaging import MAX_PIXELS, Image, Window
from mammo.imaging.region import looks_like_crop
from mammo.imaging.worker import AbandonedError, Decoder
from mammo.inference import Lesion, LesionResult
from mammo.inference.result import name_film
from mammo.ui.kit import cache
from mammo.ui.kit.address import keep_in_link, set_from_link
from mammo.ui.kit.cases import DISAGREE, sides_of_cases
from mammo.ui.kit.patches import NO_ROOM

Kind = Literal["film", "crop"]
EXAMPLE = "An example lesion"
UPLOAD = "My own files"
KINDS: dict[Kind, str] = {"film": "A mammogram: mark the lesion", "crop": "A crop: use it as it is"}
_OPENED, _NAMES = "opened", "opened_names"
THUMBNAILS = "thumbnails"
"""Begins the keys of choices by small pictures, which `browser.css` lays out."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A film or crop on show.

    Attributes
    ----------
    key : str
        Tells this picture from any other of the session.
    name : str
        How the visitor knows it.
    own : Image or None
        The film or crop; None where the picture is an example, whose film all visitors share.
    example : ExampleLesion or None
        The lesion's record, where the picture is an example.
    cut_from : int or None
        Of a ready crop: the side of what it was cut from, where known.
    """

    key: str
    name: str
    own: Image | None
    example: ExampleLesion | None = None
    cut_from: int | None = None

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

    def assessed(self, area: Window | None = None, *, patient: str | None = None) -> LesionResult:
        """Ask every model about a lesion: an area of a film, or the ready crop.

        The result holds no film, so that a session can keep it. `patient` is whose lesions are no
        similar cases. A WindowError says that the area does not fit, or the crop is not square.
        """
        film = name_film(self.image, self.name)
        lesion = Lesion(film, window=area, cut_from=self.cut_from)
        return cache.models().assess(lesion, exclude_patient=patient)


@dataclass(frozen=True)
class OwnFile:
    """A file that the visitor opened: an id of its own, and its name on the visitor's machine."""

    file_id: str
    name: str


def choose() -> tuple[Picture | None, Sequence[OwnFile]]:
    """Ask for an example or files; return the picture, None for no or many, and the own files.

    Absent example films are a DataError, an own file that is no picture is an ImageError.
    """
    sources = (EXAMPLE, UPLOAD)
    set_from_link("source", "source", sources, EXAMPLE)
    with st.container(horizontal=True, vertical_alignment="center"):
        source = st.segmented_control(
            "Picture", sources, required=True, key="source", label_visibility="collapsed"
        )
        _keep("source", EXAMPLE)
        if source == EXAMPLE:
            # It stays chosen, and in the link, while files of one's own are open.
            lesion = choose_example("example", "example", example_name, persist_state="page")
            name = example_name(lesion)
            _keep("example", example_name(first_example()))
    if source == EXAMPLE:
        show_still_open(f"Choose “{UPLOAD}” to return.")
        return Picture(lesion.case_id, name, None, lesion), ()
    files = open_files()
    if len(files) == 1:
        return open_own(files[0], files[0].name), files
    return None, files


def _keep(name: str, default: str) -> None:
    """Keep what was chosen in the link; the default only where it stands there."""
    chosen = str(st.session_state[name])
    silent = chosen == default and st.query_params.get(name) != chosen
    keep_in_link(name, None if silent else chosen)


def choose_example(
    key: str, link: str, name_of: Callable[[ExampleLesion], str], **options: Any
) -> ExampleLesion:
    """Ask for an example lesion by its picture and a word on what the models say of it.

    `name_of` gives what the link and the session call each.
    """
    lesions = {name_of(lesion): lesion for lesion in cache.example_lesions()}
    words = sides_of_cases(tuple(lesion.case_id for lesion in lesions.values()))

    def title(name: str) -> str:
        lesion = lesions[name]
        picture = f"![{example_name(lesion)}]({lesion.thumbnail})"
        film = text.film_name(lesion.laterality, lesion.view)
        return f"{picture} {words.get(lesion.case_id, film)}"

    set_from_link(key, link, lesions, name_of(first_example()))
    return lesions[choose_by_picture("Example lesion", list(lesions), title, key, **options)]


def choose_by_picture(
    label: str, names: Sequence[str], title: Callable[[str], str], key: str, **options: Any
) -> str:
    """Ask for one of a few cases by its small picture; `title` writes it in Markdown."""
    options |= {"format_func": title, "key": key, "label_visibility": "collapsed"}
    with st.container(key=f"{THUMBNAILS}_{key}"):
        return str(st.pills(label, names, required=True, **options))


def first_example() -> ExampleLesion:
    """Return the first example on which the models disagree, or the first of all."""
    lesions = cache.example_lesions()
    words = sides_of_cases(tuple(lesion.case_id for lesion in lesions))
    return next((one for one in lesions if words.get(one.case_id) == DISAGREE), lesions[0])


def example_name(lesion: ExampleLesion) -> str:
    """Name an example lesion by patient, film and number, without its label."""
    patient = "_".join(lesion.case_id.split("_")[1:3])
    number = lesion.case_id.rsplit("_", 1)[1]
    return f"{patient} {text.film_name(lesion.laterality, lesion.view)} mass {number}"


def open_one_of(files: Sequence[OwnFile]) -> Picture | None:
    """Ask which of many files to look at closely; ImageError where it is no picture."""
    by_id = {file.file_id: file for file in files}
    names = dict(zip(by_id, numbered([file.name for file in files]), strict=True))
    if st.session_state.get(_NAMES) != names:  # a file whose name got or lost its number stays open
        st.session_state[_NAMES], opened = names, st.session_state.get(_OPENED)
        st.session_state[_OPENED] = opened if opened in names else None
    chosen = st.selectbox(
        "Open one file",
        list(by_id),
        index=None,
        format_func=names.__getitem__,
        placeholder="Choose a file to view",
        key=_OPENED,
        width=420,
        persist_state="session",
    )
    return None if chosen is None else open_own(by_id[chosen], names[chosen])


def numbered(names: Sequence[str]) -> list[str]:
    """Number the names that come more than once, so that each tells one file from the others.

    >>> numbered(["1-1.png", "left.png", "1-1.png"])
    ['1-1.png (1 of 2)', 'left.png', '1-1.png (2 of 2)']
    """
    unique, counts = list(names), Counter(names)
    while len(counts) < len(unique):  # a number may make a name that another file has
        so_far: Counter[str] = Counter()
        for index, name in enumerate(unique):
            so_far[name] += 1
            if counts[name] > 1:
                unique[index] = f"{name} ({so_far[name]} of {counts[name]})"
        counts = Counter(unique)
    return unique


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
        "This image is",
        list(KINDS),
        default=guess,
        required=True,
        format_func=KINDS.__getitem__,
        key=f"kind_{picture.key}",
        persist_state="session",
    )


OWN_CROP, OWN_SHELF = "viewer_own_crop", "viewer_own_shelf"
"""Where the session keeps a crop for the viewer, never its film, and what was computed of it."""


def crop_picture(name: str, crop: Image, cut_from: int) -> Picture:
    """Return a visitor's crop, or a window that they marked on an example film, as a picture."""
    key = hashlib.sha256(crop.pixels.tobytes()).hexdigest()[:16]
    return Picture(f"own|{key}", name, crop, cut_from=cut_from)


def forget_own() -> None:
    """Drop the crop of this session, and all that was computed of it."""
    st.session_state.pop(OWN_CROP, None)
    st.session_state.pop(OWN_SHELF, None)


DECODER = Decoder()
"""The one decoder of this server."""
SERVER_FULL = (
    "The server is full: expected enough free memory for this file, received too many large files "
    "at the same time. Try again in a minute."
)
_OWN, _NO_NAME = "own_files", "a file without a name"
OWN_BOXES = "own_boxes"
"""Where the film keeps the boxes that were marked on own films."""
LAST_RESULT = "asked"
"""Where the session keeps the lesion asked about last, with its result."""
VIEWS = "views"
"""Where the session keeps the results of a lesion's two views, by the key of the picture."""
_MOST_PIXELS = MAX_PIXELS * 4 // 3
"""Pixels of own files that one session keeps: one film of any size, two of 30 million pixels, or
many crops."""
_NOT_KEPT = (
    "This picture is no longer in memory: expected few large files at once, received more than one "
    "visit may keep. Open this file alone."
)


@dataclass(eq=False)
class _Own:
    """What the session keeps of the visitor's own files: pictures, or why one cannot be read."""

    files: tuple[OwnFile, ...] = ()
    unread: dict[str, BytesIO] = field(default_factory=dict)
    images: dict[str, Image | str] = field(default_factory=dict)
    turn: Lock = field(default_factory=Lock)


def _own() -> _Own:
    own: _Own = st.session_state.setdefault(_OWN, _Own())
    return own


def open_files() -> Sequence[OwnFile]:
    """Ask for files; those opened earlier in the visit stay until removed or replaced."""
    DECODER.start()
    uploads = st.file_uploader(
        "Mammograms or crops", accept_multiple_files=True, key="files", on_change=_take_uploads
    )
    files = _own().files
    if not files:
        st.caption(
            "DICOM, PNG, JPEG, TIFF, BMP, WebP, PGM or NumPy (.npy). Mark the lesion on a "
            "mammogram; a crop is used as it is. The CC and the MLO view of one lesion give one "
            "result. Several crops give a results table. Nothing is stored. Remove patient names "
            "before you open a file."
        )
    elif not uploads:
        show_still_open("Other files replace what is open.")
    return files


def show_still_open(advice: str) -> None:
    """Name the files that the page's uploader does not list, where there are any."""
    files = _own().files
    if not files:
        return
    names = ", ".join(text.literal(file.name) for file in files[:3])
    more = f" and {len(files) - 3} more" if len(files) > 3 else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Still open: {names}{more}. {advice}")
        st.button("Remove", icon=":material/delete:", on_click=_forget_upload, key="remove_own")


def _take_uploads() -> None:
    """Move uploads out of Streamlit's memory, and drop what was removed from the uploader."""
    uploads: list[UploadedFile] = st.session_state["files"]
    if not uploads:
        _forget_upload()
        return
    own, context = _own(), get_script_run_ctx()
    own.files = tuple(OwnFile(upload.file_id, upload.name or _NO_NAME) for upload in uploads)
    ids = {file.file_id for file in own.files}
    held: list[dict[str, Any]] = [own.images, own.unread, st.session_state.get(VIEWS, {})]
    for shelf in held:
        for gone in shelf.keys() - ids:
            shelf.pop(gone)
    for upload in uploads:
        if upload.file_id in own.images or upload.file_id in own.unread:
            continue
        if upload.type == NO_ROOM:
            own.images[upload.file_id] = SERVER_FULL
            continue
        own.unread[upload.file_id] = BytesIO(upload.getvalue())
        upload.truncate(0)
        if context is not None:
            empty = UploadedFileRec(upload.file_id, upload.name, upload.type, b"")
            cast("Any", context.uploaded_file_mgr).add_file(context.session_id, empty)


def read_own(file: OwnFile) -> Image:
    """Read an own file, once, and keep its picture; ImageError where it is none, or not kept."""
    own = _own()
    with own.turn:
        content = own.unread.pop(file.file_id, None)
        if content is not None:
            try:
                own.images[file.file_id] = DECODER.read(content, _visitor_is_here())
            except ImageError as error:
                own.images[file.file_id] = str(error)
            except AbandonedError:
                own.unread.clear()
                st.stop()
            _keep_within_memory(own.images)
    image = own.images.get(file.file_id, _NOT_KEPT)
    if isinstance(image, str):
        raise ImageError(image)
    return image


def _keep_within_memory(images: dict[str, Image | str]) -> None:
    """Replace the pictures that were read first by a sentence, the last one never."""
    size = 0
    for file_id, image in reversed(list(images.items())):
        if isinstance(image, Image):
            size += image.pixels.size
            if size > _MOST_PIXELS and size > image.pixels.size:
                images[file_id] = _NOT_KEPT


def _forget_upload() -> None:
    """Drop the visitor's own files, and all that was made from them."""
    for name in (_OWN, OWN_BOXES, LAST_RESULT, VIEWS):
        st.session_state.pop(name, None)
    forget_own()


def _visitor_is_here() -> Callable[[], bool]:
    """Return a function that tells whether this visitor's page is still open."""
    context = get_script_run_ctx()
    if context is None or not Runtime.exists():
        return lambda: True
    runtime, session = Runtime.instance(), context.session_id
    return lambda: runtime.is_active_session(session)
