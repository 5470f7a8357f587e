"""A seeded slice of `benchmarks/fuzz.py`, its finds, and that it would find a defect at all."""

import json
import subprocess
import sys
from itertools import count, islice
from pathlib import Path
from random import Random

import numpy as np
import pytest

from benchmarks import fuzz
from benchmarks.fuzz_bombs import PNG_KINDS, png, tiff
from benchmarks.fuzz_mutations import ANYWHERE, DICOM, PICTURE, mutations_for
from benchmarks.fuzz_seeds import small_seeds
from mammo.errors import ImageError
from mammo.imaging import read_image
from mammo.imaging.image import MAX_COSTLY_PIXELS, MAX_PIXELS
from tests.imaging.makers import picture_bytes

ROOT = Path(__file__).resolve().parents[1]
SLICE = 150
SEED = 7


def test_every_whole_file_is_read_before_it_is_damaged() -> None:
    kinds = {seed.kind for seed in small_seeds()}
    assert kinds >= {
        "DICOM", "RLE", "JPEG", "JPEG-LS", "JPEG 2000", "PNG", "TIFF", "BMP", "WEBP", "PGM", "NPY",
    }  # fmt: skip
    refused = {seed.name for seed in small_seeds() if not is_read(seed.content)}
    # Colours, a report, sequences alone, and dose grids of 10 x 10: rightly no films.
    assert refused <= {
        "SC_rgb_jpeg_dcmtk.dcm", "SC_rgb_rle_2frame.dcm", "test-SR.dcm", "nested_priv_SQ.dcm",
        "rtdose.dcm", "badVR.dcm", "jpeg cmyk", "JPEGLSNearLossless_16.dcm", "liver_1frame.dcm",
    }  # fmt: skip


def is_read(content: bytes) -> bool:
    try:
        read_image(content)
    except ImageError:
        return False
    return True


def test_an_input_follows_from_its_number_and_the_seed() -> None:
    first = small_numbers(12)
    assert [fuzz.make_input(n, SEED) for n in first] == [fuzz.make_input(n, SEED) for n in first]
    assert fuzz.make_input(first[0], SEED) != fuzz.make_input(first[0], SEED + 1)


def test_an_input_of_which_damage_leaves_nothing_is_an_input_too() -> None:
    inputs = (fuzz.make_input(number, SEED) for number in small_numbers(5_000))
    assert next(what for _, what, content in inputs if not content and "truncated, " in what)


def small_numbers(many: int) -> list[int]:
    """Choose inputs that are neither bombs nor whole films, which take their time."""
    shares = fuzz.SHARE_OF_FILMS + fuzz.SHARE_OF_BOMBS
    return list(islice((n for n in count() if Random(f"{SEED} {n}").random() > shares), many))


@pytest.mark.filterwarnings("ignore")  # Pillow and pydicom warn about some of it, rightly
def test_a_damaged_file_goes_the_page_s_whole_way_or_is_refused_by_a_sentence() -> None:
    from benchmarks.fuzz_page import Page

    page = Page()
    for number in small_numbers(SLICE):
        kind, what, content = fuzz.make_input(number, SEED)
        outcome = fuzz.tried(page, content, number)
        assert fuzz.complaint(outcome) == "", (number, kind, what)


@pytest.mark.filterwarnings("ignore")
# In a fixed order, so that all workers of pytest-xdist collect the same tests.
@pytest.mark.parametrize("mutation", dict.fromkeys([*ANYWHERE, *DICOM, *sum(PICTURE.values(), ())]))
def test_each_kind_of_damage_changes_some_file(mutation) -> None:
    changed = 0
    for seed in small_seeds():
        if mutation in mutations_for(seed.kind, seed.content):
            changed += any(mutation(seed.content, Random(n)) != seed.content for n in range(4))
    assert changed


class _Faulty:
    """A page with defects, one for each kind of file name."""

    def take(self, content: bytes, number: int) -> None:
        if content == b"defect":
            raise KeyError("a name")
        if content == b"hungry":
            np.ones(120_000_000, np.float64).sum()
        if content == b"no sentence":
            raise ImageError("a word")


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="measures as Linux does")
@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"defect", "KeyError: 'a name'"),
        (b"hungry", "more than 400 MB"),
        (b"no sentence", "no sentence: a word"),
        (b"fine", ""),
    ],
)
def test_a_defect_would_be_found(content: bytes, found: str) -> None:
    assert fuzz.complaint(fuzz.tried(_Faulty(), content, 0)) == found


def test_a_worker_that_dies_costs_one_input_and_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    script = (
        "import json, os, sys\n"
        "first, end = int(sys.argv[1]), int(sys.argv[2])\n"
        "for number in range(first, end):\n"
        "    if number == 1: os.abort()\n"
        "    print(json.dumps({'number': number, 'kind': 'k', 'what': '', 'result': 'read'}),"
        " flush=True)\n"
    )

    def dying(seed: int, first: int, end: int, *_: object) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-c", script, str(first), str(end)], stdout=subprocess.PIPE
        )

    monkeypatch.setattr(fuzz, "started", dying)
    outcomes = list(fuzz.supervised(SEED, 0, 3))
    assert [outcome["number"] for outcome in outcomes] == [0, 1, 2]
    assert "the worker ended (-6)" in fuzz.complaint(outcomes[1])


def test_the_command_runs_and_writes_what_it_counted(tmp_path: Path) -> None:
    out = tmp_path / "fuzz.json"
    done = subprocess.run(
        [sys.executable, "benchmarks/fuzz.py", "--inputs", "6", "--seed", "3", "--json", str(out)],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    counted = json.loads(out.read_text())
    assert counted["inputs"] == 6 and counted["findings"] == []
    assert sum(sum(kind.values()) for kind in counted["kinds"].values()) == 6


# --- what it found


_MEMORY = """
import sys
from pathlib import Path
from benchmarks.fuzz import _peak, _start_of_peak
from mammo.imaging import read_image
from mammo.ui.kit.patches import keep_memory_flat
keep_memory_flat()
content = Path(sys.argv[1]).read_bytes()
before = _start_of_peak()
image = read_image(content)
print(image.pixels.size, _peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="measures as Linux does")
@pytest.mark.parametrize("kind", ["png rgb", "tiff 16 bit"])
def test_the_largest_pictures_stay_under_400_mb(tmp_path: Path, kind: str) -> None:
    """Deeper kinds took 1.4 GB (16-bit colours) and 2.8 GB (32 bit) before they had a limit."""
    side = int(MAX_PIXELS**0.5)
    path = tmp_path / "bomb"
    path.write_bytes(png(side, "rgb", 8) if kind == "png rgb" else tiff(side, 16, 1, 1))
    done = subprocess.run(
        [sys.executable, "-c", _MEMORY, str(path)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    size, megabytes = done.stdout.split()
    assert int(size) == side * side
    assert float(megabytes) < fuzz.MOST_MEGABYTES


def test_greys_of_32_bits_are_refused_at_a_third_of_the_size() -> None:
    """At the full size some took more than 2 s of a busy processor."""
    side = int(MAX_COSTLY_PIXELS**0.5)
    for form in (1, 2, 3):
        assert read_image(tiff(side, 32, form, 1)).pixels.shape == (side, side)
        with pytest.raises(ImageError, match="at most 15 million pixels"):
            read_image(tiff(side + 1, 32, form, 1))


@pytest.mark.parametrize("name", ["rgb", "rgba"])
def test_deep_colours_and_webp_are_refused_at_a_third_of_the_size(name: str) -> None:
    side = int(MAX_COSTLY_PIXELS**0.5) + 1
    assert name in PNG_KINDS
    with pytest.raises(ImageError, match="at most 15 million pixels.*Save it as a grey PNG"):
        read_image(png(side, name, 16))
    flat = np.zeros((side, side), np.uint8)
    if name == "rgb":
        with pytest.raises(ImageError, match="at most 15 million pixels"):
            read_image(picture_bytes(flat, "WEBP", method=0, quality=10))
