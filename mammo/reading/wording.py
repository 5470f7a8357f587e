"""The reading room's figures in sentences and tables. Free of Streamlit.

Run the tests with `pytest tests/ui/test_reading_words.py`.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mammo import text
from mammo.evaluation import RANDOM_PATIENTS, RANDOM_READERS
from mammo.evaluation.bootstrap import rarer_patients
from mammo.reading.advice import SURE_POINTS, SURE_SHARE, Answerer, Following
from mammo.reading.plan import RoundCases, RoundPlan
from mammo.reading.practice import FIRST, WINDOW
from mammo.reading.room import RoomScore
from mammo.reading.score import FEW_PATIENTS, RADIOLOGISTS, AdviceEffect, Standing, cases_for
from mammo.text import (
    NO_INTERVAL,
    Estimate,
    counted,
    estimate,
    listed,
    p_value,
    percent_estimate,
    signed_estimate,
)

if TYPE_CHECKING:
    import pandas as pd


YOU = "You"
"""Who reads here; a file that is opened is told by its reader's name."""
FEW_CASES = "too few cases for an interval"
WIDE = 0.1

"""An AUC whose 95% interval reaches farther than this to either side says little."""
NARROW = 0.05
CHANCE = 0.5
_KAPPA_WORDS = ((0.0, "no"), (0.2, "slight"), (0.4, "fair"), (0.6, "moderate"),
                (0.8, "substantial"), (1.0, "almost perfect"))  # fmt: skip


def title_of(name: str, cases: RoundCases, reader: str = YOU) -> str:
    """Name one of those compared: the reader, a model by its title, the radiologists."""
    titles = {model.name: model.title for model in cases.models}
    return {**titles, "reader": reader, RADIOLOGISTS: "Radiologists (recorded)"}[name]


def in_a_sentence(reader: str) -> str:
    """Write the reader inside a sentence: a name stays as it is.

    >>> in_a_sentence(YOU), in_a_sentence("Ada")
    ('you', 'Ada')
    """
    return reader.lower() if reader == YOU else reader


def cut_of(name: str, cases: RoundCases, cut: int) -> str:
    """Return the threshold from which one of those compared calls a case malignant."""
    for model in cases.models:
        if model.name == name:
            return f"{text.percent(cases.threshold(model))} (balanced)"
    return f"rating {cut}" if name == "reader" else "BI-RADS 4 or 5 (biopsy)"


def score_line(who: str, found: Sequence[Standing], cases: RoundCases) -> str:
    """Count the correct answers: "You 5 of 10, MobileNetV2 7, radiologists 9"."""
    reader, *others = found
    return _beside(f"{who} {_correct(reader)} of {cases.labels.size}", others, cases)


def room_line(score: RoomScore, cases: RoundCases) -> str:
    """Count the correct answers of a class: "Readers 5.3 of 10 on average, MobileNetV2 7"."""
    mean = text.number(float(np.mean([_correct(one) for one in score.readers])), 1)
    return _beside(f"Readers {mean} of {cases.labels.size} on average", score.others, cases)


def _correct(one: Standing) -> int:
    return one.point.confusion.true_positive + one.point.confusion.true_negative


def _beside(first: str, others: Sequence[Standing], cases: RoundCases) -> str:
    shown = [first]
    for one in others:
        name = RADIOLOGISTS if one.name == RADIOLOGISTS else title_of(one.name, cases)
        few = f" of {one.labels.size}" if one.labels.size < cases.labels.size else ""
        shown.append(f"{name} {_correct(one)}{few}")
    return ", ".join(shown)


def score_meaning(who: str, cut: int) -> str:
    """Explain which answers count as correct."""
    return (
        f"Correct answers. {who}: a rating of {cut} or more counts as malignant. Models: balanced "
        "threshold. Radiologists: BI-RADS 4 or 5 counts as malignant."
    )


def reader_sentence(area: Estimate, who: str = YOU) -> str:
    """Explain an AUC.

    >>> reader_sentence(Estimate(0.72, 0.46, 0.93))
        'In 72% of pairs of one malignant and one benign case, you rated the malignant one higher: \
AUC 0.72, 95% CI 0.46 to 0.93.'
    """
    if math.isnan(area.value):
        return (
            "All cases are of one kind, so there is no AUC. Open a balanced round to measure one."
        )
    ends = f"95% CI {area.low:.2f} to {area.high:.2f}"
    if math.isnan(area.low):
        ends = "without an interval because all ratings are equal"
    return (
        f"In {round(100 * area.value)}% of pairs of one malignant and one benign case, "
        f"{in_a_sentence(who)} rated the malignant one higher: AUC {area.value:.2f}, {ends}."
    )


def too_small(area: Estimate, cases: RoundCases) -> str:
    """Warn where a round is too small to measure a reader, with the interval; or ""."""
    if math.isnan(area.low) or max(area.high - area.value, area.value - area.low) <= WIDE:
        return ""
    malignant, n = int(cases.labels.sum()), cases.labels.size
    chance = ", which includes chance (0.50)" if area.low <= CHANCE <= area.high else ""
    sentence = (
        f"{malignant} malignant and {n - malignant} benign cases are too few to assess a reader: "
        f"the 95% CI of the AUC is {area.low:.2f} to {area.high:.2f}{chance}."
    )
    patients = rarer_patients(cases.labels, cases.patients)
    if patients < FEW_PATIENTS:
        kind = "malignant" if malignant <= n - malignant else "benign"
        whose = "one patient" if patients == 1 else f"{patients} patients"
        return f"{sentence} All {kind} cases come from {whose}: treat this round as practice."
    needed = cases_for(NARROW, area, n)
    return sentence + (
        f" About {needed:,} such cases would narrow it to ± {NARROW:g}." if needed else ""
    )


def standings_table(
    found: Sequence[Standing], cases: RoundCases, cut: int, reader: str = YOU
) -> "pd.DataFrame":
    """Return the figures of everyone compared, a row each."""
    import pandas as pd

    return pd.DataFrame(
        {
            "Who": title_of(one.name, cases, reader)
            + f" ({one.labels.size} cases)" * (one.labels.size < cases.labels.size),
            "AUC": estimate(one.auc, 2),
            f"AUC, {in_a_sentence(reader)} minus them": gap_words(one),
            "Threshold": cut_of(one.name, cases, cut),
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

    Too few readers or patients give no test, and still fewer patients no interval.
    """
    return "" if one.reader_minus is None else gap_with_p(one.reader_minus, one.p_value)


def gap_with_p(gap: Estimate, p: float) -> str:
    """Return a difference in AUC with its interval and, where it was tested, its p-value.

    >>> gap_with_p(Estimate(0.1, 0.02, 0.18), 0.02)
    '+0.10 (+0.02 to +0.18); p = 0.020'
    """
    return signed(gap) + ("" if math.isnan(p) else f"; {p_value(p)}")


def random_sentence(score: RoomScore, cases: RoundCases) -> str:
    """Explain what the room's differences apply to, and what a test would need."""
    readers, patients = len(score.readers), rarer_patients(cases.labels, cases.patients)
    if readers >= RANDOM_READERS and patients >= RANDOM_PATIENTS:
        return (
            "The differences treat readers and cases as samples (Obuchowski-Rockette test with "
            "Hillis' degrees of freedom): they apply to other readers on other cases. The other "
            "intervals resample patients alone."
        )
    return (
        "Intervals resample patients, not readers. They apply to these readers on other cases. A "
        f"test that applies to other readers needs at least {RANDOM_READERS} readers and "
        f"{RANDOM_PATIENTS} patients of each class; here there "
        f"{'is' if readers == 1 else 'are'} {counted(readers, 'reader')} and {patients} of the "
        "rarer class."
    )


def signed(gap: Estimate) -> str:
    """Return a difference in AUC with its interval, or why it has none.

    >>> signed(Estimate(0.1, float("nan"), float("nan")))
    '+0.10 (too few cases for an interval)'
    """
    return signed_estimate(gap, 2).replace(NO_INTERVAL, FEW_CASES)


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
    '0.31 (too few cases for an interval)'
    """
    return estimate(agreement, 2).replace(NO_INTERVAL, FEW_CASES)


def agreement_sentences(found: Sequence[Standing], cases: RoundCases) -> list[str]:
    """Return the agreement of the reader with each of the others, a sentence each."""
    return [
        f"{title_of(one.name, cases)}: kappa "
        + (
            "is undefined, because both call all cases the same."
            if math.isnan(one.agreement.value)
            else f"{kappa_figure(one.agreement)}, {kappa_word(one.agreement.value)} agreement "
            "beyond chance."
        )
        for one in found
        if one.agreement is not None
    ]


def time_sentence(seconds: Sequence[float]) -> str:
    """Summarise the times per case.

    >>> time_sentence([4.0, 10.0, 31.0])
        'Median time per case: 10 s (range 4 to 31 s); total 45 s.'
    """
    times = np.asarray(seconds, dtype=np.float64)
    return (
        f"Median time per case: {np.median(times):.0f} s (range {times.min():.0f} to "
        f"{times.max():.0f} s); total {times.sum():.0f} s."
    )


def advice_sentences(effect: AdviceEffect, who: str = YOU) -> list[str]:
    """Return the effect of the advice on a reader, a sentence each."""
    gain = effect.gain
    return [
        f"After the advice, {in_a_sentence(who)} changed "
        f"{counted(effect.changed, 'rating')}: {effect.toward} towards the diagnosis, "
        f"{effect.away} away from it. The mean change per case is "
        f"{counted(round(effect.mean_move), 'point')}.",
        f"AUC before the advice: {estimate(effect.before, 2)}; after: "
        f"{estimate(effect.after, 2)}. Change: {signed(gain)}."
        if not math.isnan(gain.value)
        else "All cases are of one kind, so there is no AUC before or after.",
    ]


FOLLOWING_HELP = (
    "Contradicted: the first rating and the advice are on different sides of the threshold. "
    "Followed: the second rating changed to the side of the advice. Became correct (benefit) and "
    f"became wrong (harm) count all changed calls. Sure: {SURE_POINTS} points or more from the "
    "threshold. Cases in which the models disagree are left out."
)
ANSWER_HELP = (
    "Answers before the advice, if not stated otherwise. The average takes rating and probability "
    "as distances from their thresholds. The model is sure at "
    f"{SURE_SHARE:.0%} or less, and at {1 - SURE_SHARE:.0%} or more. Intervals resample patients."
)


def following_sentences(found: Sequence[Following], plan: RoundPlan) -> list[str]:
    """Return how often the advice was wrong, and how often it was followed."""
    lines = []
    if plan.wrong:
        lines.append(
            f"The advice was wrong on purpose in {plan.wrong_cases} of {counted(plan.n, 'case')}, "
            "and right in the others."
        )
    return lines + [
        f"{one.title}: followed in **{round(one.opposed * one.followed.value)} of "
        f"{counted(one.opposed, 'rating')}** that it contradicted. {one.better} became correct and "
        f"{one.worse} became wrong."
        for one in found[:3]
        if one.opposed
    ]


def following_table(found: Sequence[Following]) -> "pd.DataFrame":
    """Return how far the advice was followed, a row per kind of advice and per confidence."""
    import pandas as pd

    return pd.DataFrame(
        {
            "Ratings": one.title,
            "Contradicted": one.opposed,
            "Followed": percent_estimate(one.followed),
            "Became correct": one.better,
            "Became wrong": one.worse,
        }
        for one in found
    )


def best_answer(ways: Sequence[Answerer], cases: RoundCases) -> str:
    """Name who answered most cases correctly."""
    best = max(one.correct for one in ways)
    titles = [one.title for one in ways if one.correct == best]
    return (
        f"Most correct answers in this round: **{listed(titles)}**, "
        f"{_mean_count(best)} of {cases.labels.size}."
    )


def answer_table(ways: Sequence[Answerer], cases: RoundCases) -> "pd.DataFrame":
    """Return the figures of each way to answer, a row each."""
    import pandas as pd

    return pd.DataFrame(
        {
            "Who answers": one.title,
            f"Correct of {cases.labels.size}": _mean_count(one.correct),
            "Accuracy": percent_estimate(one.accuracy),
            "Sensitivity": percent_estimate(one.sensitivity),
            "Specificity": percent_estimate(one.specificity),
            "AUC": estimate(one.auc, 2),
        }
        for one in ways
    )


def _mean_count(count: float) -> str:
    """Write a mean of counts.

    >>> _mean_count(14.0), _mean_count(13.25)
    ('14', '13.2')
    """
    return text.number(count, 0 if count == int(count) else 1)


def learning_sentence(curve: Sequence[tuple[int, Estimate]], n: int) -> str:
    """Explain the last point of a learning curve, or when it starts.

    >>> learning_sentence([], 4)
    'The learning curve starts after 10 cases, once benign and malignant ones have come. So far: 4.'
    """
    if not curve:
        return (
            f"The learning curve starts after {FIRST} cases, once benign and malignant ones have "
            f"come. So far: {n}."
        )
    return (
        f"AUC of the last {counted(min(n, WINDOW), 'case')}: **{estimate(curve[-1][1], 2)}**. Half "
        "of the cases are chosen by your errors. The curve corrects for this choice: it estimates "
        "your AUC on the whole training set."
    )
