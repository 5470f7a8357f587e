"""The public cases: evaluated, sorted by what the models make of them, and in a student's words.

Everything here is public data of the artifacts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from mammo import text
from mammo.artifacts import Card, load_cases
from mammo.data.descriptors import MISSING, edition_words, malignant_shares, meaning
from mammo.errors import ArtifactError, DataError
from mammo.evaluation import RESAMPLES, EvaluatedModel, Evaluation, Unit, evaluate, tables
from mammo.evaluation.arithmetic import is_missing
from mammo.inference.result import BALANCED
from mammo.report.glossary import glossary_link
from mammo.text import parts, plain
from mammo.ui.kit import cache

RECORDED = {
    "mass_shape": ("Shape", "mass"),
    "mass_margins": ("Margin", "mass"),
    "breast_density": ("Density", "density"),
    "assessment": ("BI-RADS", "birads"),
    "subtlety": ("Subtlety", "subtlety"),
}
"""The recorded descriptors: column -> title, and term of the glossary."""
OUTCOMES = {
    "found": ("True positive", "malignant, flagged"),
    "missed": ("False negative", "malignant, not flagged"),
    "false_alarm": ("False positive", "benign, flagged"),
    "spared": ("True negative", "benign, not flagged"),
}
"""The four cells of a confusion matrix: the link's name -> title and meaning."""

Chosen = NDArray[np.bool_]


@cache.of_artifacts(6, "Evaluating the models")
def evaluation(unit: Unit) -> Evaluation:
    """Return the models evaluated on the test split; seconds the first time, then at once."""
    cards, missing = cache.cards_at_hand()
    if not cards:
        raise ArtifactError(" ".join(missing))
    models = [EvaluatedModel.of_card(card, unit) for card in cards]
    evaluated = evaluate_test_split(load_cases(), models, unit)
    for model in evaluated.splits["test"].models.values():
        _ = model.scores.roc_band  # computed here, behind the spinner
    return replace(evaluated, notes=(*missing, *evaluated.notes))


@cache.of_artifacts(6)
def evaluated_cases(unit: Unit) -> pd.DataFrame:
    """Return a row a case of the evaluated test split."""
    return tables.cases(evaluation(unit).splits["test"])


def evaluate_test_split(
    cases: pd.DataFrame,
    models: Sequence[EvaluatedModel],
    unit: Unit,
    resamples: int = RESAMPLES,
) -> Evaluation:
    """Evaluate models on the test rows of a table of cases; one without any score is left out."""
    rows = cases[cases["split"] == "test"]
    if rows.empty:
        raise DataError(
            "expected cases of the official test split in cases.csv, received none: train with "
            "data that hold the test split"
        )
    scored = [model for model in models if rows[f"{model.name}_p"].notna().any()]
    evaluated = evaluate(rows, scored, unit, resamples=resamples)
    lost = [
        f"{model.title} has no score here and is left out."
        for model in models
        if model not in scored
    ]
    return replace(evaluated, notes=(*lost, *evaluated.notes))


def outcomes(labels: Chosen, flagged: Chosen) -> dict[str, Chosen]:
    """Sort cases, bool (u,), into the four cells of a confusion matrix, by the names of `OUTCOMES`.

    Examples
    --------
    >>> cells = outcomes(np.array([True, True, False]), np.array([True, False, False]))
    >>> {name: int(cell.sum()) for name, cell in cells.items()}
    {'found': 1, 'missed': 1, 'false_alarm': 0, 'spared': 1}
    """
    return {
        "found": labels & flagged,
        "missed": labels & ~flagged,
        "false_alarm": ~labels & flagged,
        "spared": ~labels & ~flagged,
    }


def agreement(labels: Chosen, first: Chosen, second: Chosen) -> dict[str, Chosen]:
    """Sort cases, bool (u,), by which of two models is right, from what each model flags."""
    first_right, second_right = first == labels, second == labels
    return {
        "only_first": first_right & ~second_right,
        "only_second": ~first_right & second_right,
        "both_wrong": ~first_right & ~second_right,
        "both_right": first_right & second_right,
    }


def agreement_titles(first: str, second: str) -> dict[str, str]:
    """Name the groups of `agreement`, from the titles of the models."""
    return {
        "only_second": f"Only {second} right",
        "only_first": f"Only {first} right",
        "both_wrong": "Both wrong",
        "both_right": "Both right",
    }


DISAGREE = "disagree"
LIST_CASES = "list_of_cases"
"""Where the session keeps the lists of cases that other pages opened in the viewer, by name."""
VIEWER = "pages/4_Grad-CAM_viewer.py"


@dataclass(frozen=True)
class Group:
    """A group of cases: what it is called, and its case ids, the most telling first."""

    title: str
    cases: tuple[str, ...]


def open_list(cases: Sequence[str], name: str, title: str, first: str = "") -> None:
    """Link to a list of cases in the viewer, in this tab, starting at `first` if it is given."""
    if not cases:
        st.caption("There is no such case.")
        return
    st.session_state.setdefault(LIST_CASES, {})[name] = Group(title, tuple(cases))
    st.page_link(
        VIEWER,
        label="View these cases one by one",
        icon=":material/visibility:",
        help="Shows each image with heat maps and probabilities. Press n for the next case and p "
        "for the previous one.",
        query_params={"case": first or cases[0], "from": "case", "group": name},
    )


@cache.of_artifacts(6)
def sides_of_cases(cases: tuple[str, ...]) -> dict[str, str]:
    """Return for each scored test case whether the models disagree, or on which side both are."""
    held, _ = cache.cards_at_hand()
    rows = cache.cases()
    rows = rows[rows["case_id"].isin(cases) & (rows["split"] == "test")].set_index("case_id")
    above = {
        card.name: rows[f"{card.name}_p"].dropna() >= card.thresholds[BALANCED] for card in held
    }
    sides = pd.DataFrame(above).dropna().astype(bool)
    return {
        str(case): ("above" if all(row) else DISAGREE if any(row) else "below")
        for case, row in zip(sides.index, sides.to_numpy(), strict=True)
    }


def farthest_apart(
    chosen: Chosen, first: NDArray[np.float64] | Chosen, second: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Order chosen cases, bool (u,), by how far two p, or label and p, lie apart: int (k,), rows.

    Examples
    --------
    >>> farthest_apart(np.ones(2, bool), np.array([0.1, 0.9]), np.array([0.2, 0.1])).tolist()
    [1, 0]
    """
    rows = np.flatnonzero(chosen)
    return rows[np.argsort(-np.abs(first[rows] - second[rows]), kind="stable")]


def film_of(row: Mapping[Any, Any]) -> str:
    """Name a case's film by side and view, as far as they are recorded."""
    side, view = (
        None if is_missing(row[name]) else str(row[name]) for name in ("laterality", "view")
    )
    return text.film_name(side, view)


@cache.of_artifacts(len(RECORDED))
def shares_of(column: str) -> dict[str, tuple[str, str]]:
    """Return how many crops of the release with each descriptor of a column are malignant."""
    return malignant_shares(cache.cases(), column)


def recorded_table(row: Mapping[Any, Any]) -> str:
    """Return each recorded descriptor of a case, and how often it is malignant, in Markdown."""
    lines = ["| Feature | Recorded | Malignant in training; test |", "| --- | --- | --- |"]
    for column, (title, term) in RECORDED.items():
        name, shares = glossary_link(term, title), shares_of(column)
        for part in parts(row[column]) or ("",):
            words = _recorded(column, part)
            share = "" if words == MISSING else "; ".join(shares.get(part, ()))
            lines.append(f"| {name} | {words} | {share} |")
            name = ""
    return "\n".join(lines)


def _recorded(column: str, part: str) -> str:
    """Return a descriptor in a few words: with those of later editions, or what its code means.

    >>> _recorded("mass_shape", "LOBULATED"), _recorded("assessment", "3")
    ('lobulated (5th edition: oval, v2025: lobulated)', '3, probably benign')
    >>> _recorded("breast_density", "3"), _recorded("subtlety", "0"), _recorded("mass_margins", "")
    ('c', 'not recorded', 'not recorded')
    """
    if column.startswith("mass_"):
        newer = edition_words(column, part).removeprefix("BI-RADS ")
        return text.literal(plain(part)) + f" ({newer})" * bool(newer) if part else MISSING
    explained = meaning(column, part) or MISSING
    if explained == MISSING or column == "breast_density":
        return explained.partition(":")[0]
    return f"{part}, {explained.partition(',')[0]}"


def score_lines(row: Mapping[Any, Any], cards: Sequence[Card]) -> list[str]:
    """Return each model's probability of a case, its side, and who scored the case, a line each."""
    lines = []
    for card in cards:
        p = float(row[f"{card.name}_p"])
        if p != p:
            lines.append(f"**{card.title}**: no score.")
            continue
        fold = row[f"{card.name}_fold"]
        scored = (
            "Test case: not used for training, and scored once by each model."
            if is_missing(fold)
            else "Out-of-fold score: this patient was not in the training data (fold "
            f"{int(fold) + 1})."
        )
        standing = text.standing(p, card.thresholds[BALANCED])
        lines.append(
            f"**{card.title}**: estimated probability of malignancy {text.percent(p)}, "
            f"{standing[0].lower()}{standing[1:]} (balanced). {scored}"
        )
    return lines
