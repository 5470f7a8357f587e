"""Sentences and the table of the trust signals, from measured figures. Free of Streamlit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import mammo
from mammo import text
from mammo.artifacts import Card, Manifest, Metric, load_cases
from mammo.errors import DataError
from mammo.evaluation import EvaluatedModel
from mammo.evaluation.build import model_points
from mammo.evaluation.units import Plan, draw_sample, read_cases
from mammo.imaging import BURNED_IN_TEXT, Image
from mammo.inference import Assessment
from mammo.inference.overlay import overlay
from mammo.inference.trust import Familiarity, Neighbour, Trust, Zone
from mammo.report import CaseReport, ModelAnswer, ThresholdLine, film_preview
from mammo.text import AIMS, Estimate, percent_estimate, threshold_name

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
        return f"{text.percent(figure['value'])} (no interval)"
    low, high = text.percent(figure["low"]), text.percent(figure["high"])
    return f"{text.percent(figure['value'])} ({low} to {high})"


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
        f"right for {text.percent(measured['always benign'])}."
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
        f"{text.percent(p_malignant)} is {where} the zone of "
        f"{text.percent_range(zone.low, zone.high)} around the balanced threshold. On test crops "
        f"this model was right for {share_with_interval(measured['right accepted'])} outside it "
        f"({text.percent(measured['accepted']['value'])} of them) and for "
        f"{share_with_interval(measured['right unsure'])} inside."
    )


def similar_table(neighbours: Sequence[Neighbour]) -> pd.DataFrame:
    """Lay similar lesions out, a row each, with what the data set records."""
    return pd.DataFrame(
        {
            "Case": neighbour.case_id,
            "Pathology": text.pathology_words(neighbour.pathology),
            "Shape": text.descriptor(neighbour.mass_shape),
            "Margin": text.descriptor(neighbour.mass_margins),
            "Density": text.density_letter(neighbour.breast_density),
            "BI-RADS": "not recorded"
            if neighbour.assessment is None
            else str(neighbour.assessment),
            "Similarity": f"{neighbour.similarity:.3f}",
        }
        for neighbour in neighbours
    )


Measured = Mapping[str, Mapping[str, Mapping[str, Estimate]]]
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
    sample = draw_sample(table, Plan(models))
    return {
        model.name: {name: point.rates for name, point in model_points(model, sample).items()}
        for model in models
    }


def threshold_meaning(measured: Measured, model: str, threshold: str) -> str:
    """Say what a threshold of a model was measured to do."""
    rates = measured.get(model, {}).get(threshold)
    if rates is None:
        return "not measured: no test crops"
    sensitivity, specificity = (percent_estimate(rates[n]) for n in ("sensitivity", "specificity"))
    return f"sensitivity {sensitivity}, specificity {specificity}"


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


OWN_PICTURE = "A picture that the visitor opened"
HEAT_OPACITY = 0.45
BALANCED = "youden"
DIGITS = 12
"""Of a SHA-256: enough to tell any two files of a release apart."""

Region = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class ReportSubject:
    """Hold the lesion that a report is about.

    Attributes
    ----------
    image : Image, the film, or the ready crop
    window : (x, y, width, height) in film pixels; None for a ready crop
    case : str, the id of a case of the public data set; "" for a visitor's own picture, whose file
        name may hold a patient's
    recorded : str, the truth in words, once the reader has asked for it
    doubts : what is doubtful about the picture
    """

    image: Image
    window: Region | None
    case: str = ""
    recorded: str = ""
    doubts: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class TrustFacts:
    """Hold what the trust signals say of the lesion."""

    trust: Trust
    familiarity: Familiarity
    neighbours: Sequence[Neighbour]


def compose_report(
    subject: ReportSubject,
    cards: Sequence[Card],
    crops: Mapping[str, NDArray[np.uint8]],
    assessments: Mapping[str, Assessment],
    made_by: Manifest,
    date: str,
    measured: Measured,
    trust: TrustFacts | None = None,
) -> CaseReport:
    """Fill in a report.

    Parameters
    ----------
    subject : ReportSubject
    cards : the models, in the order of the page
    crops, assessments : model name -> uint8 (S, S), and what the model says of it
    made_by : Manifest of the artifacts
    date : str, ISO 8601
    measured : what each threshold was measured to do on the test split
    trust : TrustFacts, where the artifacts hold trust signals
    """
    answers = [
        _answer(card, crops[card.name], assessments[card.name], measured, trust) for card in cards
    ]
    alarm = trust.familiarity.sentence if trust is not None else ""
    similar = () if trust is None or alarm else trust.neighbours
    return CaseReport(
        subject=f"CBIS-DDSM, {subject.case}" if subject.case else OWN_PICTURE,
        facts=picture_facts(subject.image, subject.window),
        date=date,
        film=_film(subject),
        film_words=_film_words(subject.image),
        crop=crops[cards[0].name],
        answers=answers,
        alarm=alarm,
        warnings=tuple(subject.doubts),
        similar_words=_similar_words(trust) if similar else "",
        similar=_similar_cells(similar),
        recorded=subject.recorded.replace("**", ""),
        fingerprint=fingerprint(made_by, cards),
        notice=text.NOTICE_OF_REPORT,
    )


def picture_facts(image: Image, window: Region | None) -> str:
    """Say what is known of a picture and of the window cut from it, and nothing of the patient.

    Examples
    --------
    >>> film = Image(np.zeros((400, 300), np.uint8), "LEFT", "CC", 0.05)
    >>> picture_facts(film, (10, 20, 200, 200))[:62]
    'L CC, 300 x 400 pixels, pixel spacing 0.050 mm. Window: x 10, '
    >>> picture_facts(Image(np.zeros((128, 128), np.uint8)), None)
    'A ready crop, 128 x 128 pixels, used whole.'
    """
    height, width = image.shape
    if window is None:
        return f"A ready crop, {width:,} x {height:,} pixels, used whole."
    spacing = image.pixel_spacing_mm
    stated = "not stated" if spacing is None else f"{spacing:.3f} mm"
    x, y, across, down = window
    return (
        f"{text.film_name(image.laterality, image.view)}, {width:,} x {height:,} pixels, pixel "
        f"spacing {stated}. Window: x {x:,}, y {y:,}, {across:,} x {down:,} film pixels."
    )


def fingerprint(made_by: Manifest, cards: Sequence[Card]) -> str:
    """Say which program, networks and data an answer comes from, by checksums that can be held."""
    networks = "; ".join(
        f"{card.title} {made_by.files[f'{card.name}/model.onnx'].sha256[:DIGITS]}"
        for card in cards
        if f"{card.name}/model.onnx" in made_by.files
    )
    return (
        f"mammo {mammo.__version__}. Models of {made_by.created[:10]}, seed {made_by.seed}. "
        f"Networks (SHA-256, first {DIGITS} digits): {networks}. Training data: "
        f"{made_by.data.fingerprint[:DIGITS]}. Trained on {cards[0].trained_on}."
    )


def _answer(
    card: Card,
    crop: NDArray[np.uint8],
    given: Assessment,
    measured: Measured,
    trust: TrustFacts | None,
) -> ModelAnswer:
    threshold = card.thresholds[BALANCED]
    spread = ""
    if len(given.flips_p) > 1:
        unsure = given.straddles(threshold)
        spread = text.spread_sentence(given.p_low, given.p_high, unsure).replace("**", "")
    return ModelAnswer(
        title=card.title,
        p_malignant=given.p_malignant,
        p_low=given.p_low,
        p_high=given.p_high,
        threshold=threshold,
        probability=text.percent(given.p_malignant),
        standing=text.standing(given.p_malignant, threshold),
        spread=spread,
        thresholds=[
            _threshold(given, name, at, threshold_meaning(measured, card.name, name))
            for name, at in card.thresholds.items()
        ],
        basis=_basis(card, given, trust),
        heat=overlay(crop, given.heat_map(crop.shape[0]), HEAT_OPACITY),
    )


def _threshold(given: Assessment, name: str, at: float, meaning: str) -> ThresholdLine:
    side = "above" if text.is_above(given.p_malignant, at) else "below"
    if given.straddles(at):
        side = f"{side}, not sure"
    return ThresholdLine(text.threshold_name(name), text.percent(at), side, meaning)


def _basis(card: Card, given: Assessment, trust: TrustFacts | None) -> str:
    """Say what the probability is calibrated on, and how far the model's answers can be trusted."""
    sentences = [f"Calibrated on {card.calibration.fitted_on}."]
    measured = card.metrics.get("test", {}).get("crop", {})
    told = [
        f"{title} {_with_interval(measured[name])}"
        for name, title in (
            ("auc", "AUC"), ("sensitivity", "sensitivity"), ("specificity", "specificity")
        )
        if name in measured
    ]  # fmt: skip
    if told:
        sentences.append(
            f"On the official test split, one crop at a time, at the balanced threshold: "
            f"{', '.join(told)} (95% intervals)."
        )
    zone = None if trust is None else trust.trust.zone(card.name)
    if trust is not None and zone is not None and not trust.familiarity.questioned:
        figures = trust.trust.measured["uncertainty"][card.name]
        sentences.append(zone_sentence(zone, given.p_malignant, figures))
    return " ".join(sentences)


def _with_interval(metric: Metric) -> str:
    return text.with_interval(metric.value, metric.low, metric.high)


def _film(subject: ReportSubject) -> NDArray[np.uint8] | None:
    """Draw the small film; not where the file says that a name may be burned into it."""
    if subject.window is None or BURNED_IN_TEXT in subject.image.warnings:
        return None
    return film_preview(subject.image.pixels, subject.window)


def _film_words(image: Image) -> str:
    return f"{text.film_name(image.laterality, image.view)}: the window that the models read"


def _similar_words(trust: TrustFacts | None) -> str:
    if trust is None:
        return ""
    vote = vote_sentence(trust.neighbours, trust.trust.measured["vote"]["test"])
    return f"{vote.replace('**', '')} {SIMILAR_HELP}"


def _similar_cells(neighbours: Sequence[Neighbour]) -> list[tuple[str, ...]]:
    if not neighbours:
        return []
    rows = similar_table(neighbours).itertuples(index=False)
    return [tuple(str(cell) for cell in row) for row in rows]
