"""Serve a trained model: crops in, calibrated probabilities and heat maps out, without TensorFlow.

Used by the app, by `mammo.predict` and by `mammo.evaluate`.

    model = load_classifier("mobilenetv2")
    p_malignant = model.predict(crops)

One path for every answer: bring the crop to the size that the card names, stretch and resize it
(`mammo.imaging.prepare`), run the network on each view of the crop, average. The network
is an ONNX graph: "crops" float32 (n, I, I) in 0-255 gives "logit" (n,), "embedding" (n, d),
"features" (n, k, h, w), the last convolution's rectified maps, and "cam" (n, h, w), the Grad-CAM of
the logit at them (Selvaraju et al. 2017, arXiv 1610.02391), at least zero and not scaled.
"""

from mammo.inference.classifier import Assessment, Classifier, heat_map, load_classifier
from mammo.inference.model_set import ModelSet, load_models, two_views
from mammo.inference.result import Lesion, LesionResult, ModelResult, Signals

__all__ = [
    "Assessment",
    "Classifier",
    "Lesion",
    "LesionResult",
    "ModelResult",
    "ModelSet",
    "Signals",
    "heat_map",
    "load_classifier",
    "load_models",
    "two_views",
]
