"""The crop on show: a public case or the visitor's own, with its pixels where they are at hand."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mammo.errors import DataError
from mammo.imaging import quality_warnings
from mammo.ui.kit import cache, case_folder
from mammo.ui.kit.own_files import own_crop
from mammo.ui.kit.settings import FOLDER_VARIABLE, data_folder

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
    doubts: tuple[str, ...] = ()

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
    cases = cache.cases()
    rows = cases[cases["case_id"] == case]
    if rows.empty:
        raise DataError(unknown_case(case, len(cases), str(cases["case_id"].iloc[0])))
    crop = case_folder.crop_of(case)
    doubts = () if crop is None else quality_warnings(crop, source_side=_side(case, crop))
    return Viewed(f"{case}|{data_folder()}", case, crop, rows.iloc[0], doubts)


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


def _side(case: str, crop: NDArray[np.uint8]) -> int:
    """Return the side of an example's window on its film; else of the crop itself."""
    lesion = cache.examples_at_hand().get(case)
    return crop.shape[0] if lesion is None else lesion.window[2]


def view_own() -> Viewed:
    """Open the crop that the visitor brought from the upload page."""
    own = own_crop()
    if own is None:
        raise DataError(
            "There is no crop of your own here. Open a film or a crop on the page Upload and "
            "classify, and choose “Look closer” below its result. It stays in your own session: a "
            "link does not carry it."
        )
    doubts = (*own.doubts, *quality_warnings(own.crop, source_side=own.source_side))
    return Viewed(f"{OWN_KEY}|{own.key}", own.name, own.crop, None, tuple(dict.fromkeys(doubts)))


NO_PIXELS = (
    "The picture of this case is not at hand, so there is no map to draw; what was recorded and "
    "scored stands below. mammo carries the films of ten example lesions. For all cases: `python "
    "-m mammo.download` and `python -m mammo.prepare` (README), then set "
    f"{FOLDER_VARIABLE} to the prepared folder."
)
