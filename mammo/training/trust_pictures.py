"""Pictures that are no mammogram crop, named so that anybody can measure on the same.

Used by `python -m mammo.training.trust`. Photographs, drawings and scientific pictures are from the
wheels of scikit-image (`skimage.data`) and scikit-learn (`sklearn.datasets`); text pages,
gradients, noise and blanks are generated. The rules and quantiles were chosen on other pictures of
these wheels.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray

from mammo.errors import DataError
from mammo.imaging.quality import BLACK_LEVEL
from mammo.imaging.window import middle_square

Crops = NDArray[np.uint8]

SIDE = 128
PHOTOGRAPHS = ("chelsea", "rocket", "coins", "clock_motion", "grass", "gravel")
DRAWINGS = ("logo", "color", "phantom")
SCIENTIFIC = ("ihc", "moon", "retina")
CUTS = 30
GENERATED = 60
LINES = (
    "The crop shows a mass with spiculated margins.",
    "No suspicious calcification is seen; follow up.",
    "Report of the second reader, page 2 of 3.",
    "0123456789 ABCDEFGHIJ klmnopqrst (uvwxyz)",
)


def outsiders() -> dict[str, Crops]:
    """Return every set of pictures that are no mammogram crops."""
    random = np.random.default_rng(2)
    photographs = [*map(_shipped, PHOTOGRAPHS), _sample_image()]
    return {
        "photographs": _whole_and_cuts(photographs, random),
        "text pages": np.concatenate([
            _cuts([_shipped("page")], random), _repeat(_text_page, random)
        ]),
        "drawings": _whole_and_cuts([*map(_shipped, DRAWINGS)], random),
        "scientific pictures": _whole_and_cuts([*map(_shipped, SCIENTIFIC)], random),
        "gradients": _repeat(_gradient, random),
        "noise": _repeat(_noise, random),
        "blank": _repeat(_blank, random),
        "cloudy noise (1/f)": _repeat(_cloud, random),
    }  # fmt: skip


def _shipped(name: str) -> Crops:
    """Read a picture that lies in scikit-image's wheel, grey."""
    try:
        import skimage.data
    except ImportError as error:
        raise DataError(
            "The pictures that are no mammograms come with scikit-image, which is not installed. "
            "Run: pip install -r requirements-dev.txt"
        ) from error
    folder = Path(skimage.data.__file__).parent
    found = [path for path in folder.glob(f"{name}.*") if path.suffix in (".png", ".jpg")]
    if not found:
        raise DataError(f"Expected the picture {name} in scikit-image's wheel, found none.")
    with PIL.Image.open(found[0]) as picture:
        return np.asarray(picture.convert("L"), np.uint8)


def _sample_image() -> Crops:
    from sklearn.datasets import load_sample_image

    flower = load_sample_image("flower.jpg")
    return np.asarray(cv2.cvtColor(flower, cv2.COLOR_RGB2GRAY), np.uint8)


def _whole_and_cuts(pictures: list[Crops], random: np.random.Generator) -> Crops:
    whole = [sized(middle_square(picture)) for picture in pictures]
    return np.concatenate([np.stack(whole), _cuts(pictures, random)])


def _cuts(pictures: list[Crops], random: np.random.Generator) -> Crops:
    """Cut random squares from an eighth to the whole of the shorter side of each picture."""
    cuts = []
    for picture in pictures:
        for _ in range(CUTS):
            most = min(picture.shape)
            side = int(random.uniform(max(32, most / 8), most))
            top, left = (int(random.integers(0, size - side + 1)) for size in picture.shape)
            cuts.append(sized(picture[top : top + side, left : left + side]))
    return np.stack(cuts)


def film_windows(film: Crops, least_air: float, most_air: float, count: int = 10) -> Crops:
    """Cut random windows of 300 to 700 pixels a side with some share of air."""
    random, found = np.random.default_rng(3), []
    for _ in range(100 * count):
        side = int(random.integers(300, 700))
        top, left = (int(random.integers(0, size - side + 1)) for size in film.shape)
        window = film[top : top + side, left : left + side]
        if least_air <= (window <= BLACK_LEVEL).mean() <= most_air:
            found.append(sized(window))
        if len(found) == count:
            break
    return np.stack(found) if found else np.empty((0, SIDE, SIDE), np.uint8)


def sized(picture: Crops) -> Crops:
    """Squeeze a picture, uint8 (H, W), into a crop's 128 pixels a side."""
    kind = cv2.INTER_AREA if picture.shape[0] > SIDE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=kind), np.uint8)


def _repeat(draw: Callable[[np.random.Generator], Crops], random: np.random.Generator) -> Crops:
    return np.stack([draw(random) for _ in range(GENERATED)])


def _text_page(random: np.random.Generator) -> Crops:
    page = np.full((SIDE, SIDE), random.integers(200, 256), np.uint8)
    size = float(random.uniform(0.3, 0.9))
    step = int(26 * size) + 4
    for number, top in enumerate(range(step, SIDE + step, step)):
        text = LINES[number % len(LINES)]
        start = -int(random.integers(0, 60))
        cv2.putText(
            page, text, (start, top), cv2.FONT_HERSHEY_SIMPLEX, size,
            int(random.integers(0, 60)), 1, cv2.LINE_AA,
        )  # fmt: skip
    return page if random.random() < 0.7 else 255 - page


def _gradient(random: np.random.Generator) -> Crops:
    """Draw a slope or a hill of grey, with a little grain, as an empty X-ray exposure."""
    row, column = np.mgrid[:SIDE, :SIDE] / SIDE
    if random.random() < 0.5:
        angle = random.uniform(0, 2 * np.pi)
        field = np.cos(angle) * row + np.sin(angle) * column
    else:
        field = -np.hypot(row - random.random(), column - random.random())
    low, high = sorted(random.uniform(0, 255, 2))
    field = (field - field.min()) / np.ptp(field)
    grain = random.normal(0, random.choice([0, 1, 3]), field.shape)
    return np.asarray((low + (high - low) * field + grain).clip(0, 255), np.uint8)


def _noise(random: np.random.Generator) -> Crops:
    spread = random.uniform(5, 60)
    field = random.normal(128, spread, (SIDE, SIDE))
    if random.random() < 0.3:
        field = random.uniform(0, 255, (SIDE, SIDE))
    return np.asarray(field.clip(0, 255), np.uint8)


def _blank(random: np.random.Generator) -> Crops:
    level = int(random.choice([0, 255, int(random.integers(0, 256))]))
    grain = random.normal(0, random.choice([0, 0, 1]), (SIDE, SIDE))
    return np.asarray((level + grain).clip(0, 255), np.uint8)


def _cloud(random: np.random.Generator) -> Crops:
    """Draw noise whose amplitude falls with frequency, as tissue's does: the hardest of all."""
    row, column = np.meshgrid(np.fft.fftfreq(SIDE), np.fft.fftfreq(SIDE))
    frequency = np.hypot(row, column)
    frequency[0, 0] = 1
    waves = np.fft.fft2(random.normal(size=(SIDE, SIDE))) / frequency ** random.uniform(1.0, 1.7)
    field = np.real(np.fft.ifft2(waves))
    return np.asarray((128 + 30 * (field - field.mean()) / field.std()).clip(0, 255), np.uint8)


def variants(crops: Crops) -> Iterator[tuple[str, Crops]]:
    """Change mammogram crops as a mistake or another export would."""
    yield "inverted", np.asarray(255 - crops, np.uint8)
    corner = crops.copy()
    side = crops.shape[1]
    corner[:, np.add.outer(np.arange(side), np.arange(side)) < 0.7 * side] = 0
    yield "a quarter black", corner
