"""What the reading room reads: cases, models, and the pictures of the cases of one round.

All of it public data that visitors share. What a reader rates lives in `session` alone.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

import mammo
from mammo.errors import DataError, MammoError
from mammo.evaluation import EvaluatedModel
from mammo.imaging import Window, whole_crop
from mammo.reading import RoundCases, RoundPlan, draw_round, round_cases, write_code
from mammo.reading.origin import fingerprint
from mammo.reading.plan import Source
from mammo.text import film_name
from mammo.ui.kit import cache, case_folder
from mammo.ui.kit.display import data_uri, enlarged, scaled_down
from mammo.ui.kit.settings import FOLDER_VARIABLE
from mammo.ui.kit.source import Lesion, Picture
from mammo.ui.reading.viewer import View

if TYPE_CHECKING:
    from mammo.data.examples import ExampleLesion

CROP_SIDE = 896
FILM_LONGEST = 2000


@dataclass(frozen=True, eq=False)
class Round:
    """Hold a round that can be read: its plan, its code, its cases with their truth."""

    plan: RoundPlan
    code: str
    cases: RoundCases


def artifacts_fingerprint() -> str:
    """Return what results are marked with, see `mammo.reading.origin`."""
    return fingerprint(cache.manifest())


def source_at_hand() -> Source:
    """Return where cases come from: the test set where a data folder is set, else the examples."""
    return "test" if _folder_is_set() else "examples"


def _folder_is_set() -> bool:
    try:
        return case_folder.folder() is not None
    except MammoError:
        return False


def open_round(plan: RoundPlan) -> Round:
    """Draw a round's cases.

    Raises
    ------
    MammoError
        The artifacts cannot be read, or too few cases pass.
    """
    every = cache.cases()
    models = [
        EvaluatedModel(card.name, card.title, dict(card.thresholds)) for card in cache.cards()
    ]
    ids = draw_round(plan, every, list(cache.examples()) if plan.source == "examples" else ())
    return Round(plan, write_code(plan), round_cases(ids, every, models))


def require_pictures(opened: Round) -> None:
    """Refuse a round whose pictures are not all at hand.

    Raises
    ------
    DataError
        No data folder is set, it cannot be read, or it lacks some of the crops.
    """
    if opened.plan.source == "examples":
        return
    at_hand = case_folder.folder()
    if at_hand is None:
        raise DataError(
            f"The round {opened.code} reads crops of the official test set, and no folder of "
            f"prepared crops is set here. Set {FOLDER_VARIABLE} to one (`python -m mammo.download` "
            "and `python -m mammo.prepare` make it), or start a round of the ten example lesions."
        )
    missing = [case for case in opened.cases.ids if case not in at_hand.files]
    if missing:
        raise DataError(
            f"The round {opened.code} needs {opened.plan.n} crops, and the data folder lacks "
            f"{len(missing)} of them. Prepare the whole official test set, or choose another seed."
        )


def views(opened: Round, place: int) -> list[View]:
    """Return the pictures of the case at a place, without a word that names it or its truth."""
    case, number = opened.cases.ids[place], f"case {place + 1} of {opened.plan.n}"
    if opened.plan.source == "examples":
        return _example_views(cache.examples()[case], number)
    uri, side = _crop_view(*_crop_file(case))
    return [View("Lesion", f"Crop of the lesion, {number}", uri, side, side)]


def film_words(opened: Round, place: int) -> str:
    """Name the side and view of a case's film."""
    row = opened.cases.rows.iloc[place]
    side, view = (
        None if not isinstance(row[name], str) else row[name] for name in ("laterality", "view")
    )
    return film_name(side, view)


def _crop_file(case: str) -> tuple[str, int]:
    """Return where a case's crop is, and when its folder was written."""
    at_hand = case_folder.folder()
    if at_hand is None or case not in at_hand.files:
        raise DataError(
            "The picture of this case is not at hand any more: expected it in the data folder. "
            f"Set {FOLDER_VARIABLE} as it was and open the link again; your ratings are in it."
        )
    return at_hand.files[case], at_hand.stamp


@cache.shared(400)
def _crop_view(path: str, stamp: int) -> tuple[str, int]:  # noqa: ARG001
    picture = mammo.read_image(path)
    crop = whole_crop(picture, size=min(picture.shape))
    return data_uri(enlarged(crop, CROP_SIDE)), CROP_SIDE


@cache.shared(12, "Reading the film")
def _example_pictures(case: str) -> tuple[str, tuple[int, int], str]:
    """Encode an example's film, scaled down, and its window at full resolution."""
    lesion = cache.examples()[case]
    film = cache.example_film(lesion.film).pixels
    x, y, width, height = lesion.window
    small = scaled_down(film, FILM_LONGEST)
    close = enlarged(np.ascontiguousarray(film[y : y + height, x : x + width]), CROP_SIDE)
    return data_uri(small), (small.shape[1], small.shape[0]), data_uri(close)


def _example_views(lesion: "ExampleLesion", number: str) -> list[View]:
    film, (width, height), close = _example_pictures(lesion.case_id)
    rows, columns = cache.example_film(lesion.film).shape
    x, y, side_x, side_y = lesion.window
    box = (x / columns, y / rows, side_x / columns, side_y / rows)
    return [
        View("Film", f"Film with the lesion outlined, {number}", film, width, height, box),
        View("Lesion", f"Lesion at full resolution, {number}", close, CROP_SIDE, CROP_SIDE),
    ]


def lesion_of(opened: Round, place: int) -> Lesion:
    """Return the case at a place as the models read it: a window on a film, or a ready crop."""
    case = opened.cases.ids[place]
    if opened.plan.source == "examples":
        lesion = cache.examples()[case]
        picture = Picture(case, case, None, lesion)
        return Lesion(picture, Window(*lesion.window))
    return Lesion(Picture(case, case, mammo.read_image(_crop_file(case)[0])))
