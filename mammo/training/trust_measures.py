"""Measure the trust signals: who is questioned, and how often neighbours are right.

Every figure of the test split comes with a 95% interval over patients.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mammo.data.examples import example_lesions
from mammo.evaluation import PatientBootstrap
from mammo.evaluation.bootstrap import widen_at_the_edge
from mammo.imaging import read_image
from mammo.inference import Classifier
from mammo.inference.trust import Trust
from mammo.training.trust_pictures import film_windows, outsiders, sized, variants

Cases = Sequence[Mapping[str, str]]
Crops = NDArray[np.uint8]
Booleans = NDArray[np.bool_]


def questioned(
    trust: Trust, model: Classifier, cases: Cases, crops: Crops
) -> dict[str, dict[str, Any]]:
    """Return the share of each set that is questioned."""
    sets = {
        **_from_films(),
        **outsiders(),
    }
    changed = {f"test crops, {name}": pictures for name, pictures in variants(crops)}
    own, of = {"test crops": crops} | changed, patients(cases)
    return {
        **{name: _share(_questions(trust, model, some), of) for name, some in own.items()},
        **{name: _share(_questions(trust, model, some)) for name, some in sets.items()},
    }


def _from_films() -> dict[str, Crops]:
    """Return whole example films shrunk, and windows anywhere on them, within and at the edge."""
    paths = dict.fromkeys(lesion.film for lesion in example_lesions())
    films = [read_image(path).pixels for path in paths]
    return {
        "whole films, shrunk": np.stack([sized(film) for film in films]),
        "tissue anywhere on example films": np.concatenate(
            [film_windows(film, 0.0, 0.02) for film in films]
        ),
        "edge of the breast on example films": np.concatenate(
            [film_windows(film, 0.1, 0.4) for film in films]
        ),
    }


def _questions(trust: Trust, model: Classifier, crops: Crops) -> Booleans:
    answers = zip(crops, model.embed(crops), strict=True)
    return np.array([trust.familiarity(crop, vector).questioned for crop, vector in answers])


def neighbours_vote(trust: Trust, embedding: NDArray[np.float32], cases: Cases) -> dict[str, Any]:
    """Return how often the majority of the nearest lesions has the crop's own pathology."""
    rows = zip(embedding, cases, strict=True)
    similar = [trust.similar(vector, case["patient_id"]) for vector, case in rows]
    votes = [sum(one.malignant for one in found) > len(found) / 2 for found in similar]
    malignant = labels(cases)
    right = np.array(votes) == malignant
    return {
        "right": _share(right, patients(cases)),
        "always benign": float(1 - malignant.mean()),
    }


def labels(cases: Cases) -> Booleans:
    """Return which cases are malignant, bool (n,)."""
    return np.array([case["label"] == "1" for case in cases])


def patients(cases: Cases) -> NDArray[np.object_]:
    """Return the patient of each case."""
    return np.array([case["patient_id"] for case in cases], dtype=object)


def _share(
    holds: NDArray[Any], of: NDArray[np.object_] | None = None
) -> dict[str, float | int | None]:
    """Return a share and of how many; with patients its interval."""
    if not len(holds):
        return {"value": None, "crops": 0}
    value = float(holds.mean())
    figures: dict[str, float | int | None] = {"value": value, "crops": len(holds)}
    if of is not None:
        bootstrap = PatientBootstrap(of)
        interval = bootstrap.mean(holds.astype(float))
        interval = widen_at_the_edge(interval, bootstrap.draws.shape[1])
        # JSON has no word for NaN.
        ends = {"low": interval.low, "high": interval.high}
        figures |= {name: None if np.isnan(end) else end for name, end in ends.items()}
    return figures
