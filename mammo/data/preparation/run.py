"""All films of a download: in parallel, resumable, with a report that says what became of each row.

Each crop is written when it is done and its row noted in `.prepare/rows.jsonl`; a killed run goes
on from there. `index.csv` and `report.json` come last, so that a folder with an index is whole.
"""

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mammo.data.preparation.case_files import (
    CASE_FILES,
    CaseRow,
    Part,
    count,
    count_mismatches,
    find_case_files,
    leaking_patients,
    read_case_file,
)
from mammo.data.preparation.films import UNRESOLVED, WINDOW, FilmTask, PreparedLesion, prepare_film
from mammo.data.preparation.report import write_index, write_report
from mammo.data.preparation.tree import TITLES, Tree, index_tree
from mammo.errors import DataError, SettingsError

NOTES = ".prepare"
ABNORMALITIES = ("mass", "calcification", "all")
PREPARED_CROP_SIZE = 224


@dataclass(frozen=True)
class PrepareSettings:
    """Say how a download is prepared.

    Parameters
    ----------
    data : Path, the download.
    out : Path, the folder of prepared crops to write.
    abnormality : "mass", "calcification" or "all".
    crop_size : int, pixels, 32 to 1024.
    jobs : int, processes at a time; -1 for one a core.
    dask : str, the address of a Dask scheduler that shares the files, or "" for this machine.
    partial : bool, accept case files whose counts are not those of the official data set.

    Raises
    ------
    SettingsError
        A value is out of its range.
    """

    data: Path
    out: Path
    abnormality: str = "mass"
    crop_size: int = PREPARED_CROP_SIZE
    jobs: int = -1
    dask: str = ""
    partial: bool = False

    def __post_init__(self) -> None:
        if self.abnormality not in ABNORMALITIES:
            raise SettingsError(
                f"abnormality must be one of {', '.join(ABNORMALITIES)}. Received: "
                f"{self.abnormality}."
            )
        if not 32 <= self.crop_size <= 1024:
            raise SettingsError(
                f"crop_size must lie between 32 and 1024 pixels. Received: {self.crop_size}."
            )
        if self.jobs == 0 or self.jobs < -1:
            raise SettingsError(f"jobs must be -1 or at least 1. Received: {self.jobs}.")


def prepare_folder(settings: PrepareSettings, command: str) -> dict[str, Any]:
    """Prepare a download; return the report that is written beside the crops.

    Parameters
    ----------
    settings : PrepareSettings
    command : str, as typed, for the report

    Raises
    ------
    DataError
        The download cannot be told, lacks its case files, has other counts than the official
        ones (unless `partial`), or nothing in it could be resolved.
    """
    rows_of = {part: read_case_file(path, part) for part, path in _case_files(settings).items()}
    mismatches = count_mismatches(rows_of)
    if mismatches and not settings.partial:
        raise DataError(
            f"The case files are not those of the whole official data set: {' '.join(mismatches)} "
            "Get them anew, or pass --partial to go on with what is there."
        )
    rows = [row for part_rows in rows_of.values() for row in part_rows]
    leaking = leaking_patients(rows)
    kept = [row for row in rows if row.split == "test" or row.patient_id not in set(leaking)]
    tree = index_tree(settings.data)
    done = _prepare_all(settings, kept, tree)
    report = {
        "command": command,
        "layout": TITLES[tree.layout],
        "abnormality": settings.abnormality,
        "crop_size": settings.crop_size,
        "counts": {CASE_FILES[part]: count(part_rows) for part, part_rows in rows_of.items()},
        "count_mismatches": mismatches,
        "patients_in_both_halves": leaking,
        "rows_dropped_for_them": len(rows) - len(kept),
    }
    return _finish(settings, kept, done, report)


def _case_files(settings: PrepareSettings) -> dict[Part, Path]:
    try:
        return find_case_files(settings.data, settings.abnormality)
    except DataError:
        index_tree(settings.data)  # where there are no pictures either, that is what to say
        raise


def _prepare_all(
    settings: PrepareSettings, rows: Sequence[CaseRow], tree: Tree
) -> dict[str, PreparedLesion]:
    """Cut what is not cut yet; return what became of each row, by its key."""
    from tqdm import tqdm

    (settings.out / "crops").mkdir(parents=True, exist_ok=True)
    notes = _Notes(settings)
    done = notes.read()
    tasks = film_tasks([row for row in rows if row.key not in done], tree)
    with tqdm(total=len(rows), initial=len(done), desc="Cutting lesions", unit="lesion") as bar:
        for lesions in _results(settings, tasks):
            for lesion in lesions:
                done[lesion.key] = notes.write(lesion)
            bar.update(len(lesions))
    return done


def film_tasks(rows: Iterable[CaseRow], tree: Tree) -> list[FilmTask]:
    """Group rows by film, so that a film with several lesions is read once."""
    by_film: dict[str, list[CaseRow]] = {}
    for row in rows:
        by_film.setdefault(row.film, []).append(row)
    return [
        FilmTask(
            tuple(tree.pictures((lesions[0].film_series,), film)),
            tuple((row, tuple(tree.pictures(row.pair_series, row.key))) for row in lesions),
        )
        for film, lesions in by_film.items()
    ]


def _results(
    settings: PrepareSettings, tasks: Sequence[FilmTask]
) -> Iterator[list[PreparedLesion]]:
    """Yield each film's lesions as they are done; a few films are in memory at a time."""
    from joblib import Parallel, delayed

    with _backend(settings):
        jobs = None if settings.dask else settings.jobs
        parallel = Parallel(n_jobs=jobs, return_as="generator_unordered", pre_dispatch="2*n_jobs")
        yield from parallel(delayed(prepare_film)(task, settings.crop_size) for task in tasks)


def _backend(settings: PrepareSettings) -> AbstractContextManager[Any]:
    if not settings.dask:
        return nullcontext()
    from joblib import parallel_config

    try:
        from distributed import Client
    except ImportError as error:
        raise SettingsError(
            "--dask needs Dask: pip install -r requirements-cluster.txt, then run this again."
        ) from error
    try:
        client = Client(settings.dask, timeout="10s")
    except (OSError, ValueError, TimeoutError) as error:
        raise SettingsError(
            f"No Dask scheduler answered at {settings.dask} ({error}). Start one, or leave --dask "
            "away to use this machine."
        ) from error
    context: AbstractContextManager[Any] = parallel_config(backend="dask", client=client)
    return context


class _Notes:
    """Keep what is done on the disk, a line a row, so that a killed run goes on."""

    def __init__(self, settings: PrepareSettings) -> None:
        self._crops = settings.out / "crops"
        self._path = settings.out / NOTES / "rows.jsonl"
        self._head = json.dumps(
            {"abnormality": settings.abnormality, "crop_size": settings.crop_size}
        )

    def read(self) -> dict[str, PreparedLesion]:
        """Return the windows that an earlier run cut; what it could not cut is tried again."""
        lines = self._path.read_text(encoding="utf-8").split("\n") if self._path.is_file() else []
        if not lines or lines[0] != self._head:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(self._head + "\n", encoding="utf-8")
            return {}
        found = [_lesion(line) for line in lines[1:-1]]  # the last line may be cut short
        if lines[-1]:
            self._path.write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")
        return {
            lesion.key: lesion
            for lesion in found
            if lesion.origin == WINDOW and (self._crops / f"{lesion.key}.png").is_file()
        }

    def write(self, lesion: PreparedLesion) -> PreparedLesion:
        """Write the crop, then the line; return the lesion without its pixels."""
        if lesion.png:
            path = self._crops / f"{lesion.key}.png"
            written = path.with_suffix(".tmp")
            written.write_bytes(lesion.png)
            written.replace(path)
        light = PreparedLesion(**{**_fields(lesion), "png": b""})
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({k: v for k, v in _fields(light).items() if k != "png"}) + "\n")
        return light


def _fields(lesion: PreparedLesion) -> dict[str, Any]:
    return asdict(lesion)


def _lesion(line: str) -> PreparedLesion:
    fields = json.loads(line)
    return PreparedLesion(
        fields["key"], fields["origin"], fields["reason"], fields["detail"],
        tuple(fields["box"]), tuple(fields["window"]),
    )  # fmt: skip


def _finish(
    settings: PrepareSettings,
    rows: Sequence[CaseRow],
    done: dict[str, PreparedLesion],
    report: dict[str, Any],
) -> dict[str, Any]:
    resolved = [row for row in rows if done[row.key].origin != UNRESOLVED]
    if not resolved:
        first = done[rows[0].key]
        raise DataError(
            f"No lesion of {settings.data} could be resolved; the first: {first.key}, "
            f"{first.reason}. {first.detail} Check that the download is complete."
        )
    write_index(settings.out / "index.csv", resolved, done)
    whole = write_report(settings.out / "report.json", report, rows, done)
    shutil.rmtree(settings.out / NOTES, ignore_errors=True)
    return whole
