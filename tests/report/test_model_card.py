"""The model card: its figures are the artifacts', its references lead somewhere."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from mammo.artifacts import attach, load_cases
from mammo.errors import ArtifactError
from mammo.evaluate import evaluate_artifacts
from mammo.evaluation import SplitEvaluation
from mammo.report.model_card import DATA, MODELS, as_markdown, checklists, model_card
from mammo.report.model_card.facts import Facts, read_facts, worst_answers
from mammo.report.model_card.tables import APP, NA, NO
from mammo.ui.kit.frame import PAGES
from tests.inference.tiny_trust import attach_tiny_trust
from tests.tiny_artifacts import MODELS as TINY_MODELS
from tests.tiny_artifacts import write_tiny_artifacts
from tools.readme import __main__ as readme
from tools.readme.marks import agree

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_artifacts(tmp_path_factory.mktemp("card") / "artifacts")


@pytest.fixture(scope="module")
def split(folder: Path) -> SplitEvaluation:
    return evaluate_artifacts(folder, resamples=200).splits["test"]


@pytest.fixture(scope="module")
def facts(folder: Path, split: SplitEvaluation) -> Facts:
    return read_facts(split, folder)


@pytest.fixture(scope="module")
def text(facts: Facts) -> str:
    return as_markdown(model_card(facts))


def headings(text: str, level: int) -> set[str]:
    return set(re.findall(rf"^{'#' * level} (.+)$", text, re.MULTILINE))


def test_the_card_in_docs_is_that_of_the_released_artifacts() -> None:
    written = (ROOT / "docs" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert agree(readme.card_text(), written), "run python -m tools.readme"


def test_the_command_writes_the_card_and_notices_a_stale_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readme, "DOCUMENTS", {"README.md": {}})
    monkeypatch.setattr(readme, "card_text", lambda: "AUC 0.8412\n")
    front, card = tmp_path / "README.md", tmp_path / readme.CARD
    (card.parent / "lessons").mkdir(parents=True)
    front.write_text("# mammo\n", encoding="utf-8")
    files = ["--root", str(tmp_path)]
    assert readme.main([*files, "--check"]) == 1
    assert readme.main(files) == 0
    assert card.read_text(encoding="utf-8") == "AUC 0.8412\n"
    assert readme.main([*files, "--check"]) == 0
    card.write_text("AUC 0.9412\n", encoding="utf-8")
    assert readme.main([*files, "--check"]) == 1


def test_it_has_the_headings_of_its_forms(text: str) -> None:
    mitchell = {
        "Model details", "Intended use", "Factors", "Metrics", "Evaluation data", "Training data",
        "Quantitative analyses", "Ethical considerations", "Caveats and recommendations",
    }  # fmt: skip
    gebru = {
        "Motivation", "Composition", "Collection process", "Preprocessing, cleaning and labelling",
        "Uses", "Distribution", "Maintenance",
    }  # fmt: skip
    assert mitchell | gebru | set(checklists()) <= headings(text, 3)


def test_every_figure_is_the_artifacts(facts: Facts, text: str) -> None:
    made = facts.manifest
    assert made.command in text
    assert made.data.fingerprint in text
    for card in facts.cards:
        assert f"{card.parameters:,}" in text
        assert f"{card.calibration.slope:.3f}" in text
        assert all(f"{at:.3f}" in text for at in card.thresholds.values())
    assert "| AUC | 0.75 (0.68 to 0.81) | 0.75 (0.68 to 0.81) |" in text


def test_the_data_are_counted_as_pandas_counts_them(folder: Path, text: str) -> None:
    cases = load_cases(folder)
    for name, column in (
        ("Crops", "case_id"),
        ("Lesions", "lesion_id"),
        ("Patients", "patient_id"),
    ):
        counts = cases.groupby("split")[column].nunique()
        assert f"| {name} | {counts['train']:,} | {counts['test']:,} |" in text
    shapes = cases["mass_shape"].fillna("").str.split("-")
    for shape in ("OVAL", "IRREGULAR", "ARCHITECTURAL_DISTORTION"):
        has = shapes.map(lambda parts, shape=shape: shape in parts)
        counts = [int((has & (cases["split"] == split)).sum()) for split in ("train", "test")]
        plain = shape.lower().replace("_", " ")
        assert re.search(rf"^\| {plain}: .+ \| {counts[0]} \| {counts[1]} \|$", text, re.MULTILINE)


def test_the_worst_answers_are_those_that_pandas_finds(folder: Path, facts: Facts) -> None:
    cases = load_cases(folder)
    test = cases[cases["split"] == "test"]
    for failures in worst_answers(facts):
        p, at = f"{failures.card.name}_p", failures.card.thresholds["youden"]
        missed = test[(test["label"] == 1) & (test[p] < at)].nsmallest(5, p)
        alarms = test[(test["label"] == 0) & (test[p] >= at)].nlargest(5, p)
        assert [row["case_id"] for row in failures.misses] == missed["case_id"].tolist()
        assert [row["case_id"] for row in failures.false_alarms] == alarms["case_id"].tolist()


def test_every_reference_of_the_checklists_leads_somewhere(text: str) -> None:
    places = {"this card": headings(text, 3), APP: {page.title for page in PAGES}}
    for name in ("README.md", "docs/evaluation.md", "docs/training.md"):
        document = (ROOT / name).read_text(encoding="utf-8")
        places[name] = set(re.findall(r"^#+ (.+)$", document, re.MULTILINE))
    for items in checklists().values():
        assert items["number"].is_unique
        for item in items.itertuples():
            if item.where in (NO, NA):
                assert item.remark, f"say why {item.number} {item.topic} is {item.where}"
            else:
                assert item.section in places[item.where], item
    assert checklists()["CLAIM 2024"]["number"].tolist() == [str(one) for one in range(1, 45)]


def test_every_item_answered_by_the_card_has_its_words_in_the_section_named(text: str) -> None:
    rows = pd.concat(checklists().values())
    for item in rows[rows["where"] == "this card"].itertuples():
        section = text.split(f"### {item.section}\n", 1)[1].split("\n### ", 1)[0]
        assert item.answer and item.answer in section, item


def test_the_card_says_of_the_data_what_its_sources_say(text: str) -> None:
    for right in (
        "no patient with masses is in both splits is this project's own finding",
        "probably updated after further work-up (Lee et al. 2017)",
        "in some cases by ultrasound or another accepted method",
        "judged free of cancer on the screening films alone",
        "DDSM's own `.ics` files hold age, date and scanner",
        "US Department of Defense",
        "On digital mammograms, expect the AUC to be 0.15 to 0.3 lower.",
        "It was not measured here.",
        "Sensors 26:3911",
        "80 film pixels above and 26 to the left of the lesion's centre",
        "AUC of 0.62 to 0.67 from them alone",
    ):
        assert right in text
    for wrong in ("earlier ones", "and followed", "named in their paper", "split by patient"):
        assert wrong not in text


def test_the_first_part_is_short_and_begins_with_use_and_limits() -> None:
    split = evaluate_artifacts(resamples=100).splits["test"]
    first = model_card(read_facts(split))[MODELS]
    assert [one.title for one in first[:2]] == ["Intended use", "Caveats and recommendations"]
    tables = [one for part in first for one in part.blocks if not isinstance(one, str)]
    words = [one for part in first for one in part.blocks if isinstance(one, str)]
    words += [str(cell) for one in tables for cell in (*one.columns, *one.to_numpy().ravel())]
    assert len(" ".join(words).split()) <= 1300
    assert not any("mammo.train" in one for one in words)


def test_what_is_not_attached_is_not_spoken_of(facts: Facts, text: str) -> None:
    assert facts.trust is None and facts.lessons == (None, None) and not facts.audits
    assert "Data leakage" not in text
    assert "look like a mammogram crop" not in text


def test_what_is_attached_is_told(tmp_path: Path, split: SplitEvaluation) -> None:
    folder = write_tiny_artifacts(tmp_path / "artifacts")
    attach_tiny_trust(folder)
    figure = {"value": 0.1, "low": 0.05, "high": 0.2, "crops": 9}
    names = ("shuffled", "mirrored", "deletion", "insertion", "deletion_gain", "insertion_gain")
    audit = {
        "schema": 1, "model": "mobilenetv2", "created": "2026-01-02", "command": "a test",
        "crops": 9, "patients": 8, "agreement": [], "lesion": {"crops": 0, "maps": []},
        "methods": {"grad-cam": dict.fromkeys((*names, "empty"), figure)},
    }  # fmt: skip
    attach("audit/mobilenetv2.json", json.dumps(audit).encode(), (), folder)
    told = as_markdown(model_card(read_facts(split, folder)))
    assert "Grad-CAM passed the randomisation test on MobileNetV2" in told
    assert "0.10 (0.05 to 0.20)" in told


def test_an_altered_attachment_is_refused(tmp_path: Path, split: SplitEvaluation) -> None:
    folder = write_tiny_artifacts(tmp_path / "artifacts")
    attach("trust/trust.json", b"not JSON", (), folder)
    with pytest.raises(ArtifactError, match="is not complete JSON"):
        read_facts(split, folder)


def test_without_readers_or_failures_it_still_stands(facts: Facts, split: SplitEvaluation) -> None:
    perfect = facts.cases.assign(**{f"{one.name}_p": facts.cases["label"] for one in TINY_MODELS})
    bare = replace(facts, cases=perfect, split=replace(split, radiologists=None, subgroups=()))
    card = model_card(bare)
    text = as_markdown(card)
    assert "None on the wrong side" in text
    assert "recorded BI-RADS assessments, on the same" not in text
    blocks = [one for section in card[DATA] for one in section.blocks if isinstance(one, str)]
    assert sum(one.count("?**") for one in blocks) >= 15
