"""From the numbers of each crop to the figures of a model, each with its interval over patients.

Used by the command. What it gives is the content of `audit/<model>.json`; `mammo.inference.audit`
reads it.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from mammo.evaluation.bootstrap import PatientBootstrap, percentile_interval
from mammo.inference.audit import LIKE, SCHEMA
from mammo.inference.maps import METHODS
from mammo.inference.sanity import CELLS, QUANTILE, STEPS
from mammo.training.audit.examine import MIRRORED_EVERY, RANDOM, SHUFFLED_EVERY

DIGITS = 4
MEASURES = ("pointing", "energy", "overlap")
DELETION, INSERTION = 0, 1

Crop = Mapping[str, Any]
Read = Callable[[Crop], float | None]


def summary(crops: Sequence[Crop]) -> dict[str, Any]:
    """Return the figures of a model."""
    return {
        "schema": SCHEMA,
        "crops": len(crops),
        "patients": len({crop["patient_id"] for crop in crops}),
        "sizes": {
            "cells": CELLS,
            "steps": STEPS,
            "shuffled_every": SHUFFLED_EVERY,
            "mirrored_every": MIRRORED_EVERY,
            "quantile": QUANTILE,
            "like": LIKE,
        },
        "methods": {method.key: _method(crops, method.key) for method in METHODS},
        "agreement": [
            {"first": one.key, "second": other.key}
            | figure(crops, _of("agreement", f"{one.key}|{other.key}"))
            for one, other in combinations(METHODS, 2)
        ],
        "lesion": _lesion(crops),
    }


def figure(crops: Sequence[Crop], read: Read) -> dict[str, Any]:
    """Return the mean of a number over the crops that have it, with its interval."""
    having = [(crop["patient_id"], value) for crop in crops if (value := read(crop)) is not None]
    if not having:
        return {"value": None, "low": None, "high": None, "crops": 0}
    values = np.array([value for _, value in having], np.float64)
    sums = PatientBootstrap([patient for patient, _ in having]).sums(
        np.stack([values, np.ones_like(values)], axis=1)
    )
    interval = percentile_interval(float(values.mean()), sums[:, 0] / sums[:, 1])
    rounded = {
        name: None if np.isnan(end) else round(end, DIGITS)
        for name, end in interval.as_dict().items()
    }
    return rounded | {"crops": len(having)}


def _method(crops: Sequence[Crop], key: str) -> dict[str, Any]:
    return {
        "shuffled": figure(crops, _of("shuffled", key)),
        "mirrored": figure(crops, _of("mirrored", key)),
        "deletion": figure(crops, lambda crop: crop["areas"][key][DELETION]),
        "insertion": figure(crops, lambda crop: crop["areas"][key][INSERTION]),
        "deletion_gain": figure(crops, lambda crop: -_over_chance(crop, key, DELETION)),
        "insertion_gain": figure(crops, lambda crop: _over_chance(crop, key, INSERTION)),
        "empty": figure(crops, lambda crop: float(crop["empty"][key])),
    }


def _over_chance(crop: Crop, key: str, curve: int) -> float:
    return float(crop["areas"][key][curve] - crop["areas"][RANDOM][curve])


def _lesion(crops: Sequence[Crop]) -> dict[str, Any]:
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
