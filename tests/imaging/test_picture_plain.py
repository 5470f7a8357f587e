"""Test PGM, PPM and NumPy arrays: depth, order, comments, and what is refused by name."""

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mammo.errors import ImageError
from mammo.imaging import read_image

pytestmark = pytest.mark.usefixtures("quiet")

RANDOM = np.random.default_rng(17)
GREY = RANDOM.integers(0, 256, (33, 21), dtype=np.uint8)
DEEP = RANDOM.integers(300, 4_000, (33, 21), dtype=np.uint16)
LOW, SPAN = int(DEEP.min()), int(np.ptp(DEEP))


def scaled(values: NDArray[Any]) -> NDArray[Any]:
    exact = values.astype(np.float64)
    return (exact - exact.min()) / np.ptp(exact) * 255


def assert_read(content: bytes, expected: NDArray[Any]) -> None:
    image = read_image(content)
    assert (image.kind, image.warnings) == ("picture", ())
    assert image.shape == expected.shape
    assert np.abs(image.pixels - expected).max() <= 0.501


def pnm(values: NDArray[Any], most: int, *, gap: bytes = b"\n") -> bytes:
    rows, columns = values.shape[:2]
    kind = 6 if values.ndim == 3 else 5
    head = b"P%d%b%d%b%d%b%d" % (kind, gap, columns, gap, rows, gap, most)
    return head + b"\n" + values.astype("u1" if most < 256 else ">u2").tobytes()


@pytest.mark.parametrize(
    "gap", [b"\n", b" ", b"\r\n", b"\n# mdb001.pgm, 50 microns\n", b"\t#\n#\n"]
)
def test_a_pgm_of_eight_bits_stays_value_for_value(gap: bytes) -> None:
    assert_read(pnm(GREY, 255, gap=gap), GREY.astype(float))


@pytest.mark.parametrize("most", [4_095, 4_000, 65_535])
def test_a_pgm_of_sixteen_bits_is_scaled_as_films_are(most: int) -> None:
    assert_read(pnm(DEEP, most), scaled(DEEP))


@pytest.mark.parametrize("most", [1, 15, 63, 200])
def test_a_smaller_largest_value_is_widened(most: int) -> None:
    values = (GREY % (most + 1)).astype(np.uint8)
    pixels = read_image(pnm(values, most)).pixels
    assert np.array_equal(pixels, np.rint(values * (255 / most)))


@pytest.mark.parametrize(("values", "most"), [(GREY, 255), (DEEP, 4_095)])
def test_a_ppm_is_read_as_grey_or_named_a_photograph(values: NDArray[Any], most: int) -> None:
    grey = values.astype(float) if most == 255 else scaled(values)
    assert_read(pnm(np.dstack([values] * 3), most), grey)
    coloured = np.dstack([values, values[::-1], values])
    assert "photograph" in read_image(pnm(coloured, most)).warnings[0]


@pytest.mark.parametrize("content", [b"P2\n20 20\n255\n" + b"7 " * 400, b"P3 20 20 255\n"])
def test_numbers_as_text_are_refused_with_what_to_do(content: bytes) -> None:
    with pytest.raises(ImageError, match=r"text PGM image. Save it as PNG or binary PGM"):
        read_image(content)


@pytest.mark.parametrize(
    "content",
    [
        pnm(GREY, 255)[:-1],
        pnm(GREY, 255).replace(b"255", b"0"),
        pnm(GREY, 255).replace(b"255", b"65536"),
        b"P5 20 20",
        b"P5 report of the patient",
    ],
)
def test_a_damaged_pgm_is_refused(content: bytes) -> None:
    with pytest.raises(ImageError, match="expected a whole PGM or PPM image"):
        read_image(content)


def test_a_value_above_the_largest_is_refused() -> None:
    with pytest.raises(ImageError, match="values up to 100, as the header states, received 2"):
        read_image(pnm(np.full((20, 20), 200), 100))


def test_a_huge_pgm_is_refused_by_its_header() -> None:
    with pytest.raises(ImageError, match="60,000 x 60,000"):
        read_image(b"P5 60000 60000 255\n")


# --- NumPy


def npy(values: NDArray[Any], version: tuple[int, int] | None = None) -> bytes:
    written = io.BytesIO()
    np.lib.format.write_array(written, values, version=version)
    return written.getvalue()


KINDS = [f"{order}{kind}" for order in "<>" for kind in ("u2", "u4", "i2", "i4", "f2", "f4", "f8")]


@pytest.mark.parametrize("kind", [*KINDS, "i1", "<u8", ">i8"])
def test_an_array_of_any_type_is_scaled_by_its_range(kind: str) -> None:
    values = (DEEP // 64 if kind == "i1" else DEEP // 2).astype(kind)
    assert_read(npy(values), scaled(values))
    assert_read(npy(np.asfortranarray(values)), scaled(values))
    assert_read(npy(values[..., None]), scaled(values))
    assert_read(npy(np.dstack([values] * 3)), scaled(values))


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_an_array_of_eight_bits_stays_value_for_value(version: tuple[int, int]) -> None:
    grey = GREY.astype(float)
    assert_read(npy(GREY, version), grey)
    assert_read(npy(np.dstack([GREY] * 3), version), grey)
    opaque = np.full_like(GREY, 255)
    assert_read(npy(np.asfortranarray(np.dstack([GREY] * 3 + [opaque])), version), grey)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (GREY > 100, "received bool"),
        (GREY.astype(np.complex64), "received complex64"),
        (np.zeros((20, 20), [("a", "u1"), ("b", "f4")]), "received void40"),
        (np.zeros((20, 20), "S5"), "received bytes40"),
        (np.zeros((20, 20), "M8[s]"), r"received datetime64\[s\]"),
        (np.zeros((20, 20), np.longdouble), "received float128"),
        (np.zeros(400, "u1"), r"received shape \(400,\)"),
        (np.zeros((20, 20, 2), "u1"), r"received shape \(20, 20, 2\)"),
        (np.zeros((3, 20, 20), "u1"), r"received shape \(3, 20, 20\)"),
        (np.zeros((1, 20, 20, 3), "u1"), r"received shape \(1, 20, 20, 3\)"),
        (np.uint8(7), r"received shape \(\)"),
    ],
)
def test_an_array_that_is_no_picture_is_named(values: NDArray[Any], sentence: str) -> None:
    with pytest.raises(ImageError, match=f"{sentence}.*Save the image as uint8 or uint16"):
        read_image(npy(np.asarray(values)))


def test_a_pickled_object_is_never_loaded() -> None:
    class Loaded:
        def __reduce__(self) -> Any:
            return (pytest.fail, ("a pickle was loaded",))

    written = io.BytesIO()
    np.save(written, np.full((20, 20), Loaded()), allow_pickle=True)
    with pytest.raises(ImageError, match="received object"):
        read_image(written.getvalue())


def test_a_short_or_huge_array_is_refused_before_memory_is_reserved() -> None:
    with pytest.raises(ImageError, match="expected a whole NumPy image"):
        read_image(npy(GREY)[:-1])
    huge = npy(GREY).replace(b"(33, 21)", b"(60000, 60000)")
    with pytest.raises(ImageError, match="60,000 x 60,000"):
        read_image(huge)


def test_numbers_that_are_none_are_refused() -> None:
    values = DEEP.astype(float)
    values[3, 4] = np.nan
    with pytest.raises(ImageError, match="NaN or infinite"):
        read_image(npy(values))
    with pytest.raises(ImageError, match="NaN or infinite"):
        read_image(npy(np.dstack([values] * 3)))
