"""The picture of a case, to be looked at closely: zoom, window and level in the browser.

A component of Streamlit's second kind: `viewer.html`, `viewer.css` and `viewer.js` beside this
file. It only shows; nothing comes back from it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st

_HERE = Path(__file__)
_PLACE = "reading_picture"
_ROOM = f"""<style>
:root {{ --mammo-stage: clamp(16rem, min(100vh - 20.5rem, 100vw), 64rem); }}
.st-key-{_PLACE} {{ min-height: var(--mammo-stage); }}
</style>"""
_MOUNT = st.components.v2.component(
    "mammo_reading_viewer",
    html=_HERE.with_suffix(".html").read_text(encoding="utf-8"),
    css=_HERE.with_suffix(".css").read_text(encoding="utf-8"),
    js=_HERE.with_suffix(".js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class View:
    """Hold one picture of a case as the browser gets it."""

    title: str
    alt: str
    source: str
    width: int
    height: int
    box: tuple[float, float, float, float] | None = None


def show_viewer(name: str, views: Sequence[View]) -> None:
    """Show a case's pictures, the first on top; another `name` starts at its whole size again."""
    with st.container(key=_PLACE):
        _MOUNT(
            data={"name": name, "pictures": [asdict(view) for view in views]},
            key="reading_viewer",
            height="content",
        )


def keep_room() -> None:
    """Keep the height of the picture free until it is there, so that nothing jumps below it.

    Call it before the page that has the viewer: the browser takes a moment to learn of it.
    """
    st.html(_ROOM)
