"""The comparison page's words: names of its options, captions that say what to see, alt texts.

Free of Streamlit. Run the tests with `pytest tests/ui/test_comparison_cases.py`.
"""

from collections.abc import Mapping

from mammo import text
from mammo.evaluation import McNemar
from mammo.evaluation.comparison import OWN, Study
from mammo.evaluation.tree import NOUNS
from mammo.text import p_value

UNITS = {"crop": "Each crop", "lesion": "Each lesion", "patient": "Each patient"}
UNIT_HELP = (
    "A **crop** is one picture of a lesion; a **lesion** has up to two (their logits are "
    "averaged); a **patient** counts by her most suspicious lesion."
)
CURVES = {
    "roc": "ROC",
    "pr": "Precision and recall",
    "reliability": "Reliability",
    "decision": "Decision curve",
    "coverage": "Not sure",
    "training": "Training",
}
CAPTIONS = {
    "roc": "Higher and further left is better. See how far the bands (95 % intervals) overlap, and "
    "where the radiologists' biopsy point lies. Large points: the thresholds set below; open "
    "points: the named ones.",
    "pr": "Higher is better, above the dotted line that flagging everything reaches. See how soon "
    "precision falls as more malignant ones are found.",
    "reliability": "On the dotted line the probabilities are real. See whether points lie below it "
    "(the model says too much) or above (too little); bars are 95 % intervals.",
    "decision": "Net benefit weighs malignant ones found against false alarms. See where a model "
    "rises above both flagging all (dotted) and flagging none (zero).",
    "coverage": "A model may keep silent where it stands near its balanced threshold. See how far "
    "the share of wrong answers falls as it answers fewer crops; bands are 95 % intervals, always "
    "of single crops.",
    "training": "Mean over the folds, shaded from the lowest to the highest fold. See where "
    "held-out loss stops falling while training loss falls on: the model begins to learn by heart.",
}
PREVALENCES = {
    "called_back": "Called back: 4.4%",
    "biopsied": "Biopsied: 28.6%",
    "test_set": "As in this test set",
}
PREVALENCE_HELP = (
    "The share of malignant ones where the model would be used. Of women called back after "
    "screening 4.4 % have cancer, of those biopsied 28.6 % (Lehman et al. 2017, Radiology "
    "283:49-58)."
)
OUTCOMES = {
    "found": ("Found", "malignant, flagged"),
    "missed": ("Missed", "malignant, not flagged"),
    "false_alarm": ("False alarm", "benign, flagged"),
    "spared": ("Left in peace", "benign, not flagged"),
}


def point_title(name: str) -> str:
    """Name an operating point, or a threshold of one's own.

    Examples
    --------
    >>> point_title("youden"), point_title("own")
    ('Balanced (Youden)', 'My own')
    """
    return "My own" if name == OWN else text.threshold_name(name)


def prevalence_title(name: str) -> str:
    """Name a prevalence.

    Examples
    --------
    >>> prevalence_title("test_set")
    'As in this test set'
    """
    return "My own" if name == OWN else PREVALENCES[name]


def cell_sentence(title: str, outcome: str, count: int, study: Study) -> str:
    """Say which cases a chosen cell of a confusion matrix holds, and in which order."""
    name, meaning = OUTCOMES[outcome]
    one, many = NOUNS[study.unit]
    noun = one if count == 1 else many
    return (
        f"**{title}, {name.lower()}**: {count} {noun} ({meaning}), farthest from the truth first."
    )


def agreement_titles(study: Study) -> dict[str, str]:
    """Name the four groups of cases by which of the first two models is right."""
    return agreement_titles_of(*(model.title for model in study.models[:2]))


def agreement_titles_of(first: str, second: str) -> dict[str, str]:
    """Name the four groups of cases by which of two models is right, from their titles.

    Examples
    --------
    >>> agreement_titles_of("A", "B")["only_second"]
    'Only B right'
    """
    return {
        "only_second": f"Only {second} right",
        "only_first": f"Only {first} right",
        "both_wrong": "Both wrong",
        "both_right": "Both right",
    }


def disagreement_sentence(study: Study, counts: Mapping[str, int], test: McNemar) -> str:
    """Say how often the first two models disagree, who is then right, and whether it is chance."""
    first, second = (model.title for model in study.models[:2])
    differ = counts["only_first"] + counts["only_second"]
    total, many = sum(counts.values()), NOUNS[study.unit][1]
    if differ == 0:
        return f"At these thresholds {first} and {second} never disagree on these {total} {many}."
    verdict = (
        "more than chance explains"
        if test.p_value < 0.05
        else "no more than chance can bring about"
    )
    return (
        f"At these thresholds the two disagree on {differ} of {total} {many}: {second} is right in "
        f"{counts['only_second']}, {first} in {counts['only_first']} (McNemar's exact test, "
        f"{p_value(test.p_value)}: {verdict}). Both are wrong on {counts['both_wrong']}."
    )
