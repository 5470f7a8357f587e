"""The crops of a training: both halves of a prepared folder, checked before hours are spent."""

from pathlib import Path
from typing import TYPE_CHECKING

from mammo.data.table import load_crops, read_pixels
from mammo.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

LEAST_SIDE = 32


def load_training_crops(folder: Path) -> "tuple[pd.DataFrame, NDArray[np.uint8]]":
    """Read table and pixels of a prepared folder that is to train and test a model.

    Parameters
    ----------
    folder : Path, prepared crops

    Returns
    -------
    DataFrame of `mammo.data.table.load_crops`; uint8 (n, S, S), 0-255, in its order.

    Raises
    ------
    DataError
        As `load_crops` and `read_pixels`; or a split is empty, or crops are under 32 pixels wide.
    """
    table = load_crops(folder)
    counts = table["split"].value_counts()
    for split in ("train", "test"):
        if not counts.get(split, 0):
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
