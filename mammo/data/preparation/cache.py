"""A download given where prepared crops are wanted: prepare it once, into a folder beside it."""

import json
from pathlib import Path

from mammo.data.preparation.report import REPORT, report_in_words
from mammo.data.preparation.run import PrepareSettings, prepare_folder
from mammo.data.preparation.tree import index_tree, is_prepared
from mammo.errors import DataError


def prepared_folder(
    data: Path, prepared: Path | None, abnormality: str, partial: bool, command: str
) -> Path:
    """Return a folder of prepared crops: the one given, or what a download is prepared into.

    Parameters
    ----------
    data : Path, prepared crops or a download
    prepared : Path of the crops to write; by default `<data>-prepared`, with the abnormality's
        name where it is not "mass"
    abnormality, partial
        As `PrepareSettings`
    command : str, as typed, for the report

    Raises
    ------
    DataError
        The folder is neither, cannot be prepared, was prepared for another abnormality or from
        another download, or holds a part of the data set without `partial`.
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
    try:
        report = json.loads((folder / REPORT).read_text(encoding="utf-8"))
        missing = [*report["count_mismatches"], *report["missing"]] if report["partial"] else []
    except (OSError, ValueError, KeyError, TypeError):
        return  # somebody's own crops, or an older preparation
    if missing and not partial:
        raise DataError(
            f"The crops in {folder} were prepared from a part of the data set: "
            f"{' '.join(map(str, missing))} Pass --partial to train on them, or prepare the whole "
            "data set."
        )


def _check_same(out: Path, abnormality: str, data: Path) -> None:
    try:
        report = json.loads((out / REPORT).read_text(encoding="utf-8"))
        found, download = report["abnormality"], report.get("download")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{out} holds crops but no readable report of their preparation ({error}). Name it as "
            "--data to train on it, or another folder with --prepared."
        ) from error
    if found != abnormality:
        raise DataError(
            f"{out} was prepared for {found}, not for {abnormality}. Name another folder with "
            "--prepared."
        )
    # A report of an older preparation names no download.
    if download is not None and download != index_tree(data).identity():
        raise DataError(
            f"{out} was prepared from other pictures than {data} holds now. Name another folder "
            f"with --prepared, or give {out} as --data to train on its crops as they are."
        )
