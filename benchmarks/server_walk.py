"""A visit to all seven pages of the running app, each used a little.

Used by `benchmarks/server.py` to weigh the server, and by `tests/test_server_memory.py` to hold it
under Community Cloud's limit.
"""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import numpy as np

import mammo
from benchmarks.socket_visitor import SocketVisitor
from mammo.explain import METHODS
from mammo.model_card import CHECKS, DATA, MODELS
from mammo.reading import RoundPlan, write_code
from mammo.ui.report_buttons import LABELS
from mammo.ui.source import UPLOAD, example_name
from tests.imaging.makers import dicom_bytes

ACCEPT = "I understand, show results"
PROBABILITY = "Estimated probability of malignancy"
PAGE = "Upload_and_classify"
FILM_SIDES = (7000, 5500)
"""Rows and columns of the largest mammograms."""


def walk(visitor: SocketVisitor, film: Path) -> Iterator[str]:
    """Visit every page and use it; yield the name of each step once it is done.

    Parameters
    ----------
    visitor : SocketVisitor, new
    film : Path, a film to upload

    Raises
    ------
    LookupError, RuntimeError
        A page shows an error, or not what it should.
    """
    yield from _pages(visitor)
    yield from _examples(visitor)
    yield from _upload(visitor, film)
    yield from _maps(visitor)
    yield from _reading(visitor)


def open_whole(visitor: SocketVisitor, page: str, query: str = "") -> str:
    """Load a page, accept the notice where it asks, wait for its end, and name it."""
    visitor.open(page, query)
    visitor.wait()
    if visitor.shows("button", ACCEPT):
        visitor.press(ACCEPT)
        visitor.wait()
    return f"{page or 'Home'} {query}".strip()


def _pages(visitor: SocketVisitor) -> Iterator[str]:
    yield open_whole(visitor, "")
    yield open_whole(visitor, "Model_comparison")
    yield open_whole(visitor, "Model_comparison", "unit=lesion&curve=decision")
    yield open_whole(visitor, "Dataset_explorer")
    yield open_whole(visitor, "Dataset_explorer", "chart=birads&split=test")
    for part in (MODELS, DATA, CHECKS, "Glossary"):
        yield open_whole(visitor, "Model_card", f"part={quote(part)}")


def _examples(visitor: SocketVisitor) -> Iterator[str]:
    for lesion in mammo.example_lesions():
        yield open_whole(visitor, PAGE, f"example={quote(example_name(lesion))}")
        visitor.find("metric", PROBABILITY)
    for label in LABELS.values():
        visitor.download(label)
        yield label


def _upload(visitor: SocketVisitor, film: Path) -> Iterator[str]:
    open_whole(visitor, PAGE, f"source={quote(UPLOAD)}")
    visitor.upload("Films or crops", film)
    visitor.wait()
    for name, value in zip(("X", "Y", "Width", "Height"), (1500, 2000, 400, 400), strict=True):
        visitor.type_number(name, value)
        visitor.wait()
    visitor.wait_for("button", ACCEPT)
    visitor.press(ACCEPT)
    visitor.wait_for("download_button", LABELS["pdf"])
    visitor.find("metric", PROBABILITY)
    yield f"film of {film.stat().st_size / 1e6:.0f} MB"
    visitor.download(LABELS["pdf"])
    yield "its report"


def _maps(visitor: SocketVisitor) -> Iterator[str]:
    case = mammo.example_lesions()[6].case_id
    for method in METHODS:
        yield open_whole(visitor, "Grad-CAM_viewer", f"case={case}&method={method.key}")
        visitor.find("metric", PROBABILITY)
    visitor.download(LABELS["pdf"])
    yield "the viewer's report"


def _reading(visitor: SocketVisitor) -> Iterator[str]:
    code = write_code(RoundPlan(5, 3, "examples", advice=True))
    yield open_whole(visitor, "Reading_room", f"round={code}")
    visitor.press("Start")
    visitor.wait()
    yield "a round started"


def write_film(path: Path) -> Path:
    """Write a film as large as mammograms get: DICOM, 16 bits, not compressed, 77 MB."""
    pixels = np.random.default_rng(2026).integers(0, 1 << 12, FILM_SIDES, np.uint16)
    path.write_bytes(dicom_bytes(pixels))
    return path
