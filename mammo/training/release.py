"""From a fitted network to its artifacts: calibration, thresholds, test scores, card, case table.

    python -m mammo.training.release --out DIR    fit two views and conformal sets anew

Used by `mammo.train`, after the fits. Calibration, thresholds and sets come from out-of-fold scores
of training patients alone; the official test set is scored once, by the exported network, as the
app will. The command adds to the cards of trained models how to read two views of a lesion, and the
conformal sets of both input forms, from the scores in `cases.csv`; it trains and scores nothing.
Needs no TensorFlow.
"""

import importlib.metadata
import json
import math
import platform
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mammo.artifacts import DataFacts, RunFacts, artifacts_folder, load_card, parse_card, sigmoid
from mammo.artifacts.contents import load_cases
from mammo.artifacts.manifest import FOLDER_VARIABLE, load_manifest, read_files
from mammo.artifacts.schema import Card, logit
from mammo.artifacts.store import replace_cards
from mammo.command_line import command_parser, exit_status
from mammo.data.preparation.case_files import COUNTED, OFFICIAL_COUNTS
from mammo.data.table import SPLITS, WHOLE_NUMBERS
from mammo.errors import DataError
from mammo.evaluation import UNITS, choose_calibration, headline_metrics, named_thresholds
from mammo.evaluation.conformal import SET_FIGURES, conformal_bounds
from mammo.evaluation.units import EvaluatedModel, has_two_views
from mammo.inference import Classifier
from mammo.settings import TITLES, Recipe, TrainSettings

if TYPE_CHECKING:
    import pandas as pd


DIGITS = 6
PACKAGES = (
    "keras", "tensorflow", "tensorflow-cpu", "tf2onnx", "onnxruntime", "numpy",
    "opencv-python-headless", "scikit-learn", "pandas",
)  # fmt: skip
CASE_COLUMNS = (
    "case_id", "split", "patient_id", "laterality", "view", "abnormality_id", "abnormality_type",
    "breast_density", "mass_shape", "mass_margins", "assessment", "pathology", "subtlety",
    "published_split", "label", "lesion_id",
)  # fmt: skip
FIGURES = (("out_of_fold", "out of fold"), ("test", "on the test crops"))
KIND_WORDS = {"mass": "masses", "calcification": "calcifications"}
CBIS_DDSM_CASE = r"(Mass|Calc)-(Training|Test)_P_\d{5}_(LEFT|RIGHT)_(CC|MLO)_\d+"
HISTORY_COLUMNS = (
    "fold", "stage", "epoch", "loss", "held_out_loss", "held_out_auc", "seconds",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class FittedModel:
    """What the fits of one model left.

    Parameters
    ----------
    out_of_fold_logits : float64 (n,), a training crop each, by the fold that did not see it.
    folds : int (n,), that fold.
    history : an epoch each.
    """

    name: str
    recipe: Recipe
    out_of_fold_logits: NDArray[np.float64]
    folds: NDArray[np.int_]
    history: Sequence[dict[str, Any]]
    embedding_size: int
    cam_grid: tuple[int, int]
    parameters: int


def release_model(
    fitted: FittedModel, table: "pd.DataFrame", crops: NDArray[np.uint8], folder: Path
) -> "pd.DataFrame":
    """Write a model's card and history beside its `model.onnx`, and score every case.

    Parameters
    ----------
    table : as `mammo.data.table.load_crops` gives it, with training and test rows.
    crops : uint8 (n, S, S), 0-255, in the table's order.

    Returns
    -------
    DataFrame, the columns `<name>_score`, `<name>_p` and `<name>_fold`, in the table's order.
    """
    import pandas as pd

    training = (table["split"] == "train").to_numpy()
    labels = table["label"].to_numpy()
    calibration = choose_calibration(labels[training], fitted.out_of_fold_logits, fitted.folds)
    out_of_fold_p = np.asarray(calibration.probability(fitted.out_of_fold_logits))
    card = _card(fitted, table, crops.shape[1]) | {
        "calibration": asdict(calibration)
        | {"fitted_on": _origin(table[training], "out-of-fold scores of")},
        "thresholds": named_thresholds(labels[training], out_of_fold_p),
        "sets": conformal_bounds(
            labels[training], out_of_fold_p, table["patient_id"].to_numpy()[training]
        ),
        **fit_two_views(table[training], out_of_fold_p, fitted.folds),
    }
    content = parse_card(json.dumps(card).encode(), folder / "card.json", fitted.name)
    classifier = Classifier(content, (folder / "model.onnx").read_bytes())
    score = np.clip(classifier.score(crops[~training]), 1e-12, 1 - 1e-12)
    logits = np.empty(len(table))
    logits[training] = fitted.out_of_fold_logits
    logits[~training] = np.log(score / (1 - score))
    p = np.asarray(calibration.probability(logits))
    card["metrics"] = {
        "out_of_fold": _figures(table[training], p[training], content),
        "test": _figures(table[~training], p[~training], content),
    }
    (folder / "card.json").write_bytes(_written(card))
    history = pd.DataFrame(list(fitted.history), columns=list(HISTORY_COLUMNS)).round(DIGITS)
    history.to_csv(folder / "history.csv", index=False, lineterminator="\n")
    fold = pd.array([None] * len(table), dtype="Int64")
    fold[np.flatnonzero(training)] = fitted.folds
    columns = {"score": sigmoid(logits).round(DIGITS), "p": p.round(DIGITS), "fold": fold}
    return pd.DataFrame({f"{fitted.name}_{name}": column for name, column in columns.items()})


def _written(card: Mapping[str, Any]) -> bytes:
    return (json.dumps(card, indent=1, allow_nan=False) + "\n").encode()


def fit_two_views(rows: "pd.DataFrame", p: ArrayLike, folds: Any) -> dict[str, Any]:
    """Fit how to read two views of a lesion: a card's `two_views`, or {} for too few lesions.

    Parameters
    ----------
    rows : training crops with `patient_id`, `lesion_id`, `view` and `label`
    p : float64 (n,), 0-1, calibrated, by the fold that did not see the crop
    folds : int (n,), that fold; each holds whole patients
    """
    keys = ["patient_id", "lesion_id"]
    crops = rows[[*keys, "view", "label"]].assign(logit=logit(p), fold=folds)
    both = crops[has_two_views(crops)]
    lesions = both.groupby(keys, sort=False).agg({"label": "max", "logit": "mean", "fold": "first"})
    labels, fold = (lesions[name].to_numpy(int) for name in ("label", "fold"))
    logits = lesions["logit"].to_numpy(float)
    try:
        calibration = choose_calibration(labels, logits, fold)
    except DataError:
        return {}
    patients, p_both = lesions.index.get_level_values("patient_id"), calibration.probability(logits)
    words = (
        f"out-of-fold scores of {len(lesions):,} lesions in two views, {patients.nunique():,} "
        "patients"
    )
    return {
        "two_views": {
            "calibration": asdict(calibration) | {"fitted_on": words},
            "thresholds": named_thresholds(labels, p_both),
            "sets": conformal_bounds(labels, p_both, patients),
        }
    }


def add_readings(folder: Path) -> None:
    """Fit two views and conformal sets on the training rows of `cases.csv`; write them into cards.

    The card's figures by lesion and by patient follow; of those by crop, the sets' alone.
    """
    cases, cards = load_cases(folder), {}
    for name in load_manifest(folder).models:
        scored, file = cases[cases[f"{name}_p"].notna()], f"{name}/card.json"
        card = json.loads(read_files([file], folder)[file]) | {"two_views": None}
        training = scored[scored["split"] == "train"]
        p, folds = training[f"{name}_p"], training[f"{name}_fold"].astype(int)
        card["sets"] = conformal_bounds(training["label"].astype(int), p, training["patient_id"])
        card |= fit_two_views(training, p, folds)
        content = parse_card(_written(card), folder / file, name)
        for split, title in zip(SPLITS, ("out_of_fold", "test"), strict=True):
            rows, metrics = scored[scored["split"] == split], card["metrics"][title]
            figures = _figures(rows, rows[f"{name}_p"], content)
            metrics |= figures | {"crop": metrics["crop"] | _of_sets(figures["crop"])}
        cards[name] = _written(card)
    replace_cards(cards, folder)


def _of_sets(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {name: figure for name, figure in figures.items() if name in SET_FIGURES}


def write_cases(table: "pd.DataFrame", scores: Sequence["pd.DataFrame"], path: Path) -> None:
    """Write the case table: ids, split, label and descriptors, then each model's scores."""
    import pandas as pd

    cases = table.loc[:, list(CASE_COLUMNS)].reset_index(drop=True)
    cases = cases.astype(dict.fromkeys(WHOLE_NUMBERS, "Int64"))
    pd.concat([cases, *scores], axis=1).to_csv(path, index=False, lineterminator="\n")


def figures_in_words(out: Path, models: Sequence[str]) -> str:
    """Return how good the models of some artifacts are, and the commands that show more."""
    lines = []
    for card in (load_card(name, out) for name in models):
        aucs = ((words, card.metrics[split]["crop"]["auc"]) for split, words in FIGURES)
        figures = "; ".join(
            f"{words} {auc.value:.2f} (95% CI {auc.low:.2f} to {auc.high:.2f})"
            for words, auc in aucs
            if math.isfinite(auc.value)
        )
        lines.append(f"{card.title}: AUC per crop {figures}. Trained on {card.trained_on}.")
    released = out.resolve() == artifacts_folder().resolve()
    folder = shlex.quote(str(out))
    lines += [
        f"All figures: python -m mammo.evaluate{'' if released else f' --artifacts {folder}'}",
        f"In the app: {'' if released else f'{FOLDER_VARIABLE}={folder} '}streamlit run app.py",
    ]
    return "\n".join(lines)


def run_facts(
    settings: TrainSettings, command: str, table: "pd.DataFrame", name_of_data: str
) -> RunFacts:
    """Return how a release came about: the head of its manifest."""
    splits = {split: table[table["split"] == split] for split in SPLITS}
    installed = {found.name: found.version for found in importlib.metadata.distributions()}
    versions = {name: installed[name] for name in PACKAGES if name in installed}
    facts = DataFacts(
        fingerprint=name_of_data,
        n_train=len(splits["train"]),
        n_test=len(splits["test"]),
        n_train_patients=int(splits["train"]["patient_id"].nunique()),
        n_test_patients=int(splits["test"]["patient_id"].nunique()),
    )
    versions = {"python": platform.python_version()} | versions
    return RunFacts(command, settings.seed, settings.plain(), versions, facts, settings.models)


def _card(fitted: FittedModel, table: "pd.DataFrame", crop_size: int) -> dict[str, Any]:
    recipe = fitted.recipe
    return {
        "schema": 1,
        "name": fitted.name,
        "title": TITLES[fitted.name],
        "crop_size": crop_size,
        "preprocessing": {
            "input_size": recipe.input_size,
            "low_percentile": recipe.low_percentile,
            "high_percentile": recipe.high_percentile,
        },
        "views": list(recipe.views),
        "embedding_size": fitted.embedding_size,
        "cam_grid": list(fitted.cam_grid),
        "parameters": fitted.parameters,
        "trained_on": trained_on(table),
        "settings": asdict(recipe),
        "metrics": {},
    }


def trained_on(table: "pd.DataFrame") -> str:
    """Return of a card what its model learned from: "official" for a whole official split alone."""
    training = table[table["split"] == "train"]
    recorded = table.get("abnormality_type", table["split"].map(lambda _: None))
    kinds = [kind for kind in KIND_WORDS if (recorded == kind).any()]
    named = " and ".join(KIND_WORDS[kind] for kind in kinds)
    official = [kind for kind in KIND_WORDS if _is_official(table, kind)]
    if official and kinds in ([], official):
        return _origin(training, f"CBIS-DDSM {KIND_WORDS[official[0]]}, official training split:")
    if "case_id" in table and table["case_id"].astype(str).str.fullmatch(CBIS_DDSM_CASE).all():
        return _origin(training, f"CBIS-DDSM {named}, not the whole official split:")
    return _origin(training, f"the training rows of the given crops{f' ({named})' * bool(named)}:")


def _is_official(table: "pd.DataFrame", kind: str) -> bool:
    """Return whether both splits have the official numbers of crops, patients and pathologies."""
    for split in SPLITS:
        rows = table[table["split"] == split]
        crops, patients, _, _, *labels = OFFICIAL_COUNTS[kind, split]
        counts, expected = [len(rows), rows["patient_id"].nunique()], [crops, patients]
        if "pathology" in rows:
            counts += [int((rows["pathology"] == name).sum()) for name in COUNTED[4:]]
            expected += labels
        if counts != expected:
            return False
    return True


def _origin(rows: "pd.DataFrame", words: str) -> str:
    return f"{words} {len(rows):,} crops of {rows['patient_id'].nunique():,} patients"


def _figures(
    rows: "pd.DataFrame", p: ArrayLike, card: Card
) -> dict[str, dict[str, dict[str, float | None]]]:
    """Return the figures of each unit, rounded; JSON has no word for NaN and infinity."""
    columns = rows["label"].astype(int), p, rows["patient_id"], rows["lesion_id"]
    figures: dict[str, dict[str, dict[str, float | None]]] = {}
    for unit in UNITS:
        model = EvaluatedModel.of_card(card, unit)
        found = headline_metrics(
            *columns, model.thresholds["youden"], unit,
            two_views=model.two_views, bounds=model.bounds,
        )  # fmt: skip
        figures[unit] = {
            name: {
                end: round(float(value), DIGITS) if math.isfinite(value) else None
                for end, value in figure.as_dict().items()
            }
            for name, figure in found.items()
        }
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = command_parser("mammo.training.release", __doc__)
    parser.add_argument("--out", type=Path, help="artifacts folder whose cards to change")
    out = parser.parse_args(arguments).out or artifacts_folder()
    return exit_status("mammo.training.release", lambda: add_readings(out), out)


if __name__ == "__main__":
    raise SystemExit(main())
