"""The crops of cases that are at hand: of the prepared folder, where one is set, and the examples.

All of it is public data or the owner's own folder, so visitors share what is read. The time of the
folder's `index.csv` is part of each key: what changes shows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import mammo
from mammo.data.splits import LeakReport
from mammo.data.table import load_crops
from mammo.errors import MammoError
from mammo.ui.kit import cache
from mammo.ui.kit.display import GALLERY_SIDE, THUMBNAIL_SIDE, data_uri, enlarged, thumbnail_uri
from mammo.ui.kit.settings import data_folder

MOST_PICTURES = 60


@dataclass(eq=False)
class Folder:
    """The prepared folder that is set.

    Attributes
    ----------
    stamp : int, when its `index.csv` was written
    table : DataFrame of `mammo.data.table.load_crops`, leaks included: the explorer looks for them
    files : case id -> path of its crop
    leaks : LeakReport of the visitor who looked first, None before
    """

    stamp: int
    table: pd.DataFrame
    files: Mapping[str, str]
    leaks: LeakReport | None = None


def folder() -> Folder | None:
    """Return the prepared folder, None where none is set; DataError where it is no such folder."""
    path = data_folder()
    if not path:
        return None
    try:
        stamp = (Path(path) / "index.csv").stat().st_mtime_ns
    except (OSError, ValueError):  # ValueError: a path with a NUL
        stamp = 0  # `load_crops` says what is wrong
    return _folder(path, stamp)


@cache.shared(2, "Reading the data folder")
def _folder(path: str, stamp: int) -> Folder:
    table = load_crops(Path(path), refuse_leaks=False)
    return Folder(stamp, table, dict(zip(table["case_id"], table["path"], strict=True)))


def folder_or_sentence() -> tuple[Folder | None, str]:
    """Return the prepared folder, or a sentence where one is set that cannot be read."""
    try:
        return folder(), ""
    except MammoError as error:
        return None, f"The data folder shows no pictures. {error}"


def crop_of(case: str) -> NDArray[np.uint8] | None:
    """Return a case's crop from the data folder or the example films; None where it is in neither.

    A file that cannot be read is a MammoError.
    """
    at_hand, _ = folder_or_sentence()
    if at_hand and case in at_hand.files:
        return _crop(at_hand.files[case], at_hand.stamp)
    example = cache.examples_at_hand().get(case)
    return None if example is None else cache.example_crop(example)


@cache.shared(400)
def _crop(path: str, stamp: int) -> NDArray[np.uint8]:  # noqa: ARG001
    return mammo.read_image(Path(path)).pixels


def cases_with_pictures() -> frozenset[str]:
    """Return the ids of the cases whose crops are at hand."""
    at_hand, _ = folder_or_sentence()
    return frozenset(cache.examples_at_hand()) | frozenset(at_hand.files if at_hand else ())


def thumbnails(cases: Sequence[str]) -> tuple[dict[str, str], str]:
    """Return small pictures as `pictures` does, of the first `MOST_PICTURES` that have one."""
    with_pictures = cases_with_pictures()
    wanted = [case for case in cases if case in with_pictures][:MOST_PICTURES]
    images, complaint = pictures(wanted, THUMBNAIL_SIDE)
    return images, complaint or folder_or_sentence()[1]


def pictures(wanted: Iterable[str], side: int = GALLERY_SIDE) -> tuple[dict[str, str], str]:
    """Return pictures of cases, and a sentence where one cannot be read.

    Returns
    -------
    dict of case id -> `data:` address of those that are at hand, and the sentence or ""
    """
    images: dict[str, str] = {}
    complaint = ""
    at_hand, _ = folder_or_sentence()
    examples = cache.examples_at_hand()
    for case in wanted:
        try:
            if at_hand and case in at_hand.files:
                images[case] = _picture(at_hand.files[case], at_hand.stamp, side)
            elif case in examples:
                images[case] = _encoded(cache.example_crop(examples[case]), side)
        except MammoError as error:
            complaint = f"No picture of {case}: {error}"
    return images, complaint


@cache.shared(1000)
def _picture(path: str, stamp: int, side: int) -> str:
    return _encoded(_crop(path, stamp), side)


def _encoded(crop: NDArray[np.uint8], side: int) -> str:
    return thumbnail_uri(crop) if side == THUMBNAIL_SIDE else data_uri(enlarged(crop, side))
