"""Show what a model's answer rests on: heat maps over crops.

A heat map shows which parts of the crop spoke for malignancy to the model. It is not the extent of
the lesion, and studies find such maps least reliable on small, complex findings (Saporta et al.
2022, doi 10.1038/s42256-022-00536-x).

    for method in METHODS:
        heat = explain(model, crop, method=method.key)

How far each method can be trusted is measured: `python -m mammo.explain.audit`.

Used by the pages and by `mammo.predict --heatmap`. The methods themselves stand in
`mammo.attribution`, before `mammo.inference`, so that a `Classifier` can draw its own maps.
"""

from mammo.attribution import METHODS, Method, method_named
from mammo.explain.findings import Audit, MethodFindings, load_audit
from mammo.explain.maps import explain
from mammo.explain.overlay import COLOUR_MAPS, colour, legend, overlay
from mammo.explain.sheet import heat_map_sheet
from mammo.inference import heat_map

__all__ = [
    "COLOUR_MAPS",
    "METHODS",
    "Audit",
    "Method",
    "MethodFindings",
    "colour",
    "explain",
    "heat_map",
    "heat_map_sheet",
    "legend",
    "load_audit",
    "method_named",
    "overlay",
]
