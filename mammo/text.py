"""The shared wording of mammo: the notice, names, and the format of every number.

Used by every page and every export, so that each thing has one wording. A result is an estimated
probability of malignancy, above or below a threshold, and no more. Free of Streamlit; run its tests
with `pytest tests/ui/test_words.py`.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ACCEPT = "I understand, show results"
ACCEPT_REMEMBERED = "This browser remembers your answer for 30 days."
SESSION_LOST = (
    "This page has lost its session: the server was restarted, or the connection was lost for "
    "too long. Open your own files again. The page's address keeps settings and confirmed ratings."
)
NOTICE_TITLE = "For teaching and research only"
NOTICE = (
    "mammo is not a medical device. Its two models were trained on digitised film of one public "
    "data set, on lesions that had already been found. They do not search a mammogram. They do not "
    "know the patient, and they are often wrong. Do not use a figure from this app for a decision "
    "about a person. Files that you open stay in this server's memory until you close the tab; "
    "nothing is stored."
)
NOTICE_OF_REPORT = (
    "For teaching and research only. mammo is not a medical device. Its two models were trained on "
    "digitised film of one public data set, on lesions that had already been found. They do not "
    "search a mammogram. They do not know the patient, and they are often wrong. Do not use a "
    "figure from this page for a decision about a person."
)
LATER_ASSESSMENT = (
    "the recorded assessments were probably updated after further work-up (Lee et al. 2017)."
)
NOTICE_SHORT = "Teaching and research only. Not a medical device; not for decisions about a person."

THRESHOLD_NAMES: Mapping[str, str] = {
    "youden": "Balanced (Youden)",
    "sensitivity_90": "Sensitivity 90%",
    "specificity_90": "Specificity 90%",
}
AIMS: Mapping[str, str] = {
    "youden": "gives equal weight to sensitivity and specificity",
    "sensitivity_90": "was chosen to give 90% sensitivity in the training patients",
    "specificity_90": "was chosen to give 90% specificity in the training patients",
}
"""The aim of each threshold, chosen on training patients; rates differ in other patients."""
SIDE_LETTERS = {"LEFT": "L", "RIGHT": "R"}
DENSITY_LETTERS = {1: "a", 2: "b", 3: "c", 4: "d"}
_UNSEEN = re.compile("[^\\s -\ud7ff\ue000-\U0010ffff]|[\x7f-\x84\x86-\x9f\u061c\u200b\u200e\u200f"
                     "\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")  # fmt: skip
_ACTIVE = re.compile(r"[\\`*<\[\]|$~]|(?<![^\W_])_|_(?![^\W_])|:(?=[^\s\d])|&(?=[#\w])")
_AT_THE_START = re.compile(r"^(\d+(?=[.)](?:\s|$))|)([-+#>.)])")
_LINK_AHEAD = re.compile(
    r"https?\\?:/{2}|www(?=\.)|@(?=[-\w])|:(?=[a-z+_-][-\w+/]*\\?:)", re.IGNORECASE
)
NO_INTERVAL = "no interval"
NO_INTERVAL_NOTE = (
    "No interval: resampling the patients does not change the figure, because they are too few or "
    "all alike. Its uncertainty is unknown, and a test may be undefined for the same reason."
)


@dataclass(frozen=True)
class Estimate:
    """A figure and the ends of its confidence interval; NaN where a part is undefined."""

    value: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        """Return value, low and high by name."""
        return {"value": self.value, "low": self.low, "high": self.high}


def number(value: float, decimals: int = 3) -> str:
    """Return a figure in words; "undefined" for NaN, "unbounded" for infinity.

    >>> number(0.8714), number(float("nan")), number(float("inf"))
    ('0.871', 'undefined', 'unbounded')
    """
    if math.isnan(value):
        return "undefined"
    if math.isinf(value):
        return "unbounded"
    # Rounding must not leave a minus before nothing.
    return f"{round(value, decimals) + 0.0:,.{decimals}f}"


def estimate(figure: Estimate, decimals: int = 3) -> str:
    """Return a figure with its interval.

    >>> estimate(Estimate(0.8714, 0.824, 0.913))
    '0.871 (0.824 to 0.913)'
    >>> estimate(Estimate(0.5, float("nan"), float("nan")))
    '0.500 (no interval)'
    """
    return _with_ends(figure, lambda part: number(part, decimals))


def _with_ends(figure: Estimate, form: Callable[[float], str], unit: str = "") -> str:
    if math.isnan(figure.value):
        return "undefined"
    if math.isnan(figure.low) or math.isnan(figure.high):
        return f"{form(figure.value)}{unit} ({NO_INTERVAL})"
    return f"{form(figure.value)}{unit} ({form(figure.low)} to {form(figure.high)})"


def percentage(share: float, decimals: int = 1) -> str:
    """Return a share as a percentage.

    >>> percentage(0.864), percentage(float("nan"))
    ('86.4%', 'undefined')
    """
    return "undefined" if math.isnan(share) else f"{number(100 * share, decimals)}%"


def percent_estimate(figure: Estimate) -> str:
    """Return a share with its interval as a percentage.

    >>> percent_estimate(Estimate(0.864, 0.798, 0.921))
    '86.4% (79.8 to 92.1)'
    """
    return _with_ends(figure, lambda part: number(100 * part, 1), "%")


def signed_estimate(figure: Estimate, decimals: int = 3) -> str:
    """Return a difference with its interval, each with its sign.

    >>> signed_estimate(Estimate(0.17, -0.01, 0.35))
    '+0.170 (-0.010 to +0.350)'
    """
    return _with_ends(figure, lambda part: f"{part:+.{decimals}f}")


def signed(difference: float) -> str:
    """Return a difference with its sign; nothing has none.

    >>> signed(0.17), signed(-0.0001)
    ('+0.170', '0.000')
    """
    rounded = round(difference, 3) + 0.0
    return f"{rounded:+.3f}" if rounded else "0.000"


def p_value(p: float) -> str:
    """Return a p-value as papers print it.

    >>> p_value(0.0001), p_value(0.0312), p_value(0.412), p_value(float("nan"))
    ('p < 0.001', 'p = 0.031', 'p = 0.41', 'p undefined')
    """
    if math.isnan(p):
        return "p undefined"
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def percent(probability: float) -> str:
    """Write a probability as a whole percentage, never as a false 0% or 100%.

    >>> percent(0.374), percent(0.004), percent(0.9991)
    ('37%', 'under 1%', 'over 99%')
    """
    if probability < 0.01:
        return "under 1%"
    if probability > 0.99:
        return "over 99%"
    return f"{100 * probability:.0f}%"


def percent_range(low: float, high: float) -> str:
    """Write a range of probabilities, or one figure where both ends read the same.

    >>> percent_range(0.31, 0.44), percent_range(0.311, 0.314)
    ('31% to 44%', '31%')
    """
    ends = percent(low), percent(high)
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def share_with_interval(figure: Mapping[str, Any]) -> str:
    """Write a measured share with its 95% interval.

    >>> share_with_interval({"value": 0.742, "low": 0.68, "high": 0.799})
    '74% (68% to 80%)'
    """
    ends = [math.nan if figure[end] is None else figure[end] for end in ("low", "high")]
    return _with_ends(Estimate(figure["value"], *ends), percent)


def threshold_name(key: str) -> str:
    """Name an operating point of a model card for people.

    >>> threshold_name("sensitivity_90"), threshold_name("house_rule")
    ('Sensitivity 90%', 'House rule')
    """
    return THRESHOLD_NAMES.get(key, key.replace("_", " ").capitalize())


def is_above(p_malignant: float, threshold: float) -> bool:
    """Return whether a probability is at or above the threshold, as the metrics count it."""
    return p_malignant >= threshold


def standing(p_malignant: float, threshold: float) -> str:
    """Return whether a probability is above or below a threshold, in words."""
    side = "Above" if is_above(p_malignant, threshold) else "Below"
    return f"{side} the threshold of {percent(threshold)}"


def listed(words: Sequence[str], joined: str = "and") -> str:
    """Write words as a list, the last two with `joined` between them.

    Examples
    --------
    >>> listed(["upright"]), listed(["upright", "mirrored", "turned"])
    ('upright', 'upright, mirrored and turned')
    >>> listed(["mirrored", "turned"], "or")
    'mirrored or turned'
    """
    *first, last = words
    return f"{', '.join(first)} {joined} {last}" if first else last


def with_article(title: str, *, starts: bool = False) -> str:
    """Write a model's title as within a sentence, or as its first words.

    >>> with_article("Simple CNN"), with_article("Simple CNN", starts=True)
    ('the simple CNN', 'The simple CNN')
    >>> with_article("MobileNetV2")
    'MobileNetV2'
    """
    if " " not in title:
        return title
    return f"{'The' if starts else 'the'} {title[0].lower()}{title[1:]}"


_VIEW_WORDS = {"upside down": "flipped upside down", "turned": "rotated"}


def spread_sentence(views: Sequence[str], p_low: float, p_high: float, threshold: float) -> str:
    """State the range over the views of the crop, and whether the threshold lies in it.

    `views` are names of `mammo.settings.VIEWS`, "upright" first.

    >>> spread_sentence(["upright", "mirrored", "turned"], 0.31, 0.44, 0.5)
    '31% to 44% if the crop is mirrored or rotated. This range does not include the threshold.'
    """
    includes = "includes" if p_low < threshold <= p_high else "does not include"
    changes = listed([_VIEW_WORDS.get(view, view) for view in views[1:]], "or")
    spread = percent_range(p_low, p_high)
    return f"{spread} if the crop is {changes}. This range {includes} the threshold."


def parts(value: object) -> tuple[str, ...]:
    """Take a descriptor apart at its hyphens; an empty one, NaN and N/A have no part.

    >>> parts("IRREGULAR-ARCHITECTURAL_DISTORTION")
    ('IRREGULAR', 'ARCHITECTURAL_DISTORTION')
    >>> parts(float("nan")), parts("N/A"), parts(4)
    ((), (), ('4',))
    """
    text = "" if value is None else str(value).strip()
    if text.upper() in ("", "NAN", "<NA>", "N/A", "NONE"):
        return ()
    return tuple(part for part in text.split("-") if part)


def plain(part: str) -> str:
    """Write one part in small letters.

    >>> plain("ILL_DEFINED"), plain("LYMPH_NODE")
    ('ill-defined', 'lymph node')
    """
    return part.replace("ILL_DEFINED", "ill-defined").replace("_", " ").lower()


def film_name(laterality: str | None, view: str | None) -> str:
    """Name a film as the clinic does.

    >>> film_name("LEFT", "CC"), film_name(None, None)
    ('L CC', 'Side and view not stated')
    """
    letters = " ".join(part for part in (SIDE_LETTERS.get(laterality or ""), view) if part)
    return letters or "Side and view not stated"


def descriptor(value: str | None) -> str:
    """Write a compound descriptor of the data set in plain lower case.

    >>> descriptor("IRREGULAR-ARCHITECTURAL_DISTORTION"), descriptor(None)
    ('irregular, architectural distortion', 'not recorded')
    >>> descriptor("ILL_DEFINED-SPICULATED")
    'ill-defined, spiculated'
    """
    if not value:
        return "not recorded"
    return ", ".join(plain(part) for part in parts(value))


def pathology_words(pathology: str) -> str:
    """Write a recorded pathology in words."""
    return pathology.replace("_", " ").lower()


def density_letter(breast_density: int | None) -> str:
    """Write a breast density of the data set (1-4; 0 or None: missing) as the clinic's letter."""
    return DENSITY_LETTERS.get(breast_density or 0, "not recorded")


def literal(text: object) -> str:
    r"""Write text that is not the app's own, as one line, so that Markdown shows it as it is.

    For what comes from a visitor, a link, a file or its name: no picture, link, formula, icon,
    colour or HTML of it becomes active. Bare addresses are found after the escapes are read; an
    invisible sign (U+2060) keeps them from becoming links. Signs that are invisible or turn the
    direction of writing become U+FFFD.

    Reference: `micromark-extension-gfm-autolink-literal`, `remark-directive`, `remark-math`.

    >>> print(literal("*left*_[1].png"))
    \*left\*\_\[1\].png
    >>> print(literal("P_00820 at 12:30: :red[x] <b> $y$"))
    P_00820 at 12:30: \:red\[x\] \<b> \$y\$
    """
    line = " ".join(_UNSEEN.sub("\ufffd", str(text)).split())
    escaped = _AT_THE_START.sub(r"\1\\\2", _ACTIVE.sub(r"\\\g<0>", line))
    return _LINK_AHEAD.sub("\\g<0>\u2060", escaped)


def counted(count: int, noun: str) -> str:
    """Write a count with its noun, one or many.

    >>> counted(1, "lesion"), counted(0, "crop"), counted(1318, "crop")
    ('1 lesion', '0 crops', '1,318 crops')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
