"""Rebuild the artifacts from CBIS-DDSM: both models, or one.

    python -m mammo.train --data DIR
    python -m mammo.train --data DIR --models simple_cnn --epochs 5 --out try

For each model: patient-grouped folds on the training split (out-of-fold scores), a final fit on
all of it, calibration and thresholds from the out-of-fold scores, and one scoring of the official
test set. After an interruption, run the same command to resume. The old artifacts stay in
place until the new ones are complete. A model that is not trained again is kept if it learned from
the same data; otherwise the command stops before it trains. At the end it prints the performance.
To use other artifacts than the release: `MAMMO_ARTIFACTS=DIR streamlit run app.py`.
"""

import argparse
import dataclasses
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mammo.artifacts import (
    artifacts_folder,
    check_replaceable,
    models_to_carry_over,
    staged_artifacts,
)
from mammo.artifacts.swap import write_lock
from mammo.command_line import as_typed, command_parser, exit_status, set_tensorflow_up
from mammo.data.preparation.run import ABNORMALITIES, prepared_folder
from mammo.data.splits import patient_folds
from mammo.data.table import fingerprint, load_training_crops
from mammo.errors import SettingsError, TrainingError
from mammo.settings import MODELS, RECIPES, TITLES, Recipe, TrainSettings, with_overrides
from mammo.training.release import (
    FittedModel,
    figures_in_words,
    release_model,
    run_facts,
    write_cases,
)

if TYPE_CHECKING:
    import keras

    from mammo.training.crossfit import TrainingCrops

WORK_FOLDER = ".mammo-work"
FREE_SPACE_GB = 3.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    parser = _parser()
    options = parser.parse_args(given)
    set_tensorflow_up()

    def train() -> None:
        command = as_typed("mammo.train", given)
        settings = _settings(options)
        data = prepared_folder(
            options.data, options.prepared, options.abnormality, options.partial, command
        )
        run_training(dataclasses.replace(settings, data=data), command)

    return exit_status("mammo.train", train, options.work or options.out or artifacts_folder())


def run_training(settings: TrainSettings, command: str) -> None:
    """Fit the models of the settings and put their artifacts in place."""
    check_replaceable(settings.out)
    table, crops = load_training_crops(settings.data)
    name_of_data = fingerprint(table, crops)
    models_to_carry_over(settings.out, name_of_data, settings.models)  # refuses before the fits
    _check_space(settings.work)
    from mammo.training.crossfit import TrainingCrops
    from mammo.training.export import export_onnx, serving_model

    learnt = (table["split"] == "train").to_numpy()
    half, half_crops = table[learnt].reset_index(drop=True), crops[learnt]
    labels, patients = half["label"].to_numpy(), half["patient_id"].to_numpy()
    folds = patient_folds(labels, patients, settings.folds, settings.seed)
    data = TrainingCrops(half_crops, labels, folds, fingerprint(half, half_crops))
    facts = run_facts(settings, command, table, name_of_data)
    run = settings.work / settings.run_key(name_of_data)
    with write_lock(run, wait_s=0):  # a second run would write the same checkpoints
        # A teacher is shown after its pupil; fitted before it, its fits serve both.
        fits = {name: _fit_model(name, settings, data, run) for name in reversed(settings.models)}
        with staged_artifacts(settings.out, facts) as stage:
            scores = []
            for network, fitted in (fits[name] for name in settings.models):
                export_onnx(serving_model(network), stage / fitted.name / "model.onnx")
                network.save_weights(stage / fitted.name / "model.weights.h5")
                scores.append(release_model(fitted, table, crops, stage / fitted.name))
            write_cases(table, scores, stage / "cases.csv")
    print(f"Wrote {', '.join(TITLES[name] for name in settings.models)} to {settings.out}.")
    print(figures_in_words(settings.out, settings.models))
    shutil.rmtree(run, ignore_errors=True)


def _fit_model(
    name: str, settings: TrainSettings, data: "TrainingCrops", run: Path
) -> tuple["keras.Model", FittedModel]:
    """Fit every fold, then all crops, with one bar for all of them and the time left."""
    from tqdm import tqdm

    from mammo.training.crossfit import FINAL, fit_fold, fit_plan, follow
    from mammo.training.export import serving_model
    from mammo.training.networks import ARCHITECTURES

    plan = fit_plan(name, settings, run)
    epochs = sum(stage.epochs for stage in ARCHITECTURES[name].stages(plan.recipe))
    logits = np.empty(len(data.labels))
    history: list[dict[str, Any]] = []
    total = (settings.folds + 1) * epochs
    with tqdm(total=total, unit="epoch", smoothing=0.1) as bar:
        for fold in range(settings.folds):
            words = f"{TITLES[name]}, fold {fold + 1} of {settings.folds}"
            _, held_out, rows = fit_fold(plan, data, fold, follow(bar, words, fold * epochs))
            logits[data.fold == fold] = held_out
            history += rows
        last = follow(bar, f"{TITLES[name]}, final fit", total - epochs)
        network, _, rows = fit_fold(plan, data, FINAL, last)
    _, embedding, cam, _ = serving_model(network).outputs
    fitted = FittedModel(
        name, plan.recipe, logits, data.fold, history + rows, int(embedding.shape[-1]),
        (int(cam.shape[1]), int(cam.shape[2])), int(network.count_params()),
    )  # fmt: skip
    return network, fitted


def _check_space(work: Path) -> None:
    work.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(work).free / 1e9
    if free < FREE_SPACE_GB:
        raise TrainingError(
            f"Training needs {FREE_SPACE_GB:.0f} GB of free space in {work}. Received: {free:.1f} "
            "GB. Free some space, or name another folder with --work."
        )


def _parser() -> argparse.ArgumentParser:
    parser = command_parser("mammo.train", __doc__)
    add = parser.add_argument
    add(
        "--data", type=Path, required=True, help="folder of prepared crops, or a CBIS-DDSM download"
    )
    add("--prepared", type=Path, help="folder for the crops of a download (default: beside it)")
    add(
        "--abnormality",
        default="mass",
        choices=ABNORMALITIES,
        help="kind of lesion to prepare from a download (default: %(default)s)",
    )
    add("--partial", action="store_true", help="accept an incomplete data set")
    add("--out", type=Path, help="artifacts folder to write (default: MAMMO_ARTIFACTS)")
    add("--work", type=Path, help=f"folder for checkpoints (default: {WORK_FOLDER} beside --out)")
    add("--models", nargs="+", default=list(MODELS), choices=MODELS)
    add("--seed", type=int, default=TrainSettings.seed)
    add("--folds", type=int, default=TrainSettings.folds)
    weights = TrainSettings.imagenet_weights
    add("--imagenet-weights", default=weights, metavar="imagenet|PATH|none")
    recipe = parser.add_argument_group("recipe (for each model named; default: the model's own)")
    for item in dataclasses.fields(Recipe):
        kind = float if isinstance(item.default, float) else int
        default = ", ".join(f"{name} {getattr(RECIPES[name], item.name):g}" for name in MODELS)
        flag = "--" + item.name.replace("_", "-")
        recipe.add_argument(flag, type=kind, help=f"default: {default}")
    return parser


def _settings(options: argparse.Namespace) -> TrainSettings:
    out = options.out if options.out is not None else artifacts_folder()
    if options.out is None and Path(__file__).parent in out.parents:
        raise SettingsError(
            "Where mammo is installed as a package, --out expects a folder for the new artifacts. "
            "Received: none. Name one; MAMMO_ARTIFACTS=DIR mammo app then opens the app with it."
        )
    work = options.work if options.work is not None else out.resolve().parent / WORK_FOLDER
    overrides = {item.name: getattr(options, item.name) for item in dataclasses.fields(Recipe)}
    recipes = {name: with_overrides(RECIPES[name], overrides) for name in options.models}
    return TrainSettings(
        options.data, out, work, tuple(options.models), options.seed, options.folds,
        options.imagenet_weights, recipes,
    )  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
