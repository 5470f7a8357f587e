"""The explorer's sentences, counts and records: `pytest tests/ui/test_explorer_words.py`."""

import re

from mammo.artifacts import load_cases
from mammo.data.descriptors import recorded_sentence
from mammo.plots.explorer import CHARTS
from mammo.ui.explorer.cases import counts_in_words


def test_one_crop_is_told_as_one() -> None:
    conflict = load_cases().query("lesion_id == 'P_01623_RIGHT_1'")
    one = conflict[:1]
    assert counts_in_words(one, 2).startswith("**1** of 2 crops: 1 lesion in 1 patient; ")
    malignant = conflict[conflict["label"] == 1]
    assert counts_in_words(malignant, 2).endswith("; 1 malignant, 0 benign.")
    assert CHARTS["conflicts"][1](conflict).sentence.startswith(
        "1 of 1 lesion has different labels in its views: P_01623_RIGHT_1."
    )
    assert CHARTS["patients"][1](conflict).sentence.startswith(
        "1 of 1 patient has several crops, 0 several lesions."
    )
    sentence = CHARTS["birads"][1](malignant).sentence
    assert " of 1 crop (95%" in sentence and re.search(r"for \d of 1 malignant crop", sentence)


def test_a_report_tells_the_record_in_the_clinics_letters() -> None:
    row = load_cases().query("lesion_id == 'P_01623_RIGHT_1'").iloc[0].to_dict()
    said = recorded_sentence({**row, "breast_density": 2, "subtlety": 0, "pathology": "BENIGN"})
    assert said.startswith("Recorded as **benign**. ")
    assert said.endswith("breast density b, subtlety not recorded.")
