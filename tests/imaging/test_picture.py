"""Test the picture formats: depth, colour, transparency, orientation, damage."""

import struct
import zlib
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as PillowImage

from mammo.errors import ImageError
from mammo.imaging import MAX_PIXELS, read_image
from tests.imaging.makers import picture_bytes, png_bytes, png_chunk, tiff_bytes

pytestmark = pytest.mark.usefixtures("quiet")

RANDOM = np.random.default_rng(11)
GREY = RANDOM.integers(30, 200, (40, 30), dtype=np.uint8)
DEEP = RANDOM.integers(500, 60_000, (40, 30), dtype=np.uint16)
COLOUR = RANDOM.integers(0, 256, (40, 30, 3), dtype=np.uint8)
DEEP_SCALED = cv2.normalize(DEEP, None, 0, 255, cv2.NORM_MINMAX, cv2.CV_8U)


def _grey_rgb(grey: NDArray[Any]) -> NDArray[Any]:
    return np.repeat(grey[..., None], 3, axis=2)


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("PNG", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "tiff_adobe_deflate"}),
        ("BMP", {}),
        ("WEBP", {"lossless": True}),
    ],
)
@pytest.mark.parametrize("as_colour", [False, True])
def test_eight_bit_grey_stays_value_for_value(
    form: str, options: dict[str, Any], as_colour: bool
) -> None:
    picture = _grey_rgb(GREY) if as_colour else GREY
    image = read_image(picture_bytes(picture, form, **options))
    assert np.array_equal(image.pixels, GREY)
    assert (image.kind, image.warnings) == ("picture", ())
    assert (image.laterality, image.view, image.pixel_spacing_mm) == (None, None, None)


def test_a_jpeg_is_read_as_pillow_decodes_it() -> None:
    smooth = cv2.GaussianBlur(GREY, (0, 0), 3)
    image = read_image(picture_bytes(smooth, "JPEG", quality=95))
    assert np.abs(image.pixels.astype(int) - smooth).max() <= 4
    assert image.warnings == ()
    as_colour = read_image(picture_bytes(_grey_rgb(smooth), "JPEG", quality=95))
    assert np.abs(as_colour.pixels.astype(int) - smooth).max() <= 4
    assert as_colour.warnings == ()


@pytest.mark.parametrize(
    "content",
    [
        png_bytes(DEEP, 0),
        png_bytes(_grey_rgb(DEEP), 2),
        png_bytes(np.dstack([DEEP, np.full_like(DEEP, 65535)]), 4),
        png_bytes(np.dstack([_grey_rgb(DEEP), np.full_like(DEEP, 65535)]), 6),
        picture_bytes(DEEP, "TIFF"),
        tiff_bytes(DEEP),
        tiff_bytes(65535 - DEEP, photometric=0),
        cv2.imencode(".tiff", DEEP)[1].tobytes(),
        cv2.imencode(".tiff", _grey_rgb(DEEP))[1].tobytes(),
        tiff_bytes(DEEP.astype(np.int32)),
        tiff_bytes(DEEP.astype(np.uint32) + 3_000_000_000),
        tiff_bytes((DEEP.astype(np.int32) - 32_768).astype(np.int16)),
        tiff_bytes(DEEP.astype(np.float32) / 7 - 1000),
    ],
)
def test_more_than_eight_bits_are_scaled_and_never_cut(content: bytes) -> None:
    image = read_image(content)
    assert np.abs(image.pixels.astype(int) - DEEP_SCALED).max() <= 1
    assert np.mean(image.pixels == DEEP_SCALED) > 0.99


def test_sixteen_bit_grey_is_scaled_exactly_as_films_are() -> None:
    assert np.array_equal(read_image(png_bytes(DEEP, 0)).pixels, DEEP_SCALED)
    assert np.array_equal(read_image(picture_bytes(DEEP, "TIFF")).pixels, DEEP_SCALED)


def test_sixteen_bits_that_use_few_values_are_not_cut_to_black() -> None:
    dark = (DEEP // 300).astype(np.uint16)  # at most 200: the high byte is empty
    pixels = read_image(png_bytes(dark, 0)).pixels
    assert (pixels.min(), pixels.max()) == (0, 255)
    assert len(np.unique(pixels)) == len(np.unique(dark))


def test_twelve_bits_in_sixteen_fill_the_range() -> None:
    pixels = read_image(png_bytes(DEEP >> 4, 0)).pixels
    assert (pixels.min(), pixels.max()) == (0, 255)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_float_pixels_that_are_no_numbers_are_refused(bad: float) -> None:
    values = DEEP.astype(np.float32)
    values[3, 4] = bad
    with pytest.raises(ImageError, match="NaN or infinite"):
        read_image(tiff_bytes(values))


def test_an_inverted_tiff_is_turned_over() -> None:
    assert np.array_equal(read_image(tiff_bytes(255 - GREY, photometric=0)).pixels, GREY)


def test_a_palette_is_looked_up() -> None:
    picture = PillowImage.fromarray(GREY).convert("P")
    assert np.array_equal(read_image(picture_bytes(picture, "PNG")).pixels, GREY)


def test_black_and_white_is_read_with_a_warning() -> None:
    picture = PillowImage.fromarray(GREY > 100)
    image = read_image(picture_bytes(picture, "PNG"))
    assert np.array_equal(image.pixels, np.where(GREY > 100, 255, 0))
    assert "mask" in image.warnings[0]


@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP"])
def test_transparency_is_laid_over_black(form: str) -> None:
    alpha = np.full_like(GREY, 255)
    alpha[:10], alpha[10:20] = 0, 102
    options = {"lossless": True, "exact": True} if form == "WEBP" else {}
    pixels = read_image(picture_bytes(np.dstack([_grey_rgb(GREY), alpha]), form, **options)).pixels
    assert not pixels[:10].any()
    assert np.array_equal(pixels[10:20], np.rint(GREY[10:20] * 0.4))
    assert np.array_equal(pixels[20:], GREY[20:])


@pytest.mark.parametrize(("depth", "row"), [(1, b"\x55" * 4), (2, b"\x55" * 8), (4, b"\x11" * 16)])
def test_a_transparent_grey_of_few_bits_is_black(depth: int, row: bytes) -> None:
    header = struct.pack(">LLBBBBB", 32, 32, depth, 0, 0, 0, 0)
    pixels = zlib.compress((b"\0" + row) * 32)  # grey 1 everywhere, or in every second pixel
    chunks = ((b"IHDR", header), (b"tRNS", b"\0\1"), (b"IDAT", pixels), (b"IEND", b""))
    content = b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)
    assert read_image(content).pixels.max() == 0


def test_a_transparent_grey_of_16_bits_is_black() -> None:
    content = png_bytes(DEEP, 0)
    key = png_chunk(b"tRNS", struct.pack(">H", int(DEEP.max())))
    pixels = read_image(content[:33] + key + content[33:]).pixels
    assert pixels[np.unravel_index(DEEP.argmax(), DEEP.shape)] == 0


def test_deep_transparency_is_laid_over_black_before_scaling() -> None:
    alpha = np.full_like(DEEP, 65535)
    alpha[:10] = 0
    pixels = read_image(png_bytes(np.dstack([DEEP, alpha]), 4)).pixels
    expected = np.where(alpha > 0, DEEP, 0).astype(np.uint16)
    scaled = cv2.normalize(expected, None, 0, 255, cv2.NORM_MINMAX, cv2.CV_8U)
    assert np.array_equal(pixels, scaled)


def test_a_transparent_palette_colour_becomes_black() -> None:
    picture = PillowImage.fromarray(GREY).convert("P")
    index = int(np.asarray(picture)[0, 0])
    pixels = read_image(picture_bytes(picture, "PNG", transparency=index)).pixels
    hidden = np.asarray(picture) == index
    assert not pixels[hidden].any()
    assert np.array_equal(pixels[~hidden], GREY[~hidden])


def test_a_wholly_transparent_picture_is_refused() -> None:
    picture = np.dstack([_grey_rgb(GREY), np.zeros_like(GREY)])
    with pytest.raises(ImageError, match="wholly transparent"):
        read_image(picture_bytes(picture, "PNG"))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "TIFF", "WEBP"])
def test_a_colour_photograph_is_read_with_a_warning(form: str) -> None:
    photograph = np.kron(COLOUR[:10, :10], np.ones((8, 8, 1), dtype=np.uint8))
    image = read_image(picture_bytes(photograph, form))
    assert image.shape == (80, 80)
    assert "looks like a colour photograph" in image.warnings[0]


def test_colour_becomes_luminance() -> None:
    red, green, blue = (COLOUR[..., channel].astype(float) for channel in range(3))
    luminance = 0.299 * red + 0.587 * green + 0.114 * blue
    pixels = read_image(picture_bytes(COLOUR, "PNG")).pixels
    assert np.abs(pixels - luminance).max() <= 1


def test_deep_colour_is_not_cut_and_its_channels_are_not_swapped() -> None:
    deep = np.zeros((40, 30, 3), dtype=np.uint16)
    deep[..., 0] = DEEP  # red alone
    image = read_image(png_bytes(deep, 2))
    assert np.abs(image.pixels.astype(int) - DEEP_SCALED).max() <= 1
    blue_heavy = read_image(png_bytes(np.dstack([deep[..., 0] // 2, deep[..., 1], DEEP]), 2))
    assert "colour photograph" in blue_heavy.warnings[0]


def test_coloured_marks_on_a_film_are_told_from_a_photograph() -> None:
    marked = _grey_rgb(GREY)
    marked[5, 5:15] = (255, 0, 0)
    (warning,) = read_image(picture_bytes(marked, "PNG")).warnings
    assert "coloured marks" in warning


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_exif_orientation_is_applied(form: str, orientation: int) -> None:
    upright = np.kron(
        np.array([[40, 90, 140], [190, 240, 10]], dtype=np.uint8), np.ones((16, 16), dtype=np.uint8)
    )
    stored = _stored_for(upright, orientation)
    exif = PillowImage.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if form == "WEBP" else {}
    image = read_image(picture_bytes(stored, form, exif=exif.tobytes(), **options))
    assert image.shape == upright.shape
    assert np.abs(image.pixels.astype(int) - upright).max() <= 6


def _stored_for(upright: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Undo an orientation, by the words of the EXIF standard on where row 0 and column 0 are."""
    return {
        1: upright,
        2: np.fliplr(upright),
        3: np.rot90(upright, 2),
        4: np.flipud(upright),
        5: upright.T,
        6: np.rot90(upright, 1),
        7: np.rot90(upright, 2).T,
        8: np.rot90(upright, -1),
    }[orientation].copy()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("deep", [False, True])
def test_a_tiffs_orientation_is_applied_once(orientation: int, deep: bool) -> None:
    upright = np.arange(20 * 30, dtype=np.uint16).reshape(20, 30) if deep else GREY[:20]
    stored = _stored_for(upright, orientation)
    pixels = read_image(tiff_bytes(stored, orientation=orientation)).pixels
    expected = read_image(tiff_bytes(upright)).pixels
    assert np.array_equal(pixels, expected)


def test_the_orientation_of_deep_colour_is_applied_once() -> None:
    exif = PillowImage.Exif()
    exif[0x0112] = 6
    upright = _grey_rgb(DEEP)
    plain = png_bytes(np.rot90(upright, 1).copy(), 2)
    with_exif = picture_bytes(np.zeros((2, 2), dtype=np.uint8), "PNG", exif=exif.tobytes())
    start = with_exif.index(b"eXIf") - 4
    chunk = with_exif[start : start + 12 + int.from_bytes(with_exif[start : start + 4], "big")]
    image = read_image(plain[:33] + chunk + plain[33:])
    assert np.array_equal(image.pixels, DEEP_SCALED)


def test_a_broken_exif_block_does_not_matter() -> None:
    content = picture_bytes(GREY, "PNG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x05garbage")
    assert np.array_equal(read_image(content).pixels, GREY)


@pytest.mark.parametrize("form", ["TIFF", "WEBP", "PNG"])
def test_several_pages_give_the_first_and_a_warning(form: str) -> None:
    pages = [PillowImage.fromarray(GREY), PillowImage.fromarray(np.flipud(GREY))]
    options: dict[str, Any] = {"save_all": True, "append_images": pages[1:]}
    if form == "WEBP":
        options["lossless"] = True
    image = read_image(picture_bytes(pages[0], form, **options))
    assert np.array_equal(image.pixels, GREY)
    assert "2 pages or frames" in image.warnings[0]


def test_a_cmyk_jpeg_is_refused() -> None:
    picture = PillowImage.fromarray(COLOUR).convert("CMYK")
    with pytest.raises(ImageError, match="CMYK"):
        read_image(picture_bytes(picture, "JPEG"))


def test_an_empty_picture_says_so() -> None:
    image = read_image(picture_bytes(np.full((40, 30), 9, dtype=np.uint8), "PNG"))
    assert "empty" in image.warnings[0]


@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "BMP", "WEBP"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_a_truncated_picture_is_refused(form: str, share: float) -> None:
    noise = RANDOM.integers(0, 256, (90, 90), dtype=np.uint8)
    content = picture_bytes(noise, form)
    with pytest.raises(ImageError, match=r"cannot be decoded|something else"):
        read_image(content[: int(len(content) * share)])


@pytest.mark.parametrize(
    "content",
    [
        png_bytes(_grey_rgb(RANDOM.integers(0, 65536, (90, 90), dtype=np.uint16)), 2)[:9000],
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        b"BM" + b"A letter that starts like a bitmap." * 9,
        b"\xff\xd8\xff" + bytes(300),
        b"II*\0" + bytes(300),
        b"RIFF\0\0\0\0WEBP" + bytes(300),
    ],
)
def test_a_damaged_picture_is_refused(content: bytes) -> None:
    with pytest.raises(ImageError) as refusal:
        read_image(content)
    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize("form", ["PNG", "BMP"])
def test_one_pixel_is_refused(form: str) -> None:
    with pytest.raises(ImageError, match="received 1 x 1"):
        read_image(picture_bytes(np.zeros((1, 1), dtype=np.uint8), form))


def _huge_tiff() -> bytes:
    content = tiff_bytes(GREY)
    for tag, side in ((256, 30), (257, 40)):
        entry = struct.pack("<HHLL", tag, 4, 1, side)
        assert entry in content
        content = content.replace(entry, struct.pack("<HHLL", tag, 4, 1, 60_000))
    return content


@pytest.mark.parametrize(
    "content",
    [
        png_bytes(GREY, 0, width=60_000),
        png_bytes(_grey_rgb(DEEP), 2, width=60_000),
        _huge_tiff(),
        picture_bytes(GREY, "JPEG").replace(b"\0\x28\0\x1e", b"\xea\x60\xea\x60", 1),
        picture_bytes(GREY, "BMP").replace(b"\x1e\0\0\0\x28\0\0\0", b"\x60\xea\0\0\x60\xea\0\0", 1),
    ],
)
def test_a_huge_picture_is_refused_by_its_header(content: bytes) -> None:
    with pytest.raises(ImageError, match="60,000 x 60,000"):
        read_image(content)


def test_a_picture_below_our_limit_is_below_pillows_own_which_warns() -> None:
    assert PillowImage.MAX_IMAGE_PIXELS is not None
    assert MAX_PIXELS < PillowImage.MAX_IMAGE_PIXELS
    content = png_bytes(GREY, 0, width=6_700)  # 45 million pixels; the data are too short
    with pytest.raises(ImageError, match="cannot be decoded"):
        read_image(content)


def test_a_huge_webp_is_refused() -> None:
    content = bytearray(picture_bytes(np.zeros((40, 30, 3), dtype=np.uint8), "WEBP"))
    place = content.index(b"\x9d\x01\x2a") + 3
    content[place : place + 4] = b"\xff\x3f\xff\x3f"  # 16383 x 16383
    with pytest.raises(ImageError, match="too large|cannot be decoded"):
        read_image(bytes(content))


def test_a_chunk_that_claims_more_than_the_file_has_is_refused_at_once() -> None:
    """OpenCV would reserve 2 GB for it."""
    content = png_bytes(_grey_rgb(DEEP), 2)
    place = content.index(b"IDAT") - 4
    lying = content[:place] + b"\x7f\0\0\0" + content[place + 4 :]
    with pytest.raises(ImageError, match="cannot be decoded"):
        read_image(lying)


def test_an_unusual_kind_of_picture_is_named() -> None:
    picture = PillowImage.fromarray(COLOUR).convert("CMYK")
    with pytest.raises(ImageError, match="CMYK .* as a grey PNG"):
        read_image(picture_bytes(picture, "TIFF"))
