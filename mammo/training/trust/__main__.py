"""Compute the trust signals of the artifacts from the crops that trained them, and measure them.

    pip install -r requirements-dev.txt
    python -m mammo.training.trust --data DIR
    python -m mammo.training.trust --data DIR --former trust.json

Needed after each training of MobileNetV2, whose embedding it uses; takes about five minutes. Adds
`trust/embeddings.npz` and `trust/trust.json` to the artifacts. Where the simple CNN alone was
trained anew, the second takes all that rests on MobileNetV2 from the former `trust/trust.json`.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mammo.artifacts import artifacts_folder, attach, load_manifest, read_attachment
from mammo.artifacts.contents import CASES_NAME, read_rows
from mammo.artifacts.manifest import read_files
from mammo.command_line import exit_status
from mammo.data.table import load_crops, read_pixels
from mammo.errors import DataError
from mammo.inference import load_classifier
from mammo.inference.trust import EMBEDDINGS_NAME, TRUST_NAME, Trust, packed
from mammo.training.trust.fit import fit_trust
from mammo.training.trust.measure import neighbours_vote, questioned, spread_figures, zone_figures

MODEL = "mobilenetv2"
DIGITS = 4


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m mammo.training.trust",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of prepared crops")
    parser.add_argument("--out", type=Path, default=None, help="artifacts folder to add it to")
    parser.add_argument(
        "--former", type=Path, help=f"the former trust.json, where {MODEL} is what it was"
    )
    options = parser.parse_args(arguments)

    def build() -> None:
        out = options.out or artifacts_folder()
        if options.former is None:
            measured = _build(options.data, out).measured
        else:
            measured = _renew(options.data, out, options.former)
        print(json.dumps(measured, indent=1))

    return exit_status("mammo.training.trust", build, options.data)


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
        "uncertainty": _uncertainty(out, load_manifest(out).models, train[0], *test),
    }
    trust = replace(trust, measured=_rounded(measured))
    attach(EMBEDDINGS_NAME, packed(trust), depends_on=[f"{MODEL}/model.onnx"], folder=out)
    _attach_document(trust.measured, out)
    return trust


def _renew(data: Path, out: Path, former: Path) -> Mapping[str, Any]:
    """Measure the uncertainty of the other models anew, and keep what rests on the embedding."""
    # A training that changes the embedding's model drops the embeddings from the artifacts.
    if read_attachment(EMBEDDINGS_NAME, out) is None:
        raise DataError(
            f"{MODEL} was trained anew, so nothing of {former.name} holds: leave --former out."
        )
    try:
        document = dict(json.loads(former.read_text(encoding="utf-8")))
        known = dict(document["uncertainty"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{former} is no trust.json of this command: {error}.") from error
    train, test = (_split(data, out, split) for split in ("train", "test"))
    others = [name for name in load_manifest(out).models if name != MODEL]
    document["uncertainty"] = known | _rounded(_uncertainty(out, others, train[0], *test))
    document["created"] = datetime.now(UTC).isoformat(timespec="seconds")
    _attach_document(document, out)
    return document


def _attach_document(measured: Mapping[str, Any], out: Path) -> None:
    models = [f"{name}/model.onnx" for name in load_manifest(out).models]
    document = json.dumps(measured, indent=1) + "\n"
    attach(TRUST_NAME, document.encode(), depends_on=models, folder=out)


def _uncertainty(
    out: Path,
    names: Sequence[str],
    train: Sequence[Mapping[str, str]],
    test: Sequence[Mapping[str, str]],
    crops: NDArray[np.uint8],
) -> dict[str, Any]:
    models = [load_classifier(name, out) for name in names]
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
