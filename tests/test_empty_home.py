"""Nothing is written to a home folder and nobody is called: app, commands, library, benchmarks."""

import shutil
import subprocess
import sys

import pytest

from benchmarks import empty_home
from tests.browser.conftest import ROOT
from tests.conftest import run_apart

pytestmark = pytest.mark.skipif(shutil.which("env") is None, reason="needs the command env")


@pytest.mark.parametrize("name", empty_home.COMMANDS)
def test_a_command_leaves_nothing_and_calls_nobody(name: str) -> None:
    assert quiet(empty_home.left_by_command(name))


def test_the_app_leaves_nothing_and_calls_nobody() -> None:
    assert quiet(run_apart(empty_home.left_by_app()))


@pytest.mark.parametrize("module", ["mammo.training.export", "mammo.inference", "mammo.predict"])
def test_every_way_in_switches_the_telemetry_off(module: str) -> None:
    code = f"import {module}, os; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    command = ("env", "ORT_DISABLE_TELEMETRY=0", sys.executable, "-c", code)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "1\n", done.stderr


def quiet(left: dict[str, list[str] | None]) -> bool:
    assert left["files"] == []
    assert not left["connections"]
    return True
