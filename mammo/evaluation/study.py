"""The whole evaluation of a table of cases: every figure that page, card, README and command show.

evaluation = evaluate(load_cases(), models, unit="lesion")
evaluation.splits["test"].models["mobilenetv2"].metrics["auc"]
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mammo.errors import DataError
from mammo.evaluation.bootstrap import RESAMPLES, SEED
from mammo.evaluation.cases import CropTable, EvaluatedModel, read_cases
from mammo.evaluation.checks import as_confidence
from mammo.evaluation.compare import Reader, compare_pairs, evaluate_radiologists
from mammo.evaluation.headline import ScoreFigures, score_figures
from mammo.evaluation.interval import CONFIDENCE
from mammo.evaluation.radiologists import suspicion
from mammo.evaluation.sample import Plan, Sample, draw_sample
from mammo.evaluation.study_model import evaluate_model, evaluate_subgroup
from mammo.evaluation.subgroups import Columns, find_subgroups
from mammo.evaluation.thresholds import named_thresholds
from mammo.evaluation.tree import SCHEMA, Evaluation, RadiologistEvaluation, SplitEvaluation
from mammo.evaluation.units import Unit
from mammo.evaluation.wording import headline

SPLITS = {
    "test": ("test", "the test split"),
    "train": ("out_of_fold", "the training split, out of fold"),
    "external": ("external", "the external cases"),
}


OFFICIAL_TEST = ((378, 201), (326, 151))
"""Crops and patients of CBIS-DDSM's official test splits, of masses and of calcifications."""


def evaluate(
    cases: Columns,
    models: Sequence[EvaluatedModel],
    unit: Unit = "crop",
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
    confidence: float = CONFIDENCE,
) -> Evaluation:
    """Evaluate models on every split of a table of cases.

    Rows of split "train" must carry out-of-fold scores. Thresholds that a model does not bring are
    chosen on its training rows.

    Parameters
    ----------
    cases : columns of crops as in `artifacts/cases.csv` (see `mammo.evaluation.cases`); a DataFrame
        or a dict of arrays
    models : sequence of EvaluatedModel, one or more
    unit : "crop", "lesion" or "patient"
    resamples : int, 100 or more
    seed : int
    confidence : float, above 0 and below 1

    Returns
    -------
    Evaluation, splits in the order test, out_of_fold, others

    Raises
    ------
    DataError
        A missing column, no scored crop, labels other than 0 and 1, p outside 0..1, no thresholds
        and no training rows to choose them on.
    SettingsError
        A setting outside its values.

    Examples
    --------
    >>> columns = {"label": [0, 0, 1, 1], "patient_id": [1, 2, 3, 4], "split": ["test"] * 4}
    >>> columns["cnn_p"] = [0.1, 0.4, 0.35, 0.8]
    >>> result = evaluate(columns, [EvaluatedModel("cnn", "CNN", {"youden": 0.4})], resamples=100)
    >>> result.splits["test"].models["cnn"].metrics["auc"].value
    0.75
    """
    if not models:
        raise DataError("expected at least one model to evaluate, received none")
    table, notes = read_cases(cases, models)
    ready = tuple(_with_thresholds(model, table) for model in models)
    plan = Plan(unit, ready, resamples, seed, as_confidence(confidence))
    found = dict.fromkeys([*SPLITS, *np.unique(table.splits).tolist()])
    present = [split for split in found if (table.splits == split).any()]
    splits = [_evaluate_split(split, table.take(table.splits == split), plan) for split in present]
    return Evaluation(
        SCHEMA,
        unit,
        plan.confidence,
        resamples,
        seed,
        {model.name: model.thresholds for model in ready},
        {model.name: model.calibration for model in ready},
        notes,
        {split.name: split for split in splits},
    )


def _with_thresholds(model: EvaluatedModel, table: CropTable) -> EvaluatedModel:
    if model.thresholds:
        return model
    training = table.splits == "train"
    if not training.any():
        raise DataError(
            f"no threshold is given for {model.title} and no training row to choose one on: give "
            "the thresholds of its card"
        )
    chosen = named_thresholds(table.labels[training], table.p[model.name][training])
    return replace(model, thresholds=chosen)


def _evaluate_split(split: str, crops: CropTable, plan: Plan) -> SplitEvaluation:
    sample = draw_sample(crops, plan)
    labels, patients = sample.units.labels, sample.units.patients
    name, title = SPLITS.get(split, (split, f"the split {split}"))
    if split == "test" and (sample.counts.crops, sample.counts.patients) in OFFICIAL_TEST:
        title = "the official test split"
    figures = {
        model.name: score_figures(labels, sample.p[model.name], sample.bootstrap, plan.confidence)
        for model in plan.models
    }
    readers = [_reader(model, sample, figures[model.name]) for model in plan.models]
    result = SplitEvaluation(
        name,
        title,
        "",
        sample.counts,
        {
            model.name: evaluate_model(model, sample, figures[model.name], plan)
            for model in plan.models
        },
        compare_pairs(labels, patients, readers, plan.confidence),
        _radiologists(crops, sample, plan),
        tuple(evaluate_subgroup(group, crops, plan) for group in find_subgroups(crops.descriptors)),
    )
    return replace(result, headline=headline(result, plan.unit, plan.confidence))


def _reader(model: EvaluatedModel, sample: Sample, figures: ScoreFigures) -> Reader:
    p = sample.p[model.name]
    flagged = {name: p >= threshold for name, threshold in model.thresholds.items()}
    return Reader(model.name, p, figures.metrics["auc"], figures.auc_resampled, flagged)


def _radiologists(crops: CropTable, sample: Sample, plan: Plan) -> RadiologistEvaluation | None:
    if "assessment" not in crops.descriptors:
        return None
    ranks = suspicion(crops.descriptors["assessment"])
    assessed = ~np.isnan(ranks)
    if not assessed.any():
        return None
    if not assessed.all():
        sample = draw_sample(crops.take(assessed), plan)
    return evaluate_radiologists(
        sample.units, sample.counts, ranks[assessed], sample.p, sample.bootstrap, plan.confidence
    )
