"""Each value of a recipe does what it says: batches, teachers, flips, the simple CNN's layers."""

from dataclasses import replace

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs requirements-train.txt")
pytest.importorskip("tensorflow", reason="needs requirements-train.txt")

from mammo.errors import SettingsError  # noqa: E402
from mammo.settings import Recipe, TrainSettings  # noqa: E402
from mammo.training import crossfit  # noqa: E402
from mammo.training.batches import FitData, batches, crop_views  # noqa: E402
from mammo.training.crossfit import FitPlan, TrainingCrops, fit_fold, fit_plan  # noqa: E402
from mammo.training.export import compile_onnx  # noqa: E402
from mammo.training.fit import predict_logits  # noqa: E402
from mammo.training.networks import build_network  # noqa: E402

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
    return TrainingCrops(crops.astype(np.uint8), labels, np.arange(16) // 2 % 4, "data")


def fit_data(targets_of, views=None) -> FitData:
    labels = np.arange(10) % 2
    return FitData(views, labels, np.arange(8), np.array([8, 9]), targets_of)


class NumberedViews:
    """Give of each crop its number and the view's."""

    def draw(self, kind, view, rows):
        assert kind == "view"
        return np.column_stack([rows, np.full(len(rows), view)]).astype(np.float32)


def test_an_epoch_sees_each_learnt_crop_once_in_a_view_of_its_own():
    targets = np.arange(10, dtype=np.float32)[:, None]
    for epoch in (0, 2, 7):
        parts = list(batches(fit_data(targets, NumberedViews()), Recipe(batch_size=3), 1, epoch))
        views = np.concatenate([part[0] for part in parts])
        assert sorted(views[:, 0]) == list(range(8)) and set(views[:, 1]) == {epoch}
        assert np.array_equal(np.concatenate([part[1] for part in parts])[:, 0], views[:, 0])
        assert [len(part[0]) for part in parts] == [3, 3, 2]


def test_class_weights_give_both_classes_the_same_weight():
    labels = np.array([0, 0, 0, 1])
    rows = np.arange(4)
    data = FitData(NumberedViews(), labels, rows, rows[:0], labels[:, None].astype(np.float32))
    ((_, targets, weights),) = batches(data, Recipe(batch_size=4), 1, 0)
    assert weights[targets[:, 0] == 1].sum() == pytest.approx(2)
    assert weights[targets[:, 0] == 0].sum() == pytest.approx(2)


def test_a_teacher_s_answers_are_averaged_over_flips_and_move_the_targets(data, tmp_path):
    teacher = build_network("simple_cnn", CNN, 3, "none")
    views, rows = crop_views(data.crops, CNN, 7), np.arange(16)
    answers = predict_logits(compile_onnx(teacher), views, rows, CNN.views)
    assert answers.shape == (16,)
    by_keras = predict_logits(teacher.predict_on_batch, views, rows, CNN.views)
    assert np.allclose(answers, by_keras, atol=1e-4)
    first = FitPlan("simple_cnn", CNN, 7, "none", tmp_path)
    plan = replace(first, recipe=replace(CNN, distillation=0.25), teacher=first)
    fitted, _, _ = fit_fold(first, data, 0)
    logit = predict_logits(fitted.predict_on_batch, views, rows, CNN.views)
    expected = 0.75 * data.labels + 0.25 / (1 + np.exp(-logit))
    assert np.allclose(crossfit._targets(plan, data, 0)[:, 0], expected, atol=1e-4)


def test_a_model_without_a_teacher_learns_from_a_first_generation_of_its_own(data, tmp_path):
    """No fit overwrites another, and none is done twice."""
    name = "mobilenetv2"
    recipe = replace(MOBILENET, distillation=1.0)
    settings = TrainSettings(
        tmp_path, tmp_path, tmp_path, (name,), 7, imagenet_weights="none", recipes={name: recipe}
    )
    plan = fit_plan(name, settings, tmp_path / name)
    assert plan.teacher is not None and not plan.teacher.recipe.distillation
    _, logits, _ = fit_fold(plan, data, 0)
    kept = sorted(path.name for path in (tmp_path / name).rglob("fold_0*.npz"))
    assert kept == ["fold_0.npz", "fold_0.npz"]
    calls: list[int] = []
    _, again, _ = fit_fold(plan, data, 0, calls.append)
    assert calls == [recipe.epochs + recipe.head_epochs] and np.array_equal(logits, again)


def test_a_model_without_distillation_needs_no_teacher(tmp_path):
    recipes = {"simple_cnn": CNN}
    settings = TrainSettings(tmp_path, tmp_path, tmp_path, ("simple_cnn",), recipes=recipes)
    assert fit_plan("simple_cnn", settings, tmp_path).teacher is None
    taught = replace(settings, recipes={"simple_cnn": replace(CNN, distillation=0.7)})
    teacher = fit_plan("simple_cnn", taught, tmp_path).teacher
    assert teacher is not None and teacher.name == "mobilenetv2"


def test_a_score_averages_the_views_that_the_recipe_names(data, tmp_path):
    """The fit is the same, and is not repeated. What was never turned in training is mirrored."""
    plan = FitPlan("simple_cnn", CNN, 7, "none", tmp_path)
    network, by_four, _ = fit_fold(plan, data, 0)
    calls: list[int] = []
    _, by_two, _ = fit_fold(replace(plan, recipe=replace(CNN, flips=2)), data, 0, calls.append)
    assert calls == [CNN.epochs]
    views, rows = crop_views(data.crops, CNN, 7), np.flatnonzero(data.fold == 0)
    each = [network.predict_on_batch(views.draw("flip", flip, rows))[:, 0] for flip in range(4)]
    assert np.allclose(by_two, np.mean([each[0], each[3]], axis=0), atol=1e-5)
    assert replace(CNN, flips=2).views == ("upright", "turned")
    assert replace(CNN, flips=2, rotation_degrees=15.0).views == ("upright", "mirrored")
    assert np.allclose(by_four, np.mean(each, axis=0), atol=1e-5)
    with pytest.raises(SettingsError, match="1, 2 or 4"):
        Recipe(flips=3)


def test_the_simple_cnn_takes_its_window_and_width_from_the_recipe():
    recipe = Recipe(input_size=128, filters=16, kernel_size=5, stride=2, hidden=10)
    network = build_network("simple_cnn", recipe, 1, "none")
    assert network.get_layer("conv_1").kernel.shape == (5, 5, 1, 16)
    assert network.get_layer("conv_2").output.shape[1:] == (32, 32, 32)
    assert network.get_layer("embedding").units == 10
