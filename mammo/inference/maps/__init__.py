"""The methods that turn a network's answer to one crop into a map of where it came from.

    for method in METHODS:
        print(method.title, method.sentence, method.resolution(card))

Used by `mammo.inference.Classifier.explain`. A method knows no file, session or page: it gets a
function that runs the network, and the views of a crop, and gives a grid. So it runs on every
network, and a test runs every method on every model.
"""

from mammo.errors import SettingsError
from mammo.inference.maps.base import Method, Network, Progress, Views, draw
from mammo.inference.maps.blur_path import BLUR_PATH
from mammo.inference.maps.grad_cam import GRAD_CAM
from mammo.inference.maps.occlusion import OCCLUSION
from mammo.inference.maps.score_cam import SCORE_CAM

METHODS = (GRAD_CAM, OCCLUSION, SCORE_CAM, BLUR_PATH)
"""Every method, in the order in which they are shown."""

__all__ = ["METHODS", "Method", "Network", "Progress", "Views", "draw", "method_named"]


def method_named(key: str) -> Method:
    """Return the method of a key such as "grad-cam"; a SettingsError names the known ones."""
    for method in METHODS:
        if method.key == key:
            return method
    known = ", ".join(method.key for method in METHODS)
    raise SettingsError(f"A heat map is made by one of {known}. Received: method={key!r}.")
