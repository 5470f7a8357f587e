"""Fixtures of the imaging tests."""

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture
def quiet(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail a test whose reader wrote to the console; decoders like to (C libraries too)."""
    with caplog.at_level(logging.WARNING):
        yield
    output, errors = capfd.readouterr()
    assert (output, errors) == ("", "")
