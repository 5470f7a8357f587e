"""The model card, composed once for all visitors: public figures of the artifacts only.

The checksums of the artifacts are part of the key, so that a new training or a new attachment shows
without a restart.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from mammo.artifacts import artifacts_folder
from mammo.report.model_card import Facts, ModelCard, model_card, read_facts
from mammo.ui.kit import cache
from mammo.ui.kit.cases import evaluation


@dataclass(frozen=True, eq=False)
class LoadedCard:
    """Hold the card and what it was written from."""

    facts: Facts
    card: ModelCard


def load_model_card() -> LoadedCard:
    """Return the card of the served artifacts; seconds the first time, then at once."""
    files = cache.manifest().files
    told = "".join(f"{name}{files[name].sha256}" for name in sorted(files))
    return _loaded(str(artifacts_folder()), hashlib.sha256(told.encode()).hexdigest())


@st.cache_resource(max_entries=2, show_spinner="Reading the figures of the models")
def _loaded(folder: str, checksum: str) -> LoadedCard:  # noqa: ARG001
    facts = read_facts(evaluation("crop").splits["test"], Path(folder))
    return LoadedCard(facts, model_card(facts))
