"""Write the figures of README.md and the model card from the artifacts, or hold them to those.

    python -m mammo.readme            write them
    python -m mammo.readme --check    exit status 1 where README.md or the card says something else

Five parts of README.md belong to this command, each between `<!-- NAME: begin ... -->` and
`<!-- NAME: end -->`: the table `figures`, whose numbers and rounding are those of
`python -m mammo.evaluate` and of the pages; `example`, one line of `python -m mammo.predict`;
`audit`, what `python -m mammo.explain.audit` found; and `benchmark` and `explaining`, from what
`python benchmarks/serving.py` and `python benchmarks/explain.py` left. The
model card, docs/MODEL_CARD.md, is written whole; `mammo.model_card` holds its words.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mammo.artifacts import load_manifest
from mammo.errors import MammoError, SettingsError
from mammo.evaluate import evaluate_artifacts
from mammo.evaluation import Evaluation, SplitEvaluation
from mammo.evaluation.wording import interval, number, p_value, percent
from mammo.experiments.like_for_like import published_row
from mammo.explain import Audit, MethodFindings, load_audit, method_named
from mammo.model_card import as_markdown, model_card, read_facts
from mammo.predict import example_sources, predict_source
from mammo.results import line_of
from mammo.settings import TITLES

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
MODEL_CARD = ROOT / "docs" / "MODEL_CARD.md"
BENCHMARK = ROOT / "benchmarks" / "serving.json"
EXPLAINING = ROOT / "benchmarks" / "explain.json"
EXAMPLE = "7"
TOLERANCE = 0.002
"""How far numbers may differ: a processor's last digit, far less than what a figure is shown to."""

_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0, or 1 where README.md and the artifacts do not agree."""
    parser = argparse.ArgumentParser(
        prog="python -m mammo.readme",
        description="Write the figures of README.md and the model card from the artifacts.",
    )
    parser.add_argument("--check", action="store_true", help="change nothing, compare")
    parser.add_argument("--file", type=Path, default=README, help="(default: %(default)s)")
    parser.add_argument("--card", type=Path, default=MODEL_CARD, help="(default: %(default)s)")
    options = parser.parse_args(arguments)
    try:
        written = {options.file: options.file.read_text(encoding="utf-8")}
        wanted = {options.file: filled(written[options.file]), options.card: card_text()}
        if options.card.is_file():
            written[options.card] = options.card.read_text(encoding="utf-8")
    except (MammoError, OSError) as error:
        print(f"mammo.readme: {error}", file=sys.stderr)
        return 1
    if not options.check:
        for file, text in wanted.items():
            file.write_text(text, encoding="utf-8")
        return 0
    stale = [file for file, text in wanted.items() if not agree(written.get(file, ""), text)]
    for file in stale:
        print(f"{file} is not of these artifacts: run python -m mammo.readme.")
    return 1 if stale else 0


def card_text() -> str:
    """Return the model card of the artifacts as Markdown.

    Raises
    ------
    MammoError
        The artifacts cannot be read.
    """
    return as_markdown(model_card(read_facts(evaluate_artifacts().splits["test"])))


def filled(
    text: str, parts: Mapping[str, Callable[[], str]] | None = None, where: str = "README.md"
) -> str:
    """Return the text of a document with its parts as the artifacts have them.

    `parts` says what writes each part, by its name (default: those of README.md).

    Raises
    ------
    SettingsError
        A part's marks are missing.
    MammoError
        The artifacts cannot be read.
    """
    for name, write in (PARTS if parts is None else parts).items():
        marks = rf"<!-- {name}: begin [^\n]*-->\n(.*?)<!-- {name}: end -->"
        found = re.search(marks, text, re.DOTALL)
        if found is None:
            raise SettingsError(
                f"{where} should mark where its {name} stand: <!-- {name}: begin ... --> and "
                f"<!-- {name}: end -->, each on a line of its own."
            )
        text = f"{text[: found.start(1)]}{write()}\n{text[found.end(1) :]}"
    return text


def agree(one: str, other: str) -> bool:
    """Tell whether two texts are the same but for the last digit of their numbers.

    >>> agree("AUC 0.8412", "AUC 0.8413"), agree("AUC 0.84", "AUC 0.85")
    (True, False)
    """
    if _NUMBER.sub("#", one) != _NUMBER.sub("#", other):
        return False
    pairs = zip(_NUMBER.findall(one), _NUMBER.findall(other), strict=True)
    return all(abs(float(first) - float(second)) < TOLERANCE for first, second in pairs)


def figures_part() -> str:
    """Return the table of figures on the official test set, and in a sentence what it shows."""
    by_crop, by_lesion = (evaluate_artifacts(unit=unit) for unit in ("crop", "lesion"))
    crops, lesions = (one.splits["test"] for one in (by_crop, by_lesion))
    out_of_fold = by_crop.splits["out_of_fold"]
    rows = [
        ["On the official mass test", *_titles(crops), "Radiologists' BI-RADS"],
        ["---"] * (len(crops.models) + 2),
        _row("AUC, each crop alone", crops, _auc),
        _row("AUC, each lesion, its views averaged", lesions, _auc),
        _row("Sensitivity (each crop)", crops, _rate("sensitivity")),
        _row("Specificity (each crop)", crops, _rate("specificity")),
        _row("Malignant crops, observed / expected (1 is best)", crops, _observed),
        _row("AUC out of fold on the training crops", out_of_fold, _auc),
        *published_row(list(crops.models)),
    ]
    table = [f"| {' | '.join(row)} |" for row in rows]
    paragraphs = [crops.headline, _against_radiologists(crops), _provenance(by_crop)]
    return "\n\n".join(["\n".join(table), *filter(None, paragraphs)])


def example_part() -> str:
    """Return what `python -m mammo.predict --example N` prints, as a block of text."""
    from mammo.inference import load_classifier

    classifiers = [load_classifier(name) for name in load_manifest().models]
    (source,) = example_sources(EXAMPLE)
    line = line_of(predict_source(source, classifiers))
    return "\n".join(["```text", line.replace("\t", "   "), "```"])


def benchmark_part() -> str:
    """Return the figures of `benchmarks/serving.json` in sentences."""
    measured = json.loads(BENCHMARK.read_text(encoding="utf-8"))
    figures, machine = measured["figures"], measured["machine"]
    sentences = [
        f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}, ONNX "
        f"Runtime {machine['onnxruntime']}: one crop through both models, with both heat maps, "
        f"takes {figures['one_crop_ms']:.0f} ms on one core. From an empty process to both "
        f"models' first answer it takes {figures['first_answer_s']:.1f} s, and the process then "
        f"stands at {figures['memory_mb']:.0f} MB."
    ]
    if "tensorflow_memory_mb" in figures:
        sentences.append(
            "Through TensorFlow, with the same weights, that takes "
            f"{figures['tensorflow_first_answer_s']:.1f} s and "
            f"{figures['tensorflow_memory_mb']:.0f} MB, so the app is served without it."
        )
    return " ".join(sentences)


def audit_part() -> str:
    """Return what the audits of the artifacts found, a row for each method and model."""
    audits = {name: load_audit(name) for name in load_manifest().models}
    rows = [
        ["Model", "Method", "Shuffled", "Test", "Deletion", "Insertion", "Mirrored"],
        ["---"] * 7,
        *(
            _audit_row(found)
            for audit in audits.values()
            if audit
            for found in audit.methods.values()
        ),
    ]
    counted = [_audited(name, audit) for name, audit in audits.items()]
    table = [f"| {' | '.join(row)} |" for row in rows]
    return "\n\n".join(["\n".join(table), " ".join(counted)])


def _audit_row(found: MethodFindings) -> list[str]:
    test = {True: "passed", False: "failed", None: "not put to it"}[found.passed]
    figures = (found.deletion_gain, found.insertion_gain, found.mirrored)
    return [
        TITLES[found.model], method_named(found.key).title, found.shuffled.words, test,
        *(figure.words for figure in figures),
    ]  # fmt: skip


def _audited(name: str, audit: Audit | None) -> str:
    if audit is None:
        return f"{TITLES[name]} was not audited since its training."
    shuffled, mirrored = (
        max(getattr(found, test).crops for found in audit.methods.values())
        for test in ("shuffled", "mirrored")
    )
    return (
        f"{TITLES[name]}: {audit.crops} test crops of {audit.patients} patients, {shuffled} of "
        f"them for the shuffled network and {mirrored} mirrored. {audit.lesion_words}"
    )


def explaining_part() -> str:
    """Return the figures of `benchmarks/explain.json` in sentences."""
    measured = json.loads(EXPLAINING.read_text(encoding="utf-8"))
    machine = measured["machine"]
    models = [
        f"{TITLES[model]} "
        + ", ".join(
            f"{method_named(key).title} {milliseconds:.0f} ms"
            for key, milliseconds in methods.items()
        )
        for model, methods in measured["milliseconds"].items()
    ]
    return (
        f"{machine['processor']}, {machine['cores']} cores, the processor's time for one map, "
        f"median of {measured['crops']} crops: {'; '.join(models)}."
    )


PARTS: dict[str, Callable[[], str]] = {
    "figures": figures_part,
    "example": example_part,
    "benchmark": benchmark_part,
    "audit": audit_part,
    "explaining": explaining_part,
}


def _titles(split: SplitEvaluation) -> list[str]:
    return [model.title for model in split.models.values()]


def _row(
    title: str, split: SplitEvaluation, cell: Callable[[SplitEvaluation, str], str]
) -> list[str]:
    return [title, *(cell(split, name) for name in split.models), cell(split, "")]


def _auc(split: SplitEvaluation, model: str) -> str:
    """Return a model's AUC, or the radiologists' where no model is named."""
    if model:
        return interval(split.models[model].metrics["auc"], 2)
    return interval(split.radiologists.auc, 2) if split.radiologists else ""


def _rate(name: str) -> Callable[[SplitEvaluation, str], str]:
    """Return a cell at the balanced threshold; for the radiologists, at "biopsy" (4 or 5)."""

    def cell(split: SplitEvaluation, model: str) -> str:
        if model:
            return percent(split.models[model].points["youden"].rates[name])
        return percent(split.radiologists.biopsy.rates[name]) if split.radiologists else ""

    return cell


def _observed(split: SplitEvaluation, model: str) -> str:
    if not model:
        return ""
    return number(split.models[model].calibration.line.observed_to_expected, 2)


def _against_radiologists(split: SplitEvaluation) -> str:
    if split.radiologists is None:
        return ""
    gaps = [
        f"{split.models[one.first].title} {interval(one.auc_difference, 2)}, "
        f"{p_value(one.clustered_delong.p_value)}"
        for one in split.radiologists.comparisons
    ]
    return f"AUC minus the radiologists', each crop alone: {'; '.join(gaps)}."


def _provenance(evaluation: Evaluation) -> str:
    counts = evaluation.splits["test"].counts
    manifest = load_manifest()
    return (
        f"From {counts.crops:,} test crops of {counts.lesions:,} lesions of {counts.patients:,} "
        f"patients; in brackets {number(100 * evaluation.confidence, 0)} % intervals over "
        f"{evaluation.resamples:,} resamples of patients; artifacts of {manifest.created[:10]}, "
        f"seed {manifest.seed}."
    )


if __name__ == "__main__":
    sys.exit(main())
