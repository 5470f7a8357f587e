"""The visitor's own crop, on its way from the upload page to the viewer: in their session only.

The crop alone is kept, never the film that it was cut from, and it goes when the upload does.
Nothing here is ever in a cache that visitors share.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING, cast

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from mammo import text
from mammo.errors import ImageError
from mammo.imaging import MAX_PIXELS, Image
from mammo.imaging.worker import AbandonedError, Decoder
from mammo.ui.kit.patches import NO_ROOM

if TYPE_CHECKING:
    from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
    from streamlit.typing import UploadedFile


_OWN_CASES = "viewer_own_crop"
OWN_SHELF = "viewer_own_shelf"
"""Where `shelf` keeps what was computed of it."""


@dataclass(frozen=True, eq=False)
class OwnCrop:
    """Hold a crop of the visitor's own, or a window that they marked on an example film."""

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
    st.session_state[_OWN_CASES] = own


def own_crop() -> OwnCrop | None:
    """Return the crop that is kept in this session, None where there is none."""
    own: OwnCrop | None = st.session_state.get(_OWN_CASES)
    return own


def forget_own() -> None:
    """Drop the crop of this session, and all that was computed of it."""
    st.session_state.pop(_OWN_CASES, None)
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

_MOST_PIXELS = MAX_PIXELS
"""Pixels of own files that one session keeps: one film of any size, or many crops."""

_NOT_KEPT = (
    "This picture is no longer in memory: expected few large files at once, received more than one "
    "visit may keep. Open this file alone."
)


@dataclass(frozen=True)
class OwnFile:
    """A file that the visitor opened.

    Attributes
    ----------
    file_id : str
        Distinguishes this file from any other.
    name : str
        The file's name on the visitor's machine.
    """

    file_id: str
    name: str


@dataclass(eq=False)
class _Own:
    """What the session keeps of the visitor's own files."""

    files: tuple[OwnFile, ...] = ()
    unread: dict[str, BytesIO] = field(default_factory=dict)
    images: dict[str, Image | str] = field(default_factory=dict)
    turn: Lock = field(default_factory=Lock)


def open_files() -> Sequence[OwnFile]:
    """Ask for files; those opened earlier in the visit stay until removed or replaced."""
    DECODER.start()
    uploads = st.file_uploader(
        "Films or crops", accept_multiple_files=True, key="files", on_change=_take_uploads
    )
    files = _own().files
    if not files:
        st.caption(
            "DICOM, PNG, JPEG, TIFF, BMP, WebP, PGM or NumPy (.npy). One film: mark the lesion on "
            "it. One crop: it is used whole. Many crops: a table. Nothing is stored; remove names "
            "from what you open."
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
        st.button("Remove", icon=":material/delete:", on_click=forget_upload, key="remove_own")


def _own() -> _Own:
    own: _Own = st.session_state.setdefault(_OWN, _Own())
    return own


def _take_uploads() -> None:
    """Take uploads out of Streamlit's memory, and drop what was removed from the uploader."""
    uploads: list[UploadedFile] = st.session_state["files"]
    if not uploads:
        forget_upload()
        return
    own, context = _own(), get_script_run_ctx()
    own.files = tuple(OwnFile(upload.file_id, upload.name or _NO_NAME) for upload in uploads)
    ids = {file.file_id for file in own.files}
    for kept in (own.images, own.unread):
        for gone in kept.keys() - ids:
            kept.pop(gone)
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
            records = cast("MemoryUploadedFileManager", context.uploaded_file_mgr)
            records.add_file(context.session_id, empty)


def read_own(file: OwnFile) -> Image:
    """Read one of the visitor's own files, once, and keep the picture in the session.

    Raises
    ------
    ImageError
        The file is not a picture that can be read, or is no longer in memory.
    """
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


def forget_upload() -> None:
    """Drop the visitor's own files, and all that was made from them."""
    for name in (_OWN, OWN_BOXES):
        st.session_state.pop(name, None)
    forget_own()


def _visitor_is_here() -> Callable[[], bool]:
    """Return a function that tells whether this visitor's page is still open."""
    context = get_script_run_ctx()
    if context is None or not Runtime.exists():
        return lambda: True
    runtime, session = Runtime.instance(), context.session_id
    return lambda: runtime.is_active_session(session)
