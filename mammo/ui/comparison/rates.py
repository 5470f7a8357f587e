"""What each threshold brings, as a table: a row a rate, a column a reader, intervals in words.

Free of Streamlit. Run the tests with `pytest tests/ui/test_comparison_cases.py`.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mammo.evaluation import OperatingPoint
from mammo.evaluation.comparison import Study
from mammo.evaluation.tree import NOUNS
from mammo.text import Estimate, estimate, number, p_value, percent_estimate, signed_estimate

if TYPE_CHECKING:
    import pandas as pd

RATES = {
    "sensitivity": ("Sensitivity", "the share of malignant {many} that are flagged"),
    "specificity": ("Specificity", "the share of benign {many} that are left in peace"),
    "ppv": ("PPV", "the share of flagged {many} that are malignant, at the chosen prevalence"),
    "npv": ("NPV", "the share of {many} left in peace that are benign, at that prevalence"),
    "accuracy": ("Accuracy", "the share of this test set's {many} that are sorted right"),
    "positive_likelihood_ratio": ("LR+", "by how much a flag multiplies the odds of malignancy"),
    "negative_likelihood_ratio": ("LR-", "by how much being left in peace multiplies them"),
    "flagged_per_1000": ("Flagged per 1,000", "of 1,000 {many} at the chosen prevalence"),
    "missed_per_1000": ("Missed per 1,000", "malignant and not flagged, of those 1,000"),
    "false_alarms_per_1000": ("False alarms per 1,000", "benign and flagged, of those 1,000"),
}
SHARES = ("sensitivity", "specificity", "ppv", "npv", "accuracy")
SCORES = {
    "auc": ("AUC", "how often a malignant one ranks above a benign one; 0.5 is a coin, 1 perfect"),
    "partial_auc": (
        "Specificity at high sensitivity",
        "its mean where at least 90 % of malignant {many} are found",
    ),
    "average_precision": ("Average precision", "the mean of precision while recall rises to 1"),
    "brier": ("Brier score", "the mean squared error of the probability; 0 is best"),
    "ece": ("Calibration error (ECE)", "the mean gap between what is said and seen; 0 is best"),
}


def figures_of(point: OperatingPoint) -> dict[str, Estimate]:
    """Return the figures of `RATES` of an operating point with one clinic."""
    return {name: {**point.rates, **point.clinics[0].figures}[name] for name in RATES}


def rates_table(points: Mapping[str, OperatingPoint]) -> "pd.DataFrame":
    """Lay out what each reader's threshold brings, for the screen."""
    import pandas as pd

    figures = {title: figures_of(point) for title, point in points.items()}
    rows = [
        {"Rate": title, **{who: _shown(name, each[name]) for who, each in figures.items()}}
        for name, (title, _) in RATES.items()
    ]
    return pd.DataFrame(rows)


def _shown(name: str, figure: Estimate) -> str:
    if name in SHARES:
        return percent_estimate(figure)
    return estimate(figure, 0 if name.endswith("1000") else 2)


def rates_export(points: Mapping[str, OperatingPoint], study: Study) -> "pd.DataFrame":
    """Lay out the same as numbers, a row a reader and rate, with threshold and prevalence."""
    import pandas as pd

    rows: list[dict[str, object]] = [
        {"unit": study.unit, "reader": who, "threshold": point.threshold,
         "prevalence": point.clinics[0].prevalence, "rate": name, **figure.as_dict()}
        for who, point in points.items()
        for name, figure in figures_of(point).items()
    ]  # fmt: skip
    counts: list[dict[str, object]] = [
        {"unit": study.unit, "reader": who, "threshold": point.threshold, "rate": name,
         "value": float(getattr(point.confusion, name))}
        for who, point in points.items()
        for name in ("true_positive", "false_positive", "false_negative", "true_negative")
    ]  # fmt: skip
    return pd.DataFrame(rows + counts)


def meanings(figures: Mapping[str, tuple[str, str]], study: Study) -> str:
    """Say in a list what each figure of `RATES` or `SCORES` means, in Markdown."""
    many = NOUNS[study.unit][1]
    return "\n".join(
        f"- **{title}**: {meaning.format(many=many)}" for title, meaning in figures.values()
    )


def scores_table(study: Study) -> "pd.DataFrame":
    """Lay out the figures that need no threshold, with the models' difference in AUC."""
    import pandas as pd

    split = study.split
    rows = []
    for name, (title, _) in SCORES.items():
        row = {"Figure": title}
        row |= {one.title: estimate(one.metrics[name]) for one in split.models.values()}
        if split.radiologists is not None:
            row["Radiologists"] = estimate(split.radiologists.auc) if name == "auc" else ""
        rows.append(row)
    return pd.DataFrame(rows)


def scores_export(study: Study) -> "pd.DataFrame":
    """Lay out the same as numbers, a row a reader and figure, differences in AUC included."""
    import pandas as pd

    split = study.split
    rows: list[dict[str, object]] = [
        {"unit": study.unit, "reader": one.title, "figure": name, **one.metrics[name].as_dict()}
        for one in split.models.values()
        for name in SCORES
    ]
    if split.radiologists is not None:
        area = split.radiologists.auc.as_dict()
        rows.append({"unit": study.unit, "reader": "Radiologists", "figure": "auc", **area})
    for first, second, gap, p in _differences(study):
        pair = f"{first} minus {second}"
        row = {"unit": study.unit, "reader": pair, "figure": "auc difference", "p_value": p}
        rows.append({**row, **gap.as_dict()})
    return pd.DataFrame(rows)


def difference_sentences(study: Study) -> list[str]:
    """Say each difference in AUC with its interval and paired p-value."""
    return [
        f"{first} minus {second}: {signed_estimate(gap)}, "
        f"{'which these cases cannot test' if math.isnan(p) else p_value(p)}"
        for first, second, gap, p in _differences(study)
    ]


def _differences(study: Study) -> list[tuple[str, str, Estimate, float]]:
    split = study.split
    radiologists = split.radiologists.comparisons if split.radiologists else ()
    titles = {name: one.title for name, one in split.models.items()}
    return [
        (
            titles.get(pair.first, "the radiologists"),
            titles.get(pair.second, "the radiologists"),
            pair.auc_difference,
            pair.clustered_delong.p_value,
        )
        for pair in (*split.comparisons, *radiologists)
    ]


def counts_sentence(study: Study) -> str:
    """Say how many cases stand behind the page, and how many are malignant."""
    counts, (one, many) = study.split.counts, NOUNS[study.unit]
    share = 100 * counts.malignant / counts.cases
    return (
        f"{counts.cases:,} {one if counts.cases == 1 else many} of {counts.patients:,} patients "
        f"in the official test split: {counts.malignant:,} malignant ({number(share, 1)} %), "
        f"{counts.benign:,} benign. Brackets hold 95 % intervals over patients."
    )
