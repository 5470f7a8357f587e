"""Serving: the numbers against a plain second implementation, any batch, any thread, bad input."""

import concurrent.futures
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

import mammo
from mammo import inference
from mammo.artifacts import load_card, load_model, verify
from mammo.artifacts.manifest import sealed
from mammo.errors import ArtifactError, ImageError, SettingsError
from mammo.imaging.preprocess import Preprocessing, prepare
from mammo.inference import Classifier, heat_map, load_classifier
from tests.tiny_artifacts import write_manifest_again, write_tiny_artifacts

ROOT = Path(__file__).resolve().parents[2]
MODELS = ("simple_cnn", "mobilenetv2")

Crops = NDArray[np.uint8]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_artifacts(tmp_path_factory.mktemp("artifacts"))


@pytest.fixture(scope="module", params=MODELS)
def classifier(request: pytest.FixtureRequest, folder: Path) -> Classifier:
    return load_classifier(request.param, folder)


def some_crops(count: int, size: int = 128, seed: int = 0) -> Crops:
    """Draw smooth random crops of different contrast."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, 8, 8)).astype(np.float32)
    smooth = [cv2.resize(c, (size, size), interpolation=cv2.INTER_CUBIC) for c in coarse]
    return np.clip(np.stack(smooth) if count else np.empty((0, size, size)), 0, 255).astype("uint8")


def naive_logits(folder: Path, name: str, crop: Crops) -> list[float]:
    """Return the logits of a crop and its three mirror images, one run each, from plain steps."""
    card, network = load_model(name, folder)
    session = onnxruntime.InferenceSession(network)
    prepared = prepare(crop[np.newaxis], card.preprocessing)[0]
    views = [prepared, np.fliplr(prepared), np.flipud(prepared), np.flipud(np.fliplr(prepared))]
    inputs = [np.ascontiguousarray(view)[np.newaxis] for view in views]
    return [float(session.run(["logit"], {"crops": view})[0][0]) for view in inputs]


# --- the numbers


def test_probability_is_the_calibrated_mean_of_the_flips_logits(
    classifier: Classifier, folder: Path
) -> None:
    crops = some_crops(5)
    calibration = classifier.card.calibration
    for crop, p, raw in zip(crops, classifier.predict(crops), classifier.score(crops), strict=True):
        logit = np.mean(naive_logits(folder, classifier.name, crop))
        expected = 1 / (1 + np.exp(-(calibration.slope * logit + calibration.intercept)))
        assert p == pytest.approx(expected, abs=1e-6)
        assert raw == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-6)


def test_assessment_holds_each_flip(classifier: Classifier, folder: Path) -> None:
    (crop,) = some_crops(1)
    (found,) = classifier.assess(crop)
    logits = np.array(naive_logits(folder, classifier.name, crop))
    assert np.allclose(found.flips_p, classifier.card.calibration.probability(logits), atol=1e-6)
    assert (found.p_low, found.p_high) == (min(found.flips_p), max(found.flips_p))
    assert found.p_low <= found.p_malignant <= found.p_high
    assert found.p_malignant == classifier.predict(crop)[0]
    assert found.score == classifier.score(crop)[0]
    assert np.array_equal(found.embedding, classifier.embed(crop)[0])
    assert found.threshold == 0.45 and found.above == (found.p_malignant >= 0.45)


def test_mirrored_crop_gets_the_same_answer(classifier: Classifier) -> None:
    (crop,) = some_crops(1, seed=3)
    (straight,) = classifier.assess(crop)
    (mirrored,) = classifier.assess(np.ascontiguousarray(crop[:, ::-1]))
    assert mirrored.p_malignant == pytest.approx(straight.p_malignant, abs=1e-6)
    assert mirrored.flips_p[:2] == pytest.approx(straight.flips_p[1::-1], abs=1e-6)
    assert np.allclose(mirrored.cam, straight.cam[:, ::-1], atol=1e-6)
    assert np.allclose(classifier.embed(crop), classifier.embed(crop[::-1, ::-1]), atol=1e-5)


def test_heat_map_is_the_mean_of_the_flips_turned_back(
    classifier: Classifier, folder: Path
) -> None:
    (crop,) = some_crops(1, seed=4)
    card, network = load_model(classifier.name, folder)
    session = onnxruntime.InferenceSession(network)
    total = np.zeros(card.cam_grid)
    for turn in (lambda a: a, np.fliplr, np.flipud, lambda a: np.flipud(np.fliplr(a))):
        view = np.ascontiguousarray(turn(prepare(crop[np.newaxis], card.preprocessing)[0]))
        total += turn(session.run(["cam"], {"crops": view[np.newaxis]})[0][0]) / 4
    assert np.allclose(classifier.assess(crop)[0].cam, total, atol=1e-6)
    enlarged = cv2.resize(total.astype(np.float32), (128, 128))
    assert np.allclose(classifier.explain(crop), enlarged / enlarged.max(), atol=1e-5)


def test_types_and_shapes(classifier: Classifier) -> None:
    crops = some_crops(3)
    for values in (classifier.predict(crops), classifier.score(crops)):
        assert values.dtype == np.float64 and values.shape == (3,)
        assert np.all((values > 0) & (values < 1))
    assert classifier.predict(crops[0]).shape == (1,)
    embedding = classifier.embed(crops)
    assert embedding.dtype == np.float32
    assert embedding.shape == (3, classifier.card.embedding_size)
    heat = classifier.explain(crops[0])
    assert heat.dtype == np.float32 and heat.shape == (128, 128)
    assert heat.min() >= 0 and heat.max() == 1
    assert len(classifier.assess(crops)) == 3
    assert classifier.assess(crops[0])[0].cam.shape == classifier.card.cam_grid


def test_no_crops_give_no_answers(classifier: Classifier) -> None:
    none = some_crops(0)
    assert classifier.predict(none).shape == classifier.score(none).shape == (0,)
    assert classifier.predict(none).dtype == np.float64
    assert classifier.embed(none).shape == (0, classifier.card.embedding_size)
    assert classifier.assess(none) == ()


def test_model_without_flips_looks_once(folder: Path) -> None:
    card, network = load_model("mobilenetv2", folder)
    single = Classifier(replace(card, views=("upright",)), network)
    (crop,) = some_crops(1)
    (found,) = single.assess(crop)
    first = card.calibration.probability(np.array(naive_logits(folder, "mobilenetv2", crop)[0]))
    assert found.flips_p == pytest.approx((float(first),), abs=1e-6)
    assert found.p_low == found.p_malignant == found.p_high


def test_model_of_two_views_looks_at_the_crop_and_its_mirror_image(folder: Path) -> None:
    card, network = load_model("mobilenetv2", folder)
    crops = some_crops(3)
    two = Classifier(replace(card, views=("upright", "mirrored")), network)
    for crop, found in zip(crops, two.assess(crops), strict=True):
        logits = np.array(naive_logits(folder, "mobilenetv2", crop)[:2])
        assert found.flips_p == pytest.approx(card.calibration.probability(logits), abs=1e-6)
        mean = card.calibration.probability(np.array(logits.mean()))
        assert found.p_malignant == pytest.approx(float(mean), abs=1e-6)


# --- batches, threads, memory


@pytest.mark.parametrize("size", [1, 2, 3, 7, 16, 33])
def test_any_batch_gives_the_same_numbers(classifier: Classifier, size: int) -> None:
    crops = some_crops(33, seed=5)
    whole = classifier.predict(crops)
    parts = [classifier.predict(crops[start : start + size]) for start in range(0, 33, size)]
    assert np.abs(np.concatenate(parts) - whole).max() <= 1e-6


def test_one_run_holds_one_input_however_many_crops(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = load_classifier("mobilenetv2", folder)
    session, batches = classifier._session, []

    class Counting:
        def run(self, names: list[str], inputs: dict[str, NDArray[np.float32]]) -> object:
            batches.append(len(inputs["crops"]))
            return session.run(names, inputs)

    monkeypatch.setattr(classifier, "_session", Counting())
    classifier.assess(some_crops(1))
    assert batches == [1] * 4, "one pass for each flip gives answer and heat map"
    classifier.predict(some_crops(50))
    assert batches == [1] * 51 * 4


def test_many_threads_get_the_serial_answers_to_the_digit(folder: Path) -> None:
    models = [load_classifier(name, folder) for name in MODELS]
    crops = some_crops(40, seed=6)
    serial = [[model.assess(crop)[0] for crop in crops] for model in models]

    def assess_all(start: int) -> list[tuple[int, int, inference.Assessment]]:
        order = np.random.default_rng(start).permutation(len(crops))
        return [
            (which, int(i), model.assess(crops[i])[0])
            for i in order
            for which, model in enumerate(models)
        ]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = [answer for part in pool.map(assess_all, range(8)) for answer in part]
    assert len(answers) == 8 * 2 * 40
    for which, i, found in answers:
        expected = serial[which][i]
        assert found.flips_p == expected.flips_p and found.p_malignant == expected.p_malignant
        assert np.array_equal(found.cam, expected.cam)


# --- the crop on its way in


@pytest.mark.parametrize("size", [32, 100, 127, 129, 431, 1000])
def test_crop_of_another_size_is_first_brought_to_the_cards(
    classifier: Classifier, size: int
) -> None:
    (crop,) = some_crops(1, size)
    kind = cv2.INTER_AREA if size > 128 else cv2.INTER_LINEAR
    resized = cv2.resize(crop, (128, 128), interpolation=kind)
    assert classifier.predict(crop) == classifier.predict(np.asarray(resized))
    assert classifier.explain(crop).shape == (size, size)


def test_read_only_and_strided_crops_are_taken_and_left_as_they_are(classifier: Classifier) -> None:
    crops = some_crops(2, 256)
    before = crops.copy()
    crops.setflags(write=False)
    strided = crops[:, ::2, ::2]
    assert np.array_equal(classifier.predict(strided), classifier.predict(strided.copy()))
    classifier.assess(crops)
    assert np.array_equal(crops, before)


@pytest.mark.parametrize("value", [0, 128, 255])
def test_flat_crop_gets_a_finite_answer(classifier: Classifier, value: int) -> None:
    crop = np.full((128, 128), value, np.uint8)
    assert np.isfinite(classifier.predict(crop)).all()
    assert np.isfinite(classifier.explain(crop)).all()


@pytest.mark.parametrize(
    ("crops", "sentence"),
    [
        (np.zeros((128, 128), np.float32), "array of uint8.*Received: float32"),
        (np.zeros((128, 128), np.uint16), "Received: uint16"),
        (np.full((128, 128), np.nan), "Received: float64"),
        ([[0] * 128] * 128, "Received: list"),
        (None, "Received: NoneType"),
        (np.zeros((100, 128), np.uint8), r"square and grey.*Received: shape \(100, 128\)"),
        (np.zeros((2, 100, 128), np.uint8), r"Received: shape \(2, 100, 128\)"),
        (np.zeros((128, 128, 3), np.uint8), r"Received: shape \(128, 128, 3\)"),
        (np.zeros((1, 1, 128, 128), np.uint8), "square and grey"),
        (np.zeros(128, np.uint8), "square and grey"),
        (np.uint8(3), "Received: uint8|square and grey"),
        (np.zeros((1, 1), np.uint8), "at least 32 x 32 pixels"),
        (np.zeros((4, 31, 31), np.uint8), "at least 32 x 32 pixels"),
        (np.zeros((0, 0), np.uint8), "at least 32 x 32 pixels"),
    ],
)
def test_what_is_no_crop_is_refused_by_a_sentence(
    classifier: Classifier, crops: Crops, sentence: str
) -> None:
    for ask in (classifier.predict, classifier.score, classifier.embed, classifier.assess):
        with pytest.raises(ImageError, match=sentence):
            ask(crops)
    with pytest.raises(ImageError):
        classifier.explain(crops)


def test_heat_map_of_several_crops_is_refused(classifier: Classifier) -> None:
    with pytest.raises(ImageError, match=r"one crop of shape \(S, S\). Received: shape \(2, "):
        classifier.explain(some_crops(2))


def test_unknown_method_is_refused(classifier: Classifier) -> None:
    with pytest.raises(SettingsError, match=r"one of grad-cam, .*Received: method='lime'"):
        classifier.explain(some_crops(1)[0], method="lime")


# --- heat maps


def test_empty_heat_map_stays_empty() -> None:
    assert not heat_map(np.zeros((7, 7), np.float32), 128).any()


def test_faintest_heat_map_still_peaks_at_one() -> None:
    cam = np.zeros((14, 14), np.float32)
    cam[3, 5] = 1e-30
    heat = heat_map(cam, 128)
    assert heat.max() == 1 and heat.min() == 0
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    assert (row * 14 // 128, column * 14 // 128) == (3, 5)


# --- loading


def test_altered_network_is_refused(folder: Path, tmp_path: Path) -> None:
    broken = write_tiny_artifacts(tmp_path / "artifacts")
    path = broken / "mobilenetv2" / "model.onnx"
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ArtifactError, match="does not match its checksum"):
        load_classifier("mobilenetv2", broken)
    assert load_classifier("simple_cnn", broken).name == "simple_cnn"


@pytest.mark.parametrize("content", [b"", b"no network", b"\x08\x09" * 50])
def test_file_that_is_no_network_is_refused(tmp_path: Path, content: bytes) -> None:
    broken = write_tiny_artifacts(tmp_path / "artifacts")
    (broken / "mobilenetv2" / "model.onnx").write_bytes(content)
    write_manifest_again(broken)
    with pytest.raises(ArtifactError, match=r"mobilenetv2 cannot be loaded by ONNX Runtime \d"):
        load_classifier("mobilenetv2", broken)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"embedding_size": 99}, r"embedding should be of shape \('n', 99\), but is \['n', 5\]"),
        ({"cam_grid": (6, 7)}, r"cam should be of shape \('n', 6, 7\)"),
        ({"preprocessing": Preprocessing(input_size=96)}, r"crops should be of shape \('n', 96"),
    ],
)
def test_network_that_does_not_fit_its_card_is_refused(
    folder: Path, changes: dict[str, object], sentence: str
) -> None:
    card, network = load_model("mobilenetv2", folder)
    with pytest.raises(ArtifactError, match=sentence):
        Classifier(replace(card, **changes), network)  # type: ignore[arg-type]


def test_network_without_an_output_or_with_a_fixed_batch_is_refused(folder: Path) -> None:
    import onnx

    card, network = load_model("mobilenetv2", folder)
    graph = onnx.load_from_string(network)
    graph.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    with pytest.raises(ArtifactError, match=r"crops should be of shape .* but is \[1, 224, 224\]"):
        Classifier(card, graph.SerializeToString())
    graph = onnx.load_from_string(network)
    del graph.graph.output[2]
    with pytest.raises(ArtifactError, match=r"cam should be of shape .* but is absent"):
        Classifier(card, graph.SerializeToString())


@pytest.mark.parametrize(
    ("weight", "value"),
    [
        ("kernel", np.nan), ("dense", np.nan), ("bias", np.nan), ("kernel", np.inf),
        ("kernel", -np.inf), ("dense", np.inf), ("bias", -np.inf),
    ],
)  # fmt: skip
def test_a_well_sealed_network_whose_weights_are_no_numbers_is_refused(
    tmp_path: Path, weight: str, value: float
) -> None:
    import onnx
    from onnx import numpy_helper

    folder = write_tiny_artifacts(tmp_path / "artifacts")
    path = folder / "mobilenetv2" / "model.onnx"
    network = onnx.load(path)
    tensor = next(one for one in network.graph.initializer if one.name == weight)
    values = numpy_helper.to_array(tensor).copy()
    values.flat[0] = value
    tensor.CopyFrom(numpy_helper.from_array(values, weight))
    onnx.save(network, path)
    write_manifest_again(folder)
    manifest = folder / "manifest.json"
    manifest.write_bytes(sealed(json.loads(manifest.read_bytes())))
    verify(folder)
    with pytest.raises(
        ArtifactError, match=f"weights of mobilenetv2 should be finite numbers, but {weight} holds"
    ):
        load_classifier("mobilenetv2", folder)
    assert load_classifier("simple_cnn", folder).name == "simple_cnn"


def test_unknown_model_is_refused(folder: Path) -> None:
    with pytest.raises(ArtifactError, match="There is no trained model 'resnet'"):
        load_classifier("resnet", folder)


def test_default_folder_is_the_one_of_the_variable(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAMMO_ARTIFACTS", str(folder))
    assert mammo.load_classifier("mobilenetv2").card == load_card("mobilenetv2", folder)


# --- what an import brings with it

HEAVY_SERVING = """
import json, sys
from pathlib import Path
import numpy as np
import mammo
crops = np.random.default_rng(0).integers(0, 256, (3, 128, 128), dtype=np.uint8)
for name in ("simple_cnn", "mobilenetv2"):
    model = mammo.load_classifier(name, Path(sys.argv[1]))
    assert model.predict(crops).shape == (3,)
    assert model.explain(crops[0]).shape == (128, 128)
print(json.dumps(sorted(name for name in sys.modules if "." not in name)))
"""
LIGHT_IMPORT = """
import json, sys
import mammo
assert mammo.__version__ and "load_classifier" in dir(mammo)
assert issubclass(mammo.MammoError, Exception)
print(json.dumps(sorted(name for name in sys.modules if "." not in name)))
"""


def modules_after(program: str, *arguments: str) -> set[str]:
    command = [sys.executable, "-W", "error", "-c", program, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def test_serving_brings_in_no_training_library(folder: Path) -> None:
    loaded = modules_after(HEAVY_SERVING, str(folder))
    assert "onnxruntime" in loaded
    assert not loaded & {"tensorflow", "keras", "torch", "streamlit", "tf2onnx", "pandas"}


def test_import_of_mammo_is_light() -> None:
    heavy = {"tensorflow", "keras", "torch", "streamlit", "pandas", "onnxruntime", "cv2", "numpy"}
    assert not modules_after(LIGHT_IMPORT) & heavy


def test_public_names_are_all_there() -> None:
    for name in mammo.__all__:
        assert getattr(mammo, name) is getattr(mammo, name)
    with pytest.raises(AttributeError, match="module 'mammo' has no attribute 'nothing'"):
        mammo.nothing  # noqa: B018
