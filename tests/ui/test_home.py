"""The home page and the frame: `pytest tests/ui/test_home.py`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mammo import text as words
from mammo.artifacts import load_card, load_cases
from mammo.ui.kit.frame import PAGES
from mammo.ui.kit.source import example_name, first_example
from tests.tiny_artifacts import MODELS, write_manifest_again, write_tiny_artifacts

ROOT = Path(__file__).parents[2]


def texts(app: AppTest) -> str:
    return "\n".join(str(e.value) for kind in ("markdown", "caption") for e in app.get(kind))


def test_home_shows_an_example_with_the_released_answers_and_each_models_auc(
    app: AppTest, tiny_artifacts: Path
) -> None:
    app.run()
    assert not app.exception and not app.error
    cases, cards = load_cases(tiny_artifacts), [load_card(m.name, tiny_artifacts) for m in MODELS]
    row = cases[cases["case_id"] == first_example().case_id].iloc[0]
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown == {one.title: words.percent(row[f"{one.name}_p"]) for one in cards}
    sides = {row[f"{one.name}_p"] >= one.thresholds["youden"] for one in cards}
    assert f"The models {'agree' if len(sides) == 1 else 'disagree'} on this mass" in texts(app)
    assert texts(app).count("0.75 (0.68 to 0.81)") == 2


def test_home_says_what_it_is_within_150_words(app: AppTest) -> None:
    app.run()
    shown = [str(e.value) for kind in ("title", "header", "markdown", "caption", "metric")
             for e in app.main.get(kind)]  # fmt: skip
    assert len(" ".join(shown).split()) <= 150


def test_the_button_of_home_opens_the_example_that_it_shows(app: AppTest) -> None:
    app.run()
    app.button(key="try").click().run()
    assert app.title[0].value == "Upload and classify"
    assert app.query_params["example"] == example_name(first_example())
    app.button(key="accept").click().run()
    assert len(app.metric) == 2 and not app.exception


def test_pandas_is_whole_before_any_page_draws() -> None:
    """Plotly fails where another thread has loaded it by half."""
    subprocess.run(
        [sys.executable, "-c", "import sys, mammo.ui.kit.frame; sys.modules['pandas'].Series"],
        check=True,
        cwd=ROOT,
    )


def test_home_says_what_the_app_is_not(app: AppTest) -> None:
    app.run()
    assert words.NOTICE_SHORT in texts(app)
    assert "mammo is not a medical device" in texts(app)


def test_links_lead_to_pages_that_exist_and_no_page_is_left_out() -> None:
    listed = {page.path for page in PAGES}
    present = {"app.py", *(f"pages/{path.name}" for path in ROOT.glob("pages/*.py"))}
    assert listed == present


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.title)
def test_every_page_stands_in_the_frame(app: AppTest, page) -> None:  # type: ignore[no-untyped-def]
    app.run()
    if page.path != "app.py":
        app.switch_page(page.path).run()
    assert not app.exception
    assert len(app.title) == 1
    links = [link.value for link in app.sidebar.get("page_link")]
    assert links == [page.title for page in PAGES]


def test_a_missing_artifacts_folder_is_a_sentence_and_the_rest_stands(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAMMO_ARTIFACTS", str(tmp_path / "nowhere"))
    app.run()
    assert not app.exception
    assert "artifacts folder" in app.error[0].value
    assert len(app.error) == 1
    ways = [link.value for link in app.main.get("page_link")]
    assert ways == ["**Try a case**", "**Compare the models**", "**Run a class**"]


def test_artifacts_without_a_model_are_a_sentence(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_manifest_again(write_tiny_artifacts(tmp_path / "empty"), models=[])
    monkeypatch.setenv("MAMMO_ARTIFACTS", str(tmp_path / "empty"))
    app.run()
    assert not app.exception
    assert "no trained model" in app.error[0].value


def test_an_altered_card_is_a_sentence(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_tiny_artifacts(tmp_path / "altered")
    card = folder / "mobilenetv2/card.json"
    card.write_text(card.read_text().replace("0.75", "0.99"))
    monkeypatch.setenv("MAMMO_ARTIFACTS", str(folder))
    app.run()
    assert not app.exception
    assert "checksum" in app.error[0].value


def test_a_new_training_shows_without_a_restart(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_tiny_artifacts(tmp_path / "trained")
    monkeypatch.setenv("MAMMO_ARTIFACTS", str(folder))
    app.run()
    card = folder / "simple_cnn/card.json"
    content = json.loads(card.read_text())
    content["metrics"]["test"]["crop"]["auc"] = {"value": 0.66, "low": 0.6, "high": 0.7}
    card.write_text(json.dumps(content))
    write_manifest_again(folder, created="2026-02-02T00:00:00+00:00")
    app.run()
    assert "0.66 (0.60 to 0.70)" in texts(app)


def test_home_of_a_training_without_the_example_and_without_test_figures(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_tiny_artifacts(tmp_path / "other")
    cases = folder / "cases.csv"
    cases.write_text(cases.read_text().replace("Mass-Test_P_00173", "Mass-Test_P_09999"))
    for card in folder.glob("*/card.json"):
        content = json.loads(card.read_text())
        content["metrics"].pop("test")
        card.write_text(json.dumps(content))
    write_manifest_again(folder)
    monkeypatch.setenv("MAMMO_ARTIFACTS", str(folder))
    app.run()
    assert not app.exception and not app.error and not app.metric
    assert "An example of a mass" in texts(app)
