"""The app's figures: `pytest tests/ui/test_figures.py`."""

import re
import tomllib
from pathlib import Path

import pytest

from mammo.plots import style

ROOT = Path(__file__).parents[2]
THEME = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))["theme"]


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def blended(colour: str, ground: str, opacity: float) -> str:
    """Mix a colour, `#RRGGBB`, into the one behind it."""
    pairs = [(int(colour[at : at + 2], 16), int(ground[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(a * opacity + b * (1 - opacity)):02X}" for a, b in pairs)


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("colour", [style.BELOW_COLOUR, style.ABOVE_COLOUR, style.NEUTRAL_COLOUR])
def test_colours_with_a_meaning_stand_out_in_both_themes(mode: str, colour: str) -> None:
    assert contrast(colour, THEME[mode]["backgroundColor"]) >= 3


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_theme_texts_are_readable(mode: str) -> None:
    theme = THEME[mode]
    for ground in ("backgroundColor", "secondaryBackgroundColor"):
        for text in ("textColor", "linkColor", "grayTextColor", "blueTextColor", "orangeTextColor"):
            assert contrast(theme[text], theme[ground]) >= 4.5, (mode, text, ground)
        # Streamlit writes captions in the text's colour at 60%, and code in them likewise.
        for text in ("textColor", "codeTextColor"):
            assert contrast(blended(theme[text], theme[ground], 0.6), theme[ground]) >= 4.5
        # The chosen one of several options is written in this colour.
        assert contrast(theme["primaryColor"], theme[ground]) >= 4.5, (mode, ground)


def test_a_filled_button_has_a_colour_of_its_own() -> None:
    """White letters on the dark theme's accent would have a contrast of 2.2 only."""
    style = (ROOT / "mammo/ui/kit/browser.css").read_text(encoding="utf-8")
    (rule,) = re.findall(r'\[data-testid="stBaseButton-primary"\]:enabled \{(.*?)\}', style)
    colours = dict(re.findall(r"([a-z-]+): (#[0-9A-F]{6})", rule))
    assert contrast(colours["color"], colours["background"]) >= 4.5


@pytest.mark.parametrize(("p", "side"), [(0.2, style.BELOW_COLOUR), (0.5, style.ABOVE_COLOUR)])
def test_the_marker_is_at_the_probability_and_the_bar_has_words(p: float, side: str) -> None:
    bar = style.probability_bar(p, p - 0.05, p + 0.05, 0.5, 'Model: 20%, <below> "it"')
    assert f"left:{100 * p:.1f}%;width:13px" in bar and f"background:{side};transform" in bar
    assert f"left:{100 * (p - 0.05):.1f}%;width:10.0%" in bar
    assert 'role="img" aria-label="Model: 20%, &lt;below&gt; &quot;it&quot;"' in bar


@pytest.mark.parametrize(("threshold", "shift"), [(0.02, 0), (0.5, -50), (1, -100)])
def test_the_label_of_the_threshold_stays_inside(threshold: float, shift: int) -> None:
    assert f"translateX({shift}%)" in style.probability_bar(0.3, 0.2, 0.4, threshold, "")
