"""What the explorer says of cases: counts, descriptors in a student's words, scores, a plain table.

Free of Streamlit. Run the tests with `pytest tests/ui/test_explorer.py`.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mammo import text
from mammo.artifacts import Card
from mammo.data.descriptors import FILTERS, MISSING, meaning, options_of, title_of
from mammo.evaluation.arithmetic import is_missing
from mammo.text import counted, parts, plain
from mammo.ui.kit.table import OUTCOMES

if TYPE_CHECKING:
    import pandas as pd


RECORDED = {
    "mass_shape": "Shape",
    "mass_margins": "Margin",
    "breast_density": "Density",
    "assessment": "BI-RADS assessment",
    "subtlety": "Subtlety",
}
BALANCED = "youden"


def counts_in_words(found: "pd.DataFrame", total: int) -> str:
    """Say how many crops pass the filters, of how many lesions and patients, and their labels."""
    malignant = int(found["label"].sum())
    return (
        f"**{len(found):,}** of {counted(total, 'crop')}: "
        f"{counted(found['lesion_id'].nunique(), 'lesion')} of "
        f"{counted(found['patient_id'].nunique(), 'patient')}; {counted(malignant, 'crop')} "
        f"malignant, {len(found) - malignant:,} benign."
    )


def film_of(row: Mapping[Any, Any]) -> str:
    """Name a case's film by side and view, as far as they are recorded.

    Examples
    --------
    >>> film_of({"laterality": "LEFT", "view": "CC"}), film_of({"laterality": None, "view": "CC"})
    ('L CC', 'CC')
    """
    side, view = (
        None if is_missing(row[name]) else str(row[name]) for name in ("laterality", "view")
    )
    return text.film_name(side, view)


def recorded_lines(row: Mapping[Any, Any]) -> list[str]:
    r"""Say each recorded descriptor with its meaning, a line each.

    Examples
    --------
    >>> lesion = {"mass_shape": "ROUND", "mass_margins": None, "breast_density": 3,
    ...           "assessment": 0, "subtlety": 0}
    >>> print(*recorded_lines(lesion), sep="\n")
    **Shape**: round (ball-shaped, as wide as it is tall).
    **Margin**: not recorded.
    **Density**: c: heterogeneously dense; small masses may hide.
    **BI-RADS assessment**: 0 (incomplete: more pictures are needed).
    **Subtlety**: not recorded.
    """
    lines = []
    for column, title in RECORDED.items():
        said = [_said(column, part) for part in parts(row[column])]
        lines.append(f"**{title}**: {'; '.join(said) or MISSING}.")
    return lines


def _said(column: str, part: str) -> str:
    explained = meaning(column, part)
    if column == "breast_density" or explained == MISSING:
        return explained or part
    return f"{plain(part)} ({explained})" if explained else plain(part)


def score_lines(row: Mapping[Any, Any], cards: Sequence[Card]) -> list[str]:
    """Say each model's probability, where it stands, and who scored the case."""
    lines = []
    for card in cards:
        p = float(row[f"{card.name}_p"])
        if p != p:
            lines.append(f"**{card.title}**: no score.")
            continue
        fold = row[f"{card.name}_fold"]
        scored = (
            "Scored once, by the released model."
            if is_missing(fold)
            else f"Scored out of fold, by the fit that held out fold {int(fold) + 1}."
        )
        standing = text.standing(p, card.thresholds[BALANCED])
        lines.append(
            f"**{card.title}**: estimated probability of malignancy {text.percent(p)}, "
            f"{standing[0].lower()}{standing[1:]} (balanced). {scored}"
        )
    return lines


def cell_of(row: Mapping[Any, Any], card: Card) -> str | None:
    """Name the cell of the comparison page in which a test case stands; None where in none.

    Returns
    -------
    str, `<model>.<outcome>` as that page's link has it
    """
    p = float(row[f"{card.name}_p"])
    if row["split"] != "test" or p != p:
        return None
    malignant, above = int(row["label"]) == 1, text.is_above(p, card.thresholds[BALANCED])
    found, missed, false_alarm, spared = OUTCOMES
    outcome = (found if above else missed) if malignant else (false_alarm if above else spared)
    return f"{card.name}.{outcome}"


def titled(found: "pd.DataFrame", cards: Sequence[Card]) -> "pd.DataFrame":
    """Lay cases out for reading: plain words, and probabilities in per cent.

    Parameters
    ----------
    found : DataFrame of `mammo.artifacts.load_cases`
    cards : the models whose probabilities are shown
    """
    import pandas as pd

    shown = pd.DataFrame({"Case": found["case_id"], "Patient": found["patient_id"]})
    for one in FILTERS:
        by_value = {
            value: ", ".join(sorted(title_of(one, option) for option in options_of(one, value)))
            for value in found[one.column].unique()
        }
        shown[one.title] = [by_value[value] for value in found[one.column]]
    for card in cards:
        shown[card.title] = 100 * found[f"{card.name}_p"]
    return shown
