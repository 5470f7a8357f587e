"""The page Model comparison by AppTest: `pytest tests/ui/test_comparison_page.py`.

Selecting points with the mouse needs a browser: see `tests/browser/test_comparison.py`.
"""

import csv
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mammo import text as words
from mammo.ui.comparison.curves import CURVES
from tests.tiny_artifacts import write_manifest_again, write_tiny_artifacts

ROOT = Path(__file__).parents[2]
PAGE = "pages/2_Model_comparison.py"


def opened(app: AppTest, path: str = PAGE, **link: str) -> AppTest:
    """A page as a link opens it."""
    app.run()
    app.switch_page(path)
    for name, value in link.items():
        app.query_params[name] = value
    return app.run()


def on(artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The app on other artifacts."""
    monkeypatch.setenv("MAMMO_ARTIFACTS", str(artifacts))
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)


def texts(page: AppTest) -> str:
    kinds = ("markdown", "caption", "info", "warning")
    return "\n".join(str(element.value) for kind in kinds for element in page.get(kind))


def quiet(page: AppTest) -> bool:
    return not page.exception and not page.error


def rewrite_cases(artifacts: Path, **changes: str) -> None:
    """Write a text into columns of every test row."""
    path = artifacts / "cases.csv"
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["split"] == "test":
            row.update(changes)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    write_manifest_again(artifacts)


def test_the_page_opens_with_the_auc_of_both_models(app: AppTest) -> None:
    page = opened(app)
    assert quiet(page)
    assert "The difference is not statistically significant (p = 0.71)" in texts(page)
    assert words.NOTICE_SHORT in texts(page)
    assert dict(page.query_params) == {}
    assert len(page.get("plotly_chart")) == 4
    rates = page.table[0].value.set_index("Rate")
    assert rates.loc["Sensitivity", "MobileNetV2"].startswith("80.0%")
    assert rates.loc["Sensitivity", "Radiologists"].startswith("100.0%")


def test_a_link_of_nonsense_opens_the_page_as_it_is(app: AppTest) -> None:
    page = opened(
        app, unit="planet", curve="<b>", simple_cnn="nan", mobilenetv2="7", prevalence="-1",
        cell="mobilenetv2.eaten", group="%%", measure="", other="thing",
    )  # fmt: skip
    assert quiet(page)
    assert [slider.value for slider in page.slider] == [0.286, 0.45, 0.45]


def test_a_link_opens_the_very_view(app: AppTest) -> None:
    link = {
        "unit": "lesion", "curve": "decision", "simple_cnn": "0", "mobilenetv2": "1",
        "prevalence": "1", "cell": "mobilenetv2.missed", "group": "both_wrong",
        "measure": "specificity",
    }  # fmt: skip
    page = opened(app, **link)
    assert quiet(page)
    assert [slider.value for slider in page.slider] == [1, 0, 1]
    assert "5 lesions: malignant, not flagged" in texts(page)
    assert {name: page.query_params[name] for name in link} == link
    rates = page.table[0].value.set_index("Rate")
    assert rates.loc["Sensitivity", "Simple CNN"].startswith("100.0%")
    assert page.table[1].value.set_index("Rate").loc["LR+", "MobileNetV2"] == "undefined"


def test_threshold_name_and_slider_follow_each_other_and_the_link(app: AppTest) -> None:
    page = opened(app)
    page.selectbox(key="comparison_simple_cnn_name").set_value("sensitivity_90").run()
    assert page.slider(key="comparison_simple_cnn_slider").value == 0.25
    assert page.query_params["simple_cnn"] == "sensitivity_90"
    page.slider(key="comparison_simple_cnn_slider").set_value(0.333).run()
    assert page.selectbox(key="comparison_simple_cnn_name").value == "own"
    assert page.query_params["simple_cnn"] == "0.333"
    assert quiet(page)


def test_a_cell_shows_its_cases_and_hides_them_again(app: AppTest) -> None:
    page = opened(app)
    tables = len(page.dataframe)
    page.button(key="cell_simple_cnn.missed").click().run()
    assert quiet(page)
    assert page.query_params["cell"] == "simple_cnn.missed"
    assert len(page.dataframe) == tables + 1
    scores = page.dataframe[0].value["Simple CNN"].tolist()
    assert len(scores) == 5 and scores == sorted(scores)
    page.button(key="cell_simple_cnn.missed").click().run()
    assert len(page.dataframe) == tables and "cell" not in page.query_params


def test_a_cell_of_a_link_is_chosen_on_a_later_visit_too(app: AppTest) -> None:
    page = opened(app)
    page.button(key="cell_simple_cnn.found").click().run()
    assert page.query_params["cell"] == "simple_cnn.found"
    page = opened(app.switch_page("app.py"), cell="mobilenetv2.missed")
    assert quiet(page)
    assert "2 crops: malignant, not flagged" in texts(page)
    assert page.query_params["cell"] == "mobilenetv2.missed"


@pytest.mark.parametrize("curve", CURVES)
def test_each_curve_is_drawn_with_what_to_look_for(app: AppTest, curve: str) -> None:
    page = opened(app, curve=curve)
    assert quiet(page)
    charts = {"training": 5, "sets": 3}  # the tiny artifacts have no conformal sets
    assert len(page.get("plotly_chart")) == charts.get(curve, 4)
    assert curve == "sets" or CURVES[curve].caption in texts(page)


def test_a_model_whose_files_are_gone_is_left_out_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifacts = write_tiny_artifacts(tmp_path / "artifacts")
    shutil.rmtree(artifacts / "mobilenetv2")
    page = opened(on(artifacts, monkeypatch))
    assert not page.exception
    assert "mobilenetv2 is left out" in texts(page)
    assert "AUC (95% CI): **Simple CNN**" in texts(page)
    assert not [button for button in page.button if "mobilenetv2" in str(button.key)]


def test_no_model_at_all_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened(on(tmp_path / "nothing", monkeypatch))
    assert not page.exception and page.error


def test_cases_of_one_class_are_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artifacts = write_tiny_artifacts(tmp_path / "artifacts")
    rewrite_cases(artifacts, label="1", pathology="MALIGNANT")
    page = opened(on(artifacts, monkeypatch), prevalence="test_set")
    assert quiet(page)
    assert "Every crop here is malignant" in page.info[0].value


def test_scores_of_nan_and_missing_descriptors_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifacts = write_tiny_artifacts(tmp_path / "artifacts")
    rewrite_cases(
        artifacts, mobilenetv2_p="nan", mass_shape="", mass_margins="", breast_density="",
        assessment="", subtlety="",
    )  # fmt: skip
    page = opened(on(artifacts, monkeypatch))
    assert quiet(page)
    assert "MobileNetV2 has no score here" in texts(page)


def test_pictures_come_from_the_data_folder(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, prepared: Path
) -> None:
    monkeypatch.setenv("MAMMO_DATA", str(prepared))
    assert quiet(opened(app, cell="mobilenetv2.found"))


def test_a_data_folder_that_is_none_is_a_sentence(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MAMMO_DATA", str(tmp_path / "nowhere"))
    page = opened(app)
    assert quiet(page)
    assert "The data folder shows no pictures" in texts(page)
