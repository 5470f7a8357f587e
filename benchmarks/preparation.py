"""Measure preparation at full size: all 3,568 rows of the case files, killed once and resumed.

    python -m benchmarks.preparation --csv FOLDER
    python -m benchmarks.preparation --csv FOLDER --memory

A tree like Kaggle's is drawn, with a picture for every film, mask and crop that the case files
name, but small ones, so that it shows what the joining, the bookkeeping and the memory cost; what
a film of full size costs is measured on the eight real films that come with the installation.
That memory stays flat is shown by a real film under the names of 10 and of 80 rows; `--memory`
measures that alone. Writes `benchmarks/preparation.json`. Let nothing else run meanwhile.
"""

import argparse
import csv
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mammo import cut_lesion, example_lesions, read_image
from mammo.data.preparation.case_files import CASE_FILES, CaseRow, read_case_file
from mammo.data.preparation.tree import find_case_files

RESULT = Path(__file__).with_suffix(".json")
FILM_SHAPE = (400, 240)
CROP_SIDE = 64
FEW_ROWS, MANY_ROWS = 10, 80


def main() -> None:
    """Draw the tree, prepare it whole and in two parts, and write what it took."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--csv", type=Path, required=True, help="the four case files' folder")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--memory", action="store_true", help="measure the memory alone")
    parser.add_argument("--json", type=Path, default=RESULT, help="(default: %(default)s)")
    options = parser.parse_args()
    if options.memory:
        found = json.loads(options.json.read_text()) | memory_of_all_rows(options)
    else:
        found = measure(options)
    found |= memory_with_films(options.csv)
    options.json.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Return what all rows cost with small pictures, in one go and killed half way."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        rows = draw_tree(folder / "tree", options.csv)
        whole = prepare(folder / "tree", folder / "whole", options.jobs)
        resumed = prepare_in_two_parts(folder / "tree", folder / "parts", options.jobs, whole[0])
        report = json.loads((folder / "whole" / "report.json").read_text())
        same = same_index(folder / "whole", folder / "parts")
    film = seconds_of_a_film()
    return {
        "rows": len(rows),
        "lesions": report["lesions"],
        "patients_in_both_halves": len(report["patients_in_both_halves"]),
        "seconds": round(whole[0], 1),
        "rows_a_second": round(len(rows) / whole[0], 1),
        "largest_process_mb": round(whole[1], 1),
        "killed_after_rows": resumed[0],
        "resumed_seconds": round(resumed[1], 1),
        "resumed_index_is_the_same": same,
        "seconds_of_a_real_film_one_core": round(film, 2),
        "machine": {
            "cores": os.cpu_count(), "jobs": options.jobs, "python": platform.python_version(),
            "load_before": round(os.getloadavg()[0], 1),
        },
    }  # fmt: skip


def memory_of_all_rows(options: argparse.Namespace) -> dict[str, float]:
    """Return the MB of the largest process that prepares all rows with small pictures."""
    with tempfile.TemporaryDirectory() as place:
        draw_tree(Path(place) / "tree", options.csv)
        _, peak = prepare(Path(place) / "tree", Path(place) / "out", options.jobs)
    return {"largest_process_mb": round(peak, 1)}


def memory_with_films(case_files: Path) -> dict[str, float]:
    """Return the MB of a process that prepares few and many rows, each on a film of full size."""
    film = read_image(example_lesions()[0].film).pixels
    mask = np.zeros_like(film)
    mask[1000:1300, 800:1100] = 255
    jpegs = [
        cv2.imencode(".jpg", picture)[1].tobytes() for picture in (film, film[:300, :300], mask)
    ]
    return {
        f"mb_after_{count}_real_films": round(_memory(case_files, count, jpegs), 1)
        for count in (FEW_ROWS, MANY_ROWS)
    }


def _memory(case_files: Path, count: int, jpegs: list[bytes]) -> float:
    """Prepare the first rows of the masses, each on a film of its own, in one process."""
    with tempfile.TemporaryDirectory() as place:
        tree = Path(place) / "tree"
        (tree / "csv").mkdir(parents=True)
        name = CASE_FILES["mass", "train"]
        with (case_files / name).open(newline="", encoding="utf-8") as file:
            head, *lines = csv.reader(file)
        films = {line[11]: line for line in lines}
        for path, kept in ((name, list(films.values())[:count]), (CASE_FILES["mass", "test"], [])):
            with (tree / "csv" / path).open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows([head, *kept])
        for row in read_case_file(tree / "csv" / name, ("mass", "train")):
            series = row.film_series, row.pair_series[0], row.pair_series[-1]
            for number, (one, jpeg) in enumerate(zip(series, jpegs, strict=True), start=1):
                write(tree / "jpeg" / one / f"{number}-{number}.jpg", jpeg)
        out = Path(place) / "out"
        run = [*command(tree, out, 1), "--partial"]
        run[run.index("--abnormality") + 1] = "mass"
        _, peak = run_and_watch(run)
        windows = json.loads((out / "report.json").read_text())["lesions"]["window"]
        if windows != count:
            raise RuntimeError(f"{windows} of {count} lesions were cut from their films.")
        return peak


def draw_tree(folder: Path, case_files: Path) -> list[CaseRow]:
    """Write `csv/` and `jpeg/<series>/*.jpg`, a small picture for each that the rows name."""
    files = find_case_files(case_files, "all")
    (folder / "csv").mkdir(parents=True)
    for part, path in files.items():
        shutil.copy(path, folder / "csv" / CASE_FILES[part])
    rows = [row for part, path in files.items() for row in read_case_file(path, part)]
    random = np.random.default_rng(0)
    film = random.integers(0, 200, FILM_SHAPE).astype(np.uint8)
    crop = random.integers(0, 256, (CROP_SIDE, CROP_SIDE)).astype(np.uint8)
    mask = np.zeros(FILM_SHAPE, dtype=np.uint8)
    mask[150:190, 90:140] = 255
    film_jpeg, crop_jpeg, mask_jpeg = (
        cv2.imencode(".jpg", picture)[1].tobytes() for picture in (film, crop, mask)
    )
    for row in rows:
        write(folder / "jpeg" / row.film_series / "1-1.jpg", film_jpeg)
        write(folder / "jpeg" / row.pair_series[0] / "1-1.jpg", crop_jpeg)
        write(folder / "jpeg" / row.pair_series[-1] / "2-2.jpg", mask_jpeg)
    return rows


def write(path: Path, content: bytes) -> None:
    """Write a file, its folder first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def command(tree: Path, out: Path, jobs: int) -> list[str]:
    """Return the command that a user types."""
    return [
        sys.executable, "-m", "mammo.prepare", "--data", str(tree), "--out", str(out),
        "--abnormality", "all", "--jobs", str(jobs),
    ]  # fmt: skip


def prepare(tree: Path, out: Path, jobs: int) -> tuple[float, float]:
    """Return the seconds of a preparation, and the MB of its largest process."""
    return run_and_watch(command(tree, out, jobs))


def run_and_watch(run: list[str]) -> tuple[float, float]:
    """Run a command; return its seconds, and the MB that the largest of its processes once held.

    The kernel's own account of a finished child (`ru_maxrss`) begins at what its parent held when
    it was started, so the high-water marks are read while the processes live.
    """
    start, peak = time.perf_counter(), 0.0
    quiet = subprocess.DEVNULL
    with subprocess.Popen(run, stdout=quiet, stderr=quiet, start_new_session=True) as process:
        while process.poll() is None:
            peak = max(peak, largest_of_session(process.pid))
            time.sleep(0.02)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, run)
    return time.perf_counter() - start, peak


def largest_of_session(session: int) -> float:
    """Return the high-water mark, MB, of the largest living process of a session (Linux)."""
    largest = 0.0
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(place.name)) != session:
                continue
            status = (place / "status").read_text()
        except OSError:
            continue  # it has just ended
        marks = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
        largest = max(largest, *(float(mark) / 1000 for mark in marks), 0.0)
    return largest


def prepare_in_two_parts(tree: Path, out: Path, jobs: int, seconds: float) -> tuple[int, float]:
    """Kill a preparation half way and run it again; return the rows kept and the rest's seconds."""
    with subprocess.Popen(
        command(tree, out, jobs), stderr=subprocess.DEVNULL, start_new_session=True
    ) as run:
        time.sleep(seconds / 2)
        os.killpg(run.pid, signal.SIGKILL)
    notes = out / ".prepare" / "rows.jsonl"
    kept = len(notes.read_text().splitlines()) - 1 if notes.is_file() else 0
    start = time.perf_counter()
    subprocess.run(command(tree, out, jobs), check=True, stderr=subprocess.DEVNULL)
    return kept, time.perf_counter() - start


def same_index(whole: Path, parts: Path) -> bool:
    """Say whether both runs left the same table and the same crops."""
    names = sorted(path.name for path in (whole / "crops").iterdir())
    return (
        (whole / "index.csv").read_bytes() == (parts / "index.csv").read_bytes()
        and names == sorted(path.name for path in (parts / "crops").iterdir())
        and all(
            (whole / "crops" / name).read_bytes() == (parts / "crops" / name).read_bytes()
            for name in names
        )
    )


def seconds_of_a_film() -> float:
    """Return the median seconds to read a real film and cut a lesion from it."""
    seconds = []
    for lesion in example_lesions():
        start = time.process_time()
        cut_lesion(read_image(lesion.film), window=lesion.window, size=224)
        seconds.append(time.process_time() - start)
    return float(np.median(seconds))


if __name__ == "__main__":
    main()
