"""What the library says of the crops that the visitors of `benchmarks/load.py` bring.

Every visitor brings crops of their own: example lesions turned, zoomed and shifted by seeded
amounts, so that nobody's answer can pass for another's. The figures come from
`mammo.load_classifier` and the table of cases, the words from the app's vocabulary.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

import cv2
import numpy as np
from numpy.typing import NDArray

import mammo
from mammo import text
from mammo.artifacts import load_cases, load_manifest
from mammo.data.augment import affine
from mammo.imaging import whole_crop
from mammo.inference import Classifier
from mammo.inference.trust import TRUST_NAME, load_trust
from mammo.ui.kit.source import example_name


@dataclass(frozen=True)
class Answer:
    """Hold what one model says of one crop, as the app writes it.

    Attributes
    ----------
    shown : str, the probability on the screen, such as "42%"
    exported : column of the CSV -> its text
    standings : operating point -> sentence, such as "Above the threshold of 46%"
    """

    shown: str
    exported: Mapping[str, str]
    standings: Mapping[str, str]


@dataclass(frozen=True)
class Brought:
    """Hold a file that a visitor brings, and what the library says of it.

    Attributes
    ----------
    name : str
    content : bytes, a PNG
    answers : a model each
    trust : column of the CSV -> its text: whether it looks like a mammogram crop
    """

    name: str
    content: bytes
    answers: tuple[Answer, ...]
    trust: Mapping[str, str]


class Library:
    """Answer as the library does, for what the artifacts hold.

    Attributes
    ----------
    models : list of Classifier, in the manifest's order
    examples : name in the app -> answers to this example lesion, a model each
    """

    def __init__(self) -> None:
        served = load_manifest()
        self.models = [mammo.load_classifier(name) for name in served.models]
        self._trust = load_trust() if TRUST_NAME in served.attachments else None
        lesions = mammo.example_lesions()
        self._crops = [
            mammo.cut_lesion(mammo.read_image(lesion.film), window=lesion.window)
            for lesion in lesions
        ]
        self.examples = {
            example_name(lesion): self._answers(crop)
            for lesion, crop in zip(lesions, self._crops, strict=True)
        }
        cases = load_cases()
        scored = cases[[f"{model.name}_p" for model in self.models]].notna().all(axis=1)
        cases = cases[(cases["split"] == "test") & scored]
        self._labels = cases["label"].to_numpy(bool)
        self._p = {model.name: cases[f"{model.name}_p"].to_numpy() for model in self.models}

    def bring(self, visitor: int, number: int, seed: int) -> Brought:
        """Make the file with this number of one visitor, PNG, with its answers."""
        crop = drawn(self._crops, Random(f"{seed} {visitor} {number}"))
        content = cv2.imencode(".png", crop)[1].tobytes()
        name = f"visitor{visitor:02d}crop{number}.png"
        return Brought(name, content, self._answers(crop), {"looks_like_crop": self._looks(crop)})

    def _looks(self, crop: NDArray[np.uint8]) -> str:
        """Answer whether a crop looks like one; empty where the artifacts cannot tell."""
        if self._trust is None:
            return ""
        (model,) = (model for model in self.models if model.name == self._trust.model)
        sized = whole_crop(crop, size=model.card.crop_size)
        embedding = model.assess(sized)[0].embedding
        return "no" if self._trust.familiarity(sized, embedding).questioned else "yes"

    def _answers(self, crop: NDArray[np.uint8]) -> tuple[Answer, ...]:
        return tuple(_answer(model, crop) for model in self.models)

    def counts(self, model: str, threshold: float) -> tuple[int, int, int, int]:
        """Count found, missed, false alarms and left in peace on the test split."""
        flagged, malignant = self._p[model] >= threshold, self._labels
        cells = (flagged & malignant, ~flagged & malignant, flagged & ~malignant)
        return (*(int(cell.sum()) for cell in cells), int((~flagged & ~malignant).sum()))

    def ppv(self, model: str, threshold: float, prevalence: float) -> float:
        """Return the share of flagged that are malignant, by Bayes; NaN where none is flagged."""
        found, missed, alarms, spared = self.counts(model, threshold)
        true = prevalence * found / (found + missed)
        false = (1 - prevalence) * alarms / (alarms + spared)
        return true / (true + false) if true + false else float("nan")


def drawn(crops: list[NDArray[np.uint8]], random: Random) -> NDArray[np.uint8]:
    """Draw a crop, uint8 (S, S): one of those given, turned, zoomed and shifted."""
    crop = random.choice(crops)
    matrix = affine(
        len(crop),
        len(crop),
        degrees=random.uniform(0, 360),
        scale=random.uniform(0.8, 1.25),
        shift=(random.uniform(-0.1, 0.1), random.uniform(-0.1, 0.1)),
    )
    moved = cv2.warpAffine(crop, matrix, crop.shape, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(moved, np.uint8)


def _answer(model: Classifier, crop: NDArray[np.uint8]) -> Answer:
    sized = whole_crop(crop, size=model.card.crop_size)
    (given,) = model.assess(sized)
    p, score = given.p_malignant, given.score
    return Answer(
        text.percent(p),
        {f"{model.name}_p_malignant": f"{p:.4f}", f"{model.name}_score": f"{score:.4f}"},
        {name: text.standing(p, at) for name, at in model.card.thresholds.items()},
    )


def large_film(megabytes: float) -> bytes:
    """Make an uncompressed 16-bit film of so many 10^6 bytes from an example film, as TIFF."""
    film = mammo.read_image(mammo.example_lesions()[0].film).pixels
    scale = math.sqrt(megabytes * 1e6 / 2 / film.size)
    enlarged = cv2.resize(film, None, fx=scale, fy=scale).astype(np.uint16) * 257
    return cv2.imencode(".tiff", enlarged, [cv2.IMWRITE_TIFF_COMPRESSION, 1])[1].tobytes()
