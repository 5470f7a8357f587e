"""The whole evaluation of a table of cases: every figure that page, card, README and command show.

evaluation = evaluate(load_cases(), models, unit="lesion")
evaluation.splits["test"].models["mobilenetv2"].metrics["auc"]
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mammo.errors import DataError
from mammo.evaluation.arithmetic import Booleans, Floats, as_confidence
from mammo.evaluation.bootstrap import (
    CONFIDENCE,
    RESAMPLES,
    SEED,
    PatientBootstrap,
    auc_statistic,
    percentile_interval,
)
from mammo.evaluation.curves import auc, decision_curve
from mammo.evaluation.delong import delong_interval, mcnemar, paired_delong
from mammo.evaluation.edge import difference_interval, rarer_patients, widen_at_the_edge
from mammo.evaluation.operating import named_thresholds, operating_point, point_of_flags
from mammo.evaluation.rates import classification_report
from mammo.evaluation.reliability import (
    brier_decomposition,
    brier_score,
    calibration_line,
    expected_calibration_error,
    reliability_curve,
)
from mammo.evaluation.scores import ScoreFigures, at_ninety, auc_interval, score_figures
from mammo.evaluation.subgroups import (
    FEWEST,
    Columns,
    SubgroupCrops,
    biopsy,
    find_subgroups,
    size_note,
    suspicion,
)
from mammo.evaluation.tree import (
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
from mammo.evaluation.units import (
    Counts,
    CropTable,
    EvaluatedModel,
    Plan,
    Sample,
    Unit,
    Units,
    draw_sample,
    read_cases,
)
from mammo.text import Estimate

SPLITS = {
    "test": ("test", "the test split"),
    "train": ("out_of_fold", "the training split, out of fold"),
    "external": ("external", "the external cases"),
}


OFFICIAL_TEST = ((378, 201), (326, 151))
"""Crops and patients of CBIS-DDSM's official test splits, of masses and of calcifications."""


@dataclass(frozen=True, eq=False)
class Reader:
    """One reader of the cases: scores (u,), AUC, the AUC of each resample, and flags by name."""

    name: str
    scores: Floats
    auc: Estimate
    auc_resampled: Floats
    flagged: Mapping[str, Booleans]


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


# Of women called back after screening 4.4 % have cancer, of those biopsied 28.6 % (PPV1 and PPV3
# of C. D. Lehman et al. (2017), Radiology 283:49-58).
PREVALENCES = (0.044, 0.286)
UNKNOWN = Estimate(float("nan"), float("nan"), float("nan"))


def evaluate_model(
    model: EvaluatedModel, sample: Sample, figures: ScoreFigures, plan: Plan
) -> ModelEvaluation:
    """Return all figures of one model on one sample."""
    labels, p = sample.units.labels, sample.p[model.name]
    points = {
        name: operating_point(
            labels,
            p,
            threshold,
            sample.bootstrap,
            name=name,
            prevalences=PREVALENCES,
            confidence=plan.confidence,
        )
        for name, threshold in model.thresholds.items()
    }
    return ModelEvaluation(
        model.name,
        model.title,
        dict(figures.metrics) | at_ninety(labels, p, sample.bootstrap, plan.confidence),
        delong_interval(labels, p, sample.units.patients, plan.confidence),
        points,
        {name: classification_report(point.confusion) for name, point in points.items()},
        _calibration(labels, p, sample.raw.get(model.name), plan.confidence),
        decision_curve(labels, p, bootstrap=sample.bootstrap, confidence=plan.confidence),
    )


def _calibration(
    labels: Booleans, p: Floats, raw: Floats | None, confidence: float
) -> CalibrationEvaluation:
    return CalibrationEvaluation(
        brier_decomposition(labels, p),
        calibration_line(labels, p),
        reliability_curve(labels, p, confidence=confidence),
        float("nan") if raw is None else brier_score(labels, raw),
        float("nan") if raw is None else expected_calibration_error(labels, raw),
    )


def evaluate_subgroup(group: SubgroupCrops, crops: CropTable, plan: Plan) -> Subgroup:
    """Return all models on the crops of one subgroup, pooled after they were chosen."""
    sample = draw_sample(crops.take(group.crops), plan)
    return Subgroup(
        group.variable,
        group.level,
        group.title,
        sample.counts,
        size_note((sample.counts.malignant, sample.counts.benign), _patients(sample)),
        {model.name: _subgroup_figures(model, sample, plan) for model in plan.models},
    )


def _subgroup_figures(model: EvaluatedModel, sample: Sample, plan: Plan) -> SubgroupFigures:
    labels, p = sample.units.labels, sample.p[model.name]
    threshold = next(iter(model.thresholds.values()))
    point = operating_point(labels, p, threshold, sample.bootstrap, confidence=plan.confidence)
    enough_malignant, enough_benign = (among >= FEWEST for among in _patients(sample))
    return SubgroupFigures(
        auc_interval(labels, p, sample.bootstrap, plan.confidence)
        if enough_malignant and enough_benign
        else UNKNOWN,
        point.rates["sensitivity"] if enough_malignant else UNKNOWN,
        point.rates["specificity"] if enough_benign else UNKNOWN,
    )


def _patients(sample: Sample) -> tuple[int, int]:
    """Return how many patients the malignant and the benign cases belong to."""
    labels = sample.units.labels
    return sample.bootstrap.patients_among(labels), sample.bootstrap.patients_among(~labels)


RADIOLOGISTS = "radiologists"


def compare(
    labels: Booleans, patients: np.ndarray, first: Reader, second: Reader, confidence: float
) -> Comparison:
    """Return first minus second on the same cases, resampled by the same draws.

    References
    ----------
    See `mammo.evaluation.delong` and `mammo.evaluation.delong`.
    """
    gap = first.auc_resampled - second.auc_resampled
    shared = [name for name in first.flagged if name in second.flagged]
    return Comparison(
        first.name,
        second.name,
        difference_interval(first.auc, second.auc, gap, confidence),
        paired_delong(labels, first.scores, second.scores, patients, confidence),
        paired_delong(labels, first.scores, second.scores, None, confidence),
        {name: mcnemar(labels, first.flagged[name], second.flagged[name]) for name in shared},
    )


def compare_pairs(
    labels: Booleans, patients: np.ndarray, readers: list[Reader], confidence: float
) -> tuple[Comparison, ...]:
    """Return each later reader minus each earlier one."""
    return tuple(
        compare(labels, patients, later, earlier, confidence)
        for place, earlier in enumerate(readers)
        for later in readers[place + 1 :]
    )


def evaluate_radiologists(
    units: Units,
    counts: Counts,
    ranks: Floats,
    scores: Mapping[str, Floats],
    bootstrap: PatientBootstrap,
    confidence: float,
) -> RadiologistEvaluation:
    """Return the radiologists' figures on cases that all have an assessment."""
    pooled = units.pool_highest(ranks)
    readers = {
        name: _assessed_reader(name, values, units, bootstrap, confidence)
        for name, values in {RADIOLOGISTS: pooled, **scores}.items()
    }
    recorded = readers.pop(RADIOLOGISTS)
    return RadiologistEvaluation(
        counts,
        recorded.auc,
        delong_interval(units.labels, pooled, units.patients, confidence),
        point_of_flags(
            units.labels, biopsy(pooled), bootstrap, name="biopsy", confidence=confidence
        ),
        tuple(
            compare(units.labels, units.patients, model, recorded, confidence)
            for model in readers.values()
        ),
    )


def _assessed_reader(
    name: str, scores: Floats, units: Units, bootstrap: PatientBootstrap, confidence: float
) -> Reader:
    resampled = bootstrap.distribution(auc_statistic(units.labels, scores))
    drawn = percentile_interval(auc(units.labels, scores), resampled, confidence)
    patients = rarer_patients(units.labels, units.patients)
    return Reader(name, scores, widen_at_the_edge(drawn, patients, confidence), resampled, {})
