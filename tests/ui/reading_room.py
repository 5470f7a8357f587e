"""Serve the tests of the reading room's page: a prepared folder, records, and ways to act on it."""

import csv
from pathlib import Path

import cv2
import numpy as np
from streamlit.testing.v1 import AppTest

from mammo.artifacts import load_manifest
from mammo.reading import Reading, Record, RoundPlan, write_result
from mammo.reading.results_file import Result, fingerprint

PAGE = "pages/5_Reading_room.py"
PLAN = RoundPlan(5, 3, balanced=True)
ADVISED = RoundPlan(5, 3, balanced=True, advice=True)
RATINGS = [80, 20, 60, 40, 10]


def write_crops(tiny_artifacts: Path, folder: Path, split: str = "test") -> Path:
    """Write a prepared folder with a picture for each of the tiny artifacts' rows of a split."""
    (folder / "crops").mkdir()
    with (tiny_artifacts / "cases.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == split]
    names = [name for name in rows[0] if "_score" not in name and "_p" not in name[-2:]]
    random = np.random.default_rng(0)
    with (folder / "index.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["file", *names], extrasaction="ignore")
        writer.writeheader()
        for row in rows:
            name = f"crops/{row['case_id']}.png"
            cv2.imwrite(str(folder / name), random.integers(0, 256, (64, 64), np.uint8))
            writer.writerow({"file": name, **row})
    return folder


def opened(app: AppTest, **link: str) -> AppTest:
    app.run()
    app.switch_page(PAGE)
    for name, text in link.items():
        app.query_params[name] = text
    return app.run()


def texts(page: AppTest) -> str:
    kinds = ("markdown", "caption", "info", "warning", "success", "error", "header", "subheader")
    return "\n".join(str(element.value) for kind in kinds for element in page.get(kind))


def quiet(page: AppTest) -> bool:
    return not page.exception and not page.error


def press(page: AppTest, key: str) -> AppTest:
    return page.button(key=key).click().run()


def whole(plan: RoundPlan, shift: int = 0) -> Record:
    second = [rating + 1 for rating in RATINGS] if plan.advice else [None] * 5
    pairs = zip(RATINGS, second, strict=True)
    return Record(plan, tuple(Reading(a + shift, 3.0, b) for a, b in pairs))


def drop(page: AppTest, files: list[tuple[str, bytes, str]]) -> AppTest:
    """Drop result files into the page."""
    for name, content, kind in files:
        page.file_uploader(key="reading_files").upload(name, content, kind)
    return page.run()


def results(
    tiny_artifacts: Path, plan: RoundPlan, *shifts: int, nickname: str = ""
) -> list[tuple[str, bytes, str]]:
    """Write a result file a shift of the ratings, each of a reader with a name of its own."""
    served = fingerprint(load_manifest(tiny_artifacts))
    return [
        (
            f"r{shift}.csv",
            write_result(
                Result(whole(plan, shift), nickname or f"Reader <{shift}>", served, "0.1.0"), "n"
            ),
            "text/csv",
        )
        for shift in shifts
    ]
