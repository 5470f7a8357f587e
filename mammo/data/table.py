"""Prepared crops: the one form in which data enters training, and its checks.

A folder with `index.csv` and `crops/*.png`, square and grey: one row a crop. Used by the trainer,
by external validation (`python -m mammo.evaluate --data DIR`) and by the dataset explorer.
Each refusal is a sentence that names the row (counted as a text editor counts lines).
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mammo.data.csv_table import (
    as_word,
    decimal_number,
    is_missing_text,
    not_a_number,
    read_csv_table,
    shown,
    whole_number,
)
from mammo.errors import DataError
from mammo.files import reason_of

if TYPE_CHECKING:
    import pandas as pd


INDEX = "index.csv"
REQUIRED = ("file", "patient_id", "pathology")
BOX = ("box_x", "box_y", "box_width", "box_height")
WINDOW_COLUMNS = ("window_x", "window_y", "window_width", "window_height")
"""Columns of a preparation: the lesion's box in its crop, and the crop's window on its film."""

OPTIONAL = (
    "split", "laterality", "view", "abnormality_id", "abnormality_type", "breast_density",
    "mass_shape", "mass_margins", "assessment", "subtlety", "film_series_uid", "published_split",
    "calc_type", "calc_distribution", "origin", *BOX,
)  # fmt: skip
WHOLE_NUMBERS = ("abnormality_id", "breast_density", "assessment", "subtlety")
HIGHEST_NUMBER = 999_999_999
LABELS = {"MALIGNANT": 1, "BENIGN": 0, "BENIGN_WITHOUT_CALLBACK": 0}
SPLITS = ("train", "test")
LOWER_WORDS = ("split", "published_split", "abnormality_type", "origin")
UPPER_WORDS = (
    "pathology", "laterality", "view", "mass_shape", "mass_margins", "calc_type",
    "calc_distribution",
)  # fmt: skip
FILM = ["film_width", "film_height"]
FILM_SIZES = Path(__file__).with_name("film_sizes.csv.xz")
"""The size of the film of each mass of CBIS-DDSM; see `mammo.training.film_size`."""
_CELL_ERROR = re.compile(r"#{3,}|#[¡¿]?[^\W\d_]+(/0)?[!?]")
"""What a spreadsheet shows for a formula that failed or a column too narrow for a number."""


def load_crops(folder: str | Path, *, refuse_leaks: bool = True) -> "pd.DataFrame":
    """Read and check the table of a prepared-crops folder.

    Parameters
    ----------
    folder : path of a folder with `index.csv` and the crops that it names. The columns `file`,
        `patient_id` and `pathology` (MALIGNANT, BENIGN or BENIGN_WITHOUT_CALLBACK) must be there;
        the other columns of CBIS-DDSM may be. Without `split` every crop counts as test.
    refuse_leaks : bool, False to let a patient stand in both splits: for who looks for leaks

    Returns
    -------
    DataFrame, one row a crop in the order of the file, with every column of `REQUIRED` and
    `OPTIONAL` (missing ones empty) and besides: `line` (where it stands in `index.csv`), `path`
    (absolute), `label` (int, 1 malignant), `case_id` (the file's stem) and `lesion_id` (patient,
    side and abnormality; a crop without side or abnormality is a lesion of its own).

    Raises
    ------
    DataError
        A column or file is missing, or a row cannot be: its value, its case a second time, or its
        patient in both splits.
    """
    import pandas as pd

    folder = Path(folder)
    index = folder / "index.csv"
    shown = str(folder)[:200]
    try:
        if not folder.is_dir():
            raise DataError(f"Expected a folder of prepared crops, but {shown} is not a folder.")
        if not index.is_file():
            raise DataError(
                f"Expected prepared crops (index.csv and crops/*.png) in {shown}, but it has no "
                "index.csv. Prepare your own data first: python -m mammo.prepare --table TABLE.csv "
                "--out FOLDER. For a CBIS-DDSM download: python -m mammo.prepare --data DOWNLOAD "
                "--out FOLDER."
            )
    except OSError as error:
        raise DataError(
            f"Expected a folder of prepared crops, but {shown} cannot be read "
            f"({reason_of(error)}). Check the path and its permissions."
        ) from error
    read = read_csv_table(index, f"index.csv of {folder}", needed=REQUIRED)
    if not read.rows:
        raise DataError(f"index.csv of {folder} has no rows: expected one row per crop.")
    table = pd.DataFrame(read.rows, dtype="str")
    return checked(table.assign(line=read.lines), folder, refuse_leaks)


def checked(
    table: "pd.DataFrame", folder: Path | None = None, refuse_leaks: bool = True
) -> "pd.DataFrame":
    """Check the rows of an index, texts and their `line`; without a folder its files may lack.

    An error calls the table `attrs["name"]`, by default index.csv. Raises as `load_crops`.
    """
    for name in table.columns.drop("line"):
        table[name] = table[name].mask(table[name].map(is_missing_text))
    for name in OPTIONAL:
        if name not in table.columns:
            table[name] = "test" if name == "split" else None
    _normalise(table)
    refuse_rows(table, table["file"].isna() | table["patient_id"].isna(), "has no file or patient")
    refuse_rows(
        table, ~table["pathology"].isin(list(LABELS)), f"must be one of {', '.join(LABELS)}",
        "pathology",
    )  # fmt: skip
    refuse_rows(table, ~table["split"].isin(SPLITS), "must be train or test", "split")
    for name in WHOLE_NUMBERS:
        read = partial(whole_number, most=HIGHEST_NUMBER)
        _read_numbers(table, name, read, f"a whole number from 0 to {HIGHEST_NUMBER:,}")
    for name in (*BOX, *(name for name in WINDOW_COLUMNS if name in table.columns)):
        _read_numbers(table, name, decimal_number, "a number")
    if folder is not None:
        table["path"] = [file_in(folder, name) for name in table["file"]]
        refuse_rows(table, table["path"] == "", "names a file that does not exist", "file")
    table["label"] = table["pathology"].map(LABELS).astype(int)
    table["case_id"] = [Path(name).stem for name in table["file"]]
    table["lesion_id"] = _lesion_ids(table)
    _refuse_repeats(table)
    if refuse_leaks:
        _refuse_shared_patients(table)
    return table


def _normalise(table: "pd.DataFrame") -> None:
    """Write texts that join rows in one way: single blanks, and our own words in their case."""
    forms: dict[str, Callable[[str], str]] = {
        "patient_id": lambda text: " ".join(text.split()),
        **dict.fromkeys(LOWER_WORDS, str.lower),
        **dict.fromkeys(UPPER_WORDS, str.upper),
        "pathology": lambda text: as_word(text.upper(), [*LABELS]),
    }
    for name, form in forms.items():
        table[name] = table[name].map(form, na_action="ignore")
    for name in ("file", "patient_id", *UPPER_WORDS):
        failed = table[name].map(lambda cell: bool(_CELL_ERROR.fullmatch(str(cell))))
        refuse_rows(table, failed, "contains a spreadsheet error: correct the cell", name)


def file_in(folder: Path, name: str) -> str:
    """Return the absolute path of a crop; "" where there is no such file."""
    try:
        path = (folder / name.replace("\\", "/")).resolve()
        return str(path) if path.is_file() else ""
    except (OSError, ValueError, RuntimeError):  # too long; with a NUL; a loop of links
        return ""


def _read_numbers(
    table: "pd.DataFrame", name: str, read: Callable[[str], float | None], what: str
) -> None:
    """Make a column numeric, missing values NaN; refuse other values."""
    numbers = [read(text) if isinstance(text, str) else float("nan") for text in table[name]]
    wrong = np.array([number is None for number in numbers])
    why = not_a_number(str(table[name][wrong].iloc[0])) if wrong.any() else ""
    refuse_rows(table, wrong, f"must hold {what}, or nothing{why}", name)
    table[name] = np.array(numbers, dtype=np.float64)


def _lesion_ids(table: "pd.DataFrame") -> list[str]:
    rows: Iterable[Any] = table.itertuples()
    known = table["laterality"].notna() & table["abnormality_id"].notna()
    # Masses and calcifications of a breast are numbered each for themselves.
    return [
        f"{row.patient_id}_{row.laterality}_"
        f"{'calc_' * (row.abnormality_type == 'calcification')}{int(row.abnormality_id)}"
        if complete
        else f"{row.patient_id}_{row.case_id}"
        for row, complete in zip(rows, known, strict=True)
    ]


def refuse_rows(
    table: "pd.DataFrame", wrong: Iterable[bool], why: str, column: str | None = None
) -> None:
    """Refuse a table for its rows that are wrong, bool (n,), and name the first of them."""
    rows = np.flatnonzero(np.asarray(wrong))
    if not len(rows):
        return
    first = table.iloc[rows[0]]
    received = f" Received: {column}={shown(first[column])}." if column else ""
    others = f" ({len(rows) - 1} more rows with the same fault.)" if len(rows) > 1 else ""
    name, file = table.attrs.get("name", INDEX), first["film" if "film" in first else "file"]
    raise DataError(f"Row {first['line']} of {name} ({file}) {why}.{received}{others}")


def _refuse_repeats(table: "pd.DataFrame") -> None:
    for keys, what in (
        (["file"], "the same file as an earlier row: list each crop once"),
        (
            ["case_id"],
            "the file name of an earlier row: the file name identifies the case. Rename one",
        ),
        (
            ["lesion_id", "view", "abnormality_type", "film_series_uid"],
            "the same lesion and view as an earlier row: list each crop once",
        ),
    ):
        complete = table["view"].notna() | (len(keys) == 1)
        refuse_rows(table, table.duplicated(keys) & complete, f"names {what}")


def _refuse_shared_patients(table: "pd.DataFrame") -> None:
    splits = table.groupby("patient_id")["split"].nunique()
    shared = sorted(map(str, splits.index[splits > 1]))
    if shared:
        line = table["line"][table["patient_id"] == shared[0]].iloc[0]
        raise DataError(
            f"{len(shared)} patients are in both splits (row {line}: {shared[0]}): a model "
            "would be tested on patients that it learned from. Put each patient in one split."
        )


def read_film_sizes() -> "pd.DataFrame":
    """Return the columns `FILM` in pixels, int64, by case id; see docs/data.md for their source."""
    import pandas as pd

    return pd.read_csv(FILM_SIZES, index_col="case_id")


def read_pixels(table: "pd.DataFrame") -> NDArray[np.uint8]:
    """Read the crops of a table of `load_crops` from their files, uint8 (n, S, S), in its order.

    Raises
    ------
    DataError
        If a file is not an 8-bit grey picture, not square, or of another size than the first.
    """
    crops: list[NDArray[np.uint8]] = []
    for line, path, name in zip(table["line"], table["path"], table["file"], strict=True):
        row = f"Row {line} of index.csv ({name})"
        crop = _read_crop(Path(path), row)
        if crops and crop.shape != crops[0].shape:
            raise DataError(
                f"{row} is {len(crop)} pixels wide, the first crop {len(crops[0])}: all crops of a "
                "folder must have one size. Prepare the folder again."
            )
        crops.append(crop)
    return np.stack(crops) if crops else np.empty((0, 0, 0), dtype=np.uint8)


def _read_crop(path: Path, row: str) -> NDArray[np.uint8]:
    import cv2

    try:
        content = np.fromfile(path, dtype=np.uint8)
    except OSError as error:
        raise DataError(f"{row} cannot be read: {reason_of(error)}.") from error
    crop = cv2.imdecode(content, cv2.IMREAD_UNCHANGED) if content.size else None
    if crop is None:
        raise DataError(f"{row} is not a readable image: expected an 8-bit grey PNG.")
    if crop.ndim != 2 or crop.dtype != np.uint8 or crop.shape[0] != crop.shape[1]:
        raise DataError(
            f"{row} must be a square 8-bit grey image. "
            f"Received: {crop.dtype} of shape {crop.shape}."
        )
    return crop.astype(np.uint8, copy=False)


def fingerprint(table: "pd.DataFrame", crops: NDArray[np.uint8]) -> str:
    """Name the exact data: a SHA-256 over each crop's identity, split, label and pixels.

    `crops` are the pixels of `table` in its order, uint8 (n, S, S). The 64 hexadecimal digits are
    the same for the same rows in any order.
    """
    columns = (table[name] for name in ("case_id", "patient_id", "split", "label"))
    lines = sorted(
        f"{case},{patient},{split},{label},{hashlib.sha256(crop.tobytes()).hexdigest()}"
        for case, patient, split, label, crop in zip(*columns, crops, strict=True)
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


LEAST_SIDE = 32


def load_training_crops(folder: Path) -> "tuple[pd.DataFrame, NDArray[np.uint8]]":
    """Read table and pixels of a prepared folder that is to train and test a model.

    As `load_crops` and `read_pixels`. A split without crops and crops under 32 pixels wide are
    refused, before hours are spent.
    """
    table = load_crops(folder)
    for split in SPLITS:
        if split not in set(table["split"]):
            raise DataError(
                f"Training needs crops of both splits (column `split`: train, test). {folder} has "
                f"none of {split}."
            )
    crops = read_pixels(table)
    if crops.shape[1] < LEAST_SIDE:
        raise DataError(
            f"Crops must be at least {LEAST_SIDE} pixels wide. Received: {crops.shape[1]}. Prepare "
            "the folder with a larger crop size."
        )
    return table, crops
