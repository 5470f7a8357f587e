"""The note's figures come from the log and the artifacts; its picture says what the log says."""

import csv
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from mammo.artifacts import load_cases, load_history
from mammo.errors import SettingsError
from mammo.evaluation import auc, expected_calibration_error
from mammo.settings import TITLES, TrainSettings
from tools.experiments import note
from tools.experiments.figures import as_svg, differences, training_curves


def test_the_committed_note_is_of_the_committed_results(capsys) -> None:
    assert note.main(["--check"]) == 0, capsys.readouterr().out
    for name, figure in note.figures().items():
        assert (note.NOTE.parent / name).read_bytes() == as_svg(figure)


def test_a_changed_figure_is_found_and_written_anew(tmp_path: Path, capsys) -> None:
    path = tmp_path / "experiments.md"
    whole = note.NOTE.read_text(encoding="utf-8")
    path.write_text(whole.replace("MobileNetV2, AUC per crop | at least 0.86 | 0.", "x | y | 9."))
    assert note.main(["--check", "--file", str(path)]) == 1
    assert "run python -m tools.experiments.note" in capsys.readouterr().out
    assert note.main(["--file", str(path)]) == 0
    assert path.read_text(encoding="utf-8") == whole


def test_a_note_without_marks_is_refused() -> None:
    from tools.readme.marks import filled

    with pytest.raises(SettingsError, match=r"experiments\.md should mark where its targets"):
        filled("nothing", note.PARTS, "experiments.md")


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n", None], ids=["a film", "a folder"])
def test_what_is_no_note_is_left_with_a_sentence(tmp_path: Path, capsys, content) -> None:
    path = tmp_path / "film.png"
    path.write_bytes(content) if content else path.mkdir()
    assert note.main(["--file", str(path)]) == 1
    assert capsys.readouterr().err.startswith("tools.experiments.note: Expected a document.")
    assert path.is_dir() or path.read_bytes() == content


def test_every_target_stands_beside_its_test_and_its_out_of_fold_figure() -> None:
    cases = load_cases()
    table = note.targets_part()
    for model in ("mobilenetv2", "simple_cnn"):
        for split, column in (("test", 3), ("train", 4)):
            rows = cases[cases["split"] == split]
            value = auc(rows["label"], rows[f"{model}_p"])
            line = next(
                line
                for line in table.splitlines()
                if line.startswith(f"| {note.TITLES[model]}, AUC per crop")
            )
            assert f"{value:.3f}" in line.split("|")[column], line
    verdicts = {line.split("|")[5].strip() for line in table.splitlines()[2:]}
    assert verdicts <= {"yes", "no", ""} and {"yes", "no"} & verdicts


def test_a_verdict_follows_the_figure_and_the_direction_of_its_target(monkeypatch) -> None:
    met = {}
    for aim, at_most in ((0.0, False), (1.1, False), (0.0, True), (1.1, True)):
        one = note.Target("simple_cnn", "AUC per crop", "crop", note._metric("auc"), aim, at_most)
        monkeypatch.setattr(note, "TARGETS", (one,))
        met[aim, at_most] = note.targets_part().splitlines()[2].split("|")[5].strip()
    assert met == {(0.0, False): "yes", (1.1, False): "no", (0.0, True): "no", (1.1, True): "yes"}


def test_the_share_of_malignant_is_moved_by_the_odds() -> None:
    cases = load_cases()
    learned = cases.loc[cases["split"] == "train", "label"].mean()
    tested = cases[cases["split"] == "test"]
    stated = tested["label"].mean()
    odds = tested["simple_cnn_p"] / (1 - tested["simple_cnn_p"])
    odds = odds * stated / (1 - stated) / (learned / (1 - learned))
    naive = expected_calibration_error(tested["label"], odds / (1 + odds))
    assert f"{naive:.3f}" in note.calibration_part().splitlines()[-1].split("|")[2]


def test_every_experiment_of_the_log_is_in_the_note_and_controls_apart() -> None:
    with note.LOG.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    tried, controls = note.tried_part(), note.controls_part()
    for row in rows:
        another_seed = int(row["seed"]) != TrainSettings.seed
        control = another_seed or any(name in row["changes"] for name in note.CONTROLS)
        assert (f"experiments/{row['name']}.json" in tried) != control
        assert not another_seed or f"seed {row['seed']}" in controls
    assert controls.count("labels shuffled") == sum("labels shuffled" in r["changes"] for r in rows)


def row(name: str, value: float, low: float, high: float, verdict: str) -> dict[str, str]:
    figures = {"difference": value, "difference_low": low, "difference_high": high}
    return {"name": name, "verdict": verdict} | {key: str(one) for key, one in figures.items()}


def test_the_picture_puts_each_difference_in_its_place_and_is_the_same_each_time() -> None:
    rows = [row("a & b", 0.1, 0.05, 0.2, "helps"), row("c", 0.0, -0.01, 0.01, "harms")]
    figure = differences(rows)
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a & b", "c"]
    spans = [bar.get_segments()[0][:, 0] for bar in axes.collections]
    assert np.allclose(spans, [[0.05, 0.2], [-0.01, 0.01]])
    assert len({bar.get_colors()[0].tobytes() for bar in axes.collections}) == 2
    assert as_svg(differences(rows)) == as_svg(figure)
    ElementTree.fromstring(as_svg(figure))  # noqa: S314  (written by the function under test)


def test_the_training_curves_show_every_epoch_of_every_model() -> None:
    figure = training_curves()
    assert len(figure.axes) == 2 * len(TITLES)
    for axes, model in zip(figure.axes[::2], TITLES, strict=True):
        epochs = load_history(model).query("fold == 'fold_0'")
        assert all(len(line.get_xdata()) == len(epochs) for line in axes.get_lines())
