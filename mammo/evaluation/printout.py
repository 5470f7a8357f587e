"""An evaluation laid out as text for a terminal: the headline first, then table by table.

print(print_out(evaluation))
"""

import textwrap
from collections.abc import Iterator

from mammo.evaluation.operating import THRESHOLD_TITLES
from mammo.evaluation.tables import (
    calibration_table,
    clinic_table,
    decision_table,
    difference_table,
    mcnemar_table,
    point_table,
    radiologist_table,
    ranking_table,
    reliability_tables,
    report_table,
    subgroup_table,
)
from mammo.evaluation.tree import NOUNS, Evaluation, SplitEvaluation
from mammo.text import NO_INTERVAL, NO_INTERVAL_NOTE, number

WIDTH = 100
_UNIT_WORDS = {
    "crop": "each crop a case",
    "lesion": "each lesion a case, its views averaged in logits",
    "patient": "each patient a case, her most suspicious lesion",
}
NOTICE = "For teaching and research only. Not a medical device."


def print_out(evaluation: Evaluation) -> str:
    """Return the whole evaluation as text.

    Parameters
    ----------
    evaluation : Evaluation

    Returns
    -------
    str, lines of about 100 columns (more with three models or more)
    """
    text = "\n".join(_lines(evaluation)) + "\n"
    if NO_INTERVAL not in text and "p undefined" not in text:
        return text
    return text + "\n" + "\n".join(textwrap.wrap(NO_INTERVAL_NOTE, WIDTH)) + "\n"


def _lines(evaluation: Evaluation) -> Iterator[str]:
    yield f"mammo evaluation: {_UNIT_WORDS[evaluation.unit]}"
    yield (
        f"Brackets: {100 * evaluation.confidence:g} % intervals from "
        f"{evaluation.resamples:,} resamples of patients (seed {evaluation.seed})."
    )
    yield NOTICE
    for name, text in evaluation.calibrations.items():
        if text:
            yield f"Calibration of {name}: {text}"
    for note in evaluation.notes:
        yield from textwrap.wrap(f"Note: {note}", WIDTH)
    for split in evaluation.splits.values():
        yield ""
        yield from _split_lines(split, evaluation)


def _split_lines(split: SplitEvaluation, evaluation: Evaluation) -> Iterator[str]:
    counts, nouns = split.counts, NOUNS[evaluation.unit][1]
    yield "=" * WIDTH
    yield split.title.removeprefix("the ").upper()
    share = number(100 * counts.malignant / counts.cases, 1)
    yield (
        f"{counts.cases:,} {nouns}: {counts.malignant:,} malignant ({share} %), {counts.benign:,} "
        f"benign; from {counts.crops:,} crops of {counts.lesions:,} lesions of "
        f"{counts.patients:,} patients"
    )
    yield "=" * WIDTH
    yield ""
    yield from textwrap.wrap(split.headline, WIDTH)
    if split.name == "out_of_fold":
        yield from textwrap.wrap(
            "Calibration and thresholds were chosen on these very scores, so what depends on them "
            "flatters the models a little here; the test split does not.",
            WIDTH,
        )
    for table in _tables(split):
        yield ""
        yield from table


def _tables(split: SplitEvaluation) -> Iterator[list[str]]:
    yield ranking_table(split)
    if differences := difference_table(split):
        yield differences
    if split.comparisons:
        yield mcnemar_table(split)
    if split.radiologists is not None:
        yield radiologist_table(split.radiologists)
    names = dict.fromkeys(name for model in split.models.values() for name in model.points)
    for name in names:
        title = THRESHOLD_TITLES.get(name, name)
        yield point_table(split, name, title)
        yield report_table(split, name, title)
        yield clinic_table(split, name, title)
    yield calibration_table(split)
    yield from reliability_tables(split)
    yield decision_table(split)
    if split.subgroups:
        yield subgroup_table(split)
