"""A DICOM film in which everything that could name a patient is a marker that a test can find.

Every text element of the dictionary, private ones, the file's meta information, the preamble,
sequences, overlays and what follows the pixels hold `MARKER` with a number; dates and identifiers
of digits hold `DIGITS`. `found_in` says which of them stand in some bytes, however encoded.
"""

import base64
import warnings
from collections.abc import Iterator
from itertools import count

import numpy as np
from numpy.typing import NDArray
from pydicom.datadict import DicomDictionary
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.imaging.makers import dicom_dataset, plain_meta, written

MARKER = "QXZJW"
DIGITS = "18640229"
UID = f"1.2.{DIGITS}"
_TEXTS = {"PN", "LO", "SH", "ST", "LT", "UT", "UC", "AE", "UR"}
_WHOLE_GROUPS = {0x0008, 0x0010, 0x0012, 0x0018, 0x0020, 0x0032, 0x0038, 0x0040, 0x2200, 0x4008}
_NEEDED = {0x0008_0005, 0x0008_0016, 0x0008_0018, 0x0018_1164}


def marked_film(pixels: NDArray[np.uint16]) -> bytes:
    """Return a film of these pixels with a marker in each text, private and meta element."""
    film, numbers = dicom_dataset(pixels), count(1000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom objects to some of it, rightly
        for tag, vr, value in _elements(numbers):
            if tag not in film:
                film.add_new(tag, vr, value)
        _add_private(film, numbers)
        film.add_new(0x0040_0275, "SQ", Sequence([_item(numbers, depth=4)]))
        film.add_new(0x0054_0220, "SQ", Sequence([_item(numbers, depth=1)]))
        film.add_new(0x6000_3000, "OW", f"{MARKER}{next(numbers)}".encode())
        film.add_new(0x6000_1500, "LO", f"{MARKER}{next(numbers)}")
        film.add_new(0xFFFC_FFFC, "OB", f"{MARKER}{next(numbers)} ".encode())
        film.file_meta = plain_meta()
        film.file_meta.SourceApplicationEntityTitle = f"{MARKER}{next(numbers)}"
        film.file_meta.MediaStorageSOPInstanceUID = UID
        film.file_meta.PrivateInformationCreatorUID = UID
        film.file_meta.PrivateInformation = f"{MARKER}{next(numbers)} ".encode()
        film.PixelData = pixels.astype("<u2").tobytes()
        film["PixelData"].VR = "OW"
        film.preamble = f"{MARKER} in the preamble".encode().ljust(128, b"\0")
        return written(film)


def _elements(numbers: Iterator[int]) -> Iterator[tuple[int, str, str]]:
    for tag, (vr, _, _, retired, _) in DicomDictionary.items():
        if tag >> 16 not in _WHOLE_GROUPS or retired or tag in _NEEDED:
            continue
        if vr in _TEXTS:
            yield tag, vr, f"{MARKER}{next(numbers)}"
        elif vr in {"DA", "DT"}:
            yield tag, vr, DIGITS
        elif vr == "UI":
            yield tag, vr, UID


def _add_private(film: Dataset, numbers: Iterator[int]) -> None:
    block = film.private_block(0x0009, f"{MARKER}{next(numbers)}", create=True)
    block.add_new(0x01, "LO", f"{MARKER}{next(numbers)}")
    block.add_new(0x02, "UN", f"{MARKER}{next(numbers)} ".encode())
    block.add_new(0x03, "SQ", Sequence([_item(numbers, depth=2)]))


def _item(numbers: Iterator[int], depth: int) -> Dataset:
    item = Dataset()
    item.PatientName, item.CodeMeaning = f"{MARKER}{next(numbers)}", f"{MARKER}{next(numbers)}"
    item.CodeValue, item.StudyDate = f"{MARKER}{next(numbers)}", DIGITS
    if depth > 1:
        item.add_new(0x0040_0275, "SQ", Sequence([_item(numbers, depth - 1)]))
    return item


def found_in(content: bytes, *words: str) -> list[str]:
    """Return which markers, or which of some other words, stand in bytes, as text or base64."""
    wanted = words or (MARKER, DIGITS)
    return [word for word in wanted if any(form in content for form in _forms(word))]


def _forms(word: str) -> Iterator[bytes]:
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        text = word.encode(encoding)
        yield text
        yield text.lower()
        for shift in range(3):  # base64 of the word, wherever it starts within three bytes
            packed = base64.b64encode(bytes(shift) + text)
            start = {0: 0, 1: 2, 2: 3}[shift]
            end = (len(text) + shift) // 3 * 4
            yield packed[start:end]
