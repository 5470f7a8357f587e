"""Make the files that the imaging tests read: pictures and DICOM films of every kind.

DICOM files are written by pydicom, compressed frames by Pillow and pylibjpeg; where no encoder is
installed (JPEG lossless) a small one stands here.
"""

import io
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filewriter import dcmwrite
from pydicom.pixels.encoders.base import get_encoder
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, generate_uid

SECRETS = {
    "PatientName": "Quixote^Dulcinea",
    "PatientID": "SECRET-4711",
    "PatientBirthDate": "19610203",
    "PatientAddress": "7 Windmill Lane, La Mancha",
    "AccessionNumber": "ACC998877",
    "InstitutionName": "Hospital of Invented Saints",
    "ReferringPhysicianName": "Panza^Sancho",
    "StudyDate": "20190817",
    "StudyTime": "112233",
    "StudyDescription": "Mammogram of Dulcinea",
    "OperatorsName": "Rocinante^Horse",
    "OtherPatientIDs": "ALIAS-0815",
    "PatientComments": "neighbour of the mayor",
    "DeviceSerialNumber": "SN-555-444",
}
"""Invented patient data: none of it may leave the reader."""


def ramp(rows: int = 40, columns: int = 30, top: int = 4000) -> NDArray[np.uint16]:
    """Return a film-like 16-bit picture: a diagonal ramp from 0 to `top`."""
    values = np.add.outer(np.arange(rows), np.arange(columns)).astype(np.float64)
    return np.rint(values / values.max() * top).astype(np.uint16)


def dicom_dataset(pixels: NDArray[Any], **tags: Any) -> Dataset:
    """Return a plain digitised mammogram; `tags` replace or, where None, remove elements."""
    rows, columns = pixels.shape[-2:]
    bits = pixels.dtype.itemsize * 8
    film = Dataset()
    film.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    film.SOPInstanceUID = generate_uid(entropy_srcs=["mammo"])
    film.Modality = "MG"
    film.ConversionType = "DF"
    film.ImageLaterality = "R"
    film.ViewPosition = "MLO"
    film.SamplesPerPixel = 1
    film.PhotometricInterpretation = "MONOCHROME2"
    film.Rows, film.Columns = rows, columns
    film.BitsAllocated = film.BitsStored = bits
    film.HighBit = bits - 1
    film.PixelRepresentation = int(pixels.dtype.kind == "i")
    if pixels.ndim == 3:
        film.NumberOfFrames = pixels.shape[0]
    for name, value in tags.items():
        if value is None:
            delattr(film, name)
        else:
            setattr(film, name, value)
    return film


def dicom_bytes(
    pixels: NDArray[Any],
    *,
    syntax: str = ExplicitVRLittleEndian,
    frames: list[bytes] | None = None,
    **tags: Any,
) -> bytes:
    """Return a DICOM file; `frames` are its compressed frames, else it is uncompressed."""
    film = dicom_dataset(pixels, **tags)
    film.file_meta = plain_meta(syntax)
    if frames is not None:
        film.PixelData = encapsulate(frames)
        film["PixelData"].is_undefined_length = True
        film["PixelData"].VR = "OB"
    else:
        order = ">" if syntax == ExplicitVRBigEndian else "<"
        film.PixelData = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
        film["PixelData"].VR = "OB" if pixels.dtype.itemsize == 1 else "OW"
    return written(film)


def plain_meta(syntax: str = ExplicitVRLittleEndian) -> FileMetaDataset:
    """Return meta information that names a transfer syntax."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    return meta


def written(film: Dataset) -> bytes:
    """Return a data set as the bytes of a DICOM file."""
    buffer = io.BytesIO()
    dcmwrite(buffer, film, enforce_file_format=True)
    return buffer.getvalue()


def encoded(values: NDArray[Any], syntax: str) -> bytes:
    """Compress one frame with an encoder that pydicom knows."""
    options = {
        "rows": values.shape[0],
        "columns": values.shape[1],
        "samples_per_pixel": 1,
        "photometric_interpretation": "MONOCHROME2",
        "bits_allocated": values.dtype.itemsize * 8,
        "bits_stored": values.dtype.itemsize * 8,
        "pixel_representation": int(values.dtype.kind == "i"),
        "number_of_frames": 1,
    }
    return get_encoder(syntax).encode(np.ascontiguousarray(values), **options)


def picture_bytes(picture: NDArray[Any] | PillowImage.Image, form: str, **options: Any) -> bytes:
    """Return a picture file as Pillow writes it."""
    if not isinstance(picture, PillowImage.Image):
        picture = PillowImage.fromarray(picture)
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def png_bytes(values: NDArray[Any], colour: int, width: int | None = None) -> bytes:
    """Return a PNG of any depth and colour type; `width` states another width than it has."""
    rows, columns = values.shape[:2]
    lines = b"".join(b"\0" + row.astype(row.dtype.newbyteorder(">")).tobytes() for row in values)
    size = (columns if width is None else width, rows if width is None else width)
    header = struct.pack(">IIBBBBB", *size, values.dtype.itemsize * 8, colour, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    body = b"".join(png_chunk(name, data) for name, data in chunks)
    return b"\x89PNG\r\n\x1a\n" + body


def png_chunk(name: bytes, data: bytes) -> bytes:
    """Return a chunk with its length and checksum."""
    checksum = struct.pack(">I", zlib.crc32(name + data))
    return struct.pack(">I", len(data)) + name + data + checksum


def tiff_bytes(values: NDArray[Any], *, photometric: int = 1, orientation: int = 1) -> bytes:
    """Return an uncompressed little-endian grey TIFF of any type."""
    rows, columns = values.shape
    kind = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    data = values.astype(values.dtype.newbyteorder("<")).tobytes()
    entries = [
        (256, columns),
        (257, rows),
        (258, values.dtype.itemsize * 8),
        (259, 1),
        (262, photometric),
        (273, 8),
        (274, orientation),
        (277, 1),
        (278, rows),
        (279, len(data)),
        (339, kind),
    ]
    directory = struct.pack("<H", len(entries)) + b"".join(
        struct.pack("<HHLL", tag, 4, 1, value) for tag, value in entries
    )
    return struct.pack("<2sHL", b"II", 42, 8 + len(data)) + data + directory + bytes(4)


def lossless_jpeg(values: NDArray[np.uint16], bits: int = 16) -> bytes:
    """Encode a lossless JPEG (ITU-T T.81 annex H, predictor 1), as mammograms are archived.

    Every category 0 to 16 gets a Huffman code of five bits.
    """
    rows, columns = values.shape
    table = bytes([0, 0, 0, 0, 17, *[0] * 11, *range(17)])
    header = b"\xff\xd8" + _segment(0xC4, b"\0" + table)
    header += _segment(0xC3, struct.pack(">BHHBBBB", bits, rows, columns, 1, 1, 0x11, 0))
    header += _segment(0xDA, bytes([1, 1, 0, 1, 0, 0]))
    code = "".join(_lossless_code(difference) for difference in _differences(values, bits))
    code += "1" * (-len(code) % 8)
    scan = int(code, 2).to_bytes(len(code) // 8, "big").replace(b"\xff", b"\xff\0")
    return header + scan + b"\xff\xd9"


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _differences(values: NDArray[np.uint16], bits: int) -> list[int]:
    """Predict each value from its left neighbour, the first of a row from the one above."""
    wide = values.astype(np.int64)
    predicted = np.empty_like(wide)
    predicted[:, 1:] = wide[:, :-1]
    predicted[1:, 0] = wide[:-1, 0]
    predicted[0, 0] = 1 << (bits - 1)
    difference = (wide - predicted + 32768) % 65536 - 32768
    return [int(value) for value in difference.ravel()]


def _lossless_code(difference: int) -> str:
    category = 16 if difference == -32768 else abs(difference).bit_length()
    code = f"{category:05b}"
    if category in (0, 16):
        return code
    extra = difference if difference > 0 else difference + (1 << category) - 1
    return code + f"{extra:0{category}b}"
