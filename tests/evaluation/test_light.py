"""Importing mammo.evaluation loads numpy and nothing heavier."""

import subprocess
import sys


def test_import_is_light() -> None:
    code = (
        "import sys, mammo.evaluation;"
        "heavy = {'pandas', 'sklearn', 'scipy', 'matplotlib', 'plotly', 'streamlit', 'tensorflow',"
        "'onnxruntime', 'cv2', 'pydicom'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
