"""A visit to all seven pages of the running app, each used a little.

Used by `benchmarks/server.py` to weigh the server, and by `tests/test_server.py` to hold it under
Community Cloud's limit.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import numpy as np

import mammo
from benchmarks.visitor import VisitError, Visitor
from mammo.inference.maps import METHODS
from mammo.reading import RoundPlan, write_code
from mammo.report.model_card import CHECKS, DATA, MODELS
from mammo.settings import TITLES
from mammo.text import ACCEPT
from mammo.ui.kit.result import LABELS
from mammo.ui.kit.source import UPLOAD, example_name
from tests.imaging.makers import dicom_bytes

PAGE = "Upload_and_classify"
FILM_SIDES = (7000, 5500)
"""Rows and columns of the largest mammograms."""


async def walk(visitor: Visitor, film: Path) -> AsyncIterator[str]:
    """Visit every page and use it; yield the name of each step once it is done.

    Parameters
    ----------
    visitor : Visitor, new
    film : Path, a film to upload

    Raises
    ------
    VisitError
        A page shows an error, or not what it should.
    """
    parts = (
        _pages(visitor), _examples(visitor), _upload(visitor, film), _maps(visitor),
        _reading(visitor),
    )  # fmt: skip
    for part in parts:
        async for step in part:
            hold_to_silence(visitor, step)
            yield step


async def open_whole(visitor: Visitor, page: str, query: str = "") -> str:
    """Load a page, accept the notice where it asks, wait for its end, and name it."""
    await visitor.arrive(page, query)
    if any(button.label == ACCEPT for button in visitor.elements("button")):
        await visitor.press(ACCEPT)
    where = f"{page or 'Home'} {query}".strip()
    hold_to_silence(visitor, where)
    return where


def hold_to_silence(visitor: Visitor, where: str) -> None:
    """Raise a VisitError where the page shows an exception; that noise is no crop, it may say."""
    if failures := [one.message for one in visitor.elements("exception")]:
        raise VisitError(f"{where}: {failures}")


async def _pages(visitor: Visitor) -> AsyncIterator[str]:
    yield await open_whole(visitor, "")
    yield await open_whole(visitor, "Model_comparison")
    yield await open_whole(visitor, "Model_comparison", "unit=lesion&curve=decision")
    yield await open_whole(visitor, "Dataset_explorer")
    yield await open_whole(visitor, "Dataset_explorer", "chart=birads&split=test")
    yield await open_whole(visitor, "Train_a_model")
    yield await open_whole(visitor, "Lessons")
    for part in (MODELS, DATA, CHECKS, "Glossary"):
        yield await open_whole(visitor, "Model_card", f"part={quote(part)}")


async def _examples(visitor: Visitor) -> AsyncIterator[str]:
    for lesion in mammo.example_lesions():
        yield await open_whole(visitor, PAGE, f"example={quote(example_name(lesion))}")
        visitor.widget(TITLES["simple_cnn"])
    for label in LABELS.values():
        await visitor.download(label)
        yield label


async def _upload(visitor: Visitor, film: Path) -> AsyncIterator[str]:
    await open_whole(visitor, PAGE, f"source={quote(UPLOAD)}")
    await visitor.upload("files", {film.name: film.read_bytes()})
    for name, value in zip(("X", "Y", "Width", "Height"), (1500, 2000, 400, 400), strict=True):
        await visitor.change(name, value)
    await visitor.press(ACCEPT)
    visitor.widget(TITLES["simple_cnn"])
    yield f"film of {film.stat().st_size / 1e6:.0f} MB"
    await visitor.download(LABELS["pdf"])
    yield "its report"


async def _maps(visitor: Visitor) -> AsyncIterator[str]:
    case = mammo.example_lesions()[6].case_id
    for method in METHODS:
        yield await open_whole(visitor, "Grad-CAM_viewer", f"case={case}&method={method.key}")
        visitor.widget(TITLES["simple_cnn"])
    await visitor.download(LABELS["pdf"])
    yield "the viewer's report"


async def _reading(visitor: Visitor) -> AsyncIterator[str]:
    code = write_code(RoundPlan(5, 3, "examples", advice=True))
    yield await open_whole(visitor, "Reading_room", f"round={code}")
    await visitor.press("Start")
    yield "a round started"


def write_film(path: Path) -> Path:
    """Write a film as large as mammograms get: DICOM, 16 bits, not compressed, 77 MB."""
    pixels = np.random.default_rng(2026).integers(0, 1 << 12, FILM_SIDES, np.uint16)
    path.write_bytes(dicom_bytes(pixels))
    return path
