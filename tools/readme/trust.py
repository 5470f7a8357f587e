"""The part of README.md that tells how far the trust signals can be trusted."""

from collections.abc import Mapping
from typing import Any

from mammo.inference.trust import load_trust
from mammo.report.model_card.tables import share as in_percent
from mammo.text import Estimate, percent_estimate


def trust_part() -> str:
    """Return what `artifacts/trust/trust.json` holds, a line for each signal."""
    trust = load_trust()
    if trust is None:
        return "The trust signals were not measured since the last training."
    measured = trust.measured
    lines = (
        _familiarity(measured["questioned"]),
        _neighbours(measured["vote"]["test"]),
        _zone(measured["uncertainty"]),
    )
    return "\n".join(f"- {line}" for line in lines)


def _familiarity(questioned: Mapping[str, Any]) -> str:
    value = {name: found["value"] for name, found in questioned.items()}
    share = {name: in_percent(found) for name, found in value.items()}
    clean = min(value[name] for name in ("text pages", "gradients", "noise", "blank"))
    films, photographs = questioned["whole films, shrunk"]["crops"], questioned["photographs"]
    return (
        "**Is it a mammogram crop?** Distance to the nearest training crops in MobileNetV2's "
        "features, and plain statistics of the pixels, both with thresholds from training "
        f"patients. Questioned are {_with_interval(questioned['test crops'])} of the official test "
        f"crops and, of pictures that no threshold was tuned on, {share['photographs']} of "
        f"photographs ({photographs['crops']} of scikit-image and scikit-learn, whole and cut), "
        f"{in_percent(clean)} of text pages, gradients, noise and blank pictures, and "
        f"{round(value['whole films, shrunk'] * films)} of {films} whole films. It misses "
        f"{in_percent(1 - value['cloudy noise (1/f)'])} of cloudy noise whose spectrum is like "
        f"tissue's, and most inverted crops ({share['test crops, inverted']} questioned). Of "
        "windows cut anywhere within the tissue of the example films "
        f"{share['tissue anywhere on example films']} are questioned, at the edge of the breast "
        f"{share['edge of the breast on example films']}; of crops with a quarter black "
        f"{share['test crops, a quarter black']}."
    )


def _neighbours(vote: Mapping[str, Any]) -> str:
    return (
        "**Similar known cases.** The majority of the five nearest training lesions, never of the "
        f"same patient, is right for {_with_interval(vote['right'])} of the test crops. "
        f'"Benign" for every crop is right for {in_percent(vote["always benign"])}.'
    )


def _zone(uncertainty: Mapping[str, Any]) -> str:
    def right(model: str, where: str) -> str:
        return _with_interval(uncertainty[model][f"right {where}"])

    return (
        "**Not sure.** A quarter of the training crops, by their out-of-fold scores, stands "
        f"nearest to the threshold. Outside this zone MobileNetV2 is right for "
        f"{right('mobilenetv2', 'accepted')} of the test crops, inside for "
        f"{right('mobilenetv2', 'unsure')}; the simple CNN for "
        f"{right('simple_cnn', 'accepted')} and {right('simple_cnn', 'unsure')}."
    )


def _with_interval(figure: Mapping[str, float]) -> str:
    return percent_estimate(Estimate(figure["value"], figure["low"], figure["high"]))
