"""The crop on show: a public case or the visitor's own, with its pixels where they are at hand."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mammo.artifacts import artifacts_folder
from mammo.errors import DataError
from mammo.imaging import Image, Window
from mammo.inference import Classifier, LesionResult
from mammo.inference.batch import at_size
from mammo.inference.explain import explain
from mammo.inference.maps import Method
from mammo.inference.perturb import Change, curve
from mammo.ui.kit import cache, case_folder
from mammo.ui.kit.data_folder import FOLDER_VARIABLE, data_folder
from mammo.ui.kit.own_files import OWN_SHELF, OwnCrop, own_crop
from mammo.ui.kit.source import Picture

if TYPE_CHECKING:
    import pandas as pd


OWN_KEY = "own"
LONGEST_ID = 60
"""Characters of an unknown id that are shown."""


@dataclass(frozen=True, eq=False)
class Viewed:
    """Hold what is looked at."""

    key: str
    name: str
    crop: NDArray[np.uint8] | None
    row: "pd.Series | None"
    own: OwnCrop | None = None

    @property
    def picture(self) -> Picture:
        """Return an example with its film; any other crop as it is."""
        assert self.crop is not None  # noqa: S101 - what has no pixels has no picture
        case = "" if self.row is None else str(self.row["case_id"])
        example = cache.examples_at_hand().get(case)
        warnings = () if self.own is None else self.own.doubts
        image = None if example else Image(self.crop, warnings=warnings)
        return Picture(self.key, case, image, example)

    @property
    def public(self) -> bool:
        """Tell whether visitors may share what is computed of it."""
        return self.row is not None

    @property
    def patient(self) -> str | None:
        """Return the patient of a public case."""
        return None if self.row is None else str(self.row["patient_id"])


def view_case(case: str) -> Viewed:
    """Open a public case."""
    cases = case_folder.cases()
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
        f"There is no case {shown} among the {total:,} of the release. An id looks like {like}: "
        "choose one above, or type it whole."
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
    return Viewed(f"{OWN_KEY}|{own.key}", own.name, own.crop, None, own)


NO_PIXELS = (
    "The picture of this case is not at hand, so there is no map to draw; what was recorded and "
    "scored stands below. mammo carries the films of ten example lesions. For all cases: `python "
    "-m mammo.download` and `python -m mammo.prepare` (README), then set "
    f"{FOLDER_VARIABLE} to the prepared folder."
)


_SHARED_ITEMS = 400
_OWN_ITEMS = 60

Thing = TypeVar("Thing")


class Shelf:
    """Keep the `size` things that were asked for last; safe to use from many threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._things: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Count what is kept."""
        return len(self._things)

    def __contains__(self, name: Hashable) -> bool:
        """Tell whether a thing is kept."""
        return name in self._things

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


def remembered(viewed: Viewed, what: tuple[Hashable, ...], make: Callable[[], Thing]) -> Thing:
    """Return what was computed of a crop, computed now where it is not kept."""
    shelf = _shared() if viewed.public else _own(viewed)
    return shelf.take(_name(viewed, what), make)


def is_remembered(viewed: Viewed, what: tuple[Hashable, ...]) -> bool:
    """Tell whether `remembered` would answer at once."""
    shelf = _shared() if viewed.public else _own(viewed)
    return _name(viewed, what) in shelf


def _name(viewed: Viewed, what: tuple[Hashable, ...]) -> Hashable:
    """Name a thing so that other artifacts, or a new training, find nothing of the old."""
    return (str(artifacts_folder()), cache.manifest().created, viewed.key, *what)


@st.cache_resource(max_entries=1, show_spinner=False)
def _shared() -> Shelf:
    return Shelf(_SHARED_ITEMS)


def _own(viewed: Viewed) -> Shelf:
    held = st.session_state.get(OWN_SHELF)
    if held is None or held[0] != viewed.key:
        held = (viewed.key, Shelf(_OWN_ITEMS))
        st.session_state[OWN_SHELF] = held
    shelf: Shelf = held[1]
    return shelf


Crop = NDArray[np.uint8]


def sized(crop: Crop, size: int) -> Crop:
    """Bring a crop to a card's crop size, uint8 (size, size)."""
    return np.asarray(at_size(crop[np.newaxis], size)[0], np.uint8)


def assessed(viewed: Viewed) -> LesionResult:
    """Ask every model about the lesion; a case's own patient is no similar case."""
    return remembered(viewed, ("result",), partial(_assess, viewed))


def _assess(viewed: Viewed) -> LesionResult:
    picture, own = viewed.picture, viewed.own
    area = None if picture.example is None else Window(*picture.example.window)
    side = None if own is None else own.source_side
    return picture.assessed(area, patient=viewed.patient, cut_from=side)


def heat(viewed: Viewed, crop: Crop, model: Classifier, method: Method) -> NDArray[np.float32]:
    """Compute a method's map, float32 (S, S) in 0-1, with a bar of progress where it takes long."""
    place = st.empty()
    progress = _bar(place, method, model)
    try:
        return remembered(
            viewed,
            ("heat", model.name, method.key),
            lambda: explain(model, crop, method=method.key, on_progress=progress),
        )
    finally:
        place.empty()


def _bar(
    place: "st.delta_generator.DeltaGenerator", method: Method, model: Classifier
) -> Callable[[int, int], None]:
    """Return what draws progress into a place, at most a hundred times."""
    shown = -1

    def show(done: int, total: int) -> None:
        nonlocal shown
        percent = 100 * done // max(total, 1)
        if percent != shown:
            shown = percent
            place.progress(min(percent, 100), f"{method.title}, {model.card.title}")

    return show


def curves(
    viewed: Viewed, crop: Crop, models: Sequence[Classifier], change: Change
) -> dict[str, NDArray[np.float64]]:
    """Compute each model's estimate over the range of a change, model name -> float64 (k,)."""
    what = [("curve", model.name, change.key) for model in models]
    if all(is_remembered(viewed, one) for one in what):
        return _curves(viewed, crop, models, change)
    with st.spinner(f"Asking both models at {len(change.amounts)} amounts", show_time=True):
        return _curves(viewed, crop, models, change)


def _curves(
    viewed: Viewed, crop: Crop, models: Sequence[Classifier], change: Change
) -> dict[str, NDArray[np.float64]]:
    return {
        model.name: remembered(
            viewed, ("curve", model.name, change.key), partial(curve, model, crop, change)
        )
        for model in models
    }
