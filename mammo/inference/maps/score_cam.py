"""Score-CAM: show the network the crop through each of its own maps, and weigh them by the score.

The maps of the last convolution serve as masks; a map through which the crop still looks malignant
counts more. MobileNetV2 has 1,280 of them: the most active ones of each view are taken, and the
rest left out. The weights are a softmax, as in the paper's algorithm 1, so that every map counts a
little: what is bright was seen, not necessarily held for malignant.

Wang et al. 2020, "Score-CAM: Score-Weighted Visual Explanations for Convolutional Neural
Networks", CVPR workshops, arXiv 1910.01279.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo.inference.maps.base import Grid, Inputs, Method, Network, Views, mean_upright

CHANNELS = 8
"""Maps taken of each view, the most active first: 32 in all where there are four views."""


def _map(network: Network, views: Views) -> NDArray[np.floating]:
    black = float(network("logit", np.zeros_like(views.pictures[:1]))[0])
    features = network("features", views.pictures)
    pairs = zip(views.pictures, features, strict=True)
    return mean_upright(views, [_view_map(network, *pair, black) for pair in pairs])


def _view_map(
    network: Network, picture: Inputs, features: NDArray[np.float32], black: float
) -> Grid:
    """Weigh the most active of features (k, h, w), by the rise of the logit over black."""
    chosen = features[np.argsort(-features.mean(axis=(1, 2)), kind="stable")[:CHANNELS]]
    masks = np.stack([_mask(one, len(picture)) for one in chosen])
    rises = network("logit", picture * masks).astype(np.float64) - black
    weights = np.exp(rises - rises.max())
    return np.tensordot(weights / weights.sum(), chosen.astype(np.float64), axes=1)


def _mask(activation: NDArray[np.float32], size: int) -> Inputs:
    """Enlarge an activation (h, w) to (size, size), from 0 to 1; all 0 where it is flat."""
    enlarged = cv2.resize(activation, (size, size), interpolation=cv2.INTER_LINEAR)
    spread = enlarged.max() - enlarged.min()
    if spread <= 0:
        return np.zeros((size, size), np.float32)
    return np.asarray((enlarged - enlarged.min()) / spread, np.float32)


SCORE_CAM = Method(
    key="score-cam",
    title="Score-CAM",
    sentence=(
        f"masks the crop with each of the {CHANNELS} most active feature maps in turn, and adds up "
        "these maps, weighted by the resulting scores."
    ),
    reference="Wang et al. 2020, arXiv 1910.01279",
    passes=lambda views: 1 + views * (1 + CHANNELS),
    map_of=_map,
)
