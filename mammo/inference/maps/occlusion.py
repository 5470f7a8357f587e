"""Occlusion sensitivity: cover a square with grey, see how far the score falls.

The grey is the picture's own median. A square that the network needed for "malignant" makes the
logit fall; one that spoke against it makes it rise, and counts as 0 in the heat map.

Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks", ECCV, arXiv
1311.2901, section 4.2.
"""

import numpy as np

from mammo.inference.maps.base import Grid, Method, Network, Views, without_noise
from mammo.inference.maps.tiles import GRID, SHIFTS, SQUARES, drops, tilings


def _map(network: Network, views: Views) -> Grid:
    found = np.zeros((GRID, GRID))
    for number, tiling in enumerate(tilings()):
        view = number % len(views)
        picture = views.pictures[view]
        grey = np.full_like(picture, np.median(picture))
        found += views.upright(view, drops(network, picture, grey, tiling))
    return without_noise(found / len(SHIFTS))


OCCLUSION = Method(
    key="occlusion",
    title="Occlusion",
    sentence=(
        "Covers one square of the crop after the other with plain grey, and marks the squares "
        "without which the score falls."
    ),
    reference="Zeiler and Fergus 2014, arXiv 1311.2901",
    grid_of=lambda card: (GRID, GRID),  # noqa: ARG005  the same for every model
    detail=", from squares two cells wide,",
    passes=lambda views: SQUARES + len(SHIFTS),  # noqa: ARG005
    map_of=_map,
)
