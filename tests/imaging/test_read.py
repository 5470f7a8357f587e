"""Test how a source is opened and what kind of file it is taken for."""

import gzip
import io
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import (
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    RLELossless,
)

from mammo.errors import ImageError
from mammo.imaging import read_image
from tests.imaging.makers import dicom_bytes, encoded, picture_bytes, ramp

pytestmark = pytest.mark.usefixtures("quiet")

ROOT = Path(__file__).resolve().parents[2]

GREY = (np.arange(40 * 30) % 251).astype(np.uint8).reshape(40, 30)
PNG = picture_bytes(GREY, "PNG")
NIFTI = b"\x5c\x01\0\0" + bytes(340) + b"n+1\0" + bytes(100)
FILM = dicom_bytes(ramp())
RLE = dicom_bytes(GREY, syntax=RLELossless, frames=[encoded(GREY, RLELossless)])


def _as_path(content: bytes, folder: Path) -> Path:
    path = folder / "a file without a telling name.txt"
    path.write_bytes(content)
    return path


class _Pipe(io.BytesIO):
    """A stream that cannot seek, as an upload or a pipe may be."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: Any) -> int:
        raise OSError("cannot seek")


@pytest.mark.parametrize(
    "source_of",
    [
        lambda content, folder: content,
        lambda content, folder: bytearray(content),
        lambda content, folder: memoryview(content),
        lambda content, folder: io.BytesIO(content),
        lambda content, folder: _Pipe(content),
        _as_path,
        lambda content, folder: str(_as_path(content, folder)),
    ],
)
@pytest.mark.parametrize("content", [PNG, FILM])
def test_every_kind_of_source_gives_the_same_picture(
    content: bytes, source_of: Callable[[bytes, Path], Any], tmp_path: Path
) -> None:
    expected = read_image(content)
    assert np.array_equal(read_image(source_of(content, tmp_path)).pixels, expected.pixels)


@pytest.mark.parametrize("content", [PNG, FILM])
def test_a_file_is_read_from_its_start_and_left_open(content: bytes) -> None:
    stream = io.BytesIO(content)
    stream.seek(100)
    assert read_image(stream).shape == (40, 30)
    assert read_image(stream).shape == (40, 30)
    assert not stream.closed


def test_the_content_counts_and_not_the_name(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(FILM)
    assert read_image(path).kind == "dicom"
    path.with_suffix(".dcm").write_bytes(PNG)
    assert read_image(path.with_suffix(".dcm")).kind == "picture"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"\x89", "something else"),
        (b"patient,film\n1,2\n" * 20, "a text file"),
        (b"GIF89a" + bytes(100), "a GIF"),
        (b"%PDF-1.7" + bytes(100), "a PDF document"),
        (b"PK\x03\x04" + bytes(100), "a ZIP archive"),
        (b"\x1f\x8b" + bytes(100), "a gzip archive"),
        (gzip.compress(b"a letter" * 99, mtime=0), "a gzip archive.* Unpack it first"),
        (gzip.compress(NIFTI, mtime=0), "a compressed NIfTI file.*16-bit PNG"),
        (
            gzip.compress(NIFTI + np.random.default_rng(1).bytes(9_000), mtime=0),
            "a compressed NIfTI",
        ),
        (NIFTI, "a NIfTI file.*Export a slice"),
        (NIFTI.replace(b"n+1", b"ni1"), "the header of a NIfTI file"),
        (NIFTI[:300] + bytes(99), "an Analyze or NIfTI header"),
        (b"\0\0\x01\x5c" + bytes(344), "an Analyze or NIfTI header"),
        (b"\0\0\x02\x1cn+2\0\r\n\x1a\n" + bytes(600), "a NIfTI file"),
        (b"\0\0\0\x18ftypheic" + bytes(100), "a HEIC image, as phones take"),
        (b"\0\0\0\x18ftypmif1" + bytes(100), "a HEIC or AVIF"),
        (b"\0\0\0\x1cftypavif" + bytes(100), "an AVIF"),
        (b"\0\0\0\x20ftypisom" + bytes(100), "a video.*Export one still image"),
        (b"\0\0\0\x14ftypqt  " + bytes(100), "a video"),
        (b"RIFF\0\0\0\0AVI " + bytes(100), "a video"),
        (b"\x1a\x45\xdf\xa3" + bytes(100), "a video"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(100), "a JPEG XL"),
        (b"\xff\x0a" + bytes(100), "a JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(100), "a bare JPEG 2000"),
        (b"\xff\x4f\xff\x51" + bytes(100), "a bare JPEG 2000"),
        (b"NRRD0004\ntype: short\n", "an NRRD"),
        (b"ObjectType = Image\nNDims = 2\n", "a MetaImage"),
        (b"NDims = 2\n", "a MetaImage"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "an HDF5"),
        (b"MATLAB 5.0 MAT-file" + bytes(100), "a MATLAB"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", r"a drawing \(SVG\)"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- -->\n<svg>", r"a drawing \(SVG\)"),
        (b"<!DOCTYPE html><html>", "a text file"),
        (b"P4\n20 20\n" + bytes(100), "a PBM, PAM, PFM or"),
        (b"Pf\n20 20\n-1.0\n" + bytes(1600), "a PBM, PAM, PFM or"),
        (b"P1 of the patients\n", "a PBM"),
        (b"P1,P2\n" * 9, "a text file"),
        (b"8BPS\0\1" + bytes(100), "a Photoshop"),
        (bytes(range(200, 256)) * 4, "something else"),
    ],
)
def test_other_files_are_named(content: bytes, sentence: str) -> None:
    with pytest.raises(ImageError, match=sentence) as refusal:
        read_image(content)
    assert "expected" in str(refusal.value).lower()


def test_a_text_file_named_png_is_named(tmp_path: Path) -> None:
    path = tmp_path / "film.png"
    path.write_text("This is not a film at all, it is a letter.")
    with pytest.raises(ImageError, match="a text file"):
        read_image(path)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [(".", "a folder"), ("absent.dcm", "no such file"), ("a\0b", "cannot be opened|no such file")],
)
def test_a_path_to_no_file_is_refused(name: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=sentence):
        read_image(str(tmp_path / name))


def test_a_file_that_may_not_be_opened_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: Any, **__: Any) -> BinaryIO:
        raise PermissionError("denied")

    path = _as_path(PNG, tmp_path)
    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(ImageError, match="PermissionError"):
        read_image(path)


def test_a_text_stream_is_refused() -> None:
    with pytest.raises(ImageError, match="mode 'rb'"):
        read_image(io.StringIO("film"))  # type: ignore[arg-type]


@pytest.mark.parametrize("source", [7, None, GREY])
def test_another_type_is_the_programmers_mistake(source: Any) -> None:
    with pytest.raises(TypeError, match="Received: source="):
        read_image(source)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, None])
def test_a_dicom_file_without_preamble_is_recognised(syntax: str | None) -> None:
    whole = dicom_bytes(ramp(), **({} if syntax is None else {"syntax": syntax}))
    length = int.from_bytes(whole[140:144], "little")
    for start in (132, 144 + length):  # without the preamble, and without the meta group too
        assert np.array_equal(read_image(whole[start:]).pixels, read_image(whole).pixels)


def test_many_threads_read_at_once() -> None:
    expected = {content: read_image(content).pixels for content in (PNG, FILM)}
    wrong: list[bytes] = []

    def read(content: bytes) -> None:
        shown = [read_image(content).pixels for _ in range(5)]
        wrong.extend(content for film in shown if not np.array_equal(film, expected[content]))

    threads = [threading.Thread(target=read, args=(content,)) for content in [PNG, FILM] * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


_READ_ALL = """
import pathlib, sys
from mammo.errors import ImageError
from mammo.imaging import read_image
assert "pydicom" not in sys.modules  # slow to import: only a DICOM file is worth it
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    try:
        read_image(path)
    except ImageError:
        print("refused")
"""


def test_truncated_files_write_nothing_to_the_console(tmp_path: Path) -> None:
    """Read in a plain interpreter: no warning filter, no log handler of the tests in between."""
    noise = np.random.default_rng(0).integers(0, 256, (90, 90), dtype=np.uint8)
    whole = [picture_bytes(noise, form) for form in ("PNG", "JPEG", "TIFF", "BMP", "WEBP")]
    whole += [dicom_bytes(noise), dicom_bytes(noise, syntax=RLELossless, frames=[bytes(900)])]
    whole += [dicom_bytes(noise, syntax=JPEG2000Lossless, frames=[b"\xff\x4f\xff\x51" * 90])]
    whole += [dicom_bytes(noise, syntax=JPEGLosslessSV1, frames=[b"\xff\xd8\xff\xc3" * 90])]
    for number, content in enumerate(whole):
        for share in (0.1, 0.5, 0.95):
            (tmp_path / f"{number}-{share}").write_bytes(content[: int(len(content) * share)])
    command = [sys.executable, "-c", _READ_ALL, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["refused"] * 3 * len(whole)


@pytest.mark.parametrize("content", [PNG, FILM, RLE, picture_bytes(GREY, "TIFF")])
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(content: bytes, data: st.DataObject) -> None:
    """Whatever stands in a file, the reader gives a picture or a sentence, and nothing else."""
    damaged = bytearray(content)
    changes = st.tuples(st.integers(0, len(content) - 1), st.binary(min_size=1, max_size=4))
    for place, replacement in data.draw(st.lists(changes, max_size=4)):
        damaged[place : place + len(replacement)] = replacement
    with warnings.catch_warnings():
        # Pillow warns about senseless tags; one thread runs here, so the filter may change.
        warnings.simplefilter("ignore")
        sentence = _sentence_of(bytes(damaged))
    assert sentence is None or sentence.endswith(".")


def _sentence_of(content: bytes) -> str | None:
    try:
        assert read_image(content).pixels.dtype == np.uint8
    except ImageError as refusal:
        return str(refusal)
    return None


def test_a_network_message_is_read_behind_its_command_group() -> None:
    whole = dicom_bytes(ramp(), syntax=ImplicitVRLittleEndian)
    start = 144 + int.from_bytes(whole[140:144], "little")
    command = bytes.fromhex("0000 0001 02000000 0100")
    command = bytes.fromhex("0000 0000 04000000") + len(command).to_bytes(4, "little") + command
    image = read_image(command + whole[start:])
    assert np.array_equal(image.pixels, read_image(whole).pixels)
    with pytest.raises(ImageError, match="The DICOM file has no pixel data"):
        read_image(command)
