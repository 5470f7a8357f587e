"""Widgets that several pages share: figures, files to take away, choices that the link holds.

Pages call `draw` in place of `st.plotly_chart`; a film, which has no words, needs it not.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Thread
from typing import Any

import plotly.graph_objects as go
import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import add_script_run_ctx, get_script_run_ctx

from mammo.imaging.region import Region, whole_box
from mammo.plots.style import figure_config
from mammo.ui.kit.address import (
    DIGITS,
    OWN,
    Share,
    keep_in_link,
    set_from_link,
    share_from_link,
    share_in_link,
    went_back,
)

_FILLED_IN = ("rgb(38, 39, 48)", "rgb(250, 250, 250)")
"""What the browser puts in for `mammo.plots.style.WORDS_COLOUR`, in light and in dark."""
_CHOSEN_TOOL = ".stPlotlyChart .modebar-btn.active path"
"""The icon of a chart's chosen tool, which the browser draws white, on a light page too."""
_FOLLOW_THEME = ", ".join(
    [_CHOSEN_TOOL, *(f'.stPlotlyChart text[style*="{colour}"]' for colour in _FILLED_IN)]
)


def let_words_follow_the_theme() -> None:
    """Show the words of all charts in the colour of the page's, also when the theme turns."""
    st.html(f"<style>{_FOLLOW_THEME} {{ fill: currentColor !important }}</style>")


def draw(figure: go.Figure, **options: Any) -> Any:
    """Draw a figure with `st.plotly_chart` and its options; return what that returns.

    The browser fills in `mammo.plots.style.WORDS_COLOUR` once a figure, and its downloads have that
    colour. The theme stands in the figure, so that after a change of theme the next run brings
    another figure.
    """
    figure.update_layout(meta={"theme": st.context.theme.type})
    return st.plotly_chart(figure, **options)


def show_figure(figure: go.Figure, name: str, alt: str, **options: Any) -> Any:
    """Draw a figure that downloads as `mammo-<name>.svg`, with its alternative text."""
    chosen = {"config": figure_config(name), "key": f"figure_{name}", **options}
    return draw(figure, alt=alt, **chosen)


DOWNLOAD_ICON = ":material/download:"


def offer_file(
    label: str,
    make: Callable[[], bytes],
    name: str,
    media_type: str,
    *,
    key: str,
    icon: str = DOWNLOAD_ICON,
) -> None:
    """Offer a file that is made once its button is pressed; the page does not run again.

    Parameters
    ----------
    label : str, on the button
    make : gives the content; called on another thread, at each press
    name : str, of the file
    media_type : str, as "text/csv"
    key : str, of the button
    icon : str, a Material symbol
    """
    context = get_script_run_ctx()

    def made() -> bytes:
        content = make()
        if context is not None and runtime.exists():  # stays under this visitor's session
            enter = runtime.get_instance().media_file_mgr.add
            arguments = (content, media_type, f"file of {key}", name, True)
            thread = add_script_run_ctx(Thread(target=enter, args=arguments), context)
            thread.start()
            thread.join()
        return content

    st.download_button(label, made, name, media_type, icon=icon, on_click="ignore", key=key)


NAMES = ("x", "y", "width", "height")


@dataclass(frozen=True)
class BoxFields:
    """One box of a page in the session, in whole pixels; `prefix` begins the keys of its fields."""

    prefix: str

    def get(self) -> Region | None:
        """Return the box; None until all four numbers are there."""
        return whole_box([st.session_state.get(self.key(name)) for name in NAMES])

    def set(self, box: Region | None) -> None:
        """Put a box into the fields; None empties them."""
        for position, name in enumerate(NAMES):
            st.session_state[self.key(name)] = None if box is None else box[position]

    def key(self, name: str) -> str:
        """Return the session's key of one of `NAMES`."""
        return f"{self.prefix}_{name}"

    def show(self, height: int, width: int, step: int, **options: Any) -> None:
        """Draw the fields for a picture of that size; `options` are more of `st.number_input`."""
        limits = ((0, width - 1), (0, height - 1), (1, width), (1, height))
        with st.grid(len(NAMES), min_column_width=70, gap="small"):
            for name, (low, high) in zip(NAMES, limits, strict=True):
                st.number_input(
                    name.capitalize(), low, high, None, step=step, key=self.key(name), **options
                )


def choose_option(
    label: str, name: str, options: Mapping[str, str], default: str, help_text: str | None = None
) -> str:
    """Ask for one of a few options, and return its key.

    Parameters
    ----------
    label : str
    name : str, of the option in the link
    options : key -> title, the keys as the link has them
    default : str, one of the keys
    help_text : str or None, behind the question mark
    """
    key = _key(name)
    set_from_link(key, name, options, default)
    chosen = st.segmented_control(
        label,
        list(options),
        required=True,
        format_func=options.__getitem__,
        help=help_text,
        key=key,
        wrap=True,
    )
    keep_in_link(name, None if chosen == default else chosen)
    return str(chosen)


def choose_share(
    label: str,
    name: str,
    named: Mapping[str, float],
    title_of: Callable[[str], str],
    default: str,
    help_text: str | None = None,
) -> Share:
    """Ask for a threshold or prevalence: by one of the names, or by a slider from 0 to 1.

    A name moves the slider; the slider, once moved, is one's own (`OWN`). A name stands for its
    exact value, which the slider shows to three decimals.
    """
    by_name, slider = _key(f"{name}_name"), _key(f"{name}_slider")
    known = st.session_state.get(by_name) in (*named, OWN) and slider in st.session_state
    if went_back() or not known:
        share = share_from_link(st.query_params.get(name), named, default)
        st.session_state[by_name] = share.name
        st.session_state[slider] = round(share.value, DIGITS)
    elif st.session_state[by_name] != OWN:
        # The exact value of a name may change with the unit (the test set's own prevalence).
        st.session_state[slider] = round(named[st.session_state[by_name]], DIGITS)
    chosen = st.segmented_control(
        label,
        [*named, OWN],
        required=True,
        format_func=title_of,
        help=help_text,
        key=by_name,
        wrap=True,
    )
    value = st.slider(
        label,
        0.0,
        1.0,
        step=10.0**-DIGITS,
        format="%.3f",
        key=slider,
        label_visibility="collapsed",
        on_change=_take_own,
        args=(by_name,),
    )
    share = Share(OWN, float(value)) if chosen == OWN else Share(str(chosen), named[str(chosen)])
    keep_in_link(name, share_in_link(share, default))
    return share


def _take_own(by_name: str) -> None:
    st.session_state[by_name] = OWN


def _key(name: str) -> str:
    return f"comparison_{name}"
