"""How good the models are and where they fail: figures with intervals, from plain arrays.

Arrays in, floats and frozen dataclasses out; no tables, no plots, nothing heavier than numpy.
Rules that hold throughout:

- Labels are 0 (benign) and 1 (malignant); a case is flagged where its p >= threshold.
- A figure that the cases leave undefined (0 / 0: one class only, nothing flagged) is NaN. Input
  that cannot be evaluated (empty, NaN scores, other labels, p outside 0..1) is a `MammoError`.
- Intervals resample patients, not crops: two views of one lesion are not two witnesses.
- A unit is a crop, a lesion (its views averaged in logits) or a patient (her highest lesion).

    python -m mammo.evaluate --unit lesion
"""

from mammo.evaluation.bootstrap import (
    CONFIDENCE,
    RESAMPLES,
    SEED,
    PatientBootstrap,
    auc_statistic,
    ranking_statistic,
    wilson,
)
from mammo.evaluation.calibration import (
    Calibration,
    CalibrationChoice,
    choose_calibration,
    fit_platt,
    fit_temperature,
    log_loss,
)
from mammo.evaluation.curves import (
    DecisionCurve,
    PrecisionRecallCurve,
    RocBand,
    RocCurve,
    auc,
    average_precision,
    decision_curve,
    net_benefit,
    partial_auc,
    precision_recall_curve,
    roc_band,
    roc_curve,
)
from mammo.evaluation.delong import McNemar, PairedDelong, delong_interval, mcnemar, paired_delong
from mammo.evaluation.evaluation import evaluate
from mammo.evaluation.operating import (
    THRESHOLD_TITLES,
    Clinic,
    OperatingPoint,
    named_thresholds,
    operating_point,
    point_of_flags,
)
from mammo.evaluation.printout import print_out
from mammo.evaluation.rates import (
    RATE_NAMES,
    ClassificationReport,
    Confusion,
    PerThousand,
    classification_report,
    confusion_at,
    per_thousand,
    predictive_values,
)
from mammo.evaluation.reliability import (
    BrierDecomposition,
    CalibrationLine,
    ReliabilityBin,
    brier_decomposition,
    brier_score,
    calibration_line,
    expected_calibration_error,
    reliability_curve,
)
from mammo.evaluation.scores import (
    SCORE_NAMES,
    ScoreFigures,
    auc_interval,
    headline_metrics,
    score_figures,
)
from mammo.evaluation.subgroups import SubgroupCrops, biopsy, find_subgroups, suspicion
from mammo.evaluation.tree import (
    Comparison,
    Evaluation,
    ModelEvaluation,
    RadiologistEvaluation,
    SplitEvaluation,
    Subgroup,
    as_json,
)
from mammo.evaluation.units import (
    UNITS,
    Counts,
    EvaluatedModel,
    Unit,
    Units,
    find_models,
    group_units,
)

__all__ = [
    "CONFIDENCE",
    "RATE_NAMES",
    "RESAMPLES",
    "SCORE_NAMES",
    "SEED",
    "THRESHOLD_TITLES",
    "UNITS",
    "BrierDecomposition",
    "Calibration",
    "CalibrationChoice",
    "CalibrationLine",
    "ClassificationReport",
    "Clinic",
    "Comparison",
    "Confusion",
    "Counts",
    "DecisionCurve",
    "EvaluatedModel",
    "Evaluation",
    "McNemar",
    "ModelEvaluation",
    "OperatingPoint",
    "PairedDelong",
    "PatientBootstrap",
    "PerThousand",
    "PrecisionRecallCurve",
    "RadiologistEvaluation",
    "ReliabilityBin",
    "RocBand",
    "RocCurve",
    "ScoreFigures",
    "SplitEvaluation",
    "Subgroup",
    "SubgroupCrops",
    "Unit",
    "Units",
    "as_json",
    "auc",
    "auc_interval",
    "auc_statistic",
    "average_precision",
    "biopsy",
    "brier_decomposition",
    "brier_score",
    "calibration_line",
    "choose_calibration",
    "classification_report",
    "confusion_at",
    "decision_curve",
    "delong_interval",
    "evaluate",
    "expected_calibration_error",
    "find_models",
    "find_subgroups",
    "fit_platt",
    "fit_temperature",
    "group_units",
    "headline_metrics",
    "log_loss",
    "mcnemar",
    "named_thresholds",
    "net_benefit",
    "operating_point",
    "paired_delong",
    "partial_auc",
    "per_thousand",
    "point_of_flags",
    "precision_recall_curve",
    "predictive_values",
    "print_out",
    "ranking_statistic",
    "reliability_curve",
    "roc_band",
    "roc_curve",
    "score_figures",
    "suspicion",
    "wilson",
]
