"""The lesson on shortcuts: what the size of the film alone tells, and whether a network follows it.

Width and height of a scanned film mark its scanner and, through it, the hospital. They ship as
facts in `mammo/data/film_sizes.csv.xz`, which `write_film_sizes` writes from an index of films. Two
models of these two numbers alone are fitted to the training patients: logistic regression, and a
random forest, since a scanner is a cluster of sizes and no line through them.
"""

import csv
import io
import lzma
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mammo.data.csv_table import read_csv_table, whole_number
from mammo.data.table import FILM, FILM_SIZES, read_film_sizes
from mammo.errors import DataError
from mammo.evaluation import PatientBootstrap, auc_interval
from mammo.evaluation.arithmetic import logit
from mammo.evaluation.bootstrap import percentile_interval
from mammo.evaluation.ranking import rank_correlation, stratified_auc
from mammo.files import write_whole

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.base import ClassifierMixin

LARGEST = 100_000
"""Pixels of a film's side, at most."""
FIFTHS = 5


def write_film_sizes(index: Path, out: Path | None = None) -> int:
    """Write the film sizes of an `index.csv` with `file` and `FILM`; return how many.

    `file` is a case's crop, whose name is the id of the case.

    Raises
    ------
    DataError
        A row has no size: whole numbers of pixels above 0.
    """
    sizes = []
    for row in read_csv_table(index, needed=("file", *FILM)).rows:
        size = [whole_number(row[name], LARGEST) for name in FILM]
        if not all(size):
            raise DataError(
                f"{index} should have for {row['file']} a {' and a '.join(FILM)} in whole pixels. "
                f"Received: {', '.join(row[name] for name in FILM)}. Correct the row."
            )
        sizes.append([Path(row["file"]).stem, *size])
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([["case_id", *FILM], *sorted(sizes)])
    write_whole(out or FILM_SIZES, lzma.compress(text.getvalue().encode()))
    return len(sizes)


def film_size_models() -> "dict[str, ClassifierMixin]":
    """Return the models of film width and height, unfitted, by title."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return {
        "Logistic regression": make_pipeline(StandardScaler(), LogisticRegression()),
        "Random forest": RandomForestClassifier(300, min_samples_leaf=10, random_state=0),
    }


def film_size_scores(rows: "pd.DataFrame", title: str = "Random forest") -> NDArray[np.float64]:
    """Return the logit of malignancy from width and height of the film alone, out of fold.

    `rows` has `FILM`, `label` and the `fold` of each training crop.
    """
    from sklearn.model_selection import PredefinedSplit, cross_val_predict

    sizes, folds = rows[FILM].to_numpy(), PredefinedSplit(rows["fold"])
    model = film_size_models()[title]
    p = cross_val_predict(model, sizes, rows["label"], cv=folds, method="predict_proba")
    return logit(p[:, 1])


def fifths(scores: ArrayLike) -> NDArray[np.int_]:
    """Return the fifth, 0-4, in which each score lies; equal scores in their order.

    >>> fifths([5.0, 1, 2, 3, 4]).tolist()
    [4, 0, 1, 2, 3]
    """
    order = np.argsort(np.argsort(np.asarray(scores), kind="stable"), kind="stable")
    return np.asarray(order * FIFTHS // len(order), dtype=np.int_)


def film_size_lesson(cases: "pd.DataFrame", networks: dict[str, str]) -> dict[str, Any]:
    """Return the lesson: AUC of film size alone, and the tests of each released network.

    Parameters
    ----------
    cases : table of `load_cases`
    networks : title by name

    Raises
    ------
    DataError
        The table has a case whose film has no known size.
    """
    rows = cases.join(read_film_sizes(), on="case_id")
    if rows[FILM].isna().any(axis=None):
        case = rows.loc[rows[FILM].isna().any(axis=1), "case_id"].iloc[0]
        raise DataError(
            f"{FILM_SIZES.name} should have the film of every case. Received: no size for {case}. "
            "Write it again with --films."
        )
    fold = f"{next(iter(networks))}_fold"
    rows["fold"], halves = rows[fold], []
    training = rows[rows["split"] == "train"]
    for split, part in (("out_of_fold", training), ("test", rows[rows["split"] == "test"])):
        scores = {}
        for title, model in film_size_models().items():
            if split == "test":
                model.fit(training[FILM].to_numpy(), training["label"])
                scores[title] = logit(model.predict_proba(part[FILM].to_numpy())[:, 1])
            else:
                scores[title] = film_size_scores(part, title)
        halves.append({"split": split, "crops": len(part)} | _half(part, scores, networks))
    return {"lesson": "film size", "halves": halves}


def _half(
    rows: "pd.DataFrame", scores: dict[str, NDArray[np.float64]], networks: dict[str, str]
) -> dict[str, Any]:
    patients, malignant = rows["patient_id"].to_numpy(), rows["label"].to_numpy() == 1
    bootstrap = PatientBootstrap(patients)
    size = scores["Random forest"]
    strata = fifths(size)
    found = []
    for name, title in networks.items():
        own = rows[f"{name}_score"].to_numpy()
        within = stratified_auc(malignant, own, strata)
        correlations = {
            word: rank_correlation(size[part], own[part], patients[part])
            for word, part in (("benign", ~malignant), ("malignant", malignant))
        }
        found.append({
            "title": title,
            "auc": auc_interval(malignant, own, bootstrap),
            "within": percentile_interval(
                float(within(bootstrap.sample)[0]), bootstrap.distribution(within)
            ),
            **correlations,
        })  # fmt: skip
    return {
        "sizes": [
            {"title": title, "auc": auc_interval(malignant, score, bootstrap)}
            for title, score in scores.items()
        ],
        "shares": [float(malignant[strata == fifth].mean()) for fifth in range(FIFTHS)],
        "networks": found,
    }
