"""What each named threshold was measured to do on the official test split, in words.

Read from the cases of the artifacts, so that other artifacts bring other figures. Free of
Streamlit; used by the threshold's help and by the case report.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from mammo.artifacts import Card, load_cases
from mammo.errors import DataError
from mammo.evaluation import CONFIDENCE, RESAMPLES, SEED, EvaluatedModel, Interval, operating_point
from mammo.evaluation.cases import read_cases
from mammo.evaluation.sample import Plan, draw_sample
from mammo.evaluation.wording import percent
from mammo.ui.words import AIMS, threshold_name

Measured = Mapping[str, Mapping[str, Mapping[str, Interval]]]
"""Model name -> threshold name -> "sensitivity" or "specificity", each with its interval."""


def measure_thresholds(cards: Sequence[Card], folder: Path | None = None) -> Measured:
    """Measure the models at the thresholds of their cards, one test crop at a time.

    Parameters
    ----------
    cards : of models of the artifacts
    folder : Path, the artifacts; by default `$MAMMO_ARTIFACTS` or the release

    Returns
    -------
    Measured; empty where the artifacts hold no test crop that every model scored

    Raises
    ------
    ArtifactError
        The cases cannot be read.
    """
    cases = load_cases(folder)
    models = tuple(EvaluatedModel(card.name, card.title, dict(card.thresholds)) for card in cards)
    try:
        table, _ = read_cases(cases[cases["split"] == "test"], models)
    except DataError:
        return {}
    sample = draw_sample(table, Plan("crop", models, RESAMPLES, SEED, CONFIDENCE))
    return {
        model.name: {
            name: operating_point(
                sample.units.labels, sample.p[model.name], at, sample.bootstrap
            ).rates
            for name, at in model.thresholds.items()
        }
        for model in models
    }


def threshold_meaning(measured: Measured, model: str, threshold: str) -> str:
    """Say what a threshold of a model was measured to do."""
    rates = measured.get(model, {}).get(threshold)
    if rates is None:
        return "not measured: no test crops"
    return (
        f"sensitivity {percent(rates['sensitivity'])}, specificity {percent(rates['specificity'])}"
    )


def threshold_help(cards: Sequence[Card], measured: Measured) -> str:
    """Explain the thresholds, in Markdown: for what each was set, and what was measured."""
    aims = " ".join(f"**{threshold_name(name)}** {aim}." for name, aim in AIMS.items())
    lines = [
        f"- {card.title}, {threshold_name(name)}: {threshold_meaning(measured, card.name, name)}"
        for card in cards
        for name in AIMS
    ]
    return (
        "The threshold turns a probability into a yes or no. All were set on training patients. "
        f"{aims}\n\nMeasured on test crops, with 95% intervals:\n" + "\n".join(lines)
    )
