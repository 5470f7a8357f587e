"""The words of the radiologist's record, taken apart and explained for a student.

CBIS-DDSM joins several descriptors of one lesion by a hyphen
(`IRREGULAR-ARCHITECTURAL_DISTORTION`). The words are those of the BI-RADS lexicon and of the data
set's case files; the explanations are plain language for teaching.

American College of Radiology, "BI-RADS Atlas", 5th edition, 2013.
"""

from collections.abc import Mapping

MISSING = "not recorded"

SHAPES: Mapping[str, str] = {
    "ROUND": "ball-shaped, as wide as it is tall",
    "OVAL": "egg-shaped; may have two or three gentle undulations",
    "LOBULATED": "with several rounded bulges",
    "IRREGULAR": "neither round nor oval; of all shapes the most often malignant",
    "ARCHITECTURAL_DISTORTION": (
        "the tissue is drawn towards a point or bent, without a mass that one could outline"
    ),
    "ASYMMETRIC_BREAST_TISSUE": "more tissue than at the same place of the other breast",
    "FOCAL_ASYMMETRIC_DENSITY": "a small dense area seen on both views, without a mass's outline",
    "LYMPH_NODE": "a small kidney-shaped node, often with a bright notch: nearly always harmless",
}
MARGINS: Mapping[str, str] = {
    "CIRCUMSCRIBED": "a sharp edge all around: mostly benign",
    "OBSCURED": "part of the edge is hidden by the tissue over it",
    "MICROLOBULATED": "small waves along the edge",
    "ILL_DEFINED": "no clear edge towards the tissue around: suspicious",
    "SPICULATED": "lines radiate from the edge like rays: the most suspicious margin",
}
CALCIFICATION_TYPES: Mapping[str, str] = {
    "AMORPHOUS": "too small or hazy to have a shape: suspicious",
    "PLEOMORPHIC": "of many shapes and sizes: suspicious",
    "FINE_LINEAR_BRANCHING": "thin lines that branch, as casts of ducts: the most suspicious type",
    "COARSE": "large and plain to see, typically benign",
    "DYSTROPHIC": "coarse, after an injury or operation: benign",
    "EGGSHELL": "a thin shell around a round body: benign",
    "LARGE_RODLIKE": "thick rods along the ducts: benign",
    "LUCENT_CENTER": "round with a clear centre: benign",
    "LUCENT_CENTERED": "round with a clear centre: benign",
    "MILK_OF_CALCIUM": "sediment in tiny cysts: benign",
    "PUNCTATE": "round dots under half a millimetre: mostly benign",
    "ROUND_AND_REGULAR": "round and alike: benign",
    "SKIN": "in the skin: benign",
    "VASCULAR": "along a vessel's wall: benign",
}
DISTRIBUTIONS: Mapping[str, str] = {
    "CLUSTERED": "several within a cubic centimetre",
    "LINEAR": "in a line, as along a duct: suspicious",
    "SEGMENTAL": "in the shape of a duct and its branches: suspicious",
    "REGIONAL": "over a large part of the breast, not along ducts",
    "DIFFUSELY_SCATTERED": "all over the breast: mostly benign",
}
DENSITIES: Mapping[str, str] = {
    "0": MISSING,
    "1": "a: almost entirely fat; a mass stands out",
    "2": "b: scattered fibroglandular tissue",
    "3": "c: heterogeneously dense; small masses may hide",
    "4": "d: extremely dense; masses are easily missed",
}
ASSESSMENTS: Mapping[str, str] = {
    "0": "incomplete: more pictures are needed",
    "1": "negative: nothing to remark",
    "2": "benign",
    "3": "probably benign: up to 2 % are malignant",
    "4": "suspicious: from 2 to 95 % are malignant; biopsy is advised",
    "5": "highly suggestive of malignancy: at least 95 %; biopsy is advised",
}
SUBTLETIES: Mapping[str, str] = {
    "0": MISSING,
    "1": "very hard to see",
    "2": "hard to see",
    "3": "moderately easy to see",
    "4": "easy to see",
    "5": "obvious",
}
MEANINGS: Mapping[str, Mapping[str, str]] = {
    "mass_shape": SHAPES,
    "mass_margins": MARGINS,
    "calc_type": CALCIFICATION_TYPES,
    "calc_distribution": DISTRIBUTIONS,
    "breast_density": DENSITIES,
    "assessment": ASSESSMENTS,
    "subtlety": SUBTLETIES,
}


def meaning(column: str, part: str) -> str:
    """Say what one part of a descriptor means, in a student's words.

    Parameters
    ----------
    column : "mass_shape", "mass_margins", "calc_type", "calc_distribution", "breast_density",
        "assessment" or "subtlety"
    part : str, as `parts` gives it

    Returns
    -------
    str, "" where the word is not in the lexicon of the data set

    Examples
    --------
    >>> meaning("mass_margins", "SPICULATED")
    'lines radiate from the edge like rays: the most suspicious margin'
    """
    return MEANINGS[column].get(part, "")
