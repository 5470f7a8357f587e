"""README.md and docs/: every command runs, every figure is the artifacts', links lead somewhere.

`HELD` names what runs each command. A new command in a document fails here until it is held too.
"""

import http.client
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mammo
from mammo.artifacts import load_cases, load_manifest
from mammo.errors import SettingsError
from mammo.evaluate import evaluate_artifacts
from mammo.text import estimate
from mammo.ui import home
from mammo.ui.kit.frame import PAGES
from tests.browser.conftest import CHROMIUM
from tests.conftest import write_prepared
from tests.test_evaluate import write_crops
from tools.readme import __main__ as readme
from tools.readme.marks import agree, filled

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = {
    name: (ROOT / name).read_text(encoding="utf-8")
    for name in (
        "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/benchmarks.md", "docs/data.md",
        "docs/deployment.md", "docs/evaluation.md", "docs/own-data.md", "docs/reading-room.md",
        "docs/training.md",
    )
}  # fmt: skip
TEXT = "\n".join(DOCUMENTS.values())
LARGEST_PICTURE = 300_000

CI = "bash .ci/run"
HERE = "this file"
TRAINING = "tests/test_train.py"
DOWNLOADING = "tests/test_download.py"
PREPARING = "tests/test_prepare.py"
CLUSTER = "tests/data/test_preparation_cluster.py"
PACKAGE = "tests/test_package.py"
SERVING = "tests/test_serve.py"
TRYING = "tests/tools/test_experiments.py"
OWN_DATA = "tests/test_own_data.py"
HELD = {
    "pip install -r requirements.txt && streamlit run app.py": CI,
    "pip install -r requirements-dev.txt": CI,
    "pip install -r requirements-train.txt": CI,  # requirements-dev.txt begins with it
    "pip install -r requirements-own-data.txt": CI,  # requirements-train.txt begins with it
    "pip install -r requirements-download.txt": CI,  # nor are the downloads left out of it
    "python -m mammo.download --source crops --split test": "tests/test_download_crops.py",
    "python -m mammo.download --source kaggle --out cbis-ddsm": DOWNLOADING,
    "python -m mammo.download --source idc --out cbis-ddsm --abnormality mass --split test": (
        DOWNLOADING
    ),
    "python -m mammo.prepare --data cbis-ddsm --out crops": PREPARING,
    "python -m mammo.prepare --data cbis-ddsm --out all-crops --abnormality all --jobs 4": (
        PREPARING
    ),
    "pip install -r requirements-cluster.txt": CI,
    "python -m dask scheduler": CLUSTER,
    "python -m dask worker tcp://HOST:8786": CLUSTER,
    "python -m mammo.prepare --data cbis-ddsm --out crops --dask tcp://HOST:8786": CLUSTER,
    "MAMMO_ARTIFACTS=try streamlit run app.py": HERE,
    "python -m tools.experiments docs/experiments/cnn-labels.json --data DIR": TRYING,
    "python -m tools.experiments.guards --data DIR": TRYING,
    "python -m tools.experiments.published --data DIR": "tests/tools/test_published.py",
    "python -m tools.experiments.note": "tests/tools/test_note.py",
    "python -m mammo.training.lessons leak --data DIR": "tests/training/test_lessons.py",
    "python -m mammo.training.lessons film-size": "tests/training/test_lessons.py",
    "python -m mammo.training.lessons film-size --films DIR": "tests/training/test_lessons.py",
    "python -m mammo.training.lessons teacher --taught taught": "tests/training/test_lessons.py",
    "python -m mammo.training.release --out DIR": "tests/training/test_release.py",
    "python -m mammo.training.trust --data DIR": "tests/training/test_trust.py",
    "python -m mammo.training.concepts --data DIR": "tests/training/test_concepts.py",
    "python -m mammo.training.audit --data DIR": "tests/training/test_audit.py",
    "python -m mammo.training.audit --data DIR --lesions": "tests/training/test_audit.py",
    "ruff check .": CI,
    "ruff format --check .": CI,
    "mypy": CI,
    "python -m pytest -n 2 --dist loadfile": CI,
    "bash .ci/run": CI,
    "python -m mammo.train --data DIR": TRAINING,
    "python -m mammo.train --data DIR --models simple_cnn --epochs 5 --out try": TRAINING,
    "python -m mammo.train --data DIR --models simple_cnn --distillation 0.7 --out taught": (
        TRAINING
    ),
    "python -m mammo.prepare --table own.csv --out prepared --films films --columns "
    'film=image_path patient="Case ID" --malignant IDC DCIS --benign fibroadenoma': OWN_DATA,
    "python -m mammo.prepare --folders crops --out prepared": OWN_DATA,
    "python -m mammo.prepare --table own.csv --out prepared": OWN_DATA,
    "python -m mammo.evaluate --data prepared --unit lesion --json report.json --figures figures": (
        OWN_DATA
    ),
    "python -m mammo.evaluate --figures figures": OWN_DATA,
    "python -m mammo.train --data prepared --out own-artifacts": OWN_DATA,
    "python -m tools.readme": HERE,
    "python -m tools.sentences": "tests/tools/test_sentences.py",
    "python -m mammo.predict --example 7": HERE,
    "python -m mammo.predict film.dcm --box 1200,800,300,280": HERE,
    "python -m mammo.predict cc.dcm mlo.dcm --pair --box 1200,800,300,280 --box 900,1500,310,290": (
        HERE
    ),
    "python -m mammo.predict crops/ --csv results.csv --heatmap heatmaps/": HERE,
    "python -m mammo.evaluate": HERE,
    "python -m mammo.evaluate --unit lesion --json figures.json": HERE,
    "python -m mammo.evaluate --data DIR": HERE,
    "python benchmarks/explain.py": HERE,
    "python benchmarks/fuzz.py --inputs 10000": "tests/test_fuzz.py",
    "python -m benchmarks.strangers": "tests/test_strangers.py",
    "python -m benchmarks.http_strangers": SERVING,
    "python -m benchmarks.room": "tests/browser/test_reading.py",
    "pip install .": PACKAGE,
    "mammo --help": PACKAGE,
    "mammo --version": PACKAGE,
    "mammo app": PACKAGE,
    "mammo app --server.address 0.0.0.0 --server.headless true": PACKAGE,
    "mammo predict film.dcm --box 1200,800,300,280": PACKAGE,
    "mammo serve": SERVING,
    "curl -F file=@film.dcm -F box=1200,800,300,280 http://127.0.0.1:8502/api/v1/classify": SERVING,
    "curl -F file=@cc.dcm -F box=1200,800,300,280 -F file=@mlo.dcm -F box=900,1500,310,290 "
    "http://127.0.0.1:8502/api/v1/classify": SERVING,
    "python -m benchmarks.empty_home": "tests/test_empty_home.py",
    "python -m benchmarks.kills": "tests/test_kills.py",
    "python -m benchmarks.load --minutes 30": "tests/test_load.py",
    "python -m benchmarks.server": "tests/test_server.py",
    "python -m benchmarks.preparation --csv FOLDER": PREPARING,
    "python benchmarks/serving.py": HERE,
    "python benchmarks/training.py --data DIR": HERE,
    "python -m docs.screenshots": HERE,
}
INLINE = re.compile(r"`((?:python|bash|pip|streamlit|ruff|mammo|curl) [^`]+)`")


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of the documents in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


def commands() -> set[str]:
    """Return every command that a document tells a reader to type."""
    fenced = {line for block in blocks("bash") for line in block.splitlines() if line}
    return fenced | set(INLINE.findall(TEXT))


def type_in(
    command: str, folder: Path, *more: str, **changes: str
) -> subprocess.CompletedProcess[str]:
    """Run a command of a document in a folder, its placeholders filled in, with more arguments."""
    assert command in commands()
    words = [changes.get(word, word) for word in shlex.split(command)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    done = subprocess.run(
        [sys.executable, *words[1:], *more],
        cwd=folder, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


def test_every_command_is_run_by_something() -> None:
    assert commands() == set(HELD)


def test_what_ci_runs_is_read_from_this_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    read = re.findall(r"readme (\S+?)[)\s|]", script)
    assert {"install", "install-dev", "checks"} <= set(read)
    for name in set(read) - {"()"}:
        marked = re.search(
            rf"^<!-- ci: {name} -->\n```bash\n(.*?)^```",
            DOCUMENTS["README.md"],
            re.MULTILINE | re.DOTALL,
        )
        assert marked
        for line in marked[1].splitlines():
            assert HELD[line] in (CI, HERE)
    required = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    assert "-r requirements-train.txt" in required
    assert "-r requirements-download.txt" in required


def test_the_training_commands_are_tested() -> None:
    tests = (ROOT / TRAINING).read_text(encoding="utf-8")
    for word in ("mammo.train", "--data", "--models", "--out", "--epochs"):
        assert word in tests


def test_predict_answers_the_example_as_printed_here(tmp_path: Path) -> None:
    printed = type_in("python -m mammo.predict --example 7", tmp_path).stdout
    (shown,) = blocks("text")
    assert agree(printed.replace("\t", "   "), shown)


def test_predict_answers_a_box_on_a_film(tmp_path: Path) -> None:
    film = str(mammo.example_lesions()[0].film)
    command = "python -m mammo.predict film.dcm --box 1200,800,300,280"
    assert type_in(command, tmp_path, **{"film.dcm": film}).stdout.count("\t") == 2


def test_predict_answers_two_views_of_a_lesion(tmp_path: Path) -> None:
    films = [str(lesion.film) for lesion in mammo.example_lesions()[:2]]
    (command,) = (command for command in commands() if "--pair --box" in command)
    given = dict(zip(("cc.dcm", "mlo.dcm"), films, strict=True))
    line = type_in(command, tmp_path, **given).stdout
    assert line.startswith(" + ".join(films)) and line.count("\t") == 2


def test_predict_answers_a_folder_of_crops(tmp_path: Path) -> None:
    (tmp_path / "crops").mkdir()
    for seed in range(2):
        pixels = np.random.default_rng(seed).integers(0, 256, (128, 128), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "crops" / f"{seed}.png")
    type_in("python -m mammo.predict crops/ --csv results.csv --heatmap heatmaps/", tmp_path)
    assert len((tmp_path / "results.csv").read_text().splitlines()) == 3
    assert len(list((tmp_path / "heatmaps").iterdir())) == 4


def test_evaluate_prints_figures(tmp_path: Path) -> None:
    assert "OFFICIAL TEST SPLIT" in type_in("python -m mammo.evaluate", tmp_path).stdout
    type_in("python -m mammo.evaluate --unit lesion --json figures.json", tmp_path)
    assert (tmp_path / "figures.json").stat().st_size > 0
    data = str(write_crops(tmp_path / "hospital", [f"H{number}" for number in range(8)]))
    printed = type_in("python -m mammo.evaluate --data DIR", tmp_path, DIR=data).stdout
    assert "EXTERNAL CASES" in printed


def test_the_benchmark_measures_and_prints(tmp_path: Path) -> None:
    out = tmp_path / "serving.json"
    few = ("--crops", "3", "--starts", "1", "--json", str(out))
    printed = type_in("python benchmarks/serving.py", ROOT, *few).stdout
    figures = json.loads(out.read_text())["figures"]
    assert "one crop, both models" in printed
    assert all(value > 0 for value in figures.values())


def test_the_benchmark_of_heat_maps_measures_and_prints(tmp_path: Path) -> None:
    out = tmp_path / "explain.json"
    printed = type_in(
        "python benchmarks/explain.py", ROOT, "--crops", "1", "--json", str(out)
    ).stdout
    result = json.loads(out.read_text())
    assert "Blur path" in printed and "x Grad-CAM" in printed
    for times in result["milliseconds"].values():
        assert min(times, key=times.__getitem__) == "grad-cam" and times["grad-cam"] > 0


def test_the_benchmark_of_training_measures_and_prints(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="needs requirements-train.txt")
    out, data = tmp_path / "training.json", str(write_prepared(tmp_path / "data"))
    short = ("--imagenet-weights", "none", "--epochs", "1", "--json", str(out))
    command = "python benchmarks/training.py --data DIR"
    assert "both" in type_in(command, ROOT, *short, DIR=data).stdout
    result = json.loads(out.read_text())
    assert result["models"]["simple_cnn"]["epochs"] == 1
    assert result["seconds"] == sum(model["seconds"] for model in result["models"].values()) > 0


@pytest.mark.browser
def test_the_picture_is_taken_by_its_command(tmp_path: Path) -> None:
    if not Path(CHROMIUM).exists():
        pytest.skip("needs chromium, as in Debian's package of that name")
    type_in("python -m docs.screenshots", ROOT, "--out", str(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == {
        path.name for path in (ROOT / "docs" / "images").iterdir()
    }


@pytest.fixture
def app_address(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """Start the app by README.md's command, as a newcomer who never ran Streamlit before."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host, port = probe.getsockname()
    (command,) = {"streamlit run app.py"} & {one.partition(" && ")[2] for one in commands()}
    options = [f"--server.port={port}", f"--server.address={host}", "--server.headless=true"]
    environment = os.environ | {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    with (tmp_path / "log").open("wb") as log:
        app = subprocess.Popen(
            [sys.executable, "-m", *command.split(), *options],
            cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
        yield host, port
        app.terminate()
        app.wait(timeout=30)


def test_the_app_starts_and_answers(app_address: tuple[str, int]) -> None:
    patience = time.monotonic() + 60
    while time.monotonic() < patience:
        connection = http.client.HTTPConnection(*app_address, timeout=5)
        try:
            connection.request("GET", "/_stcore/health")
            assert connection.getresponse().read() == b"ok"
            return
        except OSError:
            time.sleep(0.2)
        finally:
            connection.close()
    pytest.fail("the app did not answer within a minute")


def test_the_python_lines_run_as_they_stand() -> None:
    names: dict[str, object] = {}
    (lines,) = blocks("python")
    exec(compile(lines, "README.md", "exec"), names)  # noqa: S102
    p_malignant, heat = names["p_malignant"], names["heat"]
    assert isinstance(p_malignant, float)
    assert isinstance(heat, np.ndarray)
    assert isinstance(everything := names["everything"], dict)
    assert everything["models"]["mobilenetv2"]["p_malignant"] == p_malignant
    both = names["both_views"]
    assert isinstance(both, mammo.LesionResult) and both.form == "two views"
    assert (heat.shape, heat.dtype) == ((128, 128), np.float32)


def test_the_figures_are_those_of_the_artifacts() -> None:
    for name, parts in readme.DOCUMENTS.items():
        assert agree(filled(DOCUMENTS[name], parts, name), DOCUMENTS[name]), (
            f"{name}: run python -m tools.readme"
        )


def test_the_command_writes_what_its_check_then_accepts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = {"figures": lambda: "AUC 0.8412", "example": lambda: ""}
    monkeypatch.setattr(readme, "DOCUMENTS", {"README.md": parts})
    monkeypatch.setattr(readme, "card_text", lambda: "AUC 0.8412\n")
    changed = tmp_path / "README.md"
    changed.write_text(DOCUMENTS["README.md"], encoding="utf-8")
    (tmp_path / "docs" / "lessons").mkdir(parents=True)
    files = ["--root", str(tmp_path)]
    assert readme.main(["--check", *files]) == 1
    assert readme.main(files) == 0
    assert "\nAUC 0.8412\n<!-- figures: end -->" in changed.read_text(encoding="utf-8")
    assert readme.main(["--check", *files]) == 0


def test_marks_that_are_missing_are_asked_for() -> None:
    with pytest.raises(SettingsError, match="should mark where its figures stand"):
        filled("# mammo", readme.DOCUMENTS["README.md"], "README.md")


def test_the_table_rounds_as_the_home_page_does() -> None:
    on_home = home.test_figures()
    for model in evaluate_artifacts().splits["test"].models.values():
        figure = estimate(model.metrics["auc"], 2)
        assert f"{model.title} {figure}" in on_home
        assert figure in TEXT


def test_the_numbers_in_the_prose_are_those_of_the_case_table() -> None:
    cases, data = load_cases(), load_manifest().data
    share = cases.groupby("split")["label"].mean()
    radiologists = evaluate_artifacts().splits["test"].radiologists
    assert radiologists is not None
    published = cases["published_split"].value_counts()
    for number in (
        f"{100 * (1 - share['test']):.1f}% of the time",
        f"{100 * share['train']:.1f}% of the training crops",
        f"{100 * share['test']:.1f}% of the test crops",
        f"{data.n_train:,} training crops of {data.n_train_patients} patients",
        f"{data.n_test} test crops of {data.n_test_patients}",
        f"| {radiologists.auc.value:.3f} | The same {data.n_test} crops",
        f"the published crops hold {published['test']}",
        f"trained on {published['train']:,} crops and kept {published['val']} to choose by",
        f"ours learned from all {published['train'] + published['val']:,}",
    ):
        assert number in TEXT, number
    ours = cases.loc[cases["split"] == "test", "published_split"]
    assert (ours == "test").all()


def anchor(heading: str) -> str:
    """Name a heading's place as GitHub does."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_links_and_pictures_lead_somewhere() -> None:
    places = {
        ROOT / name: {anchor(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
        for name, text in DOCUMENTS.items()
    }
    for name, text in DOCUMENTS.items():
        for picture, words, target in re.findall(r"(!?)\[([^\]]*)\]\(([^)]+)\)", text):
            assert words, f"{target} has no words"
            if target.startswith("https://"):
                continue
            file, _, place = target.partition("#")
            path = (ROOT / name).parent.joinpath(file).resolve() if file else ROOT / name
            assert path.is_file(), target
            assert not place or place in places[path], target
            if picture:
                assert len(words) > 60, "say what the picture shows"
                assert path.stat().st_size < LARGEST_PICTURE


def test_the_front_page_is_short() -> None:
    assert len(DOCUMENTS["README.md"].splitlines()) <= 165


def test_every_page_is_named() -> None:
    for page in PAGES[1:]:
        assert f"- **{page.title}**: " in DOCUMENTS["README.md"]


def test_every_folder_stands_in_the_table_of_folders() -> None:
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    table = page.partition("| Folder |")[2]
    folders = [path for path in ROOT.glob("mammo/*") if (path / "__init__.py").exists()]
    for folder in (*folders, *(ROOT / name for name in ("artifacts", "docs", "tests"))):
        assert f"`{folder.relative_to(ROOT).as_posix()}/`" in table, folder
    for name in re.findall(r"`([\w/.]+)`", table.partition("\n\n")[0]):
        assert (ROOT / name).exists(), name
