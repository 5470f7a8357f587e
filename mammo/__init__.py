"""Classify breast lesions on mammograms with two neural networks, for teaching and research.

    import mammo
    film = mammo.read_image("film.dcm")
    models = mammo.load_models()
    result = models.assess(mammo.Lesion(film, box=(1200, 800, 300, 280)))
    result["mobilenetv2"].probability

The names below load on first use, so that `import mammo` is light. Not a medical device.

Importing mammo switches off ONNX Runtime's telemetry, which is on by default and writes a device
identifier and a queue of events into the home folder. A program that imports `onnxruntime` before
mammo has to set `ORT_DISABLE_TELEMETRY=1` itself.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mammo.data.examples import example_lesions
    from mammo.errors import MammoError
    from mammo.imaging import Image, cut_lesion, read_image
    from mammo.inference import (
        Classifier,
        Lesion,
        LesionResult,
        ModelSet,
        load_classifier,
        load_models,
    )

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # ONNX Runtime reads it once, when it is imported

__version__ = "0.1.0"

__all__ = [
    "Classifier",
    "Image",
    "Lesion",
    "LesionResult",
    "MammoError",
    "ModelSet",
    "__version__",
    "cut_lesion",
    "example_lesions",
    "load_classifier",
    "load_models",
    "read_image",
]

_HOMES = {
    "Classifier": "mammo.inference",
    "Image": "mammo.imaging",
    "Lesion": "mammo.inference",
    "LesionResult": "mammo.inference",
    "MammoError": "mammo.errors",
    "ModelSet": "mammo.inference",
    "cut_lesion": "mammo.imaging",
    "example_lesions": "mammo.data.examples",
    "load_classifier": "mammo.inference",
    "load_models": "mammo.inference",
    "read_image": "mammo.imaging",
}


def __getattr__(name: str) -> Any:
    """Load a public name from the module that defines it, once."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__})
