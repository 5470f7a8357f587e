"""What the models say of the crop on show: answers, maps, trust; each computed once (`shelf`)."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mammo.inference import Classifier
from mammo.inference.batch import at_size
from mammo.inference.explain import explain
from mammo.inference.maps import Method
from mammo.inference.perturb import Change, curve
from mammo.ui.kit.result import Answer, ask_one
from mammo.ui.kit.trust import Signals, ask_trust
from mammo.ui.viewer.shelf import is_remembered, remembered
from mammo.ui.viewer.viewing import Viewed

Crop = NDArray[np.uint8]


def sized(crop: Crop, size: int) -> Crop:
    """Bring a crop to a card's crop size, uint8 (size, size)."""
    return np.asarray(at_size(crop[np.newaxis], size)[0], np.uint8)


def answers(viewed: Viewed, crop: Crop, models: Sequence[Classifier]) -> tuple[Answer, ...]:
    """Ask every model about the crop, uint8 (S, S)."""
    return tuple(
        remembered(
            viewed,
            ("answer", model.name),
            partial(ask_one, model, sized(crop, model.card.crop_size)),
        )
        for model in models
    )


def signals(viewed: Viewed, crop: Crop, models: Sequence[Classifier]) -> Signals | None:
    """Compute the trust signals of the crop; a case's own patient is no similar case."""
    return remembered(
        viewed,
        ("trust",),
        lambda: ask_trust(answers(viewed, crop, models), viewed.patient),
    )


def heat(viewed: Viewed, crop: Crop, model: Classifier, method: Method) -> NDArray[np.float32]:
    """Compute a method's map, float32 (S, S) in 0-1, with a bar of progress where it takes long."""
    place = st.empty()
    progress = _bar(place, method, model)
    try:
        return remembered(
            viewed,
            ("heat", model.name, method.key),
            lambda: explain(model, crop, method=method.key, on_progress=progress),
        )
    finally:
        place.empty()


def _bar(
    place: "st.delta_generator.DeltaGenerator", method: Method, model: Classifier
) -> Callable[[int, int], None]:
    """Return what draws progress into a place, at most a hundred times."""
    shown = -1

    def show(done: int, total: int) -> None:
        nonlocal shown
        percent = 100 * done // max(total, 1)
        if percent != shown:
            shown = percent
            place.progress(min(percent, 100), f"{method.title}, {model.card.title}")

    return show


def curves(
    viewed: Viewed, crop: Crop, models: Sequence[Classifier], change: Change
) -> dict[str, NDArray[np.float64]]:
    """Compute each model's estimate over the range of a change, model name -> float64 (k,)."""
    what = [("curve", model.name, change.key) for model in models]
    if all(is_remembered(viewed, one) for one in what):
        return _curves(viewed, crop, models, change)
    with st.spinner(f"Asking both models at {len(change.amounts)} amounts", show_time=True):
        return _curves(viewed, crop, models, change)


def _curves(
    viewed: Viewed, crop: Crop, models: Sequence[Classifier], change: Change
) -> dict[str, NDArray[np.float64]]:
    return {
        model.name: remembered(
            viewed, ("curve", model.name, change.key), partial(curve, model, crop, change)
        )
        for model in models
    }
