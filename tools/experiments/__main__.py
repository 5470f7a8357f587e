"""Train a changed recipe on the release's folds, and hold it against what its file names.

    python -m tools.experiments docs/experiments/cnn-128-fast-mirrored.json --data DIR
    python -m tools.experiments docs/experiments/cnn-128-fast-mirrored.json --data DIR --scored
    python -m tools.experiments docs/experiments/mobilenet-wide-box.json --data DIR --films DIR

Training patients only: the official test half is neither read nor scored. Each fold is kept in the
work folder when it is done, so that a killed run goes on where it was. The result goes to
`docs/experiments.csv`, the out-of-fold scores beside the experiment's file; `--scored` takes those
that stand there and trains nothing. `--films` is for an experiment on crop areas of whole films,
see `tools.experiments.windows`; its controls go to `docs/windows.json`.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mammo.artifacts import load_cases
from mammo.command_line import command_parser, exit_status, set_tensorflow_up
from mammo.data.splits import patient_folds
from mammo.data.table import fingerprint, load_crops, read_pixels
from mammo.errors import SettingsError
from mammo.settings import TrainSettings
from tools.experiments.log import (
    Result,
    base_scores,
    check_outputs,
    compare_scores,
    logged_minutes,
    read_scores,
    verdict,
    write_controls,
    write_result,
    write_scores,
)
from tools.experiments.plan import WORK_FOLDER, Experiment, read_experiment, shuffle_by_lesion
from tools.experiments.windows import controls, read_boxes, window_crops

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = _parser().parse_args(arguments)
    set_tensorflow_up()

    def run() -> None:
        for path in options.experiment:
            result = _run(read_experiment(path), options, path.parent)
            write_result(result, path.parent.with_suffix(".csv"))
            print(
                f"{result.name}: AUC {result.auc:.3f} ({result.auc_low:.3f} to "
                f"{result.auc_high:.3f}), against {result.base} {result.difference:+.3f} "
                f"({result.difference_low:+.3f} to {result.difference_high:+.3f}): "
                f"{result.verdict}."
            )

    return exit_status("tools.experiments", run, options.work)


def _run(experiment: Experiment, options: argparse.Namespace, folder: Path) -> Result:
    table = load_crops(options.data)
    rows = table[table["split"] == "train"].reset_index(drop=True)
    log = folder.with_suffix(".csv")
    check_outputs(log, folder / f"{experiment.name}.csv")
    # The folds are the release's whatever the experiment's seed, so that crops can be paired.
    labels, patients = rows["label"].to_numpy(), rows["patient_id"].to_numpy()
    rows["fold"] = patient_folds(labels, patients, TrainSettings.folds, TrainSettings.seed)
    if experiment.window:
        if not options.films:
            raise SettingsError(f"{experiment.name} is cut from whole films: pass --films DIR.")
        rows = rows.assign(**read_boxes(options.films, rows["case_id"]))
    base = base_scores(experiment.base, experiment.model, load_cases(options.artifacts), folder)
    if options.scored:
        minutes = logged_minutes(experiment.name, log)
    else:
        scores, minutes = out_of_fold_scores(
            rows, experiment, options.work, options.imagenet_weights
        )
        write_scores(scores, folder / f"{experiment.name}.csv")
    logits = read_scores(experiment.name, folder)
    rows["label"] = learned_labels(rows, experiment)
    by_crop, gap = compare_scores(rows, logits, base)
    by_lesion, lesion_gap = compare_scores(rows, logits, base, by_lesion=True)
    changes = [f"{name} {value}" for name, value in experiment.changes.items()]
    if experiment.window:
        changes.append(str(experiment.window))
        figures = controls(rows, logits, base)
        write_controls(experiment.name, figures, folder.with_name("windows.json"))
    if experiment.shuffle_labels:
        changes.append("labels shuffled")
    return Result(
        name=experiment.name, model=experiment.model, changes="; ".join(changes),
        seed=experiment.seed,
        folds=" ".join(map(str, experiment.folds)), crops=len(logits), auc=by_crop.value,
        auc_low=by_crop.low, auc_high=by_crop.high, lesion_auc=by_lesion.value,
        base=experiment.base, difference=gap.value, difference_low=gap.low,
        difference_high=gap.high, lesion_difference=lesion_gap.value, verdict=verdict(gap),
        minutes=minutes, why=experiment.why,
    )  # fmt: skip


def out_of_fold_scores(
    rows: "pd.DataFrame", experiment: Experiment, work: Path, imagenet_weights: str
) -> "tuple[pd.DataFrame, float]":
    """Fit an experiment's folds; return the scores of held-out crops and the minutes it took."""
    import pandas as pd
    from tqdm import tqdm

    from mammo.training.crossfit import TrainingCrops, fit_fold, fit_plan, follow

    fold, features, views = rows["fold"].to_numpy(), work / "features", None
    if window := experiment.window:
        crops, views = window_crops(rows, window, experiment.recipe.input_size, work)
        name_of_data = f"{fingerprint(rows, crops)}, {window}"
        features = work / experiment.name / "features"  # which depend on the boxes too
    else:
        crops = read_pixels(rows)
        name_of_data = fingerprint(rows, crops)
    if experiment.shuffle_labels:
        name_of_data = f"{name_of_data} with shuffled labels"
    data = TrainingCrops(crops, learned_labels(rows, experiment), fold, name_of_data)
    if views:
        data = replace(data, views=views, channels=3)
    settings = TrainSettings(
        Path(), Path(), work, (experiment.model,), experiment.seed,
        imagenet_weights=imagenet_weights, recipes={experiment.model: experiment.recipe},
    )  # fmt: skip
    plan = fit_plan(experiment.model, settings, work / experiment.name)
    plan = replace(plan, features=features)
    if plan.teacher:
        teacher = replace(plan.teacher, work=work / "teacher", features=features)
        plan = replace(plan, teacher=teacher)
    parts, seconds = [], 0.0
    for number in experiment.folds:
        with tqdm(unit="epoch") as bar:
            show = follow(bar, f"{experiment.name}, fold {number}")
            _, logits, history = fit_fold(plan, data, number, show)
        seconds += sum(row["seconds"] for row in history)
        held_out = rows.loc[fold == number, "case_id"].to_numpy()
        parts.append(pd.DataFrame({"case_id": held_out, "fold": number, "logit": logits}))
    return pd.concat(parts, ignore_index=True), seconds / 60


def learned_labels(rows: "pd.DataFrame", experiment: Experiment) -> "NDArray[np.int_]":
    """Return the labels, int (n,), that an experiment learns and is scored by."""
    labels = rows["label"].to_numpy()
    if not experiment.shuffle_labels:
        return np.asarray(labels)
    return shuffle_by_lesion(labels, rows["lesion_id"].to_numpy(), experiment.seed)


def _parser() -> argparse.ArgumentParser:
    parser = command_parser("tools.experiments", __doc__)
    add = parser.add_argument
    add("experiment", type=Path, nargs="+", help="the experiment's JSON file")
    add("--data", type=Path, required=True, help="folder of prepared crops")
    add("--films", type=Path, help="folder of whole films with the lesion boxes")
    add("--scored", action="store_true", help="compare the scores beside the file; train nothing")
    add("--artifacts", type=Path, help="the release's folder")
    add("--work", type=Path, default=WORK_FOLDER, help=f"default: {WORK_FOLDER}")
    weights = TrainSettings.imagenet_weights
    add("--imagenet-weights", default=weights, metavar="imagenet|PATH|none")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
