"""A case report as one A4 page of PDF.

Laid out with ReportLab, which needs no more than Pillow, loads in 40 ms and 7 MB (fpdf2 with its
fontTools: 430 ms, 31 MB) and cuts fonts down to the letters in use. The font is Roboto (Apache-2.0,
see `fonts/LICENSE`), reduced to Latin, Greek and the signs that sentences need.

What varies in length stands in the lower part, which shrinks rather than spill over.
"""

import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from reportlab.lib.colors import HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import KeepInFrame, Paragraph, Spacer, Table, TableStyle

from mammo.inference.pictures import SCALE_WORDS
from mammo.report import content
from mammo.report.content import CaseReport, ModelAnswer, colour_scale, enlarged

FONTS = Path(__file__).parent / "fonts"
REGULAR, BOLD = "Roboto", "Roboto-Bold"
INK, GREY, LINE, PALE = (HexColor(code) for code in ("#17212B", "#52606B", "#C3CDD3", "#F2F5F6"))
BELOW, ABOVE, ALARM = (HexColor(code) for code in ("#0072B2", "#B94700", "#B3261E"))
mm = 72 / 25.4  # PDF counts in points of 1/72 inch
WIDTH, HEIGHT = 210 * mm, 297 * mm
EDGE = 14 * mm
TOP = HEIGHT - 11 * mm
INNER = WIDTH - 2 * EDGE
GAP = 4 * mm
PANEL = (INNER - 3 * GAP) / 4
TALLEST_FILM = 50 * mm
FOOTER = 26 * mm


def pdf_bytes(report: CaseReport) -> bytes:
    """Return the report as a PDF of one page; the same report gives the same bytes."""
    _register_fonts()
    buffer = io.BytesIO()
    # `invariant` leaves the clock and the time zone of the server out of the metadata.
    page = Canvas(buffer, pagesize=(WIDTH, HEIGHT), invariant=1, pageCompression=1, lang="en")
    page.setTitle(content.HEADING)
    page.setAuthor("mammo")
    page.setSubject(content.PROBABILITY)
    page.setCreator("mammo")
    top = _header(page, report)
    top = _pictures(page, report, top)
    top = _answers(page, report.answers, top)
    _lower_part(page, report, top)
    _footer(page, report)
    page.showPage()
    page.save()
    return buffer.getvalue()


@cache
def _register_fonts() -> None:
    for name, file in ((REGULAR, "Roboto-Regular.ttf"), (BOLD, "Roboto-Bold.ttf")):
        pdfmetrics.registerFont(TTFont(name, FONTS / file))
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR)


def _style(size: float, colour: Any = INK, font: str = REGULAR) -> ParagraphStyle:
    return ParagraphStyle("", fontName=font, fontSize=size, leading=1.28 * size, textColor=colour)


def _text(words: str, size: float, colour: Any = INK, font: str = REGULAR) -> Paragraph:
    """Make a paragraph of plain words; whatever looks like a tag is shown as it stands."""
    return Paragraph(escape(words), _style(size, colour, font))


def _line(
    page: Canvas, place: tuple[float, float], words: str, size: float, colour: Any = GREY,
    font: str = REGULAR, align: str = "",
) -> None:  # fmt: skip
    """Write words from a place on; `align` may be "Right" (up to there) or "Centred"."""
    page.setFont(font, size)
    page.setFillColor(colour)
    getattr(page, f"draw{align}String")(*place, words)


def _draw(page: Canvas, flowable: Any, left: float, top: float, width: float) -> float:
    """Draw a paragraph or table below `top`; return the height where the next may begin."""
    _, height = flowable.wrapOn(page, width, HEIGHT)
    flowable.drawOn(page, left, top - height)
    return top - float(height)


def _header(page: Canvas, report: CaseReport) -> float:
    top = TOP
    _mark(page, EDGE, top - 11 * mm, 11 * mm)
    left, middle = EDGE + 14 * mm, top - 5.5 * mm
    _line(page, (left, middle), content.HEADING, 17, INK, BOLD)
    _line(page, (WIDTH - EDGE, middle), report.date, 9, align="Right")
    _line(page, (left, top - 10 * mm), "For teaching and research only", 9)
    page.setStrokeColor(LINE)
    page.line(EDGE, top - 13.5 * mm, WIDTH - EDGE, top - 13.5 * mm)
    below = _draw(page, _text(report.subject, 10.5, font=BOLD), EDGE, top - 15.5 * mm, INNER)
    below = _draw(page, _text(report.facts, 8.5, GREY), EDGE, below - 0.8 * mm, INNER) - 3 * mm
    if report.alarm:
        below = _draw(page, _text(report.alarm, 10, ALARM, BOLD), EDGE, below, INNER) - 3 * mm
    return below


def _mark(page: Canvas, left: float, bottom: float, side: float) -> None:
    """Draw the app's mark: a breast in outline, a lesion, and the window."""
    page.saveState()
    page.translate(left, bottom)
    page.scale(side / 64, side / 64)
    page.setFillColor(HexColor("#12343B"))
    page.roundRect(0, 0, 64, 64, 14, stroke=0, fill=1)
    outline = page.beginPath()
    outline.moveTo(8, 54)
    outline.curveTo(40, 54, 53, 41, 53, 32)
    outline.curveTo(53, 23, 40, 10, 8, 10)
    outline.close()
    page.setFillColor(HexColor("#A9C3C9"))
    page.drawPath(outline, stroke=0, fill=1)
    page.setStrokeColor(HexColor("#F0E442"))
    page.setLineWidth(3.5)
    page.rect(23, 22, 20, 20, stroke=1, fill=0)
    page.setFillColor(HexColor("#FFFFFF"))
    page.circle(33, 32, 5.5, stroke=0, fill=1)
    page.restoreState()


def _pictures(page: Canvas, report: CaseReport, top: float) -> float:
    """Draw film, crop and heat maps in a row, with captions and the colour scale."""
    column, lowest = 0, top
    if report.film is not None:
        height, width = report.film.shape[:2]
        across = min(PANEL, TALLEST_FILM * width / height)
        below = _picture(page, report.film, EDGE, top, across, across * height / width)
        lowest = _draw(page, _text(report.film_words, 7.5, GREY), EDGE, below, PANEL)
        column = 1
    crops = [(report.crop_words, report.crop)]
    crops += [(f"Heat map, {answer.title}", answer.heat) for answer in report.answers]
    tall = PANEL * len(report.crop) / report.crop.shape[1]  # of two views, one below the other
    for place, (caption, picture) in enumerate(crops, start=column):
        left = EDGE + place * (PANEL + GAP)
        below = _picture(page, enlarged(picture), left, top, PANEL, tall)
        lowest = min(lowest, _draw(page, _text(caption, 7.5, GREY), left, below, PANEL))
    heat_left = EDGE + (column + 1) * (PANEL + GAP)
    lowest = min(lowest, _scale(page, heat_left, top - tall - 6 * mm, len(report.answers)))
    return lowest - 4 * mm


def _picture(
    page: Canvas, picture: NDArray[np.uint8], left: float, top: float, width: float, height: float
) -> float:
    page.drawImage(ImageReader(Image.fromarray(picture)), left, top - height, width, height)
    return top - height - 1 * mm


def _scale(page: Canvas, left: float, top: float, panels: int) -> float:
    """Draw the colour scale under the heat maps, its two ends in words."""
    width = panels * PANEL + (panels - 1) * GAP
    below = _picture(page, colour_scale(), left, top, width, 2 * mm)
    _line(page, (left, below - 1.6 * mm), SCALE_WORDS[0], 7)
    _line(page, (left + width, below - 1.6 * mm), SCALE_WORDS[1], 7, align="Right")
    return _draw(page, _text(content.HEAT_MAP_WORDS, 7.5, GREY), left, below - 2.6 * mm, width)


def _answers(page: Canvas, answers: Sequence[ModelAnswer], top: float) -> float:
    """Draw the models' answers side by side, in boxes of one height."""
    width = (INNER - GAP * (len(answers) - 1)) / max(len(answers), 1)
    pad = 3 * mm
    lefts = [EDGE + place * (width + GAP) for place in range(len(answers))]
    ends = [
        _answer(page, answer, left + pad, top - pad, width - 2 * pad)
        for answer, left in zip(answers, lefts, strict=True)
    ]
    bottom = min(ends, default=top) - pad
    page.setStrokeColor(LINE)
    page.setLineWidth(0.6)
    for left in lefts:
        page.roundRect(left, bottom, width, top - bottom, 2 * mm, stroke=1, fill=0)
    return bottom - 4 * mm


def _answer(page: Canvas, answer: ModelAnswer, left: float, top: float, width: float) -> float:
    colour = ABOVE if answer.above else BELOW
    below = _draw(page, _text(answer.title, 11, font=BOLD), left, top, width)
    below = _draw(page, _text(content.PROBABILITY, 8, GREY), left, below, width)
    _line(page, (left, below - 8.5 * mm), answer.probability, 22, INK, BOLD)
    _line(page, (left + width, below - 8.5 * mm), answer.standing, 9, colour, BOLD, "Right")
    below = _bar(page, answer, left, below - 12 * mm, width) - 1.5 * mm
    if answer.spread:
        below = _draw(page, _text(answer.spread, 8), left, below, width) - 1.5 * mm
    widths = [width * share for share in (0.37, 0.19, 0.44)]
    table = _table(answer.thresholds[0], answer.thresholds[1:], widths)
    below = _draw(page, table, left, below, width) - 1.5 * mm
    return _draw(page, _text(answer.basis, 7.5, GREY), left, below, width)


def _bar(page: Canvas, answer: ModelAnswer, left: float, top: float, width: float) -> float:
    """Draw the probability on a line from 0 to 100%, its spread and the balanced threshold."""
    colour, middle = (ABOVE if answer.above else BELOW), top - 2.5 * mm
    page.saveState()
    page.setFillColor(LINE)
    page.rect(left, middle - 0.6 * mm, width, 1.2 * mm, stroke=0, fill=1)
    page.setFillColor(colour)
    page.setFillAlpha(0.4)
    start, end = left + width * answer.p_low, left + width * answer.p_high
    page.rect(start, middle - 1.5 * mm, max(end - start, 1), 3 * mm, stroke=0, fill=1)
    page.setFillAlpha(1)
    page.setStrokeColor(INK)
    page.setDash(2, 1.5)
    at = left + width * answer.threshold
    page.line(at, middle - 2.5 * mm, at, middle + 2.5 * mm)
    page.translate(left + width * answer.p_malignant, middle)
    page.rotate(45)
    page.rect(-1.3 * mm, -1.3 * mm, 2.6 * mm, 2.6 * mm, stroke=0, fill=1)
    page.restoreState()
    between = min(max(at, left + 12 * mm), left + width - 14 * mm)
    _line(page, (left, middle - 5 * mm), "0%", 7)
    _line(page, (left + width, middle - 5 * mm), "100%", 7, align="Right")
    _line(page, (between, middle - 5 * mm), "balanced threshold", 7, align="Centred")
    return middle - 6 * mm


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float]) -> Table:
    cells = [
        [_text(words, 7.5, GREY) for words in columns],
        *([_text(words, 7.5) for words in row] for row in rows),
    ]
    lines = TableStyle(
        [
            ("LINEBELOW", (0, 0), (-1, -2), 0.3, LINE),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 3),
            ("TOPPADDING", (0, 0), (-1, -1), 1.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
        ]
    )
    return Table(cells, colWidths=widths, style=lines, hAlign="LEFT")


def _lower_part(page: Canvas, report: CaseReport, top: float) -> None:
    """Draw what varies in length, shrunk where it would reach the footer."""
    widths = [INNER * share for share in (0.28, 0.13, 0.19, 0.16, 0.08, 0.08, 0.08)]
    parts: list[Any] = []
    for title, sentences in (
        (content.CARE, [f"• {sentence}" for sentence in report.warnings]),
        (content.RECORDED, [report.recorded] if report.recorded else []),
        (content.SIMILAR, [report.similar_words] if report.similar else []),
    ):
        if sentences:
            parts += [_text(title, 9.5, font=BOLD), *(_text(one, 8) for one in sentences)]
            parts.append(Spacer(1, 2 * mm))
    if report.similar:
        parts[-1] = _table(content.SIMILAR_COLUMNS, report.similar, widths)
    if parts:
        room = top - FOOTER - 2 * mm
        frame = KeepInFrame(INNER, room, parts, mode="shrink", hAlign="LEFT")
        _draw(page, frame, EDGE, top, INNER)


def _footer(page: Canvas, report: CaseReport) -> None:
    page.setFillColor(PALE)
    page.rect(0, 0, WIDTH, FOOTER, stroke=0, fill=1)
    below = _draw(page, _text(report.notice, 8), EDGE, FOOTER - 3 * mm, INNER)
    _draw(page, _text(report.fingerprint, 6.8, GREY), EDGE, below - 1.5 * mm, INNER)
