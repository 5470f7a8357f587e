"""The explorer's charts: counts by label of the selected crops, each with a sentence.

Plain plotly and words, free of Streamlit. Every figure in a sentence is counted from these rows.
Run the tests with `pytest tests/ui/test_explorer.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from mammo.data.descriptors import FILTERS, MISSING, options_of, title_of
from mammo.data.table import FILM
from mammo.evaluation.bootstrap import PatientBootstrap
from mammo.evaluation.operating import Confusion, point_of_flags
from mammo.evaluation.subgroups import biopsy, suspicion
from mammo.plots.style import CLASS_LOOKS, class_bar, lay_out, points
from mammo.text import NO_INTERVAL, counted, percentage

if TYPE_CHECKING:
    import pandas as pd


_FRAME_HEIGHT, _ROW_HEIGHT = 130, 60
_FILM_HEIGHT = 420
_SMALL = 10
_SCALES = ("density", "birads", "subtlety")


@dataclass(frozen=True)
class Chart:
    """A chart: its counts, a row per bar with columns benign and malignant, and its sentence."""

    counts: "pd.DataFrame"
    sentence: str
    axis: str


def chart_figure(chart: Chart) -> go.Figure:
    """Draw benign and malignant counts as bars under each other; a pattern tells them too.

    The bars lie, so that long names stay readable on a telephone. By each malignant count stands
    its share of the value's crops.
    """
    shares = chart.counts["malignant"] / chart.counts.sum(axis=1)
    figure = go.Figure()
    for name in ("benign", "malignant"):
        counts = chart.counts[name]
        said = [f"{count:,}" for count in counts]
        if name == "malignant":
            said = [
                f"{one} ({100 * share:.0f}%)" if share == share else one
                for one, share in zip(said, shares, strict=True)
            ]
        figure.add_trace(
            go.Bar(
                y=chart.counts.index.tolist(),
                x=counts.tolist(),
                orientation="h",
                name=name,
                text=said,
                textposition="outside",
                cliponaxis=False,
                marker=class_bar(name == "malignant"),
                hovertemplate=f"%{{y}}<br>{name}: %{{text}}<extra></extra>",
            )
        )
    lay_out(figure, "Crops", "", _FRAME_HEIGHT + _ROW_HEIGHT * len(chart.counts))
    below = {"yref": "container", "y": 0, "yanchor": "bottom"}
    figure.update_layout(barmode="group", bargap=0.25, legend=below, margin={"b": 76})
    figure.update_yaxes(type="category", autorange="reversed", automargin=True)
    # Room for the words at the end of the longest bar.
    figure.update_xaxes(nticks=5, range=[0, 1.5 * max(1, int(chart.counts.to_numpy().max()))])
    return figure


def film_size_figure(rows: "pd.DataFrame") -> go.Figure:
    """Draw width and height of films, columns `FILM` in pixels, by `label`: scanners cluster."""
    figure = go.Figure()
    for label, name in enumerate(("benign", "malignant")):
        width, height = (rows.loc[rows["label"] == label, side].tolist() for side in FILM)
        hover = f"{name}: %{{x:,}} by %{{y:,}} pixels"
        look = CLASS_LOOKS[bool(label)]
        figure.add_trace(points(width, height, look, hover, 6, name=name, opacity=0.7))
    return lay_out(figure, "Film width in pixels", "Film height in pixels", _FILM_HEIGHT)


def by_split(cases: "pd.DataFrame") -> Chart:
    """Class balance of each split, and the prior shift between them."""
    counts, title = _by_filter(cases, "split")
    shares = cases["label"].groupby(cases["split"]).mean()
    if {"train", "test"} <= set(shares.index):
        sentence = (
            f"{percentage(shares['train'])} of the training crops and "
            f"{percentage(shares['test'])} of the test crops are malignant (prior shift). "
            "Probabilities calibrated at the training prevalence are miscalibrated at the test "
            "prevalence."
        )
    else:
        sentence = f"{percentage(float(cases['label'].mean()))} of these crops are malignant."
    return Chart(counts, sentence, title)


def by_side_and_view(cases: "pd.DataFrame") -> Chart:
    """Left and right, CC and MLO: they should not predict the label."""
    sides = cases["laterality"].fillna("side not recorded").str.lower()
    named = sides + " " + cases["view"].fillna("view not recorded")
    shares = cases["label"].groupby(named).mean()
    sentence = (
        f"Between {percentage(shares.min())} and {percentage(shares.max())} are malignant. "
        "Side and view should not predict pathology. Differences reflect chance or how cases were "
        "selected."
    )
    return Chart(_counts(cases["label"], named.map(lambda name: [name])), sentence, "Side and view")


def by_birads(cases: "pd.DataFrame") -> Chart:
    """BI-RADS against pathology: how often the radiologist was right."""
    counts, title = _by_filter(cases, "birads")
    read = cases[cases["assessment"].notna()]
    if read.empty:
        return Chart(counts, "None of these cases has a BI-RADS assessment.", title)
    point = point_of_flags(
        read["label"].astype(int),
        biopsy(suspicion(read["assessment"])),
        PatientBootstrap(read["patient_id"].tolist()),
    )
    right, sent = point.rates["accuracy"], _sent_to_biopsy(point.confusion)
    ends = f"95% CI {percentage(right.low)} to {percentage(right.high)}"
    if np.isnan(right.low):
        ends = NO_INTERVAL
    sentence = (
        f"Counting BI-RADS 4 and 5 as malignant, the radiologists were right in "
        f"{percentage(right.value)} of {counted(len(read), 'crop')} ({ends}). They recommended "
        f"biopsy for {sent}."
    )
    return Chart(counts, sentence, "BI-RADS assessment")


def _sent_to_biopsy(table: Confusion) -> str:
    parts = [f"{table.true_positive:,} of {table.malignant:,} malignant"] * (table.malignant > 0)
    parts += [f"{table.false_positive:,} of {table.benign:,} benign"] * (table.benign > 0)
    return f"{' and '.join(parts)} crop{'' if (table.benign or table.malignant) == 1 else 's'}"


def by_lesions_of_a_patient(cases: "pd.DataFrame") -> Chart:
    """Patients with several lesions: why one splits by patient."""
    lesions = cases.groupby("patient_id")["lesion_id"].nunique()
    number = cases["patient_id"].map(lesions).map(lambda count: [str(min(count, 4))])
    crops = cases.groupby("patient_id").size()
    several = int((crops > 1).sum())
    sentence = (
        f"{several:,} of {counted(len(crops), 'patient')} {'has' if several == 1 else 'have'} "
        "several crops, "
        f"{int((lesions > 1).sum()):,} several lesions. All crops of a patient must be in one "
        "split; otherwise the model is tested on patients it was trained on."
    )
    counts = _counts(cases["label"], number)
    counts.index = [f"{name} or more" if name == "4" else name for name in counts.index]
    return Chart(counts, sentence, "Lesions per patient")


def conflicting_lesions(cases: "pd.DataFrame") -> list[str]:
    """Return the lesions whose views are labelled differently."""
    labels = cases.groupby("lesion_id")["label"].nunique()
    return sorted(map(str, labels.index[labels > 1]))


def by_conflict(cases: "pd.DataFrame") -> Chart:
    """Lesions whose two views carry different labels."""
    found = conflicting_lesions(cases)
    conflict = cases["lesion_id"].isin(found)
    named = conflict.map({True: ["labels differ"], False: ["labels agree"]})
    if found:
        have, their = ("has", "its") if len(found) == 1 else ("have", "their")
        sentence = (
            f"{len(found)} of {counted(cases['lesion_id'].nunique(), 'lesion')} {have} different "
            f"labels in {their} views: {', '.join(found)}. Reference diagnoses contain errors too."
        )
    else:
        sentence = "None of these lesions has different labels in its views."
    return Chart(_counts(cases["label"], named), sentence, "Views of one lesion")


def by_descriptor(name: str) -> Callable[["pd.DataFrame"], Chart]:
    """Return the chart of a filter's own values, with the most and the least malignant named."""

    def build(cases: "pd.DataFrame") -> Chart:
        counts, title = _by_filter(cases, name)
        total = counts.sum(axis=1)
        if name not in _SCALES:  # the commonest first
            order = sorted(counts.index, key=lambda value: (value == MISSING, -total[value], value))
            counts = counts.loc[order]
        shares = (counts["malignant"] / total)[total >= _SMALL].sort_values()
        shares = shares.drop(MISSING, errors="ignore")
        if len(shares) < 2 or cases["label"].nunique() < 2:
            sentence = "There are too few cases to compare, or all have the same label."
            return Chart(counts, sentence, title)
        sentence = (
            f"Among values with at least {_SMALL} crops, “{shares.index[-1]}” is malignant most "
            f"often ({percentage(shares.iloc[-1])}), “{shares.index[0]}” least often "
            f"({percentage(shares.iloc[0])})."
        )
        if name not in _SCALES:
            sentence += " A crop with several values counts for each."
        return Chart(counts, sentence, title)

    return build


def by_size(sizes: "pd.DataFrame") -> Chart:
    """Sizes of the lesions on film, where a prepared folder records their boxes.

    Parameters
    ----------
    sizes : DataFrame with `label` and `pixels`, the longer side of the lesion's box on its film
    """
    import pandas as pd

    edges = [0, 200, 400, 600, 800, 1200, float("inf")]
    names = ["under 200", "200 to 399", "400 to 599", "600 to 799", "800 to 1,199", "1,200 or more"]
    binned = pd.cut(sizes["pixels"], edges, labels=names, right=False).astype(str)
    counts = _counts(sizes["label"], binned.map(lambda name: [name]))
    counts = counts.reindex([name for name in names if name in counts.index])
    medians = " and ".join(
        f"{middle:,.0f} film pixels among the {'malignant' if label else 'benign'}"
        for label, middle in sizes.groupby("label")["pixels"].median().items()
    )
    sentence = (
        f"The median longer side is {medians} lesions. All crops are scaled to one size, so the "
        "models do not see lesion size directly. The margin is fixed, so a larger lesion fills "
        "more of its crop."
    )
    return Chart(counts, sentence, "Longer side, film pixels")


CHARTS: dict[str, tuple[str, Callable[["pd.DataFrame"], Chart]]] = {
    "split": ("Class balance", by_split),
    "shape": ("Shape", by_descriptor("shape")),
    "margin": ("Margin", by_descriptor("margin")),
    "view": ("Side and view", by_side_and_view),
    "density": ("Density", by_descriptor("density")),
    "birads": ("BI-RADS", by_birads),
    "subtlety": ("Subtlety", by_descriptor("subtlety")),
    "patients": ("Lesions per patient", by_lesions_of_a_patient),
    "conflicts": ("Conflicting labels", by_conflict),
}


def _by_filter(cases: "pd.DataFrame", name: str) -> "tuple[pd.DataFrame, str]":
    """Return the counts by a filter's values, and its title."""
    one = next(one for one in FILTERS if one.name == name)
    values = cases[one.column].map(
        lambda value: [title_of(one, option) for option in options_of(one, value)]
    )
    return _counts(cases["label"], values), one.title


def _counts(labels: "pd.Series", values: "pd.Series") -> "pd.DataFrame":
    """Count benign and malignant rows under each of their values."""
    import pandas as pd

    long = pd.DataFrame({"label": labels, "value": values}).explode("value")
    counts = pd.crosstab(long["value"], long["label"].astype(int))
    counts = counts.reindex(columns=[0, 1], fill_value=0).rename(
        columns={0: "benign", 1: "malignant"}
    )
    order = sorted(counts.index, key=lambda value: (value == MISSING, value == "test", value))
    return counts.loc[order]
