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
_PATIENTS = {"train": 200, "test": 100}
_LEAST_PATIENTS = 20
"""With images of fewer training patients only the toy is offered."""
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
    toy = chosen.loc[chosen["split"] == "train", "patient_id"].nunique() < _LEAST_PATIENTS
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


def _of_first_patients(rows: pd.DataFrame, split: str) -> pd.DataFrame:
    """Return the rows of a split's first patients in the fixed order, patient by patient."""
    rows = rows[rows["split"] == split]
    mixed = np.random.default_rng(_SEED).permutation(sorted(rows["patient_id"].unique()))
    place = {patient: number for number, patient in enumerate(mixed[: _PATIENTS[split]])}
    rows = rows[rows["patient_id"].isin(place)]
    return rows.sort_values("patient_id", key=lambda names: names.map(place), kind="stable")


def _counts(chosen: pd.DataFrame) -> str:
    counts = [
        f"{counted(len(rows), f'{word} crop')} of {counted(rows['patient_id'].nunique(), 'patient')}"
        for split, word in (("train", "training"), ("test", "test"))
        if len(rows := chosen[chosen["split"] == split])
    ]
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
    return np.round(prepare(crop[np.newaxis], Preprocessing(_SIDE))[0]).astype(np.uint8)


def _message(chosen: pd.DataFrame, training: int, sprite: str) -> dict[str, Any]:
    """Return what the component gets: see `page.js`."""
    released = chosen.get(_RELEASED, pd.Series(np.nan, chosen.index))
    fields = zip(
        chosen["case_id"], chosen["patient_id"], chosen["label"], released, strict=True
    )  # fmt: skip
    rows = [
        {"case": case, "patient": patient, "label": int(label), "released": None if pd.isna(p) else p}
        for case, patient, label, p in fields
    ]
    return {
        "key": f"{len(rows)} {zlib.crc32(sprite.encode())}", "side": _SIDE, "columns": _COLUMNS,
        "sprite": sprite, "training": training, "rows": rows,
    }  # fmt: skip
