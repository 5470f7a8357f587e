"""The explorer's filters, charts, words and preview: `pytest tests/ui/test_explorer.py`.

Each count is held against a plain loop over the rows of `artifacts/cases.csv`.
"""

import csv
import re
from collections import Counter
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammo.artifacts import artifacts_folder, load_card, load_cases
from mammo.data.augment import Augmentation
from mammo.data.descriptors import (
    FILTERS,
    NOT_RECORDED,
    from_link,
    options,
    page_from_link,
    passing,
    title_of,
)
from mammo.imaging import prepare
from mammo.plots.explorer import CHARTS, by_size, chart_figure, conflicting_lesions
from mammo.ui.explorer import pixels
from mammo.ui.explorer.cases import cell_of, counts_in_words, titled
from mammo.ui.explorer.pixels import line_of
from mammo.ui.kit.cases import recorded_table, score_lines

BY_NAME = {one.name: one for one in FILTERS}
NAN = re.compile(r"\bnan\b")
SCALES_FROM_ONE = ("breast_density", "subtlety")


@cache
def rows() -> list[dict[str, str]]:
    """The released cases as texts, by nothing but the csv module."""
    with (artifacts_folder() / "cases.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@cache
def cases() -> pd.DataFrame:
    return load_cases()


def words_of(row: dict[str, str], column: str) -> list[str]:
    """A row's values of a column by hand: joined ones apart, "none" where nothing is recorded."""
    value = row[column]
    if value in ("", "nan") or (column in SCALES_FROM_ONE and value == "0"):
        return ["none"]
    return value.split("-") if column in ("mass_shape", "mass_margins") else [value]


def naively_passing(chosen: dict[str, list[str]]) -> list[str]:
    kept = []
    for row in rows():
        good = True
        for name, wanted in chosen.items():
            if wanted and not any(w in words_of(row, BY_NAME[name].column) for w in wanted):
                good = False
        if good:
            kept.append(row["case_id"])
    return kept


@pytest.mark.parametrize("one", FILTERS, ids=lambda one: one.name)
def test_options_are_what_occurs_and_each_has_a_name(one) -> None:
    found = options(cases(), one)
    assert set(found) == {word for row in rows() for word in words_of(row, one.column)}
    assert NOT_RECORDED not in found[:-1]
    titles = [title_of(one, option) for option in found]
    assert len(set(titles)) == len(titles) and all(titles)
    assert not any("-" in option for option in found)


@given(
    st.fixed_dictionaries(
        {one.name: st.lists(st.sampled_from(options(cases(), one)), max_size=3) for one in FILTERS}
    )
)
def test_what_passes_is_what_a_plain_loop_finds(chosen: dict[str, list[str]]) -> None:
    assert passing(cases(), chosen)["case_id"].tolist() == naively_passing(chosen)


def test_one_filter_alone_finds_what_a_plain_loop_finds() -> None:
    for one in FILTERS:
        for option in options(cases(), one):
            found = passing(cases(), {one.name: [option]})["case_id"].tolist()
            assert found == naively_passing({one.name: [option]}) and found


@given(st.none() | st.text() | st.lists(st.sampled_from(["OVAL", "ROUND", "x"])).map(",".join))
def test_whatever_the_link_says_legal_options_come_of_it(text: str | None) -> None:
    found = from_link(text, ["OVAL", "ROUND"])
    assert set(found) <= {"OVAL", "ROUND"} and len(found) == len(set(found))


@given(st.none() | st.text(), st.integers(0, 200))
def test_whatever_the_link_says_a_page_comes_of_it(text: str | None, pages: int) -> None:
    assert 1 <= page_from_link(text, pages) <= max(1, pages)


def test_filters_let_nothing_of_an_empty_table_pass() -> None:
    none = cases().head(0)
    assert passing(none, {"shape": ["ROUND"]}).empty


def test_the_counts_are_those_of_the_rows() -> None:
    found = passing(cases(), {"shape": ["ROUND"], "split": ["test"]})
    kept = [r for r in rows() if r["split"] == "test" and "ROUND" in r["mass_shape"].split("-")]
    malignant = sum(row["pathology"] == "MALIGNANT" for row in kept)
    said = counts_in_words(found, len(cases()))
    assert said == (
        f"**{len(kept)}** of 1,696 crops: {len({r['lesion_id'] for r in kept})} lesions in "
        f"{len({r['patient_id'] for r in kept})} patients; {malignant} malignant, "
        f"{len(kept) - malignant} benign."
    )


CHART_COLUMNS = {
    "split": "split", "shape": "mass_shape", "margin": "mass_margins", "density": "breast_density",
    "birads": "assessment", "subtlety": "subtlety",
}  # fmt: skip


@pytest.mark.parametrize("name", CHART_COLUMNS)
def test_a_charts_counts_are_those_of_a_plain_loop(name: str) -> None:
    one, counted = BY_NAME[name], Counter()
    for row in rows():
        for word in words_of(row, CHART_COLUMNS[name]):
            counted[title_of(one, word), row["label"]] += 1
    counts = CHARTS[name][1](cases()).counts
    assert {
        (value, label): int(counts.loc[value, column])
        for value in counts.index
        for label, column in (("0", "benign"), ("1", "malignant"))
        if counts.loc[value, column]
    } == dict(counted)


def test_the_prior_shift_is_said() -> None:
    sentence = CHARTS["split"][1](cases()).sentence
    for split in ("train", "test"):
        labels = [row["label"] for row in rows() if row["split"] == split]
        assert f"{100 * labels.count('1') / len(labels):.1f}% of the" in sentence
    test_only = CHARTS["split"][1](passing(cases(), {"split": ["test"]})).sentence
    assert "prior shift" not in test_only and "38.9%" in test_only


def test_how_often_the_radiologists_were_right() -> None:
    """On the test split the counts of the biopsy point are published: 93.2% and 53.7%."""
    sentence = CHARTS["birads"][1](passing(cases(), {"split": ["test"]})).sentence
    test = [row for row in rows() if row["split"] == "test"]
    sent = [row["assessment"] in ("4", "5") for row in test]
    truth = [row["label"] == "1" for row in test]
    right = sum(one == other for one, other in zip(sent, truth, strict=True))
    found = sum(one and other for one, other in zip(sent, truth, strict=True))
    assert f"right in {100 * right / len(test):.1f}% of 378 crops" in sentence
    assert (
        f"They recommended biopsy for {found} of 147 malignant and 107 of 231 benign crops."
        in sentence
        and found / 147 > 0.93
    )
    assert "95% CI" in sentence


def test_patients_with_several_lesions_are_counted() -> None:
    lesions: dict[str, set[str]] = {}
    crops: Counter[str] = Counter()
    for row in rows():
        lesions.setdefault(row["patient_id"], set()).add(row["lesion_id"])
        crops[row["patient_id"]] += 1
    chart = CHARTS["patients"][1](cases())
    several = sum(len(found) > 1 for found in lesions.values())
    assert f"{sum(n > 1 for n in crops.values())} of 892 patients have several crops" in (
        chart.sentence
    )
    assert f"{several} several lesions" in chart.sentence
    alone = sum(crops[patient] for patient, found in lesions.items() if len(found) == 1)
    assert int(chart.counts.loc["1"].sum()) == alone
    assert int(chart.counts.to_numpy().sum()) == 1696


def test_the_three_lesions_with_two_labels_are_named() -> None:
    assert conflicting_lesions(cases()) == ["P_00419_LEFT_1", "P_00419_LEFT_2", "P_01623_RIGHT_1"]
    chart = CHARTS["conflicts"][1](cases())
    assert "P_01623_RIGHT_1" in chart.sentence
    assert int(chart.counts.loc["labels differ"].sum()) == 6
    one_view = CHARTS["conflicts"][1](passing(cases(), {"view": ["CC"]}))
    assert "None of these lesions" in one_view.sentence


def test_side_and_view_are_counted() -> None:
    counted = Counter((f"{r['laterality'].lower()} {r['view']}", r["label"]) for r in rows())
    counts = CHARTS["view"][1](cases()).counts
    assert int(counts.loc["left MLO", "malignant"]) == counted["left MLO", "1"]
    assert int(counts.to_numpy().sum()) == sum(counted.values())


def test_sizes_fall_into_their_bins_and_one_label_is_enough() -> None:
    sizes = pd.DataFrame({"label": [0, 0, 1], "pixels": [150.0, 200.0, 1500.0]})
    chart = by_size(sizes)
    assert chart.counts.index.tolist() == ["under 200", "200 to 399", "1,200 or more"]
    assert "175 film pixels among the benign and 1,500 film pixels among the malig" in (
        chart.sentence
    )
    assert not NAN.search(by_size(sizes[:2]).sentence)


@pytest.mark.parametrize("name", CHARTS)
@pytest.mark.parametrize("chosen", [{}, {"label": ["BENIGN"]}, {"margin": ["none"]}])
def test_every_chart_of_every_choice_is_drawn(name: str, chosen: dict[str, list[str]]) -> None:
    chart = CHARTS[name][1](passing(cases(), chosen))
    figure = chart_figure(chart)
    assert [trace.name for trace in figure.data] == ["benign", "malignant"]
    assert sum(sum(trace.x) for trace in figure.data) == int(chart.counts.to_numpy().sum())
    assert chart.sentence.endswith(".") and not NAN.search(chart.sentence)
    assert not any(NAN.search(text) for trace in figure.data for text in trace.text)


def test_one_case_alone_is_drawn_too() -> None:
    for _, build in CHARTS.values():
        assert chart_figure(build(cases()[:1])).data


def test_descriptors_are_explained() -> None:
    row = cases().set_index("case_id").loc["Mass-Training_P_00001_LEFT_CC_1"].to_dict()
    told = recorded_table(row)
    for part in ("IRREGULAR", "ARCHITECTURAL_DISTORTION"):
        line = next(
            one for one in told.splitlines() if f"| {part.replace('_', ' ').lower()} |" in one
        )
        counts = [
            [
                one["label"]
                for one in rows()
                if one["split"] == split and part in words_of(one, "mass_shape")
            ]
            for split in ("train", "test")
        ]
        shares = [f"{100 * one.count('1') / len(one):.0f}% of {len(one)}" for one in counts]
        assert f"| {'; '.join(shares)} |" in line
    lobulated = recorded_table({**row, "mass_shape": "LOBULATED", "mass_margins": "ILL_DEFINED"})
    assert "lobulated (5th edition: oval, v2025: lobulated)" in lobulated
    assert "ill-defined (5th edition and v2025: indistinct)" in lobulated
    missing = dict.fromkeys(
        ("mass_shape", "mass_margins", "breast_density", "assessment", "subtlety"), pd.NA
    )
    assert recorded_table(missing).count("| not recorded |  |") == len(missing)


def test_scores_are_those_of_the_row_with_who_gave_them() -> None:
    cards = [load_card(name) for name in ("simple_cnn", "mobilenetv2")]
    for case, words in (
        (
            "Mass-Training_P_00001_LEFT_CC_1",
            "Out-of-fold score: this patient was not in the training data (fold 1)",
        ),
        ("Mass-Test_P_00820_LEFT_CC_1", "Test case: not used for training"),
    ):
        row = cases().set_index("case_id", drop=False).loc[case].to_dict()
        lines = score_lines(row, cards)
        assert len(lines) == 2 and all(words in line for line in lines)
        assert f"malignancy {100 * row['mobilenetv2_p']:.0f}%" in lines[1]
        assert "diagnos" not in "".join(lines)
    assert score_lines({**row, "simple_cnn_p": float("nan")}, cards)[0].endswith("no score.")


def test_a_test_case_leads_to_its_cell_and_a_training_case_to_none() -> None:
    card = load_card("mobilenetv2")
    for row in cases().to_dict("records"):
        above = row["mobilenetv2_p"] >= card.thresholds["youden"]
        outcome = {(1, True): "found", (1, False): "missed", (0, True): "false_alarm"}
        expected = outcome.get((row["label"], bool(above)), "spared")
        wanted = f"mobilenetv2.{expected}" if row["split"] == "test" else None
        assert cell_of(row, card) == wanted


def test_the_table_reads_in_plain_words() -> None:
    table = titled(cases(), [load_card("mobilenetv2")])
    assert len(table) == 1696
    first = table.iloc[0]
    assert first["Shape"] == "architectural distortion, irregular"
    assert (first["Split"], first["Density"], first["Side"]) == ("training", "c", "left")
    assert first["MobileNetV2"] == pytest.approx(100 * float(rows()[0]["mobilenetv2_p"]))


@pytest.mark.parametrize("model", ["simple_cnn", "mobilenetv2"])
def test_the_preview_shows_what_the_network_sees(model: str) -> None:
    card = load_card(model)
    crop = np.random.default_rng(3).integers(40, 90, (128, 128)).astype(np.uint8)
    shown = pixels.steps(crop, card)
    assert np.array_equal(shown["As cut from the film"], crop)
    seen = prepare(crop[np.newaxis], card.preprocessing)[0]
    assert np.abs(shown[f"Resized to {card.preprocessing.input_size} pixels"] - seen).max() <= 0.5
    assert np.abs(shown["Mirrored"].astype(float) - seen[:, ::-1]).mean() < 1
    assert ("More contrast, brighter" in shown) == (card.settings["contrast"] > 0)
    views = pixels.random_views(crop, card, 7)
    again, other = pixels.random_views(crop, card, 7), pixels.random_views(crop, card, 8)
    assert all(np.array_equal(one, two) for one, two in zip(views, again, strict=True))
    assert not np.array_equal(views[0], other[0])


def test_augmentation_is_the_cards_own() -> None:
    card = load_card("simple_cnn")
    found = pixels.augmentation_of(card)
    assert found.rotation_degrees == card.settings["rotation_degrees"]
    assert found != Augmentation()


def test_leaks_are_said_one_or_many() -> None:
    assert line_of((), "mammogram") == "Mammograms in both splits: none."
    assert line_of(("a",), "patient") == "Patients in both splits: 1 (a)."
