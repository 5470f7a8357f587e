"""What a preparation has done, on the disk: its crops and a line per row, in `.prepare/`.

The first line of `rows.jsonl` states what the crops are cut for and from: lesions, size, download.
A run that shares it goes on; any other begins anew, so that no folder mixes the crops of two. Only
a whole preparation leaves `.prepare/` and replaces an older one, which stays usable until then.
"""

import csv
import hashlib
import json
import shutil
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

from mammo.data.preparation.films import WINDOW, PreparedLesion
from mammo.data.preparation.report import COLUMNS, CROPS, INDEX, REPORT
from mammo.errors import DataError

NOTES = ".prepare"
JUNK = ("thumbs.db", "desktop.ini")
"""What an operating system leaves in a folder, besides hidden files; it counts for nobody's."""


class Notes:
    """Keep crops and what became of each row, so that a killed run goes on."""

    def __init__(self, out: Path, abnormality: str, crop_size: int, download: str) -> None:
        self.download = download
        self.folder = out / NOTES
        self._out = out
        self._path = self.folder / "rows.jsonl"
        self._crops, self._old = self.folder / CROPS, self.folder / "old"
        self._head = json.dumps(
            {"abnormality": abnormality, "crop_size": crop_size, "download": download}
        )

    def read(self) -> dict[str, PreparedLesion]:
        """Return the windows that an earlier run cut, by key."""
        if (self.folder / INDEX).is_file() and not self._crops.is_dir():
            (self._out / CROPS).rename(self._crops)  # killed within `publish`
        text = self._path.read_text("utf-8", errors="replace") if self._path.is_file() else ""
        head, *lines = text.split("\n")
        if head != self._head:
            self._begin()
            return {}
        if lines and lines[-1]:
            self._path.write_text("\n".join([head, *lines[:-1]]) + "\n", encoding="utf-8")
        lesions = [lesion for line in lines[:-1] if (lesion := _lesion(line))]
        return {
            lesion.key: lesion
            for lesion in lesions
            if lesion.origin == WINDOW and self._crop(lesion.key).is_file()
        }

    def write(self, lesion: PreparedLesion) -> PreparedLesion:
        """Write the crop, then the line; return the lesion without its pixels."""
        if lesion.png:
            path = self._crop(lesion.key)
            written = path.with_suffix(".tmp")
            written.write_bytes(lesion.png)
            written.replace(path)
        light = replace(lesion, png=b"")
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({k: v for k, v in asdict(light).items() if k != "png"}) + "\n")
        return light

    def publish(self) -> None:
        """Put a whole preparation in the place of an older one and remove the notes."""
        shutil.rmtree(self._old, ignore_errors=True)
        self._old.mkdir()
        moves = [
            (self._out / name, self._old / name)
            for name in (INDEX, REPORT, CROPS)
            if (self._out / name).exists()
        ]
        moves += [(self.folder / name, self._out / name) for name in (CROPS, REPORT, INDEX)]
        done: list[tuple[Path, Path]] = []
        try:
            for source, target in moves:
                source.rename(target)
                done.append((source, target))
        except OSError:
            for source, target in reversed(done):
                target.rename(source)
            raise
        shutil.rmtree(self._old, ignore_errors=True)
        self._path.unlink(missing_ok=True)
        with suppress(OSError):
            self.folder.rmdir()

    def _begin(self) -> None:
        if self._path.is_file():  # an earlier run's crops, of something else
            shutil.rmtree(self._crops, ignore_errors=True)
        self._crops.mkdir(parents=True, exist_ok=True)
        self._path.write_text(self._head + "\n", encoding="utf-8")

    def _crop(self, key: str) -> Path:
        return self._crops / f"{key}.png"


def _lesion(line: str) -> PreparedLesion | None:
    """Return the lesion of a line; None where the line is damaged."""
    try:
        fields = json.loads(line)
        return PreparedLesion(
            fields["key"], fields["origin"], fields["reason"], fields["detail"],
            tuple(fields["box"]), tuple(fields["window"]),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError):
        return None


def check_replaceable(out: Path) -> None:
    """Refuse a folder in which a preparation would replace what no preparation wrote."""
    if out.exists() and not out.is_dir():
        raise DataError(f"--out should name a folder. Received: the file {out}. Name another.")
    if (out / NOTES / INDEX).is_file():
        return  # killed while it replaced an older preparation
    foreign = _foreign(out)
    if foreign:
        raise DataError(
            f"{foreign} was not written by a preparation, or was changed since, so it is not "
            "replaced. Name another folder with --out, or move this one away."
        )


def _foreign(out: Path) -> Path | None:
    """Return the first file that a preparation would replace and that none wrote."""
    index, report, crops = (out / name for name in (INDEX, REPORT, CROPS))
    try:
        written = json.loads(report.read_bytes()) if report.exists() else {}
        known = isinstance(written, dict) and {"lesions", "abnormality"} <= written.keys()
    except (OSError, ValueError):
        known = False
    if report.exists() and not known:
        return report
    names: set[str] = set()
    if index.exists():
        try:
            content = index.read_bytes()
            rows = csv.reader(content.decode().splitlines())
            header = next(rows, [])
            names = {Path(row[0]).name for row in rows if row}
        except (OSError, ValueError, csv.Error):
            return index
        digest = written.get("index_sha256") if known else None
        if not report.exists() or tuple(header) != COLUMNS:
            return index
        if digest not in (None, hashlib.sha256(content).hexdigest()):
            return index
    if not crops.exists():
        return None
    if not crops.is_dir():
        return crops
    others = (path for path in sorted(crops.iterdir()) if path.name not in names)
    return next((path for path in others if not _is_junk(path)), None)


def _is_junk(path: Path) -> bool:
    return path.name.startswith(".") or path.name.lower() in JUNK
