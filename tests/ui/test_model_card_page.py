"""The page Model card, and the settings by AppTest."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mammo.report.glossary import GLOSSARY
from mammo.report.model_card import CHECKS, DATA, FAILURES
from mammo.ui.kit import settings

PAGE = "pages/6_Model_card.py"
UPLOAD = "pages/1_Upload_and_classify.py"


@pytest.fixture
def page(app: AppTest) -> AppTest:
    return app.switch_page(PAGE).run()


def written(page: AppTest) -> str:
    tables = [one.value.to_csv(index=False, sep="|") for one in page.table]
    return "\n".join([*(one.value for one in page.markdown), *tables])


def choose(page: AppTest, part: str) -> AppTest:
    return page.segmented_control(key="part").set_value(part).run()


def test_the_parts_are_those_of_the_document(page: AppTest) -> None:
    assert FAILURES in [one.value for one in page.header]
    assert "AUC|0.75 (0.68 to 0.81)" in written(page)
    assert "Washington University" in written(choose(page, DATA))
    assert "**not answered**" in written(choose(page, CHECKS))
    assert len(page.get("download_button")) == 1
    assert not page.exception and not page.error


def test_the_failures_at_hand_have_pictures(page: AppTest) -> None:
    pictured = [one.value for one in page.markdown if "with an image" in one.value]
    assert pictured
    assert any("Images are available for" in one.value for one in page.caption)


def test_every_word_of_the_glossary_is_there_and_can_be_found(page: AppTest) -> None:
    choose(page, "Glossary")
    assert {one.value for one in page.subheader} >= {term.name for term in GLOSSARY.values()}
    page.text_input(key="find_word").set_value("prevalence").run()
    found = {one.value for one in page.subheader}
    assert "Prevalence" in found and "Grad-CAM" not in found
    page.text_input(key="find_word").set_value("no such word").run()
    assert "No term contains" in page.info[0].value


def test_a_linked_part_opens(app: AppTest) -> None:
    app.query_params["part"] = "Glossary"
    assert "Sensitivity" in [one.value for one in app.switch_page(PAGE).run().subheader]


def test_the_page_says_what_is_wrong_with_the_artifacts(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAMMO_ARTIFACTS", str(tmp_path))
    page = app.switch_page(PAGE).run()
    assert page.error and not page.exception
    assert choose(page, "Glossary").subheader  # the words need no artifacts


def test_the_settings_tell_no_folder() -> None:
    assert settings.FOLDER_VARIABLE in settings.folder_sentence(False)


def test_a_result_offers_its_report(app: AppTest) -> None:
    page = app.switch_page(UPLOAD).run()
    page.button(key="accept").click().run()
    labels = [one.proto.label for one in page.get("download_button")]
    assert labels == ["Download as CSV", "Case report (PDF)", "Case report (HTML)"]
