"""One model's probability against the other's, case by case, to select from.

Plain plotly, free of Streamlit. Run the tests with `pytest tests/ui/test_comparison_figures.py`.
"""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from mammo.evaluation.comparison import Share, Study
from mammo.plots.style import CLASS_LOOKS, NEUTRAL_COLOUR, as_shares, lay_out

CLASS_NAMES = {False: "benign", True: "malignant"}
FAINT = 0.22


def scatter_figure(
    study: Study, thresholds: Mapping[str, Share], shown: NDArray[np.bool_] | None = None
) -> go.Figure:
    """Draw each case at the first model's p (across) and the second's (up).

    Parameters
    ----------
    study : Study of two models or more; the first two are drawn
    thresholds : model name -> Share, drawn as lines
    shown : bool (u,), cases to stand out from the others, or None for all; each point's
        `customdata` is the case's place
    """
    across, up = study.models[:2]
    figure = go.Figure()
    for malignant, name in CLASS_NAMES.items():
        rows = np.flatnonzero(study.labels == malignant)
        look = CLASS_LOOKS[malignant]
        opacity = 0.8 if shown is None else np.where(shown[rows], 0.95, FAINT).tolist()
        figure.add_trace(
            go.Scatter(
                x=study.sample.p[across.name][rows].tolist(),
                y=study.sample.p[up.name][rows].tolist(),
                customdata=rows.tolist(),
                text=study.sample.units.ids[rows].tolist(),
                name=f"recorded {name}",
                mode="markers",
                marker={
                    "color": look.colour,
                    "symbol": look.symbol,
                    "size": 9,
                    "opacity": opacity,
                    "line": {"width": 1.5},
                },
                hovertemplate=f"%{{text}}, {name}<br>{across.title} %{{x:.1%}}"
                f"<br>{up.title} %{{y:.1%}}<extra></extra>",
            )
        )
    line = {"color": NEUTRAL_COLOUR, "width": 1.5, "dash": "dash"}
    figure.add_vline(x=thresholds[across.name].value, line=line)
    figure.add_hline(y=thresholds[up.name].value, line=line)
    as_shares(lay_out(figure, f"{across.title}: estimated probability", up.title))
    figure.update_yaxes(title_text=f"{up.title}: estimated probability")
    figure.update_layout(dragmode="lasso")
    return figure
