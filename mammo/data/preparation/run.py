"""All films of a download: in parallel, resumable, with a report that says what became of each row.

Each crop is written when it is done and its row noted (`notes.py`); a killed run goes on from
there. `report.json` and then `index.csv` come last, so that a folder with an index is whole.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
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
from mammo.data.preparation.films import UNRESOLVED, FilmTask, PreparedLesion, prepare_film
from mammo.data.preparation.notes import Notes
from mammo.data.preparation.report import INDEX, REPORT, write_index, write_report
from mammo.data.preparation.tree import TITLES, Tree, index_tree
from mammo.errors import DataError, SettingsError

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
        ones (unless `partial`) or no row at all, or nothing in it could be resolved.
    """
    rows_of = {part: read_case_file(path, part) for part, path in _case_files(settings).items()}
    mismatches = count_mismatches(rows_of)
    if mismatches and not settings.partial:
        raise DataError(
            f"The case files are not those of the whole official data set: {' '.join(mismatches)} "
            "Get them anew, or pass --partial to go on with what is there."
        )
    rows = [row for part_rows in rows_of.values() for row in part_rows]
    if not rows:
        names = ", ".join(CASE_FILES[part] for part in rows_of)
        raise DataError(
            f"Expected a row a lesion in the case files of {settings.data}, but there is none in "
            f"{names}. Get them anew."
        )
    leaking = leaking_patients(rows)
    kept = [row for row in rows if row.split == "test" or row.patient_id not in set(leaking)]
    tree = index_tree(settings.data)
    notes = Notes(settings.out, settings.abnormality, settings.crop_size, tree.identity())
    done = _prepare_all(settings, kept, tree, notes)
    report = {
        "command": command,
        "layout": TITLES[tree.layout],
        "download": notes.download,
        "abnormality": settings.abnormality,
        "crop_size": settings.crop_size,
        "counts": {CASE_FILES[part]: count(part_rows) for part, part_rows in rows_of.items()},
        "count_mismatches": mismatches,
        "patients_in_both_halves": leaking,
        "rows_dropped_for_them": len(rows) - len(kept),
    }
    whole = _finish(settings, kept, done, report)
    notes.remove()
    return whole


def _case_files(settings: PrepareSettings) -> dict[Part, Path]:
    try:
        return find_case_files(settings.data, settings.abnormality)
    except DataError:
        index_tree(settings.data)  # where there are no pictures either, that is what to say
        raise


def _prepare_all(
    settings: PrepareSettings, rows: Sequence[CaseRow], tree: Tree, notes: Notes
) -> dict[str, PreparedLesion]:
    """Cut what is not cut yet; return what became of each row, by its key."""
    from tqdm import tqdm

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
    whole = write_report(settings.out / REPORT, report, rows, done)
    write_index(settings.out / INDEX, resolved, done)
    return whole
