"""A lesion: a marked place on a film, or a ready crop. What the models are asked about."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mammo.errors import WindowError
from mammo.imaging import Image, Window, cut_lesion, lesion_window


@dataclass(frozen=True, eq=False)
class Lesion:
    """A lesion on a film, or a ready crop of one, which is used whole.

    Parameters
    ----------
    image : Image, or uint8 (H, W), 0-255
        The film or the ready crop; an `Image` brings its pixel spacing and its warnings.
    box : (x, y, width, height), optional
        The lesion in film pixels; `mammo.imaging.lesion_window` puts the crop area around it.
    window : (x, y, width, height), optional
        The exact square to cut, in whole film pixels. Give `box`, `window` or neither.
    cut_from : int, optional
        Of a ready crop: the side of what it was cut from, in pixels of its film, where known.

    Raises
    ------
    ImageError
        The image is not a grey uint8 picture.
    WindowError
        Both a box and a window were given.

    Examples
    --------
    >>> Lesion(np.zeros((4000, 3000), np.uint8), box=(1000, 2000, 200, 300)).area
    Window(x=890, y=1940, width=420, height=420)
    """

    image: Image | NDArray[np.uint8]
    box: Sequence[float] | None = field(default=None, kw_only=True)
    window: Sequence[float] | None = field(default=None, kw_only=True)
    cut_from: int | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        """Check the picture; a place that does not fit it is refused where it is cut."""
        if self.box is not None and self.window is not None:
            raise WindowError("Expected a lesion box or a window, received both. Give one of them.")
        if not isinstance(self.image, Image):
            object.__setattr__(self, "image", Image(self.image))

    @property
    def picture(self) -> Image:
        """The film or ready crop with what is known of it."""
        assert isinstance(self.image, Image)  # noqa: S101 - made so above
        return self.image

    @property
    def area(self) -> Window | None:
        """The square that is cut from the film, in film pixels; None for a ready crop."""
        if self.box is not None:
            return lesion_window(self.picture.shape, self.box, self.picture.pixel_spacing_mm)
        return None if self.window is None else Window(*(round(side) for side in self.window))

    @property
    def source_side(self) -> int:
        """The side of what is cut, in pixels of the file."""
        if (area := self.area) is not None:
            return area.width
        return min(self.picture.shape) if self.cut_from is None else self.cut_from

    def crop(self, size: int) -> NDArray[np.uint8]:
        """Cut the lesion at the crop size that a model's card names.

        Returns
        -------
        uint8 (size, size), 0-255

        Raises
        ------
        WindowError
            The box or window does not fit the film, or the ready crop is far from square.
        """
        return cut_lesion(self.picture, self.box, window=self.window, size=size)
