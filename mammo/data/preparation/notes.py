"""What a preparation has done, on the disk: a line a row in `.prepare/rows.jsonl`.

The first line says what the crops are cut for and from: lesions, size, download. A run that shares
it goes on; any other begins anew, so that no folder mixes the crops of two.
"""

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

from mammo.data.preparation.films import WINDOW, PreparedLesion
from mammo.data.preparation.report import INDEX, REPORT

NOTES = ".prepare"


class Notes:
    """Keep crops and what became of each row, so that a killed run goes on.

    Parameters
    ----------
    out : Path, the folder of prepared crops
    abnormality : "mass", "calcification" or "all"
    crop_size : int, pixels
    download : str, as `Tree.identity` returns it
    """

    def __init__(self, out: Path, abnormality: str, crop_size: int, download: str) -> None:
        self.download = download
        self._out = out
        self._path = out / NOTES / "rows.jsonl"
        self._head = json.dumps(
            {"abnormality": abnormality, "crop_size": crop_size, "download": download}
        )

    def read(self) -> dict[str, PreparedLesion]:
        """Return the windows that an earlier run cut, by key.

        What it could not cut is tried again, and so is a row whose line a kill cut short or a
        fault of the disk damaged.
        """
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
        """Write the crop, then the line; return the lesion without its pixels.

        An earlier preparation's index and report go before the first crop: they would speak of
        crops that are overwritten.
        """
        if lesion.png:
            for name in (INDEX, REPORT):
                (self._out / name).unlink(missing_ok=True)
            path = self._crop(lesion.key)
            written = path.with_suffix(".tmp")
            written.write_bytes(lesion.png)
            written.replace(path)
        light = replace(lesion, png=b"")
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({k: v for k, v in asdict(light).items() if k != "png"}) + "\n")
        return light

    def remove(self) -> None:
        """Remove the notes of a preparation that is whole."""
        shutil.rmtree(self._path.parent, ignore_errors=True)

    def _begin(self) -> None:
        self._crop("").parent.mkdir(parents=True, exist_ok=True)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(self._head + "\n", encoding="utf-8")

    def _crop(self, key: str) -> Path:
        return self._out / "crops" / f"{key}.png"


def _lesion(line: str) -> PreparedLesion | None:
    """Return what a line holds; None where it is damaged."""
    try:
        fields = json.loads(line)
        return PreparedLesion(
            fields["key"], fields["origin"], fields["reason"], fields["detail"],
            tuple(fields["box"]), tuple(fields["window"]),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError):
        return None
