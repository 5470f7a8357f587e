"""What leaves the viewer: pictures with title, legend, caption and notice; curves as tables."""

from collections.abc import Callable, Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from mammo import text
from mammo.inference import Classifier
from mammo.inference.maps import Method
from mammo.inference.overlay import ColourMap
from mammo.inference.pictures import Panel, heat_map_sheet, panel_sheet
from mammo.ui.kit.result import Answer
from mammo.ui.kit.table import csv_of
from mammo.ui.kit.widgets import offer_file
from mammo.ui.viewer.asking import Crop
from mammo.ui.viewer.viewing import Viewed

SHORT_OF_LESION = "A map shows what the model used, not the extent of the lesion."


def png(picture: NDArray[np.uint8]) -> bytes:
    """Encode a picture, uint8 (H, W, 3) in red, green, blue, as PNG."""
    return cv2.imencode(".png", np.ascontiguousarray(picture[..., ::-1]))[1].tobytes()


def titled(model: Classifier, title: str, picture: NDArray[np.uint8]) -> Panel:
    """Name a picture by its model and by what it is."""
    return Panel(f"{model.card.title}: {title}", picture)


def offer_map(
    viewed: Viewed,
    crop: Crop,
    answer: Answer,
    method: Method,
    heat: NDArray[np.float32],
    look: tuple[ColourMap, float],
) -> None:
    """Offer one map as a picture: the crop, the crop under the map, the scale, the words."""
    about = (
        f"{viewed.name}. {answer.card.title}, {method.title} ({method.reference}). "
        f"{method.resolution(answer.card)}.",
        f"{estimate(answer)} {SHORT_OF_LESION}",
        text.NOTICE_SHORT,
    )
    offer_png(
        lambda: heat_map_sheet(crop, heat, about, look[1], look[0]),
        f"{method.key}-{answer.card.name}",
    )


def offer_panels(
    viewed: Viewed,
    panels: Sequence[Panel],
    columns: int,
    name: str,
    about: Sequence[str],
    colour_map: ColourMap | None = None,
) -> None:
    """Offer pictures in rows, with the case above all words, and the notice below."""
    paragraphs = (f"{viewed.name}.", *about, text.NOTICE_SHORT)
    offer_png(lambda: panel_sheet(panels, columns, paragraphs, colour_map), name)


def offer_png(draw: Callable[[], NDArray[np.uint8]], name: str) -> None:
    """Offer a picture, drawn once somebody asks for it, as `mammo-<name>.png`."""
    offer_file(
        "Download as PNG",
        lambda: png(draw()),
        f"mammo-{name}.png",
        "image/png",
        key=f"png_{name}",
    )


def offer_csv(columns: Mapping[str, Sequence[object]], name: str) -> None:
    """Offer columns of figures as `mammo-<name>.csv`; the notice stands in every row."""
    import pandas as pd

    offer_file(
        "Download as CSV",
        lambda: csv_of(pd.DataFrame(dict(columns))),
        f"mammo-{name}.csv",
        "text/csv",
        key=f"csv_{name}",
    )


def estimate(answer: Answer) -> str:
    """Say a model's estimate for a caption."""
    p_malignant = text.percent(answer.assessment.p_malignant)
    return f"{answer.card.title}: estimated probability of malignancy {p_malignant}."
