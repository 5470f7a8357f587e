"""Columns that line up: the one table form of the print-out."""

from collections.abc import Iterable, Sequence

INDENT = "  "
GAP = "   "


def aligned(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a heading and rows as lines, the first column to the left, the others to the right.

    Examples
    --------
    >>> for line in aligned(["Ranking", "CNN"], [["AUC", "0.700"], ["partial AUC", "0.2"]]):
    ...     print(line)
    Ranking           CNN
      AUC           0.700
      partial AUC     0.2
    """
    cells = [[INDENT + row[0], *row[1:]] for row in rows]
    widths = [
        max(len(line[place]) for line in [head, *cells] if place < len(line))
        for place in range(len(head))
    ]
    return [_line(line, widths) for line in [list(head), *cells]]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first = cells[0].ljust(widths[0])
    rest = [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=False)]
    return GAP.join([first, *rest]).rstrip()
