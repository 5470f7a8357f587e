"""NCI's Imaging Data Commons: CBIS-DDSM as DICOM, 163.5 GB whole, any half of it, no account.

idc-index brings a table of all series with it, so that sizes and choice need no network; the
pixels come from the Commons' public bucket by s5cmd, a few series at a time. A series is finished
where its folder holds the stated number of files and bytes; only unfinished ones are fetched, so
that a stopped download goes on. The Commons has no case files: those come from The Cancer Imaging
Archive.

The names of the folders are idc-index' own: cbis_ddsm/PatientID/StudyUID/MG_SeriesUID/uuid.dcm.
"""

import logging
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mammo.data.download import (
    Choice,
    Offer,
    Say,
    fetch_case_files,
    in_gigabytes,
    series_named,
    verify_case_files,
)
from mammo.errors import DataError, SettingsError

COLLECTION = "cbis_ddsm"
TIMEOUT_SECONDS = 60
BATCH = 50
"""Series at a time, about 1.2 GB: as much is tried again after a failure, at most."""

COLUMNS = [
    "PatientID", "StudyInstanceUID", "SeriesInstanceUID", "Modality", "instanceCount",
    "series_size_MB",
]  # fmt: skip
NOT_INSTALLED = (
    "To download from Imaging Data Commons, the package idc-index should be installed, and is "
    "not: pip install -r requirements-download.txt"
)

HALVES = {
    "Mass-Training": ("mass", "train"),
    "Mass-Test": ("mass", "test"),
    "Calc-Training": ("calcification", "train"),
    "Calc-Test": ("calcification", "test"),
    # 396 series of the Commons are named like P_00038_LEFT_CC.dcm: all are calcification test.
    "P": ("calcification", "test"),
}


@dataclass(frozen=True)
class Series:
    """One series: its UID, its folder within the download, and what belongs into it."""

    uid: str
    folder: Path
    n_files: int
    n_bytes: int

    def is_whole(self, out: Path) -> bool:
        """Tell whether every file of it is there with all its bytes."""
        sizes = [path.stat().st_size for path in (out / self.folder).glob("*.dcm")]
        return len(sizes) == self.n_files and sum(sizes) == self.n_bytes


def offer(out: Path, choice: Choice) -> Offer:
    """Say how much the chosen part is and how much of it is missing, from idc-index' own table."""
    series = _chosen_series(choice)
    missing = sum(one.n_bytes for one in series if not one.is_whole(out))
    return Offer(
        "CBIS-DDSM from NCI's Imaging Data Commons, 16-bit DICOM "
        f"(abnormality: {choice.abnormality}, split: {choice.split})",
        sum(one.n_bytes for one in series), sum(one.n_files for one in series), missing,
        missing, choice,
    )  # fmt: skip


def fetch(out: Path, offer: Offer, say: Say) -> None:
    """Download the case files and every unfinished series, and verify all."""
    for name in fetch_case_files(out):
        say(f"{name}: from The Cancer Imaging Archive, checksum as published")
    verify_case_files(out)
    series = _chosen_series(offer.choice)
    waiting = [one for one in series if not one.is_whole(out)]
    done = sum(one.n_bytes for one in series) - sum(one.n_bytes for one in waiting)
    client = _client() if waiting else None
    for start in range(0, len(waiting), BATCH):
        batch = waiting[start : start + BATCH]
        _download(client, batch, out)
        done += sum(one.n_bytes for one in batch)
        count = len(series) - len(waiting) + start + len(batch)
        say(
            f"{count:,} of {len(series):,} series, {in_gigabytes(done)} of "
            f"{in_gigabytes(offer.n_bytes)}"
        )
    verify(out, series, offer.choice)


def verify(out: Path, series: list[Series], choice: Choice) -> None:
    """Raise DataError where a series is not whole, or the case files name one that is not there."""
    broken = [one for one in series if not one.is_whole(out)]
    if broken:
        raise DataError(
            f"{out} should hold {len(series):,} whole series; {len(broken):,} are missing or not "
            f"of the stated size ({broken[0].folder}). Run the same command again: it goes on "
            "from here."
        )
    absent = series_named(out, choice) - {one.uid for one in series}
    if absent:
        raise DataError(
            f"The case files name {len(absent):,} series that Imaging Data Commons does not list "
            f"({min(absent)}). Install the pinned version: pip install -r requirements-download.txt"
        )


def _chosen_series(choice: Choice) -> list[Series]:
    """Return the series of a choice, in the order of their folders, from idc-index' own table."""
    try:
        import idc_index_data
    except ImportError as error:
        raise SettingsError(NOT_INSTALLED) from error
    import pandas

    # The whole table holds a million series and takes seconds and 2 GB: read what is asked for.
    table = pandas.read_parquet(
        str(idc_index_data.IDC_INDEX_PARQUET_FILEPATH),
        columns=COLUMNS, filters=[("collection_id", "==", COLLECTION)],
    )  # fmt: skip
    wanted = {
        prefix
        for prefix, (abnormality, split) in HALVES.items()
        if choice.includes(abnormality, split)
    }
    listed: list[Any] = list(table.itertuples())
    rows = [row for row in listed if row.PatientID.partition("_")[0] in wanted]
    if not rows:
        raise DataError(
            f"idc-index should list the collection {COLLECTION}, and lists nothing of it. Install "
            "the pinned version: pip install -r requirements-download.txt"
        )
    return sorted((_series(row) for row in rows), key=lambda one: one.folder)


def _series(row: Any) -> Series:
    folder = Path(
        COLLECTION, row.PatientID, row.StudyInstanceUID, f"{row.Modality}_{row.SeriesInstanceUID}"
    )
    return Series(
        row.SeriesInstanceUID, folder, int(row.instanceCount), round(row.series_size_MB * 10**6)
    )


def _client() -> Any:
    """Return idc-index' client, once its bucket answers: s5cmd alone tries for minutes offline."""
    try:
        import idc_index.index
    except ImportError as error:
        raise SettingsError(NOT_INSTALLED) from error
    address = idc_index.index.aws_endpoint_url
    try:
        urllib.request.urlopen(address, timeout=TIMEOUT_SECONDS).close()  # noqa: S310
    except urllib.error.HTTPError as answer:
        answer.close()  # it answers, if only with a refusal of its front page
    except OSError as error:
        raise DataError(
            f"The pixels should come from {address}, which cannot be reached: {error}. Look at "
            "your connection and run the same command again: it goes on from here."
        ) from error
    return idc_index.IDCClient()


def _download(client: Any, batch: list[Series], out: Path) -> None:
    """Download some series; raise DataError where not one of them arrived whole."""
    with _complaints() as complaints:
        client.download_from_selection(
            downloadDir=str(out),
            seriesInstanceUID=[one.uid for one in batch],
            show_progress_bar=False,
        )
    if not any(one.is_whole(out) for one in batch):
        said = f"s5cmd said: {complaints[0]}. " if complaints else ""
        raise DataError(
            f"{batch[0].folder} and {len(batch) - 1} more series should come from Imaging Data "
            f"Commons, and none did. {said}Look at your connection and run the same command again: "
            "it goes on from here."
        )


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """Collect what idc-index logs as errors, a line a series, instead of printing all of it."""
    logger, kept = logging.getLogger("idc_index.index"), _Kept(logging.ERROR)
    propagates, level = logger.propagate, logger.level
    logger.propagate = False
    logger.setLevel(logging.ERROR)
    logger.addHandler(kept)
    try:
        yield kept.lines
    finally:
        logger.removeHandler(kept)
        logger.propagate = propagates
        logger.setLevel(level)


class _Kept(logging.Handler):
    """Keep the end of each line that s5cmd marked as an error: after the paths, the cause."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        lines = record.getMessage().splitlines()
        self.lines += [
            line.rpartition('": ')[2].strip() for line in lines if line.startswith("ERROR")
        ]
