"""Test TIFF in every combination of depth, sample format, channels, order, planes and blocks."""

import struct
from itertools import product
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as PillowImage

from mammo.errors import ImageError
from mammo.imaging import read_image
from tests.imaging.makers import picture_bytes
from tests.imaging.tiff_maker import Tags, joined, tiff_file, tiff_page

pytestmark = pytest.mark.usefixtures("quiet")

RANDOM = np.random.default_rng(13)
SHAPE = (37, 29)  # sides that fill neither a byte nor a tile
WHOLE = RANDOM.random(SHAPE)
WHOLE[0, :2] = 0, 1
ORDERS = [("<", False), (">", False), ("<", True), (">", True)]
BLOCKS: list[dict[str, Any]] = [
    {}, {"rows": 5}, {"tile": 16}, {"rows": 5, "compression": 5}, {"tile": 16, "compression": 8},
    {"compression": 32946}, {"rows": 1, "compression": 32773},
]  # fmt: skip
DEPTHS = [
    *(("u", bits) for bits in (1, 2, 4, 6, 8, 10, 12, 14, 16, 24, 32, 64)),
    *(("i", bits) for bits in (8, 16, 24, 32, 64)),
    *(("f", bits) for bits in (16, 32, 64)),
]


def greys(kind: str, bits: int) -> NDArray[Any]:
    """Return values over the whole range of a type, negative ones where it has them."""
    if kind == "f":
        return (WHOLE * 3000 - 1000).astype(f"f{bits // 8}")
    size = next(size for size in (8, 16, 32, 64) if size >= bits) // 8
    most = 2.0 ** min(bits, 52) - 1
    values = np.rint(WHOLE * most).astype(np.int64) << max(0, bits - 53)
    return (values - (2 ** min(bits - 1, 62) if kind == "i" else 0)).astype(f"{kind}{size}")


def scaled(values: NDArray[Any], bits: int) -> NDArray[Any]:
    """Bring values to 8 bits, independently of the package."""
    if values.dtype.kind == "u" and bits <= 8:
        return np.rint(values * (255 / (2**bits - 1)))
    exact = values.astype(np.longdouble)
    return (exact - exact.min()) / (exact.max() - exact.min()) * 255


def assert_read(content: bytes, expected: NDArray[Any]) -> None:
    image = read_image(content)
    assert image.warnings == () or len(np.unique(expected)) <= 4  # said to look like a mask
    assert image.shape == expected.shape
    assert np.abs(image.pixels - expected).max() <= 0.501


@pytest.mark.parametrize("channels", ["grey", "extra", "rgb", "rgb + extra"])
@pytest.mark.parametrize(("kind", "bits"), DEPTHS)
def test_every_combination_is_read_exactly(kind: str, bits: int, channels: str) -> None:
    grey = greys(kind, bits)
    expected = scaled(grey, bits)
    for (order, big), planes, blocks in product(ORDERS, (False, True), BLOCKS):
        values = {
            "grey": grey,
            "extra": np.dstack([grey, grey[::-1]]),
            "rgb": np.dstack([grey] * 3),
            "rgb + extra": np.dstack([grey] * 3 + [grey[::-1]]),
        }[channels]
        tags: Tags = {338: ("H", [0])} if "extra" in channels else {}
        content = tiff_file(values, bits, order=order, big=big, planes=planes, tags=tags, **blocks)
        assert_read(content, expected)


@pytest.mark.parametrize("compression", [5, 8])
@pytest.mark.parametrize("predictor", [2, 3])
@pytest.mark.parametrize(("kind", "bits"), [d for d in DEPTHS if d[1] in (8, 16, 32, 64)])
def test_predictors_are_undone(kind: str, bits: int, predictor: int, compression: int) -> None:
    grey = greys(kind, bits)
    for (order, big), planes, tile in product(ORDERS, (False, True), (0, 16)):
        content = tiff_file(
            np.dstack([grey] * 3), order=order, big=big, planes=planes, tile=tile,
            predictor=predictor, compression=compression,
        )  # fmt: skip
        if predictor == 3 and kind != "f":
            with pytest.raises(ImageError, match="a predictor that suits the values"):
                read_image(content)
        else:
            assert_read(content, scaled(grey, bits))


@pytest.mark.parametrize(("kind", "bits"), [d for d in DEPTHS if d[1] > 1])
def test_white_zero_is_turned_over_in_every_depth(kind: str, bits: int) -> None:
    grey = greys(kind, bits)
    assert_read(tiff_file(grey, bits, photometric=0), 255 - scaled(grey, bits))


@pytest.mark.parametrize("bits", [4, 8, 12, 16])
@pytest.mark.parametrize("samples", [2, 4])
def test_transparency_is_laid_over_black_unless_the_file_did_so(samples: int, bits: int) -> None:
    grey, alpha = greys("u", bits), greys("u", bits)[::-1].copy()
    values = np.dstack([grey] * (samples - 1) + [alpha])
    over_black = grey.astype(float) * alpha / (2**bits - 1)
    tags: Tags = {338: ("H", [2])}
    lowest, span = (0, 2**bits - 1) if bits <= 8 else (over_black.min(), np.ptp(over_black))
    pixels = read_image(tiff_file(values, bits, tags=tags)).pixels
    assert np.abs(pixels - (over_black - lowest) / span * 255).max() <= 1
    assert_read(tiff_file(values, bits, tags={338: ("H", [1])}), scaled(grey, bits))


def test_the_alpha_of_several_extra_channels_is_found() -> None:
    grey = greys("u", 8)
    values = np.dstack([grey, np.zeros_like(grey), np.full_like(grey, 255)])
    content = tiff_file(values, photometric=1, tags={338: ("H", [0, 2])})
    assert_read(content, grey)


def test_undefined_values_are_read_as_unsigned() -> None:
    grey = greys("u", 16)
    assert_read(tiff_file(grey, tags={339: ("H", [4])}), scaled(grey, 16))


@pytest.mark.parametrize("factor", [1, 256, 257])
@pytest.mark.parametrize("bits", [4, 8])
def test_an_eight_bit_palette_is_looked_up_value_for_value(bits: int, factor: int) -> None:
    index = RANDOM.integers(0, 2**bits, SHAPE, dtype=np.uint8)
    table = RANDOM.permutation(256)[: 2**bits]
    tags: Tags = {320: ("H", (table * factor).tolist() * 3)}
    assert_read(tiff_file(index, bits, photometric=3, tags=tags), table[index])


def test_a_palette_of_sixteen_bits_is_not_cut() -> None:
    index = RANDOM.integers(0, 256, SHAPE, dtype=np.uint8)
    index[0, :2] = 0, 255
    table = np.arange(256) * 7 + 3000
    tags: Tags = {320: ("H", table.tolist() * 3)}
    assert_read(tiff_file(index, photometric=3, tags=tags), index.astype(float))


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("blocks", [{"rows": 16}, {"tile": 16}])
def test_jpeg_blocks_are_read_as_jpeg_files_are(colour: bool, blocks: dict[str, int]) -> None:
    smooth = cv2.GaussianBlur(greys("u", 8), (0, 0), 2)[:32, :16]
    picture = np.dstack([smooth] * 3) if colour else smooth
    encoded = [picture_bytes(picture[top : top + 16], "JPEG", quality=95) for top in (0, 16)]
    _, tags = tiff_page(picture, compression=1, photometric=6 if colour else 1, **blocks)
    tags[259] = ("H", [7])
    pixels = read_image(joined([(encoded, tags)])).pixels
    assert np.array_equal(pixels[:16], read_image(encoded[0]).pixels)
    assert np.array_equal(pixels[16:], read_image(encoded[1]).pixels)


def test_pillows_own_jpeg_tiff_with_shared_tables_is_read() -> None:
    smooth = cv2.GaussianBlur(np.tile(greys("u", 8), (3, 3)), (0, 0), 3)
    for picture in (smooth, np.dstack([smooth] * 3)):
        pixels = read_image(picture_bytes(picture, "TIFF", compression="jpeg", quality=95)).pixels
        assert np.abs(pixels.astype(int) - smooth).max() <= 4


@pytest.mark.parametrize(
    ("tags", "sentence"),
    [
        ({339: ("H", [5])}, "complex"),
        ({339: ("H", [6])}, "complex"),
        ({339: ("H", [9])}, "SampleFormat 9"),
        ({339: ("H", [3])}, "8-bit floating-point"),
        ({259: ("H", [4])}, "CCITT group 4"),
        ({259: ("H", [34712])}, "JPEG 2000"),
        ({259: ("H", [50000])}, "Zstandard"),
        ({259: ("H", [999])}, "number 999"),
        ({262: ("H", [4])}, "a transparency mask"),
        ({262: ("H", [5])}, "CMYK"),
        ({262: ("H", [6])}, "YCbCr without JPEG"),
        ({262: ("H", [8])}, r"CIE L\*a\*b\*"),
        ({262: ("H", [2])}, "three channels"),
        ({266: ("H", [2])}, "FillOrder 2"),
        ({277: ("H", [60_000])}, "60,000"),
        ({258: ("H", [40])}, "40-bit unsigned"),
    ],
)
def test_what_is_not_read_is_named(tags: Tags, sentence: str) -> None:
    with pytest.raises(ImageError, match=f"Expected a TIFF with .*{sentence}.* as a grey PNG"):
        read_image(tiff_file(greys("u", 8), tags=tags))


def test_channels_of_different_depths_are_named() -> None:
    values = np.dstack([greys("u", 8)] * 3)
    for tag, numbers in ((258, [5, 6, 5]), (339, [1, 2, 3])):
        with pytest.raises(ImageError, match="one depth and sample format, received different"):
            read_image(tiff_file(values, tags={tag: ("H", numbers)}))


@pytest.mark.parametrize("kind", ["i2", "u4", "f4", "f8"])
def test_real_colours_without_an_agreed_range_are_refused(kind: str) -> None:
    values = np.dstack([WHOLE * 99, WHOLE * 80, WHOLE]).astype(kind)
    with pytest.raises(ImageError, match="Expected colours and transparency of 8 or 16 bits"):
        read_image(tiff_file(values))
    fading = np.dstack([WHOLE * 99] * 3 + [WHOLE]).astype(kind)
    with pytest.raises(ImageError, match="Expected colours and transparency of 8 or 16 bits"):
        read_image(tiff_file(fading, tags={338: ("H", [2])}))


def test_an_unstated_polarity_is_read_as_black_zero_with_a_warning() -> None:
    blocks, tags = tiff_page(greys("u", 8))
    del tags[262]
    image = read_image(joined([(blocks, tags)]))
    assert np.array_equal(image.pixels, greys("u", 8))
    assert "whether 0 is black or white" in image.warnings[0]


# --- pages


def _page(values: NDArray[Any], **tags: int) -> tuple[list[bytes], Tags]:
    blocks, own = tiff_page(values)
    names = {"subfile": 254, "old_subfile": 255}
    return blocks, own | {names[name]: ("L", [number]) for name, number in tags.items()}


FILM = greys("u", 8)
PREVIEW = FILM[:20, :20]
LARGE = np.kron(FILM, np.ones((2, 2), np.uint8))


@pytest.mark.parametrize(
    ("pages", "warning"),
    [
        ([_page(PREVIEW, subfile=1), _page(LARGE)], ""),
        ([_page(PREVIEW, subfile=5), _page(LARGE, subfile=0)], ""),
        ([_page(PREVIEW, old_subfile=2), _page(LARGE, old_subfile=1)], ""),
        ([_page(PREVIEW, subfile=1), _page(LARGE, subfile=1)], ""),
        ([_page(PREVIEW, subfile=1), _page(PREVIEW, subfile=4), _page(LARGE, subfile=2)], ""),
        ([_page(LARGE), _page(PREVIEW, subfile=1)], ""),
        ([_page(LARGE), _page(LARGE[::-1])], "2 pages or frames; only the first"),
        ([_page(PREVIEW), _page(LARGE)], "2 pages or frames; only number 2, the first of full"),
    ],
)
@pytest.mark.parametrize(("order", "big"), [("<", False), ("<", True)])
def test_the_page_that_is_no_preview_is_read(
    pages: list[tuple[list[bytes], Tags]], warning: str, order: str, big: bool
) -> None:
    image = read_image(joined(pages, order, big))
    assert np.array_equal(image.pixels, LARGE)
    assert len(image.warnings) == bool(warning)
    assert warning in "".join(image.warnings)


def test_a_film_below_its_preview_is_read() -> None:
    """As a camera's raw file is laid out: the picture of full size is in a SubIFD."""
    blocks, tags = _page(PREVIEW, subfile=1)
    content = bytearray(joined([(blocks, tags | {330: ("L", [0])}), _page(LARGE)]))
    first = int.from_bytes(content[4:8], "little")
    entries = int.from_bytes(content[first : first + 2], "little")
    link = first + 2 + 12 * entries
    below = content.index(struct.pack("<HHL", 330, 4, 1), first) + 8
    content[below : below + 4], content[link : link + 4] = content[link : link + 4], bytes(4)
    assert np.array_equal(read_image(bytes(content)).pixels, LARGE)


def test_a_chain_of_pages_that_ends_in_a_circle_is_read() -> None:
    content = bytearray(joined([_page(FILM)]))
    content[-4:] = content[4:8]
    assert np.array_equal(read_image(bytes(content)).pixels, FILM)


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_planar_tiff_is_turned_upright(orientation: int) -> None:
    content = tiff_file(np.dstack([FILM] * 3), planes=True, tags={274: ("H", [orientation])})
    turned = PillowImage.fromarray(FILM).rotate({3: 180, 6: -90}[orientation], expand=True)
    assert np.array_equal(read_image(content).pixels, np.asarray(turned))
