"""All films of a download: in parallel, resumable, with a report that says what became of each row.

Each crop is written when it is done and its row noted (`notes.py`); a killed run goes on from
there. Only when all is done does it take the place of an older preparation.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from mammo.data.preparation.case_files import (
    CASE_FILES,
    CaseRow,
    Part,
    count,
    count_mismatches,
    leaking_patients,
    read_case_file,
)
from mammo.data.preparation.films import (
    FAILED,
    UNRESOLVED,
    FilmTask,
    OwnRow,
    PreparedLesion,
    prepare_film,
)
from mammo.data.preparation.notes import (
    MISSING,
    Notes,
    check_replaceable,
    missing_in_words,
    read_report,
    report_in_words,
    write_missing,
)
from mammo.data.preparation.tree import Tree, find_case_files, index_tree, is_prepared, size_of
from mammo.errors import DataError, SettingsError

ABNORMALITIES = ("mass", "calcification", "all")
AnyRow = TypeVar("AnyRow", CaseRow, OwnRow)
MOST_MISSING = 0.01
"""Share of rows that may lack pictures in a whole download: Kaggle's copy lacks two files."""


@dataclass(frozen=True)
class PrepareSettings:
    """How a download is prepared; a SettingsError where a number is out of its range.

    Parameters
    ----------
    data, out : Path, the download and the folder of prepared crops to write.
    abnormality : one of `ABNORMALITIES`.
    crop_size : int, pixels, 32 to 1024.
    jobs : int, processes at a time; -1 for one a core.
    dask : str, the address of a Dask scheduler that shares the files, or "" for this machine.
    partial : bool, accept case files with other counts than the official ones, and rows without
        their pictures.
    """

    data: Path
    out: Path
    abnormality: str = "mass"
    crop_size: int = 224
    jobs: int = -1
    dask: str = ""
    partial: bool = False

    def __post_init__(self) -> None:
        if not 32 <= self.crop_size <= 1024:
            raise SettingsError(
                f"crop_size must lie between 32 and 1024 pixels. Received: {self.crop_size}."
            )
        if self.jobs == 0 or self.jobs < -1:
            raise SettingsError(f"jobs must be -1 or at least 1. Received: {self.jobs}.")


def prepare_folder(settings: PrepareSettings, command: str) -> dict[str, Any]:
    """Prepare a download; return the report that is written beside the crops.

    Raises DataError where the download is not known as one, lacks case files, rows or (unless
    `partial`) pictures, where nothing in it could be resolved, and where `out` holds other things.
    """
    check_replaceable(settings.out)
    rows_of = {part: read_case_file(path, part) for part, path in _case_files(settings).items()}
    mismatches = count_mismatches(rows_of)
    if mismatches and not settings.partial:
        raise DataError(
            f"The case files are not those of the whole official data set: {' '.join(mismatches)} "
            "Download them again, or pass --partial to use an incomplete data set."
        )
    rows = [row for part_rows in rows_of.values() for row in part_rows]
    if not rows:
        names = ", ".join(CASE_FILES[part] for part in rows_of)
        raise DataError(
            f"Expected one row per lesion in the case files of {settings.data}, but {names} have "
            "none. Download them again."
        )
    leaking = leaking_patients(rows)
    kept = [row for row in rows if row.split == "test" or row.patient_id not in set(leaking)]
    tree = index_tree(settings.data.absolute())  # a cluster's workers stand elsewhere
    tasks_of = partial(film_tasks, tree=tree)
    missing = _missing(tasks_of(kept))
    _are_too_many(missing, kept, settings)
    download = tree.identity()
    notes = Notes(settings.out, settings.abnormality, settings.crop_size, download)
    done = prepare_all(settings, kept, tasks_of, notes)
    missing |= {row: lacking for row in kept if (lacking := _unreadable(done[row.key]))}
    too_many = _are_too_many(missing, kept, settings)
    write_missing(settings.out / MISSING, missing)
    if all(done[row.key].origin == UNRESOLVED for row in kept):
        first = done[kept[0].key]
        raise DataError(
            f"No lesion of {settings.data} could be resolved; the first: {first.key}, "
            f"{first.reason}. {first.detail} Check that the download is complete."
        )
    facts = {
        "command": command,
        "layout": tree.layout,
        "download": download,
        "abnormality": settings.abnormality,
        "crop_size": settings.crop_size,
        "counts": {CASE_FILES[part]: count(part_rows) for part, part_rows in rows_of.items()},
        "count_mismatches": mismatches,
        "patients_in_both_halves": leaking,
        "rows_dropped_for_them": len(rows) - len(kept),
        "missing": missing_in_words(missing, kept),
        "partial": bool(mismatches) or too_many,
    }
    return notes.publish(kept, done, facts)


def _case_files(settings: PrepareSettings) -> dict[Part, Path]:
    try:
        return find_case_files(settings.data, settings.abnormality)
    except DataError:
        index_tree(settings.data)  # where there are no pictures either, that is what to say
        raise


def film_tasks(rows: Iterable[CaseRow], tree: Tree) -> list[FilmTask]:
    """Group rows by film, so that a film with several lesions is read once."""
    by_film: dict[str, list[CaseRow]] = {}
    for row in rows:
        by_film.setdefault(row.film, []).append(row)
    return [
        FilmTask(
            tree.pictures((lesions[0].film_series,), film),
            tuple((row, tree.pictures(row.pair_series, row.key)) for row in lesions),
        )
        for film, lesions in by_film.items()
    ]


def _missing(tasks: Iterable[FilmTask]) -> dict[CaseRow, str]:
    """Return which rows lack the files of their film, or of crop or mask, and which of them."""
    missing = dict[Any, str]()
    for task in tasks:
        film = [] if any(size_of(path) > 0 for path in task.film) else ["film"]
        for row, paths in task.lesions:
            pair = {0: ["crop and mask"], 1: ["crop or mask"]}
            lacking = film + pair.get(sum(size_of(path) > 0 for path in paths), [])
            if lacking:
                missing[row] = ", ".join(lacking)
    return missing


def _unreadable(lesion: PreparedLesion) -> str:
    """Return what a row lacks because a file is there and cannot be read; "" for nothing."""
    return lesion.reason if "unreadable" in lesion.reason or lesion.reason == FAILED else ""


def _are_too_many(
    missing: Mapping[CaseRow, str], rows: Sequence[CaseRow], settings: PrepareSettings
) -> bool:
    """Return whether more rows lack pictures than may, which is refused unless `partial`."""
    if len(missing) <= MOST_MISSING * len(rows):
        return False
    if not settings.partial:
        write_missing(settings.out / MISSING, missing)
        raise DataError(
            f"The download is incomplete: {' '.join(missing_in_words(missing, rows))} They are "
            f"listed in {settings.out / MISSING}. Complete the download and run this again, or "
            "pass --partial to use an incomplete data set."
        )
    return True


def prepare_all(
    settings: PrepareSettings,
    rows: Sequence[AnyRow],
    tasks_of: Callable[[Sequence[AnyRow]], list[FilmTask]],
    notes: Notes,
) -> dict[str, PreparedLesion]:
    """Cut what is not cut yet; return what became of each row, by its key."""
    from tqdm import tqdm

    done = notes.read()
    left = tasks_of([row for row in rows if row.key not in done])
    with tqdm(total=len(rows), initial=len(done), desc="Cutting lesions", unit="lesion") as bar:
        for lesions in _results(settings, left):
            done |= {lesion.key: notes.write(lesion) for lesion in lesions}
            bar.update(len(lesions))
    return done


def _results(
    settings: PrepareSettings, tasks: Sequence[FilmTask]
) -> Iterator[list[PreparedLesion]]:
    """Yield each film's lesions as they are done; a few films are in memory at a time."""
    if settings.dask:
        from mammo.data.preparation.cluster import results_of_cluster

        yield from results_of_cluster(settings.dask, tasks, settings.crop_size)
        return
    from joblib import Parallel, delayed

    parallel = Parallel(
        n_jobs=settings.jobs, return_as="generator_unordered", pre_dispatch="2*n_jobs"
    )
    try:
        yield from parallel(delayed(prepare_film)(task, settings.crop_size) for task in tasks)
    except BrokenProcessPool as error:
        raise DataError(
            "A process of the preparation was ended by the system, probably for its memory. Run "
            f"the same command with fewer --jobs than {settings.jobs}, such as --jobs 1, to resume."
        ) from error


def prepared_folder(
    data: Path, prepared: Path | None, abnormality: str, partial: bool, command: str
) -> Path:
    """Return a folder of prepared crops: the one given, or what a download is prepared into.

    Parameters
    ----------
    data : Path, prepared crops or a download
    prepared : Path of the crops to write; by default `<data>-prepared`, with the abnormality's
        name where it is not "mass"
    abnormality, partial : as `PrepareSettings`
    command : str, as typed, for the report

    Raises
    ------
    DataError
        The download cannot be prepared, or the crops are of another abnormality or download, or
        (unless `partial`) of a part of the data set.
    """
    if is_prepared(data):
        _check_partial(data, partial)
        return data
    if not data.is_dir():
        return data  # refused by who reads the table
    kind = "" if abnormality == "mass" else f"-{abnormality}"
    out = prepared or data.resolve().parent / f"{data.resolve().name}-prepared{kind}"
    if is_prepared(out):
        _check_same(out, abnormality, data)
        _check_partial(out, partial)
        print(f"Using the crops prepared in {out}.")
        return out
    settings = PrepareSettings(data, out, abnormality, partial=partial)
    print(report_in_words(prepare_folder(settings, command)))
    return out


def _check_partial(folder: Path, partial: bool) -> None:
    """Refuse crops that were prepared from a part of the data set, unless that is accepted."""
    report = read_report(folder)  # none beside somebody's own crops
    if report.get("partial") and not partial:
        why = [*report.get("count_mismatches", ()), *report.get("missing", ())]
        raise DataError(
            f"The crops in {folder} were prepared from a part of the data set: {' '.join(why)} "
            "Pass --partial to train on them, or prepare the whole data set."
        )


def _check_same(out: Path, abnormality: str, data: Path) -> None:
    report = read_report(out)
    if not report:
        raise DataError(
            f"{out} contains crops but no readable report of their preparation. Name it as "
            "--data to train on it, or another folder with --prepared."
        )
    if report["abnormality"] != abnormality:
        raise DataError(
            f"{out} was prepared for {report['abnormality']}, not for {abnormality}. Name another "
            "folder with --prepared."
        )
    # A report of an older preparation names no download.
    download = report.get("download")
    if download is not None and download != index_tree(data).identity():
        raise DataError(
            f"{out} was prepared from other images than {data} holds now. Name another folder "
            f"with --prepared, or pass {out} as --data to train on its crops."
        )
