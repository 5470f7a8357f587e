"""The space in which crops are compared: unit vectors, of which a few hundred directions are kept.

Used by `mammo.inference.trust.signals` and by the command that fits it.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def unit_vectors(embedding: Floats) -> Floats:
    """Return the square roots of features, each vector at length one.

    Parameters
    ----------
    embedding : float32 (n, d), as `Classifier.embed` gives it; below zero counts as zero

    Returns
    -------
    float32 (n, d), a vector of zeros staying as it is

    Examples
    --------
    >>> unit_vectors(np.array([[9.0, 16.0], [0.0, 0.0]], np.float32)).round(2).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    roots = np.sqrt(np.maximum(embedding, 0))
    lengths = np.linalg.norm(roots, axis=1, keepdims=True)
    return np.asarray(roots / np.where(lengths > 0, lengths, 1), np.float32)


def distances(similarities: Floats, neighbours: int) -> NDArray[np.float64]:
    """Return one minus the mean cosine to the nearest training crops.

    Parameters
    ----------
    similarities : float32 (n, t), cosines of n crops to t training crops
    neighbours : int, how many of the nearest count

    Returns
    -------
    float64 (n,), 0 for a crop that is all of its neighbours

    Examples
    --------
    >>> distances(np.array([[1.0, 0.5, 0.0]], np.float32), 2).tolist()
    [0.25]
    """
    nearest = np.sort(similarities, axis=1)[:, -neighbours:]
    return np.asarray(1 - nearest.mean(axis=1), np.float64)
