"""What the experiments gave: `docs/experiments.csv`, a row each, and each one's scores beside it.

The out-of-fold scores of every experiment are kept (`docs/experiments/<name>.csv`), so that any two
can be compared crop by crop, years later and without training anew.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mammo.artifacts import sigmoid
from mammo.command_line import check_output, is_json_with, starts_with_mark, write_output
from mammo.data.csv_table import decimal_number, not_a_number, read_csv_table, shown
from mammo.errors import DataError
from mammo.evaluation import PatientBootstrap, group_units
from mammo.evaluation.curves import Scores
from mammo.evaluation.units import Unit, Units
from mammo.text import Estimate, estimate
from tools.experiments.plan import BASE

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Result:
    """One row of the log: AUC out of fold, and its difference from the base, both by crop."""

    name: str
    model: str
    changes: str
    seed: int
    folds: str
    crops: int
    auc: float
    auc_low: float
    auc_high: float
    lesion_auc: float
    base: str
    difference: float
    difference_low: float
    difference_high: float
    lesion_difference: float
    verdict: str
    minutes: float
    why: str


COLUMNS = tuple(item.name for item in fields(Result))


def write_scores(scores: "pd.DataFrame", path: Path) -> None:
    """Write the columns case_id, fold, logit of one experiment."""
    text = scores.round({"logit": 4}).to_csv(index=False, lineterminator="\n")
    write_output(path, text.encode(), _is_scores)


def base_scores(name: str, model: str, cases: "pd.DataFrame", folder: Path) -> "pd.Series":
    """Return an experiment's or the release's out-of-fold logits by case."""
    import pandas as pd

    if name == BASE:
        training = cases[cases["split"] == "train"]
        score = training[f"{model}_score"].to_numpy(dtype=float)
        return pd.Series(np.log(score / (1 - score)), index=training["case_id"].to_numpy())
    return read_scores(name, folder)


def read_scores(name: str, folder: Path) -> "pd.Series":
    """Return an experiment's out-of-fold logits by case, as `write_scores` left them."""
    import pandas as pd

    path = folder / f"{name}.csv"
    if not path.is_file():
        raise DataError(
            f"There are no scores of an experiment {name!r}: {path} is missing. Run it."
        )
    table = read_csv_table(path, needed=("case_id", "logit"))
    logits = {}
    for line, row in zip(table.lines, table.rows, strict=True):
        logit = decimal_number(row["logit"])
        if logit is None or row["case_id"] in logits:
            raise DataError(
                f"Line {line} of {path} should hold a case of its own and its logit, a number. "
                f"Received: {shown(row['case_id'])}, {shown(row['logit'])}"
                f"{not_a_number(row['logit'])}."
            )
        logits[row["case_id"]] = logit
    return pd.Series(logits)


def logged_minutes(name: str, path: Path) -> float:
    """Return what the log says that an experiment took, in minutes; NaN where it says nothing."""
    found = [float(row["minutes"]) for row in read_log(path) if row["name"] == name]
    return found[0] if found else float("nan")


def compare_scores(
    table: "pd.DataFrame", logits: "pd.Series", base: "pd.Series", by_lesion: bool = False
) -> tuple[Estimate, Estimate]:
    """Return the AUC of an experiment, and its paired difference from the base."""
    rows = table[table["case_id"].isin(logits.index) & table["case_id"].isin(base.index)]
    units = units_of(rows, "lesion" if by_lesion else "crop")
    bootstrap = PatientBootstrap(units.patients)
    own, other = (
        Scores(name, units.labels, units.patients, units.pool(p), bootstrap)
        for name, one in (("changed", logits), ("base", base))
        for p in [sigmoid(one.loc[rows["case_id"]].to_numpy())]
    )
    return own.auc, own.auc_minus(other)


def units_of(rows: "pd.DataFrame", unit: Unit) -> Units:
    """Return the crops or lesions of a table's rows."""
    columns = (rows[name].to_numpy() for name in ("label", "patient_id", "lesion_id"))
    return group_units(unit, *columns)


def verdict(difference: Estimate) -> str:
    """State in one word what a paired difference shows."""
    if difference.low > 0:
        return "helps"
    return "harms" if difference.high < 0 else "no difference shown"


def write_result(result: Result, path: Path) -> None:
    """Put a row into the log, in place of an older one of the same name."""
    import pandas as pd

    new = {
        name: f"{value:.4f}" if isinstance(value, float) else str(value)
        for name, value in asdict(result).items()
    }
    rows = {row["name"]: row for row in read_log(path)} | {result.name: new}
    text = pd.DataFrame(rows.values(), columns=list(COLUMNS)).to_csv(
        index=False, lineterminator="\n"
    )
    write_output(path, text.encode(), _is_log)


def check_outputs(log: Path, scores: Path) -> None:
    """Check, before hours of training, that what an experiment leaves can be written."""
    check_output(log, _is_log)
    check_output(scores, _is_scores)


def _is_log(path: Path) -> bool:
    return starts_with_mark(path, ",".join(COLUMNS).encode())


def _is_scores(path: Path) -> bool:
    return starts_with_mark(path, b"case_id,fold,logit")


def read_log(path: Path) -> tuple[dict[str, str], ...]:
    """Return the rows of the log, figures as numeric texts; none where it is missing."""
    if not path.is_file():
        return ()
    table = read_csv_table(path, needed=COLUMNS)
    for line, row in zip(table.lines, table.rows, strict=True):
        for item in fields(Result):
            if item.type is float and not re.fullmatch(r"nan|[+-]?\d+\.?\d*", row[item.name]):
                raise DataError(
                    f"Line {line} of {path} should have a number with a decimal point as "
                    f"{item.name}. Received: {shown(row[item.name])}."
                )
    return table.rows


WINDOWS = Path(__file__).resolve().parents[2] / "docs" / "windows.json"
"""The controls of experiments on crop areas of whole films."""


def read_controls(path: Path = WINDOWS) -> dict[str, Any]:
    """Return the controls by experiment, as `write_controls` left them."""
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return read


def write_controls(name: str, figures: dict[str, Any], path: Path) -> None:
    """Put an experiment's controls into their file, in place of older ones."""
    content = json.dumps(read_controls(path) | {name: figures}, indent=1) + "\n"
    write_output(path, content.encode(), is_json_with())


RESULT = Path(__file__).resolve().parents[2] / "docs" / "published-split.json"
"""What `python -m tools.experiments.published` left."""


def published(path: Path | None = None) -> dict[str, Any] | None:
    """Return what the command left; None where it was never run."""
    path = path or RESULT
    if not path.is_file():
        return None
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return result


def published_row(names: Sequence[str]) -> list[list[str]]:
    """Return the row of README.md's table for these models; none where this was never run."""
    result = published()
    if result is None:
        return []
    found = result["models"]
    cells = [
        estimate(Estimate(**found[name]["crop"]), 2) if name in found else "" for name in names
    ]
    words = f"AUC on the published split, {result['test_crops']} crops (a Swin Transformer: 0.778)"
    return [[words, *cells, ""]]
