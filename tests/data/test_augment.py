"""Augmentation: the identity is plain preparation, and each setting moves what it says."""

import numpy as np
import pytest

from mammo.data.augment import Augmentation, affine, augment
from mammo.imaging.preprocess import Preprocessing, prepare, stretch

STILL = Augmentation(0.0, 0.0, 0.0, 0.0, 0.0)


@pytest.fixture
def crop():
    smooth = np.add.outer(np.arange(128), 0.5 * np.arange(128))
    return smooth.astype(np.uint8)


def test_without_augmentation_a_crop_is_only_prepared_or_mirrored(crop):
    preprocessing = Preprocessing()
    plain = prepare(crop[np.newaxis], preprocessing)[0]
    views = [
        augment(stretch(crop, preprocessing), 224, STILL, np.random.default_rng(seed))
        for seed in range(8)
    ]
    # warpAffine interpolates in steps of 1/32 pixel.
    close = [[np.abs(view - other).mean() < 0.5 for other in (plain, plain[:, ::-1])]
             for view in views]  # fmt: skip
    assert all(any(pair) for pair in close)
    assert any(upright for upright, _ in close) and any(mirror for _, mirror in close)


def test_the_same_state_draws_the_same_view(crop):
    stretched = stretch(crop, Preprocessing())
    first, again, other = (
        augment(stretched, 96, Augmentation(), np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert first.shape == (96, 96) and first.dtype == np.float32
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert first.min() >= 0 and first.max() <= 255


@pytest.mark.parametrize(
    ("arguments", "point", "expected"),
    [
        ({}, (10, 20), (10, 20)),
        ({"shift": (0.25, 0)}, (10, 20), (42, 20)),
        ({"degrees": 90.0}, (127, 63.5), (63.5, 0)),
        ({"mirrored": True}, (0, 20), (127, 20)),
        ({"scale": 2.0}, (63.5, 31.75), (63.5, 0)),
    ],
)
def test_the_matrix_moves_points_as_said(arguments, point, expected):
    moved = affine(128, 128, **arguments) @ [*point, 1]
    np.testing.assert_allclose(moved, expected, atol=1e-9)
