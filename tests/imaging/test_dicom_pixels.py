"""Test the decoding of DICOM pixels: syntaxes, depths, damage."""

import struct
from contextlib import suppress
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import (
    MPEG2MPML,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    RLELossless,
)

from mammo.errors import ImageError
from mammo.imaging import read_image
from mammo.imaging.codestream import read_codestream
from mammo.imaging.dicom_pixels import decode_rle
from tests.imaging.makers import (
    dicom_bytes,
    dicom_dataset,
    encoded,
    lossless_jpeg,
    picture_bytes,
    plain_meta,
    ramp,
    written,
)

pytestmark = pytest.mark.usefixtures("quiet")

FILM = ramp(48, 40, top=60_000)
NOISE = np.random.default_rng(5).integers(0, 4096, (48, 40), dtype=np.uint16)


def _scaled(values: NDArray[Any]) -> NDArray[np.uint8]:
    return cv2.normalize(values, None, 0, 255, cv2.NORM_MINMAX, cv2.CV_8U)


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian]
)
@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16])
def test_uncompressed_films_of_every_type(syntax: str, dtype: type[np.integer]) -> None:
    low = np.iinfo(dtype).min
    values = FILM.astype(np.int64) * 250 // 60_000 * (1 if dtype in (np.uint8, np.int8) else 200)
    values = (values + low).astype(dtype)
    image = read_image(dicom_bytes(values, syntax=syntax))
    assert np.array_equal(image.pixels, _scaled(values.astype(np.int32) - low))
    assert image.kind == "dicom"


def test_big_endian_bytes_may_be_swapped_in_pairs() -> None:
    values = (FILM >> 8).astype(np.uint8)
    film = dicom_dataset(values)
    film.file_meta = plain_meta(ExplicitVRBigEndian)
    film.PixelData = values.tobytes()
    film.PixelData = np.frombuffer(film.PixelData, dtype="<u2").astype(">u2").tobytes()
    film["PixelData"].VR = "OW"
    assert np.array_equal(read_image(written(film)).pixels, _scaled(values))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16])
def test_rle(dtype: type[np.integer]) -> None:
    values = (FILM // 300).astype(dtype)
    content = dicom_bytes(values, syntax=RLELossless, frames=[encoded(values, RLELossless)])
    assert np.array_equal(read_image(content).pixels, _scaled(values.astype(np.uint16)))


@given(
    arrays.arrays(
        st.sampled_from([np.uint8, np.uint16, np.int16]),
        arrays.array_shapes(min_dims=2, max_dims=2, max_side=40),
        elements=st.integers(0, 5),
    )
)
def test_rle_frames_decode_to_what_was_encoded(values: NDArray[Any]) -> None:
    frame = encoded(values, RLELossless)
    assert np.array_equal(decode_rle(frame, *values.shape, values.dtype), values)


def test_rle_runs_may_cross_rows() -> None:
    frame = struct.pack("<16L", 1, 64, *[0] * 14) + bytes([256 - 5, 3, 0, 4, 128, 0, 5])
    assert decode_rle(frame, 2, 4, np.dtype(np.uint8)).tolist() == [[3, 3, 3, 3], [3, 3, 4, 5]]


@pytest.mark.parametrize("frame", [b"", bytes(64), struct.pack("<16L", 2, 64, 70, *[0] * 13)])
def test_a_broken_rle_frame_is_an_error(frame: bytes) -> None:
    with pytest.raises(ValueError, match="RLE segments|not enough image data"):
        decode_rle(frame, 4, 4, np.dtype(np.uint16))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16])
def test_jpeg_2000(dtype: type[np.integer]) -> None:
    values = (NOISE // 20).astype(dtype)
    frame = encoded(values, JPEG2000Lossless)
    content = dicom_bytes(values, syntax=JPEG2000Lossless, frames=[frame])
    assert np.array_equal(read_image(content).pixels, _scaled(values.astype(np.uint16)))


@pytest.mark.parametrize("bits", [12, 16])
def test_lossless_jpeg(bits: int) -> None:
    content = dicom_bytes(
        NOISE,
        syntax=JPEGLosslessSV1,
        frames=[lossless_jpeg(NOISE, bits)],
        BitsStored=bits,
        HighBit=bits - 1,
    )
    assert np.array_equal(read_image(content).pixels, _scaled(NOISE))


def test_baseline_jpeg() -> None:
    smooth = (FILM >> 8).astype(np.uint8)
    content = dicom_bytes(
        smooth, syntax=JPEGBaseline8Bit, frames=[picture_bytes(smooth, "JPEG", quality=95)]
    )
    assert np.abs(read_image(content).pixels.astype(int) - _scaled(smooth)).max() <= 4


def test_jpeg_ls() -> None:
    compressed = read_image(str(get_testdata_file("MR_small_jpeg_ls_lossless.dcm")))
    plain = read_image(str(get_testdata_file("MR_small.dcm")))
    assert np.array_equal(compressed.pixels, plain.pixels)


@pytest.mark.parametrize(
    "name",
    [
        "CT_small.dcm",
        "MR_small_RLE.dcm",
        "MR_small_implicit.dcm",
        "MR_small_jp2klossless.dcm",
        "MR_small_padded.dcm",
        "693_J2KI.dcm",
        "J2K_pixelrep_mismatch.dcm",
        "JPGExtended.dcm",
    ],
)
def test_odd_real_files_decode_as_pydicom_decodes_them(
    name: str, recwarn: pytest.WarningsRecorder
) -> None:
    path = str(get_testdata_file(name))
    image = read_image(path)
    assert not recwarn.list  # although pydicom itself warns about some of them
    film = dcmread(path)
    film.pop("PixelPaddingValue", None)
    stored = film.pixel_array.astype(np.float64) * (-1 if film.get("RescaleSlope", 1) < 0 else 1)
    shown = image.pixels.astype(np.float64)
    order = np.argsort(stored, axis=None, kind="stable")
    if "WindowCenter" not in film and "CT" not in name:
        assert np.all(np.diff(shown.ravel()[order]) >= 0)
    assert image.shape == stored.shape


def test_twelve_bits_in_sixteen_fill_the_range() -> None:
    image = read_image(dicom_bytes(NOISE, BitsStored=12, HighBit=11))
    assert np.array_equal(image.pixels, _scaled(NOISE))


def test_a_short_sign_is_extended() -> None:
    signed = (NOISE.astype(np.int32) - 2048).astype(np.int16)
    unextended = (signed & 0x0FFF).astype(np.int16)
    content = dicom_bytes(unextended, BitsStored=12, HighBit=11, PixelRepresentation=1)
    assert np.array_equal(read_image(content).pixels, _scaled(NOISE))
    extended = dicom_bytes(signed, BitsStored=12, HighBit=11)
    assert np.array_equal(read_image(extended).pixels, _scaled(NOISE))


@pytest.mark.parametrize("values", [FILM, (FILM.astype(np.int32) - 30_000).astype(np.int16)])
def test_a_wrong_bits_stored_is_refused_and_not_wrapped_around(values: NDArray[Any]) -> None:
    with pytest.raises(ImageError, match="12 bits per pixel, but the pixels use more"):
        read_image(dicom_bytes(values, BitsStored=12, HighBit=11))


@pytest.mark.parametrize(
    "tags",
    [
        {"BitsStored": 17, "HighBit": 16},
        {"BitsStored": 0},
        {"BitsStored": 12, "HighBit": 15},
        {"BitsAllocated": 32, "BitsStored": 32, "HighBit": 31},
        {"BitsAllocated": 12, "BitsStored": 12, "HighBit": 11},
        {"BitsAllocated": None, "BitsStored": None, "HighBit": None},
    ],
)
def test_bits_that_do_not_fit_are_refused(tags: dict[str, Any]) -> None:
    with pytest.raises(ImageError, match="8 or 16 bits allocated"):
        read_image(dicom_bytes(FILM, **tags))


def test_bits_stored_and_high_bit_may_be_missing() -> None:
    content = dicom_bytes(FILM, BitsStored=None, HighBit=None)
    assert np.array_equal(read_image(content).pixels, _scaled(FILM))


def test_of_several_frames_the_first_is_read_with_a_warning() -> None:
    frames = np.stack([FILM, FILM[::-1], FILM * 0])
    image = read_image(dicom_bytes(frames))
    assert np.array_equal(image.pixels, _scaled(FILM))
    assert any("3 frames" in warning for warning in image.warnings)
    stack = [encoded(frame, RLELossless) for frame in frames]
    compressed = read_image(dicom_bytes(frames, syntax=RLELossless, frames=stack))
    assert np.array_equal(compressed.pixels, _scaled(FILM))


def test_a_frame_in_several_fragments_is_put_together() -> None:
    film = dicom_dataset(NOISE)
    film.file_meta = plain_meta(JPEG2000Lossless)
    film.PixelData = encapsulate([encoded(NOISE, JPEG2000Lossless)], fragments_per_frame=3)
    film["PixelData"].is_undefined_length = True
    film["PixelData"].VR = "OB"
    assert np.array_equal(read_image(written(film)).pixels, _scaled(NOISE))


@pytest.mark.parametrize("frames", [0, -3])
def test_a_senseless_number_of_frames_counts_as_one(frames: int) -> None:
    image = read_image(dicom_bytes(FILM, NumberOfFrames=frames))
    assert np.array_equal(image.pixels, _scaled(FILM))


def test_no_pixel_data_is_said() -> None:
    film = dicom_dataset(FILM)
    film.file_meta = plain_meta(ExplicitVRLittleEndian)
    with pytest.raises(ImageError, match="no pixel data"):
        read_image(written(film))


def test_float_pixel_data_are_refused() -> None:
    film = dicom_dataset(FILM)
    film.file_meta = plain_meta(ExplicitVRLittleEndian)
    film.FloatPixelData = FILM.astype(np.float32).tobytes()
    with pytest.raises(ImageError, match="floating point pixel data"):
        read_image(written(film))


@pytest.mark.parametrize(
    "tags",
    [
        {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0},
        {"SamplesPerPixel": 3, "PhotometricInterpretation": "YBR_FULL_422"},
        {"PhotometricInterpretation": "PALETTE COLOR"},
        {"PhotometricInterpretation": None},
    ],
)
def test_colours_are_refused(tags: dict[str, Any]) -> None:
    with pytest.raises(ImageError, match="Expected a grey mammogram"):
        read_image(dicom_bytes(FILM, **tags))


@pytest.mark.parametrize(
    ("syntax", "sentence"),
    [
        (MPEG2MPML, "MPEG2 Main Profile / Main Level, which is not supported"),
        ("1.2.3.4.5", "an unknown syntax, which is not supported"),
        (DeflatedExplicitVRLittleEndian, "deflated"),
    ],
)
def test_an_unsupported_transfer_syntax_is_named(syntax: str, sentence: str) -> None:
    content = dicom_bytes(FILM).replace(_meta_value(ExplicitVRLittleEndian), _meta_value(syntax), 1)
    with pytest.raises(ImageError, match=sentence):
        read_image(_with_meta_length(content, syntax))


def _meta_value(syntax: str) -> bytes:
    value = syntax.encode() + b"\0" * (len(syntax) % 2)
    return b"\x02\0\x10\0UI" + struct.pack("<H", len(value)) + value


def _with_meta_length(content: bytes, syntax: str) -> bytes:
    change = len(_meta_value(syntax)) - len(_meta_value(ExplicitVRLittleEndian))
    (length,) = struct.unpack("<L", content[140:144])
    return content[:140] + struct.pack("<L", length + change) + content[144:]


def test_a_syntax_that_is_no_uid_is_not_quoted(recwarn: pytest.WarningsRecorder) -> None:
    content = dicom_bytes(FILM)
    bad = content.replace(b"1.2.840.10008.1.2.1\0", b"Quixote^Dulcinea 9.9")
    assert bad != content
    with pytest.raises(ImageError, match="an unknown syntax") as refusal:
        read_image(bad)
    assert "Quixote" not in str(refusal.value)
    assert not recwarn.list


def test_a_missing_decoder_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    content = dicom_bytes(NOISE, syntax=JPEG2000Lossless, frames=[encoded(NOISE, JPEG2000Lossless)])
    monkeypatch.setattr("pydicom.pixels.decoders.base.Decoder.available_plugins", ("pillow",))
    with pytest.raises(ImageError, match="pip install pylibjpeg"):
        read_image(content)


def test_a_file_that_states_explicit_and_writes_implicit_is_read() -> None:
    implicit = dicom_bytes(FILM, syntax=ImplicitVRLittleEndian)
    lying = implicit.replace(
        _meta_value(ImplicitVRLittleEndian), _meta_value(ExplicitVRLittleEndian), 1
    )
    change = len(lying) - len(implicit)
    (length,) = struct.unpack("<L", lying[140:144])
    lying = lying[:140] + struct.pack("<L", length + change) + lying[144:]
    assert np.array_equal(read_image(lying).pixels, _scaled(FILM))


@pytest.mark.parametrize(
    "tags", [{"Rows": 60_000, "Columns": 60_000}, {"Rows": 1, "Columns": 1}, {"Rows": 0}]
)
def test_sizes_are_refused_by_the_header(tags: dict[str, int]) -> None:
    with pytest.raises(ImageError, match="too large|too small"):
        read_image(dicom_bytes(FILM, **tags))


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize("kept", [0.05, 0.5, 0.9, 0.999])
def test_truncated_uncompressed_pixels_are_refused(syntax: str, kept: float) -> None:
    content = dicom_bytes(FILM, syntax=syntax)
    start = len(content) - FILM.nbytes
    cut = content[: start + int(FILM.nbytes * kept)]
    with pytest.raises(ImageError, match="truncated: expected 3,840 bytes"):
        read_image(cut)


def test_a_header_that_claims_more_pixels_than_there_are_is_refused() -> None:
    with pytest.raises(ImageError, match="truncated"):
        read_image(dicom_bytes(FILM, Rows=90))


def test_trailing_padding_is_ignored() -> None:
    film = dicom_dataset(FILM)
    film.file_meta = plain_meta(ExplicitVRLittleEndian)
    film.PixelData = FILM.astype("<u2").tobytes() + bytes(64)
    film["PixelData"].VR = "OW"
    assert np.array_equal(read_image(written(film)).pixels, _scaled(FILM))


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLosslessSV1])
@pytest.mark.parametrize("kept", [0.0, 0.3, 0.8, 0.99])
def test_truncated_compressed_pixels_are_refused(syntax: str, kept: float) -> None:
    frame = lossless_jpeg(NOISE) if syntax == JPEGLosslessSV1 else encoded(NOISE, syntax)
    content = dicom_bytes(NOISE, syntax=syntax, frames=[frame])
    start = content.index(frame[:64])
    with pytest.raises(ImageError, match="truncated"):
        read_image(content[: start + int(len(frame) * kept)])


def test_a_compressed_picture_without_an_end_gets_a_warning() -> None:
    frame = lossless_jpeg(NOISE)[:500]
    image = read_image(dicom_bytes(NOISE, syntax=JPEGLosslessSV1, frames=[frame]))
    assert any("no end mark" in warning for warning in image.warnings)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGBaseline8Bit])
def test_damaged_compressed_pixels_are_refused(syntax: str) -> None:
    content = dicom_bytes(NOISE, syntax=syntax, frames=[b"no picture at all " * 20])
    with pytest.raises(ImageError, match="cannot be decoded"):
        read_image(content)


def test_uncompressed_pixels_under_a_compressed_syntax_are_refused() -> None:
    film = dicom_dataset(FILM)
    film.file_meta = plain_meta(ExplicitVRLittleEndian)
    film.PixelData = FILM.tobytes()
    film["PixelData"].VR = "OW"
    content = written(film).replace(
        _meta_value(ExplicitVRLittleEndian), _meta_value(RLELossless), 1
    )
    with pytest.raises(ImageError, match="truncated|cannot be decoded"):
        read_image(content)


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLosslessSV1])
def test_a_small_header_over_a_larger_picture_is_refused(syntax: str) -> None:
    frame = lossless_jpeg(NOISE) if syntax == JPEGLosslessSV1 else encoded(NOISE, syntax)
    with pytest.raises(ImageError, match="has another size"):
        read_image(dicom_bytes(NOISE[:20, :20], syntax=syntax, frames=[frame]))


def _codestream_size(frame: bytes) -> tuple[int, int]:
    return read_codestream(frame)[:2]


def test_jpeg_2000_in_its_file_format_is_measured_too() -> None:
    picture = picture_bytes((NOISE >> 4).astype(np.uint8), "JPEG2000")
    assert picture[4:8] == b"jP  "
    assert _codestream_size(picture) == (48, 40)


def test_the_size_in_a_codestream() -> None:
    assert _codestream_size(encoded(NOISE, JPEG2000Lossless)) == (48, 40)
    assert _codestream_size(lossless_jpeg(NOISE)) == (48, 40)
    assert _codestream_size(picture_bytes(NOISE.astype(np.uint8), "JPEG")) == (48, 40)
    jpeg_ls = dcmread(str(get_testdata_file("MR_small_jpeg_ls_lossless.dcm")))
    assert _codestream_size(get_frame(jpeg_ls.PixelData, 0, number_of_frames=1)) == (64, 64)


@given(st.binary(max_size=60), st.sampled_from([b"", b"\xff\xd8", b"\xff\xd8\xff\xff\xe0"]))
def test_the_size_in_any_bytes_is_a_size_or_a_refusal(tail: bytes, start: bytes) -> None:
    with suppress(ImageError):
        assert len(_codestream_size(start + tail)) == 2


TWELVE = {"BitsStored": 12, "HighBit": 11}


@pytest.mark.parametrize("bit", [12, 15])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_an_overlay_above_the_stored_bits_is_masked(bit: int, signed: bool, syntax: str) -> None:
    cells = NOISE | (np.arange(48)[:, None] > 20).astype(np.uint16) << bit
    tags = TWELVE | {"PixelRepresentation": int(signed)}
    film = dicom_dataset(cells, **tags)
    film.add_new(0x6002_0102, "US", bit)
    film.file_meta = plain_meta(syntax)
    film.PixelData = cells.astype(">u2" if syntax == ExplicitVRBigEndian else "<u2").tobytes()
    film["PixelData"].VR = "OW"
    expected = (NOISE + 2048) % 4096 if signed else NOISE
    assert np.array_equal(read_image(written(film)).pixels, _scaled(expected))


def test_without_an_overlay_other_bits_are_refused() -> None:
    with pytest.raises(ImageError, match="12 bits per pixel, but the pixels use more"):
        read_image(dicom_bytes(NOISE | 0x2000, **TWELVE))


def test_a_sign_may_be_extended_in_some_pixels_only() -> None:
    signed = (NOISE.astype(np.int32) - 2048).astype(np.int16)
    mixed = np.where(np.arange(48)[:, None] > 20, signed, signed & 0x0FFF).astype(np.int16)
    image = read_image(dicom_bytes(mixed, **TWELVE))
    assert np.array_equal(image.pixels, _scaled(NOISE))


@pytest.mark.parametrize(("dtype", "bits"), [(np.int16, 15), (np.int8, 7), (np.int16, 1)])
def test_a_sign_is_extended_however_many_bits_are_stored(dtype: type[Any], bits: int) -> None:
    values = np.arange(48 * 40).reshape(48, 40) % (1 << bits) - (1 << bits - 1)
    unextended = (values & ((1 << bits) - 1)).astype(dtype)
    for cells in (values.astype(dtype), unextended):
        image = read_image(dicom_bytes(cells, BitsStored=bits, HighBit=bits - 1))
        assert np.array_equal(image.pixels, _scaled(values.astype(np.float32)))


def test_stored_bits_may_stand_higher_in_the_cell() -> None:
    image = read_image(dicom_bytes(NOISE << 4, BitsStored=12, HighBit=15))
    assert np.array_equal(image.pixels, _scaled(NOISE))
    low = read_image(dicom_bytes(NOISE, BitsStored=12, HighBit=15))
    assert np.array_equal(low.pixels, _scaled(NOISE))


@pytest.mark.parametrize("bits", [8, 12])
def test_a_sequential_jpeg_without_a_spectrum_is_read_as_one_with(bits: int) -> None:
    smooth = (FILM >> 8).astype(np.uint8)
    whole = picture_bytes(smooth, "JPEG", quality=95)
    scan = whole.index(b"\xff\xda") + 7
    assert whole[scan : scan + 3] == b"\0\x3f\0"
    broken = whole[: scan + 1] + b"\0" + whole[scan + 2 :]
    if bits == 12:  # the same coefficients, as a JPEG of 12 bits
        whole, broken = (
            frame.replace(b"\xff\xc0\0\x0b\x08", b"\xff\xc1\0\x0b\x0c") for frame in (whole, broken)
        )
    tags = {"syntax": JPEGBaseline8Bit if bits == 8 else JPEGExtended12Bit}
    cells = smooth if bits == 8 else smooth.astype(np.uint16)
    tags |= {"BitsStored": bits, "HighBit": bits - 1}
    image, expected = (read_image(dicom_bytes(cells, frames=[f], **tags)) for f in (broken, whole))
    assert np.array_equal(image.pixels, expected.pixels)
    assert ["Se = 0" in warning for warning in image.warnings] == [True]
    assert expected.warnings == ()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_big_endian_pixels_of_ge_are_read(dtype: type[Any]) -> None:
    film = dicom_dataset(NOISE.astype(dtype))
    film.file_meta = plain_meta(ImplicitVRLittleEndian)
    film.PixelData = NOISE.astype(dtype).astype("<u2").byteswap().tobytes()
    if dtype == np.uint8:
        film.PixelData = NOISE.astype(np.uint8).view("<u2").byteswap().tobytes()
    content = written(film).replace(
        _meta_value(ImplicitVRLittleEndian), _meta_value("1.2.840.113619.5.2"), 1
    )
    image = read_image(_with_meta_length(content, "1.2.840.113619.5.2"))
    assert np.array_equal(image.pixels, _scaled(NOISE.astype(dtype)))


GREY_COLOURS = np.repeat((FILM >> 8).astype(np.uint8)[..., None], 3, axis=2)
RGB = {"SamplesPerPixel": 3, "PlanarConfiguration": 0, "PhotometricInterpretation": "RGB"}


def _coloured(pixels: NDArray[Any], **tags: Any) -> bytes:
    film = dicom_dataset(pixels[..., 0], **(RGB | tags))
    film.file_meta = plain_meta()
    stored = pixels.transpose(2, 0, 1) if film.PlanarConfiguration else pixels
    film.PixelData = stored.tobytes()
    film["PixelData"].VR = "OW"
    return written(film)


@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_stored_as_colours_is_read_and_named(planar: int, dtype: type[Any]) -> None:
    image = read_image(_coloured(GREY_COLOURS.astype(dtype), PlanarConfiguration=planar))
    assert np.array_equal(image.pixels, _scaled(FILM >> 8))
    assert any("screen capture" in warning for warning in image.warnings)


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL"])
def test_colours_are_not_taken_for_grey(photometric: str) -> None:
    coloured = GREY_COLOURS.copy()
    coloured[3, 3, 2] += 1
    with pytest.raises(ImageError, match="received colours"):
        read_image(_coloured(coloured, PhotometricInterpretation=photometric))


def test_compressed_grey_in_colours_is_read() -> None:
    ybr = GREY_COLOURS.copy()
    ybr[..., 1:] = 128
    image = read_image(_coloured(ybr, PhotometricInterpretation="YBR_FULL"))
    assert np.array_equal(image.pixels, _scaled(FILM >> 8))
    planes = [encoded(np.ascontiguousarray(GREY_COLOURS[..., 0]), RLELossless)[64:]] * 3
    starts = np.cumsum([64, *map(len, planes)])[:3]
    rle = struct.pack("<16L", 3, *starts, *[0] * 12) + b"".join(planes)
    content = dicom_bytes(GREY_COLOURS[..., 0], syntax=RLELossless, frames=[rle], **RGB)
    assert np.array_equal(read_image(content).pixels, _scaled(FILM >> 8))
    jpeg = picture_bytes(GREY_COLOURS, "JPEG", quality=95)
    tags = RGB | {"PhotometricInterpretation": "YBR_FULL_422"}
    image = read_image(
        dicom_bytes(GREY_COLOURS[..., 0], syntax=JPEGBaseline8Bit, frames=[jpeg], **tags)
    )
    assert np.abs(image.pixels.astype(int) - _scaled(FILM >> 8)).max() <= 4


def test_a_jpeg_2000_of_more_bits_than_a_cell_is_refused() -> None:
    frame = encoded(NOISE, JPEG2000Lossless)
    content = dicom_bytes(NOISE.astype(np.uint8), syntax=JPEG2000Lossless, frames=[frame])
    with pytest.raises(ImageError, match="has another size"):
        read_image(content)


def test_jpeg_2000_in_its_file_format_is_read() -> None:
    values = (NOISE >> 4).astype(np.uint8)
    frame = picture_bytes(values, "JPEG2000")
    content = dicom_bytes(values, syntax=JPEG2000Lossless, frames=[frame])
    assert np.array_equal(read_image(content).pixels, _scaled(values))
