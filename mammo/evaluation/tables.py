"""Each table of an evaluation once, as a DataFrame: for the print-out, the page and its CSV files.

Tables for people have a row a figure and a column a reader, written out; `long` has a row a reader
and figure, as numbers. pandas is imported when the first table is made.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mammo import text
from mammo.evaluation.arithmetic import is_missing
from mammo.evaluation.curves import THRESHOLDS
from mammo.evaluation.evaluation import (
    Comparison,
    ModelEvaluation,
    RadiologistEvaluation,
    SplitEvaluation,
)
from mammo.evaluation.operating import NAMED_THRESHOLDS, Confusion
from mammo.text import Estimate, estimate, number, p_value, percent_estimate, percentage

if TYPE_CHECKING:
    import pandas as pd

Form = Callable[..., str]
Row = tuple[str, Any, Form]
"""A row of a table: its title, the figure's name, and how the figure is written."""


plain, whole = partial(estimate, decimals=2), partial(estimate, decimals=0)
_RANKING_ROWS: tuple[Row, ...] = (
    ("AUC", "auc", estimate),
    ("AUC, DeLong by patient", "auc_delong", estimate),
    ("mean specificity where sensitivity >= 90%", "partial_auc", estimate),
    ("sensitivity at 90% specificity", "sensitivity_at_specificity_90", percent_estimate),
    ("specificity at 90% sensitivity", "specificity_at_sensitivity_90", percent_estimate),
)
_POINT_ROWS: tuple[Row, ...] = (
    ("flagged where p >=", "threshold", partial(number, decimals=4)),
    ("malignant: true positives / false negatives", "found", str),
    ("benign: false positives / true negatives", "flagged", str),
    ("sensitivity", "sensitivity", percent_estimate),
    ("specificity", "specificity", percent_estimate),
    ("PPV in these cases", "ppv", percent_estimate),
    ("NPV in these cases", "npv", percent_estimate),
    ("accuracy", "accuracy", percent_estimate),
    ("balanced accuracy", "balanced_accuracy", percent_estimate),
    ("F1", "f1", estimate),
    ("positive likelihood ratio", "positive_likelihood_ratio", plain),
    ("negative likelihood ratio", "negative_likelihood_ratio", plain),
)
_CLINIC_TITLES = {
    "ppv": "PPV",
    "npv": "NPV",
    "flagged_per_1000": "flagged per 1,000",
    "missed_per_1000": "false negatives per 1,000",
    "false_alarms_per_1000": "false positives per 1,000",
}
_CALIBRATION_ROWS: tuple[Row, ...] = (
    ("Brier score", "brier", estimate),
    ("= reliability (0 is best)", "reliability", number),
    ("- resolution", "resolution", number),
    ("+ uncertainty", "uncertainty", number),
    ("+ within bins", "within_bins", number),
    ("ECE, 10 equal-mass bins", "ece", estimate),
    ("ECE at the prevalence of these cases", "ece_at_own_prevalence", estimate),
    ("slope (1 is best)", "slope", number),
    ("calibration in the large (0 is best)", "in_the_large", number),
    ("observed / expected (1 is best)", "observed_to_expected", number),
    ("Brier score before calibration", "uncalibrated_brier", number),
    ("ECE before calibration", "uncalibrated_ece", number),
)
_SET_ROWS: tuple[Row, ...] = (
    ("malignant: in the set (aim: 90%)", "coverage_malignant", percent_estimate),
    ("benign: in the set (aim: 90%)", "coverage_benign", percent_estimate),
    ("malignant: cannot tell", "cannot_tell_malignant", percent_estimate),
    ("benign: cannot tell", "cannot_tell_benign", percent_estimate),
    ("correct where the model can tell", "right_if_told", percent_estimate),
)
_DECISION_THRESHOLDS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
_DESCRIPTORS = {
    "mass_shape": "Shape",
    "mass_margins": "Margin",
    "breast_density": "Density",
    "assessment": "BI-RADS",
    "subtlety": "Subtlety",
}
MEASURES = {"auc": "AUC", "sensitivity": "Sensitivity", "specificity": "Specificity"}
CROPS = "Crops"


def wide(
    head: str, readers: Mapping[str, Mapping[Any, Any]], rows: Iterable[Row]
) -> "pd.DataFrame":
    """Return a row a figure and a column a reader, written out; an absent figure is empty.

    `readers` maps a reader's title to figures by name, each as its row's form takes it.

    >>> wide("Rate", {"CNN": {"auc": Estimate(0.7, 0.6, 0.8)}}, [("AUC", "auc", plain)])
      Rate                  CNN
    0  AUC  0.70 (0.60 to 0.80)
    """
    return _frame(
        {
            head: title,
            **{who: form(each[name]) if name in each else "" for who, each in readers.items()},
        }
        for title, name, form in rows
    )


def long(
    readers: Mapping[str, Mapping[str, Estimate]],
    names: Sequence[str],
    **columns: object,
) -> "pd.DataFrame":
    """Return a row a reader and figure, as numbers: its value and the ends of its interval.

    `names` are the figures to list, of those that a reader has; `columns` are the same in each row.
    """
    return _frame(
        {**columns, "reader": who, "figure": name, **each[name].as_dict()}
        for who, each in readers.items()
        for name in names
        if name in each
    )


def _frame(rows: Iterable[Mapping[str, object]]) -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame(list(rows))


def ranking(split: SplitEvaluation) -> "pd.DataFrame":
    """Return AUC (by patients and by DeLong), partial AUC and average precision."""
    share = number(split.counts.malignant / split.counts.cases, 2)
    precision = (f"average precision (useless: {share})", "average_precision", estimate)
    readers = {
        model.title: {**model.metrics, "auc_delong": model.auc_delong}
        for model in split.models.values()
    }
    return wide("Ranking", readers, (*_RANKING_ROWS, precision))


def differences(split: SplitEvaluation) -> "pd.DataFrame":
    """Return every difference in AUC with its tests; no row for a single model alone."""
    return _frame(
        {
            "Difference in AUC": " - ".join(pair_titles(split, pair)),
            "over patients": text.signed_estimate(pair.auc_difference),
            "DeLong by patient": p_value(pair.clustered_delong.p_value),
            "DeLong, cases as independent": p_value(pair.delong.p_value),
        }
        for pair in compared(split)
    )


def compared(split: SplitEvaluation) -> tuple[Comparison, ...]:
    """Return the comparisons of the models with each other, then with the radiologists."""
    recorded = split.radiologists
    return (*split.comparisons, *(recorded.comparisons if recorded else ()))


def pair_titles(
    split: SplitEvaluation, pair: Comparison, radiologists: str = "radiologists"
) -> tuple[str, str]:
    """Return what to call the two of a comparison."""
    titles = {name: model.title for name, model in split.models.items()}
    return titles.get(pair.first, radiologists), titles.get(pair.second, radiologists)


def mcnemars(split: SplitEvaluation) -> "pd.DataFrame":
    """Return how many cases one of two models alone gets right at each shared threshold."""
    return _frame(
        {
            "Right where the other is wrong": f"{first} alone / {second} alone, at "
            f"{_threshold(name)}",
            "cases": f"{test.only_first_right} / {test.only_second_right}",
            "McNemar, exact": p_value(test.p_value),
        }
        for pair in split.comparisons
        for first, second in [pair_titles(split, pair)]
        for name, test in pair.mcnemar.items()
    )


def radiologists(recorded: RadiologistEvaluation) -> "pd.DataFrame":
    """Return the radiologists' AUC and biopsy point."""
    point = recorded.biopsy
    head = "Radiologists: recorded BI-RADS (1 < 2 < 3 < 0 < 4 < 5)"
    rows = {
        "AUC": estimate(recorded.auc),
        "sensitivity of biopsy (4 or 5)": percent_estimate(point.rates["sensitivity"]),
        "specificity of biopsy (4 or 5)": percent_estimate(point.rates["specificity"]),
        "malignant found / missed, benign flagged / spared": ", ".join(_found(point.confusion)),
    }
    cases = f"{recorded.counts.cases:,} cases"
    return _frame({head: title, cases: cell} for title, cell in rows.items())


def _threshold(name: str) -> str:
    """Return what tables call a threshold."""
    return NAMED_THRESHOLDS[name][0] if name in NAMED_THRESHOLDS else name


def _found(table: Confusion) -> tuple[str, str]:
    """Return malignant found / missed, and benign flagged / spared."""
    return (
        f"{table.true_positive} / {table.false_negative}",
        f"{table.false_positive} / {table.true_negative}",
    )


def point(split: SplitEvaluation, name: str) -> "pd.DataFrame":
    """Return counts and rates at one named threshold."""
    readers = {
        model.title: {"threshold": at.threshold, "found": found, "flagged": flagged, **at.rates}
        for model in _with_point(split, name)
        for at in [model.points[name]]
        for found, flagged in [_found(at.confusion)]
    }
    return wide(f"Threshold: {_threshold(name)}", readers, _POINT_ROWS)


def _with_point(split: SplitEvaluation, name: str) -> list[ModelEvaluation]:
    return [model for model in split.models.values() if name in model.points]


def report(split: SplitEvaluation, name: str) -> "pd.DataFrame":
    """Return the classification report of each model at one named threshold."""
    return _frame(
        {
            f"Report: {_threshold(name)}": f"{model.title}, {row.replace('_', ' ')}",
            "precision": number(figures["precision"]),
            "recall": number(figures["recall"]),
            "F1": number(figures["f1"]),
            "cases": f"{figures['support']:,}",
        }
        for model in _with_point(split, name)
        for row, figures in model.reports[name].items()
        if row != "accuracy"
    )


def clinics(split: SplitEvaluation, name: str) -> "pd.DataFrame":
    """Return what one named threshold does at other shares of malignant lesions."""
    readers = {
        model.title: {
            (clinic.prevalence, key): figure
            for clinic in model.points[name].clinics
            for key, figure in clinic.figures.items()
        }
        for model in _with_point(split, name)
    }
    rows = [
        (
            f"{percentage(prevalence)} malignant: {_CLINIC_TITLES[key]}",
            (prevalence, key),
            percent_estimate if key in ("ppv", "npv") else whole,
        )
        for prevalence, key in next(iter(readers.values()))
    ]
    return wide(f"In a clinic: {_threshold(name)}", readers, rows)


def calibration(split: SplitEvaluation) -> "pd.DataFrame":
    """Return Brier score with its parts, ECE and recalibration line."""
    readers = {
        model.title: {
            **vars(model.calibration),
            **model.calibration.line,
            **model.calibration.brier,
            **model.metrics,
        }
        for model in split.models.values()
    }
    return wide("Calibration", readers, _CALIBRATION_ROWS)


def conformal_sets(split: SplitEvaluation) -> "pd.DataFrame":
    """Return how often conformal sets hold the diagnosis and cannot tell; no row without sets."""
    readers = {model.title: model.sets for model in split.models.values() if model.sets}
    units = "lesions of two views" if split.unit == "lesion" else split.noun()
    return wide(f"Conformal sets, {units}", readers, _SET_ROWS if readers else ())


def reliability(model: ModelEvaluation) -> "pd.DataFrame":
    """Return what a model said and what came true, bin by bin."""
    return _frame(
        {
            f"Reliability: {model.title}, p": f"{number(100 * one.lowest_p, 1)} to "
            f"{percentage(one.highest_p)}",
            "cases": f"{one.n:,}",
            "mean p": percentage(one.mean_p),
            "malignant (Wilson)": percent_estimate(one.observed),
        }
        for one in model.calibration.reliability
    )


def decision(split: SplitEvaluation) -> "pd.DataFrame":
    """Return net benefit in true positives of 1,000 cases at a few thresholds."""
    curves = {model.title: model.decision for model in split.models.values()}
    everyone = next(iter(curves.values())).treat_all
    return _frame(
        {
            "Net benefit, true positives of 1,000": f"p >= {number(threshold, 2)}",
            **{
                who: whole(Estimate(*(1000 * float(part[place]) for part in ends)))
                for who, curve in curves.items()
                for ends in [(curve.model, curve.low, curve.high)]
            },
            "flag all": number(1000 * float(everyone[place]), 0),
            "flag none": "0",
        }
        for threshold in _DECISION_THRESHOLDS
        for place in [int(np.argmin(np.abs(THRESHOLDS - threshold)))]
    )


def subgroups(split: SplitEvaluation) -> "pd.DataFrame":
    """Return each subgroup's size and each model's AUC in it; the last column is what to mind."""
    return _frame(
        {
            "AUC in subgroups": group.title,
            "cases": f"{group.counts.cases:,}",
            "malignant": f"{group.counts.malignant:,}",
            **{
                model.title: "undefined" if math.isnan(area.value) else plain(area)
                for name, model in split.models.items()
                for area in [group.models[name]["auc"]]
            },
            "": group.note,
        }
        for group in split.subgroups
    )


def subgroup_figures(split: SplitEvaluation) -> "pd.DataFrame":
    """Return the subgroups as numbers, a row a subgroup: counts, each figure and its ends."""
    return _frame(
        {
            "Subgroup": group.title,
            "Malignant": group.counts.malignant,
            "Benign": group.counts.benign,
            "Patients": group.counts.patients,
            **{
                " ".join([model.title, title, *([end] * (end != "value"))]): value
                for name, model in split.models.items()
                for measure, title in MEASURES.items()
                for end, value in group.models[name][measure].as_dict().items()
            },
            "Note": group.note,
        }
        for group in split.subgroups
    )


def cases(split: SplitEvaluation) -> "pd.DataFrame":
    """Return every case of a split, one row each, in the sample's order."""
    import pandas as pd

    crops, units = split.sample.crops, split.sample.units

    def each_once(words: Iterable[str]) -> "pd.Series":
        by_case = pd.Series(list(words)).groupby(units.members)
        return by_case.agg(lambda case: " / ".join(dict.fromkeys(case)))

    def recorded(column: str) -> "pd.Series":
        return each_once(descriptor_words(column, value) for value in crops[column])

    films = zip(crops["laterality"], crops["view"], strict=True)
    columns = {
        "Case": units.ids,
        "Films": each_once(
            text.film_name(*(None if is_missing(part) else str(part) for part in film))
            for film in films
        ),
        "Recorded": recorded("pathology"),
        **{model.title: split.sample.p[name] for name, model in split.models.items()},
        **{title: recorded(column) for column, title in _DESCRIPTORS.items()},
        CROPS: pd.Series(crops["case_id"].tolist()).groupby(units.members).agg(tuple),
    }
    return pd.DataFrame(columns)


def descriptor_words(column: str, value: object) -> str:
    """Write one recorded descriptor in words; what is missing says so.

    >>> descriptor_words("mass_shape", "OVAL"), descriptor_words("breast_density", 2)
    ('oval', 'b')
    """
    if is_missing(value):
        return "not recorded"
    if column == "pathology":
        return text.pathology_words(str(value))
    if column == "breast_density":
        return text.density_letter(int(str(value)))
    return text.descriptor(str(value)) if column.startswith("mass_") else str(value)
