"""One model on one sample: ranking, thresholds, calibration, decision curve, subgroups."""

from mammo.evaluation.arithmetic import Booleans, Floats
from mammo.evaluation.cases import CropTable, EvaluatedModel
from mammo.evaluation.decision import decision_curve
from mammo.evaluation.delong import delong_interval
from mammo.evaluation.headline import ScoreFigures, at_ninety, auc_interval
from mammo.evaluation.operating import operating_point
from mammo.evaluation.reliability import (
    brier_decomposition,
    brier_score,
    calibration_line,
    expected_calibration_error,
    reliability_curve,
)
from mammo.evaluation.report import classification_report
from mammo.evaluation.sample import Plan, Sample, draw_sample
from mammo.evaluation.subgroups import FEWEST, SubgroupCrops, size_note
from mammo.evaluation.tree import (
    CalibrationEvaluation,
    ModelEvaluation,
    Subgroup,
    SubgroupFigures,
)
from mammo.text import Estimate

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
