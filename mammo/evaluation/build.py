"""The whole evaluation of a table of cases, whose figures share one sample and its resamples.

evaluation = evaluate(load_cases(), models, unit="lesion")
evaluation.splits["test"].models["mobilenetv2"].metrics["auc"]
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mammo.errors import DataError
from mammo.evaluation.arithmetic import Booleans, Floats, as_confidence
from mammo.evaluation.bootstrap import (
    CONFIDENCE,
    RESAMPLES,
    SEED,
    UNKNOWN,
    difference_interval,
    percentile_interval,
    rarer_patients,
    widen_at_the_edge,
)
from mammo.evaluation.curves import Scores, decision_curve
from mammo.evaluation.delong import delong_interval, mcnemar, paired_delong
from mammo.evaluation.evaluation import (
    RADIOLOGISTS,
    SCHEMA,
    CalibrationEvaluation,
    Comparison,
    Evaluation,
    ModelEvaluation,
    RadiologistEvaluation,
    SplitEvaluation,
    Subgroup,
    SubgroupFigures,
    headline,
)
from mammo.evaluation.operating import (
    OperatingPoint,
    named_thresholds,
    operating_point,
    point_of_flags,
)
from mammo.evaluation.ranking import auc, auc_statistic
from mammo.evaluation.rates import classification_report
from mammo.evaluation.reliability import (
    brier_decomposition,
    brier_score,
    calibration_line,
    expected_calibration_error,
    reliability_curve,
)
from mammo.evaluation.scores import at_ninety, auc_interval, score_figures
from mammo.evaluation.subgroups import (
    FEWEST,
    Columns,
    SubgroupCrops,
    biopsy,
    find_subgroups,
    size_note,
    suspicion,
)
from mammo.evaluation.units import (
    CropTable,
    EvaluatedModel,
    Plan,
    Sample,
    Unit,
    draw_sample,
    read_cases,
)

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
    cases : columns of crops as in `artifacts/cases.csv` (see `mammo.evaluation.units`); a DataFrame
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
    plan = Plan(ready, unit, resamples, seed, as_confidence(confidence))
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
    name, title = SPLITS.get(split, (split, f"the split {split}"))
    if split == "test" and (sample.counts.crops, sample.counts.patients) in OFFICIAL_TEST:
        title = "the official test split"
    models = {model.name: _evaluate_model(model, sample, plan) for model in plan.models}
    readers = [model.scores for model in models.values()]
    pairs = [
        _compare(later, earlier, plan.confidence)
        for place, earlier in enumerate(readers)
        for later in readers[place + 1 :]
    ]
    result = SplitEvaluation(
        name,
        title,
        "",
        sample.counts,
        models,
        tuple(pairs),
        _radiologists(sample, plan),
        tuple(
            _evaluate_subgroup(group, crops, plan) for group in find_subgroups(crops.descriptors)
        ),
        sample,
    )
    return replace(result, headline=headline(result, plan.confidence))


def _evaluate_model(model: EvaluatedModel, sample: Sample, plan: Plan) -> ModelEvaluation:
    units, p, bootstrap = sample.units, sample.p[model.name], sample.bootstrap
    labels, confidence = units.labels, plan.confidence
    figures = score_figures(labels, p, bootstrap, confidence)
    points = model_points(model, sample, confidence)
    flagged = {name: p >= threshold for name, threshold in model.thresholds.items()}
    return ModelEvaluation(
        model.name,
        model.title,
        dict(figures.metrics) | at_ninety(labels, p, bootstrap, confidence),
        delong_interval(labels, p, units.patients, confidence),
        points,
        {name: classification_report(point.confusion) for name, point in points.items()},
        _calibration(labels, p, sample.raw.get(model.name)),
        decision_curve(labels, p, bootstrap=bootstrap, confidence=confidence),
        Scores(
            model.name,
            labels,
            units.patients,
            p,
            bootstrap,
            figures.metrics["auc"],
            figures.auc_resampled,
            flagged,
        ),
    )


def model_points(
    model: EvaluatedModel, sample: Sample, confidence: float = CONFIDENCE
) -> dict[str, OperatingPoint]:
    """Return what each named threshold of a model brings on a sample."""
    return {
        name: operating_point(
            sample.units.labels,
            sample.p[model.name],
            threshold,
            sample.bootstrap,
            name=name,
            prevalences=PREVALENCES,
            confidence=confidence,
        )
        for name, threshold in model.thresholds.items()
    }


def _calibration(labels: Booleans, p: Floats, raw: Floats | None) -> CalibrationEvaluation:
    return CalibrationEvaluation(
        brier_decomposition(labels, p),
        calibration_line(labels, p),
        reliability_curve(labels, p),
        float("nan") if raw is None else brier_score(labels, raw),
        float("nan") if raw is None else expected_calibration_error(labels, raw),
    )


def _compare(first: Scores, second: Scores, confidence: float) -> Comparison:
    """Return first minus second on the same cases, resampled by the same draws."""
    labels, patients = first.labels, first.patients
    gap = first.auc_resampled - second.auc_resampled
    shared = [name for name in first.flagged if name in second.flagged]
    return Comparison(
        first.name,
        second.name,
        difference_interval(first.auc, second.auc, gap, confidence),
        paired_delong(labels, first.suspicion, second.suspicion, patients, confidence),
        paired_delong(labels, first.suspicion, second.suspicion, None, confidence),
        {name: mcnemar(labels, first.flagged[name], second.flagged[name]) for name in shared},
    )


def _radiologists(sample: Sample, plan: Plan) -> RadiologistEvaluation | None:
    """Return the radiologists' figures on those cases that have an assessment."""
    if "assessment" not in sample.crops.descriptors:
        return None
    ranks = suspicion(sample.crops.descriptors["assessment"])
    assessed = ~np.isnan(ranks)
    if not assessed.any():
        return None
    if not assessed.all():
        sample = draw_sample(sample.crops.take(assessed), plan)
    units, bootstrap, confidence = sample.units, sample.bootstrap, plan.confidence
    pooled = units.pool_highest(ranks[assessed])
    recorded = _assessed(RADIOLOGISTS, pooled, sample, confidence)
    return RadiologistEvaluation(
        sample.counts,
        recorded.auc,
        delong_interval(units.labels, pooled, units.patients, confidence),
        point_of_flags(
            units.labels, biopsy(pooled), bootstrap, name="biopsy", confidence=confidence
        ),
        tuple(
            _compare(_assessed(name, p, sample, confidence), recorded, confidence)
            for name, p in sample.p.items()
        ),
        recorded,
    )


def _assessed(name: str, values: Floats, sample: Sample, confidence: float) -> Scores:
    """Return scores of the assessed cases with their AUC."""
    labels, patients, bootstrap = sample.units.labels, sample.units.patients, sample.bootstrap
    resampled = bootstrap.distribution(auc_statistic(labels, values))
    drawn = percentile_interval(auc(labels, values), resampled, confidence)
    area = widen_at_the_edge(drawn, rarer_patients(labels, patients), confidence)
    return Scores(name, labels, patients, values, bootstrap, area, resampled)


def _evaluate_subgroup(group: SubgroupCrops, crops: CropTable, plan: Plan) -> Subgroup:
    """Return all models on the crops of one subgroup, pooled after they were chosen."""
    sample = draw_sample(crops.take(group.crops), plan)
    labels, counts = sample.units.labels, sample.counts
    patients = [sample.bootstrap.patients_among(among) for among in (labels, ~labels)]
    enough = [among >= FEWEST for among in patients]
    return Subgroup(
        group.variable,
        group.level,
        group.title,
        counts,
        size_note((counts.malignant, counts.benign), (patients[0], patients[1])),
        {model.name: _subgroup_figures(model, sample, plan, *enough) for model in plan.models},
    )


def _subgroup_figures(
    model: EvaluatedModel, sample: Sample, plan: Plan, malignant: bool, benign: bool
) -> SubgroupFigures:
    """Return a model's figures; unknown where they need a class that too few patients have."""
    labels, p, bootstrap = sample.units.labels, sample.p[model.name], sample.bootstrap
    threshold = next(iter(model.thresholds.values()))
    rates = operating_point(labels, p, threshold, bootstrap, confidence=plan.confidence).rates
    both = malignant and benign
    return SubgroupFigures(
        auc_interval(labels, p, bootstrap, plan.confidence) if both else UNKNOWN,
        rates["sensitivity"] if malignant else UNKNOWN,
        rates["specificity"] if benign else UNKNOWN,
    )
