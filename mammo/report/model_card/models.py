"""The models' cards, side by side, heading by heading after Mitchell et al. 2019.

Mitchell et al. 2019, "Model cards for model reporting", doi 10.1145/3287560.3287596.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

from mammo.artifacts import Card
from mammo.report.model_card.analyses import analyses_body, beside
from mammo.report.model_card.facts import Facts
from mammo.report.model_card.failures import FAILURES, failures_body
from mammo.report.model_card.text import UNKNOWN, Section, in_percent, paragraphs, points
from mammo.settings import TITLES

KINDS = {
    "simple_cnn": "two convolutional layers with max pooling, dropout and dense layers",
    "mobilenetv2": (
        "MobileNetV2 (Sandler et al. 2018) with ImageNet weights, global average pooling, dropout "
        "and one dense layer, fine-tuned in two stages"
    ),
}
THRESHOLD_WORDS = {
    "youden": "balanced (Youden)",
    "sensitivity_90": "sensitivity 90 % out of fold",
    "specificity_90": "specificity 90 % out of fold",
}


def model_sections(facts: Facts) -> tuple[Section, ...]:
    """Return the nine sections of the models' cards."""
    return (
        Section("Model details", _details(facts)),
        Section("Intended use", _intended_use()),
        Section("Factors", _factors(facts)),
        Section("Metrics", _metrics(facts)),
        Section("Evaluation data", _evaluation_data(facts)),
        Section("Training data", _training_data(facts)),
        Section("Quantitative analyses", analyses_body(facts)),
        Section(FAILURES, failures_body(facts)),
        Section("Ethical considerations", _ethics(facts)),
        Section("Caveats and recommendations", _caveats(facts)),
        Section("Licence and citation", _licence()),
    )


def _details(facts: Facts) -> str:
    made = facts.manifest
    versions = ", ".join(f"{name} {version}" for name, version in made.versions.items())
    return paragraphs(
        f"Two networks of the project mammo, trained on {made.created[:10]} with seed {made.seed} "
        f"by `{made.command}`{_carried_over(facts)}. "
        "Both read a square crop around a lesion and end in one logit. "
        "Questions and errors: the issues of the repository.",
        beside(facts, _detail_rows(facts)),
        f"Packages: {versions}. Fingerprint of the training data: `{made.data.fingerprint}`.",
    )


def _carried_over(facts: Facts) -> str:
    """Say of each model that an earlier training made when and by what."""
    return "".join(
        f"; of them {TITLES.get(name, name)} is that of {origin['created'][:10]}, by "
        f"`{origin['command']}`"
        for name, origin in facts.manifest.carried_over.items()
    )


def _detail_rows(facts: Facts) -> Iterator[tuple[str, Callable[[Card], str]]]:
    files = facts.manifest.files
    yield "Kind", lambda card: KINDS.get(card.name, UNKNOWN)
    yield "Weights", lambda card: f"{card.parameters:,}"
    yield (
        "Input",
        lambda card: (
            f"crop of {card.crop_size} pixels, resized to {card.preprocessing.input_size}, "
            f"stretched from percentile {card.preprocessing.low_percentile:g} to "
            f"{card.preprocessing.high_percentile:g}"
        ),
    )
    yield (
        "At test time",
        lambda card: (
            f"logit averaged over {card.flips} flips" if card.test_time_flips else "one pass"
        ),
    )
    yield (
        "Calibration",
        lambda card: (
            f"{card.calibration.method}, slope {card.calibration.slope:.3f}, intercept "
            f"{card.calibration.intercept:.3f}; fitted on {card.calibration.fitted_on}"
        ),
    )
    for name in dict.fromkeys(name for card in facts.cards for name in card.thresholds):
        yield f"Threshold, {THRESHOLD_WORDS.get(name, name)}", _threshold(name)
    yield "Training settings", lambda card: _settings(card.settings)
    yield (
        "SHA-256 of the network",
        lambda card: (
            f"`{files[f'{card.name}/model.onnx'].sha256[:16]}`"
            if f"{card.name}/model.onnx" in files
            else UNKNOWN
        ),
    )


def _threshold(name: str) -> Callable[[Card], str]:
    return lambda card: f"{card.thresholds[name]:.3f}" if name in card.thresholds else UNKNOWN


def _settings(settings: Any) -> str:
    plain = (int, float, str, bool)
    return ", ".join(
        f"{key.replace('_', ' ')} {value:g}" if isinstance(value, float) else
        f"{key.replace('_', ' ')} {value}"
        for key, value in settings.items()
        if isinstance(value, plain)
    )  # fmt: skip


def _intended_use() -> str:
    return paragraphs(
        "**For**: teaching and research. A student or a lecturer sees how two image classifiers "
        "answer, how good they are, and where they fail; a researcher has a baseline with an "
        "honest split. Users are people who can mark a lesion on a mammogram.",
        "**Not for**, and not tested for:",
        points(
            "a decision about a person: this is not a medical device;",
            "screening or finding lesions: the models answer for a lesion that somebody has found;",
            "calcifications, architectural distortion without a mass, tomosynthesis, ultrasound, "
            "magnetic resonance, and full-field digital mammography;",
            "an opinion beside the radiologist's: the models know no age, history, other view or "
            "earlier film;",
            "outlining a lesion: heat maps show what a network used.",
        ),
    )


def _factors(facts: Facts) -> str:
    return paragraphs(
        "Figures are given by breast density, view, recorded BI-RADS assessment, subtlety, shape "
        "and margin of the mass, all as the data set records them.",
        points(
            "Not recorded in the case files, so not examined: age, ethnicity, "
            "scanner, and which of the four sites a film came from.",
            f"Instrument: digitised film only. Share of malignant crops: "
            f"{in_percent(facts.malignant_share('train'))} in training, "
            f"{in_percent(facts.malignant_share('test'))} in the test split.",
        ),
    )


def _metrics(facts: Facts) -> str:
    resampled = facts.manifest.data.n_test_patients
    return points(
        "AUC says how well a model ranks, without a threshold; sensitivity, specificity, PPV and "
        "NPV say what the balanced threshold does; Brier score and calibration error say whether "
        "the probabilities mean what they say.",
        "Accuracy is not headlined: calling every test crop benign is right for "
        f"{in_percent(1 - facts.malignant_share('test'))}.",
        "Thresholds and calibration come from out-of-fold scores of training patients only.",
        "Intervals (95 %, in brackets) resample patients, not crops: two views of one lesion are "
        f"not two witnesses. The test split has {resampled:,} patients.",
    )


def _evaluation_data(facts: Facts) -> str:
    data = facts.manifest.data
    lesions = facts.distinct("test", "lesion_id")
    return (
        f"The official CBIS-DDSM mass test split: {data.n_test:,} crops of {lesions:,} lesions of "
        f"{data.n_test_patients:,} patients, none of them in training. Chosen because it is "
        "public, official and split by patient, so that others can be compared. It is scored once "
        "a release, by the exported network that the app runs; that recipes of this family reach "
        "an AUC of about 0.82 on it was known before the project began. Crops are prepared as for "
        "training."
    )


def _training_data(facts: Facts) -> str:
    data = facts.manifest.data
    lesions = facts.distinct("train", "lesion_id")
    return (
        f"The official CBIS-DDSM mass training split: {data.n_train:,} crops of {lesions:,} "
        f"lesions of {data.n_train_patients:,} patients; see the data sheet. Settings were chosen "
        "in patient-grouped folds of it, then each model was trained on all of it. MobileNetV2 "
        "began from ImageNet weights, which come from everyday photographs."
    )


def _ethics(facts: Facts) -> str:
    return points(
        "The pictures were made in the 1990s in the United States, at four sites, on film, which "
        "is hardly used any more. Nothing shows that the figures hold for digital mammography.",
        "The files hold no age and no ethnicity, so nobody can say for whom the models are worse. "
        "Do not assume that they are equally good for all.",
        "Prior shift: "
        f"{in_percent(facts.malignant_share('train'))} of the training crops are malignant, "
        f"{in_percent(facts.malignant_share('test'))} of the test crops, and in a clinic it is "
        "another share again. Probabilities, PPV and NPV do not carry over.",
        "A confident wrong figure can mislead whoever reads it. The app therefore states threshold "
        "and spread beside each probability, warns about pictures unlike the training crops, and "
        "repeats with every result what it is not for.",
        "Whether the women in the data set were asked is not recorded; the data were published "
        "de-identified. Of an opened DICOM file mammo hands on only pixels, side, view, pixel "
        "spacing and warnings, and stores nothing.",
    )


def _caveats(facts: Facts) -> str:
    return points(
        _width(facts),
        _familiarity(facts),
        _leak(facts),
        *_audits(facts),
        "Before any other use: test on your own cases by `python -m mammo.evaluate --data DIR`, "
        "recalibrate, choose the threshold anew, and look at the failures.",
    )


def _width(facts: Facts) -> str:
    """Say how wide the intervals of the test figures are."""
    intervals = [model.metrics["auc"] for model in facts.split.models.values()]
    widest = max(
        ((one.high - one.low) / 2 for one in intervals if not math.isnan(one.low)), default=0.5
    )
    return (
        f"The test split is small: an AUC carries up to plus or minus {widest:.2f}. Nothing in the "
        "second decimal tells two models apart."
    )


def _familiarity(facts: Facts) -> str:
    if facts.trust is None:
        return ""
    asked = facts.trust.get("questioned", {})
    told = [
        f"{in_percent(asked[name]['value'])} of {words}"
        for name, words in (
            ("test crops", "test crops"),
            ("photographs", "photographs"),
            ("cloudy noise (1/f)", "cloudy noise"),
            ("test crops, inverted", "inverted crops"),
        )
        if name in asked
    ]
    if not told:
        return ""
    return (
        "A warning says where a picture does not look like a mammogram crop. It questions "
        f"{', '.join(told)}: no guarantee, in either direction."
    )


def _leak(facts: Facts) -> str:
    lesson = facts.lessons[0]
    if lesson is None:
        return ""
    return (
        f"Splits matter: the recipe of {lesson.title} trained with rows dealt at random scores an "
        f"AUC of {lesson.mean_auc('rows'):.3f}, with patients kept together "
        f"{lesson.mean_auc('patients'):.3f} (means of {len(lesson.of('rows'))} seeds)."
    )


def _audits(facts: Facts) -> Iterator[str]:
    """Say which methods of drawing heat maps passed the randomisation test, model by model."""
    for audit in facts.audits:
        yield from (found.verdict for found in audit.methods.values())


def _licence() -> str:
    return points(
        "Code and trained weights: MIT. CBIS-DDSM: CC BY 3.0. MobileNetV2's ImageNet weights: "
        "Apache-2.0.",
        "Data: R. S. Lee et al. (2017), Scientific Data 4:170177, "
        "[doi 10.1038/sdata.2017.177](https://doi.org/10.1038/sdata.2017.177); "
        "[doi 10.7937/K9/TCIA.2016.7O02S9CY](https://doi.org/10.7937/K9/TCIA.2016.7O02S9CY).",
        "Form of this card: M. Mitchell et al. (2019), "
        "[doi 10.1145/3287560.3287596](https://doi.org/10.1145/3287560.3287596); of the data "
        "sheet: T. Gebru et al. (2021), [doi 10.1145/3458723](https://doi.org/10.1145/3458723).",
    )
