"""The case report: `pytest tests/report`. One page, its figures as text, nothing of a patient."""

import base64
import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pypdf
import pytest
from PIL import Image as PillowImage

from mammo import text as words
from mammo.artifacts import load_card, load_cases, load_manifest
from mammo.errors import SettingsError
from mammo.imaging import BURNED_IN_TEXT, Image, Window
from mammo.inference import Classifier, Lesion, load_classifier, load_models
from mammo.inference.trust import NOT_A_CROP, Familiarity
from mammo.report import FORMS, CaseReport, render
from mammo.report.case_report import (
    OWN_PICTURE,
    compose_report,
    measure_thresholds,
    threshold_help,
)
from mammo.report.content import film_preview
from mammo.report.pdf import FONTS
from tests.inference.tiny_trust import attach_tiny_trust, blobs
from tests.tiny_artifacts import MODELS, write_tiny_artifacts

DATE = "2026-02-03"
AREA = Window(100, 200, 300, 300)
Compose = Callable[..., CaseReport]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_artifacts(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def compose(folder: Path) -> Compose:
    attach_tiny_trust(folder)
    models = load_models(folder)
    measured = measure_thresholds(models.cards, folder)
    answered = models.assess(Lesion(blobs(1, seed=7)[0]))

    def made(
        image: Image | None = None,
        area: Window | None = AREA,
        questioned: str = "",
        **words: object,
    ) -> CaseReport:
        assert answered.signals is not None
        familiarity = Familiarity(questioned)
        signals = replace(answered.signals, familiarity=familiarity)
        result = replace(answered, area=area, doubts=(), signals=signals)
        return compose_report(result, [image or film()], measured, date=DATE, **words)  # type: ignore[arg-type]

    return made


def film(warnings: tuple[str, ...] = ()) -> Image:
    pixels = np.tile(np.linspace(0, 255, 600).astype(np.uint8), (900, 1))
    return Image(pixels, "LEFT", "MLO", 0.05, warnings)


def pdf_text(report: CaseReport) -> str:
    reader = pypdf.PdfReader(io.BytesIO(render(report, "pdf")))
    assert len(reader.pages) == 1
    return " ".join(reader.pages[0].extract_text().split())


def html_words(report: CaseReport) -> str:
    text = render(report, "html").decode("utf-8")
    bare = re.sub(r"<style>.*?</style>|<[^>]*>", " ", text, flags=re.DOTALL)
    return " ".join(bare.split())


@pytest.mark.parametrize("read", [pdf_text, html_words])
def test_every_figure_stands_on_the_page_as_text(
    compose: Compose, folder: Path, read: Callable[[CaseReport], str]
) -> None:
    report = compose(case="Mass-Test_P_00001_LEFT_MLO_1", recorded="Recorded as benign.")
    text = read(report)
    for answer in report.answers:
        model: Classifier = load_classifier(_name(answer.title), folder)
        given = model.assess(report.crop)[0]
        assert words.percent(given.p_malignant) in text
        assert words.percent_range(given.p_low, given.p_high) in text
        for threshold in model.card.thresholds.values():
            assert words.percent(threshold) in text
        assert load_manifest(folder).files[f"{model.name}/model.onnx"].sha256[:12] in text
    for part in (
        DATE, "L MLO, 600 x 900 pixels", "x 100, y 200, 300 x 300", "Mass-Test_P_00001_LEFT_MLO_1",
        "Recorded as benign.", "Similar known cases", report.similar[0][0], "0.75 (0.68 to 0.81)",
        "not a medical device", "Do not use a figure from this page", "strongest in this crop",
    ):  # fmt: skip
        assert part in text, part


def _name(title: str) -> str:
    return next(model.name for model in MODELS if model.title == title)


@pytest.mark.parametrize("read", [pdf_text, html_words])
def test_umlauts_greek_and_tags_stand_as_they_are(
    compose: Compose, read: Callable[[CaseReport], str]
) -> None:
    doubt = "Ärger über π ≤ β, 40 µm „ß“"
    text = read(compose(doubts=(doubt,)))
    assert doubt in text
    marked = compose(doubts=("<b>bold</b> & more",))
    assert b"<b>bold" not in render(marked, "html")
    assert "<b>bold</b> & more" in pdf_text(marked)


def test_a_hundred_doubts_still_leave_one_page(compose: Compose) -> None:
    many = tuple(f"Doubt number {number} about this picture." for number in range(100))
    text = pdf_text(compose(doubts=many, recorded="Recorded as benign. " * 9))
    assert "Doubt number 99" in text


def test_a_questioned_picture_says_so_and_shows_no_similar_cases(compose: Compose) -> None:
    report = compose(questioned="Its greys do not occur in training.")
    for text in (pdf_text(report), html_words(report)):
        assert NOT_A_CROP in text
        assert "Similar known cases" not in text


def test_a_visitors_own_picture_has_no_name(compose: Compose) -> None:
    report = compose()
    assert report.subject == OWN_PICTURE
    reader = pypdf.PdfReader(io.BytesIO(render(report, "pdf")))
    assert reader.metadata is not None
    told = {str(value) for value in reader.metadata.values()}
    assert {value for value in told if "mammo" not in value} <= {
        "ReportLab PDF Library - (opensource)", "Estimated probability of malignancy",
        "D:20000101000000+00'00'", "/False", "unspecified", "",
    }  # fmt: skip


def test_no_film_is_shown_where_a_name_may_be_burned_into_it(compose: Compose) -> None:
    assert compose().film is not None
    assert compose(film((BURNED_IN_TEXT,))).film is None


def test_a_ready_crop_needs_no_film(compose: Compose) -> None:
    crop = Image(np.full((128, 128), 90, np.uint8))
    report = compose(crop, None)
    assert report.film is None
    assert "Cropped lesion, 128 x 128 pixels" in pdf_text(report)


def test_the_html_file_needs_nothing_beside_it(compose: Compose) -> None:
    text = render(compose(), "html").decode("utf-8")
    assert not re.findall(r"(?:src|href)=(?!'data:)", text)
    assert "<script" not in text
    assert "url(" not in text
    pictures = re.findall(r"data:image/png;base64,([\w+/=]+)", text)
    assert len(pictures) == 1 + 1 + len(MODELS) + 1  # film, crop, heat maps, scale
    for picture in pictures:
        with PillowImage.open(io.BytesIO(base64.b64decode(picture))) as opened:
            assert opened.info == {}


@pytest.mark.parametrize("form", FORMS)
def test_the_same_report_gives_the_same_bytes(compose: Compose, form: str) -> None:
    report = compose()
    assert render(report, form) == render(report, form)  # type: ignore[arg-type]


def test_an_unknown_form_is_refused(compose: Compose) -> None:
    with pytest.raises(SettingsError, match="must be one of pdf, html. Received: 'docx'"):
        render(compose(), "docx")  # type: ignore[arg-type]


def test_the_preview_shows_the_window_where_it_lies() -> None:
    drawn = film_preview(np.zeros((1000, 500), np.uint8), (250, 500, 100, 100))
    yellow = np.argwhere((drawn == (240, 228, 66)).all(axis=2))
    assert drawn.shape == (320, 160, 3)
    (top, left), (bottom, right) = yellow.min(axis=0), yellow.max(axis=0)
    assert abs(top - 160) <= 2 and abs(left - 80) <= 2
    assert abs(bottom - 192) <= 2 and abs(right - 112) <= 2


def test_the_fonts_come_with_their_licence() -> None:
    assert "Apache License" in (FONTS / "LICENSE").read_text(encoding="utf-8")


def test_the_thresholds_come_with_what_was_measured_on_these_artifacts(
    compose: Compose, folder: Path, tmp_path: Path
) -> None:
    """Each figure counted anew from the table of cases; other artifacts bring others."""
    helps = []
    for place in (folder, write_tiny_artifacts(tmp_path, seed=1)):
        cards = [load_card(model.name, place) for model in MODELS]
        rows, measured = load_cases(place), measure_thresholds(cards, place)
        rows = rows[rows["split"] == "test"]
        helps.append(threshold_help(cards, measured))
        for card in cards:
            for name, at in card.thresholds.items():
                flagged, malignant = rows[f"{card.name}_p"] >= at, rows["label"] == 1
                for rate, value in (
                    ("sensitivity", flagged[malignant].mean()),
                    ("specificity", 1 - flagged[~malignant].mean()),
                ):
                    assert measured[card.name][name][rate].value == pytest.approx(value)
                    assert f"{rate} {100 * value:.1f}% (" in helps[-1]
    assert helps[0] != helps[1]
    report = compose()
    for text in (pdf_text(report), html_words(report)):
        assert report.answers[0].thresholds[2][-1] in text
        assert report.answers[0].thresholds[2][-1] in helps[0]
        assert "of ten" not in text


@pytest.mark.parametrize("read", [pdf_text, html_words])
def test_two_views_stand_on_one_page(folder: Path, read: Callable[[CaseReport], str]) -> None:
    models = load_models(folder)
    films = [Image(film().pixels, "LEFT", view) for view in ("CC", "MLO")]
    areas = [AREA, Window(200, 300, 250, 250)]
    result = models.assess(*(Lesion(f, window=a) for f, a in zip(films, areas, strict=True)))
    measured = measure_thresholds(models.cards, folder, two_views=True)
    report = compose_report(result, films, measured, date=DATE)
    assert report.crop.shape == (256, 128) and report.answers[0].heat.shape == (256, 128, 3)
    assert report.film is not None and report.film.shape[1] == 2 * 213
    text = read(report)
    for part in (
        "L CC, 600 x 900 pixels", "L MLO, 600 x 900 pixels", "x 200, y 300, 250 x 250",
        "what the models read (CC above, MLO below)", "Performance on test lesions with two views",
        "has no calibration for two views", *(answer.probability for answer in report.answers),
    ):  # fmt: skip
        assert part in text, part
