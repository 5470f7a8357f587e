"""Sentences and the table of the trust signals, from measured figures. Free of Streamlit."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from mammo.trust import Neighbour, Zone
from mammo.ui import words

SIMILAR_HELP = (
    "The training lesions that lie nearest in MobileNetV2's own features, each once and none of "
    "the same patient. The network learned from these very lesions. Alike to the network is not "
    "alike in disease."
)


def share_with_interval(figure: Mapping[str, Any]) -> str:
    """Write a measured share with its 95% interval.

    Examples
    --------
    >>> share_with_interval({"value": 0.742, "low": 0.68, "high": 0.799})
    '74% (68% to 80%)'
    """
    if figure["low"] is None:
        return f"{words.percent(figure['value'])} (no interval)"
    low, high = words.percent(figure["low"]), words.percent(figure["high"])
    return f"{words.percent(figure['value'])} ({low} to {high})"


def vote_sentence(neighbours: Sequence[Neighbour], measured: Mapping[str, Any]) -> str:
    """Say how many neighbours were malignant, and how often their majority is right.

    Parameters
    ----------
    neighbours : the similar lesions
    measured : "test" of the measured vote, with "right" and "always benign"
    """
    malignant = sum(neighbour.malignant for neighbour in neighbours)
    return (
        f"**{malignant} of {len(neighbours)}** were malignant. On the "
        f"{measured['right']['crops']} crops of the official test split the majority of five was "
        f"right for {share_with_interval(measured['right'])}; answering benign to every crop is "
        f"right for {words.percent(measured['always benign'])}."
    )


def zone_sentence(zone: Zone, p_malignant: float, measured: Mapping[str, Any]) -> str:
    """Say whether a probability is near the threshold, and how often such answers are right.

    Parameters
    ----------
    zone : Zone of the model
    p_malignant : float, 0-1, calibrated
    measured : the model's measured uncertainty
    """
    where = "inside" if zone.holds(p_malignant) else "outside"
    return (
        f"{words.percent(p_malignant)} is {where} the zone of "
        f"{words.percent_range(zone.low, zone.high)} around the balanced threshold. On test crops "
        f"this model was right for {share_with_interval(measured['right accepted'])} outside it "
        f"({words.percent(measured['accepted']['value'])} of them) and for "
        f"{share_with_interval(measured['right unsure'])} inside."
    )


def similar_table(neighbours: Sequence[Neighbour]) -> pd.DataFrame:
    """Lay similar lesions out, a row each, with what the data set records."""
    return pd.DataFrame(
        {
            "Case": neighbour.case_id,
            "Pathology": words.pathology_words(neighbour.pathology),
            "Shape": words.descriptor(neighbour.mass_shape),
            "Margin": words.descriptor(neighbour.mass_margins),
            "Density": words.density_letter(neighbour.breast_density),
            "BI-RADS": "not recorded"
            if neighbour.assessment is None
            else str(neighbour.assessment),
            "Similarity": f"{neighbour.similarity:.3f}",
        }
        for neighbour in neighbours
    )
