"""One crop under all tests: its maps, their likeness, their curves, and how they lie on the lesion.

Used by the command for each crop. What is found is plain numbers by name, None where there is
nothing to measure.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mammo.evaluation.bootstrap import PatientBootstrap
from mammo.inference import Classifier, heat_map
from mammo.inference.audit import SCHEMA
from mammo.inference.maps import METHODS, draw
from mammo.inference.sanity import (
    MEASURES,
    baselines,
    brightest_first,
    curve_areas,
    on_lesion,
    rank_correlation,
)
from mammo.settings import VIEWS

SHUFFLED_EVERY = 3
"""Of how many crops one is explained by a shuffled network too."""

MIRRORED_EVERY = 6
"""Of how many crops one is explained again, mirrored."""

RANDOM = "random"

Maps = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Subject:
    """A model under test: as it is, on one view alone, and shuffled."""

    model: Classifier
    one_view: Classifier
    shuffled: tuple[Classifier, ...]


def subject_of(model: Classifier, shuffled: Sequence[bytes]) -> Subject:
    """Open the networks of a model under test."""
    alone = Classifier(replace(model.card, views=("upright",)), model.onnx)
    return Subject(model, alone, tuple(Classifier(model.card, one) for one in shuffled))


def examine(
    subject: Subject, crop: NDArray[np.uint8], number: int, box: NDArray[np.bool_] | None
) -> dict[str, Any]:
    """Put the maps of one crop to all tests."""
    maps = maps_of(subject.model, crop)
    shuffled = None
    if number % SHUFFLED_EVERY == 0:
        turn = number // SHUFFLED_EVERY % len(subject.shuffled)
        shuffled = maps_of(subject.shuffled[turn], crop)
    return {
        "areas": _areas(subject.one_view, crop, maps, number),
        "shuffled": shuffled and {key: likeness(maps[key], shuffled[key]) for key in maps},
        "mirrored": (
            _mirrored(subject.one_view, crop, number) if number % MIRRORED_EVERY == 0 else None
        ),
        "lesion": None if box is None else maps_on_lesion(crop, box, maps, shuffled),
    }


def maps_of(model: Classifier, crop: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    """Return the map of every method on its own grid, at least 0."""
    views = model.views(crop)
    return {method.key: draw(method, model.network, views) for method in METHODS}


def likeness(known: NDArray[np.float32], other: NDArray[np.float32]) -> float | None:
    """Return the rank correlation of two maps; 0 where the other shows nothing."""
    if known.size < 2 or np.ptp(known) == 0:
        return None
    if other.shape != known.shape or np.ptp(other) == 0:
        return 0.0
    return rank_correlation(known, other)


def _areas(
    model: Classifier, crop: NDArray[np.uint8], maps: Maps, number: int
) -> dict[str, tuple[float, float]]:
    """Return (deletion, insertion) by method and by chance, for the crop as it is."""
    random = np.random.default_rng(number)
    orders = {key: brightest_first(heat, random) for key, heat in maps.items()}
    orders[RANDOM] = brightest_first(np.zeros((1, 1)), random)

    def answer(pictures: NDArray[np.float32]) -> NDArray[np.float64]:
        return model.card.calibration.probability(model.network("logit", pictures))

    return curve_areas(answer, model.views(crop).pictures[0], orders)


def _mirrored(model: Classifier, crop: NDArray[np.uint8], number: int) -> dict[str, float | None]:
    """Return how like the map of a mirror image, turned back, is to that of the crop."""
    axes = tuple(VIEWS.values())[1 + number // MIRRORED_EVERY % (len(VIEWS) - 1)]
    straight = maps_of(model, crop)
    turned = maps_of(model, np.ascontiguousarray(np.flip(crop, axes)))
    return {key: likeness(straight[key], np.flip(turned[key], axes)) for key in straight}


def maps_on_lesion(
    crop: NDArray[np.uint8], box: NDArray[np.bool_], maps: Maps, shuffled: Maps | None = None
) -> dict[str, dict[str, float]]:
    """Return how each map, each baseline and each map of a shuffled network lies on the lesion."""
    size = len(crop)
    named = {key: heat_map(heat, size) for key, heat in maps.items()}
    named |= baselines(crop)
    for key, heat in (shuffled or {}).items():
        named[f"untrained network, {key}"] = heat_map(heat, size)
    return {name: on_lesion(heat, box) for name, heat in named.items()}


DIGITS = 4
DELETION, INSERTION = 0, 1

Crop = Mapping[str, Any]
Read = Callable[[Crop], float | None]


def summary(crops: Sequence[Crop]) -> dict[str, Any]:
    """Return the figures of a model."""
    return {
        "schema": SCHEMA,
        "crops": len(crops),
        "patients": len({crop["patient_id"] for crop in crops}),
        "methods": {method.key: _method(crops, method.key) for method in METHODS},
        "lesion": lesion_figures(crops),
    }


def figure(crops: Sequence[Crop], read: Read) -> dict[str, Any]:
    """Return the mean of a number over the crops that have it, with its interval."""
    having = [(crop["patient_id"], value) for crop in crops if (value := read(crop)) is not None]
    if not having:
        return {"value": None, "low": None, "high": None, "crops": 0}
    values = np.array([value for _, value in having], np.float64)
    interval = PatientBootstrap([patient for patient, _ in having]).mean(values)
    rounded = {
        name: None if np.isnan(end) else round(end, DIGITS)
        for name, end in interval.as_dict().items()
    }
    return rounded | {"crops": len(having)}


def _method(crops: Sequence[Crop], key: str) -> dict[str, Any]:
    return {
        "shuffled": figure(crops, _of("shuffled", key)),
        "mirrored": figure(crops, _of("mirrored", key)),
        "deletion_gain": figure(crops, lambda crop: -_over_chance(crop, key, DELETION)),
        "insertion_gain": figure(crops, lambda crop: _over_chance(crop, key, INSERTION)),
    }


def _over_chance(crop: Crop, key: str, curve: int) -> float:
    return float(crop["areas"][key][curve] - crop["areas"][RANDOM][curve])


def lesion_figures(crops: Sequence[Crop]) -> dict[str, Any]:
    """Return each map's three measures, over the crops whose lesion box is known."""
    known = [crop for crop in crops if crop["lesion"] is not None]
    names = dict.fromkeys(name for crop in known for name in crop["lesion"])
    return {
        "crops": len(known),
        "maps": [
            {"name": name}
            | {measure: figure(known, _on_lesion(name, measure)) for measure in MEASURES}
            for name in names
        ],
    }


def _on_lesion(name: str, measure: str) -> Read:
    return lambda crop: crop["lesion"][name][measure] if name in crop["lesion"] else None


def _of(test: str, name: str) -> Read:
    return lambda crop: None if crop[test] is None else crop[test][name]
