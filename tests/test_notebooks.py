"""Both notebooks run to their last cell without a warning, and write nothing into the checkout."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
RUN = """
import sys, nbformat
from nbclient import NotebookClient
book = nbformat.read(sys.argv[1], as_version=4)
assert not any(cell.get("outputs") for cell in book.cells), "store it without outputs"
NotebookClient(book, timeout=120, kernel_name="python3").execute()
nbformat.write(book, sys.argv[2])
"""


def test_both_are_there() -> None:
    names = [path.name for path in NOTEBOOKS]
    assert names == ["classify-your-film.ipynb", "evaluate-your-own-set.ipynb"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_writes_nothing_beside_itself(path: Path, tmp_path: Path) -> None:
    pytest.importorskip("ipykernel", reason="needs requirements-dev.txt")
    before = {file: file.stat().st_mtime_ns for file in path.parent.iterdir()}
    (tmp_path / "run.py").write_text(RUN)
    (tmp_path / "temporary").mkdir()
    environment = os.environ | {
        "PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "TMPDIR": str(tmp_path / "temporary"),
        "IPYTHONDIR": str(tmp_path), "JUPYTER_PLATFORM_DIRS": "1",
    }  # fmt: skip
    out = tmp_path / "out.ipynb"
    done = subprocess.run(
        [sys.executable, "run.py", str(path), str(out)],
        cwd=tmp_path, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Warning" not in out.read_text(encoding="utf-8")
    assert before == {file: file.stat().st_mtime_ns for file in path.parent.iterdir()}
