"""What the tags of a TIFF's page state of its values; refuse by name what is not read.

Used by `picture_tiff` and `picture_tiff_values`.

References: TIFF 6.0, sections 4 (strips), 8 (fields), 14 (predictor), 15 (tiles), 19 (sample
format); Adobe's TIFF Technical Note 3 (floating-point predictor).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from mammo.errors import ImageError
from mammo.imaging.image import MAX_COSTLY_PIXELS, MAX_PIXELS, check_size
from mammo.imaging.limits.tiff import MAX_BLOCKS, MAX_JPEG_BLOCKS, MAX_SAMPLES, Directory

NO_COMPRESSION, LZW, JPEG, DEFLATE, PACKBITS, OLD_DEFLATE = 1, 5, 7, 8, 32773, 32946
UNSIGNED, SIGNED, FLOAT = 1, 2, 3
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, YCBCR = 0, 1, 2, 3, 6

MAX_RAW_BYTES = 250_000_000
"""Decompressed bytes of all channels. RGBA of the largest size has 180 million."""

MAX_ROW_BYTES = 150_000_000
"""Decompressed bytes of one row of strips or tiles, which is in memory twice. A film that is one
single strip of RGB has 135 million."""

_COMPRESSIONS = {
    2: "fax (CCITT)", 3: "fax (CCITT group 3)", 4: "fax (CCITT group 4)", 6: "old-style JPEG",
    34661: "JBIG", 34712: "JPEG 2000", 34887: "LERC", 34925: "LZMA", 50000: "Zstandard",
    50001: "WebP", 50002: "JPEG XL",
}  # fmt: skip
_COLOURS = {
    4: "a transparency mask", 5: "CMYK (printing inks)", 6: "YCbCr without JPEG compression",
    8: "CIE L*a*b*", 9: "ICC L*a*b*", 10: "ITU L*a*b*", 32803: "a camera's raw mosaic",
    32844: "LogL", 32845: "LogLuv", 34892: "a camera's raw colours",
}  # fmt: skip
_FORMATS = {1: "unsigned", 2: "signed", 3: "floating-point", 5: "complex integer", 6: "complex"}
_UNDEFINED = 4
"""SampleFormat of a writer that did not know it; read as unsigned, as TIFF 6.0 recommends."""

_DEPTHS = {
    UNSIGNED: {*range(1, 17), 24, 32, 64}, SIGNED: {8, 16, 24, 32, 64}, FLOAT: {16, 32, 64}
}  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """How a page's values are stored: in blocks (strips or tiles) of rows x columns pixels."""

    height: int
    width: int
    samples: int
    bits: int
    form: int
    photometric: int
    compression: int
    predictor: int
    planes: int
    rows: int
    columns: int
    is_tiled: bool

    @property
    def across(self) -> int:
        """Blocks side by side."""
        return -(-self.width // self.columns)

    @property
    def down(self) -> int:
        """Blocks one below the other."""
        return -(-self.height // self.rows)

    @property
    def packed(self) -> int:
        """Samples of one pixel in a block."""
        return self.samples // self.planes

    @property
    def row_bytes(self) -> int:
        """Bytes of a block's row, decompressed."""
        return -(-self.columns * self.packed * self.bits // 8)

    @property
    def colours(self) -> int:
        """Samples of one pixel that are colours; the others are extra."""
        return 3 if self.photometric in (RGB, YCBCR) else 1


def read_layout(page: Directory) -> Layout:
    """Return the layout of a page."""
    height, width = page.value(257), page.value(256)
    check_size(height, width)
    samples, bits, form = _depth(page)
    check_size(height, width, MAX_COSTLY_PIXELS if _is_costly(samples, bits, form) else MAX_PIXELS)
    is_tiled = 322 in page.entries
    compression = page.value(259, NO_COMPRESSION)
    layout = Layout(
        height, width, samples, bits, form,
        photometric=page.value(262, RGB if samples > 2 else BLACK_IS_ZERO),
        compression=compression,
        predictor=page.value(317, 1) if compression in (LZW, DEFLATE, OLD_DEFLATE) else 1,
        planes=samples if page.value(284, 1) == 2 else 1,
        rows=page.value(323) if is_tiled else min(page.value(278) or height, height),
        columns=page.value(322) if is_tiled else width,
        is_tiled=is_tiled,
    )  # fmt: skip
    for expected, received in (*_unknown_kinds(page, layout), *_costly_blocks(layout)):
        raise _refused(expected, received)
    return layout


def _is_costly(samples: int, bits: int, form: int) -> bool:
    return not 8 <= bits <= 16 or form == FLOAT or (samples > 1 and bits != 8)


def _depth(page: Directory) -> tuple[int, int, int]:
    """Return samples per pixel, bits per sample and sample format, all samples alike."""
    samples = page.value(277, 1)
    if not 1 <= samples <= MAX_SAMPLES:
        raise _refused(f"1 to {MAX_SAMPLES} channels", f"{samples:,}")
    depths = set(page.values(258, samples)) or {1}
    formats = set(page.values(339, samples)) or {UNSIGNED}
    if len(depths) > 1 or len(formats) > 1:
        raise _refused("channels of one depth and sample format", "different ones")
    bits, form = depths.pop(), formats.pop()
    form = UNSIGNED if form == _UNDEFINED else form
    if bits not in _DEPTHS.get(form, ()):
        name = _FORMATS.get(form, f"unknown (SampleFormat {form})")
        raise _refused("whole or floating-point numbers of 8, 16, 32 or 64 bits",
                       f"{bits}-bit {name} ones")  # fmt: skip
    return samples, bits, form


def _unknown_kinds(page: Directory, layout: Layout) -> Iterator[tuple[str, str]]:
    """Yield what is expected and received for each tag whose value is not read."""
    compression, photometric, predictor = layout.compression, layout.photometric, layout.predictor
    if compression not in (NO_COMPRESSION, LZW, JPEG, DEFLATE, PACKBITS, OLD_DEFLATE):
        name = _COMPRESSIONS.get(compression, f"number {compression}")
        yield "no compression, LZW, deflate, PackBits or JPEG", f"{name} compression"
    is_jpeg = compression == JPEG
    if not (photometric <= PALETTE or (photometric == YCBCR and is_jpeg)):
        yield "grey or RGB", _COLOURS.get(photometric, f"colours of kind {photometric}")
    if layout.samples < layout.colours:
        yield "three channels of colour", f"{layout.samples}"
    if photometric == PALETTE and (layout.bits > 16, layout.form, layout.samples) != (False, 1, 1):
        yield "a palette of one channel of 1 to 16 bits", "another"
    if page.value(266, 1) != 1:
        yield "the highest bit first", "the lowest (FillOrder 2)"
    if is_jpeg and ((layout.bits, layout.form) != (8, UNSIGNED) or layout.packed not in (1, 3)):
        yield "JPEG compression of 8 bits and 1 or 3 channels", "another"
    if not (
        predictor == 1
        or (predictor == 2 and layout.bits in (8, 16, 32, 64))
        or (predictor == 3 and layout.form == FLOAT)
    ):
        yield "a predictor that suits the values", f"{predictor} for {layout.bits} bits"


def _costly_blocks(layout: Layout) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with strips and tiles that cost far more than their picture."""
    if not (layout.rows and layout.columns):
        yield "strips or tiles", "ones without pixels"
        return
    blocks = layout.across * layout.down
    stored, size = blocks * layout.rows * layout.columns, f"{layout.columns:,} x {layout.rows:,}"
    most = MAX_JPEG_BLOCKS if layout.compression == JPEG else MAX_BLOCKS
    if blocks * layout.planes > most:
        yield f"at most {most:,} strips or tiles", f"{blocks * layout.planes:,}"
    if layout.is_tiled and stored > 2 * max(layout.height * layout.width, 10**6):
        yield f"tiles that fit {layout.width:,} x {layout.height:,} pixels", f"ones of {size}"
    row = layout.across * layout.planes * layout.rows * layout.row_bytes
    if row > MAX_ROW_BYTES or row * layout.down > MAX_RAW_BYTES:
        yield "less data per strip or tile and in all", f"strips or tiles of {size} pixels"


def _refused(expected: str, received: str) -> ImageError:
    return ImageError(
        f"Expected a TIFF with {expected}, received {received}. Save the picture as a grey PNG."
    )
