"""The viewer's figures: a case's place among the test scores, and an estimate over a change.

Plain plotly, free of Streamlit. Run the tests with `pytest tests/ui/test_viewer_figures.py`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from mammo import text
from mammo.inference.inside import LastStep
from mammo.inference.perturb import Change
from mammo.plots.style import (
    ABOVE_COLOUR,
    BELOW_COLOUR,
    NEUTRAL_COLOUR,
    as_shares,
    class_bar,
    lay_out,
    look_of,
    reader_line,
    stroke,
)

BINS = 20
MOST_PARTS = 12
_PLACE_HEIGHT = 340
_CURVE_HEIGHT = 380
_MARK: dict[str, Any] = {"color": NEUTRAL_COLOUR, "width": 3}


def place_counts(
    p: NDArray[np.float64], labels: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.intp]]:
    """Return the edges of bins, and how many benign and malignant cases have their p in each."""
    edges = np.linspace(0, 1, BINS + 1)
    benign, malignant = (np.histogram(p[labels == kind], edges)[0] for kind in (False, True))
    return edges, benign, malignant


def place_figure(
    p: NDArray[np.float64], labels: NDArray[np.bool_], p_case: float, threshold: float
) -> go.Figure:
    """Draw test cases by estimate, malignant upward and benign downward, and mark one of them."""
    edges, benign, malignant = place_counts(p, labels)
    middles = ((edges[:-1] + edges[1:]) / 2).tolist()
    figure = go.Figure()
    for name, counts, sign in (("malignant", malignant, 1), ("benign", benign, -1)):
        figure.add_trace(
            go.Bar(
                x=middles,
                y=(sign * counts).tolist(),
                customdata=counts.tolist(),
                name=f"recorded {name}",
                marker=class_bar(name == "malignant"),
                hovertemplate=f"about %{{x:.0%}}<br>recorded {name}: %{{customdata}}"
                "<extra></extra>",
            )
        )
    highest = int(max(benign.max(), malignant.max(), 1))
    figure.add_vline(x=threshold, line=stroke(NEUTRAL_COLOUR, width=1.5))
    right = p_case > 0.6
    figure.add_vline(
        x=p_case,
        line=_MARK,
        annotation={
            "text": "<b>this case</b>",
            "y": 1,
            "yanchor": "top",
            "xanchor": "right" if right else "left",
            "xshift": -6 if right else 6,
        },
    )
    lay_out(figure, "Estimated probability of malignancy", "Test crops", _PLACE_HEIGHT)
    as_shares(figure, y=False)
    step = next(size for size in (1, 2, 5, 10, 20, 50, highest) if 4 * size >= highest)
    ticks = [*range(-4 * step, 4 * step + 1, step)]
    figure.update_yaxes(
        tickvals=ticks, ticktext=[str(abs(tick)) for tick in ticks],
        range=[-1.1 * highest, 1.25 * highest],
    )  # fmt: skip
    figure.update_layout(barmode="relative", bargap=0.08, legend={"y": -0.28})
    return figure


def place_sentence(p: NDArray[np.float64], labels: NDArray[np.bool_], p_case: float) -> str:
    """Say how many test crops of each class got a lower estimate than this one."""
    benign, malignant = p[~labels], p[labels]
    return (
        f"Lower than this: {int((benign < p_case).sum())} of {benign.size} benign test crops and "
        f"{int((malignant < p_case).sum())} of {malignant.size} malignant ones."
    )


def curve_figure(
    change: Change,
    amount: float,
    curves: Mapping[str, NDArray[np.float64]],
    titles: Sequence[str],
    thresholds: Sequence[float],
) -> go.Figure:
    """Draw each model's estimate over the range of a change, its threshold, and the amount chosen.

    Parameters
    ----------
    change : Change, whose k amounts run across
    amount : float, as on the slider
    curves : model name -> float64 (k,), 0-1
    titles, thresholds : of the models, in the order of `curves`
    """
    figure = go.Figure()
    for place, (p, title, threshold) in enumerate(
        zip(curves.values(), titles, thresholds, strict=True)
    ):
        look = look_of(place)
        hover = f"{title}: %{{y:.1%}} at %{{x:g}} {change.unit}"
        figure.add_trace(reader_line(change.amounts, p, title, look, hover, mark=8))
        figure.add_hline(y=threshold, line=stroke(look.colour, "dot", 1))
    figure.add_vline(x=amount, line=_MARK)
    lay_out(figure, f"{change.title}, {change.unit}", "Estimate", _CURVE_HEIGHT)
    as_shares(figure, x=False)
    figure.update_layout(legend={"y": -0.24})
    return figure


def curve_sentence(change: Change, p: NDArray[np.float64], title: str, threshold: float) -> str:
    """Say between which values an estimate, p at each amount, moves, and if it changes sides."""
    low, high = float(p.min()), float(p.max())
    start = float(p[int(np.argmin(np.abs(change.amounts - change.neutral)))])
    crossing = crossings(p, change, threshold)
    moved = (
        f"**{title}**: {text.percent(start)} as it is, "
        f"{text.percent_range(low, high)} over the range"
    )
    if not crossing:
        return f"{moved}; always on the same side of its threshold of {text.percent(threshold)}."
    nearest = min(crossing, key=lambda at: abs(at - change.neutral))
    return (
        f"{moved}; it changes sides of its threshold of {text.percent(threshold)} by "
        f"{nearest:g} {change.unit}."
    )


def crossings(p: NDArray[np.float64], change: Change, threshold: float) -> list[float]:
    """Return the amounts at which a curve stands on the other side than at the neutral amount."""
    above = p >= threshold
    start = above[int(np.argmin(np.abs(change.amounts - change.neutral)))]
    return [float(amount) for amount in change.amounts[above != start]]


def parts_figure(last: LastStep) -> go.Figure:
    """Draw the largest parts of a logit, the largest on top; for malignancy to the right."""
    places = last.largest(MOST_PARTS)[::-1]
    parts = [float(last.parts[place]) for place in places]
    figure = go.Figure(
        go.Bar(
            x=parts,
            y=[f"feature {place}" for place in places],
            orientation="h",
            marker={
                "color": [ABOVE_COLOUR if part > 0 else BELOW_COLOUR for part in parts],
                "pattern": {"shape": ["/" if part > 0 else "" for part in parts]},
            },
            hovertemplate="%{y}: %{x:+.3f}<extra></extra>",
        )
    )
    title = "Part of the logit: against malignancy to the left, for it to the right"
    lay_out(figure, title, "", 120 + 22 * max(len(places), 1))
    figure.update_xaxes(zeroline=True, zerolinecolor=NEUTRAL_COLOUR, zerolinewidth=2)
    return figure
