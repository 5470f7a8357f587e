"""Terms of the glossary: doubt, learning, explaining, and the clinic."""

from collections.abc import Mapping

from mammo.data import descriptors
from mammo.report.glossary.term import CLINIC, DOUBT, EXPLAINING, LEARNING, Term

OTHERS: Mapping[str, Term] = {
    "interval": Term(
        "95% interval",
        "A range made so that, were the study repeated with other patients, 95 of 100 such ranges "
        "would hold the true figure. Wide means: few cases, little known. Two figures whose "
        "intervals overlap may still differ, or not: ask a paired test.",
        DOUBT,
        ("bootstrap", "clustered"),
    ),
    "bootstrap": Term(
        "Bootstrap",
        "Draw as many patients as there are, with repetition, compute the figure, do so two "
        "thousand times: the middle 95% of the results is the interval.",
        DOUBT,
        ("interval", "clustered"),
    ),
    "clustered": Term(
        "Clustered by patient",
        "Two views of one lesion are not two independent witnesses. Intervals and tests here draw "
        "whole patients, not single pictures; drawing pictures would make them too narrow.",
        DOUBT,
        ("interval", "bootstrap"),
    ),
    "p_value": Term(
        "p-value",
        "How often chance alone would give a difference at least as large as the one seen. Small "
        "does not mean important, and large does not prove that two models are equal.",
        DOUBT,
        ("paired_test",),
    ),
    "paired_test": Term(
        "Paired test",
        "Both models answer the same cases, so that hard cases are hard for both and the "
        "difference is known better than each figure. DeLong's test compares AUCs, McNemar's test "
        "right and wrong answers.",
        DOUBT,
        ("p_value", "auc"),
    ),
    "spread": Term(
        "Spread over the flips",
        "The model reads the crop and its mirror images. How far these answers differ shows how "
        "much rests on what should not matter. On both sides of the threshold means: not sure.",
        DOUBT,
        ("threshold",),
    ),
    "training_test": Term(
        "Training and test split",
        "A model learns from the training half and is judged on the test half, once. What was "
        "looked at while building cannot judge any more.",
        LEARNING,
        ("leak", "out_of_fold"),
    ),
    "out_of_fold": Term(
        "Out of fold",
        "The training patients are dealt into folds; each fold is scored by a model that never saw "
        "its patients. So every training crop has an honest score too, which serves to choose "
        "settings, thresholds and calibration.",
        LEARNING,
        ("training_test", "leak"),
    ),
    "leak": Term(
        "Leak",
        "Something of the test cases is known in training, for example the other view of the same "
        "lesion when rows are split at random. Figures then look better than they are.",
        LEARNING,
        ("training_test", "out_of_fold"),
    ),
    "overfitting": Term(
        "Overfitting",
        "The model learns its training pictures by heart, and does worse on new ones.",
        LEARNING,
        ("augmentation", "training_test"),
    ),
    "augmentation": Term(
        "Augmentation",
        "Turn, flip, zoom and shift the training pictures, so that the model learns what stays.",
        LEARNING,
        ("overfitting",),
    ),
    "transfer_learning": Term(
        "Transfer learning",
        "Start from a network that learned everyday photographs (ImageNet) and train it further on "
        "the crops. MobileNetV2 here does; the simple CNN starts from random weights.",
        LEARNING,
        ("cnn",),
    ),
    "cnn": Term(
        "Convolutional network (CNN)",
        "A network whose layers slide small filters over a picture: first edges and spots, then "
        "patterns of these.",
        LEARNING,
        ("transfer_learning",),
    ),
    "out_of_distribution": Term(
        "Out of distribution",
        "A picture unlike all that the model learned from. The model answers all the same, and the "
        "answer means nothing.",
        LEARNING,
        ("training_test",),
    ),
    "grad_cam": Term(
        "Grad-CAM",
        "A heat map: which places of the picture raised the estimate, from the last feature maps "
        "weighted by their gradients. It shows what the model used, neither the extent of the "
        "lesion nor whether the reason was a good one.",
        EXPLAINING,
        ("heat_map",),
    ),
    "heat_map": Term(
        "Heat map",
        "Colours laid over a crop: bright where the model's answer came from. Scaled to its own "
        "brightest place, so that two maps cannot be compared in strength.",
        EXPLAINING,
        ("grad_cam",),
    ),
    "similar_cases": Term(
        "Similar known cases",
        "The training lesions that lie nearest in the network's own features. Alike to the network "
        "is not alike in disease.",
        EXPLAINING,
        ("out_of_distribution",),
    ),
    "film": Term(
        "Film, crop, window",
        "The film is the whole mammogram. The window is the square on it around the lesion; the "
        "crop is what is cut there, and all that the models see.",
        CLINIC,
        ("cc_mlo",),
    ),
    "cc_mlo": Term(
        "CC and MLO",
        "The two standard views: craniocaudal (from above) and mediolateral oblique (from the "
        "side, at an angle). A lesion usually shows on both.",
        CLINIC,
        ("film",),
    ),
    "mass": Term(
        "Mass",
        "A lesion that takes up room and is seen on two views, described by its shape, margin and "
        "density.",
        CLINIC,
        ("calcification",),
    ),
    "calcification": Term(
        "Calcification",
        "Bright grains of calcium in the tissue. The models here learned masses only.",
        CLINIC,
        ("mass",),
    ),
    "benign": Term(
        "Benign and malignant",
        "Malignant means cancer, benign means not. Here both were proven (pathology); 'benign "
        "without callback' was judged harmless on the film and followed, without biopsy.",
        CLINIC,
        ("birads",),
    ),
    "birads": Term(
        "BI-RADS assessment",
        "The radiologist's conclusion, 0 to 5: "
        + "; ".join(f"{code} {text}" for code, text in descriptors.ASSESSMENTS.items())
        + ". It is a decision for the clinic, not a probability.",
        CLINIC,
        ("benign", "density"),
    ),
    "density": Term(
        "Breast density",
        "How much of the breast is gland rather than fat, which hides masses: "
        + "; ".join(text for code, text in descriptors.DENSITIES.items() if code != "0")
        + ".",
        CLINIC,
        ("birads",),
    ),
    "subtlety": Term(
        "Subtlety",
        "How easily the reader saw the lesion, from 1 (very hard) to 5 (obvious).",
        CLINIC,
        ("mass",),
    ),
    "cbis_ddsm": Term(
        "CBIS-DDSM",
        "The public collection of digitised films from the 1990s that the models learned from: "
        "lesions that were found, outlined and proven, with an official training and test split.",
        CLINIC,
        ("training_test", "prior_shift"),
    ),
}
