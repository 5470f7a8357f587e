"""The visitor's own files: opened, read in the decoder's process, and kept for the visit.

One child process reads for all visitors, see `mammo.imaging.worker`. The bytes of a file leave the
server's memory as soon as it is read. What is kept is the decoded picture, in the visitor's own
session, until the visitor removes it or opens other files.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

import streamlit as st
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from streamlit.typing import UploadedFile

from mammo.errors import ImageError
from mammo.imaging import MAX_PIXELS, Image
from mammo.imaging.worker import AbandonedError, Decoder
from mammo.ui import words
from mammo.ui.memory import NO_ROOM
from mammo.ui.viewer.handover import forget_own

if TYPE_CHECKING:
    from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

DECODER = Decoder()
"""The one decoder of this server."""

SERVER_FULL = (
    "The server is full: expected enough free memory for this file, received too many large files "
    "at the same time. Try again in a minute."
)

_OWN = "own_files"
OWN_BOXES = "own_boxes"
"""Where the film keeps the boxes that were marked on own films."""

_MOST_PIXELS = MAX_PIXELS
"""Pixels of own files that one session keeps: one film of any size, or many crops."""

_NOT_KEPT = (
    "This picture is no longer in memory: expected few large files at once, received more than one "
    "visit may keep. Open this file alone."
)


@dataclass(frozen=True, eq=False)
class OwnFile:
    """A file that the visitor opened, on this run or earlier in the visit.

    Attributes
    ----------
    file_id : str
        Distinguishes this file from any other.
    name : str
        The file's name on the visitor's machine.
    upload : UploadedFile or None
        None where the uploader that received it is gone.
    """

    file_id: str
    name: str
    upload: UploadedFile | None = None


@dataclass(eq=False)
class _Own:
    """What the session keeps of the visitor's own files.

    Attributes
    ----------
    files : tuple of OwnFile, without their uploads
    images : file_id -> Image, or the sentence why it cannot be read
    """

    files: tuple[OwnFile, ...] = ()
    images: dict[str, Image | str] = field(default_factory=dict)


def open_files() -> Sequence[OwnFile]:
    """Ask for files; those opened earlier in the visit stay until removed or replaced.

    Every name is welcome: DICOM files often have no ending.
    """
    DECODER.start()
    own: _Own = st.session_state.setdefault(_OWN, _Own())
    uploads = st.file_uploader(
        "Films or crops", accept_multiple_files=True, key="files", on_change=_forget_removed
    )
    files = tuple(OwnFile(upload.file_id, upload.name, upload) for upload in uploads)
    if files:
        own.files = tuple(replace(file, upload=None) for file in files)
        for gone in own.images.keys() - {file.file_id for file in files}:
            del own.images[gone]
        return files
    if own.files:
        names = ", ".join(words.literal(file.name) for file in own.files[:3])
        more = f" and {len(own.files) - 3} more" if len(own.files) > 3 else ""
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"Still open: {names}{more}.")
            st.button("Remove", icon=":material/delete:", on_click=forget_upload, key="remove_own")
        return own.files
    st.caption(
        "DICOM, PNG, JPEG, TIFF, BMP or WebP. One film: mark the lesion on it. One crop: it is "
        "used whole. Many crops: a table. Nothing is stored; remove names from what you open."
    )
    return ()


def _forget_removed() -> None:
    """Drop the own files once the visitor has removed the last one from the uploader."""
    if not st.session_state["files"]:
        forget_upload()


def read_own(file: OwnFile) -> Image:
    """Read one of the visitor's own files, once, and keep the picture in the session.

    Raises
    ------
    ImageError
        The file is not a picture that can be read, or is no longer in memory.
    """
    images = st.session_state[_OWN].images
    if file.file_id not in images:
        if file.upload is None:
            raise ImageError(_NOT_KEPT)
        try:
            images[file.file_id] = _read_upload(file.upload)
        except ImageError as error:
            images[file.file_id] = str(error)
        _keep_within_memory(images)
    image: Image | str = images[file.file_id]
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


def _read_upload(file: UploadedFile) -> Image:
    """Read a visitor's file, and drop its bytes.

    Parameters
    ----------
    file : UploadedFile
        Afterwards it is empty; another call finds nothing in it.

    Returns
    -------
    Image

    Raises
    ------
    ImageError
        If the file cannot be read as a grey picture, or the server had no memory for it.
    """
    if file.type == NO_ROOM:
        raise ImageError(SERVER_FULL)
    content = file.getvalue()
    _drop(file)
    try:
        return DECODER.read(content, _visitor_is_here())
    except AbandonedError:
        st.stop()


def _drop(file: UploadedFile) -> None:
    """Leave the record of an upload, which the uploader shows, without its bytes."""
    file.truncate(0)
    context = get_script_run_ctx()
    if context is not None:
        empty = UploadedFileRec(file.file_id, file.name, file.type, b"")
        uploads = cast("MemoryUploadedFileManager", context.uploaded_file_mgr)
        uploads.add_file(context.session_id, empty)


def _visitor_is_here() -> Callable[[], bool]:
    """Return a function that tells whether this visitor's page is still open."""
    context = get_script_run_ctx()
    if context is None or not Runtime.exists():
        return lambda: True
    runtime, session = Runtime.instance(), context.session_id
    return lambda: runtime.is_active_session(session)
