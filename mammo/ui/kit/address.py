"""What stands in the page's address, so that a link or a bookmark shows the same view.

The browser sends its address with every act. An act may start before the browser has heard of the
last change, on a slow line or in a full class; it then brings the old address, and a fragment that
wrote its own name alone would take the other change back. So each write writes the rest again.

Each change is a step of the browser's way back. Who goes back wants what the address then says, and
a page that held on to what was chosen last would write that anew, and never let its reader leave.

Streamlit 1.67 binds a widget to the address by itself (`bind="query-params"`), as the part of the
model card does. It cannot replace this: none of its choices is a step back; choices stand there by
their titles, which change with the words; a multiselect repeats its name where links have commas;
and a bound name can be written by nothing but its widget, where a threshold has two.
"""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import streamlit as st
from streamlit.net_util import get_internal_ip
from streamlit.runtime.scriptrunner import get_script_run_ctx

_KEY = "address"
_LOCAL = ("localhost", "127.0.0.1", "::1")
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
    """Return whether the browser's back or forward button led here, so that the address decides."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def keep_in_link(name: str, text: str | None) -> None:
    """Write `name=text` into the link; remove `name` if `text` is None."""
    written: dict[str, str | None] = st.session_state.setdefault(_KEY, {})
    written[name] = text
    for each, value in written.items():
        if value is None:
            st.query_params.pop(each, None)
        elif st.query_params.get(each) != value:
            st.query_params[each] = value


def reachable(page: str, network: str = "") -> str:
    """Return a page's address as other machines reach it; `network` is this machine's.

    >>> reachable("http://localhost:8501/Reading_room", "192.0.2.7")
    'http://192.0.2.7:8501/Reading_room'
    >>> reachable("https://mammo.example.org/Reading_room", "192.0.2.7")
    'https://mammo.example.org/Reading_room'
    """
    parts = urlsplit(page)
    if parts.hostname not in _LOCAL:
        return page
    network = network or get_internal_ip() or "localhost"
    return parts._replace(netloc=f"{network}:{parts.port or 80}").geturl()


def option_from_link(text: str | None, options: Collection[str], default: str) -> str:
    """Read one of a few options; what is none of them becomes the default."""
    return text if text is not None and text in options else default


def set_from_link(key: str, name: str, options: Collection[str], default: str) -> None:
    """Set a widget from the link when it first shows or the visitor goes back to an address."""
    if went_back() or st.session_state.get(key) not in options:
        st.session_state[key] = option_from_link(st.query_params.get(name), options, default)


def choose_option(
    label: str,
    name: str,
    options: Mapping[str, str],
    default: str,
    help_text: str | None = None,
    *,
    hide_label: bool = False,
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
    key = f"comparison_{name}"
    set_from_link(key, name, options, default)
    chosen = st.segmented_control(
        label,
        list(options),
        required=True,
        format_func=options.__getitem__,
        help=help_text,
        key=key,
        wrap=True,
        label_visibility="collapsed" if hide_label else "visible",
    )
    keep_in_link(name, None if chosen == default else chosen)
    return str(chosen)


def choose_number(
    label: str, name: str, limits: tuple[float, float, float], default: float, form: str = "%g"
) -> float:
    """Ask for a number by a slider, whose limits are its low and high end and its step."""
    key = f"viewer_{name}"
    low, high, step = limits
    held = st.session_state.get(key)
    if went_back() or held is None or not low <= held <= high:
        asked = st.query_params.get(name)
        st.session_state[key] = float(number_from_link(asked, low, high, step, default))
    number = float(st.slider(label, low, high, step=step, format=form, key=key))
    keep_in_link(name, None if number == default else f"{number:g}")
    return number


def number_from_link(
    link: str | None, low: float, high: float, step: float, default: float
) -> float:
    """Read a number, put onto its slider's steps; what is none or outside falls back.

    >>> number_from_link("2.6", 0, 8, 0.5, 0), number_from_link("-3", 0, 8, 0.5, 0)
    (2.5, 0)
    >>> [number_from_link(link, 0, 8, 1, 5) for link in (None, "nan", "<b>", "9")]
    [5, 5, 5, 5]
    """
    try:
        number = math.nan if link is None else float(link)
    except ValueError:
        return default
    if not low <= number <= high:
        return default
    return round(low + round((number - low) / step) * step, 6)


def choose_share(
    label: str,
    name: str,
    named: Mapping[str, float],
    title_of: Callable[[str], str],
    default: str,
    help_text: str | None = None,
    *,
    small: bool = False,
) -> float:
    """Ask for a threshold or prevalence: by one of the names, or by a slider from 0 to 1.

    A name moves the slider; the slider, once moved, is one's own (`OWN`). A name stands for its
    exact value, which the slider shows to three decimals. Where `small`, the slider is there for
    one's own only.
    """
    form = "small" if small else "comparison"
    by_name, slider = f"{form}_{name}_name", f"{form}_{name}_slider"
    known = st.session_state.get(by_name) in (*named, OWN)
    known = known and (small or slider in st.session_state)
    if went_back() or not known:
        share = share_from_link(st.query_params.get(name), named, default)
        st.session_state[by_name] = share.name
        st.session_state[slider] = round(share.value, DIGITS)
    elif st.session_state[by_name] != OWN:
        # The exact value of a name may change with the unit (the test set's own prevalence).
        st.session_state[slider] = round(named[st.session_state[by_name]], DIGITS)
    else:
        st.session_state.setdefault(slider, round(named[default], DIGITS))
    chosen = st.selectbox(
        label,
        [*named, OWN],
        format_func=lambda name: "My own" if name == OWN else title_of(name),
        help=help_text,
        key=by_name,
    )
    if small and chosen != OWN:
        keep_in_link(name, share_in_link(Share(chosen, named[chosen]), default))
        return named[chosen]
    value = st.slider(
        label,
        0.0,
        1.0,
        step=10.0**-DIGITS,
        format="%.3f",
        key=slider,
        label_visibility="collapsed",
        on_change=st.session_state.update,
        args=({by_name: OWN},),
    )
    share = Share(OWN, float(value)) if chosen == OWN else Share(str(chosen), named[str(chosen)])
    keep_in_link(name, share_in_link(share, default))
    return share.value


def share_from_link(text: str | None, named: Mapping[str, float], default: str) -> Share:
    """Read a threshold or prevalence, the name of one or a number from 0 to 1, from the link.

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
    """Write a threshold or prevalence for the link; None where it is the default."""
    if share.name == OWN:
        return f"{share.value:g}"
    return None if share.name == default else share.name
