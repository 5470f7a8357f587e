"""Write the figures of docs/experiments.md from the log and the artifacts, and its picture.

    python -m tools.experiments.note            write them
    python -m tools.experiments.note --check    exit status 1 where the note says something else

The words of the note are written by hand; what stands between `<!-- NAME: begin ... -->` and
`<!-- NAME: end -->` belongs to this command: `targets`, `tried`, `controls`, `windows`,
`calibration` and `published`.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from mammo.artifacts import load_cases
from mammo.command_line import command_parser, exit_status, starts_with_mark, write_output
from mammo.evaluate import evaluate_artifacts
from mammo.evaluation import SplitEvaluation, expected_calibration_error
from mammo.evaluation.operating import moved_to_prevalence
from mammo.report.templates import markdown_table as table
from mammo.settings import TITLES, TrainSettings
from mammo.text import Estimate, estimate, number, percent_estimate, signed_estimate
from tools.experiments.figures import as_svg, differences, training_curves
from tools.experiments.log import published, read_controls, read_log
from tools.experiments.plan import BLANKED
from tools.readme.marks import agree, document, filled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parents[2]
NOTE = ROOT / "docs" / "experiments.md"
LOG = ROOT / "docs" / "experiments.csv"
CONTROLS = ("labels shuffled", BLANKED)


@dataclass(frozen=True)
class Target:
    """One aim: the model, the figure's words, unit and value, and its least (or most)."""

    model: str
    words: str
    unit: str
    figure: Callable[[SplitEvaluation, str], Estimate]
    aim: float
    at_most: bool = False


def _metric(name: str) -> Callable[[SplitEvaluation, str], Estimate]:
    return lambda split, model: split.models[model].metrics[name]


def _rate(name: str) -> Callable[[SplitEvaluation, str], Estimate]:
    return lambda split, model: split.models[model].points["youden"].rates[name]


TARGETS = (
    Target("mobilenetv2", "AUC per crop", "crop", _metric("auc"), 0.86),
    Target("mobilenetv2", "AUC per lesion", "lesion", _metric("auc"), 0.89),
    Target("mobilenetv2", "accuracy per lesion", "lesion", _rate("accuracy"), 0.80),
    Target("mobilenetv2", "ECE per crop", "crop", _metric("ece"), 0.05, at_most=True),
    Target("simple_cnn", "AUC per crop", "crop", _metric("auc"), 0.72),
    Target("simple_cnn", "AUC per lesion", "lesion", _metric("auc"), 0.75),
    Target("simple_cnn", "ECE per crop", "crop", _metric("ece"), 0.05, at_most=True),
)
REPORTED = (
    ("sensitivity at 90% specificity", _metric("sensitivity_at_specificity_90")),
    ("specificity at 90% sensitivity", _metric("specificity_at_sensitivity_90")),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0, or 1 where the note and the results do not agree."""
    parser = command_parser("tools.experiments.note", __doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, compare")
    parser.add_argument("--file", type=Path, default=NOTE, help="(default: %(default)s)")
    options = parser.parse_args(arguments)
    file, check = options.file, options.check
    return exit_status("tools.experiments.note", lambda: _fill(file, check), file)


def _fill(file: Path, check: bool) -> int:
    written = document(file)
    wanted = filled(written, PARTS, file.name)
    if check:
        if agree(written, wanted):
            return 0
        print(f"{file} is not of these results: run python -m tools.experiments.note.")
        return 1
    write_output(file, wanted.encode(), lambda _: True)  # `filled` found its marks
    if file == NOTE:
        for name, figure in figures().items():
            write_output(NOTE.parent / name, as_svg(figure), _is_drawing)
    return 0


def figures() -> "dict[str, Figure]":
    """Draw the note's pictures, by their file names."""
    return {
        "experiments.svg": differences(_tried()),
        "training-curves.svg": training_curves(),
    }


def _is_drawing(path: Path) -> bool:
    return any(starts_with_mark(path, mark) for mark in (b"<?xml", b"<svg"))


def targets_part() -> str:
    """Return each target with the test figure, the out-of-fold figure, and whether it was met."""
    rows = []
    for one in TARGETS:
        tested, held_out = (
            one.figure(_splits(one.unit)[split], one.model) for split in ("test", "out_of_fold")
        )
        met = tested.value <= one.aim if one.at_most else tested.value >= one.aim
        sign = "at most" if one.at_most else "at least"
        rows.append(
            [
                f"{TITLES[one.model]}, {one.words}", f"{sign} {one.aim:.2f}", estimate(tested),
                estimate(held_out), "yes" if met else "no",
            ]
        )  # fmt: skip
    for words, figure in REPORTED:
        for model, title in TITLES.items():
            both = [
                percent_estimate(figure(_splits("crop")[s], model)) for s in ("test", "out_of_fold")
            ]
            rows.append([f"{title}, {words}", "reported", *both, ""])
    return table(["", "Target", "Official test", "Out of fold", "Met"], rows)


def tried_part() -> str:
    """Return a line for each experiment that was no control, the most helpful first."""
    head = ["Experiment", "What changed", "Folds", "AUC per crop", "Difference", "Verdict"]
    return table(head, [_tried_row(row) for row in _tried()])


def controls_part() -> str:
    """Return what labels dealt at random came to, and the release's recipes from another seed."""
    rows = [
        [
            f"{TITLES[row['model']]}: {row['changes'] or 'nothing'}, seed {row['seed']}",
            row["folds"], _read_interval(row, "auc"), _difference(row),
        ]
        for row in read_log(LOG)
        if _is_control(row)
    ]  # fmt: skip
    return table(["Control", "Folds", "AUC per crop", "Difference"], rows)


def windows_part() -> str:
    """Return what crop areas of whole films add to the released model, with their controls."""
    controls = read_controls()
    head = [
        "Crop area", "Folds", "AUC alone", "AUC averaged with the released model", "Gain",
        "Gain per lesion", "Gain within fifths of film size",
        "Correlation with film size (benign, malignant)",
    ]  # fmt: skip
    lines = []
    for row in read_log(LOG):
        if row["name"] not in controls:
            continue
        alone, averaged = (_estimates(controls[row["name"]][key]) for key in ("alone", "averaged"))
        lines.append(
            [
                row["changes"], row["folds"], estimate(alone["crop"]), estimate(averaged["crop"]),
                *(signed_estimate(averaged[key]) for key in ("gain", "lesion gain", "within gain")),
                "; ".join(signed_estimate(averaged[key], 2) for key in ("benign", "malignant")),
            ]
        )  # fmt: skip
    return table(head, lines)


def _estimates(figures: Mapping[str, Mapping[str, float | None]]) -> dict[str, Estimate]:
    return {
        key: Estimate(*(float("nan" if end is None else end) for end in figure.values()))
        for key, figure in figures.items()
    }


def published_part() -> str:
    """Return the AUC of both recipes on the published split, per crop and per lesion."""
    result = published()
    if result is None:
        return "Not run."
    rows = [
        [TITLES[name], *(estimate(Estimate(**found[unit])) for unit in ("crop", "lesion"))]
        for name, found in result["models"].items()
    ]
    return table(["Recipe of", "AUC per crop", "AUC per lesion"], rows)


def calibration_part() -> str:
    """Return how far the probabilities are off, and how much of it is the share of malignant."""
    cases = load_cases()
    learned = float(cases.loc[cases["split"] == "train", "label"].mean())
    tested = cases[cases["split"] == "test"]
    stated = float(tested["label"].mean())
    rows = [
        ["as released"],
        [f"if {number(100 * stated, 1)}% malignant had been stated beforehand"],
    ]
    for model in TITLES:
        p = tested[f"{model}_p"].to_numpy(dtype=float)
        for row, values in zip(rows, (p, moved_to_prevalence(p, learned, stated)), strict=True):
            row.append(number(expected_calibration_error(tested["label"], values)))
    sentence = (
        f"Malignant are {number(100 * learned, 1)}% of the training crops and "
        f"{number(100 * stated, 1)}% of the test crops."
    )
    return f"{sentence}\n\n{table(['ECE on the official test crops', *TITLES.values()], rows)}"


PARTS: Mapping[str, Callable[[], str]] = {
    "targets": targets_part,
    "tried": tried_part,
    "controls": controls_part,
    "windows": windows_part,
    "calibration": calibration_part,
    "published": published_part,
}


@cache
def _splits(unit: str) -> dict[str, SplitEvaluation]:
    return evaluate_artifacts(unit="lesion" if unit == "lesion" else "crop").splits


def _is_control(row: Mapping[str, str]) -> bool:
    """Return whether labels were shuffled, the lesion blanked, or the seed another."""
    named = any(control in row["changes"] for control in CONTROLS)
    return named or int(row["seed"]) != TrainSettings.seed


def _tried() -> list[dict[str, str]]:
    rows = [row for row in read_log(LOG) if not _is_control(row)]
    return sorted(rows, key=lambda row: (row["model"], -float(row["difference"])))


def _tried_row(row: Mapping[str, str]) -> list[str]:
    return [
        f"[{row['name']}](experiments/{row['name']}.json)",
        f"{TITLES[row['model']]}: {row['changes'] or 'nothing'}, seed {row['seed']}. {row['why']}",
        row["folds"],
        _read_interval(row, "auc"),
        _difference(row),
        row["verdict"],
    ]


def _difference(row: Mapping[str, str]) -> str:
    return f"{_read_interval(row, 'difference', signed=True)} against {row['base']}"


def _read_interval(row: Mapping[str, str], name: str, signed: bool = False) -> str:
    figure = Estimate(*(float(row[key]) for key in (name, f"{name}_low", f"{name}_high")))
    return signed_estimate(figure) if signed else estimate(figure)


if __name__ == "__main__":
    sys.exit(main())
