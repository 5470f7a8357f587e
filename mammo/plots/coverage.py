"""The risk-coverage curve: how often a model errs where it may stay silent on doubtful cases.

Every figure was measured by `python -m mammo.training.trust`. Run the
tests with `pytest tests/ui/test_comparison_coverage.py`.

El-Yaniv and Wiener 2010, "On the Foundations of Noise-free Selective Classification", JMLR 11.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from mammo import text
from mammo.plots.style import band, lay_out, look_of
from mammo.report.case_report import share_with_interval

Measured = Mapping[str, Any]


def coverage_figure(measured: Mapping[str, Measured], titles: Mapping[str, str]) -> go.Figure:
    """Draw the share of wrong answers against the share of test crops that are answered.

    Parameters
    ----------
    measured : model name -> its part of "uncertainty" in `trust.json`
    titles : model name -> title, in the models' order
    """
    figure = go.Figure()
    for place, (name, title) in enumerate(titles.items()):
        if name not in measured:
            continue
        look, steps = look_of(place), measured[name]["curve"]
        answered = [step["coverage"] for step in steps]
        wrong = [step["error"] for step in steps]
        low, high = ([one[end] for one in wrong] for end in ("low", "high"))
        figure.add_trace(band(answered, low, high, look, name))
        figure.add_trace(
            go.Scatter(
                x=answered,
                y=[one["value"] for one in wrong],
                customdata=[[one["crops"], share_with_interval(one)] for one in wrong],
                name=title,
                mode="lines+markers",
                line={"color": look.colour, "dash": look.dash, "width": 3},
                marker={"symbol": look.symbol, "size": 9},
                legendgroup=name,
                hovertemplate=f"{title}<br>answers %{{x:.0%}}: %{{customdata[0]}} crops<br>"
                "wrong %{customdata[1]}<extra></extra>",
            )
        )
    lay_out(figure, "Test crops that it answers, the farthest from its threshold first", "Wrong")
    figure.update_xaxes(range=[0, 1.02], tickformat=".0%")
    figure.update_yaxes(rangemode="tozero", tickformat=".0%")
    return figure


def coverage_sentences(
    measured: Mapping[str, Measured], titles: Mapping[str, str]
) -> Sequence[str]:
    """Say for each model how much more often it is right outside its "not sure" zone."""
    return [_sentence(measured[name], title) for name, title in titles.items() if name in measured]


def _sentence(found: Measured, title: str) -> str:
    return (
        f"**{title}** is not sure from {text.percent_range(*found['zone'])}. Outside, where "
        f"{share_with_interval(found['accepted'])} of the test crops are, it is right for "
        f"{share_with_interval(found['right accepted'])}; inside for "
        f"{share_with_interval(found['right unsure'])}; of all for "
        f"{share_with_interval(found['right'])}."
    )
