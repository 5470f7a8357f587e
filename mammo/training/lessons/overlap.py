"""What a test set shares with its training set, and what that does to the AUC: the arithmetic."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mammo.artifacts.contents import SPLITS

if TYPE_CHECKING:
    import pandas as pd


def count_overlap(table: "pd.DataFrame", held_out: NDArray[np.bool_]) -> dict[str, int]:
    """Count what a test set shares with its training set.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"patient_id": ["a", "a", "b"], "lesion_id": ["a1", "a1", "b1"]})
    >>> count_overlap(table, np.array([False, True, True]))["test_crops_with_lesion_in_training"]
    1
    """
    learnt, tested = table[~held_out], table[held_out]
    seen_lesion = tested["lesion_id"].isin(learnt["lesion_id"])
    seen_patient = tested["patient_id"].isin(learnt["patient_id"])
    return {
        "n_train": len(learnt),
        "n_test": len(tested),
        "n_test_lesions": int(tested["lesion_id"].nunique()),
        "test_crops_with_patient_in_training": int(seen_patient.sum()),
        "test_crops_with_lesion_in_training": int(seen_lesion.sum()),
        "test_lesions_with_other_view_in_training": int(
            tested.loc[seen_lesion, "lesion_id"].nunique()
        ),
    }


def summarise(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return mean, lowest and highest AUC of each split, and of the difference seed by seed."""
    auc = {
        split: np.array([run["auc"] for run in runs if run["split"] == split]) for split in SPLITS
    }
    gap = auc["rows"] - auc["patients"]
    seen = [
        run["test_crops_with_lesion_in_training"] / run["n_test"]
        for run in runs
        if run["split"] == "rows"
    ]
    by_split = {
        split: {
            "mean_auc": float(values.mean()),
            "min_auc": float(values.min()),
            "max_auc": float(values.max()),
        }
        for split, values in auc.items()
    }
    return by_split | {
        "difference": {
            "mean": float(gap.mean()),
            "low": float(gap.min()),
            "high": float(gap.max()),
        },
        "mean_share_seen": float(np.mean(seen)),
    }


def summary_in_words(lesson: dict[str, Any]) -> str:
    """Say in one sentence by how much the random split flatters."""
    summary, gap = lesson["summary"], lesson["summary"]["difference"]
    return (
        f"{lesson['title']}, mean of {len(lesson['seeds'])} seeds: AUC "
        f"{summary['rows']['mean_auc']:.3f} with rows at random, "
        f"{summary['patients']['mean_auc']:.3f} with patients kept together: "
        f"{gap['mean']:+.3f} ({gap['low']:+.3f} to {gap['high']:+.3f}) by the leak."
    )
