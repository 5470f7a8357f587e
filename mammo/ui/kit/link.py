"""Shares and options as texts of a page's link: read with a fallback, written short.

A lecturer sends the link, and the class sees the very view. Nonsense in a link is no error: what
cannot be read falls back to the default. Free of Streamlit (`widgets` holds the controls); run the
tests with `pytest tests/ui/test_comparison_state.py`.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

OWN = "own"
DIGITS = 3
"""Decimals of a threshold or prevalence of one's own: the step of its slider."""


@dataclass(frozen=True)
class Share:
    """Hold a share of 0..1 that was chosen by its name, or is one's own (`OWN`)."""

    name: str
    value: float


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
    if text is not None and text not in named:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if 0.0 <= number <= 1.0:
            return Share(OWN, round(number, DIGITS))
    name = text if text in named else default
    return Share(str(name), named[str(name)])


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


def option_from_link(text: str | None, options: Collection[str], default: str) -> str:
    """Read one of a few options.

    Examples
    --------
    >>> option_from_link("lesion", ("crop", "lesion"), "crop")
    'lesion'
    >>> option_from_link("<script>", ("crop", "lesion"), "crop")
    'crop'
    """
    return text if text is not None and text in options else default
