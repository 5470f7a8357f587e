"""The student's network of JavaScript against Keras and `mammo.evaluation`, in Chromium.

It needs no page and no server: `network.js` is loaded into an empty tab.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mammo.evaluation.delong import delong_interval, paired_delong

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
NETWORK = ROOT / "mammo/ui/trainer/network.js"
SIDE, BATCH = 48, 5


@pytest.fixture(scope="module")
def tab(browser: "Browser") -> Iterator["Page"]:
    page = browser.new_page()
    page.add_script_tag(path=NETWORK)
    yield page
    page.close()


def test_one_step_has_the_loss_and_the_gradients_of_keras(tab: "Page") -> None:
    keras = pytest.importorskip("keras", reason="needs requirements-train.txt")
    tensorflow = pytest.importorskip("tensorflow")
    random = np.random.default_rng(3)
    crops = random.uniform(-1, 1, (BATCH, SIDE, SIDE)).round(6)
    labels = np.array([0, 1, 1, 0, 1])
    mine = tab.evaluate(
        """([crops, labels]) => {
            const network = buildNetwork(48, 7);
            network.weights.forEach((part, n) => n % 2 && part.fill(0.05)); // no bias is trivial
            const weights = network.weights.map(part => [...part]);
            const loss = lossAndGradients(network, crops.map(c => Float64Array.from(c)), labels);
            const gradients = network.gradients.map(part => [...part]);
            step(network, 0.01);
            return { weights, loss, gradients, after: network.weights.map(part => [...part]) };
        }""",
        [crops.reshape(BATCH, -1).tolist(), labels.tolist()],
    )
    layers = keras.layers
    theirs = keras.Sequential([
        keras.Input((SIDE, SIDE, 1), dtype="float64"),
        layers.Conv2D(8, 3, padding="same", activation="relu", dtype="float64"),
        layers.MaxPooling2D(2, dtype="float64"),
        layers.Conv2D(16, 3, padding="same", activation="relu", dtype="float64"),
        layers.MaxPooling2D(4, dtype="float64"),
        layers.Flatten(dtype="float64"),
        layers.Dense(1, dtype="float64"),
    ])  # fmt: skip
    assert theirs.count_params() == sum(map(len, mine["weights"])) == 1825, "as the page states"
    shapes = [weight.shape for weight in theirs.weights]
    theirs.set_weights(as_in_keras(mine["weights"], shapes))
    with tensorflow.GradientTape() as tape:
        logits = theirs(crops[..., np.newaxis], training=True)[:, 0]
        loss = keras.ops.mean(
            keras.losses.binary_crossentropy(
                labels[:, np.newaxis].astype(float), logits[:, np.newaxis], from_logits=True
            )
        )
    gradients = tape.gradient(loss, theirs.trainable_variables)
    assert mine["loss"] == pytest.approx(float(loss), rel=1e-9)
    for ours, other in zip(as_in_keras(mine["gradients"], shapes), gradients, strict=True):
        np.testing.assert_allclose(ours, other.numpy(), rtol=1e-7, atol=1e-12)
    keras.optimizers.Adam(0.01).apply(gradients, theirs.trainable_variables)
    for ours, other in zip(as_in_keras(mine["after"], shapes), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(ours, other, rtol=1e-4, atol=1e-5)  # Adam's epsilon differs


def as_in_keras(parts: list[list[float]], shapes: list[tuple[int, ...]]) -> list[Any]:
    """Return weights in the layout of Keras: kernels [y, x, channel, filter]."""
    return [
        np.moveaxis(np.reshape(part, (shape[-1], *shape[:-1])), 0, -1)
        for part, shape in zip(parts, shapes, strict=True)
    ]


@pytest.mark.parametrize("ties", [False, True])
def test_figures_are_those_of_the_library(tab: "Page", ties: bool) -> None:
    random = np.random.default_rng(11)
    labels = random.integers(0, 2, 90)
    patients = [f"P_{n}" for n in random.integers(0, 40, 90)]
    first, second = (labels + random.normal(0, 2, 90) for _ in range(2))
    if ties:
        first, second = first.round(), second.round()
    rows = [
        {"label": int(label), "patient": patient, "released": float(score)}
        for label, patient, score in zip(labels, patients, second, strict=True)
    ]
    found = tab.evaluate("([rows, logits]) => compare(rows, logits)", [rows, first.tolist()])
    assert (found["crops"], found["patients"]) == (90, len(set(patients)))
    for name, expected in (
        ("own", delong_interval(labels, first, patients)),
        ("released", delong_interval(labels, second, patients)),
        ("difference", paired_delong(labels, first, second, patients).difference),
    ):
        assert found[name] == pytest.approx(expected.as_dict(), abs=1e-9)


def test_one_class_has_no_auc_and_one_patient_no_interval(tab: "Page") -> None:
    rows = [{"label": n % 2, "patient": "P_1", "released": None} for n in range(4)]
    found = tab.evaluate("rows => String(compare(rows, [1, 2, 3, 4]).own.low)", rows)
    assert found == "NaN"
    assert tab.evaluate("rows => compare(rows, [1, 2])", rows[::2]) is None


def test_a_split_by_patient_shares_no_patient_and_a_split_by_row_does(tab: "Page") -> None:
    rows = [{"label": n % 2, "patient": f"P_{n // 2}"} for n in range(80)]
    divide: Callable[..., Any] = lambda **more: tab.evaluate(  # noqa: E731
        "([rows, settings]) => divide(rows, settings)", [rows, {"patients": 20, "seed": 1} | more]
    )
    for by_patient, shared_at_least in ((True, 0), (False, 5)):
        parts = divide(byPatient=by_patient)
        assert sorted(parts["train"] + parts["check"]) == list(range(40)), "the first 20 patients"
        assert len(parts["check"]) == 10
        learned, held = ({row // 2 for row in parts[name]} for name in ("train", "check"))
        assert len(learned & held) >= shared_at_least and (not by_patient or not learned & held)
        assert divide(byPatient=by_patient) == parts, "the same seed gives the same split"
    assert divide(byPatient=False, seed=2) != divide(byPatient=False)


def test_augmentation_moves_pixels_and_keeps_the_rest(tab: "Page") -> None:
    crop = np.random.default_rng(5).integers(0, 256, (SIDE, SIDE), np.uint8)
    plain, *flipped = tab.evaluate(
        """pixels => [cropOf(pixels, 0, 48), ...[1, 2, 3, 4, 5, 6, 7, 8].map(
            seed => cropOf(pixels, 0, 48, "flips", seeded(seed)))].map(c => [...c])""",
        crop.reshape(-1).tolist(),
    )
    as_is = crop / 127.5 - 1
    np.testing.assert_allclose(np.reshape(plain, as_is.shape), as_is, atol=1e-12)
    ways = [as_is, as_is[::-1], as_is[:, ::-1], as_is[::-1, ::-1]]
    seen = [
        next(n for n, way in enumerate(ways) if np.allclose(np.reshape(one, way.shape), way))
        for one in flipped
    ]
    assert len(set(seen)) == 4, "every flip comes up"
    turned = tab.evaluate(
        "pixels => [...cropOf(pixels, 0, 48, 'rotation', () => 0.625)]", crop.reshape(-1).tolist()
    )
    expected = np.rot90(as_is)  # 225 degrees is no multiple of 90, and so another picture
    assert not np.allclose(np.reshape(turned, expected.shape), expected)
    quarter = tab.evaluate(
        "pixels => [...cropOf(pixels, 0, 48, 'rotation', () => 0.75)]", crop.reshape(-1).tolist()
    )
    assert any(np.allclose(np.reshape(quarter, as_is.shape), np.rot90(as_is, k)) for k in (1, 3))
