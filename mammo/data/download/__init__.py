"""Download CBIS-DDSM, whole or as the published small crops, for `mammo.download` and the app.

A source (`crops`, `kaggle`, `idc`) tells what it offers before a byte is fetched (`offer`: how
much, under which licence, whether it fits), then fetches what is missing and checks it (`fetch`).
`crops` leaves a folder that the app shows. The others leave one that `mammo.prepare` reads: pixels,
and the four case files, which say what is on which picture. Kaggle ships a copy of these; Imaging
Data Commons has none, so that they come from The Cancer Imaging Archive, 2.1 MB together.

The licence and the citation are those of the collection's page at The Cancer Imaging Archive,
https://doi.org/10.7937/K9/TCIA.2016.7O02S9CY.
"""

import hashlib
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mammo.data.preparation.case_files import CASE_FILES, Part
from mammo.errors import DataError
from mammo.files import write_whole

LICENCE = "CC BY 3.0, https://creativecommons.org/licenses/by/3.0/"
CITATION = "Lee et al. 2017, doi 10.1038/sdata.2017.177; data doi 10.7937/K9/TCIA.2016.7O02S9CY"

GIGABYTE = 10**9
SPARE_BYTES = GIGABYTE // 2
"""Left free on the disk, so that a download never fills it to the brim."""

Say = Callable[[str], None]


class Choice(NamedTuple):
    """Which part of the collection: mass, calcification or all; train, test or all."""

    abnormality: str = "all"
    split: str = "all"

    def includes(self, part: Part) -> bool:
        """Return whether the lesions of one kind and split are chosen."""
        return self.abnormality in (part[0], "all") and self.split in (part[1], "all")


@dataclass(frozen=True)
class Offer:
    """What one download is."""

    what: str
    n_bytes: int
    n_files: int
    missing_bytes: int
    needed_bytes: int
    choice: Choice
    licence: str = LICENCE
    citation: str = CITATION
    next_command: str = "python -m mammo.prepare --data {out} --out PREPARED"

    def in_words(self, out: Path) -> str:
        """Return what will be downloaded, how large it is, under which licence, and where to."""
        already = self.n_bytes - self.missing_bytes
        kept = f", {in_gigabytes(already)} already downloaded" if already else ""
        return (
            f"{self.what}: {in_gigabytes(self.n_bytes)} in {self.n_files:,} files{kept}\n"
            f"Licence: {self.licence}\n"
            f"Cite: {self.citation}\n"
            f"Into: {out} ({in_gigabytes(free_bytes(out))} free, "
            f"{in_gigabytes(self.needed_bytes)} needed)"
        )


def in_gigabytes(n_bytes: int) -> str:
    """Write a number of bytes as a person reads it."""
    if n_bytes < GIGABYTE:
        return f"{n_bytes / 10**6:.1f} MB"
    return f"{n_bytes / GIGABYTE:.1f} GB"


def free_bytes(folder: Path) -> int:
    """Return the free bytes of the disk on which a folder is, or will be."""
    there = folder.resolve()
    return shutil.disk_usage(next(up for up in (there, *there.parents) if up.exists())).free


def refuse_if_too_big(offer: Offer, out: Path) -> None:
    """Raise DataError where the disk of `out` has less free space than the download takes."""
    free = free_bytes(out)
    if offer.missing_bytes and offer.needed_bytes + SPARE_BYTES > free:
        raise DataError(
            f"Expected {in_gigabytes(offer.needed_bytes + SPARE_BYTES)} of free space for {out}. "
            f"Received: {in_gigabytes(free)}. Name a folder on another disk with --out, or "
            "download less with --abnormality and --split."
        )


PAGE = "https://www.cancerimagingarchive.net/collection/cbis-ddsm/"
ADDRESS = "https://wiki.cancerimagingarchive.net/download/attachments/22516629"
TIMEOUT_SECONDS = 60


SHA256 = {
    ("mass", "train"): "a4bcc1c32bfd040212737e6e8c304819334abe717cfefff56431dc50ae6db723",
    ("mass", "test"): "60f0b4504ec024106bbdd1555030d220163ea9da0ea4688473a4c9c3e8ab0457",
    ("calcification", "train"): "3c7b07e8202f66709f446b9695e96c5d17484a65fda6a24d0170a0c1b81d56e3",
    ("calcification", "test"): "03a2f72efb6ed29f417e07f4598950e6a1e02e6b11250ff516ebe7924ace3689",
}
"""Of the case files as they were published."""


def fetch_case_files(folder: Path) -> list[str]:
    """Download those of the four case files that are not in a folder yet; return their names."""
    absent = {part: name for part, name in CASE_FILES.items() if not (folder / name).exists()}
    folder.mkdir(parents=True, exist_ok=True)
    for part, name in absent.items():
        write_whole(folder / name, _published(name, SHA256[part]))
    return [*absent.values()]


def _published(name: str, sha256: str) -> bytes:
    address = f"{ADDRESS}/{name}?api=v2"
    by_hand = (
        f"Download the four case description files in a browser from {PAGE}, put them into the "
        "folder named by --out, and run the command again."
    )
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            content = bytes(answer.read())
    except OSError as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()  # a refusal comes with a page, and its connection waits to be read
        raise DataError(
            f"{name} cannot be downloaded from {address}: {error}. {by_hand}"
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise DataError(
            f"Expected {name} with the published SHA-256 {sha256[:12]}.... Received from "
            f"{address}: {found[:12]}.... {by_hand}"
        )
    return content
