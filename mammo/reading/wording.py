"""What the reading room's figures say, in sentences and tables. Free of Streamlit.

Run the tests with `pytest tests/ui/test_reading_words.py`.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mammo import text
from mammo.evaluation.bootstrap import rarer_patients
from mammo.reading.plan import RoundCases
from mammo.reading.score import FEW_PATIENTS, RADIOLOGISTS, AdviceEffect, Standing, cases_for
from mammo.text import (
    NO_INTERVAL,
    Estimate,
    counted,
    estimate,
    p_value,
    percent_estimate,
    signed_estimate,
)

if TYPE_CHECKING:
    import pandas as pd


YOU = "You"
"""Who reads here; a file that is opened is told by its reader's name."""
WIDE = 0.1
"""An AUC whose 95% interval reaches farther than this to either side says little."""
NARROW = 0.05
CHANCE = 0.5
_KAPPA_WORDS = ((0.0, "no"), (0.2, "slight"), (0.4, "fair"), (0.6, "moderate"),
                (0.8, "substantial"), (1.0, "almost perfect"))  # fmt: skip


def title_of(name: str, cases: RoundCases, reader: str = YOU) -> str:
    """Name one of those compared: the reader, a model by its title, the radiologists."""
    titles = {model.name: model.title for model in cases.models}
    return {**titles, "reader": reader, RADIOLOGISTS: "Radiologists, recorded"}[name]


def in_a_sentence(reader: str) -> str:
    """Write the reader inside a sentence: a name stays as it is.

    >>> in_a_sentence(YOU), in_a_sentence("Ada")
    ('you', 'Ada')
    """
    return reader.lower() if reader == YOU else reader


def cut_of(name: str, cases: RoundCases, cut: int) -> str:
    """Say from where on one of those compared flags a case."""
    for model in cases.models:
        if model.name == name:
            return f"{text.percent(cases.threshold(model))} (balanced)"
    return f"rating {cut}" if name == "reader" else "BI-RADS 4 or 5 (biopsy)"


def reader_sentence(area: Estimate, who: str = YOU) -> str:
    """Say what an AUC means.

    >>> reader_sentence(Estimate(0.72, 0.46, 0.93))
    'You gave the malignant case the higher rating in 72 of 100 pairs of one malignant and one \
benign case: AUC 0.72, 95% interval 0.46 to 0.93.'
    """
    if math.isnan(area.value):
        return (
            "The cases are all of one kind, so that nobody can tell malignant from benign among "
            "them: no AUC. Draw a balanced round."
        )
    ends = f"95% interval {area.low:.2f} to {area.high:.2f}"
    if math.isnan(area.low):
        ends = "without an interval, because all ratings are alike"
    return (
        f"{who} gave the malignant case the higher rating in {round(100 * area.value)} of 100 "
        f"pairs of one malignant and one benign case: AUC {area.value:.2f}, {ends}."
    )


def too_small(area: Estimate, cases: RoundCases) -> str:
    """Warn where a round is too small to say anything, with the interval that proves it; or ""."""
    if math.isnan(area.low) or max(area.high - area.value, area.value - area.low) <= WIDE:
        return ""
    malignant, n = int(cases.labels.sum()), cases.labels.size
    proof = (
        "which includes chance (0.50)"
        if area.low <= CHANCE <= area.high
        else f"an interval {area.high - area.low:.2f} wide"
    )
    sentence = (
        f"{malignant} malignant and {n - malignant} benign cases are too few to say how well "
        f"somebody reads: the AUC of {area.value:.2f} may as well be anything from {area.low:.2f} "
        f"to {area.high:.2f}, {proof}."
    )
    patients = rarer_patients(cases.labels, cases.patients)
    if patients < FEW_PATIENTS:
        kind = "malignant" if malignant <= n - malignant else "benign"
        whose = "one patient" if patients == 1 else f"{patients} patients"
        return f"{sentence} The {kind} ones come from {whose}: take this round as practice."
    needed = cases_for(NARROW, area, n)
    return sentence + (
        f" About {needed:,} such cases would bring it to ± {NARROW:g}." if needed else ""
    )


def standings_table(
    found: Sequence[Standing], cases: RoundCases, cut: int, reader: str = YOU
) -> "pd.DataFrame":
    """Lay out everybody's figures, a row each."""
    import pandas as pd

    return pd.DataFrame(
        {
            "Who": title_of(one.name, cases, reader)
            + f" ({one.labels.size} cases)" * (one.labels.size < cases.labels.size),
            "AUC": estimate(one.auc, 2),
            f"{reader} minus them": gap_words(one),
            "Flags from": cut_of(one.name, cases, cut),
            "Sensitivity": percent_estimate(one.point.rates["sensitivity"]),
            "Specificity": percent_estimate(one.point.rates["specificity"]),
            f"Agreement with {in_a_sentence(reader)} (kappa)": ""
            if one.agreement is None
            else kappa_figure(one.agreement),
        }
        for one in found
    )


def gap_words(one: Standing) -> str:
    """Return a difference in AUC with its test; nothing for the reader.

    Too few patients give no interval, and a test only from ten of each class on.
    """
    if one.reader_minus is None:
        return ""
    tested = f"; {p_value(one.p_value)}" if not math.isnan(one.p_value) else ""
    return f"{signed(one.reader_minus)}{tested}"


def signed(gap: Estimate) -> str:
    """Return a difference in AUC with its interval, or why it has none.

    >>> signed(Estimate(0.1, float("nan"), float("nan")))
    '+0.10 (too few cases for an interval)'
    """
    return signed_estimate(gap, 2).replace(NO_INTERVAL, "too few cases for an interval")


def kappa_word(value: float) -> str:
    """Return the customary word for a kappa (Landis and Koch 1977, Biometrics 33:159-174).

    >>> kappa_word(-0.1), kappa_word(0.35), kappa_word(0.81), kappa_word(float("nan"))
    ('no', 'fair', 'almost perfect', 'undefined')
    """
    if math.isnan(value):
        return "undefined"
    return next((word for end, word in _KAPPA_WORDS if value <= end), _KAPPA_WORDS[-1][1])


def kappa_figure(agreement: Estimate) -> str:
    """Write a kappa with its interval, or why it has none.

    >>> kappa_figure(Estimate(0.31, float("nan"), float("nan")))
    '0.31 (no interval from these cases)'
    """
    return estimate(agreement, 2).replace(NO_INTERVAL, f"{NO_INTERVAL} from these cases")


def agreement_sentences(found: Sequence[Standing], cases: RoundCases) -> list[str]:
    """Say how far the reader agrees with each of the others."""
    return [
        f"{title_of(one.name, cases)}: kappa "
        + (
            "is undefined, because both flag all cases or none."
            if math.isnan(one.agreement.value)
            else f"{kappa_figure(one.agreement)}, {kappa_word(one.agreement.value)} agreement "
            "beyond chance."
        )
        for one in found
        if one.agreement is not None
    ]


def time_sentence(seconds: Sequence[float]) -> str:
    """Say how long a case took.

    >>> time_sentence([4.0, 10.0, 31.0])
    'Time a case: 10 s in the middle (4 to 31 s), 45 s in all, from showing to first rating.'
    """
    times = np.asarray(seconds, dtype=np.float64)
    return (
        f"Time a case: {np.median(times):.0f} s in the middle ({times.min():.0f} to "
        f"{times.max():.0f} s), {times.sum():.0f} s in all, from showing to first rating."
    )


def advice_sentences(effect: AdviceEffect, cut: int, who: str = YOU) -> list[str]:
    """Say what the models' advice changed."""
    gain = effect.gain
    ends = "" if math.isnan(gain.low) else f", {signed_estimate(gain)}"
    return [
        f"{who} changed {counted(effect.changed, 'rating')} after the advice, by "
        f"{counted(round(effect.mean_move), 'point')} a case on average: {effect.toward} towards "
        f"the truth, {effect.away} away from it.",
        f"At the cut of {cut}, advice turned **{effect.better} wrong into right** and "
        f"**{effect.worse} right into wrong**.",
        f"AUC before {estimate(effect.before, 2)}, after {estimate(effect.after, 2)}: "
        f"{gain.value:+.2f}{ends}."
        if not math.isnan(gain.value)
        else "The cases are all of one kind: no AUC before or after.",
    ]
