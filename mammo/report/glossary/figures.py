"""Terms of the glossary: the figures that say how good a model is.

Formulas use the four counts of a table of answers: TP and FN (malignant, above and below the
threshold), FP and TN (benign, above and below).
"""

from collections.abc import Mapping

from mammo.report.glossary.term import FIGURES, Term

FIGURES_OF_MERIT: Mapping[str, Term] = {
    "sensitivity": Term(
        "Sensitivity",
        "Of all malignant lesions, the share that stands above the threshold: TP / (TP + FN). A "
        "sensitivity of 90% misses one malignant lesion in ten. Also called recall.",
        FIGURES,
        ("specificity", "threshold"),
    ),
    "specificity": Term(
        "Specificity",
        "Of all benign lesions, the share that stands below the threshold: TN / (TN + FP). A "
        "specificity of 70% raises a false alarm for three benign lesions in ten.",
        FIGURES,
        ("sensitivity", "threshold"),
    ),
    "ppv": Term(
        "Positive predictive value (PPV)",
        "Of all lesions above the threshold, the share that is malignant: TP / (TP + FP). It falls "
        "when malignant lesions are rare, even if the model stays the same.",
        FIGURES,
        ("npv", "prevalence"),
    ),
    "npv": Term(
        "Negative predictive value (NPV)",
        "Of all lesions below the threshold, the share that is benign: TN / (TN + FN). It rises "
        "when malignant lesions are rare.",
        FIGURES,
        ("ppv", "prevalence"),
    ),
    "accuracy": Term(
        "Accuracy",
        "The share of right answers. It says little where one answer is more common: calling every "
        "lesion of the official test split benign is right for most of them.",
        FIGURES,
        ("balanced_accuracy", "prevalence"),
    ),
    "balanced_accuracy": Term(
        "Balanced accuracy",
        "The mean of sensitivity and specificity. A coin gets 50%, whatever the prevalence.",
        FIGURES,
        ("sensitivity", "specificity"),
    ),
    "roc": Term(
        "ROC curve",
        "Sensitivity against false alarms (1 minus specificity), one point for each possible "
        "threshold. A coin follows the diagonal; a good model bends towards the upper left.",
        FIGURES,
        ("auc",),
    ),
    "auc": Term(
        "AUC",
        "Area under the ROC curve: the chance that a malignant lesion gets a higher probability "
        "than a benign one. 0.5 is a coin, 1 is perfect. It needs no threshold, and it does not "
        "say whether the probabilities themselves are right.",
        FIGURES,
        ("roc", "calibration"),
    ),
    "precision_recall": Term(
        "Precision-recall curve",
        "PPV against sensitivity, one point for each threshold. Unlike the ROC curve it changes "
        "with the prevalence. Its area is called average precision.",
        FIGURES,
        ("ppv", "sensitivity"),
    ),
    "likelihood_ratio": Term(
        "Likelihood ratio",
        "How far an answer moves the odds of malignancy. Positive: sensitivity / (1 - specificity) "
        "for an answer above the threshold. Negative: (1 - sensitivity) / specificity for one "
        "below. 1 moves nothing.",
        FIGURES,
        ("sensitivity", "specificity"),
    ),
    "calibration": Term(
        "Calibration",
        "Whether a probability means what it says: of lesions with 30%, three in ten should be "
        "malignant. A model can rank well (AUC) and be badly calibrated. mammo turns scores into "
        "probabilities by Platt's method, on out-of-fold scores.",
        FIGURES,
        ("brier", "prevalence"),
    ),
    "brier": Term(
        "Brier score",
        "The mean squared distance between probability and truth (0 or 1). Lower is better; it "
        "rewards ranking and calibration together.",
        FIGURES,
        ("calibration",),
    ),
    "net_benefit": Term(
        "Net benefit and decision curve",
        "Right alarms minus false alarms, the latter weighed by how many of them one would accept "
        "for one malignant lesion found. Drawn against that weight, it shows where a model is "
        "worth more than biopsy for all or for none.",
        FIGURES,
        ("threshold",),
    ),
    "threshold": Term(
        "Threshold",
        "The probability from which an answer counts as above. Lower finds more malignant lesions "
        "and raises more false alarms. All thresholds here were chosen on training patients.",
        FIGURES,
        ("youden", "sensitivity"),
    ),
    "youden": Term(
        "Youden's index",
        "Sensitivity + specificity - 1. The balanced threshold is where it is largest: missed "
        "lesions and false alarms weigh alike.",
        FIGURES,
        ("threshold",),
    ),
    "prevalence": Term(
        "Prevalence",
        "The share of malignant lesions among those looked at. Under one in a hundred women at "
        "screening, far more in a set of lesions that were found and biopsied, as here.",
        FIGURES,
        ("ppv", "prior_shift"),
    ),
    "prior_shift": Term(
        "Prior shift",
        "The prevalence where a model is used differs from where it learned. Its ranking may hold; "
        "its probabilities, PPV and NPV do not.",
        FIGURES,
        ("prevalence", "calibration"),
    ),
}
