"""Which items of CLAIM 2024 and TRIPOD+AI mammo answers, where, and which it does not.

A. S. Tejani et al. 2024, "Checklist for Artificial Intelligence in Medical Imaging (CLAIM): 2024
update", Radiology: Artificial Intelligence 6(4):e240300; G. S. Collins et al. 2024, "TRIPOD+AI
statement", BMJ 385:e078378. Items are named in short words of our own: read the originals.

`CARD` and `README` name a section; a test holds that it is there.
"""

from dataclasses import dataclass

from mammo.report.model_card.text import Section, paragraphs, table

CARD, README, APP, NO = "this card", "README.md", "app", "not answered"
"""Where an item is answered: a section of this card or of README.md, a page of the app, nowhere."""


@dataclass(frozen=True)
class Item:
    """One item: its number and topic, where it is answered, which section or page, a remark."""

    number: str
    topic: str
    where: str
    section: str = ""
    remark: str = ""


CLAIM = (
    Item("1", "Named as a study of AI, with its kind", README, "mammo"),
    Item("2", "Structured summary", NO, remark="this is software, not an article"),
    Item("3", "Background, intended use and role", CARD, "Intended use"),
    Item("4", "Aims", CARD, "Intended use"),
    Item("5", "Prospective or retrospective", CARD, "Collection process", "retrospective"),
    Item("6", "Goal of the study", CARD, "Intended use", "model creation for teaching"),
    Item("7", "Data sources", CARD, "Collection process"),
    Item("8", "Inclusion and exclusion", CARD, "Composition"),
    Item("9", "Preprocessing", CARD, "Preprocessing, cleaning and labelling"),
    Item("10", "Subsets of data", CARD, "Composition", "masses only"),
    Item("11", "De-identification", CARD, "Composition", "done by the data set's authors"),
    Item("12", "Missing data", CARD, "Composition", "left missing; never an input"),
    Item("13", "Image acquisition", CARD, "Collection process", "scanner by film not recorded"),
    Item("14", "Reference standard", CARD, "Preprocessing, cleaning and labelling"),
    Item("15", "Why this reference standard", CARD, "Preprocessing, cleaning and labelling"),
    Item("16", "Source of the reference annotations", CARD, "Collection process"),
    Item("17", "Annotation of the test set", CARD, "Collection process", "as of the training set"),
    Item("18", "Variability between and within raters", NO, remark="one reading a lesion exists"),
    Item("19", "How data were assigned to partitions", CARD, "Evaluation data"),
    Item("20", "Level of disjoint partitions", README, "How honest these figures are", "patient"),
    Item("21", "Intended sample size", NO, remark="all cases of the official split were taken"),
    Item("22", "Description of the model", CARD, "Model details"),
    Item("23", "Software and versions", CARD, "Model details"),
    Item("24", "Initialisation", CARD, "Training data"),
    Item(
        "25",
        "Training approach",
        CARD,
        "Model details",
        "full recipes: settings in artifacts/<model>/card.json",
    ),
    Item("26", "Selection of the final model", README, "How honest these figures are"),
    Item("27", "Ensembles", CARD, "Model details", "none; flips of one crop are averaged"),
    Item("28", "Metrics", CARD, "Metrics"),
    Item("29", "Significance and uncertainty", CARD, "Quantitative analyses"),
    Item("30", "Robustness and sensitivity analysis", CARD, "Caveats and recommendations"),
    Item("31", "Explainability", APP, "Grad-CAM viewer", "not the lesion's extent"),
    Item("32", "Evaluation on internal data", CARD, "Quantitative analyses"),
    Item(
        "33", "Testing on external data", NO, remark="none at hand; mammo.evaluate --data does it"
    ),
    Item("34", "Registration of a trial", NO, remark="no trial"),
    Item("35", "Numbers included and excluded", CARD, "Composition"),
    Item("36", "Characteristics in each partition", CARD, "Composition", "no age or ethnicity"),
    Item("37", "Performance with uncertainty", CARD, "Quantitative analyses"),
    Item("38", "Diagnostic performance with precision", CARD, "Quantitative analyses"),
    Item("39", "Failure analysis", CARD, "Known failures"),
    Item("40", "Limits", CARD, "Caveats and recommendations"),
    Item("41", "Implications for practice", CARD, "Intended use"),
    Item("42", "Protocol and further details", README, "Experiments and lessons"),
    Item("43", "Availability of software, models, data", README, "Data, licence, citation"),
    Item("44", "Funding", NO, remark="none is stated for this project"),
)
TRIPOD = (
    Item("1", "Title", README, "mammo"),
    Item("2", "Abstract", NO, remark="this is software, not an article"),
    Item("3a", "Healthcare context and existing models", README, "Beside others"),
    Item("3b", "Target population and users", CARD, "Intended use"),
    Item("3c", "Known health inequalities", CARD, "Ethical considerations", "data name no groups"),
    Item("4", "Objectives", CARD, "Intended use"),
    Item("5a", "Sources of data", CARD, "Collection process"),
    Item("5b", "Dates of data", NO, remark="film dates are not published; the 1990s"),
    Item("6a", "Setting", CARD, "Collection process"),
    Item("6b", "Eligibility", CARD, "Composition"),
    Item("6c", "Treatments", NO, remark="none before the films, as far as is known"),
    Item("7", "Preparation of data", CARD, "Preprocessing, cleaning and labelling"),
    Item("8a", "Outcome", CARD, "Preprocessing, cleaning and labelling"),
    Item("8b", "Who assessed the outcome", NO, remark="pathologists are not named in the data"),
    Item("8c", "Blinding of the outcome", NO, remark="not recorded"),
    Item("9a", "Choice of predictors", CARD, "Model details", "pixels of the crop only"),
    Item("9b", "Definition of predictors", CARD, "Preprocessing, cleaning and labelling"),
    Item("9c", "Who assessed predictors", CARD, "Collection process", "a person marks the lesion"),
    Item("10", "Sample size", NO, remark="all cases of the official split were taken"),
    Item("11", "Missing data", CARD, "Composition"),
    Item("12a", "Use and partition of data", CARD, "Training data"),
    Item("12b", "Handling of predictors", CARD, "Model details"),
    Item("12c", "Type of model and building", CARD, "Model details"),
    Item("12d", "Heterogeneity between clusters", NO, remark="sites are not in the files"),
    Item("12e", "Measures of performance", CARD, "Metrics"),
    Item(
        "12f", "Updating after evaluation", CARD, "Evaluation data", "none: scored once a release"
    ),
    Item("12g", "How predictions were calculated", CARD, "Model details"),
    Item(
        "13", "Class imbalance", CARD, "Ethical considerations", "class weights, then calibration"
    ),
    Item("14", "Fairness", CARD, "Factors", "only what the files record"),
    Item("15", "Output of the model", CARD, "Model details", "probability; named thresholds"),
    Item("16", "Training against evaluation data", CARD, "Composition"),
    Item("17", "Ethical approval", CARD, "Collection process", "of the original collections"),
    Item("18a", "Funding", NO, remark="none is stated for this project"),
    Item("18b", "Conflicts of interest", NO, remark="none is stated for this project"),
    Item("18c", "Protocol", README, "How honest these figures are", "no protocol apart"),
    Item("18d", "Registration", NO, remark="not registered"),
    Item("18e", "Sharing of data", CARD, "Distribution"),
    Item("18f", "Sharing of code", README, "Data, licence, citation"),
    Item("19", "Involvement of patients and the public", NO, remark="none"),
    Item("20a", "Flow of participants", CARD, "Composition"),
    Item("20b", "Characteristics of participants", CARD, "Composition", "no age or ethnicity"),
    Item("20c", "Development against evaluation", CARD, "Composition"),
    Item("21", "Numbers in development", CARD, "Training data"),
    Item("22", "The full model", README, "Data, licence, citation", "weights and code are here"),
    Item("23a", "Performance with intervals, by groups", CARD, "Quantitative analyses"),
    Item("23b", "Heterogeneity of performance", CARD, "Quantitative analyses", "by subgroup"),
    Item("24", "Results of updating", NO, remark="no model was updated after evaluation"),
    Item("25", "Interpretation and fairness", CARD, "Ethical considerations"),
    Item("26", "Limits", CARD, "Caveats and recommendations"),
    Item("27a", "Poor or missing input", README, "What it refuses"),
    Item("27b", "Needed of users", CARD, "Intended use"),
    Item("27c", "Next steps, applicability", CARD, "Caveats and recommendations"),
)
LISTS = {"CLAIM 2024": CLAIM, "TRIPOD+AI": TRIPOD}


def checklist_sections() -> tuple[Section, ...]:
    """Return a section a checklist."""
    return tuple(Section(name, _body(items)) for name, items in LISTS.items())


def _body(items: tuple[Item, ...]) -> str:
    open_items = sum(item.where == NO for item in items)
    rows = [[item.number, item.topic, _place(item), item.remark] for item in items]
    return paragraphs(
        f"{len(items) - open_items} of {len(items)} items are answered, {open_items} are not.",
        table(["Item", "Topic", "Where", "Remark"], rows),
    )


def _place(item: Item) -> str:
    if item.where == NO:
        return "**not answered**"
    if item.where == APP:
        return f"page {item.section}"
    return f"{item.where}, {item.section}" if item.where == README else item.section
