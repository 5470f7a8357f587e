"""The app under attack, within a container's memory: a slice of `benchmarks/strangers.py`."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks.memory_limit import memory_limit
from benchmarks.strangers import LIMIT_MB, attack
from mammo.ui.kit.source import SERVER_FULL
from tests.imaging.aimed_dicom import AIMED_DICOM
from tests.imaging.aimed_pictures import AIMED_PICTURES

FILMS = 12
"""As many as ended a server of this size, and three more."""


def test_neither_aimed_files_nor_a_class_s_films_end_the_server() -> None:
    with memory_limit(LIMIT_MB) as limit:
        if limit is None:
            pytest.skip("needs a control group for memory: Linux, as root")
    every = AIMED_DICOM | AIMED_PICTURES
    aimed = {name: every[name]() for name in sorted(every)[:: len(every) // 12]}
    with ThreadPoolExecutor(1) as apart:  # in this thread Playwright's loop may be running
        found = apart.submit(attack, aimed, FILMS).result()
    full = sum(n for outcome, n in found["film_outcomes"].items() if SERVER_FULL in outcome)
    answered = found["film_outcomes"].get("answered", 0)
    assert answered + full == FILMS, found["film_outcomes"]
    assert answered >= FILMS - 3, "a slow machine may let some wait too long"
    assert found["killed"] == 0 and found["counted_mb"] <= LIMIT_MB
    assert found["after_s"]["answers"] > 0, "the same process answers"
    assert found["files_in_home"] == []
    assert found["complaints"] == []
