"""Each lever of a recipe does what it says: mixtures, blanked squares, teachers, descriptors."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

keras = pytest.importorskip("keras", reason="needs requirements-train.txt")
pytest.importorskip("tensorflow", reason="needs requirements-train.txt")

from mammo.data.augment import Augmentation, augment  # noqa: E402
from mammo.data.findings import finding_answers  # noqa: E402
from mammo.errors import SettingsError, TrainingError  # noqa: E402
from mammo.settings import Recipe, TrainSettings, changed_values  # noqa: E402
from mammo.training.batches import FitData, batches, crop_views, mixed  # noqa: E402
from mammo.training.crossfit import FitPlan, TrainingCrops, fit_fold, fit_plan  # noqa: E402
from mammo.training.export import serving_model  # noqa: E402
from mammo.training.fit import (  # noqa: E402
    answers_on_flips,
    answers_on_views,
    build_network,
    predict_logits,
    targets,
)
from mammo.training.networks import multitask_loss, without_descriptors  # noqa: E402

pytestmark = pytest.mark.training

CNN = Recipe(input_size=64, epochs=2, batch_size=8, learning_rate=1e-3)
MOBILENET = Recipe(
    input_size=64, epochs=1, head_epochs=1, batch_size=16, learning_rate=1e-3, frozen_blocks=15
)


@pytest.fixture(scope="module")
def data() -> TrainingCrops:
    random = np.random.default_rng(0)
    labels = np.arange(16) % 2
    crops = random.integers(0, 40, (16, 64, 64)) + 100 * labels[:, None, None] * np.eye(64)
    descriptors = np.column_stack([labels, np.full(16, np.nan)]).astype(np.float32)
    return TrainingCrops(
        crops.astype(np.uint8), labels, np.arange(16) // 2 % 4, "data", descriptors
    )


def fit_data(targets_of, views=None) -> FitData:
    labels = np.arange(10) % 2
    return FitData(views, labels, np.arange(8), np.array([8, 9]), targets_of)


class NumberedViews:
    """Give of each crop its number and the view's."""

    def augmented(self, view, rows):
        return np.column_stack([rows, np.full(len(rows), view)]).astype(np.float32)


def test_an_epoch_sees_each_learnt_crop_once_and_goes_round_the_teacher_s_views():
    said = np.arange(30, dtype=np.float32).reshape(3, 10, 1)
    for epoch in (0, 2, 7):
        parts = list(batches(fit_data(said, NumberedViews()), Recipe(batch_size=3), 1, epoch))
        views = np.concatenate([part[0] for part in parts])
        assert sorted(views[:, 0]) == list(range(8)) and set(views[:, 1]) == {epoch % 3}
        answers = np.concatenate([part[1] for part in parts])[:, 0]
        assert np.array_equal(answers, 10 * (epoch % 3) + views[:, 0])
    (first, *_) = batches(fit_data(said[:1], NumberedViews()), Recipe(batch_size=3), 1, 7)
    assert set(first[0][:, 1]) == {7}  # without a teacher's views each epoch has one of its own


def test_a_mixture_keeps_shares_together_and_knows_what_both_know():
    size = 200
    own = np.arange(size, dtype=np.float32)
    said = np.column_stack([own, np.where(own < 150, own, np.nan)]).astype(np.float32)
    views, answers, weights = mixed(
        (own[:, None, None, None], said, own), 0.5, np.random.default_rng(3)
    )
    assert np.allclose(views[:, 0, 0, 0], answers[:, 0]) and np.allclose(weights, answers[:, 0])
    assert not np.array_equal(weights, own) and weights.min() >= 0 and weights.max() < size
    known = np.isfinite(answers[:, 1])
    assert np.allclose(answers[known, 1], answers[known, 0]) and 0 < known.sum() < 150


def test_cut_out_blanks_a_square_and_moves_nothing_else():
    random = np.random.default_rng
    crop = random(1).uniform(0, 100, (64, 64)).astype(np.float32)
    for seed in range(5):
        whole = augment(crop, 96, Augmentation(contrast=0, brightness=0), random(seed))
        cut = augment(crop, 96, Augmentation(contrast=0, brightness=0, cutout=0.25), random(seed))
        blank = whole != cut
        assert (cut[blank] == 127.5).all() and 0 < blank.sum() <= 25 * 25
        rows, columns = np.flatnonzero(blank.any(1)), np.flatnonzero(blank.any(0))
        assert blank[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()


def test_the_loss_counts_known_descriptors_alone_and_smooths_the_label():
    said = np.array([[1, 0, np.nan], [0, np.nan, np.nan]], dtype=np.float32)
    outputs = np.array([[2.0, -1.0, 9.0], [0.5, 3.0, 3.0]], dtype=np.float32)

    def naive(truth: float, logit: float) -> float:
        p = 1 / (1 + np.exp(-logit))
        return -truth * np.log(p) - (1 - truth) * np.log(1 - p)

    losses = np.asarray(multitask_loss(0.5, 0.2)(said, outputs))
    assert losses[0] == pytest.approx(naive(0.9, 2.0) + 0.5 * naive(0, -1.0), rel=1e-5)
    assert losses[1] == pytest.approx(naive(0.1, 0.5), rel=1e-5)


def test_descriptors_change_the_fit_and_are_gone_after_it(data, tmp_path):
    recipe = replace(CNN, descriptors=0.5)
    network, logits, _ = fit_fold(FitPlan("simple_cnn", recipe, 7, "none", tmp_path), data, 0)
    plain, _, _ = fit_fold(FitPlan("simple_cnn", CNN, 7, "none", tmp_path / "plain"), data, 0)
    assert [tuple(one.shape) for one in network.weights] == [
        tuple(one.shape) for one in plain.weights
    ]
    assert not np.array_equal(network.get_weights()[0], plain.get_weights()[0])
    views = crop_views(data.crops, recipe, 7)
    assert np.allclose(predict_logits(network, views, np.flatnonzero(data.fold == 0)), logits)
    assert len(serving_model(network).outputs) == 3
    network.save_weights(tmp_path / "model.weights.h5")
    again = build_network("simple_cnn", CNN, 1, "none")
    again.load_weights(tmp_path / "model.weights.h5")
    assert np.array_equal(again.get_weights()[0], network.get_weights()[0])


def test_a_network_begins_alike_with_descriptors_and_without():
    plain = build_network("mobilenetv2", MOBILENET, 5, "none")
    beside = without_descriptors(build_network("mobilenetv2", MOBILENET, 5, "none", 12))
    for one, other in zip(plain.get_weights(), beside.get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_descriptors_that_are_not_there_are_asked_for(data, tmp_path):
    plan = FitPlan("simple_cnn", replace(CNN, descriptors=0.5), 7, "none", tmp_path)
    with pytest.raises(TrainingError, match="needs those of the table"):
        fit_fold(plan, replace(data, descriptors=None), 0)


def test_words_become_answers_and_silence_none():
    table = pd.DataFrame(
        {
            "mass_shape": ["ROUND-OVAL", np.nan],
            "mass_margins": ["SPICULATED", "ILL_DEFINED"],
            "assessment": [0, 5],
            "subtlety": [3, 0],
        }
    )
    said = finding_answers(table)
    assert said[0, :5].tolist() == [0, 0, 1, 1, 0] and np.isnan(said[1, :5]).all()
    assert said[:, 5:10].tolist() == [[0, 0, 0, 0, 1], [0, 1, 0, 0, 0]]
    assert np.isnan(said[0, 10]) and said[1, 10] == 1
    assert said[0, 11] == pytest.approx(0.6) and np.isnan(said[1, 11])


def test_a_teacher_answers_the_very_view_that_the_pupil_sees(data):
    teacher = build_network("simple_cnn", CNN, 3, "none")
    views = crop_views(data.crops, CNN, 7)
    asked = answers_on_views(teacher, views, 16, 2)
    alone = teacher.predict_on_batch(views.augmented(1, np.array([4])))[0, 0]
    assert asked.shape == (2, 16) and asked[1, 4] == pytest.approx(alone, abs=1e-4)
    rows = np.arange(16)
    averaged = answers_on_flips(teacher, views, 16, 4)
    assert averaged.shape == (1, 16)
    assert np.allclose(averaged[0], predict_logits(teacher, views, rows), atol=1e-4)
    said = targets(data.labels, 1 / (1 + np.exp(-asked)), 0.25, data.descriptors)
    assert said.shape == (2, 16, 3)
    expected = 0.75 * data.labels[4] + 0.25 / (1 + np.exp(-alone))
    assert said[1, 4, 0] == pytest.approx(expected, abs=1e-5)


def test_a_generation_learns_from_teachers_fitted_on_the_same_crops(data, tmp_path):
    """Two teachers, asked on views: no fit overwrites another, and none is done twice."""
    name = "mobilenetv2"
    recipe = replace(MOBILENET, distillation=1.0, teachers=2, teacher_views=2)
    recipes = {name: recipe}
    settings = TrainSettings(
        tmp_path, tmp_path, tmp_path, (name,), 7, imagenet_weights="none", recipes=recipes
    )
    plan = fit_plan(name, settings, tmp_path / name)
    assert plan.teacher is not None and not plan.teacher.recipe.distillation
    _, logits, _ = fit_fold(plan, data, 0)
    kept = sorted(path.name for path in (tmp_path / name).rglob("fold_0*.npz"))
    assert kept == ["fold_0.npz", "fold_0.npz", "fold_0_1.npz"]
    calls: list[int] = []
    _, again, _ = fit_fold(plan, data, 0, calls.append)
    assert calls == [recipe.epochs + recipe.head_epochs] and np.array_equal(logits, again)
    first, second = (
        np.load(next((tmp_path / name).rglob(f"*{place}/fold_0{member}.npz")))
        for place, member in (("mobilenetv2", ""), ("mobilenetv2", "_1"))
    )
    assert any(not np.array_equal(first[key], second[key]) for key in first if key != "state")


def test_a_score_averages_as_many_flips_as_the_recipe_says(data, tmp_path):
    """The fit is the same, and is not repeated."""
    plan = FitPlan("simple_cnn", CNN, 7, "none", tmp_path)
    network, by_four, _ = fit_fold(plan, data, 0)
    calls: list[int] = []
    _, by_two, _ = fit_fold(replace(plan, recipe=replace(CNN, flips=2)), data, 0, calls.append)
    assert calls == [CNN.epochs]
    views, rows = crop_views(data.crops, CNN, 7), np.flatnonzero(data.fold == 0)
    each = [network.predict_on_batch(views.plain(flip, rows))[:, 0] for flip in range(4)]
    assert np.allclose(by_two, np.mean(each[:2], axis=0), atol=1e-5)
    assert np.allclose(by_four, np.mean(each, axis=0), atol=1e-5)
    with pytest.raises(SettingsError, match="1, 2 or 4"):
        Recipe(flips=3)


def test_a_lever_that_is_off_names_no_fit():
    assert changed_values(Recipe()) == {}
    assert changed_values(replace(CNN, mixup=0.2))["mixup"] == 0.2


def test_the_simple_cnn_takes_its_window_and_width_from_the_recipe():
    recipe = Recipe(input_size=128, filters=16, kernel_size=5, stride=2, hidden=10)
    network = build_network("simple_cnn", recipe, 1, "none")
    assert network.get_layer("conv_1").kernel.shape == (5, 5, 1, 16)
    assert network.get_layer("conv_2").output.shape[1:] == (32, 32, 32)
    assert network.get_layer("embedding").units == 10
