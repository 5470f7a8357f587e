"""A lesion, and the answer about it: what each model says, what is doubtful, what resembles it.

`mammo.inference.model_set` alone makes a result; pages, command, CSV and report take it and compute
nothing of their own. It holds the crops that the models read, and no film.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mammo.artifacts import Card
from mammo.artifacts.schema import Reading
from mammo.data.csv_table import harmless
from mammo.imaging import Image, Window, cut_lesion, lesion_window
from mammo.imaging.region import box_in_window, changed_boxes
from mammo.imaging.window import MARGIN_PIXELS
from mammo.inference.classifier import Assessment
from mammo.inference.concepts import Readings
from mammo.inference.trust import Familiarity, Neighbour, Trust
from mammo.text import NOTICE_SHORT, percent


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
        """Check the picture; a place that does not fit, or is given twice, is refused by `crop`."""
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

    def redrawn(self) -> "list[Lesion]":
        """Return the lesion under small changes of its box, as another hand may draw it.

        `mammo.imaging.region.BOX_CHANGES` lists them; none for a ready crop. The box of an exact
        window is the one that is centred in it, a margin smaller.
        """
        if (area := self.area) is None:
            return []
        box = self.box
        if box is None:
            box = box_in_window(area) if area.width > 3 * MARGIN_PIXELS else area
        boxes = changed_boxes(box, self.picture.shape)
        return [Lesion(self.image, box=changed) for changed in boxes]

    @property
    def source_side(self) -> int:
        """The side of what is cut, in pixels of the file."""
        if (area := self.area) is not None:
            return area.width
        return min(self.picture.shape) if self.cut_from is None else self.cut_from

    def crop(self, size: int) -> NDArray[np.uint8]:
        """Cut the lesion, uint8 (size, size), at the crop size that a model's card names.

        Raises
        ------
        WindowError
            The box or window does not fit the film, both are given, or the ready crop is far from
            square.
        """
        return cut_lesion(self.picture, self.box, window=self.window, size=size)


_SIDES: tuple[Literal["LEFT", "RIGHT"], ...] = ("LEFT", "RIGHT")
PAIR = ("CC", "MLO")


def name_film(image: Image, name: str) -> Image:
    """Return a film with the side and view that its file's name has, where the film states none.

    >>> crop = Image(np.zeros((32, 32), np.uint8))
    >>> film = name_film(crop, "Mass-Test_P_00173_LEFT_CC_1.png")
    >>> film.laterality, film.view, name_film(crop, "R-MLO.png").view, name_film(crop, "a.png").view
    ('LEFT', 'CC', 'MLO', None)
    """
    words = re.sub(r"\b([LR])(CC|MLO)\b", r"\1 \2", re.sub(r"[\W_]+", " ", name.upper())).split()
    sides = [side for side in _SIDES if {side, side[0]} & {*words}]
    views = [view for view in PAIR if view in words]
    laterality = image.laterality or (sides[0] if len(sides) == 1 else None)
    view = image.view or (views[0] if len(views) == 1 else None)
    return replace(image, laterality=laterality, view=view)


BALANCED = "youden"
"""The threshold that the command prints and a report names first."""

FIGURES = ("p_malignant", "p_low", "p_high", "score")
READING = "reading"
FIRST_COLUMNS = ("file", "box", "window")


@dataclass(frozen=True, eq=False)
class ModelResult:
    """What one model says of one lesion; `crop`, uint8 (S, S), is what it read.

    The calibration, thresholds and sets of `card` are those of the input form. Of two views, `crop`
    and heat map are the first view's.

    `box_spread` is the lowest and highest probability, 0-1, over small changes of the lesion box,
    this answer among them; None where they were not asked for, or there is no box.
    """

    card: Card
    crop: NDArray[np.uint8]
    assessment: Assessment
    box_spread: tuple[float, float] | None = None

    @property
    def probability(self) -> float:
        """The estimated probability of malignancy, 0-1, calibrated."""
        return self.assessment.p_malignant

    @property
    def spread(self) -> tuple[float, float]:
        """The lowest and highest probability over the views of the crop, 0-1."""
        return self.assessment.p_low, self.assessment.p_high

    def is_above(self, threshold: str = BALANCED) -> bool:
        """Return whether the probability reaches a threshold of the card."""
        return self.probability >= self.card.thresholds[threshold]

    @property
    def reading(self) -> Reading | None:
        """The diagnosis that the probability is compatible with, by the card's conformal sets.

        "cannot tell" where it is compatible with both or none; None where the card has no sets.
        """
        return None if self.card.sets is None else self.card.sets.reading(self.probability)

    def depends_on_box(self, threshold: str = BALANCED) -> bool | None:
        """Return whether small changes of the box pass a threshold; None where it is not known."""
        if self.box_spread is None:
            return None
        low, high = self.box_spread
        return low < self.card.thresholds[threshold] <= high

    def side(self, threshold: str = BALANCED) -> str:
        """Return "above" or "below" a threshold of the card."""
        return "above" if self.is_above(threshold) else "below"

    def heat_map(self) -> NDArray[np.float32]:
        """Return the Grad-CAM map, float32 (S, S), 0-1."""
        return self.assessment.heat_map(self.crop.shape[0])

    def to_dict(self) -> dict[str, Any]:
        """Return the figures, the reading and the sides as plain values."""
        figures = {name: getattr(self.assessment, name) for name in FIGURES}
        return figures | {
            READING: self.reading,
            "thresholds": {
                name: {"threshold": at, "side": self.side(name)}
                for name, at in self.card.thresholds.items()
            },
        }


@dataclass(frozen=True, eq=False)
class Signals:
    """What the trust signals say of a lesion; similar training lesions, the nearest first."""

    trust: Trust
    familiarity: Familiarity
    neighbours: tuple[Neighbour, ...]


Form = Literal["crop", "film with box", "two views"]


@dataclass(frozen=True, eq=False)
class LesionResult:
    """The answer about one lesion; `result["mobilenetv2"]` is what one model says.

    Attributes
    ----------
    models : model name -> ModelResult, in the order of the artifacts
    area : what was cut from the (first) film, in film pixels; None for a ready crop
    doubts : sentences on what is doubtful about the picture
    signals : None where the artifacts hold none for these models
    artifacts : the program, the networks and the training data, by their checksums
    laterality, view : of the film, where they are known
    pair : the result of each view, where the answer is from two; empty otherwise
    concepts : margin and shape as read from a network's features; None where none is read
    """

    models: Mapping[str, ModelResult]
    area: Window | None = None
    doubts: tuple[str, ...] = ()
    signals: Signals | None = None
    artifacts: str = ""
    laterality: str | None = None
    view: str | None = None
    pair: "tuple[LesionResult, ...]" = ()
    concepts: Readings | None = None

    def __getitem__(self, model: str) -> ModelResult:
        """Return what one model says, by its name."""
        return self.models[model]

    @property
    def answers(self) -> tuple[ModelResult, ...]:
        """What each model says, in the order of the artifacts."""
        return tuple(self.models.values())

    @property
    def form(self) -> Form:
        """What the answer is from: a ready crop, a film with the lesion's box, or two views."""
        return "two views" if self.pair else "crop" if self.area is None else "film with box"

    @property
    def views(self) -> "Mapping[str, LesionResult]":
        """The result of each view by its name, such as "CC"; of one view, this result alone."""
        named = [one.view for one in self.pair]
        names = named if len({*named} - {None}) == 2 else ["First view", "Second view"]
        return dict(zip(map(str, names), self.pair, strict=False)) or {self.view or "View": self}

    def disagreements(self, threshold: str = BALANCED) -> tuple[str, ...]:
        """Return a sentence for each model whose two views lie on different sides of a threshold.

        Each view is held against the threshold for one view.
        """
        told = []
        for name, answer in self.models.items():
            sides = {
                view[name].is_above(threshold): f"{where} ({percent(view[name].probability)})"
                for where, view in self.views.items()
            }
            if len(sides) == 2:
                told.append(
                    f"{answer.card.title}: the views disagree. {sides[True]} is above the "
                    f"threshold, {sides[False]} is below it."
                )
        return tuple(told)

    @property
    def questioned(self) -> bool | None:
        """Whether the picture looks unlike a mammogram crop; None where nobody can tell."""
        return None if self.signals is None else self.signals.familiarity.questioned

    @property
    def alarm(self) -> str:
        """The sentence that the picture looks unlike a mammogram crop; empty where it does not."""
        return "" if self.signals is None else self.signals.familiarity.sentence

    @property
    def remarks(self) -> tuple[str, ...]:
        """The alarm, the doubts, and where two views disagree at the balanced threshold."""
        return (*((self.alarm,) if self.alarm else ()), *self.doubts, *self.disagreements())

    def to_dict(self) -> dict[str, Any]:
        """Return all but pictures as plain values, which JSON can hold."""
        read = None if self.questioned else self.concepts
        similar = () if self.signals is None or self.questioned else self.signals.neighbours
        return {
            "form": self.form,
            "models": {name: answer.to_dict() for name, answer in self.models.items()},
            "window": None if self.area is None else list(self.area),
            "looks_like_crop": None if self.questioned is None else not self.questioned,
            "views": {name: one.to_dict() for name, one in self.views.items() if self.pair},
            "doubts": list(self.remarks),
            "concepts": None
            if read is None
            else {"model": read.concepts.model, **read.p, "p_malignant": read.p_malignant},
            "similar": [neighbour.case_id for neighbour in similar],
            "artifacts": self.artifacts,
            "notice": NOTICE_SHORT,
        }


def familiar(questioned: bool | None) -> str:
    """Return whether a file looks like a mammogram crop: "yes", "no", or "" where unknown."""
    return "" if questioned is None else "no" if questioned else "yes"


def csv_columns(cards: Sequence[Card]) -> list[str]:
    """Return the columns of a table of results: `csv_row` fills them."""
    of_models = [
        f"{card.name}_{name}" for card in cards for name in (*FIGURES, READING, *card.thresholds)
    ]
    return [
        *FIRST_COLUMNS, *of_models, "looks_like_crop", "recorded", "remark", "error", "notice"
    ]  # fmt: skip


def csv_row(
    name: str,
    result: LesionResult | None,
    *,
    boxes: Sequence[Sequence[float] | None] = (),
    recorded: str = "",
    remarks: Sequence[str] = (),
    error: str = "",
) -> dict[str, str]:
    """Return one row of a table of results; the notice stands in every row and cannot get lost.

    Parameters
    ----------
    name : the file or case, as its owner knows it
    result : None where the file could not be assessed
    boxes : the lesion in film pixels on each view, where it was given as a box
    recorded : the recorded pathology, where it is known
    remarks : sentences beside those of the result
    error : why there is no result

    Returns
    -------
    column -> text, harmless in a spreadsheet; figures at full precision
    """
    row = {"file": name, "box": _numbers(boxes), "recorded": recorded, "error": error}
    said: tuple[str, ...] = ()
    if result is not None:
        areas = [one.area for one in result.views.values()]
        row |= {"window": _numbers(areas), "looks_like_crop": familiar(result.questioned)}
        said = result.remarks
        for model, answer in result.models.items():
            row |= {f"{model}_{name}": repr(getattr(answer.assessment, name)) for name in FIGURES}
            row |= {f"{model}_{name}": answer.side(name) for name in answer.card.thresholds}
            row[f"{model}_{READING}"] = answer.reading or ""
    row |= {"remark": " ".join((*said, *remarks)), "notice": NOTICE_SHORT}
    return {column: harmless(cell) for column, cell in row.items()}


def _numbers(regions: Sequence[Sequence[float] | None]) -> str:
    """Write a region of each view, "x,y,w,h", with a semicolon between two."""
    return ";".join(",".join(f"{number:g}" for number in region) for region in regions if region)
