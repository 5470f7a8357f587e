"""Test that no DICOM file takes much time or memory, or raises anything but `ImageError`."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mammo.errors import ImageError
from mammo.imaging import read_image
from mammo.imaging.dicom_header import WHITELIST
from tests.imaging.aimed_dicom import AIMED_DICOM, LARGE, element, item, text_of, with_elements
from tests.imaging.makers import dicom_bytes, ramp

ROOT = Path(__file__).resolve().parents[2]
MOST_SECONDS = 8.0
"""Four times what is promised: these run on a busy core."""
MOST_MEGABYTES = 400.0

_TRY_ALL = """
import json, sys, time
from pathlib import Path
from mammo import read_image
from mammo.errors import ImageError
from tests.imaging.aimed_dicom import AIMED_DICOM, FILM
from tests.imaging.makers import dicom_bytes

def kilobytes(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1])

read_image(dicom_bytes(FILM))  # imports
for name, make in AIMED_DICOM.items():
    content = make()
    Path("/proc/self/clear_refs").write_text("5")
    before, start = kilobytes("VmRSS"), time.process_time()
    try:
        read_image(content)
        result = "read"
    except ImageError as refusal:
        result = str(refusal)
    seconds = time.process_time() - start
    print(json.dumps([name, result, seconds, (kilobytes("VmHWM") - before) / 1000]), flush=True)
"""


@pytest.fixture(scope="module")
def outcomes() -> dict[str, tuple[str, float, float]]:
    """Read every aimed file in another process; one that dies leaves the others unread."""
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("this system does not tell a process's peak of memory")
    command = [sys.executable, "-c", _TRY_ALL]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.stderr == ""
    return {name: (*rest,) for name, *rest in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("name", AIMED_DICOM)
def test_an_aimed_file_gives_a_picture_or_a_sentence(
    name: str, outcomes: dict[str, tuple[str, float, float]]
) -> None:
    result, seconds, megabytes = outcomes[name]
    assert result == "read" or result.endswith(".")
    assert seconds < MOST_SECONDS
    assert megabytes < MOST_MEGABYTES


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("empty elements", "more than 20,000 elements"),
        ("ten texts of 9 MB", "more than 16 MB"),
        ("empty items, undefined length", "more than 20,000 elements"),
        ("deflated", "received a deflated data set"),
        ("fragments", "more than 20,000 pixel data fragments"),
        ("j2k, 4000 channels", "compressed image"),
        ("j2k, tiles of 1", "44,997,264 tiles"),
        ("j2k, layers", "more than 250,000 blocks of pixels"),
        ("jpeg, CMYK", "of 1 channels"),
        ("jpeg, segments", "more than 500 segments"),
        ("jpeg, scans", "12,006 scans"),
        ("frames of 10^9", "read"),
        ("after the pixels", "read"),
    ],
)
def test_the_sentence_says_what_is_too_much(
    name: str, sentence: str, outcomes: dict[str, tuple[str, float, float]]
) -> None:
    assert sentence in outcomes[name][0]


def test_a_film_with_much_beside_its_pixels_is_read() -> None:
    """An object of 100 frames, private data of 90 MB, and a name in the character set."""
    frame = item(
        b"".join(
            element(0x0020_9111 + number, b"SQ", item(element(0x0028_0030, b"DS", b"0.1 ") * 5))
            for number in range(8)
        )
    )
    content = with_elements(
        element(0x0008_0005, b"CS", b"Quixote^Dulcinea")
        + element(0x5200_9230, b"SQ", frame * 100)
        + element(0x0009_1010, b"OB", bytes(LARGE))
    )
    assert read_image(content).warnings == ()


NUMBERS = ["", "0", "-1", "1e308", "-1e-308", "nan", "inf", "65536", "1,5", "٣", "0x10", "9" * 40]
BYTES = st.one_of(
    st.binary(max_size=12),
    st.lists(st.sampled_from(NUMBERS), max_size=4).map(lambda texts: "\\".join(texts).encode()),
    st.lists(st.integers(0, 0xFFFF), max_size=4).map(lambda v: np.array(v, "<u2").tobytes()),
    st.sampled_from([bytes(5000), b"\\" * 5000, b"Quixote^Dulcinea", item() * 4]),
)
VRS = [b"US", b"SS", b"DS", b"IS", b"CS", b"UI", b"SQ", b"OW", b"UN", b"FD", b"ZZ"]
BITS = st.fixed_dictionaries(
    {
        "BitsAllocated": st.sampled_from([0, 1, 8, 12, 16, 32]),
        "BitsStored": st.integers(0, 17),
        "HighBit": st.integers(0, 17),
        "PixelRepresentation": st.integers(0, 2),
    }
)


@pytest.mark.parametrize("tag", [*WHITELIST, 0x0002_0010], ids="{:08X}".format)
@settings(max_examples=25)
@given(vr=st.sampled_from(VRS), value=BYTES)
def test_any_value_of_a_tag_gives_a_picture_or_a_sentence(
    tag: int, vr: bytes, value: bytes
) -> None:
    """The last of equal elements counts, so the pixels' own tags come once more, behind."""
    odd = element(tag, vr, value + b"\0" * (len(value) % 2))
    _try(with_elements(odd, WindowCenter=900, WindowWidth=900))
    whole = dicom_bytes(ramp())
    start = whole.rindex(element(0x7FE0_0010, b"OW", length=2400))
    _try(whole[:start] + odd + whole[start:])


@given(tags=BITS, dtype=st.sampled_from([np.uint8, np.int8, np.uint16, np.int16]))
def test_any_bits_give_a_picture_or_a_sentence(tags: dict[str, int], dtype: Any) -> None:
    _try(dicom_bytes(ramp(top=200).astype(dtype), **tags))


def _try(content: bytes) -> None:
    sentence = "A picture."
    try:
        assert read_image(content).pixels.dtype == np.uint8
    except ImageError as refusal:
        sentence = str(refusal)
    assert sentence.endswith(".")
    assert "Quixote" not in sentence


def test_a_long_text_is_not_quoted() -> None:
    image = read_image(text_of(0x0008_0060, b"UT", b"Quixote^" * 1000))
    assert "Quixote" not in " ".join(image.warnings)
