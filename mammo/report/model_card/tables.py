"""The tables of the model card, each a DataFrame of texts."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pandas as pd

from mammo.artifacts import Card
from mammo.data.descriptors import MEANINGS, MISSING, meaning
from mammo.inference.concepts import SHOWN_FROM, Concepts
from mammo.report.model_card.facts import Facts, Row, how_trained
from mammo.report.templates import UNKNOWN
from mammo.settings import REGISTRY
from mammo.text import (
    Estimate,
    descriptor,
    estimate,
    listed,
    number,
    parts,
    percent_estimate,
    percentage,
    plain,
)

APP, NO, NA = "app", "not answered", "not applicable"
"""Where an item of a checklist is answered: on a page of the app, nowhere."""
SPLITS = {"train": "Training", "test": "Test"}
MOST_LEVELS = 8
THRESHOLD_WORDS = {
    "youden": "balanced (Youden)",
    "sensitivity_90": "sensitivity 90% out of fold",
    "specificity_90": "specificity 90% out of fold",
}
FIGURES = {
    "auc": "AUC",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "ppv": "PPV",
    "npv": "NPV",
    "brier": "Brier score (lower is better)",
    "ece": "Expected calibration error",
    "coverage_malignant": "Malignant in the conformal set (aim: 90%)",
    "coverage_benign": "Benign in the conformal set (aim: 90%)",
    "cannot_tell_malignant": "Malignant: cannot tell",
    "cannot_tell_benign": "Benign: cannot tell",
}


def details(facts: Facts) -> pd.DataFrame:
    """Return what each model is, a column a model."""
    names = list(dict.fromkeys(name for card in facts.cards for name in card.thresholds))
    return _beside(facts, [_details(facts, card, names) for card in facts.cards])


def _beside(facts: Facts, columns: Sequence[dict[str, str]]) -> pd.DataFrame:
    """Set the models beside each other: a row a name, which is the same in every column."""
    models = zip(facts.cards, columns, strict=True)
    cells = {card.title: list(column.values()) for card, column in models}
    return pd.DataFrame({"": list(columns[0]), **cells})


def _details(facts: Facts, card: Card, thresholds: Sequence[str]) -> dict[str, str]:
    reads, forms = card.preprocessing, [card.calibration]
    if card.two_views is not None:
        forms.append(card.two_views.calibration)
    network = facts.manifest.files.get(f"{card.name}/model.onnx")
    return {
        "Kind": REGISTRY[card.name].kind if card.name in REGISTRY else UNKNOWN,
        "Training": how_trained(card) or UNKNOWN,
        "Weights": f"{card.parameters:,}",
        "Input": f"crop of {card.crop_size} pixels, resized to {reads.input_size}, stretched from "
        f"percentile {reads.low_percentile:g} to {reads.high_percentile:g}",
        "At test time": f"logit averaged over the crop {listed(card.views)}",
        "Calibration": "; two views: ".join(
            f"{form.method}, slope {number(form.slope)}, intercept {number(form.intercept)}; "
            f"fitted on {form.fitted_on}"
            for form in forms
        ),
        "Conformal sets": "; two views: ".join(
            f"malignant possible from {number(one.sets.malignant_from)}, benign possible up to "
            f"{number(one.sets.benign_up_to)}"
            for one in (card, card.two_views)
            if one is not None and one.sets is not None
        )
        or UNKNOWN,
        **{
            f"Threshold, {THRESHOLD_WORDS.get(name, name)}": number(card.thresholds[name])
            if name in card.thresholds
            else UNKNOWN
            for name in thresholds
        },
        "Training settings": _settings(card.settings),
        "SHA-256 of the network": f"`{network.sha256[:16]}`" if network else UNKNOWN,
    }


def _settings(settings: Any) -> str:
    return ", ".join(
        f"{key.replace('_', ' ')} {format(value, 'g') if isinstance(value, float) else value}"
        for key, value in settings.items()
        if isinstance(value, (int, float, str))
    )


def figures(facts: Facts, split: str, unit: str) -> pd.DataFrame:
    """Return each model's figures with their intervals on a split, by crop or by lesion."""
    measured = [card.metrics.get(split, {}).get(unit, {}) for card in facts.cards]
    cells = [
        {title: _cell(name, one.get(name)) for name, title in FIGURES.items()} for one in measured
    ]
    return _beside(facts, cells)


def _cell(name: str, figure: Estimate | None) -> str:
    if figure is None:
        return UNKNOWN
    return estimate(figure, 2) if name in ("auc", "brier", "ece") else percent_estimate(figure)


def concepts(found: Concepts) -> pd.DataFrame:
    """Return how well each concept is read, and which are shown."""
    return pd.DataFrame(
        {
            "Concept": one.name,
            "AUC, out of fold": estimate(one.out_of_fold, 2),
            "AUC, test crops": estimate(one.test, 2),
            "Shown": "yes" if one.shown else f"no, below {number(SHOWN_FROM, 2)}",
        }
        for one in found.concepts
    )


def subgroups(facts: Facts) -> pd.DataFrame:
    """Return each model's AUC in each subgroup of the test crops."""
    return pd.DataFrame(
        {
            "Subgroup": group.title,
            "Malignant / benign": f"{group.counts.malignant} / {group.counts.benign}",
            **{
                f"AUC, {card.title}": estimate(group.models[card.name]["auc"], 2)
                if card.name in group.models
                else UNKNOWN
                for card in facts.cards
            },
            "Note": group.note,
        }
        for group in facts.split.subgroups
    )


def failures(card: Card, rows: Sequence[Row]) -> pd.DataFrame:
    """Return cases with a model's probability and what the radiologist recorded."""
    return pd.DataFrame(
        {
            "Case": row["case_id"],
            "Probability": f"{100 * float(row[f'{card.name}_p']):.0f}%",
            "Shape": descriptor(row["mass_shape"]),
            "Margin": descriptor(row["mass_margins"]),
            "BI-RADS": row["assessment"] or MISSING,
            "Density (1 to 4)": row["breast_density"] or MISSING,
            "Subtlety": row["subtlety"] or MISSING,
        }
        for row in rows
    )


def counts(facts: Facts) -> pd.DataFrame:
    """Return how many crops, lesions and patients each split has."""
    rows = {"Crops": "case_id", "Lesions": "lesion_id", "Patients": "patient_id"}
    return pd.DataFrame(
        {
            "Masses": [*rows, "Malignant crops"],
            **{
                title: [
                    *(f"{facts.distinct(split, column):,}" for column in rows.values()),
                    percentage(facts.malignant_share(split)),
                ]
                for split, title in SPLITS.items()
            },
        }
    )


def levels(facts: Facts, column: str, title: str) -> pd.DataFrame:
    """Count the crops of both splits by what a column says, a compound in each of its parts."""
    counted = {
        split: Counter(
            part for value in facts.of(split)[column] for part in parts(value) or (MISSING,)
        )
        for split in SPLITS
    }
    found = sorted(set().union(*counted.values()))
    if column in ("mass_shape", "mass_margins", "pathology"):
        found.sort(key=lambda level: -sum(one[level] for one in counted.values()))
    shown = found[:MOST_LEVELS]
    cells = {SPLITS[name]: [f"{one[level]:,}" for level in shown] for name, one in counted.items()}
    return pd.DataFrame({title: [_named(column, level) for level in shown], **cells})


def _named(column: str, level: str) -> str:
    """Name a level with what it means, where the lexicon knows it."""
    explained = meaning(column, level) if column in MEANINGS else ""
    named = level if column == "view" or level == level.lower() else plain(level)
    return f"{named}: {explained}" if explained and explained != named else named


def checklist(items: pd.DataFrame) -> pd.DataFrame:
    """Return a checklist's items with where, and in which words, each is answered."""
    where = {"this card": "{}", APP: "page {}", NO: f"**{NO}**", NA: NA}
    places = zip(items["where"], items["section"], strict=True)
    named = [where.get(place, f"{place}, {{}}").format(section) for place, section in places]
    words = items["answer"].str.strip("| ").str.replace(" | ", ", ")
    table = items.assign(named=named, words=words)[["number", "topic", "named", "words", "remark"]]
    return table.set_axis(["Item", "Topic", "Where", "Words there", "Remark"], axis="columns")
