"""The decoder's child process and its limits: `pytest tests/imaging/test_worker.py`."""

import io
import sys
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image as PillowImage

import mammo
from mammo.errors import ImageError
from mammo.imaging.worker import AbandonedError, Decoder
from tests.imaging.makers import dicom_bytes

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's limits of a process")

PROGRAM = """
import os, time
import numpy as np
from mammo.imaging import Image, worker
from mammo.imaging.dicom_pixels import allow_more_time

usual = worker.read_image

def read_image(content):
    if content == b"spins":
        while True:
            pass
    if content == b"takes longer":
        allow_more_time(10)
        while time.process_time() < 4:
            pass
        return Image(np.zeros((20, 20), np.uint8))
    if content == b"sleeps":
        time.sleep(60)
    if content == b"hoards":
        return np.ones(1_000_000_000, np.uint8).sum()
    if content == b"crashes":
        os.abort()
    print("a library that prints")
    return usual(content)

worker.read_image = read_image
worker.main()
"""
"""A child that some contents stop in ways that no count in front of the decoders foresaw."""


def png(side: int, seed: int = 1) -> bytes:
    file = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side), np.uint8)
    PillowImage.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    decoder = Decoder((sys.executable, "-c", PROGRAM))
    yield decoder
    decoder.close()


def test_a_picture_is_what_the_library_reads() -> None:
    decoder = Decoder()
    film = np.random.default_rng(3).integers(0, 4096, (300, 200), np.uint16)
    for content in (png(40), dicom_bytes(film, ImageLaterality="L", ViewPosition="MLO")):
        file = io.BytesIO(content)
        read, expected = decoder.read(file), mammo.read_image(content)
        assert np.array_equal(read.pixels, expected.pixels)
        assert {name: value for name, value in vars(read).items() if name != "pixels"} == {
            name: value for name, value in vars(expected).items() if name != "pixels"
        }
        assert not file.getvalue(), "the bytes are the child's now"
    decoder.close()


@pytest.mark.parametrize("content", [b"", b"notes", png(40)[:60], png(4)])
def test_a_refusal_is_the_library_s_own_sentence(decoder: Decoder, content: bytes) -> None:
    with pytest.raises(ImageError) as expected:
        mammo.read_image(content)
    with pytest.raises(ImageError) as received:
        decoder.read(io.BytesIO(content))
    assert str(received.value) == str(expected.value)


@linux
@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"spins", "takes too long"), (b"hoards", "cannot be read"), (b"crashes", "cannot be read")],
)
def test_what_exceeds_a_limit_is_a_sentence_and_the_next_file_is_read(
    decoder: Decoder, content: bytes, sentence: str
) -> None:
    with pytest.raises(ImageError, match=sentence):
        decoder.read(io.BytesIO(content))
    assert decoder.read(io.BytesIO(png(50))).shape == (50, 50)


@linux
def test_an_honest_kind_that_takes_longer_is_given_the_time(decoder: Decoder) -> None:
    assert decoder.read(io.BytesIO(b"takes longer")).shape == (20, 20)


def test_a_visitor_who_leaves_ends_the_work(decoder: Decoder) -> None:
    start = time.monotonic()
    with pytest.raises(AbandonedError):
        decoder.read(io.BytesIO(b"sleeps"), wanted=lambda: time.monotonic() < start + 0.5)
    assert time.monotonic() < start + 20
    assert decoder.read(io.BytesIO(png(50))).shape == (50, 50)


def test_a_visitor_who_leaves_while_another_is_served_is_let_go(decoder: Decoder) -> None:
    gone = threading.Event()

    def wait_for_a_slow_file() -> None:
        with pytest.raises(AbandonedError):
            decoder.read(io.BytesIO(b"sleeps"), wanted=lambda: not gone.is_set())

    first = threading.Thread(target=wait_for_a_slow_file)
    first.start()
    time.sleep(0.3)
    content = io.BytesIO(png(50))
    with pytest.raises(AbandonedError):
        decoder.read(content, wanted=lambda: False)
    assert not content.getvalue(), "nobody reads it any more"
    gone.set()
    first.join()


def test_each_of_many_threads_gets_its_own_picture(decoder: Decoder) -> None:
    wrong: list[int] = []

    def read(seed: int) -> None:
        content = png(30, seed)
        if not np.array_equal(
            decoder.read(io.BytesIO(content)).pixels, mammo.read_image(content).pixels
        ):
            wrong.append(seed)

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
