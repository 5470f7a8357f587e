"""The explorer's charts: counts by label of what is on show, with a sentence on what to see.

Plain plotly and words, free of Streamlit. Every figure in a sentence is counted from the rows on
show. Run the tests with `pytest tests/ui/test_explorer.py`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from mammo.data.descriptors import parts
from mammo.evaluation.interval import wilson
from mammo.ui.comparison.style import lay_out
from mammo.ui.explorer.filters import FILTERS, title_of
from mammo.ui.figures import ABOVE_COLOUR, BELOW_COLOUR

if TYPE_CHECKING:
    import pandas as pd

_HEIGHT = 420
_BIOPSY = 4
_SMALL = 10


@dataclass(frozen=True)
class Chart:
    """Hold a chart: its counts, a row a bar with columns benign and malignant, and what to see."""

    counts: "pd.DataFrame"
    sentence: str
    axis: str


def chart_figure(chart: Chart) -> go.Figure:
    """Draw benign and malignant counts as bars beside each other; a pattern tells them too."""
    figure = go.Figure()
    for name, colour, pattern in (
        ("benign", BELOW_COLOUR, ""),
        ("malignant", ABOVE_COLOUR, "/"),
    ):
        counts = chart.counts[name]
        figure.add_trace(
            go.Bar(
                x=chart.counts.index.tolist(),
                y=counts.tolist(),
                name=name,
                text=counts.tolist(),
                textposition="outside",
                cliponaxis=False,
                marker={"color": colour, "pattern": {"shape": pattern, "fillmode": "overlay"}},
                hovertemplate=f"%{{x}}<br>{name}: %{{y}}<extra></extra>",
            )
        )
    lay_out(figure, chart.axis, "Crops", _HEIGHT)
    figure.update_layout(barmode="group", legend={"y": 1.02, "yanchor": "bottom"})
    figure.update_xaxes(type="category")
    return figure


def by_split(cases: "pd.DataFrame") -> Chart:
    """Class balance of each split, and the prior shift between them."""
    chart = _by_filter(cases, "split")
    shares = {
        split: float(rows["label"].mean()) for split, rows in cases.groupby("split") if len(rows)
    }
    if {"train", "test"} <= shares.keys():
        sentence = (
            f"{_share(shares['train'])} of the training crops are malignant, "
            f"{_share(shares['test'])} of the test crops: a prior shift. A model that learned the "
            "first share is off on the second unless that is taken into account."
        )
    else:
        sentence = f"{_share(float(cases['label'].mean()))} of the crops on show are malignant."
    return Chart(chart.counts, sentence, "Split")


def by_side_and_view(cases: "pd.DataFrame") -> Chart:
    """Left and right, CC and MLO: they should not tell the label."""
    sides = cases["laterality"].fillna("side not recorded").str.lower()
    named = sides + " " + cases["view"].fillna("view not recorded")
    shares = cases["label"].groupby(named).mean()
    sentence = (
        f"Malignant shares lie between {_share(shares.min())} and {_share(shares.max())}. Side and "
        "view have no reason to tell the pathology: where shares differ, chance or the way in "
        "which the cases were collected speaks."
    )
    return Chart(_counts(cases["label"], named.map(lambda name: [name])), sentence, "Side and view")


def by_birads(cases: "pd.DataFrame") -> Chart:
    """BI-RADS against pathology: how often the radiologist was right."""
    chart = _by_filter(cases, "birads")
    read = cases[cases["assessment"].notna() & (cases["assessment"] > 0)]
    if read.empty:
        return Chart(chart.counts, "No case on show has a BI-RADS assessment.", "BI-RADS")
    suspected = (read["assessment"] >= _BIOPSY).to_numpy(dtype=bool)
    malignant = (read["label"] == 1).to_numpy(dtype=bool)
    right = wilson(int((suspected == malignant).sum()), len(read))
    sentence = (
        f"Read as a yes at 4 or 5 (biopsy), the radiologists were right in "
        f"{_share(right.value)} of {len(read):,} crops ({_share(right.low)} to "
        f"{_share(right.high)}; incomplete assessments, 0, left out): they called "
        f"{int((suspected & malignant).sum()):,} of {int(malignant.sum()):,} malignant ones, and "
        f"{int((suspected & ~malignant).sum()):,} of "
        f"{int((~malignant).sum()):,} benign ones too."
    )
    return Chart(chart.counts, sentence, "BI-RADS assessment")


def by_lesions_of_a_patient(cases: "pd.DataFrame") -> Chart:
    """Patients with several lesions: why one splits by patient."""
    lesions = cases.groupby("patient_id")["lesion_id"].nunique()
    number = cases["patient_id"].map(lesions).map(lambda count: [str(min(count, 4))])
    crops = cases.groupby("patient_id").size()
    sentence = (
        f"{int((crops > 1).sum()):,} of {len(crops):,} patients have several crops, "
        f"{int((lesions > 1).sum()):,} several lesions. All of a patient's crops must fall into "
        "one split, or the test asks about somebody whom the model has met."
    )
    counts = _counts(cases["label"], number)
    counts.index = [f"{name} or more" if name == "4" else name for name in counts.index]
    return Chart(counts, sentence, "Lesions of the patient")


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
        sentence = (
            f"{len(found)} of {cases['lesion_id'].nunique():,} lesions have different labels in "
            f"their views: {', '.join(found)}. Even the truth of a data set has errors."
        )
    else:
        sentence = "No lesion on show has different labels in its views."
    return Chart(_counts(cases["label"], named), sentence, "Views of one lesion")


def by_descriptor(name: str) -> Callable[["pd.DataFrame"], Chart]:
    """Return the chart of a filter's own values, with the most and the least malignant named."""

    def build(cases: "pd.DataFrame") -> Chart:
        chart = _by_filter(cases, name)
        total = chart.counts.sum(axis=1)
        shares = (chart.counts["malignant"] / total)[total >= _SMALL].sort_values()
        if len(shares) < 2:
            return Chart(chart.counts, "Too few cases on show to compare.", chart.axis)
        sentence = (
            f"Of the values with at least {_SMALL} crops, “{shares.index[-1]}” is the most often "
            f"malignant ({_share(shares.iloc[-1])}) and “{shares.index[0]}” the least often "
            f"({_share(shares.iloc[0])}). A crop with several values counts under each."
        )
        return Chart(chart.counts, sentence, chart.axis)

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
    binned = pd.cut(sizes["pixels"], edges, labels=names, right=False)
    counts = pd.crosstab(binned, sizes["label"].astype(int), dropna=False)
    counts = counts.reindex(columns=[0, 1], fill_value=0).rename(
        columns={0: "benign", 1: "malignant"}
    )
    middle = sizes.groupby("label")["pixels"].median()
    sentence = (
        "Half of the benign lesions are longer than "
        f"{middle.get(0, float('nan')):,.0f} film pixels, half of the malignant ones than "
        f"{middle.get(1, float('nan')):,.0f}. The models do not see size: every window is brought "
        "to one size."
    )
    return Chart(counts.rename(index=str), sentence, "Longer side of the lesion, film pixels")


CHARTS: dict[str, tuple[str, Callable[["pd.DataFrame"], Chart]]] = {
    "split": ("Class balance", by_split),
    "shape": ("Shape", by_descriptor("shape")),
    "margin": ("Margin", by_descriptor("margin")),
    "view": ("Side and view", by_side_and_view),
    "density": ("Density", by_descriptor("density")),
    "birads": ("BI-RADS", by_birads),
    "subtlety": ("Subtlety", by_descriptor("subtlety")),
    "patients": ("Lesions a patient", by_lesions_of_a_patient),
    "conflicts": ("Conflicting labels", by_conflict),
}


def _by_filter(cases: "pd.DataFrame", name: str) -> Chart:
    one = next(one for one in FILTERS if one.name == name)
    values = cases[one.column].map(
        lambda value: [title_of(one, part) for part in parts(value)] or ["not recorded"]
    )
    return Chart(_counts(cases["label"], values), "", one.title)


def _counts(labels: "pd.Series", values: "pd.Series") -> "pd.DataFrame":
    """Count benign and malignant rows under each of their values."""
    import pandas as pd

    long = pd.DataFrame({"label": labels, "value": values}).explode("value")
    counts = pd.crosstab(long["value"], long["label"].astype(int))
    counts = counts.reindex(columns=[0, 1], fill_value=0).rename(
        columns={0: "benign", 1: "malignant"}
    )
    return counts.loc[_ordered(counts.index.tolist())]


def _ordered(values: Sequence[str]) -> list[str]:
    return sorted(values, key=lambda value: (value == "not recorded", value == "test", value))


def _share(share: float) -> str:
    return f"{100 * share:.1f} %"
