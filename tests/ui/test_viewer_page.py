"""The page Grad-CAM viewer by AppTest: `pytest tests/ui/test_viewer_page.py`.

Dragging over the crop needs a browser: see `tests/browser/test_viewer.py`.
"""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import mammo
from mammo import text as words
from mammo.imaging import Image
from mammo.inference.audit import load_audit
from mammo.inference.trust import NOT_A_CROP
from mammo.training import audit as command
from mammo.ui.kit import result
from mammo.ui.kit.source import crop_picture
from tests.conftest import write_prepared
from tests.inference.tiny_trust import attach_tiny_trust
from tests.tiny_artifacts import write_tiny_artifacts
from tests.training.test_audit import LIMIT, other_network, write_crops
from tests.ui.test_upload import CROP, accept, upload

PAGE = "pages/4_Grad-CAM_viewer.py"
EXAMPLE = "Mass-Test_P_00820_LEFT_CC_1"
WITHOUT_PICTURE = "Mass-Test_P_01000_LEFT_CC_1"
TRAINING = "Mass-Training_P_00003_LEFT_CC_1"


def opened(app: AppTest, **link: str) -> AppTest:
    """The page as a link opens it, the notice accepted."""
    app.run()
    app.session_state["notice_accepted"] = True
    app.switch_page(PAGE)
    for name, value in link.items():
        app.query_params["from" if name == "source" else name] = value
    return app.run()


def look_at(page: AppTest, section: str) -> AppTest:
    """Open a section of the drawer."""
    return page.segmented_control(key="comparison_drawer").set_value(section).run()


def texts(page: AppTest) -> str:
    kinds = ("markdown", "caption", "info", "warning", "error", "subheader", "header")
    return "\n".join(str(element.value) for kind in kinds for element in page.get(kind))


def quiet(page: AppTest) -> bool:
    return not page.exception and not page.error


def shown_images(page: AppTest) -> int:
    return len(page.get("imgs"))


def with_own(app: AppTest, crop: np.ndarray, source_side: int = 128) -> AppTest:
    app.session_state["viewer_own_crop"] = crop_picture("mine.png", Image(crop), source_side)
    return opened(app, source="own")


def test_no_result_before_the_notice_is_accepted(app: AppTest) -> None:
    app.run()
    page = app.switch_page(PAGE).run()
    assert quiet(page) and not page.metric and words.NOTICE in texts(page)


def test_an_example_is_explained_for_both_models(app: AppTest, tiny_artifacts: Path) -> None:
    page = opened(app, case=EXAMPLE)
    assert quiet(page)
    lesion = next(one for one in mammo.example_lesions() if one.case_id == EXAMPLE)
    crop = mammo.cut_lesion(mammo.read_image(lesion.film), window=lesion.window)
    expected = [
        words.percent(mammo.load_classifier(name, tiny_artifacts).predict(crop)[0])
        for name in ("simple_cnn", "mobilenetv2")
    ]
    assert [metric.value for metric in page.metric[:2]] == expected
    assert words.NOTICE_SHORT in texts(page)
    assert (
        texts(page).count("f the box is drawn slightly differently")
        + texts(page).count("Depends on where you draw the box")
        == 2
    )
    assert texts(page).count("if the crop is mirrored") == 2
    assert dict(page.query_params) == {"case": [EXAMPLE]} or page.query_params["case"] == EXAMPLE
    assert "Recorded as" not in texts(page)


def test_the_record_shows_once_asked(app: AppTest) -> None:
    page = opened(app, case=EXAMPLE)
    page.toggle[0].set_value(True).run()
    assert quiet(page) and "Recorded as **malignant**" in texts(page)


def test_the_report_tells_the_truth_only_once_asked(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: list[dict[str, object]] = []
    monkeypatch.setattr(result, "report_buttons", lambda *given, **named: offered.append(named))
    page = opened(app, case=EXAMPLE)
    page.toggle[0].set_value(True).run()
    assert quiet(page)
    before, after = str(offered[0]["recorded"]), str(offered[-1]["recorded"])
    assert before == "" and after.startswith("Recorded as **malignant**. ")
    assert offered[0]["case"] == EXAMPLE


def test_the_report_is_offered_in_both_forms(app: AppTest) -> None:
    labels = {one.proto.label for one in opened(app, case=EXAMPLE).get("download_button")}
    assert {"Case report (PDF)", "Case report (HTML)"} <= labels


def test_a_link_of_nonsense_opens_the_page_as_it_is(app: AppTest) -> None:
    page = opened(
        app, source="moon", method="%", colours="rainbow", opacity="nan", threshold="x",
        change="melt", blur="-3", cover="1,2,x,4", fill="gold", group="??", row="maybe",
    )  # fmt: skip
    assert quiet(page)
    assert page.segmented_control(key="comparison_drawer").value == "cover"
    assert [page.number_input(key=f"viewer_cover_{name}").value for name in "xy"] == [None, None]
    assert look_at(page, "robustness").slider(key="viewer_blur").value == 0


def test_a_link_opens_the_very_view(app: AppTest) -> None:
    link = {
        "case": EXAMPLE, "colours": "magma", "opacity": "70", "threshold": "specificity_90",
        "change": "rotation", "rotation": "30", "cover": "20,30,40,50", "fill": "black",
    }  # fmt: skip
    page = opened(app, **link)
    assert quiet(page)
    assert page.number_input(key="viewer_cover_height").value == 50
    assert texts(page).count("the threshold of 65%") == 2
    assert look_at(page, "robustness").slider(key="viewer_rotation").value == 30
    assert {name: page.query_params[name] for name in link} in (
        link,
        {name: [text] for name, text in link.items()},
    )


def test_an_unknown_case_is_a_sentence_and_the_way_back_stays(app: AppTest) -> None:
    page = opened(app, case="Mass-Test_P_99999_LEFT_CC_1")
    assert not page.exception and len(page.error) == 1
    assert "among the 60 of the release" in page.error[0].value
    assert not page.metric
    page.selectbox(key="viewer_case").set_value(EXAMPLE).run()
    assert quiet(page) and len(page.metric) == 4


def test_a_case_without_its_picture_shows_what_was_recorded_and_scored(app: AppTest) -> None:
    page = opened(app, case=WITHOUT_PICTURE)
    assert quiet(page)
    assert "The image of this case is not available, so there is no heat map" in texts(page)
    assert "Recorded as **malignant**" in texts(page)
    assert texts(page).count("Test case: not used for training") == 2
    assert texts(page).count("Lower than this:") == 2
    assert not page.metric


def test_the_data_folder_brings_the_pictures(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = write_prepared(tmp_path / "prepared", patients=6)
    index = folder / "index.csv"
    index.write_text(index.read_text().replace("Mass-Train_P", "Mass-Training_P"))
    for path in (folder / "crops").iterdir():
        path.rename(path.with_name(path.name.replace("Mass-Train_P", "Mass-Training_P")))
    monkeypatch.setenv("MAMMO_DATA", str(folder))
    page = opened(app, case=TRAINING)
    assert quiet(page)
    assert len(page.metric) == 4
    assert "Training case: the models learned from it" in texts(page)
    assert texts(look_at(page, "tests")).count("Out-of-fold score") == 2


def test_a_data_folder_that_is_none_is_a_sentence(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MAMMO_DATA", str(tmp_path / "nowhere"))
    page = opened(app, case=WITHOUT_PICTURE)
    assert not page.exception and len(page.error) == 1
    assert "nowhere" in page.error[0].value
    assert "Recorded as **malignant**" in texts(page)


def test_a_group_opens_its_first_case(app: AppTest) -> None:
    page = opened(app, source="case")
    page.selectbox(key="viewer_group").set_value("mobilenetv2.missed").run()
    assert quiet(page)
    options = page.selectbox(key="viewer_case").options
    assert page.selectbox(key="viewer_case").value == options[0]
    assert page.query_params["group"] in ("mobilenetv2.missed", ["mobilenetv2.missed"])


def test_covering_moves_both_estimates_and_uncovering_brings_them_back(app: AppTest) -> None:
    page = opened(app, case=EXAMPLE)
    before = [metric.value for metric in page.metric[2:]]
    for name, value in zip(("x", "y", "width", "height"), (30, 30, 70, 70), strict=True):
        page.number_input(key=f"viewer_cover_{name}").set_value(value)
    page.run()
    assert quiet(page)
    covered = page.metric[2:]
    assert all("points" in metric.delta or metric.delta == "unchanged" for metric in covered)
    assert [metric.value for metric in covered] != before
    page.button(key="uncover").click().run()
    assert [metric.value for metric in page.metric[2:]] == before


def test_a_box_off_the_crop_is_cut_to_it(app: AppTest) -> None:
    page = opened(app, case=EXAMPLE, cover="120,120,128,128")
    assert quiet(page)
    assert page.number_input(key="viewer_cover_width").value == 8


@pytest.mark.parametrize("change", ["noise", "contrast", "rotation", "resolution"])
def test_every_change_has_its_curve(app: AppTest, change: str) -> None:
    page = opened(app, case=EXAMPLE, change=change)
    assert quiet(page)
    assert texts(page).count("over the range") == 2
    slider = page.slider(key=f"viewer_{change}")
    other = slider.max if slider.value == slider.min else slider.min
    slider.set_value(other).run()
    assert quiet(page)
    assert float(np.ravel(page.query_params[change])[0]) == other


def test_an_own_crop_comes_from_the_upload_page_and_only_within_the_session(app: AppTest) -> None:
    app.run()
    page = app.switch_page("pages/1_Upload_and_classify.py").run()
    accept(upload(page, CROP))
    answers = [metric.value for metric in page.metric]
    page = page.switch_page(PAGE)
    page.query_params["from"] = "own"
    page.run()
    assert quiet(page)
    assert [metric.value for metric in page.metric[:2]] == answers
    assert "crop.png, 128 x 128 pixels" in texts(page)
    assert "case" not in page.query_params


def test_a_link_to_somebodys_own_crop_is_a_sentence(app: AppTest) -> None:
    page = opened(app, source="own")
    assert not page.exception and "no crop of your own here" in page.error[0].value


def test_an_own_crop_goes_when_its_upload_does(app: AppTest) -> None:
    app.run()
    page = app.switch_page("pages/1_Upload_and_classify.py").run()
    accept(upload(page, CROP))
    assert "viewer_own_crop" in page.session_state
    page.segmented_control(key="source").set_value("An example lesion").run()
    assert "viewer_own_crop" not in page.session_state


def test_what_is_computed_of_an_own_crop_stays_out_of_the_shared_shelf(app: AppTest) -> None:
    from mammo.ui.viewer.viewed import _shared

    crop = np.random.default_rng(3).integers(0, 255, (128, 128), np.uint8)
    before = len(_shared())
    page = with_own(app, crop)
    assert quiet(page)
    assert len(_shared()) == before
    assert len(page.session_state["viewer_own_shelf"][1]) > 0


def bad_crops() -> dict[str, tuple[np.ndarray, int, str]]:
    rows, columns = np.mgrid[:128, :128]
    tissue = np.clip(60 + 80 * np.exp(-(((rows - 64) ** 2 + (columns - 64) ** 2) / 900)), 0, 255)
    edge = np.where(columns > 40, 0, tissue).astype(np.uint8)
    ten = np.kron(np.arange(100).reshape(10, 10) * 2 + 20, np.ones((13, 13)))[:128, :128]
    return {
        "constant": (np.full((128, 128), 90, np.uint8), 128, "every pixel has the same value"),
        "edge": (edge, 128, "is black: the crop area lies mostly outside the breast"),
        "inverted": ((255 - tissue / 8).astype(np.uint8), 128, "the greys look inverted"),
        "ten pixels": (ten.astype(np.uint8), 10, "has only 10 pixels per side"),
    }


@pytest.mark.parametrize("kind", bad_crops())
def test_a_doubtful_crop_is_warned_about_and_shown_all_the_same(app: AppTest, kind: str) -> None:
    crop, side, warning = bad_crops()[kind]
    page = with_own(app, crop, side)
    assert quiet(page)
    assert warning in texts(page)
    assert len(page.metric) == 4


def test_what_is_no_crop_is_questioned_above_all(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    attach_tiny_trust(write_tiny_artifacts(tmp_path))
    monkeypatch.setenv("MAMMO_ARTIFACTS", str(tmp_path))
    page = with_own(app, np.full((128, 128), 90, np.uint8))
    assert not page.exception
    assert [error.value for error in page.error] == ["Every pixel has the same value."]
    assert texts(page).count("block: Do not interpret") == 2
    assert NOT_A_CROP not in texts(page)  # it is the title of the error


def test_a_method_that_fails_on_a_model_has_its_sentence_in_its_own_place(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mammo.errors import ImageError

    real = mammo.Classifier.explain

    def failing(model: mammo.Classifier, *args: object, **options: object) -> object:
        if model.name == "simple_cnn":
            raise ImageError("This method cannot read this network.")
        return real(model, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(mammo.Classifier, "explain", failing)
    crop = np.random.default_rng(4).integers(0, 255, (128, 128), np.uint8)
    page = with_own(app, crop)
    assert [error.value for error in page.error] == ["This method cannot read this network."]
    assert len(page.metric) == 4 and not page.exception


def test_the_audits_verdict_stands_by_the_map_and_its_absence_is_said(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert texts(opened(app, case=EXAMPLE)).count("not tested on this model") == 2
    artifacts = write_tiny_artifacts(tmp_path / "artifacts")
    monkeypatch.setattr(command, "shuffled_network", other_network)
    data = write_crops(tmp_path / "crops", artifacts, boxes=False)
    chosen = ["--models", "simple_cnn", "--limit", str(LIMIT)]
    assert command.main(["--data", str(data), "--out", str(artifacts), *chosen]) == 0
    monkeypatch.setenv("MAMMO_ARTIFACTS", str(artifacts))
    page = opened(app, case=EXAMPLE)
    assert quiet(page)
    audit = load_audit("simple_cnn", artifacts)
    assert audit is not None
    assert audit.methods["grad-cam"].verdict in texts(page)
    assert audit.on_lesion("grad-cam") in texts(page)
    assert texts(page).count("not tested on this model") == 1


def test_no_model_at_all_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAMMO_ARTIFACTS", str(tmp_path / "nothing"))
    root = Path(__file__).parents[2]
    app = AppTest.from_file(str(root / "app.py"), default_timeout=60)
    page = opened(app)
    assert not page.exception and page.error
