"""Measure how far each method's heat maps can be trusted, on the official test set.

    pip install -r requirements-train.txt
    python -m mammo.training.audit --data DIR
    python -m mammo.training.audit --data DIR --models simple_cnn --limit 20
    python -m mammo.training.audit --data DIR --lesions

Needed after each training; adds `audit/<model>.json` to the artifacts. For every crop it draws the
maps of all methods and deletes and inserts the crop by them; for every third it draws them again
for a network of shuffled weights, for every sixth for a mirror image. Where the data record the
lesion's box (`box_x`, `box_y`, `box_width`, `box_height`, in pixels of the crop), it measures how
the maps lie on it; `--lesions` adds this alone to an earlier audit. Killed, the same command goes
on; so does a run over all crops after one over a few (`--limit`).
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mammo.artifacts import artifacts_folder, attach, load_card, load_manifest
from mammo.artifacts.contents import attached_document
from mammo.artifacts.manifest import read_files
from mammo.command_line import as_typed, command_parser, exit_status, set_tensorflow_up
from mammo.data.table import BOX, fingerprint, load_crops, read_pixels
from mammo.errors import DataError, SettingsError
from mammo.files import write_whole
from mammo.inference import Classifier, load_classifier
from mammo.inference.audit import SCHEMA, audit_name, load_audit
from mammo.inference.sanity import box_in_crop
from mammo.settings import recipe_of
from mammo.training.audit_measures import (
    Subject,
    examine,
    lesion_figures,
    maps_of,
    maps_on_lesion,
    subject_of,
    summary,
)

if TYPE_CHECKING:
    import pandas as pd


Row = dict[Any, Any]

WORK_FOLDER = ".mammo-work"
MEASURED = 32
"""Crops on which the batch normalisations of a shuffled network measure anew."""

SHUFFLES = 2
"""Shuffled networks, dealt to the crops in turn, so that no single shuffle decides."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = _parser().parse_args(given)
    out = options.out or artifacts_folder()
    work = options.work or out.resolve().parent / WORK_FOLDER

    def audit() -> None:
        models = options.models or load_manifest(out).models
        table = _test_crops(options.data)
        chosen = _spread(len(table), options.limit)
        for name in models:
            model = load_classifier(name, out)
            figures = {"command": as_typed("mammo.training.audit", given), "model": name}
            if options.lesions:
                figures |= _with_lesions(model, table.iloc[chosen], out, options.jobs)
            else:
                figures |= _audit(model, table, chosen, out, work, options.jobs)
            attach(
                audit_name(name), (json.dumps(figures, indent=1) + "\n").encode(),
                depends_on=[f"{name}/model.onnx"], folder=out,
            )  # fmt: skip
            if found := load_audit(name, out):
                for one in found.methods.values():
                    print(one.verdict, one.faithfulness, one.stability, found.on_lesion(one.key),
                          sep="\n", end="\n\n")  # fmt: skip

    return exit_status("mammo.training.audit", audit, work)


def _test_crops(data: Path) -> "pd.DataFrame":
    table = load_crops(data)
    table = table[table["split"] == "test"].reset_index(drop=True)
    if table.empty:
        raise DataError(f"Expected test crops in {data}, but no row of its table says test.")
    return table


def _spread(count: int, limit: int | None) -> list[int]:
    """Return which of some crops are examined: all, or a limited number, spread evenly."""
    if limit is not None and limit < 1:
        raise SettingsError(f"--limit must be at least 1. Received: {limit}.")
    wanted = count if limit is None else min(limit, count)
    return [int(place) for place in np.linspace(0, count - 1, wanted)]


def _audit(
    model: Classifier, table: "pd.DataFrame", chosen: Sequence[int], out: Path, work: Path,
    jobs: int,
) -> dict[str, Any]:  # fmt: skip
    """Examine the chosen crops, those that an earlier run left out, and sum up."""
    sha = load_manifest(out).files[f"{model.name}/model.onnx"].sha256
    pixels = read_pixels(table)
    place = work / f"audit-{model.name}-{sha[:12]}-{fingerprint(table, pixels)[:12]}"
    place.mkdir(parents=True, exist_ok=True)
    subject = subject_of(model, _shuffled(model, pixels, out, place))
    rows = table.to_dict("records")
    wanted = [(number, rows[number], pixels[number]) for number in chosen]
    found = _examined(subject, wanted, place / "crops.jsonl", jobs)
    figures = summary([found[row["case_id"]] for _, row, _ in wanted])
    if len(found) == len(table):
        shutil.rmtree(place)
    return figures | {"created": datetime.now(UTC).isoformat(timespec="seconds")}


def _with_lesions(model: Classifier, table: "pd.DataFrame", out: Path, jobs: int) -> dict[str, Any]:
    """Return an earlier audit with what the maps of these crops show of the lesions' boxes."""
    from tqdm import tqdm

    earlier = attached_document(audit_name(model.name), out, SCHEMA)
    if earlier is None:
        raise SettingsError(
            f"Expected an audit of {model.name} to add the lesions to. Received: none in {out}. "
            "Run the command without --lesions."
        )
    pixels, rows = read_pixels(table), [*map(dict, table.to_dict("records"))]
    boxes = [
        box_in_crop({name: row.get(name) for name in BOX}, len(crop))
        for row, crop in zip(rows, pixels, strict=True)
    ]
    wanted = [one for one in zip(rows, pixels, boxes, strict=True) if one[2] is not None]
    if not wanted:
        raise DataError(
            f"Expected the lesion's box in the table of crops ({', '.join(BOX)}). Received: none "
            "for these crops. mammo.prepare records the boxes of crops that it cuts from films."
        )

    def one_crop(one: tuple[Row, NDArray[np.uint8], Any]) -> dict[str, Any]:
        row, crop, box = one
        on_box = maps_on_lesion(crop, box, maps_of(model, crop))
        return {"patient_id": row["patient_id"], "lesion": on_box}

    with ThreadPoolExecutor(jobs) as pool:
        bar = tqdm(pool.map(one_crop, wanted), desc=model.card.title, total=len(wanted))
        return earlier.fields | {"lesion": lesion_figures([*bar])}


def _shuffled(model: Classifier, crops: NDArray[np.uint8], out: Path, place: Path) -> list[bytes]:
    """Return the shuffled networks, those of an earlier run as they are."""
    paths = [place / f"shuffled-{seed}.onnx" for seed in range(SHUFFLES)]
    some = [model.views(crops[number]) for number in _spread(len(crops), MEASURED)]
    pictures = np.concatenate([views.pictures[:1] for views in some])
    for seed, path in enumerate(paths):
        if not path.is_file():
            write_whole(path, shuffled_network(model.name, out, seed, pictures))
    return [path.read_bytes() for path in paths]


def _examined(
    subject: Subject, wanted: Sequence[tuple[int, Row, NDArray[np.uint8]]], path: Path, jobs: int
) -> dict[str, dict[str, Any]]:
    """Return what was found of each crop by its case; write each down once it is known."""
    from tqdm import tqdm

    found = _read(path)
    left = [one for one in wanted if one[1]["case_id"] not in found]

    def one_crop(one: tuple[int, Row, NDArray[np.uint8]]) -> dict[str, Any]:
        number, row, crop = one
        figures = examine(subject, crop, number, box_in_crop(row, len(crop)))
        return {"case_id": row["case_id"], "patient_id": row["patient_id"], **figures}

    with (
        path.open("a", encoding="utf-8") as file,
        ThreadPoolExecutor(jobs) as pool,
        tqdm(
            desc=subject.model.card.title, total=len(wanted), initial=len(wanted) - len(left)
        ) as bar,
    ):
        for figures in pool.map(one_crop, left):
            file.write(json.dumps(figures) + "\n")
            file.flush()
            found[figures["case_id"]] = figures
            bar.update()
    return found


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """Return what an earlier run wrote down; a line that a kill cut short is cut off."""
    if not path.is_file():
        return {}
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    path.write_bytes(whole)
    return {found["case_id"]: found for found in map(json.loads, whole.splitlines())}


def _parser() -> argparse.ArgumentParser:
    parser = command_parser("mammo.training.audit", __doc__)
    add = parser.add_argument
    add("--data", type=Path, required=True, help="folder of prepared crops")
    add("--models", nargs="+", metavar="MODEL", help="default: all of them")
    add("--limit", type=int, help="this many crops, spread evenly; default: all")
    add("--lesions", action="store_true", help="add only how the maps lie on the lesions' boxes")
    add("--jobs", type=int, default=2, help="crops at once; default: 2")
    add("--out", type=Path, help="artifacts folder to add it to")
    place = f"{WORK_FOLDER} beside --out"
    add("--work", type=Path, help=f"folder for unfinished runs; default: {place}")
    return parser


def shuffled_network(model: str, folder: Path, seed: int, pictures: NDArray[np.float32]) -> bytes:
    """Return the untrained network of the randomisation test, as an ONNX file.

    The weights of each convolution and dense layer are dealt anew among their places, so that the
    network has learnt nothing but keeps the size of its numbers. Batch normalisations then measure
    their means and spreads anew, on some crops: with the old ones most maps stand still at 0 or 6
    whatever the crop, and any method would pass against a network that sees nothing. Built with
    Keras and exported as training does, so that its Grad-CAM is as exact as the trained network's.

    Adebayo et al. 2018, "Sanity Checks for Saliency Maps", NeurIPS, arXiv 1810.03292, section 4.
    The pictures are prepared crops, float32 (n, I, I), 0-255.
    """
    set_tensorflow_up()
    import keras

    from mammo.training.export import export_onnx, serving_model
    from mammo.training.networks import build_network

    name, random = f"{model}/model.weights.h5", np.random.default_rng(seed)
    network = build_network(model, recipe_of(load_card(model, folder).settings))
    with tempfile.TemporaryDirectory() as place:
        weights, written = Path(place) / "model.weights.h5", Path(place) / "model.onnx"
        weights.write_bytes(read_files([name], folder)[name])
        network.load_weights(weights)
        for weight in network.weights:
            values = weight.numpy()
            if values.ndim > 1:  # biases stay
                weight.assign(random.permutation(values.ravel()).reshape(values.shape))
        for layer in network.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.momentum = 0.0
        network(pictures[..., np.newaxis], training=True)
        export_onnx(serving_model(network), written)
        return written.read_bytes()


if __name__ == "__main__":
    raise SystemExit(main())
