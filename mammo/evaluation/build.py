"""The whole evaluation of a table of cases, whose figures share one sample and its resamples.

evaluation = evaluate(load_cases(), models, unit="lesion")
evaluation.splits["test"].models["mobilenetv2"].metrics["auc"]
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from mammo.errors import DataError
from mammo.evaluation.arithmetic import Floats
from mammo.evaluation.bootstrap import (
    CONFIDENCE,
    RESAMPLES,
    SEED,
    UNKNOWN,
    PatientBootstrap,
)
from mammo.evaluation.calibration import brier_interval, ece_interval, evaluate_calibration
from mammo.evaluation.conformal import set_figures
from mammo.evaluation.curves import Scores, decision_curve
from mammo.evaluation.delong import delong_interval, mcnemar, paired_delong
from mammo.evaluation.evaluation import (
    Comparison,
    Evaluation,
    ModelEvaluation,
    RadiologistEvaluation,
    SplitEvaluation,
    Subgroup,
    headline,
)
from mammo.evaluation.operating import (
    OperatingPoint,
    classification_report,
    moved_to_prevalence,
    named_thresholds,
    operating_point,
    point_of_flags,
)
from mammo.evaluation.ranking import auc_interval
from mammo.evaluation.subgroups import (
    FEWEST,
    SubgroupCrops,
    biopsy,
    find_subgroups,
    size_note,
    suspicion,
)
from mammo.evaluation.units import (
    EvaluatedModel,
    Sample,
    Unit,
    Units,
    draw_sample,
    group_units,
    read_cases,
)
from mammo.text import Estimate

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = 1
SPLITS = {
    "test": ("test", "the test split"),
    "train": ("out_of_fold", "the training split, out of fold"),
    "external": ("external", "the external cases"),
}
OFFICIAL_TEST = ((378, 201), (326, 151))
"""Crops and patients of CBIS-DDSM's official test splits, of masses and of calcifications."""
# Of women called back after screening 4.4% have cancer, of those biopsied 28.6% (PPV1 and PPV3 of
# C. D. Lehman et al. (2017), Radiology 283:49-58).
PREVALENCES = (0.044, 0.286)
SCORE_NAMES = ("auc", "partial_auc", "average_precision", "brier", "ece")
RADIOLOGISTS = "radiologists"


def evaluate(
    cases: "pd.DataFrame | Mapping[str, ArrayLike]",
    models: Sequence[EvaluatedModel],
    unit: Unit = "crop",
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Evaluation:
    """Evaluate models on every split of a table of cases.

    Rows of split "train" must carry out-of-fold scores. Thresholds that a model does not bring are
    chosen on its training rows.

    Parameters
    ----------
    cases : columns of crops as in `artifacts/cases.csv` (see `mammo.evaluation.units`); a DataFrame
        or a dict of arrays
    models : sequence of EvaluatedModel, one or more
    unit : "crop", "lesion" or "patient"
    resamples : int, 100 or more
    seed : int

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
    ready = [_with_thresholds(model, table) for model in models]
    draw = partial(draw_sample, models=ready, unit=unit, resamples=resamples, seed=seed)
    by_split = {
        split: table[table["split"] == split]
        for split in dict.fromkeys([*SPLITS, *sorted(set(table["split"]))])
    }
    training = by_split["train"]
    learned = None if training.empty else float(draw(training).units.labels.mean())
    splits = [
        _evaluate_split(split, crops, ready, draw, None if split == "train" else learned)
        for split, crops in by_split.items()
        if not crops.empty
    ]
    return Evaluation(
        SCHEMA,
        unit,
        CONFIDENCE,
        resamples,
        seed,
        {model.name: model.thresholds for model in ready},
        {model.name: model.calibration for model in ready},
        notes,
        {split.name: split for split in splits},
    )


def headline_metrics(
    labels: ArrayLike,
    p: ArrayLike,
    patients: ArrayLike,
    lesions: ArrayLike,
    threshold: float,
    unit: Unit = "crop",
    resamples: int = RESAMPLES,
    two_views: tuple[float, float] = (1.0, 0.0),
    bounds: tuple[float, float] | None = None,
) -> dict[str, Estimate]:
    """Return a model's headline figures from its crops, counted by crop, lesion or patient.

    Parameters
    ----------
    labels : bool or int (n,), 1 malignant, a crop each
    p : float (n,), 0..1, calibrated
    patients, lesions : str or int (n,)
    threshold : float, 0..1
    unit : "crop", "lesion" or "patient"
    resamples : int, 100 or more
    two_views, bounds : as of an `EvaluatedModel`

    Returns
    -------
    dict of Estimate, keys `SCORE_NAMES`, those of `rates_of_counts` and of `set_figures`
    """
    units = group_units(unit, labels, patients, lesions)
    bootstrap = PatientBootstrap(units.patients, resamples=resamples)
    scores = Scores("", units.labels, units.patients, units.pool(p, two_views), bootstrap)
    metrics = _metrics(scores)
    point = operating_point(units.labels, scores.suspicion, threshold, bootstrap)
    figures = {name: metrics[name] for name in SCORE_NAMES} | point.rates
    return figures | _set_figures(bounds, units, scores.suspicion, bootstrap)


def _set_figures(
    bounds: tuple[float, float] | None, units: Units, p: Floats, bootstrap: PatientBootstrap
) -> dict[str, Estimate]:
    """Return the figures of a model's conformal sets; {} without bounds for these cases."""
    among = units.read_by_sets
    if bounds is None or not among.any():
        return {}
    return set_figures(units.labels, p, bounds, bootstrap, among)


def threshold_rates(
    cases: "pd.DataFrame", models: Sequence[EvaluatedModel], unit: Unit = "crop"
) -> dict[str, dict[str, dict[str, Estimate]]]:
    """Return model -> threshold -> rate -> Estimate, over cases of a unit; raises as `evaluate`."""
    sample = draw_sample(read_cases(cases, models)[0], models, unit)
    return {
        model.name: {name: point.rates for name, point in _points(model, sample).items()}
        for model in models
    }


def _with_thresholds(model: EvaluatedModel, table: "pd.DataFrame") -> EvaluatedModel:
    if model.thresholds:
        return model
    training = table[table["split"] == "train"]
    if training.empty:
        raise DataError(
            f"no threshold is given for {model.title} and no training row to choose one on: give "
            "the thresholds of its card"
        )
    chosen = named_thresholds(training["label"], training[f"{model.name}_p"])
    return replace(model, thresholds=chosen)


def _evaluate_split(
    split: str,
    crops: "pd.DataFrame",
    models: Sequence[EvaluatedModel],
    draw: "Callable[[pd.DataFrame], Sample]",
    learned: float | None,
) -> SplitEvaluation:
    sample = draw(crops)
    name, title = SPLITS.get(split, (split, f"the split {split}"))
    if split == "test" and (sample.counts.crops, sample.counts.patients) in OFFICIAL_TEST:
        title = "the official test split"
    found = {model.name: _evaluate_model(model, sample, learned) for model in models}
    result = SplitEvaluation(
        name,
        title,
        "",
        sample.counts,
        found,
        tuple(
            _compare_models(later, earlier) for earlier, later in combinations(found.values(), 2)
        ),
        _radiologists(sample, draw, found),
        tuple(
            _evaluate_subgroup(group, draw(crops[group.crops]), models)
            for group in find_subgroups(crops)
        ),
        sample,
    )
    return replace(result, headline=headline(result))


def _evaluate_model(
    model: EvaluatedModel, sample: Sample, learned: float | None
) -> ModelEvaluation:
    labels, p = sample.units.labels, sample.p[model.name]
    scores = sample.scores(model.name, p)
    points = _points(model, sample)
    return ModelEvaluation(
        model.name,
        model.title,
        _metrics(scores) | _at_own_prevalence(scores, learned),
        delong_interval(labels, p, sample.units.patients),
        points,
        {name: classification_report(point.confusion) for name, point in points.items()},
        evaluate_calibration(labels, p, sample.raw.get(model.name)),
        decision_curve(labels, p, sample.bootstrap),
        _set_figures(model.bounds, sample.units, p, sample.bootstrap),
        scores,
    )


def _metrics(scores: Scores) -> dict[str, Estimate]:
    """Return the figures that need no threshold."""
    cases = scores.labels, scores.suspicion, scores.bootstrap
    found = {**scores.ranking, "brier": brier_interval(*cases), "ece": ece_interval(*cases)}
    return {name: found[name] for name in dict.fromkeys([*SCORE_NAMES, *found])}


def _at_own_prevalence(scores: Scores, learned: float | None) -> dict[str, Estimate]:
    """Return the ECE once the share of malignant cases is stated; `learned` is that of training."""
    stated = float(scores.labels.mean())
    if learned is None or {learned, stated} & {0.0, 1.0}:
        return {}
    p = moved_to_prevalence(scores.suspicion, learned, stated)
    return {"ece_at_own_prevalence": ece_interval(scores.labels, p, scores.bootstrap)}


def _points(model: EvaluatedModel, sample: Sample) -> dict[str, OperatingPoint]:
    """Return what each named threshold of a model brings on a sample."""
    cases = sample.units.labels, sample.p[model.name]
    return {
        name: operating_point(
            *cases, threshold, sample.bootstrap, name=name, prevalences=PREVALENCES
        )
        for name, threshold in model.thresholds.items()
    }


def _compare_models(first: ModelEvaluation, second: ModelEvaluation) -> Comparison:
    labels = first.scores.labels
    tests = {
        name: mcnemar(labels, first.flagged(at.threshold), second.flagged(other.threshold))
        for name, at in first.points.items()
        if (other := second.points.get(name))
    }
    return replace(_compare(first.scores, second.scores), mcnemar=tests)


def _compare(first: Scores, second: Scores) -> Comparison:
    """Return first minus second on the same cases, resampled by the same draws."""
    cases = first.labels, first.suspicion, second.suspicion
    return Comparison(
        first.name,
        second.name,
        first.auc_minus(second),
        paired_delong(*cases, first.patients),
        paired_delong(*cases),
        {},
    )


def _radiologists(
    sample: Sample,
    draw: "Callable[[pd.DataFrame], Sample]",
    models: Mapping[str, ModelEvaluation],
) -> RadiologistEvaluation | None:
    """Return the radiologists' figures on those cases that have an assessment."""
    if "assessment" not in sample.crops:
        return None
    ranks = suspicion(sample.crops["assessment"])
    assessed = ~np.isnan(ranks)
    if not assessed.any():
        return None
    if not assessed.all():
        sample = draw(sample.crops[assessed])
    units = sample.units
    recorded = sample.scores(RADIOLOGISTS, units.pool_highest(ranks[assessed]))
    flagged = biopsy(recorded.suspicion)
    return RadiologistEvaluation(
        sample.counts,
        recorded.auc,
        delong_interval(units.labels, recorded.suspicion, units.patients),
        point_of_flags(units.labels, flagged, sample.bootstrap, name="biopsy"),
        tuple(
            _compare(models[name].scores if assessed.all() else sample.scores(name, p), recorded)
            for name, p in sample.p.items()
        ),
        recorded,
    )


def _evaluate_subgroup(
    group: SubgroupCrops, sample: Sample, models: Sequence[EvaluatedModel]
) -> Subgroup:
    """Return all models on the crops of one subgroup, pooled after they were chosen."""
    labels, counts, bootstrap = sample.units.labels, sample.counts, sample.bootstrap
    patients = bootstrap.patients_among(labels), bootstrap.patients_among(~labels)
    malignant, benign = (among >= FEWEST for among in patients)
    figures = {}
    for model in models:
        p, threshold = sample.p[model.name], next(iter(model.thresholds.values()))
        rates = operating_point(labels, p, threshold, bootstrap).rates
        # What needs a class that too few patients have stays unknown.
        figures[model.name] = {
            "auc": auc_interval(labels, p, bootstrap) if malignant and benign else UNKNOWN,
            "sensitivity": rates["sensitivity"] if malignant else UNKNOWN,
            "specificity": rates["specificity"] if benign else UNKNOWN,
        }
    note = size_note((counts.malignant, counts.benign), patients)
    return Subgroup(group.variable, group.level, group.title, counts, note, figures)
