"""What stands in the page's address, so that a link or a bookmark shows the same view.

The browser sends its address with every act. An act may start before the browser has heard of the
last change, on a slow line or in a full class; it then brings the old address, and a fragment that
wrote its own name alone would take the other change back. So each write writes the rest again.

Each change is a step of the browser's way back. Who goes back wants what the address then says, and
a page that held on to what was chosen last would write that anew, and never let its reader leave.

Streamlit 1.67 binds a widget to the address by itself (`bind="query-params"`), as the part of the
model card does. It cannot replace this: its browser writes by `history.replaceState`, so that no
choice is a step back; choices stand there by their titles, which links of earlier versions do not
hold and which change with the words; a multiselect repeats its name where links have commas; and a
bound name can be written by nothing but its widget, where a threshold has two.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

_KEY = "address"
OWN = "own"
DIGITS = 3
"""Decimals of a threshold or prevalence of one's own: the step of its slider."""


@dataclass(frozen=True)
class Share:
    """A share of 0..1 that was chosen by its name, or is one's own (`OWN`)."""

    name: str
    value: float


def begin_address() -> None:
    """Start a full run of a page: what was written before is forgotten."""
    st.session_state[_KEY] = {}


def went_back() -> bool:
    """Tell whether the browser's way back or forward led here: what the address says now holds."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def keep_in_link(name: str, text: str | None) -> None:
    """Let the link say `name=text`, or nothing of `name` where `text` is None."""
    written: dict[str, str | None] = st.session_state.setdefault(_KEY, {})
    written[name] = text
    for each, said in written.items():
        if said is None:
            st.query_params.pop(each, None)
        elif st.query_params.get(each) != said:
            st.query_params[each] = said


def option_from_link(text: str | None, options: Collection[str], default: str) -> str:
    """Read one of a few options; what is none of them becomes the default.

    Examples
    --------
    >>> units = ("crop", "lesion")
    >>> [option_from_link(text, units, "crop") for text in ("lesion", "<script>", None)]
    ['lesion', 'crop', 'crop']
    """
    return text if text is not None and text in options else default


def set_from_link(key: str, name: str, options: Collection[str], default: str) -> None:
    """Set a widget from the link when it first shows or the visitor goes back to an address."""
    if went_back() or st.session_state.get(key) not in options:
        st.session_state[key] = option_from_link(st.query_params.get(name), options, default)


def share_from_link(text: str | None, named: Mapping[str, float], default: str) -> Share:
    """Read a threshold or prevalence: the name of one, or a number from 0 to 1.

    Parameters
    ----------
    text : str or None, as it stands in the link
    named : shares by name, 0..1, `default` among them
    default : str, what holds where the link says nothing usable

    Examples
    --------
    >>> named = {"youden": 0.45}
    >>> share_from_link("0.3", named, "youden")
    Share(name='own', value=0.3)
    >>> [share_from_link(text, named, "youden").name for text in (None, "youden", "nan", "7", "x")]
    ['youden', 'youden', 'youden', 'youden', 'youden']
    """
    name = option_from_link(text, named, default)
    if text is not None and text not in named:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if 0.0 <= number <= 1.0:
            return Share(OWN, round(number, DIGITS))
    return Share(name, named[name])


def share_in_link(share: Share, default: str) -> str | None:
    """Write a threshold or prevalence for the link; None where it is the default.

    Examples
    --------
    >>> share_in_link(Share("own", 0.3), "youden"), share_in_link(Share("youden", 0.4), "youden")
    ('0.3', None)
    """
    if share.name == OWN:
        return f"{share.value:g}"
    return None if share.name == default else share.name
