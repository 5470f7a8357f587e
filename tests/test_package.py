"""The package: one version, the requirements files' pins, and a wheel that runs in any folder."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import mammo
from benchmarks.server_walk import open_whole
from benchmarks.visitor import Visitor
from mammo import __main__ as command
from mammo.ui.kit import frame
from tests.browser.conftest import running_server
from tests.conftest import run_apart
from tests.test_house import ROOT, requirements, tracked

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
INSIDE = "mammo/_app/"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by the installed Hatchling without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT))
    (built,) = folder.glob("mammo-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages that holds the wheel; what it needs is in this environment."""
    folder = tmp_path_factory.mktemp("packages")
    pip("install", "--no-deps", "--target", str(folder), str(wheel))
    return folder


def pip(*words: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *words]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def run(installed: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command `mammo` in a folder."""
    environment = os.environ | {"PYTHONPATH": str(installed), "PYTHONWARNINGS": "error"}
    environment.pop("MAMMO_ARTIFACTS", None)
    script = installed / "bin" / "mammo"
    command = [sys.executable, str(script), *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_the_version_is_in_one_place() -> None:
    assert PROJECT["dynamic"] == ["version"]
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\S+)", changes, re.MULTILINE)[0] == mammo.__version__
    other = {"mammo/__init__.py", "CHANGELOG.md"}
    named = re.compile(rf"^version\s*[:=].*{re.escape(mammo.__version__)}", re.MULTILINE)
    texts = [name for name in tracked() if name.endswith((".toml", ".cff", ".json"))]
    found = [name for name in texts if named.search((ROOT / name).read_text(encoding="utf-8"))]
    assert set(found) <= other


def test_the_project_requires_what_the_requirements_files_pin() -> None:
    extras = {"": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}
    files = {path.stem.partition("-")[2]: path.name for path in ROOT.glob("requirements*.txt")}
    assert set(files) == set(extras)
    for extra, name in files.items():
        lines = requirements(name)
        others = [line[len("-r requirements-") : -len(".txt")] for line in lines if "-r" in line]
        pinned = [line for line in lines if "-r" not in line]
        named = ",".join(other for other in others if other)
        expected = [*([f"mammo[{named}]"] if named else []), *pinned]
        assert [plain(one) for one in extras[extra]] == expected, name


def plain(requirement: str) -> str:
    """Return a requirement without its marker."""
    return requirement.partition(";")[0].strip()


def test_tensorflow_is_left_out_where_it_has_no_wheel() -> None:
    marked = [one for one in PROJECT["optional-dependencies"]["train"] if ";" in one]
    assert {plain(one).partition("==")[0] for one in marked} == {"tensorflow", "keras", "tf2onnx"}
    assert {one.partition(";")[2].strip() for one in marked} == {'python_version < "3.14"'}


def test_the_wheel_holds_the_package_the_app_and_the_models(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    code = {name for name in tracked() if name.startswith("mammo/")}
    app = {
        INSIDE + name
        for name in tracked()
        if name.startswith(("pages/", "artifacts/")) or name in ("app.py", ".streamlit/config.toml")
    }
    left_out = {name for name in app if name.endswith(".h5")}
    assert len(left_out) == 2
    assert names == code | app - left_out


def test_the_command_lists_its_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--help"]) == 0
    printed = capsys.readouterr().out
    for name, does in command.COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(does)}$", printed, re.MULTILINE)
    assert command.main(["screen"]) == 2
    assert "Received: screen." in capsys.readouterr().err
    assert command.main(["--version"]) == 0
    assert capsys.readouterr().out == f"mammo {mammo.__version__}\n"


@pytest.mark.parametrize("name", [name for name in command.COMMANDS if name != "app"])
def test_each_command_explains_itself(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [*sys.argv])
    with pytest.raises(SystemExit) as ended:
        command.main([name, "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: mammo {name} ")


def test_the_installed_command_classifies_as_the_library_does(
    installed: Path, tmp_path: Path
) -> None:
    film = mammo.example_lesions()[0].film
    shutil.copy(film, tmp_path / "film.dcm")
    marked = run(installed, tmp_path, "predict", "film.dcm", "--box", "1200,800,300,280")
    assert marked.stdout.count("\t") == 2
    done = run(installed, tmp_path, "predict", "--example", "7", "--csv", "out.csv")
    assert done.returncode == 0, done.stderr
    found = mammo.example_lesions()[6]
    lesion = mammo.Lesion(mammo.read_image(found.film), window=found.window)
    p = mammo.load_models().assess(lesion)["mobilenetv2"].probability
    assert repr(p) in (tmp_path / "out.csv").read_text(encoding="utf-8")


def test_the_installed_command_writes_the_model_card(installed: Path, tmp_path: Path) -> None:
    done = run(installed, tmp_path, "card", "--out", "card.md")
    assert done.returncode == 0, done.stderr
    written = (tmp_path / "card.md").read_text(encoding="utf-8")
    assert written == (ROOT / "docs" / "MODEL_CARD.md").read_text(encoding="utf-8")
    (tmp_path / "mine.md").write_text("words", encoding="utf-8")
    refused = run(installed, tmp_path, "card", "--out", "mine.md")
    assert refused.returncode == 1 and "Nothing was changed" in refused.stderr


def test_a_training_from_the_wheel_asks_where_to_write(installed: Path, tmp_path: Path) -> None:
    done = run(installed, tmp_path, "train", "--data", str(tmp_path))
    assert done.returncode == 1
    assert "--out expects a folder for the new artifacts" in done.stderr


def test_the_installed_app_shows_every_page_in_its_theme(installed: Path, tmp_path: Path) -> None:
    inside = installed / INSIDE
    settings = tomllib.loads((inside / ".streamlit/config.toml").read_text(encoding="utf-8"))

    async def visit(address: str) -> None:
        async with Visitor(address) as visitor:
            for page in frame.PAGES:
                await open_whole(visitor, Path(page.path).stem.partition("_")[2])
                titles = [element.body for element in visitor.elements("heading")]
                assert any(page.title in title for title in (*titles, "Home")), titles
            assert visitor.theme.light.primary_color == settings["theme"]["light"]["primaryColor"]

    text = (ROOT / "docs/deployment.md").read_text(encoding="utf-8")
    (words,) = re.findall(r"^mammo (app .*)", text, re.MULTILINE)
    start = (sys.executable, str(installed / "bin" / "mammo"), *words.split())
    more = {"PYTHONPATH": str(installed)}
    with running_server(inside / "artifacts", tmp_path / "log", more, app=start) as server:
        run_apart(visit(server.address))
        assert server.complaints() == []


def test_a_package_without_app_or_models_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [*sys.argv])
    monkeypatch.setattr(command, "home_folder", lambda: tmp_path)
    assert command.main(["app"]) == 1
    assert "expected the app at" in capsys.readouterr().err
    monkeypatch.setattr("mammo.artifacts.manifest.home_folder", lambda: tmp_path)
    for words in (["predict", "--example", "1"], ["serve"], ["card"], ["evaluate"]):
        assert command.main(words) == 1
        assert "There is no artifacts folder" in capsys.readouterr().err
