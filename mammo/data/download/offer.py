"""What a source offers, said before it starts: how much, under which licence, and whether it fits.

The licence and the citation are those of the collection's page at The Cancer Imaging Archive,
https://doi.org/10.7937/K9/TCIA.2016.7O02S9CY.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mammo.errors import DataError

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


@dataclass(frozen=True)
class Offer:
    """What one download is."""

    what: str
    n_bytes: int
    n_files: int
    missing_bytes: int
    needed_bytes: int
    choice: Choice

    def in_words(self, out: Path) -> str:
        """Say what will be downloaded, from where, how large it is, and under which licence."""
        already = self.n_bytes - self.missing_bytes
        kept = f", {in_gigabytes(already)} of it already here" if already else ""
        return "\n".join(
            (
                f"{self.what}: {in_gigabytes(self.n_bytes)} in {self.n_files:,} files{kept}",
                f"Licence: {LICENCE}",
                f"Cite: {CITATION}",
                f"Into: {out} ({in_gigabytes(free_bytes(out))} free, "
                f"{in_gigabytes(self.needed_bytes)} needed)",
            )
        )


class Source(NamedTuple):
    """A place to download from: what it offers for a choice, and how to fetch it."""

    offer: Callable[[Path, Choice], Offer]
    fetch: Callable[[Path, Offer, Say], None]


def in_gigabytes(n_bytes: int) -> str:
    """Write a number of bytes as a person reads it."""
    if n_bytes >= GIGABYTE:
        return f"{n_bytes / GIGABYTE:.1f} GB"
    return f"{n_bytes / 10**6:.1f} MB"


def free_bytes(folder: Path) -> int:
    """Return the free bytes of the disk on which a folder is, or will be."""
    there = folder.resolve()
    while not there.exists():
        there = there.parent
    return shutil.disk_usage(there).free


def refuse_if_too_big(offer: Offer, out: Path) -> None:
    """Raise DataError where the disk of `out` has less free space than the download takes."""
    free = free_bytes(out)
    if offer.missing_bytes and offer.needed_bytes + SPARE_BYTES > free:
        raise DataError(
            f"The download should fit on the disk of {out}: it takes "
            f"{in_gigabytes(offer.needed_bytes)}, and {in_gigabytes(free)} are free. Name a folder "
            "on another disk with --out, or choose less with --abnormality and --split."
        )
