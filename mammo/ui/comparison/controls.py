"""The page's widgets, whose state stands in the link: one of a few options, or a share by name.

A widget is set from the link when it first shows, and writes itself into the link from then on;
what is the default stays out of it. `link` reads and writes the texts.
"""

from collections.abc import Callable, Collection, Mapping

import streamlit as st

from mammo.ui.address import keep_in_link, went_back
from mammo.ui.comparison.link import (
    DIGITS,
    OWN,
    Share,
    option_from_link,
    share_from_link,
    share_in_link,
)


def choose_option(
    label: str, name: str, options: Mapping[str, str], default: str, help_text: str | None = None
) -> str:
    """Ask for one of a few options.

    Parameters
    ----------
    label : str
    name : str, of the option in the link
    options : key -> title, the keys as the link has them
    default : str, one of the keys
    help_text : str or None, behind the question mark

    Returns
    -------
    str, the key
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


def set_from_link(key: str, name: str, options: Collection[str], default: str) -> None:
    """Set a widget from the link when it first shows or the visitor goes back to an address.

    Parameters
    ----------
    key : str, of the widget
    name : str, of the option in the link
    options : what the widget may hold
    default : str, what holds where the link says nothing usable
    """
    if went_back() or st.session_state.get(key) not in options:
        st.session_state[key] = option_from_link(st.query_params.get(name), options, default)


def choose_share(
    label: str,
    name: str,
    named: Mapping[str, float],
    title_of: Callable[[str], str],
    default: str,
    help_text: str | None = None,
) -> Share:
    """Ask for a threshold or prevalence: by name, or by a slider from 0 to 1.

    A name moves the slider; the slider, once moved, is one's own. A name stands for its exact
    value, which the slider shows to three decimals.

    Parameters
    ----------
    label : str
    name : str, of the share in the link
    named : shares by name, 0..1
    title_of : name -> what to call it; also of `link.OWN`
    default : str, one of the names
    help_text : str or None, behind the question mark
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
