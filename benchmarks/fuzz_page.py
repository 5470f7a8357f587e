"""The way of an uploaded file through the upload page, without a browser: for `benchmarks/fuzz.py`.

The same calls in the same order as `pages/1_Upload_and_classify.py` makes through `mammo.ui`.
"""

import io
from random import Random

import mammo
from mammo.imaging import Window, lesion_window
from mammo.imaging.region import looks_like_crop
from mammo.imaging.worker import Decoder
from mammo.inference import ModelResult
from mammo.inference.overlay import see_through
from mammo.plots.style import probability_bar
from mammo.ui.kit import cache
from mammo.ui.kit.display import data_uri, enlarged, scaled_down, thumbnail_uri
from mammo.ui.kit.source import Picture
from mammo.ui.kit.viewer import detail_of
from mammo.ui.kit.widgets import csv_of_results


class Page:
    """Hold the models of the release, and take files their whole way."""

    def __init__(self, *, in_child: bool = False) -> None:
        """Load the models once, as the server does."""
        cache.models()
        self._decoder = Decoder() if in_child else None

    def take(self, content: bytes, number: int) -> None:
        """Open, mark, assess, draw and export one file.

        Raises
        ------
        MammoError
            The file or its lesion is refused.
        """
        image = (
            mammo.read_image(content)
            if self._decoder is None
            else self._decoder.read(io.BytesIO(content))
        )
        picture = Picture(str(number), "film", image)
        thumbnail_uri(image.pixels)
        result = picture.assessed(self._marked(picture, Random(number)))
        for answer in result.answers:
            self._draw(answer)
        csv_of_results([(picture.name, result, "")], [answer.card for answer in result.answers])

    def _marked(self, picture: Picture, random: Random) -> Window | None:
        """Use a crop whole; mark a box anywhere on a film, and show both."""
        pixels = picture.image.pixels
        if looks_like_crop(picture.image.shape):
            data_uri(enlarged(scaled_down(pixels, 512)))
            return None
        height, width = picture.image.shape
        x, y = random.randrange(width), random.randrange(height)
        box = x, y, random.randint(1, width - x), random.randint(1, height - y)
        window = lesion_window((height, width), box, picture.image.pixel_spacing_mm)
        data_uri(scaled_down(pixels))
        detail_of(pixels, window)
        return window

    def _draw(self, answer: ModelResult) -> None:
        data_uri(see_through(answer.heat_map()), lossless=True)
        at = answer.card.thresholds["youden"]
        probability_bar(answer.probability, *answer.spread, at, answer.card.title)
