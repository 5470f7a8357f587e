"""Grad-CAM: the last convolution's maps, each weighted by the logit's gradient.

Exact, and without a gradient at run time: for both networks it has a closed form, which is part of
the graph (see `mammo.training.export`).

Selvaraju et al. 2017, "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
Localization", ICCV, arXiv 1610.02391.
"""

from mammo.inference.maps.base import Method, mean_upright

GRAD_CAM = Method(
    key="grad-cam",
    title="Grad-CAM",
    sentence=(
        "adds up the feature maps of the last convolutional layer, each weighted by how much it "
        "raises the score, and keeps only positive values."
    ),
    reference="Selvaraju et al. 2017, arXiv 1610.02391",
    passes=lambda views: views,
    map_of=lambda network, views: mean_upright(views, list(network("cam", views.pictures))),
)
