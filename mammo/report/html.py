"""A case report as one HTML file: pictures inside, no script, nothing fetched, one page in print.

Every word is escaped; the layout is that of `mammo.report.pdf`.
"""

import base64
from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from mammo.inference.pictures import SCALE_WORDS
from mammo.report import content
from mammo.report.content import CaseReport, ModelAnswer
from mammo.report.pictures import colour_scale, enlarged, png_bytes

STYLE = """
@page { size: A4; margin: 11mm }
* { box-sizing: border-box }
html { font-size: 14px }
body { font: 1rem/1.4 system-ui, "Segoe UI", Roboto, Arial, sans-serif; color: #17212b;
  background: #fff; max-width: 66rem; margin: 1.5rem auto; padding: 0 1rem }
header { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: baseline;
  border-bottom: 1px solid #c3cdd3 }
h1 { font-size: 1.7rem; margin: 0 0 .3rem }
h2 { font-size: 1.15rem; margin: .6rem 0 .3rem }
p, ul { margin: .3rem 0 }
.grey, figcaption, th { color: #52606b; font-size: .88rem }
.row { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start }
section { margin: 1rem 0 }
figure { margin: 0; flex: 1 1 8rem; max-width: 16rem }
figure img { display: block; max-width: 100%; max-height: 18rem }
.crop img { width: 100% }
.heats { flex: 2 1 17rem; max-width: 33rem }
.heats .row { flex-wrap: nowrap }
.scale { width: 100%; height: .5rem; display: block; margin-top: .5rem }
.ends { display: flex; justify-content: space-between }
.answer { flex: 1 1 20rem; align-self: stretch; border: 1px solid #c3cdd3; border-radius: .5rem;
  padding: .4rem 1rem .6rem }
.big { font-size: 2.1rem; font-weight: 700; margin-right: .6rem }
.answer svg { width: 100%; height: 3.2rem; overflow: visible }
.above { color: #b94700; font-weight: 700 }
.below { color: #0072b2; font-weight: 700 }
.alarm { color: #b3261e; font-weight: 700 }
table { border-collapse: collapse; width: 100%; font-size: .88rem }
th, td { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0;
  border-bottom: 1px solid #c3cdd3 }
.wide { overflow-x: auto }
footer { background: #f2f5f6; padding: .5rem 1rem; margin-top: 1rem; font-size: .9rem }
@media print {
  html { font-size: 10.6px }
  body { max-width: none; margin: 0; padding: 0 }
  .row { flex-wrap: nowrap }
  figure, .answer { flex: 1 1 0 }
  .heats { flex: 2 1 1rem; max-width: none }
  footer, .scale { -webkit-print-color-adjust: exact; print-color-adjust: exact }
}
"""


def html_text(report: CaseReport) -> str:
    """Return the report as the text of an HTML file."""
    heading = f"mammo: {content.TITLE.lower()}"
    answers = "".join(_answer(answer) for answer in report.answers)
    parts = [
        f"<header><h1>{escape(heading)}</h1><span class=grey>{escape(report.date)}</span></header>",
        "<p class=grey>For teaching and research only</p>",
        f"<p><strong>{escape(report.subject)}</strong></p>",
        f"<p class=grey>{escape(report.facts)}</p>",
        f"<p class=alarm>{escape(report.alarm)}</p>" if report.alarm else "",
        _pictures(report),
        f"<section class=row>{answers}</section>",
        _warnings(report),
        _recorded(report),
        _similar(report),
        f"<footer><p>{escape(report.notice)}</p>"
        f"<p class=grey>{escape(report.fingerprint)}</p></footer>",
    ]
    head = (
        '<meta charset="utf-8"><meta name="generator" content="mammo">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(heading)}</title><style>{STYLE}</style>"
    )
    body = "\n".join(part for part in parts if part)
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


def _pictures(report: CaseReport) -> str:
    figures = []
    if report.film is not None:
        figures.append(_figure(report.film, report.film_words))
    figures.append(_figure(enlarged(report.crop), "Crop: what the models read", "crop"))
    return f"<section class=row>{''.join(figures)}{_heat_maps(report)}</section>"


def _heat_maps(report: CaseReport) -> str:
    """Set the heat maps side by side over their one colour scale."""
    figures = "".join(
        _figure(enlarged(answer.heat), f"Heat map, {answer.title}", "crop")
        for answer in report.answers
    )
    ends = "".join(f"<span>{escape(words)}</span>" for words in SCALE_WORDS)
    return (
        f"<div class=heats><div class=row>{figures}</div><img class=scale "
        f"src='{_address(colour_scale())}' alt='Colour scale of the heat maps'>"
        f"<div class='ends grey'>{ends}</div><p class=grey>{escape(content.HEAT_MAP_WORDS)}</p>"
        "</div>"
    )


def _figure(picture: NDArray[np.uint8], caption: str, kind: str = "film") -> str:
    words = escape(caption, quote=True)
    return (
        f"<figure class={kind}><img src='{_address(picture)}' alt='{words}'>"
        f"<figcaption>{words}</figcaption></figure>"
    )


def _address(picture: NDArray[np.uint8]) -> str:
    return f"data:image/png;base64,{base64.b64encode(png_bytes(picture)).decode('ascii')}"


def _answer(answer: ModelAnswer) -> str:
    side = "above" if answer.above else "below"
    lines = [(f"{line.name}: {line.place}", line.side, line.meaning) for line in answer.thresholds]
    spread = f"<p>{escape(answer.spread)}</p>" if answer.spread else ""
    return (
        f"<div class=answer><h2>{escape(answer.title)}</h2>"
        f"<p class=grey>{content.PROBABILITY}</p>"
        f"<p><span class=big>{escape(answer.probability)}</span> "
        f"<span class={side}>{escape(answer.standing)}</span></p>"
        f"{_bar(answer, side)}{spread}"
        f"{_table(('Threshold', 'Answer', 'Measured on test crops'), lines)}"
        f"<p class=grey>{escape(answer.basis)}</p></div>"
    )


def _bar(answer: ModelAnswer, side: str) -> str:
    """Draw the probability from 0 to 100 %, its spread, and the balanced threshold."""
    at, threshold = 1000 * answer.p_malignant, 1000 * answer.threshold
    start, width = 1000 * answer.p_low, max(1000 * (answer.p_high - answer.p_low), 4)
    words = escape(f"{answer.probability}. {answer.standing}", quote=True)
    return (
        f"<svg class={side} viewBox='0 0 1000 90' preserveAspectRatio='xMidYMid meet' role=img "
        f"aria-label='{words}'>"
        "<rect x=0 y=24 width=1000 height=12 fill='#c3cdd3'/>"
        f"<rect x={start:.1f} y=14 width={width:.1f} height=32 fill=currentColor opacity=.4 />"
        f"<path d='M{at:.1f} 8 l22 22 l-22 22 l-22 -22 z' fill=currentColor />"
        f"<path d='M{threshold:.1f} 2 v56' stroke='#17212b' stroke-width=4 stroke-dasharray='9 6'/>"
        "<g fill='#52606b' font-size=26 font-weight=400><text x=0 y=86>0%</text>"
        f"<text x={min(max(threshold, 190), 800):.1f} y=86 text-anchor=middle>balanced "
        "threshold</text><text x=1000 y=86 text-anchor=end>100%</text></g></svg>"
    )


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(words)}</th>" for words in columns)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(words)}</td>' for words in row)}</tr>" for row in rows
    )
    return f"<div class=wide><table><tr>{head}</tr>{body}</table></div>"


def _warnings(report: CaseReport) -> str:
    if not report.warnings:
        return ""
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in report.warnings)
    return f"<h2>{content.CARE}</h2><ul>{items}</ul>"


def _recorded(report: CaseReport) -> str:
    if not report.recorded:
        return ""
    return f"<h2>{content.RECORDED}</h2><p>{escape(report.recorded)}</p>"


def _similar(report: CaseReport) -> str:
    if not report.similar:
        return ""
    return (
        f"<h2>{content.SIMILAR}</h2><p>{escape(report.similar_words)}</p>"
        f"{_table(content.SIMILAR_COLUMNS, report.similar)}"
    )
