"""An evaluation laid out as text for a terminal: the headline first, then table by table.

print(print_out(evaluation))
"""

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mammo.evaluation import tables
from mammo.evaluation.evaluation import Evaluation, SplitEvaluation
from mammo.text import NO_INTERVAL, NO_INTERVAL_NOTE, percentage

if TYPE_CHECKING:
    import pandas as pd

WIDTH = 100
_UNIT_WORDS = {
    "crop": "one case per crop",
    "lesion": "one case per lesion (the logits of its views averaged)",
    "patient": "one case per patient (her most suspicious lesion)",
}
NOTICE = "For teaching and research only. Not a medical device."


def print_out(evaluation: Evaluation) -> str:
    """Return the whole evaluation as text, in lines of about 100 columns."""
    text = "\n".join(_lines(evaluation)) + "\n"
    if NO_INTERVAL not in text and "p undefined" not in text:
        return text
    return text + "\n" + "\n".join(textwrap.wrap(NO_INTERVAL_NOTE, WIDTH)) + "\n"


def _lines(evaluation: Evaluation) -> Iterator[str]:
    yield f"mammo evaluation: {_UNIT_WORDS[evaluation.unit]}"
    yield (
        f"In brackets: {100 * evaluation.confidence:g}% intervals from "
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
        yield from _split_lines(split)


def _split_lines(split: SplitEvaluation) -> Iterator[str]:
    counts = split.counts
    yield "=" * WIDTH
    yield split.title.removeprefix("the ").upper()
    yield (
        f"{counts.cases:,} {split.noun()}: {counts.malignant:,} malignant "
        f"({percentage(counts.malignant / counts.cases)}), {counts.benign:,} benign; from "
        f"{counts.crops:,} crops of {counts.lesions:,} lesions of {counts.patients:,} patients"
    )
    yield "=" * WIDTH
    yield ""
    yield from textwrap.wrap(split.headline, WIDTH)
    if split.name == "out_of_fold":
        yield from textwrap.wrap(
            "Calibration and thresholds were chosen on these scores. Figures that depend on them "
            "are slightly inflated here, but not on the test split.",
            WIDTH,
        )
    for table in _tables(split):
        if len(table):
            yield ""
            yield from aligned(table)


def _tables(split: SplitEvaluation) -> Iterator["pd.DataFrame"]:
    yield tables.ranking(split)
    yield tables.differences(split)
    yield tables.mcnemars(split)
    if split.radiologists is not None:
        yield tables.radiologists(split.radiologists)
    for name in dict.fromkeys(name for model in split.models.values() for name in model.points):
        yield tables.point(split, name)
        yield tables.report(split, name)
        yield tables.clinics(split, name)
    yield tables.conformal_sets(split)
    yield tables.calibration(split)
    yield from (tables.reliability(model) for model in split.models.values())
    yield tables.decision(split)
    yield tables.subgroups(split)


def aligned(table: "pd.DataFrame") -> list[str]:
    """Return a table as lines, its first column and one without a head to the left.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"Ranking": ["AUC", "partial AUC"], "CNN": ["0.700", "0.2"]})
    >>> for line in aligned(table):
    ...     print(line)
    Ranking           CNN
      AUC           0.700
      partial AUC     0.2
    """
    head: Sequence[str] = list(table.columns)
    lines = [head, *([f"  {first}", *rest] for first, *rest in table.to_numpy().tolist())]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    left = [place == 0 or not title for place, title in enumerate(head)]
    return [
        "   ".join(
            cell.ljust(width) if to_the_left else cell.rjust(width)
            for cell, width, to_the_left in zip(line, widths, left, strict=True)
        ).rstrip()
        for line in lines
    ]
