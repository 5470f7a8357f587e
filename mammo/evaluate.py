"""Print the performance of the trained models: `python -m mammo.evaluate`.

    python -m mammo.evaluate                          the official test set, and out of fold
    python -m mammo.evaluate --unit lesion --json OUT the same per lesion, and as JSON
    python -m mammo.evaluate --data DIR               any folder of prepared crops, scored now
    python -m mammo.evaluate --figures DIR            its figures for papers, as PNG and SVG

Without --data it reads the scores in `artifacts/cases.csv`. TensorFlow is not needed.
"""

import argparse
import importlib.util
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mammo.artifacts import load_card, load_cases, load_manifest
from mammo.command_line import (
    check_folder,
    check_output,
    exit_status,
    is_json_with,
    program_name,
    starts_with_mark,
    write_output,
)
from mammo.errors import DataError, SettingsError
from mammo.evaluation import RESAMPLES, SEED, UNITS, EvaluatedModel, Evaluation, Unit, evaluate
from mammo.evaluation.calibration import observed_to_expected
from mammo.evaluation.evaluation import as_json
from mammo.evaluation.operating import moved_to_prevalence
from mammo.evaluation.printout import print_out
from mammo.evaluation.units import group_units
from mammo.text import estimate, percentage

if TYPE_CHECKING:
    import pandas as pd


def evaluate_artifacts(
    folder: Path | None = None,
    unit: Unit = "crop",
    *,
    data: Path | None = None,
    models: Sequence[str] = (),
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Evaluation:
    """Evaluate trained artifacts on their own held-out scores, or on other crops.

    Parameters
    ----------
    folder : Path, the artifacts; by default `$MAMMO_ARTIFACTS` or the release beside the package
    unit : "crop", "lesion" or "patient"
    data : Path of prepared crops to score now, or None for the artifacts' `cases.csv`
    models : names of models; all that the artifacts hold by default
    resamples : int, 100 or more
    seed : int, 0 or more

    Returns
    -------
    Evaluation; its splits are "test" and "out_of_fold", or with `data` "external"

    Raises
    ------
    MammoError
        The artifacts do not verify or hold no such model, the crops cannot be read, or the seed or
        the number of resamples is too low.
    """
    if seed < 0:
        raise SettingsError(f"Expected a seed of 0 or more. Received: {seed}. Choose another.")
    names = tuple(models) or tuple(load_manifest(folder).models)
    known = cases = load_cases(folder)
    if data is not None:
        cases = score_folder(data, names, known, folder)
    evaluated = [EvaluatedModel.of_card(load_card(name, folder), unit) for name in names]
    found = evaluate(cases, evaluated, unit, resamples=resamples, seed=seed)
    notes = () if data is None else (_origins(cases), *_prior_shift(found, known))
    return replace(found, notes=(*found.notes, *notes))


def _origins(cases: "pd.DataFrame") -> str:
    """Return the input form: how many crops were cut from films and how many were provided."""
    counts = cases["origin"].value_counts()
    cut, provided = int(counts.get("window", 0)), int(counts.get("provided", 0))
    if not cut + provided:
        return "Input form: crops of unknown origin."
    unknown = len(cases) - cut - provided
    others = f", {unknown:,} of unknown origin" if unknown else ""
    hint = " A provided crop shows less tissue around the lesion, which changes the probability."
    return (
        f"Input form: {cut:,} crops were cut from their mammograms, {provided:,} were provided "
        f"as crops{others}.{hint if provided else ''}"
    )


def _prior_shift(found: Evaluation, known: "pd.DataFrame") -> Iterator[str]:
    """Yield how the prevalence differs from the training patients', and what follows of it."""
    (split,) = found.splits.values()
    learned = known[known["split"] == "train"]
    columns = (learned[name] for name in ("label", "patient_id", "lesion_id"))
    before = float(group_units(split.unit, *columns).labels.mean())
    here = float(split.labels.mean())
    yield (
        f"Prior shift: {percentage(here)} of these {split.noun()} are malignant, "
        f"{percentage(before)} of the training {split.noun()}."
    )
    for name, model in split.models.items() if split.has_both_classes else ():
        p, draws = split.sample.p[name], split.sample.bootstrap
        forms = (p, moved_to_prevalence(p, before, here))
        ratios = [estimate(observed_to_expected(split.labels, form, draws), 2) for form in forms]
        yield (
            f"{model.title}: malignant {split.noun()}, observed / expected (1 is best): "
            f"{ratios[0]}; with the probabilities adjusted for the prior shift: {ratios[1]}."
        )


def score_folder(
    data: Path, models: Sequence[str], known: "pd.DataFrame", folder: Path | None = None
) -> "pd.DataFrame":
    """Score the crops of a folder that no model has learned from."""
    from mammo.data.table import load_crops, read_pixels
    from mammo.inference import load_classifier

    table = _unseen(load_crops(data), known)
    pixels = read_pixels(table)
    table["split"] = "external"
    for name in models:
        print(f"Scoring {len(table):,} crops with {name} ...", file=sys.stderr, flush=True)
        assessments = load_classifier(name, folder).assess(pixels)
        table[f"{name}_p"] = [one.p_malignant for one in assessments]
        table[f"{name}_score"] = [one.score for one in assessments]
    return table


def _unseen(table: "pd.DataFrame", known: "pd.DataFrame") -> "pd.DataFrame":
    learned = known[known["split"] == "train"]
    seen = table["case_id"].isin(learned["case_id"])
    # The two halves of CBIS-DDSM share patients, so her other lesions are no new test either.
    seen |= table["patient_id"].isin(learned["patient_id"])
    if seen.all():
        raise DataError(
            "Expected crops of patients who were not in the training data. Received: "
            f"{len(table):,} crops, all of training patients, on whom the results would be "
            "inflated. Name a folder of other patients."
        )
    if seen.any():
        print(
            f"Left out {int(seen.sum()):,} of {len(table):,} crops: their patients are in the "
            "training data.",
            file=sys.stderr,
        )
    return table[~seen].copy()


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    parser = argparse.ArgumentParser(
        prog=program_name("mammo.evaluate"),
        description="Print the performance of the trained models, with intervals over patients.",
    )
    parser.add_argument(
        "--artifacts", type=Path, metavar="DIR", help="trained artifacts (default: the release)"
    )
    parser.add_argument(
        "--unit", choices=UNITS, default="crop", help="unit of analysis (default: crop)"
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="score these prepared crops instead of cases.csv"
    )
    parser.add_argument(
        "--models", metavar="NAME,NAME", default="", help="models to evaluate (default: all)"
    )
    parser.add_argument(
        "--figures", type=Path, metavar="DIR", help="write the figures to this folder (PNG and SVG)"
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="write every figure to this file")
    parser.add_argument(
        "--resamples",
        type=int,
        default=RESAMPLES,
        help="number of resamples of patients (default: %(default)s)",
    )
    parser.add_argument(
        "--seed", type=int, default=SEED, help="random seed of the resamples (default: %(default)s)"
    )
    return parser


def write_figures(evaluation: Evaluation, folder: Path) -> None:
    """Write the figures of every split as `<split>-<figure>.png` and `.svg`.

    Raises SettingsError where Matplotlib is missing, the folder cannot be written to, or a file of
    such a name is none of these figures.
    """
    _check_figures(folder)
    from mammo.plots.paper import FORMS, MARK, as_file, paper_figures

    def is_figure(path: Path) -> bool:
        return starts_with_mark(path, MARK.encode())

    files = {
        folder / f"{split.name}-{name}.{form}": as_file(figure, form)
        for split in evaluation.splits.values()
        for name, figure in paper_figures(split)
        for form in FORMS
    }
    for path in files:
        check_output(path, is_figure, "A figure")
    for path, content in files.items():
        write_output(path, content, is_figure, "A figure")


def _check_figures(folder: Path) -> None:
    if importlib.util.find_spec("matplotlib") is None:
        raise SettingsError(
            "--figures needs Matplotlib: pip install -r requirements-own-data.txt (or install "
            "mammo with its extra [own-data]), then run again."
        )
    check_folder(folder, "--figures")


_IS_OWN = is_json_with("schema", "unit", "splits")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0, or 1 after an error message."""
    options = build_parser().parse_args(arguments)

    def run() -> None:
        if options.json is not None:
            check_output(options.json, _IS_OWN, "--json")
        if options.figures is not None:
            _check_figures(options.figures)
        evaluation = evaluate_artifacts(
            options.artifacts,
            options.unit,
            data=options.data,
            models=[name for name in options.models.split(",") if name],
            resamples=options.resamples,
            seed=options.seed,
        )
        if options.json is not None:
            # Undefined and infinite figures are null.
            text = json.dumps(as_json(evaluation), indent=1, allow_nan=False) + "\n"
            write_output(options.json, text.encode(), _IS_OWN, "--json")
        print(print_out(evaluation), end="")
        if options.figures is not None:
            write_figures(evaluation, options.figures)

    return exit_status("mammo.evaluate", run, Path())


if __name__ == "__main__":
    sys.exit(main())
