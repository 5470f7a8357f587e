"""Guards against wishful results: whether scores follow anything that is not the lesion.

    python -m tools.experiments.guards --data DIR

Out-of-fold scores of training patients, within each class, against what must not matter: the number
in the patient's identifier (the order in which CBIS-DDSM was collected), how much of the crop is
black (outside the film or the breast), and the crop's mean grey level before it is stretched. A
rank correlation whose interval leaves 0 is no proof of a leak (dark crops may truly differ), but
wants an explanation. Labels dealt anew among lesions are the other guard: see "shuffle_labels" in
`tools.experiments.plan`.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mammo.artifacts import load_cases
from mammo.command_line import command_parser, exit_status
from mammo.data.table import load_crops, read_pixels
from mammo.errors import DataError
from mammo.evaluation.ranking import rank_correlation
from mammo.settings import MODELS, TITLES
from mammo.text import estimate

if TYPE_CHECKING:
    import pandas as pd

BLACK = 8
"""Grey levels below this are background: film scaled to 8 bit."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one line for each model, class and nuisance; return the exit status."""
    parser = command_parser("tools.experiments.guards", __doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of prepared crops")
    parser.add_argument("--artifacts", type=Path, help="the release's folder")
    options = parser.parse_args(arguments)

    def guard() -> None:
        rows = _scored_rows(load_crops(options.data), load_cases(options.artifacts))
        for model in MODELS:
            if f"{model}_score" in rows:
                _print_model(model, rows)

    return exit_status("tools.experiments.guards", guard, options.data)


def nuisances(table: "pd.DataFrame", crops: NDArray[np.uint8]) -> dict[str, NDArray[np.float64]]:
    """Return what a score must not follow, by name, float64 (n,) each."""
    return {
        "patient number": np.array(
            [float(re.sub(r"\D", "", patient) or 0) for patient in table["patient_id"]]
        ),
        "black share": np.mean(crops < BLACK, axis=(1, 2)),
        "mean grey level": np.mean(crops, axis=(1, 2)),
    }


def _scored_rows(table: "pd.DataFrame", cases: "pd.DataFrame") -> "pd.DataFrame":
    training = table[table["split"] == "train"]
    columns = [f"{model}_score" for model in MODELS if f"{model}_score" in cases]
    rows = training.merge(cases[["case_id", *columns]], on="case_id", validate="one_to_one")
    if rows.empty:
        raise DataError("None of the folder's training crops stands in the artifacts' cases.csv.")
    return rows.assign(**nuisances(rows, read_pixels(rows)))


def _print_model(model: str, rows: "pd.DataFrame") -> None:
    for label, word in ((0, "benign"), (1, "malignant")):
        part = rows[rows["label"] == label]
        for name in ("patient number", "black share", "mean grey level"):
            found = rank_correlation(part[name], part[f"{model}_score"], part["patient_id"])
            print(
                f"{TITLES[model]}, {word} crops, score against {name}: rank correlation "
                f"{estimate(found, 2)}"
            )


if __name__ == "__main__":
    raise SystemExit(main())
