"""Published crops that are made up: a table as `mammo.data.download.crops` has, and its pictures.

The paths are those of the real repository; the pictures are noise with a bright blob.
"""

import csv
import hashlib
import lzma
from collections.abc import Iterable, Mapping
from io import StringIO
from pathlib import Path

import cv2
import numpy as np

COLUMNS = (
    "file", "split", "patient_id", "laterality", "view", "abnormality_id", "abnormality_type",
    "breast_density", "mass_shape", "mass_margins", "assessment", "pathology", "subtlety",
    "film_series_uid", "published_split", "box_x", "box_y", "box_width", "box_height", "number",
    "bytes", "sha256",
)  # fmt: skip
FOLDER = "/dataset16062024/cbis-ddsm"


def write_published(table: Path, cases: Iterable[Mapping[str, str]]) -> dict[str, bytes]:
    """Write a table of published crops; return the content of each path under the address.

    Each case has `case_id`, `split`, `patient_id`, `laterality`, `view`, `abnormality_id` and
    `pathology`.
    """
    random, files, written = np.random.default_rng(0), {}, StringIO(newline="")
    rows = csv.DictWriter(written, COLUMNS, restval="", extrasaction="ignore", lineterminator="\n")
    rows.writeheader()
    for number, case in enumerate(cases):
        picture = random.normal(90, 9, (128, 128)).clip(0, 255).astype(np.uint8)
        cv2.circle(picture, (64, 64), 20, 200, -1)
        content = cv2.imencode(".png", picture)[1].tobytes()
        benign = case["pathology"] != "MALIGNANT"
        path = (
            f"{FOLDER}/{case['split']}/is_benign_{'true' if benign else 'false'}/"
            f"patientcbis-ddsm__{case['patient_id']}_image{10**38 + number}_mass{number}_is_benign_"
            f"{int(benign)}.png"
        )
        files[path] = content
        rows.writerow(
            dict(case)
            | {
                "file": f"crops/{case['case_id']}.png",
                "abnormality_type": "mass",
                "film_series_uid": f"1.3.6.1.4.1.9590.100.1.2.{10**38 + number}",
                "published_split": case["split"],
                "box_x": "44",
                "box_y": "44",
                "box_width": "40",
                "box_height": "40",
                "number": str(number),
                "bytes": str(len(content)),
                "sha256": hashlib.sha256(content).hexdigest(),
            }
        )
    table.write_bytes(lzma.compress(written.getvalue().encode()))
    return files


def made_up_cases(n: int, split: str = "test") -> list[dict[str, str]]:
    """Return cases of one view each, every second malignant."""
    return [
        {
            "case_id": f"Mass-{'Test' if split == 'test' else 'Training'}_P_{number:05d}_LEFT_CC_1",
            "split": split, "patient_id": f"P_{number:05d}", "laterality": "LEFT", "view": "CC",
            "abnormality_id": "1", "pathology": ("BENIGN", "MALIGNANT")[number % 2],
        }
        for number in range(n)
    ]  # fmt: skip
