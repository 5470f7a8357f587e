"""The trust signals on the page Upload and classify: `pytest tests/ui/test_upload_trust.py`."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mammo.inference import Classifier
from mammo.inference.trust import NOT_A_CROP
from mammo.report.verdict import NO_ANSWER
from mammo.training.release import add_readings
from mammo.ui.upload import batch
from tests.inference.tiny_trust import attach_tiny_trust, blobs
from tests.tiny_artifacts import write_tiny_artifacts
from tests.ui.test_upload import PAGE, accept, png, texts, upload

BLOB = ("blob.png", png(blobs(1, seed=5)[0]), "image/png")
BLANK = ("blank.png", png(np.full((128, 128), 90, np.uint8)), "image/png")


RELIABLE = "How reliable is this?"


def labels(page: AppTest) -> list[str]:
    return [expander.label for expander in page.expander]


@pytest.fixture
def trusting_page(app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page over artifacts with trust signals."""
    attach_tiny_trust(write_tiny_artifacts(tmp_path))
    add_readings(tmp_path)
    monkeypatch.setenv("MAMMO_ARTIFACTS", str(tmp_path))
    return app.switch_page(PAGE).run()


def test_without_signals_nothing_is_said(app: AppTest) -> None:
    page = accept(upload(app.switch_page(PAGE).run(), BLANK))
    assert len(page.metric) == 2 and not page.error and labels(page) == [RELIABLE]
    assert not page.exception


def test_a_blank_picture_is_questioned_above_its_answer_which_stays(
    trusting_page: AppTest,
) -> None:
    page = accept(upload(trusting_page, BLANK))
    assert not page.exception
    assert [error.value for error in page.error] == ["Every pixel has the same value."]
    assert len(page.metric) == 2
    assert texts(page).count("Do not interpret") == 2
    assert [one.value for one in page.header] == [NO_ANSWER]
    assert labels(page) == [RELIABLE]


def test_a_familiar_crop_comes_with_similar_cases_and_measured_figures(
    trusting_page: AppTest,
) -> None:
    page = accept(upload(trusting_page, BLOB))
    assert not page.exception and not page.error
    assert "For 70% (60% to 80%) of the" in texts(page)
    assert len(page.dataframe[0].value) == 5
    told = "The reading is “cannot tell” from" in texts(page)
    assert told and any("cannot tell]" in one.value for one in page.markdown)
    assert NOT_A_CROP not in texts(page)


def test_a_crop_passes_each_network_once_and_a_rerun_asks_none(
    trusting_page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signals and answers come from the same pass."""
    passed, run = [], Classifier._answers
    monkeypatch.setattr(
        Classifier, "_answers", lambda model, crops: passed.append(model.name) or run(model, crops)
    )
    accept(trusting_page)
    passed.clear()
    page = upload(trusting_page, BLOB)
    assert sorted(passed) == ["mobilenetv2", "simple_cnn"]
    assert page.expander, "the similar cases, found by the same pass"
    assert not page.exception
    shown = [metric.value for metric in page.metric]
    passed.clear()
    again = page.run()
    assert passed == [] and [metric.value for metric in again.metric] == shown
    upload(again, ("other.png", png(blobs(1, seed=6)[0]), "image/png"))
    assert sorted(passed) == ["mobilenetv2", "simple_cnn"]


def test_the_table_of_many_files_says_which_look_like_a_crop(trusting_page: AppTest) -> None:
    page = accept(upload(trusting_page, BLOB, BLANK, ("notes.png", b"notes", "image/png")))
    assert not page.exception
    assert page.dataframe[0].value[batch.FAMILIAR].tolist() == ["yes", "no", ""]
