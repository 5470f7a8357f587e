"""A forest of the experiments as SVG: each one's difference in AUC, with its interval.

Written by hand and not by a plotting library, so that the picture in the repository is a page of
text that changes only where a result does.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

LEFT, WIDTH, ROW, TOP = 250, 420, 24, 40
"""Pixels: where the axis begins, how long it is, the height of a row, the head."""

INK, HELPS, HARMS, OPEN = "#333333", "#0072b2", "#d55e00", "#767676"
"""Blue and orange of Okabe and Ito, safe for colour-blind eyes; the mark's shape says it too."""


@dataclass(frozen=True)
class Bar:
    """Hold one line: its name, a difference with its interval, and what it shows."""

    title: str
    value: float
    low: float
    high: float
    verdict: str


def forest_svg(bars: Sequence[Bar], axis: str) -> str:
    """Draw the bars one below the other about a line at zero.

    Examples
    --------
    >>> drawing = forest_svg([Bar("longer", 0.05, 0.02, 0.08, "helps")], "difference")
    >>> drawing.count("<line"), "longer" in drawing
    (6, True)
    """
    known = [bar for bar in bars if not math.isnan(bar.low)]
    reach = max((max(abs(bar.low), abs(bar.high)) for bar in known), default=0.1)
    ticks = _ticks(reach)
    scale = WIDTH / 2 / max(reach, ticks[-1])
    height = TOP + ROW * len(bars) + 50
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 90} {height}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="100%" height="100%" fill="#ffffff"/><g fill="{INK}">',
    ]
    for tick in ticks:
        x, end, words = _place(tick, scale), height - 42, f"{tick:+.2f}" if tick else "0"
        lines.append(_line(x, TOP - 10, x, end, INK if tick == 0 else "#dddddd"))
        lines.append(f'<text x="{x:.1f}" y="{end + 16}" text-anchor="middle">{words}</text>')
    for number, bar in enumerate(bars):
        lines += _row(bar, TOP + ROW * number + ROW / 2, scale)
    middle = _place(0, scale)
    lines.append(f'<text x="{middle:.1f}" y="{height - 8}" text-anchor="middle">{escape(axis)}')
    return "\n".join([*lines[:-1], lines[-1] + "</text>", "</g></svg>"]) + "\n"


def _row(bar: Bar, y: float, scale: float) -> list[str]:
    colour = {"helps": HELPS, "harms": HARMS}.get(bar.verdict, OPEN)
    ends = (bar.value,) * 3 if math.isnan(bar.low) else (bar.low, bar.value, bar.high)
    low, value, high = (_place(one, scale) for one in ends)
    inside = colour if colour != OPEN else "#ffffff"
    return [
        f'<text x="{LEFT - 12}" y="{y + 4:.1f}" text-anchor="end">{escape(bar.title)}</text>',
        _line(low, y, high, y, colour),
        f'<circle cx="{value:.1f}" cy="{y:.1f}" r="4.5" fill="{inside}" stroke="{colour}" '
        'stroke-width="1.5"/>',
        f'<text x="{LEFT + WIDTH + 12}" y="{y + 4:.1f}">{bar.value:+.3f}</text>',
    ]


def _line(x: float, y: float, to_x: float, to_y: float, colour: str) -> str:
    return (
        f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="{colour}" '
        'stroke-width="1.5"/>'
    )


def _place(value: float, scale: float) -> float:
    return LEFT + WIDTH / 2 + value * scale


def _ticks(reach: float) -> list[float]:
    step = next(step for step in (0.01, 0.02, 0.05, 0.1, 0.2, 1.0) if reach <= 3 * step)
    count = max(1, -(-int(reach * 1e6) // int(step * 1e6)))
    return [step * number for number in range(-count, count + 1)]
