"""The case report of a result, and the sentences on trust and thresholds that pages share with it.

Free of Streamlit.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mammo import text
from mammo.artifacts import Card, load_cases
from mammo.errors import DataError
from mammo.evaluation import EvaluatedModel, Unit
from mammo.evaluation.build import threshold_rates
from mammo.evaluation.units import has_two_views
from mammo.imaging import BURNED_IN_TEXT, Image
from mammo.inference import ModelResult
from mammo.inference.overlay import overlay
from mammo.inference.result import BALANCED, LesionResult
from mammo.inference.trust import Neighbour
from mammo.report.content import CaseReport, ModelAnswer, film_preview, side_by_side
from mammo.report.verdict import reading_words, sets_sentence
from mammo.text import (
    AIMS,
    Estimate,
    estimate,
    percent_estimate,
    share_with_interval,
    threshold_name,
)

SIMILAR_HELP = (
    "The training lesions with the most similar MobileNetV2 features, none from the same patient. "
    "The network was trained on these lesions. Cases that look similar to the network may differ "
    "clinically."
)


def vote_sentence(neighbours: Sequence[Neighbour], measured: Mapping[str, Any]) -> str:
    """Return how many neighbours were malignant, and how often their majority is right.

    `measured` is "test" of the measured vote, with "right" and "always benign".
    """
    malignant = sum(neighbour.malignant for neighbour in neighbours)
    return (
        f"**{malignant} of {len(neighbours)}** were malignant. For "
        f"{share_with_interval(measured['right'])} of the {measured['right']['crops']} test crops, "
        "the majority diagnosis of the five most similar lesions was correct. Calling every crop "
        f"benign would be correct for {text.percent(measured['always benign'])}."
    )


def similar_table(neighbours: Sequence[Neighbour]) -> pd.DataFrame:
    """Return a table of similar lesions, one row per lesion, with the recorded descriptors."""
    return pd.DataFrame(
        {
            "Case": neighbour.case_id,
            "Pathology": text.pathology_words(neighbour.pathology),
            "Shape": text.descriptor(neighbour.mass_shape),
            "Margin": text.descriptor(neighbour.mass_margins),
            "Density": text.density_letter(neighbour.breast_density),
            "BI-RADS": str(
                "not recorded" if neighbour.assessment is None else neighbour.assessment
            ),
            "Similarity": f"{neighbour.similarity:.3f}",
        }
        for neighbour in neighbours
    )


Measured = Mapping[str, Mapping[str, Mapping[str, Estimate]]]
"""Model name -> threshold name -> "sensitivity" or "specificity", each with its interval."""


def measure_thresholds(
    cards: Sequence[Card], folder: Path | None = None, *, two_views: bool = False
) -> Measured:
    """Measure the models at the thresholds of their cards, by test crop or by lesion of two views.

    Empty where the artifacts (`folder`, by default `$MAMMO_ARTIFACTS` or the release) hold no test
    crop that every model scored.

    Raises
    ------
    ArtifactError
        The cases cannot be read.
    """
    cases = load_cases(folder)
    cases = cases[cases["split"] == "test"]
    if two_views:
        cases = cases[has_two_views(cases)]
    unit: Unit = "lesion" if two_views else "crop"
    models = [EvaluatedModel.of_card(card, unit) for card in cards]
    try:
        return threshold_rates(cases, models, unit)
    except DataError:
        return {}


def threshold_meaning(measured: Measured, model: str, threshold: str) -> str:
    """Return the measured performance of a model at one of its thresholds."""
    rates = measured.get(model, {}).get(threshold)
    if rates is None:
        return "not measured (no test crops)"
    sensitivity, specificity = (percent_estimate(rates[n]) for n in ("sensitivity", "specificity"))
    return f"sensitivity {sensitivity}, specificity {specificity}"


def _cases(two_views: bool) -> str:
    return "lesions with two views" if two_views else "crops"


def threshold_help(cards: Sequence[Card], measured: Measured, *, two_views: bool = False) -> str:
    """Explain the thresholds, in Markdown: for what each was set, and what was measured."""
    aims = " ".join(
        f"The threshold “{threshold_name(name)}” {aim}."
        for name, aim in AIMS.items()
        if any(name in card.thresholds for card in cards)
    )
    lines = [
        f"- {card.title}, {threshold_name(name)}: {threshold_meaning(measured, card.name, name)}"
        for card in cards
        for name in AIMS
        if name in card.thresholds
    ]
    return (
        "Probabilities at or above the threshold count as suspicious. All thresholds were chosen "
        f"on training patients. {aims}\n\nPerformance on test {_cases(two_views)}, with 95% CI:\n"
        + "\n".join(lines)
    )


OWN_PICTURE = "Uploaded image"
HEAT_OPACITY = 0.45


def compose_report(
    result: LesionResult,
    images: Sequence[Image],
    measured: Measured,
    *,
    case: str = "",
    recorded: str = "",
    doubts: Sequence[str] = (),
    date: str = "",
) -> CaseReport:
    """Fill in a report.

    Parameters
    ----------
    result : LesionResult
    images : of each view, the film or the ready crop
    measured : what each threshold was measured to do on the test split
    case : str, the id of a case of the public data set; "" for a visitor's own picture, whose file
        name may hold a patient's
    recorded : str, the truth in words, once the reader has asked for it
    doubts : further sentences on what is doubtful
    date : str, ISO 8601; today by default
    """
    signals = result.signals
    similar_words, similar = "", []
    if signals is not None and signals.neighbours and not result.questioned:
        vote = vote_sentence(signals.neighbours, signals.trust.measured["vote"]["test"])
        similar_words = f"{vote.replace('**', '')} {SIMILAR_HELP}"
        rows = similar_table(signals.neighbours).itertuples(index=False)
        similar = [tuple(map(str, row)) for row in rows]
    areas = [view.area for view in result.views.values()]
    films = [
        film_preview(image.pixels, area)
        for image, area in zip(images, areas, strict=True)
        if area is not None and BURNED_IN_TEXT not in image.warnings  # which may be a name
    ]
    names = ", ".join(text.film_name(image.laterality, image.view) for image in images)
    above = f" ({' above, '.join(result.views)} below)" if result.pair else ""
    return CaseReport(
        subject=f"CBIS-DDSM, {case}" if case else OWN_PICTURE,
        facts=" ".join(map(picture_facts, images, areas)),
        date=date or datetime.now(UTC).date().isoformat(),
        film=side_by_side(films) if films else None,
        film_words=f"{names}: the square is the crop area",
        crop=np.concatenate([view.answers[0].crop for view in result.views.values()]),
        crop_words=f"Crop: what the models read{above}",
        answers=[_answer(name, result, measured) for name in result.models],
        alarm=result.alarm,
        warnings=(*result.doubts, *result.disagreements(), *doubts),
        similar_words=similar_words,
        similar=similar,
        recorded=recorded.replace("**", ""),
        fingerprint=result.artifacts,
        notice=text.NOTICE_OF_REPORT,
    )


def picture_facts(image: Image, window: Sequence[int] | None) -> str:
    """Describe an image and the crop area on it, without any data of the patient.

    >>> import numpy as np
    >>> film = Image(np.zeros((400, 300), np.uint8), "LEFT", "CC", 0.05)
    >>> picture_facts(film, (10, 20, 200, 200))[:62]
    'L CC, 300 x 400 pixels, pixel spacing 0.050 mm. Crop area: x 1'
    >>> picture_facts(Image(np.zeros((128, 128), np.uint8)), None)
    'Cropped lesion, 128 x 128 pixels, used as it is.'
    """
    height, width = image.shape
    if window is None:
        return f"Cropped lesion, {width:,} x {height:,} pixels, used as it is."
    spacing = image.pixel_spacing_mm
    stated = "not stated" if spacing is None else f"{spacing:.3f} mm"
    x, y, across, down = window
    return (
        f"{text.film_name(image.laterality, image.view)}, {width:,} x {height:,} pixels, pixel "
        f"spacing {stated}. Crop area: x {x:,}, y {y:,}, {across:,} x {down:,} pixels."
    )


def _answer(name: str, result: LesionResult, measured: Measured) -> ModelAnswer:
    answer, two_views = result[name], bool(result.pair)
    views = [one[name] for one in result.views.values()]
    given, balanced = answer.assessment, answer.card.thresholds[BALANCED]
    spread = "" if result.questioned else reading_words(answer)
    if len(views_read := answer.card.views) > 1:
        spread += f" {text.spread_sentence(views_read, given.p_low, given.p_high, balanced)}"
    return ModelAnswer(
        title=answer.card.title,
        p_malignant=given.p_malignant,
        p_low=given.p_low,
        p_high=given.p_high,
        threshold=balanced,
        probability=text.percent(given.p_malignant),
        standing=text.standing(given.p_malignant, balanced),
        spread=spread.strip(),
        thresholds=[
            ("Threshold", "Result", f"Performance on test {_cases(two_views)}"),
            *(
                (
                    f"{text.threshold_name(threshold)}: {text.percent(at)}",
                    answer.side(threshold),
                    threshold_meaning(measured, name, threshold),
                )
                for threshold, at in answer.card.thresholds.items()
            ),
        ],
        basis=_basis(answer, two_views=two_views, questioned=bool(result.questioned)),
        heat=np.concatenate([overlay(one.crop, one.heat_map(), HEAT_OPACITY) for one in views]),
    )


def _basis(answer: ModelResult, *, two_views: bool, questioned: bool) -> str:
    """Return what the probability is calibrated on, and the model's measured performance."""
    card = answer.card
    sentences = [f"Calibrated on {card.calibration.fitted_on}."]
    unit = "lesion" if two_views else "crop"
    measured = card.metrics.get("test", {}).get(unit, {})
    figures = [
        f"{'AUC' if name == 'auc' else name} {estimate(figure, 2)}"
        for name in ("auc", "sensitivity", "specificity")
        if (figure := measured.get(name)) is not None
    ]
    if figures:
        sentences.append(
            f"Per {unit} of the official test split, at the balanced threshold: "
            f"{', '.join(figures)} (95% CI in brackets)."
        )
    if not questioned:
        sentences.append(sets_sentence(answer, two_views=two_views))
    return " ".join(sentences).strip()
