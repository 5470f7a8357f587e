"""The parts of the documents that are written from the artifacts."""

from collections.abc import Callable

from mammo.artifacts import load_manifest
from mammo.evaluate import evaluate_artifacts
from mammo.evaluation import Evaluation, SplitEvaluation
from mammo.inference.audit import Audit, MethodFindings, load_audit
from mammo.inference.maps import method_named
from mammo.predict import example_sources, predict_source
from mammo.report.templates import markdown_table as table
from mammo.results import line_of
from mammo.settings import TITLES
from mammo.text import estimate, number, p_value, percent_estimate
from tools.experiments.log import published_row

EXAMPLE = "7"


def figures_part() -> str:
    """Return the table of figures on the official test set, and its main result in words."""
    by_crop, by_lesion = (evaluate_artifacts(unit=unit) for unit in ("crop", "lesion"))
    crops, lesions = (each.splits["test"] for each in (by_crop, by_lesion))
    out_of_fold = by_crop.splits["out_of_fold"]
    head = ["On the official mass test", *_titles(crops), "Radiologists' BI-RADS"]
    rows = [
        _row("AUC per crop", crops, _auc),
        _row("AUC per lesion (views averaged)", lesions, _auc),
        _row("Sensitivity per crop", crops, _rate("sensitivity")),
        _row("Specificity per crop", crops, _rate("specificity")),
        _row("Malignant crops, observed / expected (1 is best)", crops, _observed),
        _row("AUC out of fold on the training crops", out_of_fold, _auc),
        *published_row(list(crops.models)),
    ]
    provenance = _provenance(by_crop)
    return "\n\n".join(
        [table(head, rows), crops.headline, _against_radiologists(crops), provenance]
    )


def example_part() -> str:
    """Return what `python -m mammo.predict --example N` prints, as a block of text."""
    from mammo.inference import load_models

    (source,) = example_sources(EXAMPLE)
    line = line_of(predict_source(source, load_models()))
    return "\n".join(["```text", line.replace("\t", "   "), "```"])


def audit_part() -> str:
    """Return what the audits of the artifacts found, a row for each method and model."""
    audits = {name: load_audit(name) for name in load_manifest().models}
    head = ["Model", "Method", "Shuffled", "Test", "Deletion", "Insertion", "Mirrored"]
    rows = [
        _audit_row(found) for audit in audits.values() if audit for found in audit.methods.values()
    ]
    counted = [_audited(name, audit) for name, audit in audits.items()]
    return "\n\n".join([table(head, rows), " ".join(counted)])


def _audit_row(found: MethodFindings) -> list[str]:
    test = {True: "passed", False: "failed", None: "not run"}[found.passed]
    figures = (found.deletion_gain, found.insertion_gain, found.mirrored)
    return [
        TITLES[found.model], method_named(found.key).title, found.shuffled.words, test,
        *(figure.words for figure in figures),
    ]  # fmt: skip


def _audited(name: str, audit: Audit | None) -> str:
    if audit is None:
        return f"{TITLES[name]} has not been audited since its training."
    shuffled, mirrored = (
        max(getattr(found, test).crops for found in audit.methods.values())
        for test in ("shuffled", "mirrored")
    )
    return (
        f"{TITLES[name]}: {audit.crops} test crops of {audit.patients} patients, {shuffled} of "
        f"them for the shuffled network and {mirrored} mirrored. Grad-CAM: "
        f"{audit.on_lesion('grad-cam')}"
    )


def _titles(split: SplitEvaluation) -> list[str]:
    return [model.title for model in split.models.values()]


def _row(
    title: str, split: SplitEvaluation, cell: Callable[[SplitEvaluation, str], str]
) -> list[str]:
    return [title, *(cell(split, name) for name in split.models), cell(split, "")]


def _auc(split: SplitEvaluation, model: str) -> str:
    """Return a model's AUC, or the radiologists' where no model is named."""
    if model:
        return estimate(split.models[model].metrics["auc"], 2)
    return estimate(split.radiologists.auc, 2) if split.radiologists else ""


def _rate(name: str) -> Callable[[SplitEvaluation, str], str]:
    """Return a cell at the balanced threshold; for the radiologists, at "biopsy" (4 or 5)."""

    def cell(split: SplitEvaluation, model: str) -> str:
        if model:
            return percent_estimate(split.models[model].points["youden"].rates[name])
        return percent_estimate(split.radiologists.biopsy.rates[name]) if split.radiologists else ""

    return cell


def _observed(split: SplitEvaluation, model: str) -> str:
    if not model:
        return ""
    return number(split.models[model].calibration.line["observed_to_expected"], 2)


def _against_radiologists(split: SplitEvaluation) -> str:
    if split.radiologists is None:
        return ""
    gaps = [
        f"{split.models[pair.first].title} {estimate(pair.auc_difference, 2)}, "
        f"{p_value(pair.clustered_delong.p_value)}"
        for pair in split.radiologists.comparisons
    ]
    return (
        f"Difference in AUC from the radiologists, per crop: {'; '.join(gaps)}. The recorded "
        "BI-RADS assessments were probably updated after further work-up (Lee et al. 2017)."
    )


def _provenance(evaluation: Evaluation) -> str:
    counts = evaluation.splits["test"].counts
    manifest = load_manifest()
    return (
        f"From {counts.crops:,} test crops of {counts.lesions:,} lesions of {counts.patients:,} "
        f"patients. In brackets: {number(100 * evaluation.confidence, 0)}% CI from "
        f"{evaluation.resamples:,} resamples of patients. Artifacts of {manifest.created[:10]}, "
        f"seed {manifest.seed}."
    )
