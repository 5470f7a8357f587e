"""Measure how far each method's heat maps can be trusted, on the official test set.

    pip install -r requirements-train.txt
    python -m mammo.explain.audit --data DIR
    python -m mammo.explain.audit --data DIR --models simple_cnn --limit 20

Needed after each training; adds `audit/<model>.json` to the artifacts. For every crop it draws the
maps of all methods and deletes and inserts the crop by them; for every third it draws them again
for a network of shuffled weights, for every sixth for a mirror image. Where the data record the
lesion's box, it measures how the maps lie on it. Killed, the same command goes on.
"""

import argparse
import json
import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mammo.artifacts import artifacts_folder, attach, load_manifest
from mammo.data.table import load_crops, read_pixels
from mammo.errors import DataError, MammoError, SettingsError
from mammo.explain.audit.examine import Subject, examine, subject_of
from mammo.explain.audit.shuffled import shuffled_network
from mammo.explain.audit.summary import summary
from mammo.explain.findings import audit_name, load_audit
from mammo.explain.lesion import box_in_crop
from mammo.inference import Classifier, load_classifier

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

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
    try:
        models = options.models or load_manifest(out).models
        table = _test_crops(options.data, options.limit)
        for name in models:
            figures = _audit(load_classifier(name, out), table, out, work, options.jobs)
            figures |= {"command": _as_typed(given), "model": name}
            attach(
                audit_name(name), (json.dumps(figures, indent=1) + "\n").encode(),
                depends_on=[f"{name}/model.onnx"], folder=out,
            )  # fmt: skip
            _print_findings(name, out)
    except MammoError as error:
        print(f"mammo.explain.audit: {error}", file=sys.stderr)
        return 1
    return 0


def _test_crops(data: Path, limit: int | None) -> "pd.DataFrame":
    """Return the table of the test crops; of a limited number, spread evenly over them."""
    if limit is not None and limit < 1:
        raise SettingsError(f"--limit must be at least 1. Received: {limit}.")
    table = load_crops(data)
    table = table[table["split"] == "test"].reset_index(drop=True)
    if table.empty:
        raise DataError(f"Expected test crops in {data}, but no row of its table says test.")
    if limit is not None and limit < len(table):
        table = table.iloc[np.linspace(0, len(table) - 1, limit).astype(int)]
    return table.reset_index(drop=True)


def _audit(
    model: Classifier, table: "pd.DataFrame", out: Path, work: Path, jobs: int
) -> dict[str, Any]:
    """Examine every crop, those that an earlier run left out, and sum up."""
    sha = load_manifest(out).files[f"{model.name}/model.onnx"].sha256
    place = work / f"audit-{model.name}-{sha[:12]}-{len(table)}"
    place.mkdir(parents=True, exist_ok=True)
    subject = subject_of(model, _shuffled(model, table, out, place))
    found = _examined(subject, table, place / "crops.jsonl", jobs)
    figures = summary([found[name] for name in table["case_id"]])
    shutil.rmtree(place)
    return figures | {"created": datetime.now(UTC).isoformat(timespec="seconds")}


def _shuffled(model: Classifier, table: "pd.DataFrame", out: Path, place: Path) -> list[bytes]:
    """Return the shuffled networks, those of an earlier run as they are."""
    paths = [place / f"shuffled-{seed}.onnx" for seed in range(SHUFFLES)]
    some = table.iloc[np.linspace(0, len(table) - 1, min(MEASURED, len(table))).astype(int)]
    crops = read_pixels(some.reset_index(drop=True))
    pictures = np.concatenate([model.views(crop).pictures[:1] for crop in crops])
    for seed, path in enumerate(paths):
        if not path.is_file():
            written = path.with_suffix(".tmp")
            written.write_bytes(shuffled_network(model.name, out, seed, pictures))
            written.replace(path)
    return [path.read_bytes() for path in paths]


def _examined(
    subject: Subject, table: "pd.DataFrame", path: Path, jobs: int
) -> dict[str, dict[str, Any]]:
    """Return what was found of each crop by its case; write each down once it is known."""
    from tqdm import tqdm

    found = _read(path)
    rows = [row for row in table.to_dict("records") if row["case_id"] not in found]
    numbers = {case: number for number, case in enumerate(table["case_id"])}
    pixels = read_pixels(table)

    def one(row: dict[Any, Any]) -> dict[str, Any]:
        number = numbers[row["case_id"]]
        crop: NDArray[np.uint8] = pixels[number]
        figures = examine(subject, crop, number, box_in_crop(row, len(crop)))
        return {"case_id": row["case_id"], "patient_id": row["patient_id"], **figures}

    with (
        path.open("a", encoding="utf-8") as file,
        ThreadPoolExecutor(jobs) as pool,
        tqdm(desc=subject.model.card.title, total=len(table), initial=len(found)) as bar,
    ):
        for figures in pool.map(one, rows):
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


def _print_findings(model: str, out: Path) -> None:
    audit = load_audit(model, out)
    for found in audit.methods.values() if audit else ():
        print(found.verdict, found.faithfulness, found.stability, sep="\n", end="\n\n")
    if audit:
        print(audit.lesion_words)


def _as_typed(given: Sequence[str]) -> str:
    """Write the command for the result, of each path its name alone: it may name a person."""
    words = [Path(word).name if os.sep in word else word for word in given]
    return shlex.join(["python", "-m", "mammo.explain.audit", *words])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mammo.explain.audit",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of prepared crops")
    parser.add_argument("--models", nargs="+", metavar="MODEL", help="default: all of them")
    parser.add_argument("--limit", type=int, help="this many crops, spread evenly; default: all")
    parser.add_argument("--jobs", type=int, default=2, help="crops at once; default: 2")
    parser.add_argument("--out", type=Path, help="artifacts folder to add it to")
    parser.add_argument(
        "--work", type=Path, help=f"folder for unfinished runs; default: {WORK_FOLDER} beside --out"
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
