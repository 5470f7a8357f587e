"""What every public door answers today, kept in `tests/golden`: no figure and no sentence changes.

Where a door is meant to answer otherwise, run `python -m tests.record_golden [DOOR ...]` and read
`git diff tests/golden`; a packed record tells its differences by this test, before. The doors are
compared with each other on their records, which the first test holds them to.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.golden_doors import DOORS, MODELS, ask_door, differences, kind, read, trained_by

ALL = [pytest.param(door, marks=pytest.mark.training if door == "train" else ()) for door in DOORS]
CASES = list(read("python")["crop sums"])

DECIMALS = {"predict line": 4, "screen": 2}
"""How many a door writes of a probability; the screen of its percentage, none. A CSV writes all."""


@pytest.mark.parametrize("door", ALL)
def test_the_door_answers_as_before(
    door: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = read(door)
    if door == "train":
        pytest.importorskip("tensorflow", reason="needs requirements-train.txt")
        if kept["trained by"] != trained_by():
            pytest.skip(
                "TensorFlow rounds otherwise on other processors. The training was recorded on "
                f"{kept['trained by']}; this is {trained_by()}."
            )
    now = {"kind": kept["kind"]} | ask_door(door, tmp_path, monkeypatch)
    assert "\n".join(differences(kept, now, exact=kept["kind"] == kind())) == ""


# --- one lesion, every door


def command_row(case: str) -> dict[str, str]:
    return next(row for row in read("predict")["csv"] if row["file"] == case)


def batch_row(case: str, csv: str = "page csv", door: str = "batch") -> dict[str, str]:
    return next(row for row in read(door)[csv] if row["file"].endswith(f"{case}.png"))


def upload(case: str) -> Any:
    return read("upload")["examples"][case]


def line_parts(case: str) -> dict[str, str]:
    (line,) = [line for line in read("predict")["stdout"] if line.startswith(f"{case}\t")]
    return {part.split()[0]: part.split()[1] for part in line.split("\t")[1:3]}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("model", MODELS)
def test_every_door_gives_the_librarys_figures(case: str, model: str) -> None:
    rows = {
        "predict csv": command_row(case),
        "upload csv": upload(case)["csv"],
        "batch csv": batch_row(case),
    }
    for figure, asked in (("p_malignant", "predict"), ("score", "score")):
        value = read("python")[model][asked][case]
        for door, row in rows.items():
            assert float(row[f"{model}_{figure}"]) == value, (door, figure)
    value = read("python")[model]["predict"][case]
    assert line_parts(case)[model] == f"{value:.{DECIMALS['predict line']}f}"
    percent = f"{value:.{DECIMALS['screen'] - 2}%}"
    pages = [upload(case)["words"], upload(case)["report"], read("predict")["reports"][case]]
    pages += [one["words"] for name, one in read("viewer")["examples"].items() if name == case]
    assert all(percent in words for words in pages)
    on_screen = next(line for line in read("batch")["words"] if line.startswith(f"{case}.png |"))
    assert f" {100 * value:.4f} " in on_screen


@pytest.mark.parametrize("case", CASES)
def test_every_door_stands_on_the_same_side(case: str) -> None:
    rows = [command_row(case), upload(case)["csv"], batch_row(case), batch_row(case, "command csv")]
    sides = [
        {name: cell for name, cell in row.items() if name.endswith(("youden", "_90"))}
        for row in rows
    ]
    assert len(sides[0]) == 6 and all(one == sides[0] for one in sides)
    for door in ("page csv", "command csv"):
        assert batch_row("=1+1", door, "odd")["file"] == "'=1+1.png", "no cell runs as a formula"


# --- what the doors say alike

FAMILIAR = "Do not interpret: this image does not resemble the training images."


def report_part(report: list[str], heading: str) -> str:
    return report[report.index(heading) + 1]


def sentence_of(words: list[str], start: str) -> str:
    line = next(line for line in words if start in line)
    return start + line.partition(start)[2].partition(".")[0]


LAST = CASES[-1]


@pytest.mark.parametrize(
    ("command", "page"),
    [
        pytest.param(
            lambda: batch_row("noise", "command csv", "odd")["simple_cnn_p_malignant"],
            lambda: batch_row("noise", door="odd")["simple_cnn_p_malignant"],
            id="decimals of the CSV",
        ),
        pytest.param(
            lambda: list(command_row(LAST)), lambda: list(upload(LAST)["csv"]),
            id="columns of the CSV",
        ),
        pytest.param(
            lambda: command_row(LAST)["file"], lambda: upload(LAST)["csv"]["file"],
            id="name of an example in the CSV",
        ),
        pytest.param(
            lambda: FAMILIAR in batch_row("noise", "command csv", "odd")["remark"],
            lambda: FAMILIAR in batch_row("noise", door="odd")["remark"],
            id="a strange picture in the remark",
        ),
        pytest.param(
            lambda: batch_row("flat", "command csv", "odd")["remark"],
            lambda: batch_row("flat", door="odd")["remark"],
            id="quality warnings in the remark",
        ),
        pytest.param(
            lambda: batch_row("broken", "command csv", "odd").get("error"),
            lambda: batch_row("broken", door="odd").get("error"),
            id="column of a broken file",
        ),
        # The same first half, then what to do at this door (--box here, the film there).
        pytest.param(
            lambda: re.split("[.:] ", batch_row("film", "command csv", "odd")["error"])[0],
            lambda: re.split("[.:] ", batch_row("film", door="odd")["error"])[0],
            id="sentence on a film without a place",
        ),
        pytest.param(
            lambda: report_part(read("predict")["reports"][LAST], "What was recorded"),
            lambda: report_part(read("upload")["asked"]["report"], "What was recorded"),
            id="recorded, in the command's and the upload page's report",
        ),
    ],
)  # fmt: skip
def test_command_and_page_agree(command: Callable[[], object], page: Callable[[], object]) -> None:
    assert command() == page()


@pytest.mark.parametrize(
    ("upload_page", "viewer"),
    [
        pytest.param(
            lambda: sentence_of(upload(CASES[0])["words"], "Bright areas "),
            lambda: sentence_of(read("viewer")["examples"][CASES[0]]["words"], "Bright areas "),
            id="caption of a heat map",
        ),
        pytest.param(
            lambda: report_part(read("upload")["asked"]["report"], "What was recorded")[:80],
            lambda: report_part(read("viewer")["asked"]["report"], "What was recorded")[:80],
            id="recorded, in their reports",
        ),
        pytest.param(
            lambda: upload(CASES[0])["report"],
            lambda: read("viewer")["examples"][CASES[0]]["report"],
            id="case report",
        ),
    ],
)  # fmt: skip
def test_upload_page_and_viewer_agree(
    upload_page: Callable[[], object], viewer: Callable[[], object]
) -> None:
    assert upload_page() == viewer()


def test_a_percentage_is_written_one_way() -> None:
    spaced = [words for words in upload(CASES[0])["report"] if " % " in f"{words} "]
    assert spaced == []
