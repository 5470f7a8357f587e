"""One lesion in, one result out: `mammo.load_models().assess(mammo.Lesion(...))`."""

import json
from pathlib import Path

import numpy as np
import pytest

import mammo
from mammo.errors import ImageError, WindowError
from mammo.imaging import Image, Window
from mammo.inference import two_views
from mammo.inference.result import name_film
from mammo.training.release import add_readings
from tests.inference.tiny_trust import attach_tiny_trust, blobs


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> mammo.ModelSet:
    from tests.tiny_artifacts import write_tiny_artifacts

    folder = write_tiny_artifacts(tmp_path_factory.mktemp("lesion"))
    attach_tiny_trust(folder)
    add_readings(folder)
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


# --- two views, one answer


def crop_of(seed: int, side: str | None, view: str | None) -> mammo.Lesion:
    return mammo.Lesion(Image(blobs(1, seed=seed)[0], side, view))  # type: ignore[arg-type]


def test_two_views_are_the_mean_of_their_logits_on_a_line_of_their_own(
    models: mammo.ModelSet,
) -> None:
    box = {"box": (200, 300, 80, 60)}
    cc, mlo = mammo.Lesion(film(), **box), crop_of(4, "LEFT", "MLO")
    alone, result = [models.assess(view) for view in (cc, mlo)], models.assess(cc, mlo)
    for model in models:
        pair = model.card.two_views
        assert pair is not None and pair.calibration != model.card.calibration
        p = np.array([view[model.name].probability for view in alone])
        mean = np.log(p / (1 - p)).mean()
        naive = 1 / (1 + np.exp(-(pair.calibration.slope * mean + pair.calibration.intercept)))
        answer = result[model.name]
        assert answer.probability == pytest.approx(naive, abs=1e-12)
        assert answer.is_above() == (naive >= pair.thresholds["youden"])
        assert answer.card.calibration.fitted_on.startswith("out-of-fold scores of 18 lesions")
        assert answer.spread[0] <= naive <= answer.spread[1]
        maps = [view[model.name].heat_map() for view in result.views.values()]
        for drawn, view in zip(maps, alone, strict=True):
            np.testing.assert_array_equal(drawn, view[model.name].heat_map())
    assert result.form == "two views" and list(result.views) == ["CC", "MLO"]
    assert [view.form for view in alone] == ["film with box", "crop"]
    written = json.loads(json.dumps(result.to_dict()))
    assert written["form"] == "two views" and list(written["views"]) == ["CC", "MLO"]
    assert written["views"]["MLO"]["models"] == json.loads(json.dumps(alone[1].to_dict()))["models"]
    turned = models.assess(mlo, cc)
    assert turned["mobilenetv2"].probability == result["mobilenetv2"].probability


def test_changes_of_both_boxes_give_two_views_a_spread(models: mammo.ModelSet) -> None:
    lesions = [
        mammo.Lesion(Image(film().pixels, "LEFT", view), box=box)
        for view, box in (("CC", (200, 300, 80, 60)), ("MLO", (400, 500, 90, 90)))
    ]
    alone = [models.redraw(lesion, models.assess(lesion)) for lesion in lesions]
    for answer in two_views(*alone).answers:
        low, high = answer.box_spread or (1, 0)
        assert low <= answer.probability <= high and low < high
    assert two_views(alone[0], models.assess(lesions[1]))["mobilenetv2"].box_spread is None


@pytest.mark.parametrize(
    ("films", "sentence"),
    [
        ([("LEFT", "CC"), ("RIGHT", "MLO")], "MLO view of one breast. Received: L CC and R MLO."),
        ([("LEFT", "CC"), ("LEFT", "CC")], "Received: L CC and L CC. Choose two films"),
        ([("LEFT", "CC"), ("LEFT", "ML")], "Received: L CC and L ML. Choose two films"),
    ],
)
def test_films_that_are_no_pair_are_refused(models: mammo.ModelSet, films, sentence) -> None:
    with pytest.raises(ImageError, match=sentence):
        models.assess(*(crop_of(4, *of_film) for of_film in films))


def test_an_unknown_side_or_view_is_a_doubt_and_no_refusal(models: mammo.ModelSet) -> None:
    known = models.assess(crop_of(4, "LEFT", "CC"), crop_of(5, "LEFT", "MLO"))
    assert not any("is not known" in doubt for doubt in known.doubts)
    result = models.assess(crop_of(4, "LEFT", "CC"), crop_of(5, None, None))
    assert "The side or view of a film is not known." in result.doubts[0]
    assert list(result.views) == ["First view", "Second view"]


def test_views_on_two_sides_of_the_threshold_are_told(models: mammo.ModelSet) -> None:
    answers = [models.assess(crop_of(seed, None, None)) for seed in range(3, 12)]
    name, at = "mobilenetv2", 0.45
    high = max(answers, key=lambda result: result[name].probability)
    low = min(answers, key=lambda result: result[name].probability)
    assert low[name].probability < at <= high[name].probability
    result = two_views(low, high)
    sentence = next(told for told in result.disagreements() if told.startswith("MobileNetV2"))
    assert "the views disagree. Second view (" in sentence
    assert sentence in result.remarks and sentence in result.to_dict()["doubts"]
    assert not any("disagree" in told for told in (*two_views(high, high).remarks, *high.remarks))


def test_without_a_fit_two_views_are_averaged_with_the_thresholds_of_one(tmp_path: Path) -> None:
    from tests.tiny_artifacts import write_tiny_artifacts

    plain = mammo.load_models(write_tiny_artifacts(tmp_path))
    lesions = crop_of(4, "LEFT", "CC"), crop_of(5, "LEFT", "MLO")
    result = plain.assess(*lesions)
    for name, answer in result.models.items():
        p = np.array([plain.assess(lesion)[name].probability for lesion in lesions])
        mean = np.log(p / (1 - p)).mean()
        assert answer.probability == pytest.approx(1 / (1 + np.exp(-mean)))
        assert answer.card.thresholds == plain.assess(lesions[0])[name].card.thresholds
    assert sum("has no calibration for two views" in doubt for doubt in result.doubts) == 2


@pytest.mark.parametrize(
    ("name", "side", "view"),
    [
        ("Mass-Test_P_00173_LEFT_CC_1.png", "LEFT", "CC"), ("RMLO.dcm", "RIGHT", "MLO"),
        ("12 l-mlo.PNG", "LEFT", "MLO"), ("left and right CC.png", None, "CC"),
        ("1-130.dcm", None, None), ("CCL.png", None, None), ("calcc.png", None, None),
    ],
)  # fmt: skip
def test_a_file_name_tells_side_and_view(name: str, side: str | None, view: str | None) -> None:
    bare = Image(blobs(1, seed=4)[0])
    named = name_film(bare, name)
    assert (named.laterality, named.view) == (side, view)
    stated = name_film(film(), "R_MLO.png")
    assert (stated.laterality, stated.view) == ("LEFT", "CC")
