"""What every visitor shares: the trained models, their cards, the public example films.

Cached across sessions, and bounded. The date of the training (`created`) is part of a cache's key,
so that a new training shows without a restart. Nothing that a visitor uploads ever comes here: see
`mammo.ui.kit.source`.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

import mammo
from mammo.artifacts import Card, Manifest, artifacts_folder, load_card, load_manifest
from mammo.errors import ArtifactError, MammoError
from mammo.inference.audit import Audit, audit_name, load_audit
from mammo.inference.trust import TRUST_NAME, Trust, load_trust
from mammo.report.case_report import Measured, measure_thresholds
from mammo.report.case_report import threshold_help as in_words

if TYPE_CHECKING:
    from mammo.data.examples import ExampleLesion
    from mammo.imaging import Image
    from mammo.inference import Classifier, ModelSet


def manifest() -> Manifest:
    """Read the manifest of the artifacts that the app serves.

    Raises
    ------
    ArtifactError
        It cannot be read, or names no model.
    """
    served = load_manifest()
    if not served.models:
        raise ArtifactError(
            f"The manifest in {artifacts_folder()} names no trained model, so there is nothing to "
            "show. Train the models with `python -m mammo.train --data DIR`."
        )
    return served


def cards() -> tuple[Card, ...]:
    """Load the card of each trained model, in the manifest's order."""
    served, folder = manifest(), str(artifacts_folder())
    return tuple(_card(model, folder, served.created) for model in served.models)


def classifiers() -> "tuple[Classifier, ...]":
    """Load each trained model, verified, in the manifest's order."""
    served, folder = manifest(), str(artifacts_folder())
    return tuple(_classifier(model, folder, served.created) for model in served.models)


def models() -> "ModelSet":
    """Return the trained models with their trust signals, which answer about a lesion together."""
    from mammo.inference import ModelSet

    return ModelSet(classifiers(), trust(), manifest())


def measured() -> Measured:
    """Return what the thresholds of each model were measured to do; empty where unknown."""
    served = manifest()
    return _measured(str(artifacts_folder()), served.created)


def threshold_help() -> str:
    """Explain the thresholds with their measured figures, in Markdown; "" where none are known."""
    try:
        return in_words(cards(), measured())
    except ArtifactError:
        return ""


@st.cache_resource(max_entries=2, show_spinner=False)
def _measured(folder: str, created: str) -> Measured:  # noqa: ARG001
    return measure_thresholds(cards(), Path(folder))


def trust() -> Trust | None:
    """Load the trust signals of the artifacts; None where they hold none."""
    served = manifest()
    if TRUST_NAME not in served.attachments:
        return None
    return _trust(str(artifacts_folder()), served.files[TRUST_NAME].sha256)


def audit(model: str) -> Audit | None:
    """Load what the audit found of the heat maps of a model; None where it was not audited."""
    served, name = manifest(), audit_name(model)
    if name not in served.attachments:
        return None
    return _audit(model, str(artifacts_folder()), served.files[name].sha256)


@st.cache_resource(max_entries=4, show_spinner=False)
def _audit(model: str, folder: str, sha256: str) -> Audit | None:  # noqa: ARG001
    return load_audit(model, Path(folder))


@st.cache_resource(max_entries=2, show_spinner="Loading the known cases")
def _trust(folder: str, sha256: str) -> Trust | None:  # noqa: ARG001
    return load_trust(Path(folder))


@st.cache_resource(max_entries=8, show_spinner=False)
def _card(model: str, folder: str, created: str) -> Card:  # noqa: ARG001
    return load_card(model, Path(folder))


@st.cache_resource(max_entries=4, show_spinner="Loading the models")
def _classifier(model: str, folder: str, created: str) -> "Classifier":  # noqa: ARG001
    return mammo.load_classifier(model, Path(folder))


@st.cache_resource(max_entries=1, show_spinner=False)
def example_lesions() -> "tuple[ExampleLesion, ...]":
    """List the ten example lesions."""
    return mammo.example_lesions()


@st.cache_resource(max_entries=3, show_spinner="Reading the film")
def example_film(path: Path) -> "Image":
    """Read an example film; visitors share it, and its pixels are locked."""
    return mammo.read_image(path)


def examples() -> "dict[str, ExampleLesion]":
    """Return the example lesions by case id."""
    return {lesion.case_id: lesion for lesion in example_lesions()}


def examples_at_hand() -> "dict[str, ExampleLesion]":
    """Return the example lesions by case id; none where the package of their films is absent."""
    try:
        return examples()
    except MammoError:
        return {}


def example_crop(lesion: "ExampleLesion") -> NDArray[np.uint8]:
    """Cut an example lesion at its recorded window, uint8 (S, S), when it is first asked for."""
    return _example_crop(lesion.film, lesion.window)


@st.cache_resource(max_entries=16, show_spinner=False)
def _example_crop(film: Path, window: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    return mammo.cut_lesion(example_film(film), window=window).copy()  # a view keeps its film
