"""One click that brings the images of the public cases: the offer, the download, its progress.

The download belongs to the server: a second click joins it, and every page shows the images as soon
as they are there. Where it may be offered, see `mammo.ui.kit.settings.download_is_allowed`.
"""

from collections.abc import Iterable
from threading import Lock, Thread

import streamlit as st

from mammo.data.download import crops
from mammo.errors import MammoError, sentence_of
from mammo.text import literal
from mammo.ui.kit.frame import small_print
from mammo.ui.kit.settings import OFFERED, download_is_allowed

_SECONDS_APART = 1.0
_BRINGS = {
    "test": "One click brings the images of all {n:,} test cases, for every page: the gallery, the "
    "wrong answers, reading rounds, and the heat maps of any test case.",
    "train": "One click brings the images of the {n:,} training cases too, for the gallery, for "
    "similar known cases, for practice in the reading room, and to train a model yourself.",
}
_SOURCE = (
    "Source: crops of CBIS-DDSM (CC BY 3.0), as published with Osuala et al. 2024 (Apache-2.0) at "
    f"[RichardObi/mammo_dp]({crops.REPOSITORY}). They are stored on the computer that runs this "
    "app."
)


class Download:
    """A download of images in a thread of its own; one at a time.

    Attributes
    ----------
    progress : Progress of the one that runs, or ran last; None before it knows
    fault : str, why the last one stopped, "" where it did not
    """

    def __init__(self) -> None:
        self.progress: crops.Progress | None = None
        self.fault = ""
        self._lock, self._thread = Lock(), Thread()

    @property
    def is_running(self) -> bool:
        """Return whether images are on their way."""
        return self._thread.is_alive()

    def start(self, split: str) -> None:
        """Begin to fetch the images of a split, unless a download is running."""
        with self._lock:
            if not self.is_running:
                self.progress, self.fault = None, ""
                self._thread = Thread(target=self._fetch, args=(split,), daemon=True)
                self._thread.start()

    def _fetch(self, split: str) -> None:
        try:
            crops.fetch_crops(crops.default_folder(), split, self._tell)
        except (MammoError, OSError, RuntimeError) as error:  # RuntimeError: no home folder
            self.fault = sentence_of(error)

    def _tell(self, progress: crops.Progress) -> None:
        self.progress = progress


DOWNLOAD = Download()


def offer_images(missing: Iterable[str], place: str) -> None:
    """Offer the images where those of some cases are missing, once per page and where allowed.

    `missing` are the ids of cases; `place` names the caller, which draws the same again when its
    fragment runs alone.
    """
    split = crops.half_with(missing) if download_is_allowed() else None
    if split is None:
        return
    if st.session_state.setdefault(OFFERED, place) != place:
        return
    with st.container(border=True):
        if DOWNLOAD.is_running:
            _show_progress()
            return
        st.markdown(_BRINGS[split].format(n=len(crops.published(split))))
        if DOWNLOAD.fault:
            st.error(literal(DOWNLOAD.fault), icon=":material/cloud_off:")
        st.button(
            f"Get the images ({crops.size_of(split)})",
            icon=":material/download:",
            on_click=DOWNLOAD.start,
            args=(split,),
            key=f"get_images_{place}",
        )
        small_print(_SOURCE)


@st.fragment(run_every=_SECONDS_APART)
def _show_progress() -> None:
    """Show how far the download is; draw the whole page anew once it has ended."""
    if not DOWNLOAD.is_running:
        st.rerun()
    progress = DOWNLOAD.progress
    share = progress.n_bytes / progress.of_bytes if progress else 0.0
    st.progress(share, str(progress) if progress else "Looking for what is already here")
