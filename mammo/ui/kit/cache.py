"""What every visitor shares, made once: the one home of Streamlit's cache.

Public things only: the trained artifacts, the example films, the folder of prepared crops. Nothing
that a visitor uploads ever comes here: see `mammo.ui.kit.source`. Each cache is bounded, and
saves more than it costs: a card 4 ms, a crop 3 ms, the trust signals 80 ms, the cases 0.2 s, both
models 0.2 s, a film 0.3 s, the measured thresholds 0.5 s (one core of the build machine).
"""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

import mammo
from mammo.artifacts import Card, Manifest, artifacts_folder, load_card, load_cases, load_manifest
from mammo.data.examples import ExampleLesion
from mammo.errors import ArtifactError, MammoError
from mammo.evaluation.units import has_two_views
from mammo.imaging import Image
from mammo.inference import Classifier, ModelSet
from mammo.inference.audit import Audit, audit_name, load_audit
from mammo.inference.concepts import Concepts, load_concepts
from mammo.inference.trust import TRUST_NAME, Trust, load_trust
from mammo.report.case_report import Measured, measure_thresholds
from mammo.report.case_report import threshold_help as in_words
from mammo.text import THRESHOLD_NAMES

Arguments = ParamSpec("Arguments")
Made = TypeVar("Made")


def shared(
    most: int, spinner: bool | str = False
) -> Callable[[Callable[Arguments, Made]], Callable[Arguments, Made]]:
    """Keep the `most` last results of a function for all visitors, but no error.

    `spinner` is what a visitor reads who waits for one, False for nothing.
    """
    return st.cache_resource(max_entries=most, show_spinner=spinner)


def of_artifacts(
    most: int, spinner: bool | str = False
) -> Callable[[Callable[Arguments, Made]], Callable[Arguments, Made]]:
    """Keep results as `shared` does, for the artifacts that were read: others need no restart."""

    def decorate(make: Callable[Arguments, Made]) -> Callable[Arguments, Made]:
        def made(stamp: str, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Made:  # noqa: ARG001
            return make(*args, **kwargs)

        # Streamlit tells functions apart by these names, and nested ones by nothing else.
        made.__module__, made.__qualname__ = make.__module__, make.__qualname__
        cached = shared(most, spinner)(made)

        @wraps(make)
        def ask(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Made:
            served = manifest()
            sums = (f"{name}{served.files[name].sha256}" for name in sorted(served.files))
            return cached(f"{artifacts_folder()}{served.created}{''.join(sums)}", *args, **kwargs)

        return ask

    return decorate


def manifest() -> Manifest:
    """Read the manifest of the served artifacts; ArtifactError where it names no model."""
    served = load_manifest()
    if not served.models:
        raise ArtifactError(
            f"The manifest in {artifacts_folder()} names no trained model, so there is nothing to "
            "show. Train the models with `python -m mammo.train --data DIR`."
        )
    return served


@of_artifacts(8)
def card(model: str) -> Card:
    """Load the card of a trained model."""
    return load_card(model, artifacts_folder())


@of_artifacts(2)
def cards() -> tuple[Card, ...]:
    """Load the card of each trained model, in the manifest's order."""
    return tuple(map(card, manifest().models))


def cards_at_hand() -> tuple[tuple[Card, ...], tuple[str, ...]]:
    """Return the cards of those models that are at hand, and a sentence on each other."""
    loaded, missing = [], []
    for model in manifest().models:
        try:
            loaded.append(card(model))
        except ArtifactError as error:
            missing.append(f"{model} is left out. {error}")
    return tuple(loaded), tuple(missing)


@of_artifacts(2, "Loading the models")
def classifiers() -> tuple[Classifier, ...]:
    """Load each trained model, verified, in the manifest's order."""
    folder = artifacts_folder()
    return tuple(mammo.load_classifier(model, folder) for model in manifest().models)


def models() -> ModelSet:
    """Return the trained models with their trust signals, which answer about a lesion together."""
    return ModelSet(classifiers(), trust(), manifest(), concepts())


@of_artifacts(2, "Reading the cases")
def cases() -> pd.DataFrame:
    """Return every released case; it is shared, so nothing may write into it."""
    return load_cases(artifacts_folder())


@of_artifacts(4)
def training_share(two_views: bool = False) -> float | None:
    """Return the share of malignant lesions that the models were calibrated on, None if unknown."""
    rows = cases()
    rows = rows[rows["split"] == "train"]
    share = float(((rows[has_two_views(rows)] if two_views else rows)["label"] == 1).mean())
    return share if 0 < share < 1 else None


@of_artifacts(4)
def measured(two_views: bool = False) -> Measured:
    """Return what the thresholds of each model were measured to do; empty where unknown."""
    return measure_thresholds(cards(), artifacts_folder(), two_views=two_views)


def threshold_help(two_views: bool = False) -> str:
    """Explain the thresholds with their measured figures, in Markdown; "" where none are known."""
    try:
        return in_words(cards(), measured(two_views), two_views=two_views)
    except ArtifactError:
        return ""


def threshold_names() -> tuple[str, ...]:
    """Return the named thresholds that the card of every model has, in the app's order."""
    try:
        held = cards()
    except ArtifactError:
        held = ()
    return tuple(name for name in THRESHOLD_NAMES if all(name in card.thresholds for card in held))


@of_artifacts(2)
def concepts() -> Concepts | None:
    """Load the concept probes of the artifacts; None where they hold none."""
    return load_concepts(artifacts_folder())


@of_artifacts(2, "Loading the known cases")
def trust() -> Trust | None:
    """Load the trust signals of the artifacts; None where they hold none."""
    return load_trust(artifacts_folder()) if TRUST_NAME in manifest().attachments else None


@of_artifacts(4)
def audit(model: str) -> Audit | None:
    """Load what the audit found of the heat maps of a model; None where it was not audited."""
    known = audit_name(model) in manifest().attachments
    return load_audit(model, artifacts_folder()) if known else None


@shared(1)
def example_lesions() -> tuple[ExampleLesion, ...]:
    """List the ten example lesions."""
    return mammo.example_lesions()


@shared(3, "Reading the film")
def example_film(path: Path) -> Image:
    """Read an example film; visitors share it, and its pixels are locked."""
    return mammo.read_image(path)


def examples() -> dict[str, ExampleLesion]:
    """Return the example lesions by case id."""
    return {lesion.case_id: lesion for lesion in example_lesions()}


def examples_at_hand() -> dict[str, ExampleLesion]:
    """Return the example lesions by case id; none where the package of their films is absent."""
    with suppress(MammoError):
        return examples()
    return {}


@shared(16)
def example_crop(lesion: ExampleLesion) -> NDArray[np.uint8]:
    """Cut an example lesion at its recorded window, uint8 (S, S), when it is first asked for."""
    return mammo.cut_lesion(example_film(lesion.film), window=lesion.window).copy()  # lets film go
