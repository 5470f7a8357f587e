"""Markdown of the model card: sections, tables, figures in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from mammo.artifacts import Metric
from mammo.text import Estimate, estimate, percent_estimate

UNKNOWN = "not recorded"


@dataclass(frozen=True)
class Section:
    """Hold one section of the card: its title and its body in Markdown."""

    title: str
    body: str


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table in Markdown.

    Examples
    --------
    >>> print(table(["A", "B"], [["1", "x|y"]]))
    | A | B |
    | --- | --- |
    | 1 | x/y |
    """
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def points(*sentences: str) -> str:
    """Write sentences as a list; empty ones are left out."""
    return "\n".join(f"- {sentence}" for sentence in sentences if sentence)


def paragraphs(*texts: str) -> str:
    """Join paragraphs; empty ones are left out."""
    return "\n\n".join(text for text in texts if text)


def figure(metric: Metric | Estimate | None) -> str:
    """Write a figure to two decimals with its 95 % interval.

    Examples
    --------
    >>> figure(Metric(0.8412, 0.79, 0.888)), figure(None)
    ('0.84 (0.79 to 0.89)', 'not recorded')
    """
    if metric is None:
        return UNKNOWN
    return estimate(Estimate(metric.value, metric.low, metric.high), 2)


def share(metric: Metric | Estimate | None) -> str:
    """Write a share in per cent with its 95 % interval.

    Examples
    --------
    >>> share(Metric(0.7959, 0.7197, 0.8705))
    '79.6% (72.0 to 87.1)'
    """
    if metric is None:
        return UNKNOWN
    return percent_estimate(Estimate(metric.value, metric.low, metric.high))


def in_percent(value: float) -> str:
    """Write a share without an interval.

    Examples
    --------
    >>> in_percent(0.3889)
    '38.9 %'
    """
    return f"{100 * value:.1f} %"
