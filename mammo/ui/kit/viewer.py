"""The viewer: the one component that shows a case, `viewer.{js,css,html}` beside this file.

Zoom, window and level, the lesion box and the maps over the picture all work in the browser. A page
mounts the picture first and then adds to it, each part as a message of its own, so that a moved box
does not send the picture again:

    viewer = Viewer("film", picture.key)
    viewer.show([View(...)], BOX)
    viewer.show_box(BOX.get(), area)
    viewer.show_maps(maps, area)

All regions are in the units of the picture's width and height.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mammo.imaging.region import SMALLEST_DRAG, Region, drawn_box, whole_box
from mammo.inference.overlay import ColourMap, see_through, see_through_legend
from mammo.ui.kit.display import data_uri, scaled_down

_HERE = Path(__file__)
_MOUNT = st.components.v2.component(
    "mammo_viewer",
    html=_HERE.with_name("viewer.html").read_text(encoding="utf-8"),
    css=_HERE.with_name("viewer.css").read_text(encoding="utf-8"),
    js=_HERE.with_name("viewer.js").read_text(encoding="utf-8"),
)
ROOM = "clamp(16rem, min(100vh - 22rem, 90vw), 60rem)"
"""Height of the picture where controls are above and below it."""
DETAIL = 3.0
"""How many sides of the crop area are sent at full resolution around it."""
LONGEST_DETAIL = 1000
NAMES = ("x", "y", "width", "height")
TakeBox = Callable[[Region], None]


@dataclass(frozen=True)
class View:
    """One picture of a case as the browser gets it; `area` is outlined in yellow."""

    title: str
    alt: str
    source: str
    width: int
    height: int
    area: Region | None = None


def keep_room(height: str) -> None:
    """Keep the height of the picture, in CSS, free until it is there: nothing jumps below it.

    Call it before the page that has the viewer: the browser takes a moment to learn of it.
    """
    st.html(
        f"<style>:root {{ --mammo-stage: {height}; }} "
        "[class*=st-key-stage_of_] { min-height: var(--mammo-stage); }"
        ".stMainBlockContainer { padding: 3.75rem clamp(1rem, 2.5vw, 2rem) 3rem; }"
        ".stMainBlockContainer h1 { padding: 0; }</style>"
    )


@dataclass(frozen=True)
class BoxFields:
    """One box of a page in the session, in whole pixels: to type, and to draw on its picture.

    `prefix` begins the keys of its fields; a drawn box with a side below `smallest` is a click;
    `step` is what a key moves.
    """

    prefix: str
    smallest: int = SMALLEST_DRAG
    step: int = 10

    def get(self) -> Region | None:
        """Return the box; None until all four numbers are there."""
        return whole_box([st.session_state.get(self.key(name)) for name in NAMES])

    def set(self, box: Region | None) -> None:
        """Write a box into the number fields; None empties them."""
        for position, name in enumerate(NAMES):
            st.session_state[self.key(name)] = None if box is None else box[position]

    def key(self, name: str) -> str:
        """Return the session's key of one of `NAMES`."""
        return f"{self.prefix}_{name}"

    def show(self, height: int, width: int, **options: Any) -> None:
        """Draw the fields for a picture of that size; `options` are more of `st.number_input`."""
        limits = ((0, width - 1), (0, height - 1), (1, width), (1, height))
        with st.container(horizontal=True, gap="small"):  # a grid in a closed expander never wraps
            for name, (low, high) in zip(NAMES, limits, strict=True):
                options |= {"step": self.step, "key": self.key(name)}
                st.number_input(name.capitalize(), low, high, None, width=140, **options)


@dataclass(frozen=True)
class Viewer:
    """One viewer of a page.

    Attributes
    ----------
    key : str, tells it from others of the page
    name : str, of the case: another one starts at its whole size again
    """

    key: str
    name: str

    def show(
        self, views: Sequence[View], box: BoxFields | None = None, take: TakeBox | None = None
    ) -> None:
        """Show a case's pictures, the first on top.

        Each box that is drawn, cut to the first picture, goes to `take`, by default into the
        fields of `box`; without `box` none can be drawn.
        """
        mounted = f"{self.key}_picture"
        shape = views[0].height, views[0].width

        def take_drawn() -> None:  # outlives the run, and must not keep the picture alive
            drawn = st.session_state.get(mounted, {}).get("drawn")
            region = None if box is None else drawn_box(drawn, shape, box.smallest)
            if box is not None and region is not None:
                (take or box.set)(region)

        with st.container(key=f"stage_of_{self.key}"):
            _MOUNT(
                data={
                    "viewer": self.key,
                    "name": self.name,
                    "marks": box is not None,
                    "views": [asdict(view) for view in views],
                },
                key=mounted,
                height="content",
                on_drawn_change=take_drawn,
            )

    def show_box(self, box: BoxFields, region: Region | None, area: Region | None = None) -> None:
        """Draw the lesion box `region`, and in yellow the crop area."""
        self._add("box", box=region, area=area, step=box.step, smallest=box.smallest)

    def show_maps(
        self,
        maps: Mapping[str, NDArray[np.floating]],
        area: Region | None = None,
        colours: ColourMap = "viridis",
        method: str = "Grad-CAM",
        opacity: float | None = None,
    ) -> None:
        """Draw a map over the crop area, or over the whole picture: title -> float (S, S), 0-1.

        `area` is that of views without one of their own; the slider starts at `opacity`, 0-1.
        """
        drawn = [
            {
                "title": title,
                "alt": f"{method} map of {title}",
                "source": data_uri(see_through(heat, colours), lossless=True),
            }
            for title, heat in maps.items()
        ]
        scale = data_uri(see_through_legend(colours), lossless=True)
        words = f"Colour scale {colours}, from low to high"
        legend = {"source": scale, "alt": words}
        self._add("maps", maps=drawn, area=area, scale=legend, opacity=opacity)

    def show_detail(self, film: NDArray[np.uint8], area: Region, view: int = 0) -> None:
        """Send the surroundings of the crop area at full resolution, for the view of the film."""
        part, source = detail_of(film, area)
        self._add("detail", part=part, source=source, view=view)

    def _add(self, what: str, **more: Any) -> None:
        data = {"viewer": self.key, "name": self.name, "adds": what, **more}
        _MOUNT(data=data, key=f"{self.key}_{what}", height="content")


def detail_of(film: NDArray[np.uint8], area: Region) -> tuple[Region, str]:
    """Cut the surroundings of a crop area; return the region and its `data:` address."""
    x, y, width, height = area
    margin_x, margin_y = (round((DETAIL - 1) / 2 * side) for side in (width, height))
    left, top = max(0, x - margin_x), max(0, y - margin_y)
    cut = film[top : y + height + margin_y, left : x + width + margin_x]
    part = left, top, cut.shape[1], cut.shape[0]
    return part, data_uri(scaled_down(cut, LONGEST_DETAIL))
