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
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mammo.data.download import (
    Choice,
    Offer,
    Say,
    fetch_case_files,
    in_gigabytes,
)
from mammo.data.preparation.case_files import PREFIXES
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
    "not: pip install -r requirements-download.txt (or install mammo with its extra [download])"
)

PARTS = {
    **{prefix: part for part, prefix in PREFIXES.items()},
    # 396 series of the Commons are named like P_00038_LEFT_CC.dcm: all are calcification test.
    "P": ("calcification", "test"),
}
"""What is on the pictures of a patient, by how its PatientID begins."""


@dataclass(frozen=True)
class Series:
    """One series: its UID, its folder within the download, and what belongs into it."""

    uid: str
    folder: Path
    n_files: int
    n_bytes: int

    def is_whole(self, out: Path) -> bool:
        """Return whether every file of it is there with all its bytes."""
        sizes = [path.stat().st_size for path in (out / self.folder).glob("*.dcm")]
        return len(sizes) == self.n_files and sum(sizes) == self.n_bytes


def offer(out: Path, choice: Choice) -> Offer:
    """Return how much the chosen part is and how much of it is missing, by idc-index' own table."""
    series = _chosen_series(choice)
    missing = _bytes_of(one for one in series if not one.is_whole(out))
    return Offer(
        "CBIS-DDSM from NCI's Imaging Data Commons, 16-bit DICOM "
        f"(abnormality: {choice.abnormality}, split: {choice.split})",
        _bytes_of(series), sum(one.n_files for one in series), missing, missing, choice,
    )  # fmt: skip


def fetch(out: Path, offer: Offer, say: Say) -> None:
    """Download the case files and every unfinished series."""
    for name in fetch_case_files(out):
        say(f"{name}: from The Cancer Imaging Archive, checksum as published")
    series = _chosen_series(offer.choice)
    waiting = [one for one in series if not one.is_whole(out)]
    client = _client() if waiting else None
    while waiting:
        batch, waiting = waiting[:BATCH], waiting[BATCH:]
        _download(client, batch, out)
        say(
            f"{len(series) - len(waiting):,} of {len(series):,} series, "
            f"{in_gigabytes(offer.n_bytes - _bytes_of(waiting))} of {in_gigabytes(offer.n_bytes)}"
        )
    broken = [one for one in series if not one.is_whole(out)]
    if broken:
        raise DataError(
            f"{out} should hold {len(series):,} whole series; {len(broken):,} are missing or not "
            f"of the stated size ({broken[0].folder}). Run the same command again to resume."
        )


def _bytes_of(series: Iterable[Series]) -> int:
    return sum(one.n_bytes for one in series)


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
    rows: Iterable[Any] = table.itertuples()
    series = [
        Series(
            row.SeriesInstanceUID,
            Path(COLLECTION, row.PatientID, row.StudyInstanceUID)
            / f"{row.Modality}_{row.SeriesInstanceUID}",
            int(row.instanceCount),
            round(row.series_size_MB * 10**6),
        )
        for row in rows
        if (part := PARTS.get(row.PatientID.partition("_")[0])) and choice.includes(part)
    ]
    if not series:
        raise DataError(
            f"idc-index should list the collection {COLLECTION}, but does not. Install "
            "the pinned version: pip install -r requirements-download.txt"
        )
    return sorted(series, key=lambda one: one.folder)


def _client() -> Any:
    """Return idc-index' client, once its bucket answers; offline, s5cmd would try for minutes."""
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
            f"The pixels should come from {address}, which cannot be reached: {error}. Check "
            "the connection and run the same command again to resume."
        ) from error
    return idc_index.IDCClient()


def _download(client: Any, batch: list[Series], out: Path) -> None:
    """Download some series; raise DataError where not one of them arrived whole."""
    logging.getLogger("idc_index.index").setLevel(logging.ERROR)  # it prints why a series fails
    client.download_from_selection(
        downloadDir=str(out),
        seriesInstanceUID=[one.uid for one in batch],
        show_progress_bar=False,
    )
    if not any(one.is_whole(out) for one in batch):
        raise DataError(
            f"{batch[0].folder} and {len(batch) - 1} more series should come from Imaging Data "
            "Commons; none arrived. Check the connection and run the same command again to resume."
        )
