"""The crops that a student's browser trains on, sent once as one image, and the component there.

`network.js` is the network and its training, `page.{js,html,css}` the screen. The server only sends
the crops: those of the first patients in an order at random that is always the same, prepared as
for every network (see `mammo.imaging.preprocess`). Training crops are of the training patients of
CBIS-DDSM, test crops of its official test, which the released models have not seen either.
"""

import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from mammo.imaging.preprocess import Preprocessing, prepare
from mammo.text import counted
from mammo.ui.kit import cache, case_folder
from mammo.ui.kit.display import data_uri
from mammo.ui.kit.get_images import offer_images

_HERE = Path(__file__)
_SIDE, _COLUMNS = 48, 20
"""Pixels of a crop's side, and crops of a row of the image."""
_NETWORK = (
    "The network: crops of 48 by 48 pixels; 8 filters of 3 by 3, ReLU, max pooling over 2 by 2; 16 "
    "filters of 3 by 3, ReLU, max pooling over 4 by 4; dropout; one dense unit. It has 1,825 "
    "weights. They start at random and are fitted by Adam in batches of 16. The seed fixes the "
    "first weights, the split and the order of the crops: the same choices give the same run."
)
_TO_TRY = """
- **Wrong labels, 40%.** What remains of the validation AUC?
- **50 patients instead of 200.** How much does the AUC change when only the seed changes?
- **No augmentation, dropout 0, 60 epochs.** The training loss falls and the validation loss rises:
  overfitting.
- **The same, split by row.** The page counts the validation crops whose patient is in training:
  data leakage. One run cannot measure its effect, which is smaller than the interval of 97 crops.
  [Model comparison](Model_comparison#leak) shows the effect, measured over ten trainings.

Choose by the validation AUC. The test AUC is shown once per run; a choice made by it would make it
too high. With so few crops the intervals are wide: most differences between two runs are chance.
"""
_PATIENTS = {"train": 200, "test": 100}
_LEAST_PATIENTS = {"train": 10, "test": 5}
"""With images of fewer training patients there is only the toy, of fewer test patients no test."""
_SEED = 21
_RELEASED = "simple_cnn_p"


def _source(name: str) -> str:
    return _HERE.with_name(name).read_text(encoding="utf-8")


_MOUNT = st.components.v2.component(
    "mammo_trainer",
    html=_source("page.html"),
    css=_source("page.css"),
    js=f"const WORKER = {json.dumps(_source('network.js'))};\n{_source('page.js')}",
)


def show_trainer() -> None:
    """Show the trainer with the crops that the server has; offer the images of the others."""
    rows, available = cache.cases(), case_folder.cases_with_pictures()
    with_image = rows[rows["case_id"].isin(available)]
    chosen = pd.concat([_of_first_patients(with_image, split) for split in _PATIENTS])
    training = int((chosen["split"] == "train").sum())
    toy = training == 0
    if toy:
        chosen = rows[rows["case_id"].isin(cache.examples_at_hand())]
        training = len(chosen)
        st.warning(
            "**A toy, until the training images are here: the ten examples.** Ten crops of two "
            "patients cannot teach a network to tell malignant from benign. It only learns these "
            "ten, and nothing is left for a test.",
            icon=":material/toys:",
        )
    else:
        st.caption(_counts(chosen))
    missing = rows[~rows["case_id"].isin(available)]
    first = missing[missing["split"] == "train"]
    if toy:
        offer_images(first["case_id"], "trainer")
    folder, _ = case_folder.folder_or_sentence()
    sprite = _sprite(tuple(chosen["case_id"]), folder.stamp if folder else 0)
    _MOUNT(data=_message(chosen, training, sprite) | {"toy": toy}, key="trainer", height="content")
    if not toy:
        offer_images((missing if first.empty else first)["case_id"], "trainer")


def show_suggestions() -> None:
    """Describe the network, and suggest what to try."""
    with st.expander("What to try, and what the network is", icon=":material/science:"):
        st.markdown(_TO_TRY)
        st.markdown(_NETWORK)


def _of_first_patients(rows: pd.DataFrame, split: str) -> pd.DataFrame:
    """Return the rows of a split's first patients in the fixed order; none where they are few."""
    rows = rows[rows["split"] == split]
    mixed = np.random.default_rng(_SEED).permutation(sorted(rows["patient_id"].unique()))
    if len(mixed) < _LEAST_PATIENTS[split]:
        return rows[:0]
    place = {patient: number for number, patient in enumerate(mixed[: _PATIENTS[split]])}
    rows = rows[rows["patient_id"].isin(place)]
    return rows.sort_values("patient_id", key=lambda names: names.map(place), kind="stable")


def _counts(chosen: pd.DataFrame) -> str:
    counts = []
    for split, word in (("train", "training"), ("test", "test")):
        if len(rows := chosen[chosen["split"] == split]):
            patients = counted(rows["patient_id"].nunique(), "patient")
            counts.append(f"{counted(len(rows), f'{word} crop')} of {patients}")
    return f"Sent to your browser: {' and '.join(counts)}, drawn once at random from CBIS-DDSM."


@cache.shared(2, "Preparing the crops")
def _sprite(cases: tuple[str, ...], stamp: int) -> str:  # noqa: ARG001
    """Return the prepared crops of cases side by side in one lossless grey image, an address."""
    tiles = np.zeros((-(-len(cases) // _COLUMNS) * _COLUMNS, _SIDE, _SIDE), np.uint8)
    for tile, case in zip(tiles, cases, strict=False):
        tile[:] = _small(case)
    rows = tiles.reshape(-1, _COLUMNS, _SIDE, _SIDE).swapaxes(1, 2)
    return data_uri(rows.reshape(-1, _COLUMNS * _SIDE), lossless=True)


def _small(case: str) -> NDArray[np.uint8]:
    crop = case_folder.crop_of(case)
    if crop is None:  # its image was deleted a moment ago
        return np.zeros((_SIDE, _SIDE), np.uint8)
    prepared = prepare(crop[np.newaxis], Preprocessing(_SIDE))[0]
    return np.asarray(np.round(prepared), np.uint8)


def _message(chosen: pd.DataFrame, training: int, sprite: str) -> dict[str, Any]:
    """Return what the component gets: see `page.js`."""
    released = chosen.get(_RELEASED, pd.Series(np.nan, chosen.index))
    table = pd.DataFrame({
        "case": chosen["case_id"], "patient": chosen["patient_id"],
        "label": chosen["label"].astype(int), "released": released.astype(object),
    })  # fmt: skip
    rows = table.where(table.notna(), None).to_dict("records")
    return {
        "key": f"{len(rows)} {zlib.crc32(sprite.encode())}", "side": _SIDE, "columns": _COLUMNS,
        "sprite": sprite, "training": training, "rows": rows,
    }  # fmt: skip
