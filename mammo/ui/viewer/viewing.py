"""The crop on show, a public case or the visitor's own, and what the models say of it.

What was computed is kept, so that a moved slider computes it once. Public cases share one shelf for
all visitors; a crop of the visitor's own is kept in their session, on a shelf that goes when
another crop takes its place. Both are bounded.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mammo import text
from mammo.artifacts import artifacts_folder
from mammo.errors import DataError
from mammo.imaging import Image, Window
from mammo.inference import Classifier, LesionResult
from mammo.inference.maps import Method
from mammo.inference.perturb import Change, curve
from mammo.ui.kit import cache, case_folder
from mammo.ui.kit.own_files import OWN_SHELF, OwnCrop, own_crop
from mammo.ui.kit.settings import FOLDER_VARIABLE, data_folder
from mammo.ui.kit.source import Picture

if TYPE_CHECKING:
    import pandas as pd

LONGEST_ID = 60
"""Characters of an unknown id that are shown."""
NO_PIXELS = (
    "The picture of this case is not at hand, so there is no map to draw; what was recorded and "
    "scored stands below. mammo carries the films of ten example lesions. For all cases: `python "
    "-m mammo.download` and `python -m mammo.prepare` (README), then set "
    f"{FOLDER_VARIABLE} to the prepared folder."
)
_SHARED_ITEMS = 400
_OWN_ITEMS = 60

Crop = NDArray[np.uint8]
Thing = TypeVar("Thing")


@dataclass(frozen=True, eq=False)
class Viewed:
    """Hold what is looked at: a public case, with its row of the release, or the visitor's own."""

    key: str
    name: str
    crop: Crop | None
    row: "pd.Series | None" = None
    own: OwnCrop | None = None

    @property
    def case(self) -> str:
        """Return the id of a public case; of an own crop, nothing."""
        return "" if self.row is None else self.name


def view_case(case: str) -> Viewed:
    """Open a public case."""
    cases = cache.cases()
    rows = cases[cases["case_id"] == case]
    if rows.empty:
        raise DataError(unknown_case(case, len(cases), str(cases["case_id"].iloc[0])))
    return Viewed(f"{case}|{data_folder()}", case, case_folder.crop_of(case), rows.iloc[0])


def unknown_case(case: str, total: int, like: str) -> str:
    """Say that a case id is none, and how one looks.

    Examples
    --------
    >>> unknown_case("P_7", 1696, "Mass-Test_P_00173_LEFT_CC_1")
    'There is no case P_7 among the 1,696 of the release. An id looks like \
Mass-Test_P_00173_LEFT_CC_1: choose one above, or type it whole.'
    """
    shown = case if len(case) <= LONGEST_ID else f"{case[:LONGEST_ID]}…"
    return (
        f"There is no case {shown} among the {text.number(total, 0)} of the release. An id looks "
        f"like {like}: choose one above, or type it whole."
    )


def view_own() -> Viewed:
    """Open the crop that the visitor brought from the upload page."""
    own = own_crop()
    if own is None:
        raise DataError(
            "There is no crop of your own here. Open a film or a crop on the page Upload and "
            "classify, and choose “Look closer” below its result. It stays in your own session: a "
            "link does not carry it."
        )
    return Viewed(f"own|{own.key}", own.name, own.crop, own=own)


class Shelf:
    """Keep the `size` things that were asked for last; safe to use from many threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._things: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Count what is kept."""
        return len(self._things)

    def take(self, name: Hashable, make: Callable[[], Thing]) -> Thing:
        """Return a thing by its name, made where it is not kept; an error keeps nothing."""
        with self._lock:
            if name in self._things:
                self._things.move_to_end(name)
                kept: Thing = self._things[name]
                return kept
        made = make()
        with self._lock:
            self._things[name] = made
            while len(self._things) > self._size:
                self._things.popitem(last=False)
        return made


@cache.shared(1)
def _shared() -> Shelf:
    return Shelf(_SHARED_ITEMS)


def _own(key: str) -> Shelf:
    held = st.session_state.get(OWN_SHELF)
    if held is None or held[0] != key:
        held = (key, Shelf(_OWN_ITEMS))
        st.session_state[OWN_SHELF] = held
    shelf: Shelf = held[1]
    return shelf


@dataclass(frozen=True, eq=False)
class Asked:
    """Ask models about the crop on show, each question once."""

    viewed: Viewed
    crop: Crop
    models: Sequence[Classifier]

    def once(self, make: Callable[[], Thing], *what: Hashable) -> Thing:
        """Return what was computed of the crop under a name, computed now where it is not kept."""
        viewed = self.viewed
        shelf = _own(viewed.key) if viewed.row is None else _shared()
        # Other artifacts, or a new training, find nothing of the old.
        name = (str(artifacts_folder()), cache.manifest().created, viewed.key, *what)
        return shelf.take(name, make)

    @property
    def picture(self) -> Picture:
        """Return an example with its film; any other crop as it is."""
        viewed = self.viewed
        example = cache.examples_at_hand().get(viewed.case)
        warnings = () if viewed.own is None else viewed.own.doubts
        image = None if example else Image(self.crop, warnings=warnings)
        return Picture(viewed.key, viewed.case, image, example)

    def result(self) -> LesionResult:
        """Return what every model says of the lesion; a case's own patient is no similar case."""
        picture, row, own = self.picture, self.viewed.row, self.viewed.own
        area = None if picture.example is None else Window(*picture.example.window)
        patient = None if row is None else str(row["patient_id"])
        side = None if own is None else own.source_side
        return self.once(lambda: picture.assessed(area, patient=patient, cut_from=side), "result")

    def heat(self, model: Classifier, method: Method) -> NDArray[np.float32]:
        """Return a method's map, float32 (S, S) in 0-1; a bar shows its progress."""
        place, title = st.empty(), f"{method.title}, {model.card.title}"

        def show(done: int, total: int) -> None:
            place.progress(min(done / max(total, 1), 1.0), title)

        try:
            return self.once(
                lambda: model.explain(self.crop, method.key, show), "heat", model.name, method.key
            )
        finally:
            place.empty()

    def curves(self, change: Change) -> dict[str, NDArray[np.float64]]:
        """Return each model's estimate over the range of a change, model name -> float64 (k,)."""

        def ask() -> dict[str, NDArray[np.float64]]:
            with st.spinner(f"Asking both models at {len(change.amounts)} amounts", show_time=True):
                return {model.name: curve(model, self.crop, change) for model in self.models}

        return self.once(ask, "curves", change.key, *(model.name for model in self.models))
