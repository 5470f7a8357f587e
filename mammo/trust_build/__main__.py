"""Compute the trust signals of the artifacts from the crops that trained them, and measure them.

    pip install -r requirements-dev.txt
    python -m mammo.trust_build --data DIR

Needed after each training of MobileNetV2, whose embedding it uses; takes about five minutes. Adds
`trust/embeddings.npz` and `trust/trust.json` to the artifacts.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mammo.artifacts import artifacts_folder, attach, load_manifest
from mammo.artifacts.cases import CASES_NAME, read_rows
from mammo.artifacts.manifest import read_files
from mammo.data.table import load_crops, read_pixels
from mammo.errors import DataError, MammoError
from mammo.inference import load_classifier
from mammo.trust.signals import EMBEDDINGS_NAME, TRUST_NAME, Trust, packed
from mammo.trust_build.fit import fit_trust
from mammo.trust_build.measure import neighbours_vote, questioned, spread_figures, zone_figures

MODEL = "mobilenetv2"
DIGITS = 4


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m mammo.trust_build",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of prepared crops")
    parser.add_argument("--out", type=Path, default=None, help="artifacts folder to add it to")
    options = parser.parse_args(arguments)
    try:
        trust = _build(options.data, options.out or artifacts_folder())
    except MammoError as error:
        print(f"mammo.trust_build: {error}", file=sys.stderr)
        return 1
    print(json.dumps(trust.measured, indent=1))
    return 0


def _build(data: Path, out: Path) -> Trust:
    train, test = (_split(data, out, split) for split in ("train", "test"))
    model = load_classifier(MODEL, out)
    embedding = model.embed(train[1])
    trust = fit_trust(MODEL, *train, embedding)
    measured = {
        **trust.measured,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "questioned": questioned(trust, model, *test),
        "vote": {
            "test": neighbours_vote(trust, model.embed(test[1]), test[0]),
            "train, optimistic": neighbours_vote(trust, embedding, train[0]),
        },
        "uncertainty": _uncertainty(out, train[0], *test),
    }
    trust = replace(trust, measured=_rounded(measured))
    models = [f"{name}/model.onnx" for name in load_manifest(out).models]
    attach(EMBEDDINGS_NAME, packed(trust), depends_on=[f"{MODEL}/model.onnx"], folder=out)
    document = json.dumps(trust.measured, indent=1) + "\n"
    attach(TRUST_NAME, document.encode(), depends_on=models, folder=out)
    return trust


def _uncertainty(
    out: Path,
    train: Sequence[Mapping[str, str]],
    test: Sequence[Mapping[str, str]],
    crops: NDArray[np.uint8],
) -> dict[str, Any]:
    models = [load_classifier(name, out) for name in load_manifest(out).models]
    return {
        model.name: zone_figures(model, train, test) | {"flips": spread_figures(model, test, crops)}
        for model in models
    }


def _split(data: Path, out: Path, split: str) -> tuple[list[Mapping[str, str]], NDArray[np.uint8]]:
    """Return the rows of `cases.csv` of one split and their crops, in the same order."""
    rows = read_rows(read_files((CASES_NAME,), out)[CASES_NAME], out / CASES_NAME)
    wanted = [row for row in rows if row["split"] == split]
    table = load_crops(data).set_index("case_id", drop=False)
    missing = [row["case_id"] for row in wanted if row["case_id"] not in table.index]
    if missing:
        raise DataError(
            f"Expected the crops that the models were trained on. {data} lacks {len(missing)} of "
            f"{len(wanted)} {split} crops, the first {missing[0]}. Name the folder of the training."
        )
    return [*wanted], read_pixels(
        table.loc[[row["case_id"] for row in wanted]].reset_index(drop=True)
    )


def _rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _rounded(held) for name, held in value.items()}
    if isinstance(value, list):
        return [_rounded(held) for held in value]
    return round(value, DIGITS) if isinstance(value, float) else value


if __name__ == "__main__":
    raise SystemExit(main())
