"""Fit the trust signals on training crops: directions, pixel statistics, thresholds.

Thresholds are quantiles over training crops, each measured against the other folds only, so that
its own patient never answers for it. The network itself was fitted on these crops, which makes
their distances a little small; the share of test crops beyond the threshold is what counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mammo.inference.texture import texture
from mammo.inference.trust import SCHEMA, Trust, distances, unit_vectors

DIRECTIONS = 256
NEIGHBOURS = 5
QUANTILE = 0.99
SHRINKAGE = 0.02
"""Share of the identity in the covariance of the 16 pixel statistics, against near collinearity."""


def fit_trust(
    model: str,
    cases: Sequence[Mapping[str, str]],
    crops: NDArray[np.uint8],
    embedding: NDArray[np.float32],
) -> Trust:
    """Fit everything but the measured figures."""
    vectors = unit_vectors(embedding)
    components = np.linalg.svd(vectors, full_matrices=False)[2][:DIRECTIONS]
    statistics = np.stack([texture(crop) for crop in crops])
    trust = _with_texture(
        Trust(
            {"schema": SCHEMA, "model": model, "neighbours": NEIGHBOURS},
            cases,
            np.asarray(vectors @ components.T, np.float32).astype(np.float16).astype(np.float32),
            components.astype(np.float16).astype(np.float32),
            *(np.zeros(0),) * 3,
        ),
        statistics,
    )
    folds = np.array([int(case[f"{model}_fold"]) for case in cases])
    measured = {
        **trust.measured,
        "quantile": QUANTILE,
        "threshold": _threshold(trust, folds),
        "texture_threshold": _texture_threshold(trust, crops, statistics, folds),
    }
    return replace(trust, measured=measured)


def _with_texture(trust: Trust, statistics: NDArray[np.float64]) -> Trust:
    mean, scale = statistics.mean(axis=0), statistics.std(axis=0) + 1e-9
    covariance = np.cov((statistics - mean) / scale, rowvar=False)
    covariance = (1 - SHRINKAGE) * covariance + SHRINKAGE * np.eye(len(covariance))
    return replace(
        trust,
        texture_mean=mean,
        texture_scale=scale,
        texture_precision=np.asarray(np.linalg.inv(covariance), np.float64),
    )


def _threshold(trust: Trust, folds: NDArray[np.int64]) -> float:
    """Return the quantile of the distances of each training crop to the other folds."""
    cosines = trust.rows @ trust.rows.T
    cosines[folds[:, np.newaxis] == folds] = -1
    return float(np.quantile(distances(cosines, NEIGHBOURS), QUANTILE))


def _texture_threshold(
    trust: Trust,
    crops: NDArray[np.uint8],
    statistics: NDArray[np.float64],
    folds: NDArray[np.int64],
) -> float:
    found = []
    for fold in np.unique(folds):
        others = _with_texture(trust, statistics[folds != fold])
        found += [others.texture_distance(crop) for crop in crops[folds == fold]]
    return float(np.quantile(found, QUANTILE))
