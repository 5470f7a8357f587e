"""The viewer's sentences about the inside of a network. Free of Streamlit.

Run the tests with `pytest tests/ui/test_viewer_inside.py`.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mammo import text
from mammo.inference.head import LastStep
from mammo.inference.inside import Stage
from mammo.ui.kit.result import Answer


def stage_title(number: int, stage: Stage) -> str:
    """Name a stage by its place and layer."""
    return f"Stage {number}, {stage.key}"


def stage_words(stage: Stage, maps: NDArray[np.float32], places: Sequence[int]) -> str:
    """Say how many maps a stage gives, how large, how many are silent here, and which are shown."""
    rows, columns = stage.grid
    height, width = stage.kernel.shape[2:]
    silent = int((maps.reshape(len(maps), -1).max(axis=1) <= 0).sum())
    shown = (
        "all of them"
        if len(places) == stage.channels
        else f"the {len(places)} most active in this crop"
    )
    return (
        f"{stage.channels} filters of {height} x {width} give {stage.channels} maps of {rows} x "
        f"{columns} cells, of which {silent} found nothing here. Shown: {shown}, the most active "
        "first, on one scale."
    )


def last_step_sentences(last: LastStep, given: Answer) -> list[str]:
    """Say how the features of the crop add up to its logit, and what that is as an estimate."""
    up, down = (float(part.sum()) for part in (last.parts[last.parts > 0],
                                               last.parts[last.parts < 0]))  # fmt: skip
    active = int((last.features > 0).sum())
    calibration, assessment = given.card.calibration, given.assessment
    return [
        f"{active} of {last.features.size} features are active. Each counts by its weight: "
        f"{up:+.2f} speaks for malignancy, {down:+.2f} against, and the bias is {last.bias:+.2f}: "
        f"together a logit of **{last.logit:+.2f}**.",
        f"Calibrated (times {calibration.slope:.2f}, plus {calibration.intercept:+.2f}, through "
        f"the logistic function) that is **{text.percent(last.p_malignant)}** for the crop as it "
        f"is; averaged with its mirror images the estimate is "
        f"**{text.percent(assessment.p_malignant)}**.",
    ]
