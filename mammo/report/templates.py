"""The Jinja templates of this package: HTML is escaped, Markdown is not; an unknown name fails."""

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape

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
    made.filters |= {
        "count": "{:,}".format,
        "fixed": number,
        "share": lambda one: percent_estimate(one) if one else UNKNOWN,
        "figure": lambda one: estimate(one, 2) if one else UNKNOWN,
    }
    return made


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
