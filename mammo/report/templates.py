"""The Jinja templates of this package: HTML is escaped, Markdown is not; an unknown name fails."""

from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape
from numpy.typing import NDArray

from mammo.inference.pictures import SCALE_WORDS
from mammo.report import content
from mammo.report.content import colour_scale, enlarged, png_bytes
from mammo.text import estimate, number, percent_estimate

FOLDER = Path(__file__).parent / "templates"
UNKNOWN = "not recorded"


@cache
def environment(folder: Path = FOLDER) -> Environment:
    """Return the environment of a folder's templates, with the formats of `mammo.text`."""
    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    formats: dict[str, Callable[..., object]] = {
        "count": "{:,}".format,
        "fixed": number,
        "share": lambda one: percent_estimate(one) if one else UNKNOWN,
        "enlarged": enlarged,
        "address": _address,
        "figure": lambda one: estimate(one, 2) if one else UNKNOWN,
    }
    made.filters |= formats
    return made


def _address(picture: NDArray[np.uint8]) -> str:
    return f"data:image/png;base64,{b64encode(png_bytes(picture)).decode()}"


def html_text(report: content.CaseReport) -> str:
    """Return a case report as the text of an HTML file."""
    return template("case_report.html.j2").render(
        report=report,
        words=content,
        scale_words=SCALE_WORDS,
        colour_scale=colour_scale(),
    )


def template(name: str) -> Template:
    """Return a template of this package."""
    return environment().get_template(name)


def markdown_table(head: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table in Markdown.

    Examples
    --------
    >>> print(markdown_table(["A", "B"], [["1", "x|y"]]))
    | A | B |
    | --- | --- |
    | 1 | x/y |
    """
    names = list(head)
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)
