"""Fetch the published 128-pixel crops of the CBIS-DDSM masses: 1,696 small files, each checked.

They were published with Osuala et al. 2024 (arXiv 2407.12669). The table beside this file,
`crops.csv.xz`, has the row of each crop in `index.csv` (docs/data.md describes the lesion's box)
and its number, size and SHA-256 there; the path follows from them. The pictures themselves are no
part of mammo.

What is written is a folder of prepared crops (see `mammo.data.table`). Each file arrives whole or
not at all, and `index.csv` comes last and names only files that are there. `MAMMO_CROPS_URL` names
another base address; paths and names of files are the same there.
"""

import csv
import hashlib
import lzma
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache, partial
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mammo.data.download import CITATION, LICENCE, Choice, Offer, Say, in_gigabytes
from mammo.errors import DataError, SettingsError
from mammo.files import remove_unfinished, write_whole

if TYPE_CHECKING:
    import requests
    from urllib3 import BaseHTTPResponse

ADDRESS_VARIABLE = "MAMMO_CROPS_URL"
REPOSITORY = "https://github.com/RichardObi/mammo_dp"
ADDRESS = (
    "https://raw.githubusercontent.com/RichardObi/mammo_dp/20caed79441855870bae6f7efca1cac0ca8bac7e"
)
TABLE = Path(__file__).with_name("crops.csv.xz")
LICENCES = f"Apache-2.0, over CBIS-DDSM, {LICENCE}"

AT_A_TIME = 8
_TRIES, _TRIES_TO_CONNECT = 5, 3
"""How often a request is repeated, at most, and how often without a connection."""
_TIMEOUTS = (10, 60)
"""Seconds to wait for a connection, and for the next bytes."""
_BUSY = (408, 425, 429, 500, 502, 503, 504)
_OK = 200
_FIRST_PAUSE = 0.5
_LONGEST_WAIT = 600.0
"""Seconds: before a try is repeated, doubled each time; and the longest that a server may ask."""
_GOES_ON = "finished files are kept, and only the rest is downloaded."
_STEPS = 10


class Crop(NamedTuple):
    """One published crop: its file and row in `index.csv`, its path at the address, its content."""

    case: str
    file: str
    split: str
    row: str
    path: str
    n_bytes: int
    sha256: str

    def is_whole(self, out: Path) -> bool:
        """Return whether the file is there with its published content."""
        with suppress(OSError):
            return self.is_content((out / self.file).read_bytes())
        return False

    def is_content(self, content: bytes) -> bool:
        """Return whether some bytes are the published file."""
        return len(content) == self.n_bytes and hashlib.sha256(content).hexdigest() == self.sha256


class Progress(NamedTuple):
    """How far a download is: files there and checked, bytes likewise, and a wait in seconds."""

    files: int
    n_files: int
    n_bytes: int
    of_bytes: int
    wait: float = 0.0

    def __str__(self) -> str:
        """Write it as a person reads it."""
        waiting = f"; waiting {self.wait:.0f} s" if self.wait else ""
        return (
            f"{self.files:,} of {self.n_files:,} images, {in_gigabytes(self.n_bytes)} of "
            f"{in_gigabytes(self.of_bytes)}{waiting}"
        )


def default_folder() -> Path:
    """Return where the app looks for the crops: `mammo/crops` in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base else Path.home() / ".cache") / "mammo" / "crops"


def published(split: str = "all") -> tuple[Crop, ...]:
    """Return the published crops of one split, train, test or all, in the order of `index.csv`."""
    return tuple(one for one in _table(TABLE)[1] if split in (one.split, "all"))


def size_of(split: str) -> str:
    """Write how much the crops of a split are, as "2.7 MB"."""
    return in_gigabytes(sum(one.n_bytes for one in published(split)))


def half_with(cases: Iterable[str]) -> str | None:
    """Return the split of published crops to get for some cases, test before train, or None."""
    wanted = set(cases)
    splits = {one.split for one in published() if one.case in wanted}
    return next((split for split in ("test", "train") if split in splits), None)


@cache
def _table(path: Path) -> tuple[str, tuple[Crop, ...]]:
    """Read the first line of `index.csv`, and every published crop."""
    with lzma.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    return ",".join(rows[0][:-3]), tuple(
        _crop(dict(zip(rows[0], r, strict=True))) for r in rows[1:]
    )


def _crop(row: dict[str, str]) -> Crop:
    *of_index, number, n_bytes, sha256 = row.values()
    benign = row["pathology"] != "MALIGNANT"
    film = row["film_series_uid"].rpartition(".")[2]
    path = (
        f"dataset16062024/cbis-ddsm/{row['published_split']}/is_benign_{str(benign).lower()}/"
        f"patientcbis-ddsm__{row['patient_id']}_image{film}_mass{number}_is_benign_{benign:d}.png"
    )
    case, line = Path(row["file"]).stem, ",".join(of_index)
    return Crop(case, row["file"], row["split"], line, path, int(n_bytes), sha256)


def offer(out: Path, choice: Choice) -> Offer:
    """Return what is published of a choice, and how much of it is missing in `out`.

    Raises
    ------
    SettingsError
        Calcifications are asked for, `out` holds other crops, or the address is none.
    """
    if choice.abnormality == "calcification":
        raise SettingsError(
            "The published crops show masses only, so --abnormality should be mass or left out; "
            "received calcification. The other sources have calcifications."
        )
    _refuse_other_crops(out)
    crops = published(choice.split)
    missing = sum(one.n_bytes for one in crops if not one.is_whole(out))
    return Offer(
        f"128-pixel crops of the CBIS-DDSM masses (split: {choice.split}), from {_address()}",
        sum(one.n_bytes for one in crops), len(crops), missing, missing, choice,
        LICENCES, f"Osuala et al. 2024, arXiv 2407.12669; {CITATION}",
        f"{'' if out == default_folder() else 'MAMMO_DATA={out} '}streamlit run app.py",
    )  # fmt: skip


def _address() -> str:
    address = os.environ.get(ADDRESS_VARIABLE, "").strip().rstrip("/") or ADDRESS
    if not address.startswith(("https://", "http://")):
        raise SettingsError(
            f"{ADDRESS_VARIABLE} expects an address that begins with https:// or http://. "
            f"Received: {address}."
        )
    return address


def _refuse_other_crops(out: Path) -> None:
    """Refuse a folder whose `index.csv` this download did not write."""
    header, crops = _table(TABLE)
    rows = [header, *(one.row for one in crops)]
    # An earlier release wrote them without the lesion's box, the last four columns.
    ours = {*rows, *(row.rsplit(",", 4)[0] for row in rows)}
    with suppress(FileNotFoundError, NotADirectoryError):
        if not ours.issuperset((out / "index.csv").read_text("utf-8", "replace").splitlines()):
            raise SettingsError(
                "The images need a new folder, or one of an earlier download. The folder named has "
                "an index.csv that lists other crops. Nothing was changed; move it away, or name "
                "another folder with --out."
            )


def fetch(out: Path, offer: Offer, say: Say) -> None:
    """Download what is missing in `out`, and print a line for each tenth and each wait."""
    told = set[tuple[int, float]]()

    def tell(progress: Progress) -> None:
        step = _STEPS * progress.files // max(1, progress.n_files), progress.wait
        if step not in told:
            say(str(progress))
        told.add(step)

    fetch_crops(out, offer.choice.split, tell)


def fetch_crops(out: Path, split: str, tell: Callable[[Progress], None]) -> None:
    """Download the crops of a split that are missing in `out`, eight at a time, and list them.

    Parameters
    ----------
    out : Path, made where it is not there
    split : str, train, test or all
    tell : called with the progress, at the start, after each file and at each wait

    Raises
    ------
    DataError
        The address cannot be reached, has no such file, or sends another one than was published.
        What had arrived before stays, and the next call needs only the rest.
    OSError
        The disk is full or refuses.
    """
    _refuse_other_crops(out)
    crops, address = published(split), _address()
    missing = [one for one in crops if not one.is_whole(out)]
    of_bytes = sum(one.n_bytes for one in crops)
    there = of_bytes - sum(one.n_bytes for one in missing)
    progress = Progress(len(crops) - len(missing), len(crops), there, of_bytes)
    (out / "crops").mkdir(parents=True, exist_ok=True)
    tell(progress)
    with (
        ThreadPool(AT_A_TIME) as pool,
        _session(address, lambda seconds: tell(progress._replace(wait=seconds))) as session,
    ):
        fetch_one = partial(_fetch_one, session, address, out)
        for n_bytes in pool.imap_unordered(fetch_one, missing):
            files, there = progress.files + 1, progress.n_bytes + n_bytes
            progress = progress._replace(files=files, n_bytes=there)
            tell(progress)
    _write_index(out)
    remove_unfinished(out / "crops")


def _write_index(out: Path) -> None:
    """List every published crop that is there whole; an index that says so already stays."""
    header, crops = _table(TABLE)
    lines = [header, *(one.row for one in crops if one.is_whole(out))]
    content, index = "\n".join([*lines, ""]).encode(), out / "index.csv"
    if not index.exists() or index.read_bytes() != content:
        write_whole(index, content)


def _session(address: str, on_wait: Callable[[float], None]) -> "requests.Session":
    """Return a session that repeats a request if the server is busy or cannot be reached.

    `on_wait` is called with the seconds that a busy server asks to wait (Retry-After).
    """
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    class Patient(Retry):
        def get_retry_after(self, response: "BaseHTTPResponse") -> float | None:
            asked = (
                super().get_retry_after(response) if response.headers.get("Retry-After") else None
            )
            if asked and asked > _LONGEST_WAIT:
                raise DataError(
                    f"The images cannot be downloaded now: {address} asks to wait "
                    f"{asked / 60:.0f} minutes. Try again then; {_GOES_ON}"
                )
            if asked:
                on_wait(asked)
            return asked

    patient = Patient(
        _TRIES, connect=_TRIES_TO_CONNECT, backoff_factor=_FIRST_PAUSE, status_forcelist=_BUSY,
        raise_on_status=False,
    )  # fmt: skip
    session = requests.Session()
    session.mount(address, HTTPAdapter(pool_maxsize=AT_A_TIME, max_retries=patient))
    return session


def _fetch_one(session: "requests.Session", address: str, out: Path, crop: Crop) -> int:
    """Download a crop and return its size; DataError if the address does not send it."""
    import requests

    for _ in range(_TRIES):  # the session repeats requests, but no answer that breaks off
        try:
            url = f"{address}/{crop.path}"
            with session.get(url, stream=True, timeout=_TIMEOUTS) as answer:
                fault = f"is busy (HTTP {answer.status_code})"
                if answer.status_code not in _BUSY:
                    write_whole(out / crop.file, _checked(answer, address, crop))
                    return crop.n_bytes
                break
        except requests.exceptions.ChunkedEncodingError:
            fault = "breaks the connection"
        except requests.RequestException as error:
            fault = f"cannot be reached ({_reason(error)})"
            break
    raise DataError(
        f"The images cannot be downloaded: {address} {fault}. Check the connection and try again "
        f"later; {_GOES_ON}"
    )


def _checked(answer: "requests.Response", address: str, crop: Crop) -> bytes:
    """Return the content of an answer, read no further than shows that it is another file."""
    if answer.status_code != _OK:
        raise DataError(
            f"The images are no longer at {address}: it answers HTTP {answer.status_code} for "
            f"{Path(crop.file).name}. Install a newer mammo, or set {ADDRESS_VARIABLE} to the "
            "address of a copy."
        )
    content = next(answer.iter_content(crop.n_bytes + 1), b"")
    if not crop.is_content(content):
        raise DataError(
            f"{Path(crop.file).name} should have {crop.n_bytes:,} bytes with the SHA-256 "
            f"{crop.sha256[:12]}…; {address} sent another file, which was discarded. A proxy or a "
            "login page may have answered instead. Check the connection and try again, or set "
            f"{ADDRESS_VARIABLE} to the address of an unaltered copy."
        )
    return bytes(content)


def _reason(error: "requests.RequestException") -> str:
    """Name in a few words why there was no answer."""
    import requests

    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted"
    return "no answer in time" if "timed out" in str(error) else "no connection"
