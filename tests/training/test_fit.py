"""Fitting: it learns, and a fit that was stopped anywhere ends where an undisturbed one does."""

from dataclasses import replace

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs requirements-train.txt")
pytest.importorskip("tensorflow", reason="needs requirements-train.txt")

from mammo.errors import TrainingError  # noqa: E402
from mammo.settings import Recipe  # noqa: E402
from mammo.training.crossfit import FINAL, FitPlan, TrainingCrops, fit_fold  # noqa: E402

pytestmark = pytest.mark.training

RECIPES = {
    "simple_cnn": Recipe(input_size=64, epochs=3, batch_size=8, learning_rate=1e-3),
    "mobilenetv2": Recipe(
        input_size=64, epochs=2, head_epochs=1, batch_size=8, learning_rate=1e-3, frozen_blocks=13
    ),
}


class StoppedError(Exception):
    pass


@pytest.fixture(scope="module")
def data() -> TrainingCrops:
    random = np.random.default_rng(0)
    labels = np.arange(32) % 2
    crops = random.integers(0, 40, (32, 64, 64)) + 100 * labels[:, None, None] * np.eye(64)
    return TrainingCrops(crops.astype(np.uint8), labels, np.arange(32) // 2 % 4, "data")


def fit_to_the_end(plan, data, stops=()):
    for stop in stops:
        with pytest.raises(StoppedError):
            fit_fold(plan, data, 0, lambda done, stop=stop: stop_at(done, stop))
    return fit_fold(plan, data, 0)


def stop_at(done: int, stop: int) -> None:
    if done == stop:
        raise StoppedError


@pytest.mark.parametrize("name", RECIPES)
def test_a_stopped_fit_ends_where_an_undisturbed_one_does(name, data, tmp_path):
    runs = []
    for folder, stops in (("whole", ()), ("stopped", (1, 2))):
        plan = FitPlan(name, RECIPES[name], 7, "none", tmp_path / folder)
        network, logits, history = fit_to_the_end(plan, data, stops)
        losses = [(row["stage"], row["epoch"], row["loss"]) for row in history]
        runs.append((network.get_weights(), logits, losses))
    (weights, logits, losses), (weights_again, logits_again, losses_again) = runs
    assert losses == losses_again and len(losses) == 3
    assert np.array_equal(logits, logits_again) and len(logits) == 8
    for one, other in zip(weights, weights_again, strict=True):
        assert np.array_equal(one, other)


def test_a_fit_with_a_teacher_resumes_alike(data, tmp_path):
    recipe = replace(RECIPES["simple_cnn"], distillation=0.5)
    outcomes = []
    for folder, stops in (("whole", ()), ("stopped", (2, 3))):
        work = tmp_path / folder
        teacher = FitPlan("mobilenetv2", RECIPES["mobilenetv2"], 7, "none", work)
        plan = FitPlan("simple_cnn", recipe, 7, "none", work, teacher)
        outcomes.append(fit_to_the_end(plan, data, stops))
    assert np.array_equal(outcomes[0][1], outcomes[1][1])
    plain = FitPlan("simple_cnn", RECIPES["simple_cnn"], 7, "none", tmp_path / "plain")
    assert not np.allclose(outcomes[0][1], fit_fold(plain, data, 0)[1])


def test_distilling_without_a_teacher_is_refused(data, tmp_path):
    plan = FitPlan("simple_cnn", Recipe(distillation=0.5, epochs=1), 7, "none", tmp_path)
    with pytest.raises(TrainingError, match="needs a teacher"):
        fit_fold(plan, data, 0)


def test_a_done_fit_is_not_repeated(data, tmp_path):
    plan = FitPlan("simple_cnn", RECIPES["simple_cnn"], 7, "none", tmp_path)
    first = fit_fold(plan, data, 1)
    calls = []
    again = fit_fold(plan, data, 1, calls.append)
    assert calls == [3]
    assert np.array_equal(first[1], again[1])


def test_a_checkpoint_of_other_settings_is_not_used(data, tmp_path):
    plan = FitPlan("simple_cnn", RECIPES["simple_cnn"], 7, "none", tmp_path)
    fit_fold(plan, data, 1)
    calls = []
    fit_fold(
        FitPlan("simple_cnn", RECIPES["simple_cnn"], 8, "none", tmp_path), data, 1, calls.append
    )
    assert calls[0] == 0


def test_a_checkpoint_cut_short_is_not_used_and_said(data, tmp_path, capsys):
    plan = FitPlan("simple_cnn", RECIPES["simple_cnn"], 7, "none", tmp_path)
    first = fit_fold(plan, data, 1)
    checkpoint = tmp_path / "simple_cnn" / "fold_1.npz"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-500])
    calls = []
    again = fit_fold(plan, data, 1, calls.append)
    assert calls == [0, 1, 2, 3]
    assert np.array_equal(first[1], again[1])
    assert f"{checkpoint} cannot be read" in capsys.readouterr().err
    fit_fold(plan, data, 1, calls.append)
    assert calls[-1] == 3 and len(calls) == 5  # whole again


def test_features_and_answers_cut_short_are_made_anew(data, tmp_path, capsys):
    recipe = replace(RECIPES["simple_cnn"], distillation=0.5)
    teacher = FitPlan("mobilenetv2", RECIPES["mobilenetv2"], 7, "none", tmp_path)
    plan = FitPlan("simple_cnn", recipe, 7, "none", tmp_path, teacher)
    first = fit_fold(plan, data, 0)
    kept = [*tmp_path.rglob("answers-*.npy"), *tmp_path.rglob("flip_*.npy")]
    assert len(kept) > 1
    for path in (*kept, tmp_path / "simple_cnn" / "fold_0.npz"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    again = fit_fold(plan, data, 0)
    assert np.allclose(first[1], again[1])
    assert "answers-" in capsys.readouterr().err


def test_the_final_fit_holds_nothing_out(data, tmp_path):
    plan = FitPlan("simple_cnn", RECIPES["simple_cnn"], 7, "none", tmp_path)
    _, logits, history = fit_fold(plan, data, FINAL)
    assert len(logits) == 0
    assert {row["held_out_auc"] for row in history} == {None}
    assert history[-1]["loss"] < history[0]["loss"]
