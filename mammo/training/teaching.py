"""What a network is to say of each crop: its label, a teacher's answer, the radiologists' words.

A teacher is asked once a crop, averaged over flips, or on the very augmented views that the network
learns from: then both see the same picture, and the answers differ from view to view.

Hinton et al. 2015, "Distilling the Knowledge in a Neural Network", at temperature 1.
Beyer et al. 2022, "Knowledge distillation: A good teacher is patient and consistent".
"""

from collections.abc import Callable, Sequence

import keras
import numpy as np
from numpy.typing import NDArray

from mammo.training.export import compile_onnx
from mammo.training.views import BATCH, Rows, Views

Answers = NDArray[np.float64]


def targets(
    labels: NDArray[np.int_],
    answers: Answers | None,
    share: float,
    descriptors: NDArray[np.float32] | None,
) -> NDArray[np.float32]:
    """Mix labels with a teacher's answers, and put the descriptors beside them.

    Examples
    --------
    >>> targets(np.array([0, 1]), np.array([[0.5, 0.5]]), 0.5, None)[0, :, 0].tolist()
    [0.25, 0.75]
    """
    truth = labels[np.newaxis].astype(np.float64)
    said = truth if answers is None else (1 - share) * truth + share * answers
    first = said[:, :, np.newaxis]
    if descriptors is None:
        return first.astype(np.float32)
    beside = np.broadcast_to(descriptors, (len(first), *descriptors.shape))
    return np.concatenate([first, beside], axis=2).astype(np.float32)


def answers_on_views(learning: keras.Model, views: Views, crops: int, count: int) -> Answers:
    """Ask a teacher about augmented views 0 to count - 1 of every crop."""
    ask = compile_onnx(learning)
    return np.stack([_each(ask, views.augmented, view, crops) for view in range(count)])


def answers_on_flips(learning: keras.Model, views: Views, crops: int, flips: int) -> Answers:
    """Ask a teacher about every crop, averaged over its flips: float64 (1, crops), logits."""
    ask = compile_onnx(learning)
    said = [_each(ask, views.plain, flip, crops) for flip in range(flips)]
    return np.asarray(np.mean(said, axis=0)[np.newaxis])


def _each(
    ask: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    draw: Callable[[int, Rows], NDArray[np.float32]],
    number: int,
    crops: int,
) -> Answers:
    parts = np.array_split(np.arange(crops), -(-crops // BATCH))
    return np.concatenate([ask(draw(number, rows))[:, 0] for rows in parts]).astype(np.float64)


def mean_answer(logits: Sequence[Answers]) -> Answers:
    """Average what several teachers say, as probabilities."""
    return np.asarray(np.mean([1 / (1 + np.exp(-one)) for one in logits], axis=0))
