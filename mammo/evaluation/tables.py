"""Columns that line up: the one table form of the print-out."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from mammo.evaluation.operating import THRESHOLD_TITLES
from mammo.evaluation.rates import CLINIC_NAMES, ClassFigures
from mammo.evaluation.tree import (
    CalibrationEvaluation,
    ModelEvaluation,
    RadiologistEvaluation,
    SplitEvaluation,
)
from mammo.text import Estimate, estimate, number, p_value, percent_estimate, signed_estimate

INDENT = "  "
GAP = "   "


def aligned(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a heading and rows as lines, the first column to the left, the others to the right.

    Examples
    --------
    >>> for line in aligned(["Ranking", "CNN"], [["AUC", "0.700"], ["partial AUC", "0.2"]]):
    ...     print(line)
    Ranking           CNN
      AUC           0.700
      partial AUC     0.2
    """
    cells = [[INDENT + row[0], *row[1:]] for row in rows]
    widths = [
        max(len(line[place]) for line in [head, *cells] if place < len(line))
        for place in range(len(head))
    ]
    return [_line(line, widths) for line in [list(head), *cells]]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first = cells[0].ljust(widths[0])
    rest = [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=False)]
    return GAP.join([first, *rest]).rstrip()


_RATE_ROWS: tuple[tuple[str, str, Callable[[Estimate], str]], ...] = (
    ("sensitivity", "sensitivity", percent_estimate),
    ("specificity", "specificity", percent_estimate),
    ("PPV in these cases", "ppv", percent_estimate),
    ("NPV in these cases", "npv", percent_estimate),
    ("accuracy", "accuracy", percent_estimate),
    ("balanced accuracy", "balanced_accuracy", percent_estimate),
    ("F1", "f1", estimate),
    ("positive likelihood ratio", "positive_likelihood_ratio", lambda one: estimate(one, 2)),
    ("negative likelihood ratio", "negative_likelihood_ratio", lambda one: estimate(one, 2)),
)
_CLINIC_TITLES = {
    "ppv": "PPV",
    "npv": "NPV",
    "flagged_per_1000": "flagged, of 1,000",
    "missed_per_1000": "malignant missed, of 1,000",
    "false_alarms_per_1000": "benign flagged, of 1,000",
}
_DECISION_THRESHOLDS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)


def _titles(split: SplitEvaluation) -> list[str]:
    return [model.title for model in split.models.values()]


def _row(split: SplitEvaluation, title: str, cell: Callable[[ModelEvaluation], str]) -> list[str]:
    return [title, *(cell(model) for model in split.models.values())]


def ranking_table(split: SplitEvaluation) -> list[str]:
    """Return AUC (by patients and by DeLong), partial AUC and average precision."""
    share = number(split.counts.malignant / split.counts.cases, 2)
    return aligned(
        ["Ranking", *_titles(split)],
        [
            _row(split, "AUC", lambda model: estimate(model.metrics["auc"])),
            _row(split, "AUC, DeLong by patient", lambda model: estimate(model.auc_delong)),
            _row(
                split,
                "mean specificity where sensitivity >= 90 %",
                lambda model: estimate(model.metrics["partial_auc"]),
            ),
            _row(
                split,
                "sensitivity at 90 % specificity",
                lambda model: percent_estimate(model.metrics["sensitivity_at_specificity_90"]),
            ),
            _row(
                split,
                "specificity at 90 % sensitivity",
                lambda model: percent_estimate(model.metrics["specificity_at_sensitivity_90"]),
            ),
            _row(
                split,
                f"average precision (useless: {share})",
                lambda model: estimate(model.metrics["average_precision"]),
            ),
        ],
    )


def difference_table(split: SplitEvaluation) -> list[str]:
    """Return every difference in AUC with its tests; nothing for a single model alone."""
    pairs = list(split.comparisons)
    if split.radiologists is not None:
        pairs += split.radiologists.comparisons
    if not pairs:
        return []
    rows = [
        [
            f"{_name(split, pair.first)} - {_name(split, pair.second)}",
            signed_estimate(pair.auc_difference),
            p_value(pair.clustered_delong.p_value),
            p_value(pair.delong.p_value),
        ]
        for pair in pairs
    ]
    head = [
        "Difference in AUC",
        "over patients",
        "DeLong by patient",
        "DeLong, cases as independent",
    ]
    return aligned(head, rows)


def mcnemar_table(split: SplitEvaluation) -> list[str]:
    """Return how many cases one of two models alone gets right at each shared threshold."""
    rows = [
        [
            f"{_name(split, pair.first)} alone / {_name(split, pair.second)} alone, at "
            f"{THRESHOLD_TITLES.get(name, name)}",
            f"{test.only_first_right} / {test.only_second_right}",
            p_value(test.p_value),
        ]
        for pair in split.comparisons
        for name, test in pair.mcnemar.items()
    ]
    return aligned(["Right where the other is wrong", "cases", "McNemar, exact"], rows)


def _name(split: SplitEvaluation, name: str) -> str:
    return split.models[name].title if name in split.models else name


def radiologist_table(recorded: RadiologistEvaluation) -> list[str]:
    """Return the radiologists' AUC and biopsy point."""
    point = recorded.biopsy
    table = point.confusion
    return aligned(
        [
            "Radiologists: recorded BI-RADS (1 < 2 < 3 < 0 < 4 < 5)",
            f"{recorded.counts.cases:,} cases",
        ],
        [
            ["AUC", estimate(recorded.auc)],
            ["sensitivity of biopsy (4 or 5)", percent_estimate(point.rates["sensitivity"])],
            ["specificity of biopsy (4 or 5)", percent_estimate(point.rates["specificity"])],
            [
                "malignant found / missed, benign flagged / spared",
                f"{table.true_positive} / {table.false_negative}, "
                f"{table.false_positive} / {table.true_negative}",
            ],
        ],
    )


def point_table(split: SplitEvaluation, name: str, title: str) -> list[str]:
    """Return counts and rates at one named threshold."""
    models = {key: model for key, model in split.models.items() if name in model.points}
    points = [model.points[name] for model in models.values()]
    tables = [point.confusion for point in points]
    rows = [
        ["flagged where p >=", *(number(point.threshold, 4) for point in points)],
        [
            "malignant: found / missed",
            *(f"{table.true_positive} / {table.false_negative}" for table in tables),
        ],
        [
            "benign: flagged / spared",
            *(f"{table.false_positive} / {table.true_negative}" for table in tables),
        ],
    ]
    for label, key, form in _RATE_ROWS:
        rows.append([label, *(form(point.rates[key]) for point in points)])
    return aligned([f"Threshold: {title}", *(model.title for model in models.values())], rows)


def report_table(split: SplitEvaluation, name: str, title: str) -> list[str]:
    """Return the classification report of each model at one named threshold."""
    rows = []
    for model in split.models.values():
        if name in model.reports:
            report = model.reports[name]
            rows += [
                _report_row(f"{model.title}, benign", report.benign),
                _report_row(f"{model.title}, malignant", report.malignant),
                _report_row(f"{model.title}, macro average", report.macro_average),
                _report_row(f"{model.title}, weighted average", report.weighted_average),
            ]
    return aligned([f"Report: {title}", "precision", "recall", "F1", "cases"], rows)


def _report_row(title: str, figures: ClassFigures) -> list[str]:
    shares = (figures.precision, figures.recall, figures.f1)
    return [title, *(number(share) for share in shares), f"{figures.support:,}"]


def clinic_table(split: SplitEvaluation, name: str, title: str) -> list[str]:
    """Return what one named threshold does at other shares of malignant lesions."""
    models = [model for model in split.models.values() if name in model.points]
    rows = []
    for place, clinic in enumerate(models[0].points[name].clinics):
        share = number(100 * clinic.prevalence, 1)
        for key in CLINIC_NAMES:
            cells = [model.points[name].clinics[place].figures[key] for model in models]
            form = percent_estimate if key in ("ppv", "npv") else _count
            rows.append([f"{share} % malignant: {_CLINIC_TITLES[key]}", *map(form, cells)])
    return aligned([f"In a clinic: {title}", *(model.title for model in models)], rows)


def _count(figure: Estimate) -> str:
    return estimate(figure, 0)


def calibration_table(split: SplitEvaluation) -> list[str]:
    """Return Brier score with its parts, ECE and recalibration line."""

    def plain(title: str, cell: Callable[[CalibrationEvaluation], float]) -> list[str]:
        return _row(split, title, lambda model: number(cell(model.calibration)))

    return aligned(
        ["Calibration", *_titles(split)],
        [
            _row(split, "Brier score", lambda model: estimate(model.metrics["brier"])),
            plain("= reliability (0 is best)", lambda one: one.brier.reliability),
            plain("- resolution", lambda one: one.brier.resolution),
            plain("+ uncertainty", lambda one: one.brier.uncertainty),
            plain("+ within bins", lambda one: one.brier.within_bins),
            _row(split, "ECE, 10 equal-mass bins", lambda model: estimate(model.metrics["ece"])),
            plain("slope (1 is best)", lambda one: one.line.slope),
            plain("calibration in the large (0 is best)", lambda one: one.line.in_the_large),
            plain("observed / expected (1 is best)", lambda one: one.line.observed_to_expected),
            plain("Brier score before calibration", lambda one: one.uncalibrated_brier),
            plain("ECE before calibration", lambda one: one.uncalibrated_ece),
        ],
    )


def reliability_tables(split: SplitEvaluation) -> Iterator[list[str]]:
    """Return, for each model, what was said and what came true, bin by bin."""
    for model in split.models.values():
        rows = [
            [
                f"{number(100 * one.lowest_p, 1)} to {number(100 * one.highest_p, 1)} %",
                f"{one.n:,}",
                f"{number(100 * one.mean_p, 1)} %",
                percent_estimate(one.observed),
            ]
            for one in model.calibration.reliability
        ]
        yield aligned(
            [f"Reliability: {model.title}, p", "cases", "mean p", "malignant (Wilson)"], rows
        )


def decision_table(split: SplitEvaluation) -> list[str]:
    """Return net benefit in true positives of 1,000 cases at a few thresholds."""
    curves = [model.decision for model in split.models.values()]
    rows = []
    for threshold in _DECISION_THRESHOLDS:
        place = int(np.argmin(np.abs(curves[0].thresholds - threshold)))
        cells = [
            _count(
                Estimate(*(1000 * float(part[place]) for part in (one.model, one.low, one.high)))
            )
            for one in curves
        ]
        everyone = number(1000 * float(curves[0].treat_all[place]), 0)
        rows.append([f"p >= {threshold:.2f}", *cells, everyone, "0"])
    return aligned(
        ["Net benefit, true positives of 1,000", *_titles(split), "flag all", "flag none"], rows
    )


def subgroup_table(split: SplitEvaluation) -> list[str]:
    """Return each subgroup's size, each model's AUC in it, and what to mind."""
    rows = [
        [
            group.title,
            f"{group.counts.cases:,}",
            f"{group.counts.malignant:,}",
            *(_narrow(group.models[name].auc) for name in split.models),
        ]
        for group in split.subgroups
    ]
    head, *lines = aligned(["AUC in subgroups", "cases", "malignant", *_titles(split)], rows)
    notes = [group.note for group in split.subgroups]
    return [head, *(f"{line}   {note}".rstrip() for line, note in zip(lines, notes, strict=True))]


def _narrow(figure: Estimate) -> str:
    return "undefined" if math.isnan(figure.value) else estimate(figure, 2)
