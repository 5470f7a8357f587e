"""Blur path: sharpen the crop in steps, and at each step one square at a time.

From hardly more than a smear to the crop as it is, the logit changes by a sum of steps. Integrated
gradients along this path (Xu et al. 2020) hand each step to the pixels by the gradient; here it is
handed to squares by differences, without a gradient: the logit at the step's sharper end, minus
the logit with one square left at its blurred end. Each of the four steps is taken on another view.
For a network that is linear over a step the squares add up to exactly what the step changed.

Xu, Venugopalan and Sundararajan 2020, "Attribution in Scale and Space", CVPR, arXiv 2004.03383.
"""

import cv2
import numpy as np

from mammo.inference.maps.base import Grid, Inputs, Method, Network, Views
from mammo.inference.maps.occlusion import GRID, OCCLUSION, drops_of_all_tilings, without_noise

SIGMAS = (0.0, 1 / 64, 1 / 32, 1 / 16, 1 / 8)
"""Widths of the blur along the path, as shares of the input's side; one step between two."""


def blurred(picture: Inputs, share: float) -> Inputs:
    """Blur a picture by a Gaussian."""
    if share == 0:
        return picture
    sigma = share * len(picture)
    smooth = cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    return np.asarray(smooth, np.float32)


def _ends(step: int, picture: Inputs) -> tuple[Inputs, Inputs]:
    return blurred(picture, SIGMAS[step]), blurred(picture, SIGMAS[step + 1])


def _map(network: Network, views: Views) -> Grid:
    return without_noise(drops_of_all_tilings(network, views, _ends))


BLUR_PATH = Method(
    key="blur-path",
    title="Blur path",
    sentence=(
        "sharpens a blurred crop in four steps and marks the squares where the added detail "
        "raised the score."
    ),
    reference="after Xu et al. 2020, arXiv 2004.03383, by differences instead of gradients",
    passes=OCCLUSION.passes,
    map_of=_map,
    squares=GRID,
)
