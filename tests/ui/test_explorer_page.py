"""The page Dataset explorer by AppTest: `pytest tests/ui/test_explorer_page.py`."""

import os
import shutil
from pathlib import Path

import cv2
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from mammo import text as words
from tests.conftest import write_prepared
from tests.tiny_artifacts import EXAMPLES, case_rows, write_tiny_artifacts
from tests.ui.test_comparison_page import on, opened, quiet, rewrite_cases, texts

PAGE = "pages/3_Dataset_explorer.py"
MALIGNANT = "Mass-Test_P_00820_LEFT_CC_1"
BESIDE_EXAMPLES = "Mass-Test_P_01000_LEFT_CC_1"


def explorer(app: AppTest, **link: str) -> AppTest:
    app.default_timeout = 300  # the first visit cuts ten lesions from films of 30 million pixels
    return opened(app, PAGE, **link)


def opening_buttons(page: AppTest) -> list[str]:
    return [str(button.key) for button in page.button if str(button.key).startswith("open_gallery")]


@pytest.fixture
def crops(tmp_path: Path) -> Path:
    """A prepared folder with a crop for every case of the tiny artifacts."""
    folder = tmp_path / "crops-of-the-cases"
    source = write_prepared(tmp_path / "source", patients=1)
    picture = next((source / "crops").iterdir())
    (folder / "crops").mkdir(parents=True)
    table = []
    for number, row in enumerate(case_rows()):
        name = f"crops/{row['case_id']}.png"
        shutil.copy(picture, folder / name)
        kept = {k: row[k] for k in ("split", "patient_id", "laterality", "view", "pathology")}
        more = {"abnormality_id": row["abnormality_id"], "film_series_uid": f"1.2.{number}"}
        box = {"box_width": 20, "box_height": 10, "window_width": 64 + 10 * number}
        table.append({"file": name, **kept, **more, **box})
    pd.DataFrame(table).to_csv(folder / "index.csv", index=False)
    return folder


def test_it_works_at_once_from_the_cases_and_shows_the_example_films(app: AppTest) -> None:
    page = explorer(app)
    assert quiet(page)
    said = texts(page)
    assert "**60** of 60 crops" in said and "Images are available for 10 of these 60 crops" in said
    assert len(opening_buttons(page)) == len(EXAMPLES)
    assert words.NOTICE_SHORT in said
    assert dict(page.query_params) == {}
    assert page.selectbox(key="explorer_case").value == EXAMPLES[0][0]
    assert len(page.get("plotly_chart")) == 1


def test_filters_change_link_counts_and_gallery(app: AppTest) -> None:
    page = explorer(app)
    page.multiselect(key="explorer_label").set_value(["MALIGNANT"]).run()
    malignant = [row for row in case_rows() if row["pathology"] == "MALIGNANT"]
    assert f"**{len(malignant)}** of 60 crops" in texts(page)
    assert page.query_params["label"] == "MALIGNANT"
    assert opening_buttons(page) == [
        f"open_gallery_{case}" for case, label in EXAMPLES if label[0] == "M"
    ]
    page.multiselect(key="explorer_split").set_value(["train"]).run()
    training = [row for row in malignant if row["split"] == "train"]
    assert f"**{len(training)}** of 60 crops" in texts(page)
    assert len(page.dataframe[0].value) == len(training)
    page.button(key="explorer_show_all").click().run()
    assert "**60** of 60 crops" in texts(page) and dict(page.query_params) == {}
    assert quiet(page)


def test_a_link_opens_the_very_view(app: AppTest) -> None:
    link = {
        "split": "test", "label": "MALIGNANT", "side": "LEFT", "chart": "birads",
        "case": MALIGNANT, "recipe": "simple_cnn",
    }  # fmt: skip
    page = explorer(app, **link)
    assert quiet(page)
    assert {name: page.query_params[name] for name in link} == link
    assert page.selectbox(key="explorer_case").value == MALIGNANT
    assert "the radiologists were right in" in texts(page)
    assert "Simple CNN was trained with flips" in texts(page)


def test_a_link_of_nonsense_opens_the_page_as_it_is(app: AppTest) -> None:
    page = explorer(
        app, split="validation", label="<b>", shape=",,", density="9", birads="%00",
        page="9" * 5000, chart="pie", case="Mass-Test_P_99999", recipe="resnet", other="thing",
    )  # fmt: skip
    assert quiet(page)
    assert "**60** of 60 crops" in texts(page)
    assert "There is no case Mass-Test_P_99999" in texts(page)
    assert page.selectbox(key="explorer_case").value == EXAMPLES[0][0]


def test_filters_that_leave_nothing_are_said(app: AppTest) -> None:
    page = explorer(app, split="train", label="MALIGNANT", birads="2", recipe="mobilenetv2")
    assert quiet(page)
    assert "**0** of 60 crops" in texts(page)
    assert texts(page).count("No case passes the filters") == 3
    assert not page.get("plotly_chart") and "Choose a case with an image" in texts(page)


@pytest.mark.parametrize(
    "chart",
    ["shape", "margin", "view", "density", "birads", "subtlety", "patients", "conflicts"],
)
def test_each_chart_has_its_sentence(app: AppTest, chart: str) -> None:
    page = explorer(app, chart=chart)
    assert quiet(page)
    assert len(page.get("plotly_chart")) == 1 and page.query_params["chart"] == chart


def test_sizes_need_a_folder_that_records_boxes(
    app: AppTest, crops: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = explorer(app, chart="sizes")
    assert "Lesion sizes are known only for crops" in texts(page)
    monkeypatch.setenv("MAMMO_DATA", str(crops))
    page = explorer(app, chart="sizes")
    assert quiet(page) and "The median longer side" in texts(page)


def test_a_case_shows_its_views_its_patient_and_the_ways_on(app: AppTest) -> None:
    page = explorer(app, case="Mass-Test_P_00173_RIGHT_CC_1")
    assert quiet(page)
    said = texts(page)
    assert "views recorded: R CC, R MLO" in said
    assert any("2 other lesions of this patient, 4 crops" in s.value for s in page.subheader)
    labels = [link.value for link in page.main.get("page_link")]
    assert "Classify on its mammogram" in labels and "Open in Grad-CAM viewer" in labels
    assert "Cases with the same outcome, MobileNetV2" in labels
    page.button(key="open_patient_Mass-Test_P_00173_LEFT_MLO_1").click().run()
    assert page.query_params["case"] == "Mass-Test_P_00173_LEFT_MLO_1"
    assert page.selectbox(key="explorer_case").value == "Mass-Test_P_00173_LEFT_MLO_1"
    assert quiet(page)


def test_a_case_opened_from_the_gallery_stays_above_the_filters(app: AppTest) -> None:
    page = explorer(app)
    page.button(key=f"open_gallery_{MALIGNANT}").click().run()
    assert page.query_params["case"] == MALIGNANT
    page.multiselect(key="explorer_label").set_value(["BENIGN"]).run()
    assert page.selectbox(key="explorer_case").value == MALIGNANT
    assert "does not pass the filters" in texts(page)
    page.selectbox(key="explorer_case").set_value(EXAMPLES[1][0]).run()
    assert page.query_params["case"] == EXAMPLES[1][0]
    assert "does not pass the filters" not in texts(page)


def test_a_case_without_a_picture_is_recorded_all_the_same(app: AppTest) -> None:
    page = explorer(app, case=BESIDE_EXAMPLES, recipe="mobilenetv2")
    assert quiet(page)
    assert "Recorded by the radiologist" in [one.value for one in page.subheader]
    assert texts(page).count("Images are available for") == 1, "no second apology"
    assert "Choose a case with an image" in texts(page)


def test_a_data_folder_fills_the_gallery_page_by_page(
    app: AppTest, crops: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAMMO_DATA", str(crops))
    page = explorer(app, page="5")
    assert quiet(page)
    assert "Images are available for" not in texts(page)
    ids = [row["case_id"] for row in case_rows()]
    assert opening_buttons(page) == [f"open_gallery_{case}" for case in ids[48:60]]
    page.multiselect(key="explorer_split").set_value(["train"]).run()
    assert "page" not in page.query_params
    assert opening_buttons(page) == [f"open_gallery_{case}" for case in ids[:12]]


def test_a_page_beyond_the_last_is_the_last(
    app: AppTest, crops: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAMMO_DATA", str(crops))
    page = explorer(app, page="77")
    assert page.query_params["page"] == "5" and len(opening_buttons(page)) == 12


def test_the_leak_check_finds_nothing_or_what_was_planted(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean = write_prepared(tmp_path / "clean")
    monkeypatch.setenv("MAMMO_DATA", str(clean))
    page = explorer(app)
    page.button(key="check_leaks").click().run()
    assert quiet(page)
    assert "Patients in both splits: none.\n- Mammograms in both splits: none." in texts(page)
    assert "Identical images: none in 512 pairs" in texts(page)

    index = pd.read_csv(clean / "index.csv")
    first, tests = index[index["split"] == "train"].index[0], index[index["split"] == "test"].index
    index.loc[tests[0], "patient_id"] = index.loc[first, "patient_id"]
    index.loc[tests[2], "film_series_uid"] = index.loc[first, "film_series_uid"]
    crop = cv2.imread(str(clean / index.loc[first, "file"]), cv2.IMREAD_GRAYSCALE)
    cv2.imwrite(str(clean / index.loc[tests[5], "file"]), cv2.rotate(crop, cv2.ROTATE_180))
    index.to_csv(clean / "index.csv", index=False)
    page.run()
    page.button(key="check_leaks").click().run()
    assert quiet(page)
    said = texts(page)
    assert f"Patients in both splits: 1 ({index.loc[first, 'patient_id']})" in said
    assert f"Mammograms in both splits: 1 ({index.loc[first, 'film_series_uid']})" in said
    assert "Identical images: 1 in 512 pairs" in said and "turned or mirrored" in said
    page.run()
    assert "Identical images: 1 in 512 pairs" in texts(page), (
        "the report stays until the folder changes"
    )


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: None, "is not a folder"),
        (lambda folder: (folder / "jpeg").mkdir(parents=True), "For a CBIS-DDSM download"),
        (lambda folder: _index(folder, "file,patient_id\n"), "Missing: pathology"),
        (lambda folder: _index(folder, "\x00\xff"), "index.csv"),
    ],
)
def test_a_folder_that_is_none_is_a_sentence_and_the_rest_stands(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make, said
) -> None:
    folder = tmp_path / "download"
    make(folder)
    monkeypatch.setenv("MAMMO_DATA", str(folder))
    page = explorer(app)
    assert not page.exception
    assert said in texts(page) and "The data folder shows no pictures" in texts(page)
    assert len(page.error) == 1, "the leak check needs the folder, and says so"
    assert len(opening_buttons(page)) == len(EXAMPLES) and len(page.dataframe) == 1


def _index(folder: Path, text: str) -> None:
    folder.mkdir()
    (folder / "index.csv").write_text(text)


def test_a_crop_that_is_no_picture_is_a_sentence(
    app: AppTest, crops: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = case_rows()[1]["case_id"]
    (crops / "crops" / f"{broken}.png").write_text("no picture")
    monkeypatch.setenv("MAMMO_DATA", str(crops))
    page = explorer(app)
    assert not page.exception
    assert f"No picture of {broken}" in texts(page)
    assert len(opening_buttons(page)) == 12
    page.button(key="check_leaks").click().run()
    assert not page.exception and any(broken in error.value for error in page.error)


def test_a_model_whose_files_are_gone_is_left_out_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifacts = write_tiny_artifacts(tmp_path / "artifacts")
    shutil.rmtree(artifacts / "mobilenetv2")
    page = explorer(on(artifacts, monkeypatch))
    assert quiet(page)
    assert "mobilenetv2 is left out" in texts(page)
    assert "**Simple CNN**: estimated probability" in texts(page)


def test_no_artifacts_are_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = explorer(on(tmp_path / "nothing", monkeypatch))
    assert not page.exception and "artifacts folder" in page.error[0].value


def test_missing_descriptors_and_scores_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifacts = write_tiny_artifacts(tmp_path / "artifacts")
    rewrite_cases(
        artifacts, mobilenetv2_p="nan", mass_shape="", mass_margins="", breast_density="0",
        assessment="", subtlety="", view="", laterality="",
    )  # fmt: skip
    page = explorer(on(artifacts, monkeypatch), split="test", density="none", chart="birads")
    assert quiet(page)
    assert "**24** of 60 crops" in texts(page) and "**MobileNetV2**: no score." in texts(page)
    assert "None of these cases has a BI-RADS assessment" in texts(page)


def settings(page: AppTest) -> AppTest:
    return page.button(key="open_settings").click().run()


def test_the_field_is_offered_by_who_starts_the_server(
    app: AppTest, crops: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not settings(explorer(app)).text_input
    monkeypatch.setenv("MAMMO_FOLDER_FIELD", "0")
    assert not settings(explorer(app)).text_input
    monkeypatch.setenv("MAMMO_FOLDER_FIELD", "1")
    page = settings(explorer(app))
    page.text_input[0].set_value(f" {crops} ").run()
    assert quiet(page) and len(opening_buttons(page)) == 12
    monkeypatch.delenv("MAMMO_FOLDER_FIELD")
    assert len(opening_buttons(page.run())) == len(EXAMPLES), "what was typed counts no more"


@pytest.mark.parametrize(
    "typed",
    [
        "nul\0nul", "x" * 5000, "/".join(["x" * 200] * 25), "~nobody", "/dev/zero", "{}/loop",
        "{}/fifo", "{}/device", "{}/table", "{}/row", "![](http://evil.example)",
    ],
)  # fmt: skip
def test_a_typed_path_of_any_kind_is_a_sentence(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name in ("fifo", "device", "table", "row"):
        (tmp_path / name).mkdir()
    os.mkfifo(tmp_path / "fifo" / "index.csv")
    (tmp_path / "device" / "index.csv").symlink_to("/dev/zero")
    (tmp_path / "table" / "index.csv").mkdir()
    row = f"file,patient_id,pathology\n{'x' * 5000},P_1,BENIGN\n"
    (tmp_path / "row" / "index.csv").write_text(row)
    monkeypatch.setenv("MAMMO_FOLDER_FIELD", "1")
    page = settings(explorer(app))
    page.text_input[0].set_value(typed.replace("{}", str(tmp_path))).run()
    assert not page.exception
    assert "The data folder shows no pictures" in texts(page)
    assert len(texts(page)) < 20_000


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read every folder")
def test_a_folder_without_permission_is_a_sentence(
    app: AppTest, crops: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAMMO_DATA", str(crops))
    crops.chmod(0)
    page = explorer(app)
    crops.chmod(0o700)
    assert not page.exception and "Check the path and its permissions" in texts(page)
