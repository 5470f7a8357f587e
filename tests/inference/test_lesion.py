"""One lesion in, one result out: `mammo.load_models().assess(mammo.Lesion(...))`."""

import json
from pathlib import Path

import numpy as np
import pytest

import mammo
from mammo.errors import ImageError, WindowError
from mammo.imaging import Image, Window
from tests.inference.tiny_trust import attach_tiny_trust, blobs


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> mammo.ModelSet:
    from tests.tiny_artifacts import write_tiny_artifacts

    folder = write_tiny_artifacts(tmp_path_factory.mktemp("lesion"))
    attach_tiny_trust(folder)
    return mammo.load_models(folder)


def film(warnings: tuple[str, ...] = ()) -> Image:
    pixels = np.random.default_rng(3).integers(0, 256, (900, 700), dtype=np.uint8)
    return Image(pixels, "LEFT", "CC", None, warnings)


def test_each_model_says_of_the_cut_crop_what_its_classifier_says(models: mammo.ModelSet) -> None:
    result = models.assess(mammo.Lesion(film(), box=(200, 300, 80, 60)))
    assert result.area == Window(140, 230, 200, 200)
    crop = mammo.cut_lesion(film(), box=(200, 300, 80, 60))
    for model in models:
        answer = result[model.name]
        assert answer.probability == model.predict(crop)[0]
        assert answer.assessment.score == model.score(crop)[0]
        assert answer.spread[0] <= answer.probability <= answer.spread[1]
        np.testing.assert_allclose(answer.heat_map(), model.explain(crop), atol=1e-6)
    same = models.assess(mammo.Lesion(film(), window=result.area))
    assert same.to_dict() == result.to_dict()


def test_small_changes_of_the_box_give_each_answer_a_spread(models: mammo.ModelSet) -> None:
    lesion = mammo.Lesion(film(), box=(200, 300, 80, 60))
    first = models.assess(lesion)
    result = models.redraw(lesion, first)
    assert len(lesion.redrawn()) <= 5
    for model in models:
        low, high = result[model.name].box_spread or (1, 0)
        assert low < result[model.name].probability < high or low < high
        crops = [mammo.cut_lesion(film(), box=changed.box) for changed in lesion.redrawn()]
        naive = [
            model.card.calibration.probability(
                model.network("logit", model.views(crop).pictures[:1]).astype(float).reshape(1)
            )[0]
            for crop in crops
        ]
        assert [low, high] == pytest.approx(
            [f(first[model.name].probability, *naive) for f in (min, max)], rel=1e-6
        )
        at = model.card.thresholds["youden"]
        assert result[model.name].depends_on_box() == (low < at <= high)
        assert first[model.name].depends_on_box() is None
    exact = mammo.Lesion(film(), window=first.area)
    boxes = [[*(changed.box or ())] for changed in exact.redrawn()]
    assert [box[2] for box in boxes] == [56, 112, 80, 80, 80]


def test_a_ready_crop_has_no_box_to_change(models: mammo.ModelSet) -> None:
    lesion = mammo.Lesion(blobs(1, seed=4)[0])
    result = models.assess(lesion)
    assert models.redraw(lesion, result) is result


def test_a_changed_box_at_the_edge_stays_on_the_film(models: mammo.ModelSet) -> None:
    for box in ((0, 0, 40, 40), (660, 860, 40, 40), (0, 0, 700, 900), (699, 899, 1, 1)):
        lesion = mammo.Lesion(film(), box=box)
        result = models.redraw(lesion, models.assess(lesion))
        assert result["mobilenetv2"].box_spread is not None


def test_a_ready_crop_is_used_whole_and_may_be_an_array(models: mammo.ModelSet) -> None:
    crop = blobs(1, seed=4)[0]
    result = models.assess(mammo.Lesion(crop))
    assert result.area is None and result.questioned is False
    assert models.assess(mammo.Lesion(Image(crop))).to_dict() == result.to_dict()


def test_doubts_are_those_of_the_film_and_of_every_crop(models: mammo.ModelSet) -> None:
    doubtful = film(("The view is not stated.",))
    small = models.assess(mammo.Lesion(doubtful, window=(10, 10, 40, 40)))
    assert small.doubts[0] == "The view is not stated."
    assert "only 40 pixels per side" in small.doubts[1]
    cut_from = models.assess(mammo.Lesion(blobs(1, seed=4)[0], cut_from=40))
    assert "only 40 pixels per side" in cut_from.doubts[0]


def test_json_holds_the_whole_answer(models: mammo.ModelSet) -> None:
    result = models.assess(mammo.Lesion(blobs(1, seed=4)[0]))
    read = json.loads(json.dumps(result.to_dict()))
    assert read["models"]["simple_cnn"]["p_malignant"] == result["simple_cnn"].probability
    assert read["models"]["simple_cnn"]["thresholds"]["youden"]["side"].startswith(
        ("above", "below")
    )
    assert read["looks_like_crop"] is True and len(read["similar"]) > 0
    assert read["artifacts"].startswith("mammo ") and "SHA-256" in read["artifacts"]
    assert "not for decisions about a person" in read["notice"]


def test_own_lesions_of_a_patient_are_no_similar_cases(models: mammo.ModelSet) -> None:
    lesion = mammo.Lesion(blobs(1, seed=4)[0])
    first = models.assess(lesion).signals
    assert first is not None
    patient = first.neighbours[0].case_id.split("_P_")[1].split("_")[0]
    again = models.assess(lesion, exclude_patient=f"P_{patient}").signals
    assert again is not None
    assert all(f"P_{patient}_" not in one.case_id for one in again.neighbours)


@pytest.mark.parametrize(
    ("place", "error", "sentence"),
    [
        ({"box": (0, 0, 9, 9), "window": (0, 0, 9, 9)}, WindowError, "received both"),
        ({"box": (5000, 0, 9, 9)}, WindowError, "outside the mammogram"),
        ({"window": (0, 0, float("nan"), 9)}, WindowError, "finite"),
        ({}, WindowError, "Expected a cropped lesion"),
    ],
)
def test_a_place_that_does_not_fit_is_a_sentence(
    models: mammo.ModelSet, place: dict[str, tuple[float, ...]], error: type, sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        models.assess(mammo.Lesion(film(), **place))


def test_what_is_no_grey_picture_is_a_sentence() -> None:
    with pytest.raises(ImageError):
        mammo.Lesion(np.zeros((64, 64, 3), np.uint8))


def test_some_models_answer_alone(models: mammo.ModelSet, tmp_path: Path) -> None:
    from tests.tiny_artifacts import write_tiny_artifacts

    alone = mammo.load_models(write_tiny_artifacts(tmp_path), ["simple_cnn"])
    result = alone.assess(mammo.Lesion(blobs(1, seed=4)[0]))
    assert list(result.models) == ["simple_cnn"] and result.signals is None
    with pytest.raises(KeyError):
        result["mobilenetv2"]
